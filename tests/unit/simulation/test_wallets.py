"""Worlds of wallets that trade: the same seed gives the same world, and its truth speaks of its own transactions."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.simulation.wallets import ARCHETYPES, WalletWorld, generate_wallets, write_wallets

FIRST, DAYS = date(2025, 3, 3), 35


@pytest.fixture(scope="module")
def world() -> WalletWorld:
    return generate_wallets(1, 3, DAYS, FIRST)


def test_the_same_seed_is_the_same_world(world: WalletWorld) -> None:
    assert generate_wallets(1, 3, DAYS, FIRST) == world


def test_there_are_as_many_of_each_kind_as_asked(world: WalletWorld) -> None:
    assert Counter(row["archetype"] for row in world.wallets) == {name: n for name, (_, n) in ARCHETYPES.items()}
    assert all(row["category"] == ARCHETYPES[row["archetype"]][0] for row in world.wallets)
    assert len({row["address"] for row in world.wallets}) == len(world.wallets)


def test_the_truth_speaks_of_transactions_of_its_wallet(world: WalletWorld) -> None:
    senders = {row["hash"]: row["from_address"] for row in world.transactions}
    kind_of = {row["address"]: row["category"] for row in world.wallets}
    assert {row["kind"] for row in world.mev} >= {"sandwich", "arbitrage", "liquidation"}
    for event in world.mev:
        hashes: Any = event["tx_hashes"]
        assert hashes
        assert {senders[tx_hash] for tx_hash in hashes} == {event["wallet"]}
        assert kind_of[str(event["wallet"])] == "mev_bot"


def test_transfers_belong_to_transactions_that_did_not_fail(world: WalletWorld) -> None:
    status = {row["hash"]: row["receipt_status"] for row in world.transactions}
    assert len(status) == len(world.transactions)
    assert {status[tx_hash] for tx_hash in world.transfers["tx_hash"].to_pylist()} == {1}
    days = {time.date() for time in world.transfers["block_timestamp"].to_pylist()}
    assert min(days) >= FIRST
    assert {str(day) for day in days} <= {row["date"] for row in world.prices}


@pytest.mark.parametrize(("scale", "days"), [(0, 60), (1, 34)])
def test_too_small_a_world_is_refused(scale: int, days: int) -> None:
    with pytest.raises(UsageError, match="is too small"):
        generate_wallets(scale, 1, days)


def test_a_folder_holds_one_world(world: WalletWorld, tmp_path: Path) -> None:
    (tmp_path / "transfers").mkdir()
    (tmp_path / "transfers" / "transfers.csv").write_text("of another world")
    files = write_wallets(world, tmp_path)
    assert all(path.is_file() for path in files)
    assert {path.name for path in (tmp_path / "transfers").iterdir()} == {"transfers.parquet", "transactions.csv"}
    assert len((tmp_path / "transfers" / "transactions.csv").read_text().splitlines()) == len(world.transactions) + 1
