"""Taking out what loads brought, and the days of loads that must be rebuilt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flow_pipeline.domain.sql import statements
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.warehouse.days import add_dirty_days
from flow_pipeline.warehouse.store import Connection
from flow_pipeline.warehouse.transfers import delete_transfers

sql = statements(__package__)


def remove_loads(connection: Connection, load_ids: Sequence[int]) -> None:
    """Take everything that loads brought out of the tables, and reopen files that had lost rows as duplicates.

    A file that is gone or has changed keeps what it has: it could not be read again as it was.
    """
    removed = list(load_ids)
    # A file that was read in several windows is reopened whole: each of its loads left out what the others had read.
    loads = connection.execute(sql("removals_reopenable_loads"), {"removed": removed}).fetchall()
    unchanged = {path: is_as_it_was(Path(path), sha) for _, path, sha, *_ in loads}
    for load_id, path, _, *rest in loads:
        if unchanged[path]:
            removed.append(load_id)
            connection.execute("insert into store.reopened values (?, ?, ?, ?, ?)", [path, *rest])
    is_removed = "load_id in (select unnest($removed))"
    add_dirty_days(connection, days_of_loads(is_removed), {"removed": removed})
    delete_transfers(connection, is_removed, {"removed": removed})
    for table in (
        "store.block_times",
        "raw.transactions",
        "raw.rejects",
        "raw.wallet_reports",
        "raw.loads",
    ):
        connection.execute(f"delete from {table} where {is_removed}", {"removed": removed})


def is_as_it_was(path: Path, sha256: str) -> bool:
    """True for a file that can be read and holds the bytes that were loaded."""
    try:
        return path.is_file() and sha256_of(path) == sha256
    except OSError:
        return False


def days_of_loads(condition: str) -> str:
    """Query for the days on which loads brought something."""
    return (
        f"select block_date as day from store.transfers where {condition} "
        f"union select block_timestamp::date from raw.transactions where {condition}"
    )
