"""Names that a file gives, made harmless before they are stored: its chains, symbols and contracts."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.text import harmless
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)
_COLUMNS = ("chain", "token_symbol", "token_address")
_NAMED = 5
_LONGEST_CONTRACT = 256
"""Contracts of some chains are paths of names; the longest that are known have some hundred letters."""


def said_of(names: list[str]) -> list[str]:
    """What the load report says of names that are stored in other words than the file's."""
    if not names:
        return []
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
    return [f"{len(names):,} names have signs that nobody sees, or too many letters; they are kept as {shown}"]


def make_names_harmless(connection: Connection, rows: str, most: int) -> tuple[str, list[str]]:
    """Where a name of the rows is not harmless, the view `harmless_rows`, in which it is.

    Args:
        connection: The build file.
        rows: The typed rows to load, as they stand after FROM.
        most: Letters of a chain's name or a symbol that are kept.

    Returns:
        What to read instead of the rows, and the names as they are stored of those that were written otherwise.
    """
    names = connection.execute(sql("strangers_names", rows=rows)).fetchall()
    changed = [
        (name, safe)
        for name, is_contract in names
        if (safe := harmless(name, _LONGEST_CONTRACT if is_contract else most)) != name
    ]
    if not changed:
        return rows, []
    connection.execute(
        "create or replace temp table harmless_names as "
        "select unnest($names::varchar[]) as name, unnest($safe::varchar[]) as safe",
        dict(zip(("names", "safe"), map(list, zip(*changed, strict=True)), strict=True)),
    )
    safe = ", ".join(f"coalesce({one}.safe, r.{one}) as {one}" for one in _COLUMNS)
    joins = " ".join(f"left join harmless_names as {one} on {one}.name = r.{one}" for one in _COLUMNS)
    connection.execute(
        f"create or replace temp view harmless_rows as select r.* replace ({safe}) from {rows} as r {joins}"
    )
    return "harmless_rows", sorted({safe for _, safe in changed})
