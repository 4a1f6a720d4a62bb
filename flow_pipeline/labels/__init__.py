"""Address labels: the shipped packs (one CSV = one label set), and the sets a user adds.

What lives here: reading a label file, its defaults and aliases, and the checks that refuse a label by line. What must
not: joins of labels with transfers (dbt's int_address_labels__intervals). Read more: docs/architecture.md, "How to add
a label set".
"""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flow_pipeline.domain.chains import EVERY_EVM_CHAIN, ZERO_ADDRESS, canonical_chain, family_of
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.tables import RAW_LABELS
from flow_pipeline.domain.vocabulary import CATEGORY_RISK, LABEL_CATEGORIES, RISK_LEVELS
from flow_pipeline.labels.checksums import bitcoin_address_is_valid, eip55_is_valid

PACKS = Path(__file__).parent / "packs"
REQUIRED = ("chain", "address")
COLUMNS = tuple(column.name for column in RAW_LABELS.columns)

CATEGORY_ALIASES = {
    "mixing_service": "mixer",
    "coinjoin": "mixer",
    "defi_dex": "dex",
    "defi_lending": "lending",
    "malicious": "exploit",
    "malicious_contract": "exploit",
    "hack": "exploit",
    "ransomware": "exploit",
    "scam": "phishing",
    "cex": "exchange",
    "mining_service": "miner",
    "defi_bridge": "bridge",
}
ENTITY_ALIASES = {
    "huobi": "HTX",
    "htx": "HTX",
    "okex": "OKX",
    "okx": "OKX",
    "gate": "Gate.io",
    "gateio": "Gate.io",
    "cryptocom": "Crypto.com",
    "mexcglobal": "MEXC",
    "mtgox": "Mt. Gox",
    "tornadocash": "Tornado Cash",
}


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
        notes: Defaults that were used.
    """

    name: str
    path: Path
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[tuple[int, str, str, str]] = field(default_factory=list)
    read: int = 0
    duplicates: int = 0
    notes: list[str] = field(default_factory=list)


def label_files(extra: tuple[Path, ...]) -> list[Path]:
    """The shipped packs and the user's own sets, packs first.

    Raises:
        UsageError: one of the user's files does not exist.
    """
    for path in extra:
        if not path.is_file():
            raise UsageError(f"label file {path} does not exist", "check --labels or labels.files")
    return [*sorted(PACKS.glob("*.csv")), *(path.resolve() for path in extra)]


def fingerprint(paths: list[Path], default_confidence: float) -> str:
    """A hash of everything the labels depend on."""
    digest = hashlib.sha256(str(default_confidence).encode())
    for path in paths:
        digest.update(path.name.encode() + path.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def read_label_set(path: Path, default_confidence: float) -> LabelSet:
    """Read one label file: CSV (gz too) or Parquet.

    Args:
        path: The file.
        default_confidence: Confidence of labels whose file has no such column.

    Raises:
        UsageError: the file can not be read or lacks a required column.
    """
    records = _records(path)
    names = set(records[0]) if records else set(REQUIRED)
    missing = [column for column in REQUIRED if column not in names]
    if missing:
        raise UsageError(
            f"label file {path} has no column {', '.join(missing)}",
            f"it needs {', '.join(REQUIRED)}; see docs/data-dictionary.md",
        )
    found = LabelSet(path.name, path, read=len(records))
    for column, default in (("confidence", str(default_confidence)), ("valid_from", "always")):
        if column not in names:
            found.notes.append(f"no column {column}: taken as {default}")
    seen: set[tuple[Any, ...]] = set()
    others = 0
    for number, record in enumerate(records, 1):
        try:
            row = _label(record, path.name, default_confidence)
        except _Refused as refusal:
            found.rejects.append((number, refusal.reason, refusal.message, str(record)[:500]))
            continue
        others += row[4] == "other" and (record.get("category") or "other") != "other"
        key = tuple(tuple(value) if isinstance(value, list) else value for value in row)
        if key in seen:
            found.duplicates += 1
            continue
        seen.add(key)
        found.rows.append(row)
    if others:
        found.notes.append(f"{others} labels have a category outside the list: taken as other")
    return found


class _Refused(Exception):
    def __init__(self, reason: str, message: str) -> None:
        self.reason, self.message = reason, message


def _records(path: Path) -> list[dict[str, str]]:
    if path.suffix in (".parquet", ".pq"):
        import pyarrow.parquet as pq

        try:
            rows = pq.read_table(path).to_pylist()
        except Exception as error:
            raise UsageError(f"label file {path} can not be read: {error}", "fetch it again") from None
        return [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]
    opener: Callable[..., Any] = gzip.open if path.read_bytes()[:2] == b"\x1f\x8b" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as handle:
            return [
                {(key or "").strip().lower(): value or "" for key, value in record.items()}
                for record in csv.DictReader(handle)
            ]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"label file {path} can not be read: {error}", "it must be CSV in UTF-8, or Parquet") from None


def _label(record: dict[str, str], label_set: str, default_confidence: float) -> tuple[Any, ...]:
    def text(name: str) -> str:
        return str(record.get(name) or "").strip()

    chain, address = canonical_chain(text("chain")), text("address")
    if not chain or not address:
        raise _Refused("bad_label", "chain or address is empty")
    address = _checked_address(chain, address)
    category = text("category").lower()
    category = CATEGORY_ALIASES.get(category, category)
    category = category if category in LABEL_CATEGORIES else "other"
    if address == ZERO_ADDRESS:
        category = "burn"
    entity = "Burn" if address == ZERO_ADDRESS else canonical_entity(text("entity") or text("label") or address)
    try:
        confidence = float(text("confidence") or default_confidence)
        times = [_time(text(name)) for name in ("valid_from", "valid_to", "known_from")]
    except ValueError as error:
        raise _Refused("bad_label", str(error)) from None
    if not 0 <= confidence <= 1:
        raise _Refused("bad_label", f"confidence {confidence} lies outside 0 to 1")
    if times[0] and times[1] and times[1] <= times[0]:
        raise _Refused("bad_label", f"valid_to {text('valid_to')} does not lie after valid_from {text('valid_from')}")
    risk = text("risk_level").upper() or CATEGORY_RISK.get(category, "LOW")
    if risk not in RISK_LEVELS:
        raise _Refused("bad_label", f"risk_level {risk} is none of {', '.join(RISK_LEVELS)}")
    regions = sorted({code.strip().upper() for code in text("regions").replace("|", ";").split(";") if code.strip()})
    if any(len(code) != 2 or not code.isalpha() for code in regions):
        raise _Refused("bad_label", f"regions {text('regions')} are no ISO-3166 codes such as ID;SG")
    flags = [_flag(text(name), category not in ("burn", "other")) for name in ("is_source", "is_destination")]
    return (
        chain,
        address,
        entity,
        text("entity_type") or None,
        category,
        text("label") or entity,
        regions,
        risk,
        confidence,
        text("source") or label_set,
        *times,
        *flags,
        text("note") or None,
        text("licence") or None,
        label_set,
    )


def canonical_entity(name: str) -> str:
    """One spelling per entity where lists are known to differ: `huobi` → `HTX`."""
    key = "".join(letter for letter in name.lower() if letter.isalnum())
    return ENTITY_ALIASES.get(key, name)


def _checked_address(chain: str, address: str) -> str:
    family = "evm" if chain == EVERY_EVM_CHAIN else family_of(chain)
    if family == "evm":
        if (
            len(address) != 42
            or not address.lower().startswith("0x")
            or any(c not in "0123456789abcdef" for c in address[2:].lower())
        ):
            raise _Refused("bad_label", f"{address} is no {chain} address")
        if not eip55_is_valid(address):
            raise _Refused("bad_checksum", f"{address} fails its EIP-55 checksum")
        return address.lower()
    if family == "bitcoin" and not bitcoin_address_is_valid(address):
        raise _Refused("bad_checksum", f"{address} fails its Base58Check or Bech32 checksum")
    if len(address) > 128 or any(letter.isspace() for letter in address):
        raise _Refused("bad_label", f"{address[:60]} is no address")
    return address.lower() if address.lower().startswith(("0x", "bc1")) else address


def _time(text: str) -> datetime | None:
    if not text or text.lower() == "always":
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone(tz=_utc()).replace(tzinfo=None)


def _utc() -> Any:
    from datetime import UTC

    return UTC


def _flag(text: str, default: bool) -> bool:
    if not text:
        return default
    if text.lower() in ("true", "1", "yes"):
        return True
    if text.lower() in ("false", "0", "no"):
        return False
    raise _Refused("bad_label", f"'{text}' is neither true nor false")
