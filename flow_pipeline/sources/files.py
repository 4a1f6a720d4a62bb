"""Looking at an input file: what kind it is, which columns it has, without reading it all."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.sources.vocabulary import COLUMNS

Kind = Literal["parquet", "csv", "jsonl", "json"]
SNIFF_BYTES = 1 << 20
_DELIMITERS = ",;\t|"
_MOST_LINES_BEFORE_HEADER = 50
_MOST_STEPS = 4
_MOST_PLACES = 4
"""Places of a list of plain values that become columns: the topics of a log."""


@dataclass(frozen=True)
class InputFile:
    """A file as a source sees it.

    Attributes:
        path: Absolute path, as it is told to people.
        kind: parquet, csv, jsonl (one value a line) or json (one document).
        content: Where its plain bytes lie: the file itself, or what its container held.
        columns: Column names as written; for JSON the paths of the values in a row (`token_info.symbol`).
        types: DuckDB type per column of a Parquet file; text files are all VARCHAR.
        delimiter: Field separator of a CSV.
        lines_before: Lines of a CSV before its first data line.
        has_trailing_column: True when each CSV row ends in a separator that the header lacks.
        constants: Columns known to hold one value throughout.
        record: First record of a CSV, for sources that must look at a value.
        pointers: JSON pointer of each column inside a row.
        steps: How to reach a row of JSON from a document or line: pointers in turn, each with whether a list lies there
            whose items come next; none where a document or line is a row.
        lists: Paths of lists inside a row of JSON (`vin`).
        tidy: Columns of text none of whose values is empty or, in a text file, has white space around it.
        mixed: JSON pointer per column of what stands in its place where a row has a plain value for an object.
    """

    path: Path
    kind: Kind
    content: Path
    columns: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    delimiter: str = ","
    lines_before: int = 1
    has_trailing_column: bool = False
    constants: dict[str, str] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    pointers: dict[str, str] = field(default_factory=dict)
    steps: tuple[tuple[str, bool], ...] = ()
    lists: tuple[str, ...] = ()
    tidy: frozenset[str] = frozenset()
    mixed: dict[str, str] = field(default_factory=dict)

    def find(self, *spellings: str) -> str | None:
        """The file's own name of the first spelling it has; case, spaces and signs do not count."""
        names = {plain(column): column for column in reversed(self.columns)}
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


def look_at(path: Path, content: Path) -> InputFile | None:
    """Open a file far enough to know its kind, and its columns where it is a CSV; None when it is no data file.

    Args:
        path: The file.
        content: Its plain bytes.

    Raises:
        Unreadable: empty or not permitted.
    """
    try:
        with content.open("rb") as handle:
            start = handle.read(SNIFF_BYTES)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}", "check the file and its permissions") from None
    if start[:4] == b"PAR1":
        return InputFile(path, "parquet", content)
    if start and path.suffix.lower() in {".parquet", ".pq"}:
        raise Unreadable(f"{path}: named as Parquet, but its first bytes are not", "fetch the file again")
    if not start.strip():
        raise Unreadable(f"{path}: the file is empty", "export it again or remove it")
    text = start.decode("utf-8-sig", errors="replace")
    if re.match(r"\s*<(!doctype|html|\?xml|head|body)", text, re.IGNORECASE):
        raise Unreadable(
            f"{path}: a web page or XML, no data", "fetch the file again; a site may have asked for a login"
        )
    if text.lstrip()[:1] in "{[":
        return InputFile(path, _json_kind(content), content)
    return _look_at_csv(path, content, text)


def _json_kind(content: Path) -> Kind:
    """`jsonl` where one of the first two lines is a whole value and another line follows, else one document."""
    with content.open("rb") as handle:
        lines = [line for line in _lines(handle.read(SNIFF_BYTES * 16)) if line.strip()][:2]
    return "jsonl" if len(lines) == 2 and any(parsed(line) is not None for line in lines) else "json"


