"""Worlds of transfers: the same seed gives the same world, and what is planted is in it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import load, transform
from flow_pipeline.settings import load_settings
from flow_pipeline.simulation.ordinary import ALL_TOKENS, SPOOF, Ordinary
from flow_pipeline.simulation.typologies import LARGE, PATTERNS, Planter
from flow_pipeline.simulation.world import World, generate, write
from tests.conftest import ask

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
    assert all(row["from_address"] != row["to_address"] and row["amount"] >= 0 for row in rows)
    times = world.transfers["block_timestamp"].to_pylist()
    assert times == sorted(times)
    assert 0 <= (times[0].date() - FIRST).days <= (times[-1].date() - FIRST).days < 21


def test_sums_of_a_world_with_many_large_patterns_stay_within_a_supply() -> None:
    ordinary = Ordinary(np.ones(4), np.arange(1.0, 1_001.0))
    planter = Planter(np.random.default_rng(1), 90, 0, np.zeros((1, 1), np.int64), 0, 0, ordinary, (0, 10))
    planter.turn_to("circular", LARGE, 40, 41)
    assert ordinary.amount(0, planter.above) < 1e12


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


def test_a_third_of_what_is_planted_is_small_and_a_third_stands_out(world: World) -> None:
    for name in PATTERNS:
        planted = [event for event in world.typologies if (event["typology"], event["kind"]) == (name, "planted")]
        sizes = [event["size"] for event in planted]
        assert sizes.count("small") == sizes.count("usual") == sizes.count("large") == len(sizes) / 3
        assert all(event["strength_rank"] >= 1 for event in planted)  # type: ignore[operator]
        expected = {size: [float(str(e["expected_per_10000"])) for e in planted if e["size"] == size] for size in sizes}
        if name != "structuring":  # its sums are what they are; a large one has more of them
            assert min(expected["small"]) > max(expected["large"]), name


@pytest.fixture(scope="module")
def background_only() -> World:
    return generate(20_000, 1, 60, FIRST)


def test_people_pay_and_are_paid_and_hand_on_within_the_hour(background_only: World) -> None:
    """The rates that a sterile world had not: docs/world.md has them beside those of real traffic."""
    rows = background_only.transfers.to_pandas()
    senders, receivers = set(rows["from_address"]), set(rows["to_address"])
    assert 0.35 < len(senders & receivers) / len(senders | receivers) < 0.65
    rows = rows[rows["amount"] > 0].sort_values("block_timestamp", kind="stable")
    second = rows["block_timestamp"].astype("int64").to_numpy() // 1_000_000
    paid = rows.assign(second=second)[["from_address", "token_symbol", "second"]]
    later = pd.merge_asof(
        rows.assign(second=second)[["to_address", "token_symbol", "second"]],
        paid.assign(next_payment=paid["second"]).rename(columns={"from_address": "to_address"}),
        on="second", by=["to_address", "token_symbol"], direction="forward", allow_exact_matches=False,
    )  # fmt: skip
    assert 0.2 < (later["next_payment"] - later["second"] <= 3_600).mean() < 0.5


def test_an_address_that_imitates_shows_the_digits_that_wallets_show(world: World) -> None:
    rows = world.transfers.to_pylist()
    counts = Counter(end for row in rows for end in (row["from_address"], row["to_address"]))
    ends = defaultdict(set)
    for address in counts:
        ends[address[:6], address[-4:]].add(address)
    alike = [group for group in ends.values() if len(group) > 1]
    assert len(alike) >= 10
    zero, tiny = ({row["to_address"] for row in rows if row["amount"] == 0}, set())
    tiny |= {row["from_address"] for row in rows if 0 < row["amount"] <= Decimal("0.00001")}
    for group in alike:
        assert any(address in zero | tiny or counts[address] == 1 for address in group)


def test_a_token_that_calls_itself_usdt_is_told_from_it(world: World, tmp_path: Path) -> None:
    write(world, tmp_path / "world")
    settings = load_settings(tmp_path / "data")
    load(settings, tmp_path / "world" / "transfers", Window(), LoadOptions())
    transform(settings, Window())
    fakes = ask(settings, "SELECT token_address FROM marts.dim_tokens WHERE spoof_suspected", is_build=True)
    assert fakes == [(ALL_TOKENS[SPOOF][1],)]


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
