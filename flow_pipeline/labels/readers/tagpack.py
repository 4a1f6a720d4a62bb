"""GraphSense TagPacks: YAML with a header whose values hold for every tag that does not give its own.

YAML is built from its events, every scalar as the text it is written in: `0xAb…` stays an address. Tags of YAML are
not obeyed, and what one document may hold is bounded.
"""

from __future__ import annotations

from typing import Any

from flow_pipeline.labels.addresses import chain_of_coin
from flow_pipeline.labels.columns import text_of
from flow_pipeline.labels.readers import Content, Found
from flow_pipeline.labels.words import says_sanctions

NAME, RANK = "tagpack", 40
SAYS = "GraphSense TagPack (YAML with title, creator, tags)"

CONFIDENCE = {
    "override": 1.0,
    "ownership": 1.0,
    "manual_transaction": 0.9,
    "service_api": 0.7,
    "authority_data": 0.6,
    "trusted_provider": 0.5,
    "service_data": 0.5,
    "forensic": 0.5,
    "untrusted_transaction": 0.4,
    "web_crawl": 0.2,
    "heuristic": 0.1,
    "unknown": 0.05,
}
"""GraphSense's own levels of confidence, out of 100 there."""
_HEADER = ("title", "creator", "tags")


def recognise(content: Content) -> bool:
    """YAML with `tags:` and another key of a TagPack at the margin."""
    keys = {line.partition(":")[0].strip() for line in content.sample.splitlines() if line[:1].isalpha()}
    return len(keys & set(_HEADER)) >= 2 or ("creator" in keys and "label" in keys)


def read(content: Content) -> Found:
    """Every tag with an address.

    Raises:
        UsageError: the YAML is broken, or is no TagPack.
    """
    return take(document_of(content), content)


def take(document: Any, content: Content) -> Found:
    """The tags of a TagPack that has been taken apart."""
    tags = document.get("tags") if isinstance(document, dict) else None
    if not isinstance(tags, list):
        raise content.unreadable("it has no list `tags`", "a TagPack has title, creator and tags")
    header = {key: value for key, value in document.items() if key != "tags" and not isinstance(value, dict)}
    title = text_of(header.get("title"))
    listed = "sanctions" if says_sanctions(title) else ""
    records, left_out = [], 0
    for tag in tags:
        whole = header | tag if isinstance(tag, dict) else {}
        if text_of(whole.get("address")):
            records.append(_record(whole, listed))
        else:
            left_out += 1
    notes = [f"TagPack {title or content.path.name} by {text_of(header.get('creator')) or '?'}"]
    if listed:
        notes.append("its title says sanctions: every tag is taken as sanctioned, whatever its category")
    if left_out:
        notes.append(f"{left_out:,} tags name no address (an entity, an actor or a transaction): left out")
    return Found(records, notes, {"chain", "address", "entity", "category", "confidence"})


def _record(tag: dict[str, Any], listed: str) -> dict[str, str]:
    given = {key: text_of(value) for key, value in tag.items()}
    words = [listed, *(given.get(name, "") for name in ("abuse", "category", "concepts"))]
    creator = given.get("creator") or given.get("title", "")
    coin = given.get("network") or given.get("currency") or ""
    return {
        **({"chain": chain_of_coin(coin, given["address"])} if coin else {}),
        "address": given["address"],
        "entity": given.get("label", ""),
        "label": given.get("label", ""),
        "category": ";".join(word for word in words if word),
        "confidence": _confidence(given.get("confidence", "")),
        "source": "; ".join(part for part in (given.get("source"), f"TagPack {creator}".strip()) if part),
        "known_from": given.get("lastmod", ""),
        "note": given.get("context", "")[:500],
    }


def _confidence(text: str) -> str:
    """GraphSense's word or level out of 100 as a share; a word that it does not have says nothing."""
    if text.lower() in CONFIDENCE:
        return str(CONFIDENCE[text.lower()])
    try:
        level = float(text)
    except ValueError:
        return ""
    return str(level / 100 if level > 1 else level)


def document_of(content: Content) -> Any:
    """The first document of a YAML text, every scalar a string.

    Raises:
        UsageError: it is broken, or nested, repeated or named beyond what a list needs.
    """
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _Builder(content, yaml.parse(content.text, Loader=loader)).build()
    except yaml.YAMLError as error:
        raise content.unreadable(f"its YAML is broken: {' '.join(str(error).split())[:300]}") from None


class _Builder:
    """Values from YAML events, within bounds."""

    def __init__(self, content: Content, events: Any) -> None:
        self._content, self._events = content, events
        self._anchors: dict[str, Any] = {}
        self._aliases = 0

    def build(self) -> Any:
        """The first document; None when there is none."""
        import yaml

        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                return self._value(next(self._events), 0)
        return None

    def _value(self, event: Any, depth: int) -> Any:
        import yaml

        if depth > self._content.settings.max_depth:
            raise self._content.unreadable(
                f"it is nested deeper than {self._content.settings.max_depth} levels", "raise labels.max_depth"
            )
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "")
        value: Any = event.value if isinstance(event, yaml.ScalarEvent) else None
        if isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(depth)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(depth)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _alias(self, anchor: str) -> Any:
        self._aliases += 1
        if self._aliases > self._content.settings.max_aliases:
            raise self._content.unreadable(
                f"it repeats anchors more than {self._content.settings.max_aliases:,} times",
                "write the values out, or raise labels.max_aliases",
            )
        if anchor not in self._anchors:
            raise self._content.unreadable(f"its alias *{anchor} names nothing before it")
        return self._anchors[anchor]

    def _sequence(self, depth: int) -> list[Any]:
        import yaml

        values = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, depth: int) -> dict[str, Any]:
        import yaml

        values: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            value = self._value(next(self._events), depth + 1)
            if key == "<<" and isinstance(value, dict):
                merged |= value
            elif isinstance(key, str):
                values[key] = value
        return merged | values