def _lines(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        yield text[start : end if end >= 0 else len(text)]
        start = end + 1 if end >= 0 else len(text)


def parsed(text: bytes | str) -> Any | None:
    """A JSON object or list, its numbers as text; None where the text is none, or is nested too deep for a person."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _names_a_column(header: Sequence[str]) -> bool:
    """False for a line of prose: no file of transfers names none of its columns by a known word."""
    known = {spelling for spellings in COLUMNS.values() for spelling in spellings}
    return any(plain(name) in known for name in header)


def _look_at_csv(path: Path, content: Path, text: str) -> InputFile | None:
    lines = re.split(r"\r\n|\n|\r", text)
    delimiter, place = None, 0
    if lines and (told := re.fullmatch(r'"?sep=(.)"?', lines[0].strip())):
        delimiter, place = told.group(1), 1
    while place < min(len(lines), _MOST_LINES_BEFORE_HEADER) and _is_no_header(lines[place]):
        place += 1
    place += _lines_of_title(lines[place : place + _MOST_LINES_BEFORE_HEADER], delimiter)
    if place >= len(lines) or "\x00" in lines[place]:
        return None
    delimiter = delimiter or max(_DELIMITERS, key=lines[place].count)
    header = _fields(lines[place], delimiter)
    if header and header[0] == "" and len(header) > 2 and all(plain(name) for name in header[1:]):
        header = ["row_number", *header[1:]]
    if sum(name != "" for name in header) > max(2, len(header) // 2):
        header = [name or f"column_{place}" for place, name in enumerate(header, 1)]
    if len(header) < 2 or any(not plain(name) for name in header):
        return None
    rest = next((line for line in lines[place + 1 :] if line.strip()), "")
    first = _fields(rest, delimiter) if rest else []
    is_named_so = not {".csv", ".tsv"}.isdisjoint(part.lower() for part in path.suffixes)
    if rest and abs(len(first) - len(header)) > 1 and not is_named_so and not _names_a_column(header):
        return None
    columns = _distinct(header)
    return InputFile(
        path,
        "csv",
        content,
        columns,
        delimiter=delimiter,
        lines_before=place + 1,
        has_trailing_column=len(first) == len(header) + 1,
        record=dict(zip(columns, first, strict=False)),
    )


def _lines_of_title(lines: list[str], delimiter: str | None) -> int:
    """Lines of a title above the header: those with fewer fields than the next two, which have as many each."""
    for place in range(len(lines) - 2):
        rows = [line for line in lines[place:] if line.strip()][:3]
        sign = delimiter or max(_DELIMITERS, key=lines[place + 1].count if place + 1 < len(lines) else lines[0].count)
        counts = [len([name for name in _fields(row, sign) if name]) for row in rows]
        if len(counts) < 3 or counts[0] >= 3:
            return place
        if counts[1] >= 4 and counts[2] >= 3:
            rest = lines[place + 1 :]
            return place + 1 + next(n for n, line in enumerate(rest) if line.strip())
    return 0


def _is_no_header(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith(("#", "//"))


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names as written; one that stands twice, in any case, gets a number: `Account`, `Account.1`."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        count = seen[name.lower()] = seen.get(name.lower(), -1) + 1
        distinct.append(f"{name}.{count}" if count else name)
    return tuple(distinct)


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


class Mixed(dict[str, Any]):
    """What json_group_structure tells of a key that holds an object in some values and plain text in others."""


_NAMES_OF_OBJECTS = ("hash", "symbol", "address", "id", "name")
"""Keys of an object that a plain value in its place stands for, the surest first."""


def json_views(file: InputFile, structure: object) -> Iterator[InputFile]:
    """A JSON file's rows as they may be meant, the outermost first: the value itself, then each object or list in it.

    Args:
        file: The file.
        structure: What DuckDB's json_group_structure tells of its values: objects as objects, a list as a list of one.

    Returns:
        The file with columns, their pointers, and the steps to a row; `result.transfers` is entered like `data`.
    """
    waiting: list[tuple[object, tuple[tuple[str, bool], ...]]] = [(structure, ())]
    if isinstance(structure, list):
        waiting = [(structure[0] if structure else {}, (("", True),))]
    while waiting:
        value, steps = waiting.pop(0)
        if not isinstance(value, dict) or len(steps) > _MOST_STEPS:
            continue
        pointers: dict[str, str] = {}
        lists: list[str] = []
        mixed: dict[str, str] = {}
        _flatten(value, "", "", pointers, lists, mixed)
        names = _distinct(list(pointers))
        yield InputFile(
            file.path,
            file.kind,
            file.content,
            names,
            pointers=dict(zip(names, pointers.values(), strict=True)),
            steps=steps,
            lists=tuple(lists),
            mixed=mixed,
        )
        for key, item in value.items():
            at = f"/{_escaped(key)}"
            if isinstance(item, dict):
                waiting.append((item, (*steps, (at, False))))
            elif isinstance(item, list) and item and isinstance(item[0], dict):
                waiting.append((item[0], (*steps, (at, True))))


def _flatten(
    value: dict[str, Any], pointer: str, name: str, pointers: dict[str, str], lists: list[str], mixed: dict[str, str]
) -> None:
    for key, item in value.items():
        named = key if plain(key) else "(no name)"
        at, of = f"{pointer}/{_escaped(key)}", f"{name}.{named}" if name else named
        if isinstance(item, dict):
            _flatten(item, at, of, pointers, lists, mixed)
            known = next((sub for sub in _NAMES_OF_OBJECTS if isinstance(item.get(sub), str)), None)
            if isinstance(item, Mixed) and known:
                mixed[f"{of}.{known}"] = at
        elif isinstance(item, list):
            lists.append(of)
            if item and isinstance(item[0], dict):
                _flatten(item[0], f"{at}/0", f"{of}.0", pointers, [], mixed)
            elif item and not isinstance(item[0], list):
                pointers.update({f"{of}.{place}": f"{at}/{place}" for place in range(_MOST_PLACES)})
        else:
            pointers[of] = at


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
