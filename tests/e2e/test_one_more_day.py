"""New days are added to what was detected before, exactly as if all had been searched at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flow_pipeline.detection.address_clusters import find_address_clusters
from flow_pipeline.detection.entity_clusters import run_entity_clusters
from flow_pipeline.detection.findings import run_typologies, search_here
from flow_pipeline.detection.flows import run_flows
from flow_pipeline.detection.graph import number_tokens
from flow_pipeline.detection.measures import Count, measure
from flow_pipeline.detection.past import pasts_of
from flow_pipeline.detection.search import joined, search
from flow_pipeline.detection.stretches import Stretch, plan
from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.content import KEPT, content_hashes, wrong_hashes
from flow_pipeline.warehouse.days import adds_few, first_new_day, remember_days
from flow_pipeline.warehouse.store import Connection, engine_memory, get_state, open_build
from tests.conftest import build, transfer, write_csv

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
TABLES = (
    "detection.findings",
    "detection.finding_transfers",
    "detection.finding_addresses",
    "detection.address_clusters",
    "marts.fct_daily_wallet_roles",
    "marts.fct_entity_clusters",
    "detection.group_flows",
    "detection.group_flow_transfers",
    "detection.group_flow_summaries",
    "ops.detections",
)


def detect(connection: Connection, settings: Settings, days: list[date]) -> None:
    """What a run does after these days changed."""
    connection.execute("DELETE FROM store.dirty_days")
    connection.executemany("INSERT INTO store.dirty_days VALUES (?)", [[day] for day in days])
    run_typologies(connection, settings)
    find_address_clusters(connection, settings.clusters)
    run_entity_clusters(connection, settings.clusters)
    run_flows(connection, settings)


def tables(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """What detection holds, in one order."""
    return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in TABLES}


def lasting(folder: Path) -> Path:
    """Patterns whose overlapping windows run on for weeks, in ETH and USDT, and a label file with a mixer."""
    rows, count = [], 0

    def pay(day: int, hour: float, sender: str, receiver: str, amount: float, symbol: str = "ETH") -> None:
        nonlocal count
        count += 1
        at = datetime(2025, 3, 1, tzinfo=UTC) + timedelta(days=day, hours=hour)
        rows.append(
            transfer(count, named(sender), named(receiver), amount, at.strftime("%Y-%m-%dT%H:%M:%SZ"), symbol=symbol)
        )

    for day in range(30):
        for n in range(6):
            pay(day, n, f"payer{n}", "till", 20 + n / 10)
            pay(day, 6 + n, "treasury", f"payee{n}", 20 + n / 10)
            pay(day, 3 * n, "smurf", f"drop{n}", 9_000 + n, "USDT")
        for n in range(3):
            pay(day, 1 + n, "source", f"hand{n}", 6)
            pay(day, 12 + n, f"hand{n}", "target", 5.9)
        pay(day, 13, "origin", "left", 10)
        pay(day, 13.5, "origin", "right", 10)
        pay(day, 14, "left", "mixer", 9.9)
        pay(day, 15, "right", "mixer", 9.8)
        if day % 8 == 0:
            pay(day, 20, "shop", "pipe", 7 + day)
            pay(day, 20.5, "pipe", "bank", 7 + day)
        if day % 5 == 0:
            pay(day, 21, f"chain{day // 5}", f"chain{day // 5 + 1}", 40 - day / 10)
            pay(day, 22, f"chain{day // 5}", f"slice{day}", 1)
    write_csv(folder / "transfers" / "lasting.csv", rows)
    header = ["chain", "address", "entity", "category", "label", "confidence", "source", "valid_from"]
    write_csv(folder / "labels.csv", [["ethereum", named("mixer"), "Mixer", "mixer", "mixer", 1.0, "made", ""]], header)
    return folder


def named(name: str) -> str:
    """An address for a name."""
    return "0x" + hashlib.sha256(name.encode()).hexdigest()[:40]


LONGER = {"layered": {"min_hops": 3}, "peeling_chain": {"min_hops": 2}, "pass_through": {"min_passes": 1}}


@pytest.mark.parametrize(
    ("world", "changes", "parts"),
    [("lasting", {"hub_degree": 12}, 24), ("sample", LONGER, 7), ("lasting", LONGER, 3)],
)
def test_days_in_stretches_and_one_by_one_give_what_all_at_once_gives(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    world: str,
    changes: dict[str, object],
    parts: int,
) -> None:
    folder = SAMPLE if world == "sample" else lasting(tmp_path / "made")
    prices = {"prices": (str(SAMPLE / "prices.csv"),)}
    settings = settings.with_changes(typologies=changes, labels={"files": (folder / "labels.csv",)}, sources=prices)
    build(settings, folder / "transfers", Window(), LoadOptions())
    with open_build(settings) as connection:
        everything = [
            day
            for (day,) in connection.execute("SELECT DISTINCT block_date FROM store.transfers ORDER BY 1").fetchall()
        ]
        detect(connection, settings, everything)
        at_once = tables(connection)
        if world == "lasting":
            found = {
                name for (name,) in connection.execute("SELECT DISTINCT typology FROM detection.findings").fetchall()
            }
            assert found >= {
                "fan_in",
                "fan_out",
                "structuring",
                "scatter_gather",
                "mixer_funnel",
                "pass_through",
                "layered",
            }
        connection.execute("CREATE TEMP TABLE later AS FROM store.transfers")
        connection.execute("DELETE FROM store.transfers")
        steps = [everything[:-7], everything[-7:-4], *([day] for day in everything[-4:])]
        for number, days in enumerate(steps):
            connection.execute(
                "INSERT INTO store.transfers FROM later WHERE block_date BETWEEN ? AND ?", [days[0], days[-1]]
            )
            detect(connection, settings, days)
            assert number or tables(connection) != at_once
            if number == 0:
                content_hashes(connection)  # from here on kept by those who write
            assert all(get_state(connection, f"content_of_{name}") for name in KEPT), days
            assert wrong_hashes(connection) == [], days
        step_by_step = tables(connection)
        for name in TABLES:
            assert step_by_step[name] == at_once[name], name
        monkeypatch.setattr("flow_pipeline.detection.measures._DESCRIBED_AT_ONCE", 97)
        monkeypatch.setattr("flow_pipeline.detection.findings._WRITTEN_AT_ONCE", 97)
        for searcher in (search_here, search_apart):
            connection.execute("DELETE FROM store.state WHERE key = 'typologies_through'")
            run_typologies(connection, cut(connection, settings, parts), searcher)
            in_stretches = tables(connection)
            for name in TABLES:
                assert in_stretches[name] == at_once[name], (searcher, name)


def search_apart(
    connection: Connection, stretches: list[list[Stretch]], settings: Settings
) -> Iterator[dict[str, Count]]:
    """The last stretch first, and none knows what was found in another: as workers beside one another."""
    common = settings.typologies
    parameters = {name: parameters_of(name, common) for name in typologies()}
    found = [
        [search(connection, stretch, parameters, pasts_of(common), common, knows_before=False) for stretch in groups]
        for groups in reversed(stretches)
    ]
    for groups, parts in zip(stretches, reversed(found), strict=True):
        yield measure(connection, joined(parts), groups[0], settings, knows_before=False)


def cut(connection: Connection, settings: Settings, parts: int) -> Settings:
    """Settings under which so many stretches are searched, or as many as one day of one token allows."""
    row = connection.execute("SELECT count(*) FROM store.transfers WHERE is_edge").fetchone()
    most = row[0] // parts if row else 0
    number_tokens(connection)
    while True:
        each = engine_memory(settings.warehouse) // 2 // most
        part = settings.with_changes(warehouse={"bytes_per_transfer": each, "bytes_per_finding": 4 * each})
        try:
            stretches = plan(connection, None, pasts_of(settings.typologies).values(), part)
        except FlowError:
            most += 1 + most // 8
            continue
        assert len(stretches) > 2
        # days and those that they look back on do not fit at once
        assert any(stretch.tokens for stretch in stretches)
        return part


def test_only_days_after_all_others_are_new(settings: Settings) -> None:
    day = date(2025, 3, 2)
    with open_build(settings) as connection:
        connection.execute("INSERT INTO store.transfers (block_date) VALUES (?)", [day])
        connection.execute("INSERT INTO store.dirty_days VALUES (?)", [day + timedelta(days=1)])
        assert first_new_day(connection, "stage") is None
        remember_days(connection, "stage")
        assert first_new_day(connection, "stage") == day + timedelta(days=1)
        # it was not remembered that this look came to its end
        assert first_new_day(connection, "stage") is None
        remember_days(connection, "stage")
        connection.execute("INSERT INTO store.dirty_days VALUES (?)", [day])
        assert first_new_day(connection, "stage") is None


def test_few_new_days_are_those_after_all_that_every_stage_has_seen(settings: Settings) -> None:
    day = date(2025, 3, 2)
    with open_build(settings) as connection:
        connection.executemany("INSERT INTO store.transfers (block_date) VALUES (?)", [[day], [day]])
        for stage in ("typologies", "address_clusters"):
            connection.execute("DELETE FROM store.dirty_days")
            assert not adds_few(connection, 9)
            connection.execute("INSERT INTO store.dirty_days VALUES (?)", [day + timedelta(days=1)])
            assert not adds_few(connection, 9)
            remember_days(connection, stage)
        connection.executemany(
            "INSERT INTO store.transfers (block_date) VALUES (?)", [[day + timedelta(days=n)] for n in (1, 1, 2)]
        )
        assert [adds_few(connection, most) for most in (2, 3)] == [False, True]
        connection.execute("INSERT INTO store.dirty_days VALUES (?)", [day])
        assert not adds_few(connection, 9)
