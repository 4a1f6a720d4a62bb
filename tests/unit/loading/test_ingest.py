"""Loading: keys, duplicates, reasons, amounts exact to the last digit, windows, replaced files."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import open_build, set_state
from tests.conftest import HEADER, TX_HEADER, U, V, ask, load_only, transfer, write_csv


def stored(settings: Settings, columns: str = "*") -> list[tuple[object, ...]]:
    return ask(settings, f"SELECT {columns} FROM raw.transfers ORDER BY ALL", is_build=True)


def reasons(settings: Settings) -> dict[object, object]:
    return dict(ask(settings, "SELECT source_row, reason FROM raw.rejects", is_build=True))  # type: ignore[arg-type]


def test_every_bad_row_is_one_reject_with_its_row_and_reason(settings: Settings, tmp_path: Path) -> None:
    good = transfer(1, U, V, "1")
    rows = [
        good,
        transfer(2, "", V, "1"),
        transfer(3, U, V, "1", at="yesterday"),
        transfer(4, U, V, "1", at="1999-01-01"),
        transfer(5, "0x12", V, "1"),
        transfer(6, U, V, "ten"),
        transfer(7, U, V, "-1"),
        transfer(8, U, V, "1000000000000000000"),
        transfer(9, U, V, "0.1234567890123456789"),
        transfer(10, U, V, ""),
        transfer(11, U, V, "999999999999999999.999999999999999999"),
        transfer(12, U, V, "0"),
    ]
    write_csv(tmp_path / "in" / "a.csv", rows)
    report = load_only(settings, tmp_path / "in").files[0]
    assert (report.rows_read, report.rows_loaded, report.rows_duplicate, report.rows_rejected) == (12, 3, 0, 9)
    assert reasons(settings) == {
        2: "missing_column_value", 3: "bad_timestamp", 4: "bad_timestamp", 5: "bad_address", 6: "bad_amount",
        7: "negative_amount",
        8: "amount_out_of_range", 9: "amount_too_precise", 10: "missing_column_value",
    }  # fmt: skip
    assert [row[0] for row in stored(settings, "amount")] == [
        Decimal(0),
        Decimal(1),
        Decimal("999999999999999999.999999999999999999"),
    ]


@pytest.mark.parametrize(
    ("value", "decimals", "amount"),
    [
        ("1", "18", "0.000000000000000001"),
        ("123456789012345678901234567890", "18", "123456789012.345678901234567890"),
        ("1500000", "6", "1.5"),
        ("7", "0", "7"),
        ("1", "30", None),
        ("5000000000000000000000000000000", "30", "5"),
        ("1000000000000000000000000000000000000", "18", None),
        ("12.0", "1", "1.2"),
        ("", "18", None),
        ("1e18", "18", "1"),
        ("1.5E+18", "18", "1.5"),
        ("0x16e360", "6", "1.5"),
        ("1.5e0", "18", "1.5"),
        ("5", "", None),
    ],
)
def test_base_units_become_exact_token_units(
    settings: Settings, tmp_path: Path, value: str, decimals: str, amount: str | None
) -> None:
    header = [
        "blockNumber",
        "timeStamp",
        "hash",
        "from",
        "contractAddress",
        "to",
        "value",
        "tokenSymbol",
        "tokenDecimal",
    ]
    write_csv(tmp_path / "in" / "t.csv", [[1, 1746057600, "0xaa", U, V, V, value, "TOK", decimals]], header)
    load_only(settings, tmp_path / "in")
    assert [row[0] for row in stored(settings, "amount")] == ([Decimal(amount)] if amount else [])
    if decimals == "" and value:
        assert reasons(settings) == {1: "unknown_decimals"}


def test_floats_are_read_by_their_shortest_form(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pq.write_table(
        pa.table(
            {
                "from": [U, U, U],
                "to": [V, V, V],
                "timestamp": [1746057600, 1746057601, 1746057602],
                "amount": [476851.50284911, 1e-7, 0.1],
            }
        ),
        tmp_path / "in" / "f.parquet",
    )
    load_only(settings, tmp_path / "in")
    assert [row[0] for row in stored(settings, "amount")] == [
        Decimal("0.0000001"),
        Decimal("0.1"),
        Decimal("476851.50284911"),
    ]


def test_an_address_is_one_whatever_its_spelling(settings: Settings, tmp_path: Path) -> None:
    """In one file, in a later one, and on a chain that is no EVM chain and has its own form."""
    a, b = "0x" + "ab" * 20, "0x" + "cd" * 20
    shouted = a.upper().replace("0X", "0x")
    write_csv(
        tmp_path / "in" / "1.csv",
        [transfer(1, a, b, "1"), transfer(2, shouted, b, "2"), transfer(3, b, a.upper(), "3")],
    )
    write_csv(
        tmp_path / "in" / "2.csv",
        [
            transfer(4, b, shouted, "4"),
            transfer(5, "TAbc", "Tabc", "5", chain="tron"),
            transfer(6, shouted, a, "6", chain="somewhere"),
        ],
    )
    assert load_only(settings, tmp_path / "in").total("rows_loaded") == 6
    assert ask(settings, "SELECT address FROM store.addresses ORDER BY 1", is_build=True) == [
        (a,),
        (b,),
        ("TAbc",),
        ("Tabc",),
    ]
    pairs = stored(settings, "amount, from_address, to_address")
    assert [row[1:] for row in pairs] == [(a, b), (a, b), (b, a), (b, a), ("TAbc", "Tabc"), (a, a)]


def test_times_are_utc_whatever_their_spelling(settings: Settings, tmp_path: Path) -> None:
    spellings = [
        "1746057600",
        "1746057600000",
        "2025-05-01",
        "2025-05-01T02:00:00+02:00",
        "2025-05-01 00:00:00 UTC",
        "2025-05-01T00:00:00.000Z",
    ]
    write_csv(tmp_path / "in" / "t.csv", [transfer(n, U, V, "1", at=text) for n, text in enumerate(spellings)])
    assert load_only(settings, tmp_path / "in").total("rows_loaded") == len(spellings)
    assert {str(row[0]) for row in stored(settings, "block_timestamp")} == {"2025-05-01 00:00:00"}


def test_an_indexed_row_wins_over_its_equals_without(settings: Settings, tmp_path: Path) -> None:
    bare, indexed = transfer(1, U, V, "5", index=""), transfer(1, U, V, "5", index=7)
    write_csv(tmp_path / "in" / "a.csv", [bare, bare, transfer(1, U, V, "6", index="")])
    write_csv(tmp_path / "in" / "b.csv", [indexed, transfer(1, U, V, "5", index=9)])
    load_only(settings, tmp_path / "in")
    assert stored(settings, "transfer_index, amount") == [(7, Decimal(5)), (9, Decimal(5)), (None, Decimal(6))]
    ledger = ask(
        settings,
        "SELECT rows_read, rows_loaded, rows_duplicate, transfers_loaded FROM raw.loads ORDER BY source_file",
        is_build=True,
    )
    assert ledger == [(3, 1, 2, 1), (2, 2, 0, 2)]


def test_indexes_that_only_look_alike_are_no_duplicates(settings: Settings, tmp_path: Path) -> None:
    rows = [transfer(1, U, V, "1", index=index) for index in (0, 64, 128)]
    rows += [transfer(2, U, V, "1", index=index) for index in (0, 64, 64)]
    write_csv(tmp_path / "in" / "a.csv", rows)
    report = load_only(settings, tmp_path / "in").files[0]
    assert (report.rows_loaded, report.rows_duplicate) == (5, 1)
    assert stored(settings, "transfer_index") == [(0,), (0,), (64,), (64,), (128,)]


@pytest.mark.parametrize("space", ["", " ", "\u00a0", "\u2003"])
def test_white_space_around_a_text_is_no_part_of_it(settings: Settings, tmp_path: Path, space: str) -> None:
    row = [f"{value}{space}" for value in transfer(1, U, V, "1.5", symbol="LPT")]
    write_csv(tmp_path / "in" / "a.csv", [transfer(2, U, V, "1", symbol="LPT"), row])
    load_only(settings, tmp_path / "in")
    assert stored(settings, "tx_hash, from_address, token_symbol, amount") == [
        (f"0x{1:064x}", U, "LPT", Decimal("1.5")),
        (f"0x{2:064x}", U, "LPT", Decimal(1)),
    ]


@pytest.mark.parametrize("first", ["0xaa", ""])
def test_an_empty_text_of_parquet_is_none(settings: Settings, tmp_path: Path, first: str) -> None:
    table = {"from": [U, U], "to": [V, V], "time": [1746057600] * 2, "amount": [1.5, 2.5], "hash": [first, "0xbb"]}
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table(table), tmp_path / "in" / "f.parquet")
    load_only(settings, tmp_path / "in")
    assert {row[0] for row in stored(settings, "tx_hash")} == {first or None, "0xbb"}


@pytest.mark.parametrize("kind", [pa.decimal128(38, 18), pa.decimal128(20, 4), pa.decimal128(18, 6)])
def test_fractions_of_decimals_are_counted(settings: Settings, tmp_path: Path, kind: pa.DataType) -> None:
    amounts = [Decimal(text) for text in ("3", "0.5", "7", "2.25", "0")]
    if kind.scale == 18:
        amounts += [Decimal("100000"), Decimal("99999.000000000000000001"), Decimal("123456789.5")]
    count = sum(amount % 1 != 0 for amount in amounts)
    size = len(amounts)
    table = {"from": [U] * size, "to": [V] * size, "time": [1746057600] * size, "amount": pa.array(amounts, kind)}
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table(table), tmp_path / "in" / "f.parquet")
    decisions = load_only(settings, tmp_path / "in").files[0].decisions
    assert [one.evidence for one in decisions if one.field == "amount"] == [f"{count} of {size} have fractions"]


def test_rows_without_a_hash_all_count_and_the_same_file_counts_once(settings: Settings, tmp_path: Path) -> None:
    header = ["from", "to", "timestamp", "amount"]
    for name in ("a.csv", "copy.csv"):
        write_csv(tmp_path / "in" / name, [[U, V, 1746057600, 1], [U, V, 1746057600, 1]], header)
    report = load_only(settings, tmp_path / "in")
    assert [file.status for file in report.files] == ["loaded", "known"]
    assert len(stored(settings)) == 2


def test_transactions_of_before_are_known_to_a_build_file_without_keys(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "a" / "a.csv", [transfer(n, U, V, "1") for n in (1, 2)])
    write_csv(tmp_path / "b" / "b.csv", [transfer(n, U, V, "1") for n in (2, 3)])
    write_csv(tmp_path / "c" / "c.csv", [transfer(n, U, V, "1") for n in (3, 4)])
    load_only(settings, tmp_path / "a")
    with open_build(settings) as connection:  # as an earlier version left it, or another one of the engine
        connection.execute("delete from store.transaction_keys")
        set_state(connection, "transaction_keys_of", "0.1")
    reports = [load_only(settings, tmp_path / folder).files[0] for folder in ("b", "c")]
    assert [(report.rows_loaded, report.rows_duplicate) for report in reports] == [(1, 1), (1, 1)]


def test_nothing_is_loaded_twice(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "a.csv", [transfer(1, U, V, "1")])
    load_only(settings, tmp_path / "in")
    again = load_only(settings, tmp_path / "in")
    assert [file.status for file in again.files] == ["known"]
    assert len(stored(settings)) == 1


def test_a_changed_file_replaces_what_it_had_brought_and_gives_back_what_it_hid(
    settings: Settings, tmp_path: Path
) -> None:
    shared = transfer(1, U, V, "1")
    first = write_csv(tmp_path / "in" / "a.csv", [shared, transfer(2, U, V, "2")])
    write_csv(tmp_path / "in" / "b.csv", [shared, transfer(3, U, V, "3")])
    load_only(settings, tmp_path / "in")
    write_csv(first, [transfer(4, U, V, "4")])
    load_only(settings, tmp_path / "in")
    assert [row[0] for row in stored(settings, "amount")] == [Decimal(1), Decimal(3), Decimal(4)]


def test_a_hidden_row_comes_back_whatever_the_order_of_files_and_folders(settings: Settings, tmp_path: Path) -> None:
    shared = transfer(1, U, V, "1")
    changed = write_csv(tmp_path / "in" / "z.csv", [shared])
    load_only(settings, tmp_path / "in")
    write_csv(tmp_path / "in" / "a.csv", [shared, transfer(2, U, V, "2")])
    write_csv(tmp_path / "elsewhere" / "b.csv", [shared, transfer(3, U, V, "3")])
    load_only(settings, tmp_path / "in")
    load_only(settings, tmp_path / "elsewhere")
    write_csv(changed, [transfer(4, U, V, "4")])
    report = load_only(settings, tmp_path / "in")
    assert [row[0] for row in stored(settings, "amount")] == [Decimal(1), Decimal(2), Decimal(3), Decimal(4)]
    assert {file.path.name: file.status for file in report.files} == {
        "a.csv": "loaded",
        "b.csv": "loaded",
        "z.csv": "loaded",
    }
    assert ask(settings, "SELECT count(*) FROM store.reopened", is_build=True) == [(0,)]


def test_a_window_reads_its_days_only_and_a_wider_one_adds_the_rest(settings: Settings, tmp_path: Path) -> None:
    rows = [transfer(n, U, V, str(n), at=f"2025-05-0{n}T23:59:59Z") for n in (1, 2, 3, 4)]
    write_csv(tmp_path / "in" / "a.csv", [*rows, transfer(9, U, V, "1", at="never")])
    report = load_only(settings, tmp_path / "in", Window.parse("2025-05-02", "2025-05-03"))
    assert (report.total("rows_read"), report.total("rows_loaded"), report.total("rows_rejected")) == (3, 2, 1)
    assert ask(settings, "SELECT count(*) FROM store.addresses", is_build=True) == [(2,)]
    rest = load_only(settings, tmp_path / "in", Window.parse("2025-05-01", "2025-05-04"))
    assert (rest.total("rows_read"), rest.total("rows_loaded"), rest.total("rows_rejected")) == (2, 2, 0)
    assert len(stored(settings)) == 4


def test_gz_and_jsonl_and_parquet_load_the_same_transfer(settings: Settings, tmp_path: Path) -> None:
    row = dict(zip(HEADER, transfer(1, U, V, "1.5"), strict=True))
    write_csv(tmp_path / "in" / "a.csv.gz", [list(row.values())])
    (tmp_path / "in" / "b.jsonl").write_text(json.dumps(row) + "\nnot json\n")
    (tmp_path / "in" / "c.jsonl.gz").write_bytes(gzip.compress((json.dumps({**row, "extra": 1}) + "\n").encode()))
    pq.write_table(pa.table({name: [str(value)] for name, value in row.items()}), tmp_path / "in" / "d.parquet")
    report = load_only(settings, tmp_path / "in")
    assert [(f.rows_read, f.rows_loaded, f.rows_duplicate, f.rows_rejected) for f in report.files] == [
        (1, 1, 0, 0),
        (2, 0, 1, 1),
        (1, 0, 1, 0),
        (1, 0, 1, 0),
    ]


def test_etherscan_json_and_failed_transactions(settings: Settings, tmp_path: Path) -> None:
    base = {
        "blockNumber": "1",
        "timeStamp": "1746057600",
        "from": U,
        "to": V,
        "gasPrice": "1",
        "gasUsed": "21000",
        "txreceipt_status": "1",
        "methodId": "0x",
        "contractAddress": "",
        "transactionIndex": "3",
    }
    result = [
        {**base, "hash": "0x01", "value": "1000000000000000000", "isError": "0"},
        {**base, "hash": "0x02", "value": "2000000000000000000", "isError": "1"},
        {**base, "hash": "0x03", "value": "0", "isError": "0"},
        {**base, "hash": "0x04", "value": "5", "isError": "0", "to": "", "contractAddress": V},
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "txlist.json").write_text(json.dumps({"status": "1", "message": "OK", "result": result}))
    report = load_only(settings, tmp_path / "in").files[0]
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (4, 4, 0)
    assert stored(settings, "tx_hash, token_symbol, to_address, amount") == [
        ("0x01", "ETH", V, Decimal(1)),
        ("0x04", "ETH", V, Decimal("0.000000000000000005")),
    ]
    assert ask(settings, "SELECT tx_hash, is_success, value FROM raw.transactions ORDER BY 1", is_build=True) == [
        ("0x01", True, Decimal(1)), ("0x02", False, Decimal(2)), ("0x03", True, Decimal(0)),
        ("0x04", True, Decimal("0.000000000000000005"))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "is_success"), [("1", True), ("0x1", True), ("true", True), ("0", False), ("", None)]
)
def test_a_status_that_says_nothing_is_no_success(
    settings: Settings, tmp_path: Path, status: str, is_success: bool | None
) -> None:
    row = ["0x" + "1" * 64, 0, 1, 0, U, V, 10**18, 21_000, 10**9, "0x", 1_746_100_000, 21_000, status]
    write_csv(tmp_path / "in" / "transactions.csv", [row], TX_HEADER)
    load_only(settings, tmp_path / "in")
    assert ask(settings, "SELECT is_success FROM raw.transactions", is_build=True) == [(is_success,)]
    etherscan = [
        "blockNumber",
        "timeStamp",
        "hash",
        "from",
        "to",
        "value",
        "gasPrice",
        "gasUsed",
        "txreceipt_status",
        "methodId",
        "transactionIndex",
    ]
    by_error = [*etherscan[:8], "isError", *etherscan[9:]]
    for n, (said, known) in enumerate({"0": True, "1": False, "failed": False, "": None}.items()):
        write_csv(
            tmp_path / f"error{n}" / "t.csv",
            [[1, 1_746_100_000, "0x" + f"{n + 3}" * 64, U, V, 10**18, 1, 21_000, said, "0x", 0]],
            by_error,
        )
        load_only(settings, tmp_path / f"error{n}")
        assert ask(
            settings, f"SELECT is_success FROM raw.transactions WHERE tx_hash LIKE '0x{n + 3}%'", is_build=True
        ) == [(known,)], said
    write_csv(
        tmp_path / "also" / "t.csv",
        [[1, 1_746_100_000, "0x" + "2" * 64, U, V, 10**18, 1, 21_000, status, "0x", 0]],
        etherscan,
    )
    load_only(settings, tmp_path / "also")
    assert ask(settings, "SELECT is_success FROM raw.transactions WHERE tx_hash LIKE '0x2%'", is_build=True) == [
        (is_success,)
    ]


@pytest.mark.parametrize("column", ["status", "success", "isError", "failed"])
def test_a_status_that_is_on_no_list_refuses_the_file_by_the_word(
    settings: Settings, tmp_path: Path, column: str
) -> None:
    rows = [[*transfer(1, U, V, 1), "ok"], [*transfer(2, U, V, 2), "perhaps"]]
    write_csv(tmp_path / "in" / "t.csv", rows, [*HEADER, column])
    report = load_only(settings, tmp_path / "in").files[0]
    assert report.status == "refused"
    assert f"column {column} says `perhaps`" in report.notes[0]


def test_a_failed_row_of_a_transfer_list_is_rejected(settings: Settings, tmp_path: Path) -> None:
    header = [
        "blockNumber",
        "timeStamp",
        "hash",
        "from",
        "contractAddress",
        "to",
        "value",
        "tokenSymbol",
        "tokenDecimal",
        "isError",
    ]
    write_csv(tmp_path / "in" / "t.csv", [[1, 1746057600, "0xaa", U, V, V, 5, "TOK", 0, 1]], header)
    load_only(settings, tmp_path / "in")
    assert reasons(settings) == {1: "failed_transaction"}


def test_netrascan_keeps_unknown_values_unknown(settings: Settings, tmp_path: Path) -> None:
    wallet = {
        "wallet": U, "score": 0.9, "category": "whale",
        "txs": [
            {"from": U, "to": V, "token_symbol": "ETH", "timestamp": "1746057600"},
            {"from": U, "to": V, "token_symbol": "ETH", "time_stamp": "1746057601", "value": "2500000000000000000",
             "hash": "0x01"},
            {"from": U, "to": V, "token_symbol": "USDX", "time_stamp": "1746057601", "value": "25",
             "contract_address": V, "hash": "0x02"},
        ],
    }  # fmt: skip
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "n.jsonl").write_text(
        json.dumps(wallet) + "\n" + json.dumps({"wallet": V, "score": 0.1, "category": "cex", "txs": []}) + "\n"
    )
    report = load_only(settings, tmp_path / "in").files[0]
    assert (report.rows_read, report.rows_loaded, report.rows_rejected) == (5, 4, 1)
    assert stored(settings, "amount") == [(Decimal("2.5"),), (None,)]
    assert any("without a value" in note for note in report.notes)
    assert ask(settings, "SELECT wallet, category, tx_count FROM raw.wallet_reports ORDER BY 1", is_build=True) == [
        (U, "whale", 3),
        (V, "cex", 0),
    ]
    assert set(ask(settings, "SELECT amount IS NULL, is_edge FROM store.transfers", is_build=True)) >= {(True, False)}


def test_an_edge_moves_an_amount_to_somebody_else(settings: Settings, tmp_path: Path) -> None:
    write_csv(
        tmp_path / "in" / "t.csv",
        [
            transfer(1, U, V, "1"),
            transfer(2, U, U, "1"),
            transfer(3, U, V, "0"),
            transfer(4, V, U, "0.000000000000000001"),
        ],
    )
    load_only(settings, tmp_path / "in")
    assert ask(settings, "SELECT is_edge FROM store.transfers ORDER BY source_row", is_build=True) == [
        (True,),
        (False,),
        (False,),
        (True,),
    ]


def test_a_token_file_gives_decimals_and_reloads_what_lacked_them(settings: Settings, tmp_path: Path) -> None:
    header = ["TxHash", "Block_Time", "From", "To", "Token_Contract", "Value"]
    write_csv(tmp_path / "in" / "t.csv", [["0xaa", "2021-06-04T09:07:37Z", U, V, V, 1500000]], header)
    assert load_only(settings, tmp_path / "in").files[0].reasons == {"unknown_decimals": 1}
    tokens = write_csv(
        tmp_path / "tokens.csv",
        [["ethereum", V.upper().replace("0X", "0x"), "TOK", 6]],
        ["chain", "token_address", "token_symbol", "decimals"],
    )
    report = load_only(settings.with_changes(sources={"tokens": tokens}), tmp_path / "in").files[0]
    assert (report.status, report.rows_loaded, report.rows_rejected) == ("loaded", 1, 0)
    assert stored(settings, "amount") == [(Decimal("1.5"),)]


def test_edge_lists_need_their_unit_and_epoch(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "e.csv", [[1, 2, "10.5", 3]], ["source", "target", "value", "time"])
    refused = load_only(settings, tmp_path / "in").files[0]
    assert refused.status == "refused"
    assert "--time-unit" in refused.notes[0]
    load_only(settings.with_changes(sources={"time_unit": "day", "epoch": "2025-01-01"}), tmp_path / "in")
    assert stored(settings, "chain, block_timestamp::VARCHAR, from_address, amount") == [
        ("edge-list", "2025-01-04 00:00:00", "1", Decimal("10.5"))
    ]


def test_chains_come_from_the_column_the_pattern_or_the_default(settings: Settings, tmp_path: Path) -> None:
    write_csv(
        tmp_path / "in" / "a.csv",
        [
            transfer(1, U, V, "1", chain="ETH"),
            transfer(2, U, V, "1", chain="matic"),
            transfer(
                3, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1", chain="btc"
            ),
        ],
    )
    write_csv(tmp_path / "in" / "b.csv", [[U, V, 1746057600, 1]], ["from", "to", "timestamp", "amount"])
    load_only(settings.with_changes(sources={"chains": {"b*": "BNB"}}), tmp_path / "in")
    assert [row[0] for row in stored(settings, "chain")] == ["bitcoin", "bsc", "ethereum", "polygon"]


def test_an_api_cap_and_an_early_end_are_suspected(settings: Settings, tmp_path: Path) -> None:
    capped = settings.with_changes(sources={"api_caps": (3,)})
    write_csv(tmp_path / "in" / "a.csv", [transfer(n, U, V, "1", at=f"2025-05-01T0{n}:00:00Z") for n in (1, 2, 3)])
    report = load_only(capped, tmp_path / "in", Window.parse("2025-05-01", "2025-05-09")).files[0]
    assert report.is_truncation_suspected
    assert "API cap" in report.notes[0]
    assert "8 days before the window does" in report.notes[0]


def test_transfer_column_names_of_other_people(settings: Settings, tmp_path: Path) -> None:
    write_csv(
        tmp_path / "in" / "a.csv",
        [["0xAA", U.upper().replace("0X", "0x"), V, 1746057600, "2.5", "DAI"]],
        ["Transaction Hash", "Sender", "Recipient", "Time Stamp", "value", "Asset"],
    )
    load_only(settings, tmp_path / "in")
    assert stored(settings, "tx_hash, from_address, amount, token_symbol") == [("0xaa", U, Decimal("2.5"), "DAI")]


def test_separators_marks_quotes_and_documents_are_understood(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    row = {"from": U, "to": V, "timestamp": 1746057600, "amount": 1}
    (folder / "semicolon.csv").write_text(f"from;to;timestamp;amount\n{U};{V};1746057600;1\n")
    (folder / "bom.csv").write_bytes(b"\xef\xbb\xbf" + f"from,to,timestamp,amount\r\n{U},{V},1746057600,2\r\n".encode())
    (folder / "quoted.csv").write_text(f'"from","to","timestamp","amount"\n"{U}","{V}","1746057600","3"\n')
    (folder / "tab.tsv").write_text(f"from\tto\ttimestamp\tamount\n{U}\t{V}\t1746057600\t4\n")
    (folder / "pretty.json").write_text(json.dumps([{**row, "amount": 5}], indent=2))
    (folder / "array.json").write_text(json.dumps([{**row, "amount": 6}]))
    (folder / "one.jsonl").write_text(json.dumps({**row, "amount": 7}))
    (folder / "token.csv").write_text(
        f"from,to,date,amount,token\n{U},{V},2025-05-01,8,0x{'A' * 40}\n{U},{V},2025-05-01,9,DAI\n"
    )
    report = load_only(settings, folder)
    assert {file.status for file in report.files} == {"loaded"}
    assert [row[0] for row in stored(settings, "amount::INT")] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert stored(settings, "DISTINCT block_timestamp::VARCHAR") == [("2025-05-01 00:00:00",)]
    assert ask(
        settings,
        "SELECT token_address, token_symbol FROM raw.transfers WHERE amount >= 8 ORDER BY amount",
        is_build=True,
    ) == [
        ("0x" + "a" * 40, None),
        ("0x6b175474e89094c44da98b954eedeac495271d0f", "DAI"),
    ]
