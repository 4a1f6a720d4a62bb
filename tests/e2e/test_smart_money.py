"""Smart money through the whole pipeline: planted archetypes, features as counted, day by day, and what is missing."""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.cli import main
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.reports.truth import score_wallets
from flow_pipeline.settings import Settings
from flow_pipeline.simulation.wallets import generate_wallets, write_wallets
from flow_pipeline.wallets.features import WINDOWS
from tests.conftest import TX_HEADER, ask, build, hashes
from tests.worlds import world_settings


@pytest.fixture(scope="module", params=[1, 2])
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Settings]:
    world = tmp_path_factory.mktemp("wallets")
    write_wallets(generate_wallets(1, request.param), world)
    settings = world_settings(world, tmp_path_factory.mktemp("data"))
    build(settings, world / "transfers")
    return world, settings


def test_archetypes_are_seen_as_what_they_are(planted: tuple[Path, Settings]) -> None:
    world, settings = planted
    seen = dict(ask(settings, "SELECT wallet, category FROM detection.smart_money_wallets"))
    truth = json.loads((world / "wallets.json").read_text())
    assert (
        sum(
            seen.get(row["address"], row["category"] if row["category"] == "retail" else None) == row["category"]
            for row in truth
        )
        / len(truth)
        >= 0.95
    )
    scores = {row["typology"]: row for row in score_wallets(settings, world / "wallets.json", world / "mev.json")}
    for kind in ("sandwich", "arbitrage", "liquidation"):
        assert scores[kind]["planted"] > 100
        assert min(scores[kind]["precision"], scores[kind]["recall"]) >= 0.98, scores[kind]


def of_archetype(planted: tuple[Path, Settings], name: str) -> list[dict[str, Any]]:
    world, settings = planted
    addresses = [row["address"] for row in json.loads((world / "wallets.json").read_text()) if row["archetype"] == name]
    columns = ("formula_score", "is_smart", "realised_usd", "score_low", "score_high", "round_trip_share", "confidence")
    listed = ", ".join(f"'{address}'" for address in addresses)
    return [
        dict(zip(columns, row, strict=True))
        for row in ask(
            settings, f"SELECT {', '.join(columns)} FROM detection.smart_money_wallets WHERE wallet IN ({listed})"
        )
    ]


def test_wash_traders_make_no_profit_and_no_score(planted: tuple[Path, Settings]) -> None:
    wallets = of_archetype(planted, "wash_trader")
    assert len(wallets) == 10
    for wallet in wallets:
        assert wallet["formula_score"] < 0.05
        assert not wallet["is_smart"]
        assert (wallet["realised_usd"] or 0) <= 0


def test_luck_is_less_sure_than_skill(planted: tuple[Path, Settings]) -> None:
    skilled, lucky = of_archetype(planted, "skilled_trader"), of_archetype(planted, "lucky_trader")
    assert all(wallet["realised_usd"] > 0 for wallet in lucky)
    assert min(w["score_high"] - w["score_low"] for w in lucky) > max(w["score_high"] - w["score_low"] for w in skilled)
    assert max(w["confidence"] for w in lucky) < min(w["confidence"] for w in skilled)


def test_bots_that_gain_are_listed_and_busy_wallets_are_not(planted: tuple[Path, Settings]) -> None:
    assert all(
        wallet["is_smart"] for name in ("sandwich_bot", "arbitrage_bot") for wallet in of_archetype(planted, name)
    )
    assert not any(
        wallet["is_smart"] for name in ("institution", "whale", "retail") for wallet in of_archetype(planted, name)
    )
    skilled, unskilled = (
        sum(wallet["realised_usd"] or 0 for wallet in of_archetype(planted, name))
        for name in ("skilled_trader", "unskilled_trader")
    )
    assert skilled > 2 * unskilled


