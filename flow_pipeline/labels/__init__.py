"""Address labels: the shipped packs (one CSV = one label set), and the sets a user adds.

What lives here: reading a label file, its defaults and words, and the checks that refuse a label by line. What must
not: joins of labels with transfers (dbt's int_address_labels__intervals), packed files (loading). Read more:
docs/architecture.md, "How to add a label set".
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flow_pipeline.domain.chains import EVERY_EVM_CHAIN, ZERO_ADDRESS, canonical_chain, is_known_chain
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.tables import RAW_LABELS
from flow_pipeline.domain.text import harmless
from flow_pipeline.domain.vocabulary import RISK_LEVELS
from flow_pipeline.labels import readers
from flow_pipeline.labels.addresses import BadLabel, chain_of_form, checked_address
from flow_pipeline.labels.words import canonical_entity, category_of, category_of_name, words_of
from flow_pipeline.settings import LabelSettings

PACKS = Path(__file__).parent / "packs"
COLUMNS = tuple(column.name for column in RAW_LABELS.columns)
_NAMED = 12
"""Unknown words that a note names; a dump of name tags has thousands."""
_COIN = re.compile(r"[_-]([A-Z]{3,5})\.\w+$")
"""A coin at the end of a file's name, `sanctioned_addresses_XMR.txt`: of addresses whose form says nothing."""


@dataclass
class LabelSet:
    """Labels of one file.

    Attributes:
        name: File name.
        path: The file.
        rows: Accepted labels in the columns of raw.labels.
        rejects: (row, reason, message, text) of the refused ones.
        read: Data rows in the file.
        duplicates: Rows that repeat an earlier one exactly.
        notes: What was decided: defaults, columns, chains by form, words that are not understood.
    """

    name: str
    path: Path
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[tuple[int, str, str, str]] = field(default_factory=list)
    read: int = 0
    duplicates: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass
class _Reading:
    """What holds for all records of a file, and what is counted of them."""

    name: str
    confidence: float
    default_category: str
    max_letters: int
    coin: str = ""
    forms: Counter[str] = field(default_factory=Counter)
    unknown_words: Counter[str] = field(default_factory=Counter)
    unknown_chains: Counter[str] = field(default_factory=Counter)


def label_files(extra: tuple[Path, ...]) -> list[Path]:
    """The shipped packs and the user's own sets, packs first.

    Raises:
        UsageError: one of the user's files does not exist.
    """
    for path in extra:
        if not path.is_file():
            raise UsageError(f"label file {path} does not exist", "check --labels or labels.files")
    return [*sorted(PACKS.glob("*.csv")), *(path.resolve() for path in extra)]


def fingerprint(paths: list[Path], settings: LabelSettings) -> str:
    """A hash of everything the labels depend on."""
    digest = hashlib.sha256(settings.model_dump_json(exclude={"files", "as_known_on"}).encode())
    for path in paths:
        digest.update(path.name.encode() + path.read_bytes())
    for module in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


def read_label_set(path: Path, settings: LabelSettings, data: bytes | None = None) -> LabelSet:
    """Read one label file of any form that `labels.readers` knows.

    Args:
        path: The file.
        settings: Defaults and limits.
        data: Its content, where that is packed in the file.

    Raises:
        UsageError: the file is no list of labels, can not be read, or does not say what its addresses are.
    """
    content = readers.Content(path, path.read_bytes() if data is None else data, settings)
    if not content.data.strip():
        raise UsageError(f"label file {path} is empty", "fetch it again, or leave it out of --labels")
    found = readers.read(content)
    coin = _COIN.search(path.name)
    reading = _Reading(
        harmless(path.name),
        settings.default_confidence,
        settings.default_category or "",
        settings.max_letters,
        coin[1] if coin else "",
    )
    labels = LabelSet(reading.name, path, read=len(found.records), notes=list(found.notes))
    _settle_category(labels, reading, found)
    for column, default in (("confidence", str(settings.default_confidence)), ("valid_from", "always")):
        if column not in found.names:
            labels.notes.append(f"no column {column}: taken as {default}")
    _take(labels, reading, found.records)
    labels.notes += _remarks(reading)
    if found.records and not labels.rows and "chain" not in found.names:
        raise UsageError(
            f"label file {path} has no column chain, and none of its {labels.read:,} addresses says it by its form "
            f"({labels.rejects[0][2]})",
            "add a column chain",
        )
    return labels


def _settle_category(labels: LabelSet, reading: _Reading, found: readers.Found) -> None:
    """What addresses are whose list does not say it: by the settings, else by the file's name.

    Raises:
        UsageError: it is a list of addresses alone, and nothing says what they are.
    """
    if "category" in found.names:
        return
    by_name = category_of_name(labels.name)
    if reading.default_category:
        labels.notes.append(f"no category: taken as {reading.default_category}, by labels.default_category")
    elif by_name:
        reading.default_category = by_name
        labels.notes.append(f"no category: taken as {by_name}, by the file's name")
    elif found.names == {"address"} and found.records:
        raise UsageError(
            f"label file {labels.path} lists addresses and does not say what they are",
            "give --label-category (labels.default_category), such as sanctioned or exchange, or put the word into "
            "the file's name, such as ofac_addresses.txt",
        )


