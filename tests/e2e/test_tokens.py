"""A token is its contract: one that calls itself like another is shown apart, has no price of it and is never added."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.reports.report import write_report
from flow_pipeline.settings import Settings
from tests.conftest import ask, build, label_file, load_only, write_csv
from tests.worlds import command

USER, VENUE = "0x" + "3" * 40, "0x" + "4" * 40
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
DAI = "0x6b175474e89094c44da98b954eedeac495271d0f"
FAKE, COPY = "0x" + "c" * 40, "0x" + "d" * 40
SHORT_FAKE = "0xcccc…cccc"
DAY = "2025-06-03"
COLUMNS = ["chain", "tx_hash", "log_index", "block_timestamp", "from", "to", "token_address", "token_symbol", "amount"]
NOT_KNOWN = f"USDC ({SHORT_FAKE}, not the known USDC)"


def row(n: int, contract: str, symbol: str, amount: object, index: object = 0, chain: str = "ethereum") -> list[object]:
    return [chain, f"0x{n:064x}", index, f"{DAY}T09:00:00Z", USER, VENUE, contract, symbol, amount]


def given(tmp_path: Path, *rows: list[object], name: str = "t.csv") -> Path:
    return write_csv(tmp_path / "in" / name, rows, COLUMNS).parent


def prices(tmp_path: Path, *lines: str) -> Path:
    (tmp_path / "prices.csv").write_text("\n".join(["token,date,usd", *lines]))
    return tmp_path / "prices.csv"


@pytest.fixture
def labelled(settings: Settings, tmp_path: Path) -> Settings:
    labels = label_file(
        tmp_path / "l.csv", [["ethereum", VENUE, "Quay", "exchange", "q", 0.9, "test", "2020-01-01", ""]]
    )
    priced = prices(tmp_path, f"USDC,{DAY},1", f"ETH,{DAY},2000", f"FOO,{DAY},3")
    return settings.with_changes(labels={"files": (labels,)}, sources={"prices": priced})


@pytest.mark.parametrize("symbol", ["USDC", "USDС"], ids=lambda text: ascii(text))
def test_a_contract_that_looks_like_a_known_token_is_none(labelled: Settings, tmp_path: Path, symbol: str) -> None:
    build(labelled, given(tmp_path, row(1, USDC, "USDC", 70), row(2, FAKE, symbol, 5_000_000)))
    assert ask(
        labelled,
        "SELECT token_address, token_symbol, is_canonical, spoof_suspected, imitates, price_token "
        "FROM marts.dim_tokens ORDER BY transfer_count, is_canonical",
    ) == [
        (FAKE, f"{symbol} ({SHORT_FAKE}, not the known USDC)", False, True, USDC, None),
        (USDC, "USDC", True, False, None, "usdc"),
    ]
    assert ask(labelled, "SELECT amount::INT, amount_usd::INT FROM marts.fct_transfers ORDER BY amount") == [
        (70, 70),
        (5_000_000, None),
    ]
    for mart in ("fct_daily_exchange_netflow", "fct_daily_netflow"):
        assert ask(
            labelled, f"SELECT inflow::INT, inflow_usd::INT, netflow_usd::INT FROM marts.{mart} ORDER BY inflow"
        ) == [(70, 70, 70), (5_000_000, None, None)]
    assert ask(labelled, "SELECT count(*) FROM ops.alerts WHERE rule = 'large_transfer'") == [(0,)]


def test_what_a_source_gives_in_dollars_is_not_believed_of_a_spoof(labelled: Settings, tmp_path: Path) -> None:
    rows = [[*row(1, FAKE, "USDC", 5_000_000), 5_000_000], [*row(2, COPY, "OWN", 9), 18]]
    write_csv(tmp_path / "in" / "t.csv", rows, [*COLUMNS, "amount_usd"])
    build(labelled, tmp_path / "in")
    assert ask(labelled, "SELECT amount_usd::INT FROM marts.fct_transfers ORDER BY amount") == [(18,), (None,)]
    assert ask(labelled, "SELECT amount_usd::INT FROM raw.transfers ORDER BY amount") == [(18,), (5_000_000,)]
    assert ask(labelled, "SELECT count(*) FROM ops.alerts WHERE rule = 'large_transfer'") == [(0,)]


def test_no_report_export_or_answer_adds_it_to_the_real_one(
    labelled: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(labelled, given(tmp_path, row(1, USDC, "USDC", 70), row(2, FAKE, "USDC", 5_000_000)))
    page = write_report(labelled, "daily", date.fromisoformat(DAY))
    text = next(path for path in page if path.suffix == ".md").read_text()
    assert "[70](#sql-totals) USDC" in text
    assert f"[5,000,000](#sql-totals) {NOT_KNOWN}" in text
    assert f"| {NOT_KNOWN} | ethereum | 5,000,000 | 5,000,000 | 0 |" in text
    assert "5,000,070" not in text
    for export in labelled.exports_dir.glob("*.csv"):
        with export.open() as handle:
            named = [
                (one["token_symbol"], one["token_address"]) for one in csv.DictReader(handle) if "token_symbol" in one
            ]
        assert set(named) <= {("USDC", USDC), (NOT_KNOWN, FAKE)}
    capsys.readouterr()
    for words in (["netflow"], ["destinations"]):
        assert command("--data-dir", labelled.data_dir, *words, "--token", "USDC", "--json") == 0
        assert {one["token_symbol"] for one in json.loads(capsys.readouterr().out)} == {"USDC"}
        assert command("--data-dir", labelled.data_dir, *words, "--token", FAKE, "--json") == 0
        assert {one["token_symbol"] for one in json.loads(capsys.readouterr().out)} == {NOT_KNOWN}


def test_a_contract_called_like_the_chains_coin_is_not_it(labelled: Settings, tmp_path: Path) -> None:
    build(labelled, given(tmp_path, row(1, "", "ETH", 2), row(2, FAKE, "ETH", 5)))
    assert ask(labelled, "SELECT amount::INT, token_symbol, amount_usd::INT FROM marts.fct_transfers ORDER BY 1") == [
        (2, "ETH", 4000),
        (5, f"ETH ({SHORT_FAKE}, not the known ETH)", None),
    ]
    assert ask(labelled, "SELECT imitates FROM marts.dim_tokens WHERE spoof_suspected") == [("ETH",)]


def test_a_price_by_contract_is_of_that_contract(labelled: Settings, tmp_path: Path) -> None:
    priced = prices(tmp_path, f"USDC,{DAY},1", f"ethereum:{FAKE},{DAY},0.25", f"bsc:ETH,{DAY},7")
    build(
        labelled.with_changes(sources={"prices": priced}),
        given(tmp_path, row(1, USDC, "USDC", 8), row(2, FAKE, "USDC", 16), row(3, "", "ETH", 32)),
    )
    assert ask(labelled, "SELECT amount::INT, amount_usd::INT FROM marts.fct_transfers ORDER BY 1") == [
        (8, 8),
        (16, 4),
        (32, None),
    ]


def test_of_two_contracts_that_nobody_knows_none_is_meant(labelled: Settings, tmp_path: Path) -> None:
    folder = given(tmp_path, row(1, FAKE, "FOO", 1), row(2, COPY, "foo", 2))
    result = build(labelled, folder)
    assert ask(
        labelled,
        "SELECT token_symbol, is_canonical, spoof_suspected, price_token FROM marts.dim_tokens ORDER BY token_address",
    ) == [(f"FOO ({SHORT_FAKE})", False, False, None), ("foo (0xdddd…dddd)", False, False, None)]
    (note,) = result.load.notes
    assert note.startswith("the price of FOO applies to none of 2 contracts on ethereum")
    tokens = write_csv(
        tmp_path / "tokens.csv", [["ethereum", FAKE, "FOO", 18]], ["chain", "token_address", "token_symbol", "decimals"]
    )
    told = build(labelled.with_changes(sources={"tokens": tokens}), folder)
    assert told.load.notes == []
    assert ask(labelled, "SELECT token_symbol, amount_usd::INT FROM marts.fct_transfers ORDER BY amount") == [
        ("FOO", 3),
        ("foo (0xdddd…dddd, not the known FOO)", None),
    ]


def test_a_second_contract_takes_the_name_from_the_first(labelled: Settings, tmp_path: Path) -> None:
    folder = given(tmp_path, row(1, FAKE, "FOO", 1))
    build(labelled, folder)
    assert ask(labelled, "SELECT token_symbol, inflow_usd::INT FROM marts.fct_daily_netflow") == [("FOO", 3)]
    given(tmp_path, [*row(2, COPY, "FOO", 2)[:3], "2025-06-04T09:00:00Z", *row(2, COPY, "FOO", 2)[4:]], name="u.csv")
    build(labelled, folder)
    assert ask(
        labelled, "SELECT DISTINCT token_symbol, inflow_usd FROM marts.fct_daily_netflow WHERE inflow > 0 ORDER BY 1"
    ) == [("FOO (0xcccc…cccc)", None), ("FOO (0xdddd…dddd)", None)]


def test_a_known_symbol_and_its_contract_are_one_token(labelled: Settings, tmp_path: Path) -> None:
    given(tmp_path, row(1, DAI, "DAI", 5), row(2, DAI, "DAI", 6))
    folder = given(tmp_path, row(2, "", "dai", 6, ""), row(3, "", "DAI", 7, ""), name="u.csv")
    result = build(labelled, folder)
    assert [file.rows_duplicate for file in result.load.files] == [0, 1]
    assert result.load.notes == []
    assert ask(labelled, "SELECT token_address, token_symbol, transfer_count FROM marts.dim_tokens") == [
        (DAI, "DAI", 3)
    ]


def test_an_unknown_symbol_that_stands_with_and_without_a_contract_is_told(labelled: Settings, tmp_path: Path) -> None:
    folder = given(tmp_path, row(1, FAKE, "FOO", 5), row(2, "", "FOO", 6))
    (note,) = build(labelled, folder).load.notes
    assert note.startswith(f"FOO on ethereum is named by its symbol alone and by contract ({FAKE})")
    tokens = write_csv(
        tmp_path / "tokens.csv", [["ethereum", FAKE, "FOO", 18]], ["chain", "token_address", "token_symbol", "decimals"]
    )
    known = labelled.with_changes(sources={"tokens": tokens}, quality={"max_collapse": 1})  # two tokens become one
    result = build(known, folder)
    assert [file.status for file in result.load.files] == ["loaded"], "what is known of tokens decides how it reads"
    assert ask(labelled, "SELECT token_address, transfer_count FROM marts.dim_tokens") == [(FAKE, 2)]
    assert build(known, folder).load.files[0].status == "known"


def test_a_contract_of_another_chain_is_told(settings: Settings, tmp_path: Path) -> None:
    usdt_of_bsc, usdc_of_bsc = (
        "0x55d398326f99059ff775485246999027b3197955",
        "0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d",
    )
    folder = given(tmp_path, row(1, usdt_of_bsc, "USDT", 5), row(2, usdc_of_bsc, "USDC", 5))
    (note,) = load_only(settings, folder).notes
    (file,) = folder.iterdir()
    assert note == (
        f"taken as ethereum, known on bsc alone: USDC {usdc_of_bsc}, USDT {usdt_of_bsc}, in {file.name}; "
        "give the chain of such a file with --chain PATTERN=bsc"
    )


def test_the_registry_gives_decimals_and_a_users_file_comes_before_it(settings: Settings, tmp_path: Path) -> None:
    header = ["chain", "hash", "timestamp", "from", "to", "contract", "raw_amount"]
    folder = write_csv(
        tmp_path / "in" / "t.csv", [["ethereum", "0xaa", f"{DAY} 10:00:00", USER, VENUE, USDC, 2_500_000]], header
    ).parent
    options = LoadOptions()
    unit = settings.with_changes(sources={"value_unit": "base"})
    assert load_only(unit, folder, options=options).files[0].rows_loaded == 1
    amounts = "SELECT amount::DOUBLE FROM raw.transfers"
    assert ask(settings, amounts, is_build=True) == [(2.5,)]
    tokens = write_csv(
        tmp_path / "tokens.csv", [["ethereum", USDC, "USDC", 5]], ["chain", "token_address", "token_symbol", "decimals"]
    )
    assert load_only(unit.with_changes(sources={"tokens": tokens}), folder).files[0].status == "loaded"
    assert ask(settings, amounts, is_build=True) == [(25.0,)]
    assert load_only(unit, folder).files[0].status == "loaded"
    assert ask(settings, amounts, is_build=True) == [(2.5,)]


def test_several_token_and_price_files_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = given(tmp_path, row(1, FAKE, "FOO", 5), row(2, COPY, "BAR", 6))
    listed = {"tokens": [{"chainId": 1, "address": COPY, "symbol": "BAR", "decimals": 9}]}
    (tmp_path / "list.json").write_text(json.dumps(listed))
    history = {"prices": [[1_748_900_000_000, 2], [1_748_960_000_000, 4]]}
    (tmp_path / "chart.json").write_text(json.dumps(history))
    words = ["analyze", folder, "--out", tmp_path / "data", "--json", "--tokens", tmp_path / "list.json"]
    words += ["--prices", f"BAR={tmp_path / 'chart.json'}", "--prices", prices(tmp_path, f"FOO,{DAY},1")]
    assert command(*words) == 0
    capsys.readouterr()
    query = "SELECT token_symbol, amount_usd::INT AS usd FROM marts.fct_transfers ORDER BY amount"
    assert command("--data-dir", tmp_path / "data", "sql", query, "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {"token_symbol": "FOO", "usd": 5},
        {"token_symbol": "BAR", "usd": 24},
    ]
