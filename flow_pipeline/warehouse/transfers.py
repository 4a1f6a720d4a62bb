"""Where the transfers of a build file lie: in it, or in a Delta lake, with a view in their place.

What lives here: the view that stands for `store.transfers`, and how readers reach what it shows. What must not: writing
to the lake (the room `engines`). Read more: docs/engines.md.
"""

from __future__ import annotations

from typing import Any

import duckdb

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import LAKE_TABLES, STORE_FRESH_TRANSFERS, STORE_TRANSFERS
from flow_pipeline.warehouse.extensions import load_extension

sql = statements(__package__)

_KEY = "lake_transfers"
"""Of store.state: where the Delta table of a build file lies; none where its transfers lie in the file."""
VERSION = "lake_version store.transfers"
"""Of store.state: the version of that table which the file shows."""


def lend_lake(connection: duckdb.DuckDBPyConnection, catalog: str = "") -> None:
    """Let a connection read the transfers of a file that has them in a lake; nothing else outside of it opens up.

    Called before the ways to files are closed.

    Args:
        connection: Of a published file, or one that has it attached.
        catalog: Under which name it is attached.

    Raises:
        UsageError: the extension is not installed.
    """
    if place := lake_of(connection, catalog):
        load_extension(connection, "delta")
        connection.execute("set allowed_directories = ?", [[place]])


def lake_of(connection: duckdb.DuckDBPyConnection, catalog: str = "") -> str | None:
    """Where the Delta table of a file's transfers lies; None where they lie in the file."""
    is_view = connection.execute(
        "select 1 from duckdb_views() where schema_name = 'store' and view_name = 'transfers' "
        "and database_name = coalesce(nullif(?, ''), current_database())",
        [catalog],
    ).fetchone()
    if not is_view:
        return None
    state = f"{catalog}.store.state" if catalog else "store.state"
    row = connection.execute(f"select value from {state} where key = ?", [_KEY]).fetchone()
    return str(row[0]) if row else None


def delta_of(connection: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    """The Delta table of a build file's transfers and the version that it shows."""
    rows = connection.execute("select key, value from store.state where key in (?, ?)", [_KEY, VERSION]).fetchall()
    found = dict(rows)
    return found[_KEY], int(found[VERSION])


def new_transfers(connection: duckdb.DuckDBPyConnection) -> str:
    """The table that takes in transfers."""
    return STORE_FRESH_TRANSFERS.relation if lake_of(connection) else STORE_TRANSFERS.relation


def delete_transfers(
    connection: duckdb.DuckDBPyConnection, condition: str, values: dict[str, Any] | None = None
) -> None:
    """Take transfers out, wherever they lie.

    Args:
        connection: The build file.
        condition: On the columns of store.transfers.
        values: Bound in it.
    """
    if lake_of(connection):
        connection.execute(sql("lake_remove", condition=condition), values or {})
    connection.execute(f"delete from {new_transfers(connection)} where {condition}", values or {})


def move_out(connection: duckdb.DuckDBPyConnection, place: str, version: int) -> None:
    """Have store.transfers in a lake from now on: what the table holds waits to be written there.

    Args:
        connection: The build file, in a transaction.
        place: Of the Delta table.
        version: Of it, without rows.
    """
    connection.execute(f"alter table {STORE_TRANSFERS.relation} rename to {STORE_FRESH_TRANSFERS.name}")
    for table in LAKE_TABLES:
        connection.execute(table.ddl)
    connection.execute("insert into store.state values (?, ?)", [_KEY, place])
    show(connection, place, version)


def move_in(connection: duckdb.DuckDBPyConnection) -> None:
    """Have store.transfers in the file again.

    Args:
        connection: The build file, in a transaction.
    """
    columns = ", ".join(column.name for column in STORE_TRANSFERS.columns)
    connection.execute(f"create table store.incoming_transfers as select {columns} from {STORE_TRANSFERS.relation}")
    connection.execute(f"drop view {STORE_TRANSFERS.relation}")
    for table in LAKE_TABLES:
        connection.execute(f"drop table {table.relation}")
    connection.execute(f"alter table store.incoming_transfers rename to {STORE_TRANSFERS.name}")
    connection.execute("delete from store.state where key = ?", [_KEY])


def show(connection: duckdb.DuckDBPyConnection, place: str, version: int) -> None:
    """Make store.transfers a view over one version of a Delta table and over what waits beside it."""
    columns = ", ".join(column.name for column in STORE_TRANSFERS.columns)
    quoted = place.replace("'", "''")
    connection.execute(sql("lake_transfers", columns=columns, place=quoted, version=str(version)))