def _take(labels: LabelSet, reading: _Reading, records: Iterable[dict[str, str]]) -> None:
    """Every record as a label, a duplicate or a reject."""
    seen: set[tuple[Any, ...]] = set()
    for number, record in enumerate(records, 1):
        try:
            row = _label(record, reading)
        except BadLabel as refusal:
            labels.rejects.append((number, refusal.reason, refusal.message, str(record)[:500]))
            continue
        key = tuple(tuple(value) if isinstance(value, list) else value for value in row)
        if key in seen:
            labels.duplicates += 1
            continue
        seen.add(key)
        labels.rows.append(row)


def _remarks(reading: _Reading) -> list[str]:
    """Notes on what was counted: chains taken by form, chains and words that nobody knows, each named."""
    notes = []
    if reading.forms:
        forms = ", ".join(
            f"{count:,} on {'every EVM chain' if chain == EVERY_EVM_CHAIN else chain}"
            for chain, count in reading.forms.most_common()
        )
        by_name = f", else by {reading.coin} in the file's name" if reading.coin else ""
        notes.append(f"no chain given: taken by the form of the address{by_name}: {forms}")
    if reading.unknown_chains:
        notes.append(f"chains that are not known, whose addresses are not checked: {_named(reading.unknown_chains)}")
    if reading.unknown_words:
        count = sum(reading.unknown_words.values())
        words = _named(reading.unknown_words)
        notes.append(f"{count:,} labels have a category outside the list: taken as other: {words}")
    return notes


def _named(counts: Counter[str]) -> str:
    """`casino (3), poker (1) and 2 more`."""
    named = ", ".join(f"{harmless(word, 60)} ({count:,})" for word, count in counts.most_common(_NAMED))
    return named if len(counts) <= _NAMED else f"{named} and {len(counts) - _NAMED:,} more"


def _bad(message: str) -> BadLabel:
    return BadLabel("bad_label", message)


def _label(record: dict[str, str], reading: _Reading) -> tuple[Any, ...]:
    def text(name: str) -> str:
        return harmless(str(record.get(name) or "").strip(), reading.max_letters)

    chain, address = _place(text("chain"), text("address"), "chain" in record, reading)
    category, level, entity_type = _category(text("category"), reading)
    entity = canonical_entity(text("entity") or text("label") or address)
    if address == ZERO_ADDRESS:
        category, level, entity_type, entity = "burn", "LOW", "", "Burn"
    confidence, times = _confidence(text("confidence"), reading), _times(text)
    risk = text("risk_level").upper() or level
    if risk not in RISK_LEVELS:
        raise _bad(f"risk_level {risk} is none of {', '.join(RISK_LEVELS)}")
    regions = sorted({code.strip().upper() for code in text("regions").replace("|", ";").split(";") if code.strip()})
    if any(len(code) != 2 or not code.isalpha() for code in regions):
        raise _bad(f"regions {text('regions')} are no ISO-3166 codes such as ID;SG")
    is_part = category not in ("burn", "other") or bool(entity_type)
    return (
        chain,
        address,
        entity,
        text("entity_type") or entity_type or None,
        category,
        text("label") or entity,
        regions,
        risk,
        confidence,
        text("source") or reading.name,
        *times,
        *(_flag(text(name), is_part) for name in ("is_source", "is_destination")),
        text("note") or None,
        text("licence") or None,
        reading.name,
    )


def _place(chain: str, address: str, has_chain: bool, reading: _Reading) -> tuple[str, str]:
    """Chain and address of a record; the chain by the address's form where the list gives none."""
    found: str | None = canonical_chain(chain) if chain else None
    if not address or (has_chain and not chain):
        raise _bad("chain or address is empty")
    if found is None:
        found = chain_of_form(address) or (canonical_chain(reading.coin) if reading.coin else None)
        if found is None:
            raise _bad(f"{address[:60]}: no chain is given, and no chain that is known has addresses of this form")
        reading.forms[found] += 1
    checked = checked_address(found, address)
    if found != EVERY_EVM_CHAIN and not is_known_chain(found):
        reading.unknown_chains[found] += 1
    return found, checked


def _category(text: str, reading: _Reading) -> tuple[str, str, str]:
    """Category, level of risk, and the word itself where no category says it; unknown words are counted."""
    meaning, word = category_of(text or reading.default_category)
    if word is None and text:
        for unknown in words_of(text):
            reading.unknown_words[unknown] += 1
        return "other", "LOW", ""
    says_more = meaning.category == "other" and meaning.risk_level != "LOW"
    return meaning.category, meaning.risk_level, (word or "").lower() if says_more else ""


def _confidence(text: str, reading: _Reading) -> float:
    try:
        confidence = float(text or reading.confidence)
    except ValueError as error:
        raise _bad(str(error)) from None
    if not 0 <= confidence <= 1:
        raise _bad(f"confidence {confidence} lies outside 0 to 1")
    return confidence


def _times(text: Callable[[str], str]) -> list[datetime | None]:
    """valid_from, valid_to and known_from."""
    try:
        times = [_time(text(name)) for name in ("valid_from", "valid_to", "known_from")]
    except ValueError as error:
        raise _bad(str(error)) from None
    if times[0] and times[1] and times[1] <= times[0]:
        raise _bad(f"valid_to {text('valid_to')} does not lie after valid_from {text('valid_from')}")
    return times


def _time(text: str) -> datetime | None:
    if not text or text.lower() == "always":
        return None
    moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    return moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone(tz=UTC).replace(tzinfo=None)


def _flag(text: str, default: bool) -> bool:
    if not text:
        return default
    if text.lower() in ("true", "1", "yes"):
        return True
    if text.lower() in ("false", "0", "no"):
        return False
    raise _bad(f"'{text}' is neither true nor false")