def test_features_as_counted_by_hand(planted: tuple[Path, Settings]) -> None:
    """Counts, values, gas and round trips of every wallet on its last day, from the files alone."""
    world, settings = planted
    import pyarrow.parquet as pq

    with (world / "transfers" / "transactions.csv").open() as handle:
        transactions = list(csv.DictReader(handle))
    transfers = sorted(
        pq.read_table(world / "transfers" / "transfers.parquet").to_pylist(),
        key=lambda row: (row["block_timestamp"], row["block_number"], row["transfer_index"]),
    )
    prices: dict[str, list[float]] = defaultdict(list)
    for tx in transactions:
        prices[tx["block_number"]].append(float(tx["gas_price"]))
    first: dict[str, int] = {}
    acts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for tx in transactions:
        day = int(tx["block_timestamp"]) // 86_400
        acts[tx["from_address"]].append(
            {
                "day": day,
                "ok": tx["receipt_status"] == "1",
                "called": tx["to_address"],
                "gas": float(tx["gas_price"]),
                "block": tx["block_number"],
            }
        )
        first[tx["from_address"]] = min(day, first.get(tx["from_address"], day))
    paid: dict[str, list[tuple[int, str, float | None]]] = defaultdict(list)
    back: dict[str, list[int]] = defaultdict(list)
    last_move: dict[tuple[str, str], tuple[bool, float, float]] = {}
    for row in transfers:
        at = (
            row["block_timestamp"].timestamp()
            if row["block_timestamp"].tzinfo
            else (row["block_timestamp"] - __import__("datetime").datetime(1970, 1, 1)).total_seconds()
        )
        amount, day = float(row["amount"]), int(at // 86_400)
        sender, receiver = row["from_address"], row["to_address"]
        paid[sender].append((day, receiver, amount if row["token_symbol"] == "USDC" else None))
        before = last_move.get((receiver, row["token_address"]))
        if before and before[0] and 0.95 * before[1] <= amount <= before[1] and at - before[2] <= 86_400:
            back[receiver].append(day)
        last_move[(receiver, row["token_address"])] = (False, amount, at)
        last_move[(sender, row["token_address"])] = (True, amount, at)
    rows = ask(
        settings,
        "SELECT wallet, window_days, block_date - DATE '1970-01-01', tx_count, active_days, recipient_count, "
        "contract_count, success_rate, sent_count, volume_usd, round_trip_share, gas_efficiency, "
        "tx_per_day FROM marts.fct_wallet_features QUALIFY block_date = max(block_date) OVER (PARTITION BY wallet)",
    )  # fmt: skip
    assert len(rows) == len(WINDOWS) * len({row[0] for row in rows})
    checked = 0
    for who, days, last, *told in rows:
        inside = [act for act in acts[who] if last - days < act["day"] <= last]
        sent = [item for item in paid[who] if last - days < item[0] <= last and item[0] >= first.get(who, 0)]
        if who not in first:
            continue
        called = {act["called"] for act in inside}
        usd = [value for _, _, value in sent if value is not None]
        saved = []
        for act in inside:
            block = sorted(prices[act["block"]])
            if len(block) >= 5:
                middle = (block[(len(block) - 1) // 2] + block[len(block) // 2]) / 2
                saved.append(min(1.0, middle / act["gas"]))
        returned = sum(last - days < day <= last for day in back[who] if day >= first[who])
        expected = [
            len(inside), len({act["day"] for act in inside} | {item[0] for item in sent}),
            len(called | {item[1] for item in sent}), len(called),
            sum(act["ok"] for act in inside) / len(inside) if inside else None, len(sent), sum(usd) if usd else None,
            min(returned / len(sent), 1) if sent else None,
            sum(saved) / len(saved) if saved else None, len(inside) / min(days, last - first[who] + 1),
        ]  # fmt: skip
        for got, wanted in zip(told, expected, strict=True):
            assert got == wanted or math.isclose(float(got), float(wanted), rel_tol=1e-4), (who, days, told, expected)
        checked += 1
    assert checked > 1_000


@pytest.mark.slow
def test_day_by_day_as_all_at_once(tmp_path: Path) -> None:
    world = tmp_path / "world"
    write_wallets(generate_wallets(1, 3, days=36), world)
    whole = world_settings(world, tmp_path / "whole")
    build(whole, world / "transfers")
    apart = world_settings(world, tmp_path / "apart")
    with (world / "transfers" / "transactions.csv").open() as handle:
        transactions = list(csv.DictReader(handle))
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(world / "transfers" / "transfers.parquet")
    start = min(int(row["block_timestamp"]) for row in transactions) // 86_400 * 86_400
    for number, (a, b) in enumerate(((0, 20), (20, 35), (35, 36))):
        part = tmp_path / f"part{number}"
        part.mkdir()
        seconds = pc.divide(pc.cast(pc.cast(table["block_timestamp"], "timestamp[us]"), "int64"), 1_000_000)
        inside = pc.and_(pc.greater_equal(seconds, start + a * 86_400), pc.less(seconds, start + b * 86_400))
        pq.write_table(table.filter(inside), part / "transfers.parquet")
        with (part / "transactions.csv").open("w", newline="") as handle:
            writer = csv.DictWriter(handle, list(transactions[0]))
            writer.writeheader()
            writer.writerows(
                row for row in transactions if start + a * 86_400 <= int(row["block_timestamp"]) < start + b * 86_400
            )
        build(apart, part)
    for relation in (
        "store.wallet_features",
        "detection.smart_money_wallets",
        "detection.smart_money_history",
        "detection.mev_events",
        "marts.fct_wallet_trades",
    ):
        names = ", ".join(
            f"a.{row[0]}"
            if relation != "store.wallet_features" or row[0] != "address_id"
            else "(SELECT address FROM store.addresses d WHERE d.address_id = a.address_id) AS address"
            for row in ask(whole, f"DESCRIBE {relation}")
        )
        one, other = (
            sorted(map(str, ask(settings, f"SELECT {names} FROM {relation} a"))) for settings in (whole, apart)
        )
        assert len(one) == len(other), relation
        assert one == other, (relation, next((a, b) for a, b in zip(one, other, strict=True) if a != b))
    assert hashes(whole)["detection.smart_money_wallets"] == hashes(apart)["detection.smart_money_wallets"]


def command(settings: Settings, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, str]:
    with pytest.raises(SystemExit):
        main(["--data-dir", str(settings.data_dir), *words])
    told = capsys.readouterr()
    return json.loads(told.out), told.err


def test_the_questions_are_answered(planted: tuple[Path, Settings], capsys: pytest.CaptureFixture[str]) -> None:
    _, settings = planted
    best, _ = command(settings, capsys, "smart-money", "--top", "3", "--category", "mev_bot")
    assert [row["category"] for row in best] == ["mev_bot"] * 3
    assert [row["score"] for row in best] == sorted((row["score"] for row in best), reverse=True)
    page, _ = command(settings, capsys, "wallet", best[0]["wallet"])
    assert page["smart_money"][0]["category"] == "mev_bot"
    assert [row["window_days"] for row in page["features"]] == list(WINDOWS)
    assert page["mev"]
    with pytest.raises(UsageError, match="there is no category whales"):
        main(["--data-dir", str(settings.data_dir), "--debug", "smart-money", "--category", "whales"])


def test_new_wallets_and_unusual_days_are_alerts(planted: tuple[Path, Settings]) -> None:
    _, settings = planted
    listed = ask(settings, "SELECT count(*) FROM detection.smart_money_wallets WHERE is_smart")[0][0]
    assert ask(settings, "SELECT count(*) FROM ops.alerts WHERE rule = 'smart_money'")[0][0] == listed > 0
    unusual = ask(settings, "SELECT count(*) FROM detection.smart_money_history WHERE abs(activity_zscore) >= 4")[0][0]
    assert ask(settings, "SELECT count(*) FROM ops.alerts WHERE rule = 'unusual_activity'")[0][0] == unusual


def test_a_category_that_changes_is_told_as_changed(tmp_path: Path) -> None:
    world = tmp_path / "world"
    write_wallets(generate_wallets(1, 5, days=35), world)
    settings = world_settings(world, tmp_path / "data")
    build(settings, world / "transfers")
    bots = ask(
        settings, "SELECT wallet FROM detection.smart_money_wallets WHERE is_smart AND category = 'mev_bot' ORDER BY 1"
    )
    assert bots
    build(settings.with_changes(smart_money={"mev_transactions": 100_000}), world / "transfers")
    told = ask(
        settings,
        "SELECT topic, change, content FROM ops.alerts WHERE rule = 'smart_money' AND change = 'changed' ORDER BY 1",
    )
    assert [(wallet,) for wallet, _, _ in told] == bots
    assert all(json.loads(content)["category"] != "mev_bot" for _, _, content in told)


def test_without_prices_nothing_is_claimed_and_the_reason_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = tmp_path / "world"
    write_wallets(generate_wallets(1, 1, days=35), world)
    settings = world_settings(world, tmp_path / "data", with_prices=False)
    build(settings, world / "transfers")
    assert ask(
        settings,
        "SELECT count(*), max(volume_usd), max(realised_usd), count(*) FILTER (WHERE is_smart) "
        "FROM detection.smart_money_wallets",
    )[0][1:] == (
        None,
        None,
        0,
    )
    rows, said = command(settings, capsys, "smart-money")
    assert rows == []
    assert "nothing has a price" in said


def test_a_wallet_with_one_transaction_is_scored(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = [
        "0x" + "1" * 64,
        0,
        1,
        0,
        "0x" + "a" * 40,
        "0x" + "b" * 40,
        10**18,
        21_000,
        10**9,
        "0x",
        1_746_100_000,
        21_000,
        1,
    ]
    folder = tmp_path / "in"
    folder.mkdir()
    with (folder / "transactions.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([TX_HEADER, row])
    build(settings, folder)
    rows, _ = command(settings, capsys, "smart-money", "--all")
    assert [(row["category"], row["is_smart"], row["tx_count"]) for row in rows] == [("retail", False, 1)]
    page, _ = command(settings, capsys, "wallet", "0x" + "a" * 40)
    assert page["features"][0]["success_rate"] == 1.0
