"""Small files beside the transfers, read whole: the rows of a table with their numbers, or the value of a JSON file."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from flow_pipeline.domain.errors import UsageError

Row = list[str]


def text_of_file(path: Path, what: str, how: str) -> str:
    """The text of a file, unpacked where its name ends in `.gz`.

    Args:
        path: The file.
        what: What it is to the user: `price file`.
        how: What to give, where there is no such file.

    Raises:
        UsageError: it is missing or no text.
    """
    if not path.is_file():
        raise UsageError(f"{what} {path} does not exist", how)
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        return content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UsageError(f"{what} {path} can not be read: {error}", "export it again, as UTF-8") from None


def json_of(text: str, path: Path, what: str) -> Any:
    """The value of a JSON file.

    Raises:
        UsageError: it is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{what} {path} is no valid JSON: {error}", "fetch it again") from None


def is_json(text: str) -> bool:
    """True where a text begins as a JSON list or object does."""
    return text.lstrip()[:1] in ("[", "{")


def rows_of_csv(text: str) -> Iterator[tuple[int, Row]]:
    """The rows of a CSV that are not empty, each with its line; what its first line has most of separates values."""
    first = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=separator)
    for row in reader:
        if any(cell.strip() for cell in row):
            yield reader.line_num, [cell.strip() for cell in row]


def rows_of_parquet(path: Path, what: str) -> Iterator[tuple[int, Row]]:
    """The names of the columns of a Parquet file, then its rows as text.

    Raises:
        UsageError: it is no Parquet file.
    """
    try:
        table = parquet.read_table(path)
    except Exception as error:
        raise UsageError(f"{what} {path} can not be read: {str(error).splitlines()[0]}", "export it again") from None
    yield 0, [str(name) for name in table.column_names]
    for number, row in enumerate(zip(*(column.to_pylist() for column in table.columns), strict=True), 1):
        yield number, ["" if cell is None else str(cell) for cell in row]
