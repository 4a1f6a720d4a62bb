"""The worked fixture: B1, B2 of exchange B, K1 of K, and a user u; sign, internal, cross-exchange, self, day border."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from flow_pipeline.settings import Settings
from tests.conftest import U, ask, build, label_file, transfer, write_csv

B1, B2, K1 = ("0x" + digit * 40 for digit in "bcd")
ZERO = "0x" + "0" * 40
DAY, NEXT = "2025-05-01", "2025-05-02"
ROWS = [
    transfer(1, U, B1, 100),
    transfer(2, B1, U, 30),
    transfer(3, B1, B2, 50),
    transfer(4, B2, K1, 20),
    transfer(5, B1, B1, 5),
    transfer(6, U, K1, 7, at=f"{DAY}T23:59:59Z"),
    transfer(7, U, K1, 8, at=f"{NEXT}T00:00:00Z"),
]


@pytest.fixture
def world(settings: Settings, tmp_path: Path) -> Settings:
    write_csv(tmp_path / "in" / "t.csv", ROWS)
    labels = label_file(
        tmp_path / "labels.csv",
        [
            ["ethereum", B1, "B", "exchange", "B1", 0.9, "test", "", "US"],
            ["ethereum", B2, "b", "exchange", "B2", 0.8, "test", "", "US"],
            ["ethereum", K1, "K", "exchange", "K1", 0.9, "test", "", "ID"],
        ],
    )
    return settings.with_changes(labels={"files": (labels,)})


def test_netflow_of_exchanges_total_and_wallets(world: Settings, tmp_path: Path) -> None:
    build(world, tmp_path / "in")
    rows = ask(
        world,
        "SELECT block_date::VARCHAR, exchange, inflow, outflow, netflow, internal, cross_in, cross_out, inflow_count "
        "FROM marts.fct_daily_exchange_netflow ORDER BY ALL",
    )
    assert rows == [
        (DAY, "B", 100, 50, 50, 50, 0, 20, 1),
        (DAY, "K", 27, 0, 27, 0, 20, 0, 2),
        (NEXT, "B", 0, 0, 0, 0, 0, 0, 0),
        (NEXT, "K", 8, 0, 8, 0, 0, 0, 1),
    ]
    assert ask(
        world, "SELECT block_date::VARCHAR, netflow, cross_exchange, internal FROM marts.fct_daily_netflow ORDER BY 1"
    ) == [
        (DAY, 77, 20, 50),
        (NEXT, 8, 0, 0),
    ]
    wallets = ask(
        world,
        f"SELECT wallet, inflow, outflow, netflow FROM marts.fct_daily_wallet_netflow WHERE block_date = '{DAY}' "
        "ORDER BY 1",
    )
    assert wallets == [(B1, 100, 80, 20), (B2, 50, 20, 30), (K1, 27, 0, 27)]


def test_flow_types_and_the_spelling_of_an_entity(world: Settings, tmp_path: Path) -> None:
    write_csv(
        tmp_path / "in" / "more.csv",
        [
            transfer(8, ZERO, U, 1),
            transfer(9, U, ZERO, 1),
            transfer(10, U, "0x" + "9" * 40, 1),
            transfer(11, ZERO, K1, 1),
        ],
    )
    build(world, tmp_path / "in")
    kinds = dict(ask(world, "SELECT tx_hash, flow_type FROM marts.fct_transfers"))  # type: ignore[arg-type]
    assert [kinds[f"0x{n:064x}"] for n in range(1, 12)] == [
        "inflow", "outflow", "internal", "cross_exchange", "self", "inflow", "inflow", "mint", "burn", "external",
        "inflow"
    ]  # fmt: skip
    assert ask(world, f"SELECT DISTINCT from_entity FROM marts.fct_transfers WHERE from_address = '{B2}'") == [("B",)]


def test_regions_outflow_and_destinations(world: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "more.csv", [transfer(20, K1, B1, 3), transfer(21, K1, U, 4), transfer(22, K1, U, 0)])
    build(world, tmp_path / "in")
    out = ask(
        world,
        "SELECT origin_category, destination_class, destination_entity, amount, transfer_count, sender_count "
        "FROM marts.fct_daily_outflow ORDER BY 2",
    )
    assert out == [("exchange", "foreign_cex", "B", 3, 1, 1), ("exchange", "unlabelled", None, 4, 1, 1)]
    regions = ask(
        world,
        f"SELECT from_region, to_region, amount FROM marts.fct_daily_region_flow WHERE block_date = '{DAY}' "
        "ORDER BY ALL",
    )
    assert regions == [
        ("ID", "UNKNOWN", 4),
        ("ID", "US", 3),
        ("UNKNOWN", "ID", 7),
        ("UNKNOWN", "US", 100),
        ("US", "ID", 20),
        ("US", "UNKNOWN", 30),
        ("US", "US", 50),
    ]
    top = ask(
        world,
        "SELECT to_address, amount, transfer_count, rank_by_amount FROM marts.top_destinations WHERE window_days = 0 "
        "ORDER BY rank_by_amount LIMIT 2",
    )
    assert top == [(B1, 103, 2, 1), (B2, 50, 1, 2)]
    shares = ask(world, "SELECT block_date, round(sum(amount_share), 9) FROM marts.fct_daily_destinations GROUP BY 1")
    assert {row[1] for row in shares} == {1.0}


def test_labels_hold_in_their_time_and_conflicts_are_kept(settings: Settings, tmp_path: Path) -> None:
    write_csv(
        tmp_path / "in" / "t.csv",
        [transfer(1, U, B1, 1, at="2025-04-30T23:59:59Z"), transfer(2, U, B1, 2, at=f"{DAY}T00:00:00Z")],
    )
    rows = [
        ["ethereum", B1, "Late", "exchange", "late", 0.9, "one", DAY, ""],
        ["ethereum", B1, "Always", "bridge", "always", 0.4, "two", "", ""],
    ]
    changed = settings.with_changes(labels={"files": (label_file(tmp_path / "labels.csv", rows),)})
    build(changed, tmp_path / "in")
    assert ask(changed, "SELECT amount, to_entity, flow_type FROM marts.fct_transfers ORDER BY 1") == [
        (1, "Always", "external"),
        (2, "Late", "inflow"),
    ]
    assert ask(changed, f"SELECT entity, source FROM marts.dim_address_labels WHERE address = '{B1}' ORDER BY 1") == [
        ("Always", "two"),
        ("Late", "one"),
    ]
    assert ask(changed, f"SELECT has_label_conflict FROM marts.dim_addresses WHERE address = '{B1}'") == [(True,)]


def test_prices_fill_dollars_and_their_absence_leaves_null(world: Settings, tmp_path: Path) -> None:
    build(world, tmp_path / "in")
    assert ask(world, "SELECT count(amount_usd) FROM marts.fct_transfers") == [(0,)]
    assert ask(world, "SELECT count(netflow_usd) FROM marts.fct_daily_netflow") == [(0,)]
    prices = write_csv(tmp_path / "prices.csv", [["eth", DAY, 2000.5]], ["token", "date", "usd"])
    priced = world.with_changes(sources={"prices": prices})
    build(priced, tmp_path / "in")
    assert ask(priced, "SELECT block_date::VARCHAR, netflow_usd FROM marts.fct_daily_netflow ORDER BY 1") == [
        (DAY, Decimal("154038.5")),
        (NEXT, None),
    ]


def test_scanned_wallets_are_domestic_and_unknown_amounts_stay_unknown(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    line = (
        '{"wallet":"%s","score":0.5,"category":"local",'
        '"txs":[{"from":"%s","to":"%s","token_symbol":"ETH","timestamp":"1746057600"}]}\n'
    )
    (tmp_path / "in" / "n.jsonl").write_text(line % (U, U, "0x28C6c06298d514Db089934071355E5743bf21d60"))
    build(settings, tmp_path / "in")
    rows = ask(
        settings,
        "SELECT origin_category, destination_class, destination_entity, amount, transfer_count, unknown_amount_count "
        "FROM marts.fct_daily_outflow",
    )
    assert rows == [("local", "foreign_cex", "Binance", None, 1, 1)]


def test_a_token_beyond_the_decimal_range_is_unknown_not_fatal(settings: Settings, tmp_path: Path) -> None:
    spam = [transfer(n, U, B1, "900000000000000000.5", symbol="SPAM") for n in range(200)]
    write_csv(tmp_path / "in" / "t.csv", [*spam, transfer(999, U, B1, 1)])
    result = build(settings, tmp_path / "in")
    assert [v.expectation.name for v in result.verdicts if not v.is_success] == ["tokens_are_summable"]
    assert ask(settings, "SELECT token_symbol FROM marts.dim_tokens WHERE NOT is_summable") == [("SPAM",)]
    assert ask(settings, "SELECT token_symbol, amount, transfer_count FROM marts.fct_daily_region_flow ORDER BY 1") == [
        ("ETH", 1, 1),
        ("SPAM", 0, 200),
    ]
