"""Tables in Postgres: all that an export changes is one transaction.

Schemas and tables have the names of the published file. `netraflow.parts` has the marks, `netraflow.runs` the run that
each table shows; both change in that transaction too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from flow_pipeline.domain.brokers import has_password
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.reports.targets import UNDATED, WHOLE, Change, Column, Grain, Table
from flow_pipeline.settings import Settings, secret
from flow_pipeline.warehouse.lake import attach_postgres, quoted, text, without_address
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "TINYINT": "smallint",
    "BLOB": "bytea",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
"""Types that Postgres calls otherwise."""
_LEDGER = (
    "select pg_advisory_xact_lock(hashtext('netraflow')); create schema if not exists netraflow; "
    "create table if not exists netraflow.parts "
    "(table_name text, part text, mark bigint, row_count bigint, primary key (table_name, part)); "
    "create table if not exists netraflow.runs "
    "(table_name text primary key, run_id text, exported_at timestamptz, row_count bigint)"
)
"""What is kept of an export; one export at a time goes on behind the lock."""
_LOOKED_UP = ("block_date", "address", "from_address", "to_address", "wallet", "finding_id", "tx_hash")
"""Columns that get an index: people look things up by them."""


@contextmanager
def open_postgres(connection: Connection, place: str, settings: Settings) -> Iterator[PostgresTarget]:
    """A database, in one transaction.

    Raises:
        UsageError: the address is none, or holds a password that others see.
        FlowError: the database refuses; nothing of the export is in it.
    """
    address = secret(place.removeprefix("env:")) if place.startswith("env:") else place
    if address is place and has_password(address):
        raise UsageError(
            "the address of the database holds a password, which others see in the list of processes",
            "put the address into a variable of the environment and give env:NAME, or the password into PGPASSWORD",
        )
    if not re.match(r"postgres(ql)?://", address):
        raise UsageError(f"{place} is no address of a database", "give postgresql://user@host/database, or env:NAME")
    attach_postgres(connection, address)
    try:
        connection.execute("begin")
        target = PostgresTarget(connection)
        target.run(_LEDGER)
        yield target
        connection.execute("commit")
    except BaseException as error:
        with suppress(duckdb.Error):
            connection.execute("rollback")
        if isinstance(error, duckdb.Error):
            raise FlowError(
                f"Postgres refuses the export: {without_address(error, address)}",
                "nothing of it is in the database; mend what it names and export again",
            ) from None
        raise


class PostgresTarget:
    """See `Target`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def run(self, statements: str) -> None:
        """Run statements of Postgres in the transaction of the export."""
        self.connection.execute(f"call postgres_execute('pg', {text(statements)})")

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Ask Postgres in the transaction of the export."""
        return self.connection.execute(f"from postgres_query('pg', {text(query)})").fetchall()

    def shows(self, run_id: str, tables: Sequence[str]) -> bool:
        """See `Target`."""
        shown = self.ask(f"select table_name from netraflow.runs where run_id = {text(run_id)}")
        return set(tables) <= {str(row[0]) for row in shown}

    def grain(self, table: Table) -> Grain:
        """Rows are no files: a day is never too small."""
        return WHOLE if table.rows_per_day is None else "day"

    def held(self, table: Table, parts: Sequence[str]) -> dict[str, int]:
        """See `Target`.

        Raises:
            FlowError: somebody else made the table.
        """
        rows = self.ask(f"select part, mark from netraflow.parts where table_name = {text(table.name)}")
        if not rows and self._columns(table):
            raise FlowError(
                f"the database has a table {table.name} that netraflow did not make",
                "export to another database, or move the table to another schema",
            )
        return {str(part): int(str(mark)) for part, mark in rows}

    def write(self, change: Change, run_id: str) -> None:
        """Replace the rows of the parts that changed."""
        table = change.table
        is_new = self._shape(table)
        name, of_table = _name(table), f"table_name = {text(table.name)}"
        changed = [*change.stale, *change.gone]
        self.run(f"delete from {name} {_where(change, changed)}")
        listed = ", ".join(map(text, changed))
        self.run(f"delete from netraflow.parts where {of_table} and part in ({listed})")
        if change.stale:
            names = ", ".join(quoted(column.name) for column in table.columns)
            self.connection.execute(f"insert into pg.{name} ({names}) {_select(table, change.grain, change.stale)}")
            values = ", ".join(
                f"({text(table.name)}, {text(part)}, {change.marks[part]}, {change.rows[part]})"
                for part in change.stale
            )
            self.run(f"insert into netraflow.parts values {values}")
        if is_new:  # an index is built many times faster than it grows row by row
            for column in table.columns:
                if column.name in _LOOKED_UP:
                    self.run(f"create index on {name} ({quoted(column.name)})")

    def finish(self, changes: Sequence[Change], run_id: str) -> None:
        """Say which run the tables show."""
        for change in changes:
            name = text(change.table.name)
            self.run(
                f"delete from netraflow.runs where table_name = {name}; "
                f"insert into netraflow.runs values ({name}, {text(run_id)}, now(), {change.count})"
            )

    def _shape(self, table: Table) -> bool:
        """Make the table, or give it the columns that it has now; whether it was made."""
        held, name = self._columns(table), _name(table)
        wanted = {column.name: _type_of(column.kind) for column in table.columns}
        if not held:
            columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in wanted.items())
            schema = quoted(table.name.partition(".")[0])
            self.run(f"create schema if not exists {schema}; create table {name} ({columns})")
        else:
            other = [column for column, kind in held.items() if wanted.get(column) != kind]
            new = [column for column in wanted if column not in held or column in other]
            steps = [f"drop column {quoted(column)}" for column in other]
            steps += [f"add column {quoted(column)} {wanted[column]}" for column in new]
            if steps:
                self.run(f"alter table {name} {', '.join(steps)}")
        self.connection.execute("call pg_clear_cache()")
        comments = [f"comment on table {name} is {text(table.comment)}"]
        comments += [
            f"comment on column {name}.{quoted(column.name)} is {text(column.comment)}" for column in table.columns
        ]
        self.run("; ".join(comments))
        return not held

    def _columns(self, table: Table) -> dict[str, str]:
        """Columns and types of a table as it stands in the database."""
        schema, _, relation = table.name.partition(".")
        rows = self.ask(sql("postgres_columns", schema=text(schema), relation=text(relation)))
        return {str(name): str(kind) for name, kind in rows}


def _name(table: Table) -> str:
    return ".".join(map(quoted, table.name.split(".")))


def _type_of(kind: str) -> str:
    """The type of a column in Postgres, as it spells it."""
    if kind.endswith("[]"):
        return f"{_type_of(kind.removesuffix('[]'))}[]"
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
        return f"numeric({found[1]},{found[2]})"
    if kind.startswith(("MAP", "STRUCT")):
        return "text"
    return _TYPES.get(kind, kind.lower())


def _select(table: Table, grain: Grain, parts: Sequence[str]) -> str:
    """The rows of parts; what has keys is JSON."""
    return f"select {', '.join(map(_value, table.columns))} from ({table.select(grain, parts)})"


def _value(column: Column) -> str:
    name = quoted(column.name)
    return f"to_json({name})::varchar" if column.kind.startswith(("MAP", "STRUCT")) else name


def _where(change: Change, parts: Sequence[str]) -> str:
    if change.grain == WHOLE:
        return ""
    days = [text(part) for part in parts if part != UNDATED]
    said = [f"block_date in ({', '.join(days)})"] if days else []
    if UNDATED in parts:
        said.append("block_date is null")
    return f"where {' or '.join(said)}"
