"""New days are added to what was detected before, exactly as if all had been searched at once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.address_clusters import find_address_clusters
from flow_pipeline.warehouse.findings import run_typologies
from flow_pipeline.warehouse.ingest import LoadOptions
from flow_pipeline.warehouse.past import first_new_day
from flow_pipeline.warehouse.store import Connection, open_build
from tests.conftest import build

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
TABLES = ("detection.findings", "detection.finding_transfers", "detection.finding_addresses", "detection.address_clusters", "ops.detections")


def detect(connection: Connection, settings: Settings, days: list[date]) -> None:
    """What a run does after these days changed."""
    connection.execute("DELETE FROM store.dirty_days")
    connection.executemany("INSERT INTO store.dirty_days VALUES (?)", [[day] for day in days])
    run_typologies(connection, settings)
    find_address_clusters(connection, settings.clusters)


def tables(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """What detection holds, in one order."""
    return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in TABLES}


@pytest.mark.parametrize("changes", [{}, {"hub_degree": 12}, {"layered": {"min_hops": 3}, "peeling_chain": {"min_hops": 2}, "pass_through": {"min_passes": 1}}])
def test_days_added_one_by_one_give_what_all_at_once_gives(settings: Settings, changes: dict[str, object]) -> None:
    settings = settings.with_changes(typologies=changes, labels={"files": (SAMPLE / "labels.csv",)})
    build(settings, SAMPLE / "transfers", Window(), LoadOptions())
    with open_build(settings) as connection:
        everything = [day for (day,) in connection.execute("SELECT DISTINCT block_date FROM store.transfers ORDER BY 1").fetchall()]
        detect(connection, settings, everything)
        at_once = tables(connection)
        assert all(at_once.values())
        connection.execute("CREATE TEMP TABLE later AS FROM store.transfers")
        connection.execute("DELETE FROM store.transfers")
        steps = [everything[:-18], everything[-18:-15], *([day] for day in everything[-15:])]
        for number, days in enumerate(steps):
            connection.execute("INSERT INTO store.transfers FROM later WHERE block_date BETWEEN ? AND ?", [days[0], days[-1]])
            detect(connection, settings, days)
            # a day that was there already, or one before it, searches everything again
            connection.execute("DELETE FROM store.dirty_days")
            connection.execute("INSERT INTO store.dirty_days VALUES (?)", [days[-1]])
            assert first_new_day(connection, "typologies_through") is None
            connection.execute("UPDATE store.dirty_days SET block_date = ?", [days[-1] + timedelta(days=1)])
            assert first_new_day(connection, "typologies_through") == days[-1] + timedelta(days=1)
            assert number or tables(connection) != at_once
        step_by_step = tables(connection)
    for name in TABLES:
        assert step_by_step[name] == at_once[name], name
