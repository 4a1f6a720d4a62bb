"""Duplicates: the same transfer told twice, within a file or by files before it.

Rows are told apart by the keys of docs/data-dictionary.md: hashes find the suspects in one pass, exact keys decide
about the suspects only.
"""

from __future__ import annotations

import duckdb

from flow_pipeline.domain.sql import statements
from flow_pipeline.warehouse.days import add_dirty_days
from flow_pipeline.warehouse.store import Connection, get_state, number, set_state
from flow_pipeline.warehouse.transfers import delete_transfers

sql = statements(__package__)

_KEYS_OF = "transaction_keys_of"
"""State: the version of the engine whose hashes store.transaction_keys holds."""


def find_duplicates(connection: Connection) -> None:
    """Fill `duplicate_rows` with rows of the file that are duplicates, and take superseded old rows out of the store.

    Suspects are the transfers of a transaction in which an index stands twice, one has none beside another, or which
    has two blocks.
    """
    run = connection.execute
    run("create or replace temp table duplicate_rows (source_row bigint)")
    run(sql("duplicates_suspect_keys"))
    if _meets_stored(connection):
        run(sql("duplicates_stored_keys"))
    if number(connection, "select count(*) from suspect_keys"):
        run(sql("duplicates_suspects"))
        run(sql("duplicates_transfers"))
        run("insert into duplicate_rows select source_row from duplicate_transfers where load_id = 0")
        run("delete from duplicate_transfers where load_id = 0")
        if number(connection, "select count(*) from duplicate_transfers"):
            _supersede(connection)
        run("drop table duplicate_transfers")
        run("drop table suspects")
    run("drop table suspect_keys")


def remember_transactions(connection: Connection, transfers: str, condition: str = "true") -> None:
    """Keep the hashes of the transactions of stored transfers.

    Those of transfers that are taken out stay: they only have a load look at all hashes for nothing.

    Args:
        connection: The build file.
        transfers: The table that holds them.
        condition: Which of them.
    """
    connection.execute(
        f"insert into store.transaction_keys select hash(tx_hash) from {transfers} "
        f"where tx_hash is not null and {condition}"
    )


def _meets_stored(connection: Connection) -> bool:
    """Whether a transaction of the file may have stored transfers; numbers tell it, the hashes of all need not be read.

    Keys of another version of the engine, or none yet, are made anew.
    """
    if get_state(connection, _KEYS_OF) != duckdb.__version__:
        connection.execute("delete from store.transaction_keys")
        remember_transactions(connection, "store.transfers")
        set_state(connection, _KEYS_OF, duckdb.__version__)
    return number(connection, sql("duplicates_met_keys")) > 0


def _supersede(connection: Connection) -> None:
    """Delete the stored transfers of `duplicate_transfers` and correct their loads' counts."""
    delete_transfers(connection, "(load_id, source_row) in (select load_id, source_row from duplicate_transfers)")
    connection.execute(sql("duplicates_load_counts"))
    add_dirty_days(connection, "select distinct block_timestamp::date as day from duplicate_transfers")
