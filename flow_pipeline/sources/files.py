"""Looking at an input file: what kind it is, which columns it has, without reading it all."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from flow_pipeline.domain.errors import Unreadable

Kind = Literal["parquet", "csv", "jsonl", "json"]
SNIFF_BYTES = 1 << 20
JSON_WRAPPERS = ("result", "data", "items", "rows", "records", "transfers", "transactions")
"""Keys under which an API's answer holds its rows."""
CHAIN_COLUMNS = ("chain", "network", "blockchain")
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class InputFile:
    """A file as a source sees it.

    Attributes:
        path: Absolute path.
        kind: parquet, csv, jsonl (one object per line) or json (one document).
        is_gzip: True when the bytes are gzip, whatever the name says.
        columns: Column names as written; for JSON the keys of the first record.
        types: DuckDB type per column of a Parquet file; text files are all VARCHAR.
        delimiter: Field separator of a CSV.
        has_trailing_column: True when each CSV row ends in a separator that the header lacks.
        constants: Columns known to hold one value throughout.
        record: First record (CSV, JSON), for sources that must look at a value.
    """

    path: Path
    kind: Kind
    is_gzip: bool = False
    columns: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","
    has_trailing_column: bool = False
    constants: dict[str, str] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)

    def find(self, *spellings: str) -> str | None:
        """The file's own name of the first spelling it has; case, spaces and underscores do not count."""
        names = {plain(column): column for column in self.columns}
        for spelling in spellings:
            if plain(spelling) in names:
                return names[plain(spelling)]
        return None

    def has(self, *spellings: str) -> bool:
        """True when every one of these columns is there."""
        return all(self.find(spelling) for spelling in spellings)

    def type_of(self, column: str) -> str:
        """DuckDB type of a column, VARCHAR for text files."""
        return self.types.get(column, "VARCHAR")


def plain(name: str) -> str:
    """A column name without case, spaces, underscores and signs: `Block_Time` → `blocktime`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def open_bytes(path: Path, is_gzip: bool) -> IO[bytes]:
    """The file's content, decompressed when it is gzip."""
    return gzip.open(path, "rb") if is_gzip else path.open("rb")  # type: ignore[return-value]


def look_at(path: Path) -> InputFile | None:
    """Open a file far enough to know its kind and columns; None when it is no data file.

    Raises:
        Unreadable: empty, not permitted, or cut in the middle of its first block.
    """
    try:
        with path.open("rb") as handle:
            head = handle.read(4)
        if not head:
            raise Unreadable(f"{path}: the file is empty", "export it again or remove it")
        if head == b"PAR1":
            return InputFile(path, "parquet")
        is_gzip = head[:2] == b"\x1f\x8b"
        with open_bytes(path, is_gzip) as handle:
            start = handle.read(SNIFF_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"{path}: the gzip data is broken ({error})", "fetch the file again") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}", "check the file and its permissions") from None
    if path.suffix.lower() in {".parquet", ".pq"}:
        raise Unreadable(f"{path}: named as Parquet, but its first bytes are not", "fetch the file again")
    if not start.strip():
        raise Unreadable(f"{path}: the file is empty", "export it again or remove it")
    text = start.decode("utf-8-sig", errors="replace").lstrip()
    return _look_at_json(path, text, is_gzip) if text[:1] in "{[" else _look_at_csv(path, text, is_gzip)


def _look_at_json(path: Path, text: str, is_gzip: bool) -> InputFile | None:
    first, newline, rest = text.partition("\n")
    try:
        record = json.loads(first)
    except json.JSONDecodeError:
        if newline and rest.lstrip().startswith("{") and text[0] == "{" and not re.match(r"\{\s*$", first):
            return InputFile(path, "jsonl", is_gzip, _keys(text))
        record = _first_object(text)
        return InputFile(path, "json", is_gzip, tuple(record), record=record)
    if isinstance(record, dict) and not any(isinstance(record.get(name), list) for name in JSON_WRAPPERS):
        return InputFile(path, "jsonl", is_gzip, _keys(text), record=record)
    record = _first_object(text)
    return InputFile(path, "json", is_gzip, tuple(record), record=record)


def _keys(text: str) -> tuple[str, ...]:
    """Keys of the objects in the first block of a JSON Lines file, in order of first sight."""
    keys: dict[str, None] = {}
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        keys.update(dict.fromkeys(record if isinstance(record, dict) else ()))
    return tuple(keys)


def _first_object(text: str) -> dict[str, Any]:
    """The first flat object inside a JSON document, without parsing the document."""
    for match in re.finditer(r"\{[^{}]*\}", text):
        try:
            found = json.loads(match.group())
        except json.JSONDecodeError:
            continue
        if isinstance(found, dict) and len(found) > 2:
            return found
    return {}


def _look_at_csv(path: Path, text: str, is_gzip: bool) -> InputFile | None:
    lines = [line for line in text.splitlines()[:3] if line.strip()]
    if not lines or "\x00" in lines[0]:
        return None
    delimiter = max(_DELIMITERS, key=lines[0].count)
    header = _fields(lines[0], delimiter)
    if len(header) < 2 or any(not plain(name) for name in header):
        return None
    first = _fields(lines[1], delimiter) if len(lines) > 1 else []
    trailing = len(first) == len(header) + 1 and first[-1] == ""
    return InputFile(
        path,
        "csv",
        is_gzip,
        tuple(header),
        delimiter=delimiter,
        has_trailing_column=trailing,
        record=dict(zip(header, first, strict=False)),
    )


def _fields(line: str, delimiter: str) -> Sequence[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []
