"""A card per typology as Markdown, from the detectors' own metadata and from what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flow_pipeline.detectors.typology import Typology, parameters_of, typologies
from flow_pipeline.domain.markdown import item, wrapped
from flow_pipeline.settings import TypologySettings

Figures = dict[str, float | None]
"""What was measured of a typology."""

_HEAD = """# Typologies: the cards

`make docs` generates this page from the files of `flow_pipeline/detectors`. A test compares it with them.

{world}

The rules that all typologies share (order, graph per token, services and hubs, maximal paths, caps) are in
[detectors.md](detectors.md).

| typology | risk component | precision | recall | s per million transfers |
|---|---|---:|---:|---:|
{rows}
A finding is suspicious when it is rarer than the budget, see [detectors.md](detectors.md#verdicts). How rare it is, its
strength tells:

{rules}"""

_MOVED = {
    "least": "the smallest hop",
    "sum": "the sum of its transfers",
    "lesser_side": "the smaller of what came in and what went out",
    "per_middle": "per middle address the smaller of what came in and what went out, summed",
    "arrived": "what arrived at the end",
}


def typology_cards(measured: dict[str, Any]) -> str:
    """Markdown with a card per typology.

    Args:
        measured: world: what was measured on, in a sentence; typologies: per name planted, precision, recall (both
            None where none is planted) and seconds_per_million. A card without figures says what measures it.
    """
    figures, known = measured["typologies"], sorted(typologies().items())
    world = wrapped(
        "`make measure-cards` measures precision, recall and cost. It writes "
        "`measured-typologies.json` beside this page: " + measured["world"]
    )
    rows = "".join(_row(name, typology, figures.get(name)) for name, typology in known)
    rules = "".join(item(f"[{name}](#{name}): {typology.CARD.strength}") for name, typology in known)
    head = _HEAD.format(world=world, rows=rows, rules=rules)
    return head + "".join(_card(name, typology, figures.get(name)) for name, typology in known)


def _row(name: str, typology: Typology, found: Figures | None) -> str:
    shown = [_figure(found[key] if found else None) for key in ("precision", "recall", "seconds_per_million")]
    return f"| [{name}](#{name}) | `{typology.COMPONENT}` | {' | '.join(shown)} |\n"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _card(name: str, typology: Typology, found: Figures | None) -> str:
    card, parameters = typology.CARD, parameters_of(name, TypologySettings())
    settings = "".join(
        item(f"`typologies.{name}.{key}` = {_value(getattr(parameters, key))}: {field.description}")
        for key, field in type(parameters).model_fields.items()
    )
    limited = "the gross amount, the sum over the hops" if typology.LIMITED_BY == "gross_amount" else "the moved amount"
    always = " It is suspicious whatever its rarity: it rests on a label." if typology.IS_PROOF else ""
    paragraphs = (
        card.definition,
        f"**Strength**: {card.strength}.{always} Risk component `{typology.COMPONENT}`, version {typology.VERSION}.",
        f"**Moved amount**: {_MOVED[typology.MOVED]}. An amount limit, where one is set, is compared with {limited}.",
        f"**Example.** {card.example}",
        f"**What it can not see**: {card.blind_to}.",
        "**Settings**, with default and reason:",
    )
    text = "\n\n".join(map(wrapped, paragraphs))
    return f"\n## {name}\n\n{text}\n\n{settings}\n{wrapped(_measured(found))}\n"


def _measured(found: Figures | None) -> str:
    if found is None:
        return "Not measured yet: `make measure-cards` measures it."
    quality = f"precision {_figure(found['precision'])}, recall {_figure(found['recall'])}"
    planted = f"{found['planted']:.0f} planted, {quality}" if found["planted"] else "none planted"
    return f"Measured: {planted}, {_figure(found['seconds_per_million'])} s per million transfers."


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {number:g}" for key, number in value.items()) or "none"
    return "none" if value is None else f"{value:g}"


def main(folder: Path = Path("docs")) -> None:
    """Write the page."""
    (folder / "typologies.md").write_text(typology_cards(json.loads((folder / "measured-typologies.json").read_text())))


if __name__ == "__main__":
    main()
