"""What the explorer reads: transfers by address, counterparties of busy addresses, addresses by text, names of tokens.

Days are added behind the sorted rows, each sorted; when they are many, or a sorted day changed, all are sorted again.
So a day costs what it brings, a question reads one stretch and a bit of each day behind, and what is answered does not
depend on which days came together. What lives here: filling these tables. What must not: asking them (`questions`).
"""

from __future__ import annotations

from datetime import date

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import READ_TABLES
from flow_pipeline.settings import ExplorerSettings
from flow_pipeline.warehouse.days import first_dirty_day
from flow_pipeline.warehouse.stages import READING, begin_part, finish_part
from flow_pipeline.warehouse.store import Connection, get_state, set_state, table_counts, transaction

sql = statements(__package__)

_THROUGH = "read_tables_through"
"""State: the last day of the sorted rows; empty while there are none."""


def sorted_through(connection: Connection) -> date | None:
    """The last day of the sorted rows; None where the read tables are not kept."""
    found = get_state(connection, _THROUGH)
    return date.fromisoformat(found) if found else None


def fill_read_tables(connection: Connection, settings: ExplorerSettings) -> dict[str, int]:
    """Bring the read tables up to date with the days that wait, or empty them; row counts per table.

    Each step leaves whole days: a run that is killed is completed by the next one, for which the same days wait.
    """
    begin_part(connection, READING)
    if settings.read_tables:
        _bring_up_to_date(connection, settings)
    else:
        _empty(connection)
        connection.execute("drop index if exists store.addresses_by_id")
    finish_part(connection, READING)
    counts = table_counts(connection, [table.relation for table in READ_TABLES])
    return {table.name: counts[table.relation] for table in READ_TABLES}


def _bring_up_to_date(connection: Connection, settings: ExplorerSettings) -> None:
    through, first = sorted_through(connection), first_dirty_day(connection)
    if through is None or (first is not None and first <= through):
        _sort_all(connection, settings)
        return
    if first is not None:
        _add_days(connection, first)
    unsorted = connection.execute(sql("read_unsorted"), {"through": through}).fetchone()
    if unsorted and unsorted[0] > settings.max_unsorted:
        _sort_all(connection, settings)


def _add_days(connection: Connection, first: date) -> None:
    with transaction(connection):
        connection.execute(sql("read_forgotten_days"), {"first": first})
        connection.execute(sql("read_ends"), {"first": first, "are_all": False})
        connection.execute(
            "insert into store.address_texts select address, address_id from store.addresses "
            "where address_id > (select coalesce(max(address_id), -1) from store.address_texts) order by address"
        )
        _name_tokens(connection)


def _sort_all(connection: Connection, settings: ExplorerSettings) -> None:
    _empty(connection)
    last = connection.execute("select max(block_date)::varchar from store.transfers").fetchone()
    if not last or not last[0]:
        return
    with transaction(connection):
        connection.execute(sql("read_ends"), {"first": date.min, "are_all": True})
        connection.execute(sql("read_counterparties"), {"busy_transfers": settings.busy_transfers})
        connection.execute(
            "insert into store.address_texts select address, address_id from store.addresses order by address"
        )
        _name_tokens(connection)
        set_state(connection, _THROUGH, last[0])
    connection.execute("create index if not exists addresses_by_id on store.addresses (address_id)")


def _name_tokens(connection: Connection) -> None:
    connection.execute("delete from store.token_names")
    connection.execute(
        "insert into store.token_names by name select token_id, chain, token_address, token_symbol, spoof_suspected "
        "from intermediate.int_tokens__canonical order by token_id"
    )


def _empty(connection: Connection) -> None:
    """No rows, at once: to delete them one by one would be written down row by row."""
    with transaction(connection):
        set_state(connection, _THROUGH, "")
        for table in READ_TABLES:
            connection.execute(f"drop table if exists {table.relation}")
            connection.execute(table.ddl)
