"""Duplicates: the same transfer told twice, within a file or by files before it.

Rows are told apart by the keys of docs/data-dictionary.md: hashes find the suspects in one pass, exact keys decide
about the suspects only.
"""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.warehouse.days import add_dirty_days
from flow_pipeline.warehouse.store import Connection, number
from flow_pipeline.warehouse.transfers import delete_transfers

sql = statements(__package__)


def find_duplicates(connection: Connection) -> None:
    """Fill `duplicate_rows` with rows of the file that are duplicates, and take superseded old rows out of the store.

    Suspects are the transfers of a transaction in which an index stands twice, one has none beside another, or which
    has two blocks.
    """
    run = connection.execute
    run("create or replace temp table duplicate_rows (source_row bigint)")
    run(sql("duplicates_suspect_keys"))
    if number(connection, "select count(*) from store.transfers where tx_hash is not null"):
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


def _supersede(connection: Connection) -> None:
    """Delete the stored transfers of `duplicate_transfers` and correct their loads' counts."""
    delete_transfers(connection, "(load_id, source_row) in (select load_id, source_row from duplicate_transfers)")
    connection.execute(sql("duplicates_load_counts"))
    add_dirty_days(connection, "select distinct block_timestamp::date as day from duplicate_transfers")
