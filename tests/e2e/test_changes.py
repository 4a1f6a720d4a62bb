"""Rows of a table become others: only what differs is touched, and the kept hash stays that of the rows."""

from __future__ import annotations

import pytest

from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.content import content_hashes, write_changes, wrong_hashes
from flow_pipeline.warehouse.store import Connection, get_state, open_build

TABLE = "detection.finding_addresses"
ROWS = [("f1", "ethereum", "a", "focus", False), ("f1", "ethereum", "b", "target", False)]


def write(connection: Connection, rows: list[tuple[object, ...]], finding: str) -> None:
    """The rows of a finding become these."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE given AS FROM {TABLE} LIMIT 0")
    if rows:
        connection.executemany("INSERT INTO given VALUES (?, ?, ?, ?, ?)", rows)
    write_changes(connection, TABLE, "given", f"o.finding_id = '{finding}'", ("finding_id", "chain", "address"))


def rows_of(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(f"FROM {TABLE} ORDER BY ALL").fetchall()


@pytest.mark.parametrize("is_kept", [False, True])
def test_rows_are_inserted_updated_and_removed_with_their_hash(settings: Settings, is_kept: bool) -> None:
    with open_build(settings) as connection:
        if is_kept:
            content_hashes(connection)
        write(connection, ROWS, "f1")
        assert rows_of(connection) == ROWS
        other = ("f2", "ethereum", "a", "source", True)
        write(connection, [other], "f2")
        places = dict(connection.execute(f"SELECT finding_id || address, rowid FROM {TABLE}").fetchall())
        changed = ("f1", "ethereum", "b", "middle", False)
        new = ("f1", "ethereum", "c", "target", False)
        write(connection, [ROWS[0], changed, new], "f1")
        assert rows_of(connection) == [ROWS[0], changed, new, other]
        now = dict(connection.execute(f"SELECT finding_id || address, rowid FROM {TABLE}").fetchall())
        assert (now["f1a"], now["f2a"]) == (places["f1a"], places["f2a"]), "what is the same was not written again"
        write(connection, [new], "f1")
        assert rows_of(connection) == [new, other]
        assert bool(get_state(connection, f"content_of_{TABLE}")) is is_kept
        assert wrong_hashes(connection) == []
