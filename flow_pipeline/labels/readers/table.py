"""Tables: the project's own CSV and Parquet, exports of explorers, eth-labels, Dune's labels, under any known names."""

from __future__ import annotations

import csv
import io
from typing import Any

from flow_pipeline.labels.columns import exchange_words, remark, renamed, roles_of
from flow_pipeline.labels.readers import Content, Found

NAME, RANK = "table", 80
SAYS = "CSV or Parquet with a column address (or wallet, account, …)"

_DELIMITERS = ",;\t|"
_PARQUET = b"PAR1"


def recognise(content: Content) -> bool:
    """Parquet, or text whose first line names an address column."""
    if content.data.startswith(_PARQUET) or content.path.suffix in (".parquet", ".pq"):
        return True
    header = _header(content.sample)
    return "address" in roles_of(header) and len(header) > 1


def read(content: Content) -> Found:
    """Every row under the names of a label's columns."""
    if content.data.startswith(_PARQUET) or content.path.suffix in (".parquet", ".pq"):
        names, rows = _parquet(content)
    else:
        names, rows = _csv(content)
    return take(names, rows, content)


def take(names: list[str], rows: list[dict[str, Any]], content: Content) -> Found:
    """Rows of a table, whatever its columns are called.

    Raises:
        UsageError: no column is known as that of the address.
    """
    roles = roles_of(names)
    if "address" not in roles:
        raise content.unreadable(
            f"it has no column address among {', '.join(names[:8]) or 'none'}",
            "name the column of the addresses `address`; see docs/operations.md, Label lists",
        )
    said, told = remark(roles), exchange_words(names, roles)
    records = [renamed(row, roles) for row in rows]
    found = set(roles)
    for record, row in zip(records, rows, strict=True):
        if word := told(row):
            record["category"] = f"{record.get('category', '')};{word}".strip(";")
            found.add("category")
    return Found(records, [said] if said else [], found)


def _parquet(content: Content) -> tuple[list[str], list[dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(content.data))
    except Exception as error:
        raise content.unreadable(str(error)) from None
    return list(table.column_names), table.to_pylist()


def _header(text: str) -> list[str]:
    line = text.lstrip("\ufeff \r\n").splitlines()[:1]
    if not line:
        return []
    delimiter = max(_DELIMITERS, key=line[0].count)
    return [name.strip() for name in next(csv.reader(line, delimiter=delimiter), [])]


def _csv(content: Content) -> tuple[list[str], list[dict[str, Any]]]:
    text = content.text.lstrip("\ufeff \r\n")
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count))
    try:
        rows = [{(key or "").strip(): value for key, value in record.items()} for record in reader]
    except csv.Error as error:
        raise content.unreadable(str(error), "it must be CSV in UTF-8, or Parquet") from None
    return [name.strip() for name in reader.fieldnames or ()], rows
