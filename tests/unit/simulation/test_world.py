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
from flow_pipeline.simulation.world import World, generate, write, write_districts
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


def read(folder: Path) -> dict[str, object]:
    """What was planted in a written world."""
    names = ("netflow_anomalies", "typologies", "flows", "deposits")
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names}


def test_one_district_is_the_world_that_is_made_at_once(world: World, tmp_path: Path) -> None:
    write(world, tmp_path / "at once")
    files = write_districts(1_000, 1, 7, tmp_path / "by districts", 21, FIRST)
    assert [path.name for path in files[:2]] == ["transfers-2025-03.parquet", "labels.csv"]
    assert pq.read_table(files[0]).equals(world.transfers)
    assert read(tmp_path / "by districts") == read(tmp_path / "at once")
    assert files[1].read_text() == (tmp_path / "at once" / "labels.csv").read_text()


def test_districts_share_services_and_days_and_nothing_else(tmp_path: Path) -> None:
    files = write_districts(9_000, 3, 7, tmp_path / "world", 40, FIRST)
    assert [path.name for path in files[:3]] == ["transfers-2025-03.parquet", "transfers-2025-04.parquet", "labels.csv"]
    rows = pd.concat([pq.read_table(path).to_pandas() for path in files[:2]], ignore_index=True)
    days = rows["block_timestamp"].dt.date
    assert days.is_monotonic_increasing
    assert days.nunique() == 40
    labels = pd.read_csv(files[2], keep_default_na=False)
    assert labels["address"].is_unique
    assert (labels["category"].isin(["exchange", "bridge", "mixer", "dex"])).sum() == 15
    assert labels.loc[labels["category"] == "whale", "entity"].is_unique
    # Without its services the world falls apart into people who never pay those of another district.
    services = set(labels.loc[labels["category"].isin(["exchange", "bridge", "mixer", "dex"]), "address"])
    of: dict[str, str] = {}

    def root(address: str) -> str:
        while of.setdefault(address, address) != address:
            address = of[address]
        return address

    for sender, receiver in zip(rows["from_address"], rows["to_address"], strict=True):
        if sender not in services and receiver not in services:
            of[root(sender)] = root(receiver)
    sizes = Counter(root(address) for address in of)
    assert max(sizes.values()) < len(of) / 3


def test_what_is_planted_in_a_district_is_told_against_all_of_them(tmp_path: Path) -> None:
    files = write_districts(9_000, 3, 7, tmp_path, 40, FIRST)
    rows = pd.concat([pq.read_table(path).to_pandas() for path in files[:2]], ignore_index=True)
    planted = read(tmp_path)
    keys = set(zip(rows["tx_hash"], rows["transfer_index"], strict=True))
    events = planted["typologies"]
    assert isinstance(events, list)
    assert all(tuple(key) in keys for event in events for key in event["transfers"])
    most = max(event["strength_rank"] for event in events if event["typology"] == "circular")
    assert 6 < most <= 3 * 9  # six in each district, and three near misses that are told and do not count
    hot = pd.read_csv(files[2]).query("category == 'exchange'").set_index("address")["entity"]
    rows["day"], rows["amount"] = rows["block_timestamp"].dt.date.astype(str), rows["amount"].astype(float)
    events = planted["netflow_anomalies"]
    assert isinstance(events, list)
    for event in events:
        of_token = rows[rows["token_symbol"] == event["token_symbol"]]
        to = of_token["to_address"].map(hot) == event["scope"]
        by = of_token["from_address"].map(hot) == event["scope"]
        net = (of_token["amount"] * (to.astype(int) - by.astype(int))).groupby(of_token["day"]).sum().abs()
        assert net.idxmax() == event["block_date"]
        assert net.max() > 5 * net.drop(event["block_date"]).max()
