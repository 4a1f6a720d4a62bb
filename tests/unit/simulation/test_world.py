"""Worlds of transfers: the same seed gives the same world, and what is planted is in it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.simulation.typologies import PATTERNS
from flow_pipeline.simulation.world import World, generate, write

FIRST = date(2025, 3, 1)


@pytest.fixture(scope="module")
def world() -> World:
    return generate(1_000, 7, 21, FIRST)


def test_the_same_seed_is_the_same_world_and_another_is_another(world: World) -> None:
    again, other = generate(1_000, 7, 21, FIRST), generate(1_000, 8, 21, FIRST)
    assert again == world
    assert not other.transfers.equals(world.transfers)


def test_transfers_are_unique_in_order_and_within_their_days(world: World) -> None:
    rows = world.transfers.select(["tx_hash", "transfer_index", "from_address", "to_address", "amount"]).to_pylist()
    assert len({(row["tx_hash"], row["transfer_index"]) for row in rows}) == len(rows) > 1_000
    assert all(row["from_address"] != row["to_address"] and row["amount"] > 0 for row in rows)
    times = world.transfers["block_timestamp"].to_pylist()
    assert times == sorted(times)
    assert (times[0].date() - FIRST).days >= 0


def test_planted_patterns_are_transfers_of_the_world(world: World) -> None:
    rows = world.transfers.select(
        ["tx_hash", "transfer_index", "from_address", "to_address", "token_symbol"]
    ).to_pylist()
    by_key = {(row["tx_hash"], row["transfer_index"]): row for row in rows}
    assert {str(event["typology"]) for event in world.typologies} == set(PATTERNS)
    assert {str(event["typology"]) for event in world.flows} == {"group_flow"}
    for event in [*world.typologies, *world.flows]:
        own = [by_key[tx_hash, index] for tx_hash, index in event["transfers"]]  # type: ignore[attr-defined]
        assert own, event
        assert {row["token_symbol"] for row in own} == {event["token_symbol"]}
        assert {row[end] for row in own for end in ("from_address", "to_address")} == set(event["addresses"])  # type: ignore[call-overload]


def test_every_pattern_has_near_misses_that_say_what_they_miss(world: World) -> None:
    for name in PATTERNS:
        kinds = [event["kind"] for event in world.typologies if event["typology"] == name]
        assert kinds.count("planted") >= 3
        assert kinds.count("near_miss") == 3
    assert all(event["note"] for event in world.typologies if event["kind"] != "planted")


def test_planted_days_and_deposit_addresses_are_in_the_world(world: World) -> None:
    times, receivers = world.transfers["block_timestamp"].to_pylist(), world.transfers["to_address"].to_pylist()
    days = {str(time.date()) for time in times}
    assert len(world.truth) == 5
    assert {str(row["block_date"]) for row in world.truth} <= days
    exchanges = {row["entity"] for row in world.labels if row["category"] == "exchange"}
    assert {row["scope"] for row in world.truth} | {row["entity"] for row in world.deposits} <= exchanges
    assert {row["address"] for row in world.deposits} <= set(receivers)


@pytest.mark.parametrize(("transfers", "days"), [(999, 60), (1_000, 20)])
def test_too_small_a_world_is_refused(transfers: int, days: int) -> None:
    with pytest.raises(UsageError, match="can not hold the planted events"):
        generate(transfers, 1, days)


def test_a_folder_holds_one_world(world: World, tmp_path: Path) -> None:
    write(world, tmp_path, as_csv=True)
    files = write(world, tmp_path)
    assert [path.name for path in (tmp_path / "transfers").iterdir()] == ["transfers.parquet"]
    assert all(path.is_file() for path in files)
    assert pq.read_table(files[0]).equals(world.transfers)
    assert json.loads((tmp_path / "typologies.json").read_text()) == json.loads(json.dumps(world.typologies))
