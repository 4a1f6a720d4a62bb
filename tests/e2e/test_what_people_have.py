"""Files as people have them: the right numbers, or one sentence that says what is missing and what to do."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.labels.addresses import checked_address, spelling
from flow_pipeline.loading.ingest import LoadOptions, LoadReport
from flow_pipeline.loading.inspecting import inspect
from flow_pipeline.settings import Settings
from tests.conftest import U, V, ask, build, load_only, transfer, write_csv

BTC_A, BTC_B = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
A, B, C = ("0x" + pair * 20 for pair in ("a1", "b2", "c3"))
TOKEN = "0x" + "7e" * 20
TRON_A, TRON_B, TRON_TOKEN = (
    "TNXoiAJ3dct8Fjg4M9fkLFh9S2v9TXc32G", "TKHuVq1oKVruCGLvqVexFs6dawKv6fQgFs", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
)  # fmt: skip
AT = "2024-03-05 06:07:08"


def h(n: int) -> str:
    return f"0x{n:064x}"


def put(folder: Path, name: str, content: str | bytes | dict[str, Any] | list[Any]) -> Path:
    path = folder / "in" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict | list):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def csv(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def token_file(folder: Path, decimals: int) -> Path:
    row = f"ethereum,{TOKEN},TOK,{decimals}"
    return put(folder, "../tokens.csv", csv("chain,token_address,token_symbol,decimals", row))


def amounts(settings: Settings) -> list[Decimal]:
    return [row[0] for row in ask(settings, "select amount from raw.transfers order by 1", is_build=True)]  # type: ignore[misc]


def transfers(settings: Settings, columns: str) -> list[tuple[Any, ...]]:
    return ask(settings, f"select {columns} from raw.transfers order by all", is_build=True)


def rejects(settings: Settings) -> list[tuple[Any, ...]]:
    return ask(settings, "select reason, count(*) from raw.rejects group by 1 order by 1", is_build=True)


def load(
    settings: Settings, folder: Path, chain: str | None = None, options: LoadOptions = LoadOptions(), **sources: Any
) -> LoadReport:
    given = settings.with_changes(sources={**({"chain": chain} if chain else {}), **sources})
    report = load_only(given, folder / "in", Window(), options)
    for file in report.files:
        assert file.rows_read == file.rows_loaded + file.rows_duplicate + file.rows_rejected, file
    return report


def notes(report: LoadReport) -> str:
    return " | ".join(note for file in report.files for note in file.notes)


PLAIN = "hash,timestamp,from,to,token_symbol,{}"


def plain(column: str, *values: str) -> str:
    return csv(PLAIN.format(column), *(f'{h(n)},{AT},{A},{B},TOK,"{value}"' for n, value in enumerate(values, 1)))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1,234.5", "7", "12,345,678.25"], ["7", "1234.5", "12345678.25"]),
        (["1.234,5", "7", "12.345.678,25"], ["7", "1234.5", "12345678.25"]),
        (["0,250", "1,5"], ["0.25", "1.5"]),
        (["1,234", "0.5"], ["0.5", "1234"]),
        (["1,234,567", "1,000"], ["1000", "1234567"]),
        (["1.234.567", "2.500"], ["2500", "1234567"]),
        (["1 234,5", "2\u00a0000,25", "7"], ["7", "1234.5", "2000.25"]),
        (["1'234.5", "7"], ["7", "1234.5"]),
        (["1,23,456.5", "7"], ["7", "123456.5"]),
        (["1.5e3", "2E-2"], ["0.02", "1500"]),
    ],
)
def test_numbers_in_the_forms_of_their_countries(
    settings: Settings, tmp_path: Path, values: list[str], expected: list[str]
) -> None:
    put(tmp_path, "t.csv", plain("amount", *values))
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal(value) for value in expected]


def test_numbers_that_read_both_ways_are_refused_until_a_setting_says_which(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("hash;timestamp;from;to;amount", f"{h(1)};{AT};{A};{B};1,234"))
    report = load(settings, tmp_path)
    assert "DECIMAL_MARK=point" in notes(report)
    assert amounts(settings) == []
    load(settings, tmp_path, decimal_mark="comma")
    assert amounts(settings) == [Decimal("1.234")]


def test_numbers_in_two_forms_are_refused(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", plain("amount", "1,234.5", "0,25"))
    assert "in two forms" in notes(load(settings, tmp_path))


def test_one_column_has_one_unit(settings: Settings, tmp_path: Path) -> None:
    """A fraction anywhere makes whole numbers of the column coins too, whatever the token file says."""
    rows = [
        {"hash": h(n), "from": A, "to": B, "asset": "TOK", "timestamp": AT, "contractAddress": TOKEN, "value": value}
        for n, value in enumerate((3, 0.5, 1_000, 7.25), 1)
    ]
    put(tmp_path, "t.jsonl", "\n".join(map(json.dumps, rows)))
    tokens = token_file(tmp_path, 6)
    load(settings, tmp_path)
    load(settings, tmp_path, tokens=tokens)
    assert amounts(settings) == [Decimal("0.5"), Decimal(3), Decimal("7.25"), Decimal(1_000)]


def test_decimals_beside_whole_numbers_make_them_base_units(settings: Settings, tmp_path: Path) -> None:
    header = "tx,time,from,to,amount,decimals,token_address"
    put(tmp_path, "t.csv", csv(header, f"{h(1)},{AT},{A},{B},2500000,6,{TOKEN}", f"{h(2)},{AT},{A},{B},1,0,{TOKEN}"))
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal(1), Decimal("2.5")]


def test_dust_beside_decimals_is_a_question(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("tx,time,from,to,amount,decimals", f"{h(1)},{AT},{A},{B},5,18"))
    assert "VALUE_UNIT=token" in notes(load(settings, tmp_path))
    load(settings, tmp_path, value_unit="token")
    assert amounts(settings) == [Decimal(5)]


def test_whole_numbers_too_large_for_coins_are_base_units(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("hash,time,from,to,value", f"{h(1)},{AT},{A},{B},2500000000000000000"))
    load(settings, tmp_path)
    assert transfers(settings, "token_symbol, amount") == [("ETH", Decimal("2.5"))]


def test_a_float_of_base_units_loses_no_large_value(settings: Settings, tmp_path: Path) -> None:
    names = ["token_address", "from_address", "to_address", "value", "transaction_hash", "log_index"]
    rows = {name: [row[i] for row in [(TOKEN, A, B, 3e15, h(1), 1), (TOKEN, A, B, 4.5e21, h(1), 2)]]
            for i, name in enumerate(names)}  # fmt: skip
    rows |= {"block_timestamp": [AT, AT], "block_number": [1, 1]}
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table(rows), tmp_path / "in" / "part-0.parquet")
    tokens = put(
        tmp_path, "../tokens.csv", csv("chain,token_address,token_symbol,decimals", f"ethereum,{TOKEN},TOK,18")
    )
    report = load(settings, tmp_path, tokens=tokens)
    assert amounts(settings) == [Decimal("0.003"), Decimal(4500)]
    assert "15 to 17 digits" in notes(report)


@pytest.mark.parametrize(
    ("column", "words", "loaded"),
    [
        ("success", ["true", "false", ""], [0, 2]),
        ("TX_SUCCEEDED", ["TRUE", "FALSE"], [0]),
        ("failed", ["0", "1", "false"], [0, 2]),
        ("status", ["Success", "Error(0)", "Failure", "ok", "Error in Txn", "1", "0"], [0, 3, 5]),
        ("Result", ["SUCCESS", "OUT_OF_ENERGY", "REVERT"], [0]),
        ("isError", ["0", "1"], [0]),
        ("error", ["", "out of gas", "none"], [0, 2]),
        ("ErrCode", ["", "Reverted"], [0]),
        ("receipt_status", ["0x1", "0x0", "1.0"], [0, 2]),
    ],
)
def test_failed_transactions_move_nothing_whatever_says_so(
    settings: Settings, tmp_path: Path, column: str, words: list[str], loaded: list[int]
) -> None:
    rows = [f"{h(n)},{AT},{A},{B},ETH,{2**n}.5,{word}" for n, word in enumerate(words)]
    put(tmp_path, "t.csv", csv(f"hash,timestamp,from,to,symbol,amount,{column}", *rows))
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal(2**n) + Decimal("0.5") for n in loaded]
    assert rejects(settings) == [("failed_transaction", len(words) - len(loaded))]


def test_rows_that_are_no_transfer_are_rejects_with_their_reason(settings: Settings, tmp_path: Path) -> None:
    kinds = ("Transfer", "Approval", "ERC-721", "ERC-20", "createAccount")
    rows = [f"{h(n)},{AT},{A},{B},TOK,1.5,{kind},{n == 3}" for n, kind in enumerate(kinds)]
    put(tmp_path, "t.csv", csv("hash,timestamp,from,to,symbol,amount,type,removed", *rows))
    load(settings, tmp_path)
    assert len(amounts(settings)) == 1
    assert rejects(settings) == [("approval", 1), ("nft", 1), ("not_a_transfer", 1), ("removed_log", 1)]


@pytest.mark.parametrize("name", ["polygon", "matic-mainnet", "0x89", "eip155:137", "137", "POLYGON_POS"])
def test_a_chain_has_one_name(settings: Settings, tmp_path: Path, name: str) -> None:
    put(tmp_path, "t.csv", csv("blockchain,hash,time,from,to,amount", f"{name},{h(1)},{AT},{A},{B},1.5"))
    load(settings, tmp_path)
    assert transfers(settings, "chain") == [("polygon",)]


def test_a_chain_that_nobody_knows_is_said(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("chain,hash,time,from,to,amount", f"nowhere,{h(1)},{AT},{A},{B},1.5"))
    assert "chain nowhere not known" in notes(load(settings, tmp_path))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            ["2024-03-05 06:07:08 Europe/Berlin", "2024-03-05 06:07:08", "2024-03-05"],
            [5 * 3600 + 428, 6 * 3600 + 428, 0],
        ),
        (["05.03.2024 06:07:08", "05.03.2024 06:07"], [6 * 3600 + 428, 6 * 3600 + 420]),
        (["13/03/2024 06:07", "05/03/2024 06:07:08"], [8 * 86400 + 6 * 3600 + 420, 6 * 3600 + 428]),
        (["3/13/2024 6:07:08 AM", "3/5/2024 6:07:08 PM"], [8 * 86400 + 6 * 3600 + 428, 18 * 3600 + 428]),
        (["Mar-05-2024 06:07:08 AM +UTC"], [6 * 3600 + 428]),
        (["2024-03-05 06:07:08.000 UTC", "2024-03-05T08:07:08+02:00", "1709618828"], [6 * 3600 + 428] * 3),
        (["Mar 5, 2024 06:07:08", "Mar 5, 2024"], [6 * 3600 + 428, 0]),
        (["0x65e6b68c"], [6 * 3600 + 428]),
        (["1709618828000", "1709618828000000"], [6 * 3600 + 428] * 2),
        (["2024-03-05 08:07:08 UTC+2", "2024-03-05 00:37:08 GMT-05:30"], [6 * 3600 + 428] * 2),
        (["20240305T060708Z", "2024-03-05 06:07:08,500", "Tue Mar 05 06:07:08 UTC 2024"], [6 * 3600 + 428] * 3),
    ],
)
def test_times_are_utc_in_any_form(settings: Settings, tmp_path: Path, texts: list[str], expected: list[int]) -> None:
    rows = [f'{h(n)},"{text}",{A},{B},{n}.5' for n, text in enumerate(texts, 1)]
    put(tmp_path, "t.csv", csv("hash,timestamp,from,to,amount", *rows))
    load(settings, tmp_path)
    found = ask(
        settings,
        "select date_diff('second', timestamp '2024-03-05', block_timestamp) from raw.transfers order by amount",
        is_build=True,
    )
    assert [row[0] for row in found] == expected


def test_days_that_could_be_months_are_a_question(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("hash,timestamp,from,to,amount", f"{h(1)},05/03/2024,{A},{B},1.5"))
    assert "DATE_ORDER=day" in notes(load(settings, tmp_path))
    load(settings, tmp_path, date_order="day")
    assert transfers(settings, "block_date::varchar") == [("2024-03-05",)]


def test_times_of_a_zone_that_a_setting_names(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("hash,timestamp,from,to,amount", f"{h(1)},{AT},{A},{B},1.5"))
    load(settings, tmp_path, time_zone="Europe/Berlin")
    assert transfers(settings, "block_timestamp::varchar") == [("2024-03-05 05:07:08",)]


def test_two_transfers_of_one_index_are_two(settings: Settings, tmp_path: Path) -> None:
    put(
        tmp_path, "a.csv", csv("hash,log_index,time,from,to,token_address,amount", f"{h(1)},0,{AT},{A},{B},{TOKEN},9.5")
    )
    put(tmp_path, "b.csv", csv("hash,trace_index,time,from,to,symbol,amount", f"{h(1)},0,{AT},{B},{A},ETH,0.5"))
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal("0.5"), Decimal("9.5")]


def test_after_a_reorganisation_the_later_block_stands(settings: Settings, tmp_path: Path) -> None:
    header = "hash,log_index,time,block_number,from,to,symbol,amount"
    put(tmp_path, "a.csv", csv(header, f"{h(1)},4,{AT},100,{A},{B},TOK,1.5", f"{h(2)},9,{AT},100,{A},{B},TOK,3.5"))
    put(tmp_path, "b.csv", csv(header, f"{h(1)},7,2024-03-05 06:07:20,101,{A},{B},TOK,1.5"))
    report = load(settings, tmp_path)
    assert transfers(settings, "block_number, transfer_index, amount") == [
        (100, 9, Decimal("3.5")),
        (101, 7, Decimal("1.5")),
    ]
    assert report.total("rows_duplicate") == 1


@pytest.mark.parametrize("column", ["transaction_id", "signature", "transaction.hash", "TXID", "Transaction Hash"])
def test_pages_that_overlap_count_once(settings: Settings, tmp_path: Path, column: str) -> None:
    header = f"{column},block_timestamp,from,to,amount,symbol"
    rows = [f"{h(n)},{AT},{A},{B},{n}.5,TOK" for n in (1, 2, 3)]
    put(tmp_path, "1.csv", csv(header, *rows[:2]))
    put(tmp_path, "2.csv", csv(header, *rows[1:]))
    report = load(settings, tmp_path)
    assert (len(amounts(settings)), report.total("rows_duplicate")) == (3, 1)


def test_without_a_hash_the_report_says_what_that_means(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "1.csv", csv("time,from,to,amount", f"{AT},{A},{B},1.5"))
    assert "no transaction hash" in notes(load(settings, tmp_path))


@pytest.mark.parametrize("nothing", ["", "0x", "null", "0x" + "0" * 64])
def test_rows_without_a_hash_are_not_one(settings: Settings, tmp_path: Path, nothing: str) -> None:
    put(tmp_path, "1.csv", csv("hash,time,from,to,amount", *[f"{nothing},{AT},{A},{B},1.5"] * 50))
    load(settings, tmp_path)
    assert len(amounts(settings)) == 50


@pytest.mark.parametrize("native", ["0x" + "0" * 40, "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE", "native", ""])
def test_the_coin_of_a_chain_has_one_form(settings: Settings, tmp_path: Path, native: str) -> None:
    header = "chain,hash,time,from,to,contract_address,symbol,amount"
    put(tmp_path, "a.csv", csv(header, f"ethereum,{h(1)},{AT},{A},{B},{native},ETH,1.5"))
    answer = {"status": "1", "message": "OK", "result": [
        {"blockNumber": "7", "timeStamp": "1709618828", "hash": h(1), "nonce": "1", "transactionIndex": "5", "from": A,
         "to": B, "value": "1500000000000000000", "gas": "1", "gasPrice": "1", "isError": "0", "txreceipt_status": "1",
         "input": "0x", "contractAddress": "", "cumulativeGasUsed": "1", "gasUsed": "1", "confirmations": "1"}
    ]}  # fmt: skip
    put(tmp_path, "b.json", answer)
    report = load(settings, tmp_path)
    assert transfers(settings, "token_address, token_symbol, amount, transaction_index") == [
        (None, "ETH", Decimal("1.5"), 5)
    ]
    assert report.total("rows_duplicate") == 1


def test_a_page_that_tells_of_an_error_is_refused_and_an_empty_one_is_not(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "1.json", {"status": "0", "message": "NOTOK", "result": "Max calls per sec reached (5/sec)"})
    put(tmp_path, "2.json", {"status": "0", "message": "No transactions found", "result": []})
    put(tmp_path, "3.json", {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "limit exceeded"}})
    put(tmp_path, "4.json", {"items": [], "next_page_params": None})
    put(tmp_path, "5.json", {"message": "Unauthorized"})
    report = load(settings, tmp_path)
    assert [file.status for file in report.files] == ["refused", "loaded", "refused", "loaded", "refused"]
    for words in ("Max calls per sec", "limit exceeded", "Unauthorized"):
        assert words in notes(report)
    assert load(settings, tmp_path).files[1].status == "known"


def test_esplora_counts_satoshis_and_core_counts_coins(settings: Settings, tmp_path: Path) -> None:
    def out(address: str, value: int) -> dict[str, Any]:
        return {"scriptpubkey": "0014", "scriptpubkey_address": address, "value": value}

    payer, payee = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    vin = [{"txid": h(9)[2:], "vout": 0, "prevout": out(payer, 250_000), "is_coinbase": False}]
    tx = {"txid": h(1)[2:], "vin": vin, "vout": [out(payee, 240_000)], "fee": 10_000,
          "status": {"confirmed": True, "block_height": 830_000, "block_time": 1_709_618_828}}  # fmt: skip
    put(tmp_path, "txs.json", [tx])
    load(settings, tmp_path)
    assert transfers(settings, "block_number, to_address, amount") == [
        (830_000, payee, Decimal("0.0024")),
        (830_000, "fees", Decimal("0.0001")),
    ]


def etl(value: int | None, addresses: list[str]) -> dict[str, Any]:
    return {"hash": h(1)[2:], "block_number": 5, "block_timestamp": 1_709_618_828, "is_coinbase": False, "index": 3,
            "inputs": [{"index": 0, "addresses": addresses, "value": value}],
            "outputs": [{"index": 0, "addresses": ["LTdsVS8VDw6syvfQADdhf2PHAm3rMGJvPX"], "value": 90}]}  # fmt: skip


def test_inputs_without_values_are_a_reject_that_says_the_way_out(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.json", etl(None, []))
    assert load(settings, tmp_path).files[0].reasons == {"inputs_without_values": 1}
    assert "verbosity 3" in str(ask(settings, "select message from raw.rejects", is_build=True))


def test_litecoin_is_not_bitcoin(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.json", etl(100, ["LbTjMGN7gELw4KbeyQf6cTCq859hD18guE"]))
    load(settings, tmp_path, chain="litecoin")
    assert transfers(settings, "chain, token_symbol, amount * 100000000") == [
        ("litecoin", "LTC", 10),
        ("litecoin", "LTC", 90),
    ]
    assert "do not go with --chain tron" in notes(load(settings.with_changes(), tmp_path, chain="tron"))


def test_a_trc20_history_knows_its_chain_decimals_and_approvals(settings: Settings, tmp_path: Path) -> None:
    info = {"symbol": "USDT", "address": TRON_TOKEN, "decimals": 6, "name": "Tether USD"}
    rows = [
        {"transaction_id": h(n)[2:], "token_info": info, "block_timestamp": 1_709_618_828_000 + n, "from": TRON_A,
         "to": TRON_B, "type": kind, "value": value}
        for n, (kind, value) in enumerate([("Transfer", "2500000"), ("Approval", str(2**256 - 1))])
    ]  # fmt: skip
    put(tmp_path, "trc20.json", {"data": rows, "success": True, "meta": {"page_size": 2}})
    load(settings, tmp_path)
    assert transfers(settings, "chain, token_address, tx_hash, amount") == [
        ("tron", TRON_TOKEN, h(0)[2:], Decimal("2.5"))
    ]
    assert rejects(settings) == [("approval", 1)]


def test_tron_addresses_in_hexadecimal_are_those_in_base58(settings: Settings, tmp_path: Path) -> None:
    usdt = "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"
    put(tmp_path, "t.csv", csv("hash,time,from,to,amount", f"{h(1)},{AT},{usdt},{usdt[2:]},1.5"))
    load(settings, tmp_path, chain="tron")
    assert transfers(settings, "from_address, to_address") == [(TRON_TOKEN, TRON_TOKEN)]


EXPORT = '"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","From","To",'


def test_an_explorers_export_of_transactions(settings: Settings, tmp_path: Path) -> None:
    header = EXPORT + '"ContractAddress","Value_IN({0})","Value_OUT({0})","TxnFee({0})","Status","ErrCode","Method"'
    rows = [
        f'"{h(n)}","9","1709618828","{AT}","{A}","{B}","","{came}","{went}","0.1","{status}","","Transfer"'
        for n, (came, went, status) in enumerate([("2.5", "0", ""), ("0", "1,234.5", ""), ("0", "7", "Error(0)")])
    ]
    put(tmp_path, "export.csv", csv(header.format("BNB"), *rows))
    load(settings, tmp_path)
    assert transfers(settings, "chain, token_symbol, amount") == [
        ("bsc", "BNB", Decimal("2.5")),
        ("bsc", "BNB", Decimal("1234.5")),
    ]
    assert ask(settings, "select count(*), count(*) filter (where not is_success) from raw.transactions", True) == [
        (3, 1)
    ]


def test_an_export_that_names_no_token_says_how_to_name_it(settings: Settings, tmp_path: Path) -> None:
    row = f'"{h(1)}","77","1709618828","{AT}","{A}","{B}","1,234,567.5","Transfer"'
    put(tmp_path, "export.csv", csv(EXPORT + '"Quantity","Method"', row))
    assert "names no token" in notes(load(settings, tmp_path))
    assert transfers(settings, "block_number, token_symbol, amount") == [(77, None, Decimal("1234567.5"))]
    columns = {"from": "From", "to": "To", "time": "UnixTimestamp", "token_amount": "Quantity"}
    load(settings, tmp_path, map={"columns": columns, "constants": {"chain": "polygon", "token_symbol": "TOK"}})
    assert transfers(settings, "chain, token_symbol, amount") == [("polygon", "TOK", Decimal("1234567.5"))]


def test_transfers_without_times_take_those_of_their_blocks(settings: Settings, tmp_path: Path) -> None:
    header = "token_address,from_address,to_address,value,transaction_hash,log_index,block_number"
    put(
        tmp_path, "a_transfers.csv", csv(header, f"{TOKEN},{A},{B},2500000,{h(1)},1,7", f"{TOKEN},{A},{B},1,{h(2)},1,8")
    )
    tokens = token_file(tmp_path, 6)
    assert "file of blocks" in notes(load(settings, tmp_path, tokens=tokens))
    put(
        tmp_path,
        "blocks.csv",
        csv("number,hash,parent_hash,miner,timestamp,gas_used", f"7,{h(3)},{h(4)},{A},1709618828,1"),
    )
    report = load(settings, tmp_path, tokens=tokens)
    assert {file.path.name: file.status for file in report.files} == {
        "a_transfers.csv": "loaded",
        "blocks.csv": "loaded",
    }
    assert transfers(settings, "block_timestamp::varchar, amount") == [(AT, Decimal("2.5"))]
    assert rejects(settings) == [("missing_column_value", 1)]
    put(
        tmp_path,
        "more.csv",
        csv("number,hash,parent_hash,miner,timestamp,gas_used", f"8,{h(5)},{h(3)},{A},1709618840,1"),
    )
    load(settings, tmp_path, tokens=tokens)
    assert len(amounts(settings)) == 2


def test_accounts_of_a_bank_are_addresses(settings: Settings, tmp_path: Path) -> None:
    header = ("Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,"
              "Payment Currency,Payment Format,Is Laundering")  # fmt: skip
    put(tmp_path, "t.csv", csv(header, "2024/03/05 06:07,010,AB1,070,CD2,4.5,Euro,5.25,US Dollar,Wire,0"))
    load(settings, tmp_path)
    assert transfers(settings, "chain, token_symbol, from_address, to_address, amount") == [
        ("fiat", "US Dollar", "010:AB1", "070:CD2", Decimal("5.25"))
    ]


@pytest.mark.parametrize(
    "before",
    ["", "sep=,\n", "# made by a tool\n\n", "\ufeff", "\n\n"],
    ids=["plain", "sep", "comment", "mark", "blank"],
)
def test_what_stands_before_the_header_is_passed_over(settings: Settings, tmp_path: Path, before: str) -> None:
    put(tmp_path, "t.csv", before + csv(",hash,time,from,to,amount", f"0,{h(1)},{AT},{A},{B},1.5"))
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal("1.5")]


def test_a_hive_folder_is_read_when_asked(settings: Settings, tmp_path: Path) -> None:
    for day in ("2024-03-05", "2024-03-06"):
        put(tmp_path, f"date={day}/part-0.csv", csv("hash,time,from,to,amount", f"{h(int(day[-1]))},{day},{A},{B},1.5"))
    put(tmp_path, "_SUCCESS", "")
    assert {file.status for file in load(settings, tmp_path).files} == {"skipped"}
    load(settings, tmp_path, recursive=True)
    assert len(amounts(settings)) == 2


# ------------------------------------------------------------------------------------------ odd and hostile input


GOOD = csv("hash,time,from,to,amount", f"{h(1)},{AT},{A},{B},1.5")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.json", "[" * 100_000 + "]" * 100_000),
        ("deep.jsonl", ('{"a":' * 50_000 + "1" + "}" * 50_000 + "\n") * 2),
        ("digits.json", '[{"hash":"0x1","from":"a","to":"b","time":1709618828,"amount":' + "9" * 5_000 + "}]"),
        ("keys.json", '[{"":1,"\\"":2,"a.b":3,"a":{"b":4},"hash":"0x1"}]'),
        ("by_address.json", json.dumps({f"0x{n:040x}": {"name": str(n)} for n in range(2_100)})),
        ("lists.json", "[[1,2],[3,4]]"),
        ("number.json", "[1, 2, 3]"),
        ("half.json", '{"result": [{"hash": "0x1", "fr'),
        ("names.csv", "name,city\nAda,London\n"),
        ("quotes.csv", 'hash,time,from,to,amount\n"' + "x" * 1000),
        ("wide.csv", ",".join(f"c{n}" for n in range(3_000)) + "\n"),
    ],
)
def test_one_odd_file_never_stops_the_others(settings: Settings, tmp_path: Path, name: str, content: str) -> None:
    put(tmp_path, name, content)
    put(tmp_path, "zgood.csv", GOOD)
    report = load(settings, tmp_path)
    odd, good = sorted(report.files, key=lambda file: file.path.name)
    assert good.status == "loaded"
    assert odd.status == "refused" or odd.rows_rejected, odd
    assert Decimal("1.5") in amounts(settings)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a[1].csv", "csv"), ("a[1].csv", "jsonl"), ("a[1].csv", "parquet"), ("star*.csv", "parquet"),
        ("what?.csv", "jsonl"), ("sp ace.csv", "csv"), ("quo'te.csv", "parquet"), ("tab\t.csv", "jsonl"),
    ],
)  # fmt: skip
def test_names_of_files_are_no_patterns(settings: Settings, tmp_path: Path, name: str, kind: str) -> None:
    put(tmp_path, "a1.csv", csv("hash,time,from,to,amount", f"{h(2)},{AT},{A},{B},2.5"))
    row = {"hash": h(1), "time": AT, "from": A, "to": B, "amount": "1.5"}
    path = put(tmp_path, name, GOOD if kind == "csv" else json.dumps(row) + "\n" + json.dumps({**row, "hash": h(3)}))
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    report = load(settings, tmp_path)
    assert {file.status for file in report.files} == {"loaded"}
    assert len(amounts(settings)) == (3 if kind == "jsonl" else 2)


def test_a_name_that_is_no_text_is_read(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/\xff\xfe.csv")).write_text(GOOD)
    report = load(settings, tmp_path)
    assert [file.status for file in report.files] == ["loaded"], report
    assert [file.status for file in load(settings, tmp_path).files] == ["known"]


def test_a_pipe_in_the_folder_is_not_waited_for(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "good.csv", GOOD)
    os.mkfifo(tmp_path / "in" / "pipe.csv")
    assert sorted(file.status for file in load(settings, tmp_path).files) == ["loaded", "skipped"]


def test_a_long_line_in_a_container_is_counted(settings: Settings, tmp_path: Path) -> None:
    text = GOOD + "x" * 2_000_000 + "\n" + f"{h(2)},{AT},{A},{B},2.5\n"
    put(tmp_path, "t.csv.gz", gzip.compress(text.encode()))
    report = load(settings, tmp_path, max_line_bytes=1_000_000).files[0]
    assert (report.rows_read, report.rows_loaded, report.reasons) == (3, 2, {"malformed_row": 1})


def test_a_copy_elsewhere_keeps_what_the_first_file_brought(settings: Settings, tmp_path: Path) -> None:
    first, copy = put(tmp_path, "t.csv", GOOD), put(tmp_path / "other", "t.csv", GOOD)
    load(settings, tmp_path)
    assert load(settings, tmp_path / "other").files[0].status == "known"
    first.write_text(csv("hash,time,from,to,amount", f"{h(2)},{AT},{A},{B},2.5"))
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal("1.5"), Decimal("2.5")]
    copy.unlink()
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal("1.5"), Decimal("2.5")]


def test_a_folder_behind_a_link_is_the_folder(settings: Settings, tmp_path: Path) -> None:
    path = put(tmp_path, "t.csv", GOOD)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "in").symlink_to(tmp_path / "in")
    load(settings, tmp_path)
    path.write_text(csv("hash,time,from,to,amount", f"{h(2)},{AT},{A},{B},2.5"))
    load(settings, tmp_path / "link")
    assert amounts(settings) == [Decimal("2.5")]


def test_rows_refused_by_a_wrong_clock_are_read_when_it_is_right(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import datetime

    from flow_pipeline.loading import candidates, ingest

    put(tmp_path, "t.csv", GOOD)
    for module in (candidates, ingest):
        monkeypatch.setattr(module, "latest_time", lambda sources: datetime(2020, 1, 1))
    assert load(settings, tmp_path).files[0].reasons == {"bad_timestamp": 1}
    assert load(settings, tmp_path).files[0].status == "known"
    monkeypatch.undo()
    assert load(settings, tmp_path).files[0].rows_loaded == 1


def test_a_folder_with_nothing_to_load_is_refused(settings: Settings, tmp_path: Path) -> None:
    must = LoadOptions(must_have_rows=True)
    put(tmp_path, "README.md", "just words\n")
    with pytest.raises(UsageError, match="holds nothing to load"):
        load(settings, tmp_path, options=must)
    put(tmp_path, "cities.csv", "name,city\nAda,London\n")
    with pytest.raises(FlowError, match="no column for sender, receiver, time, amount among name, city") as refusal:
        load(settings, tmp_path, options=must)
    assert refusal.value.exit_code == 1
    put(tmp_path, "t.csv", GOOD)
    assert [file.path.name for file in load(settings, tmp_path, options=must).refused] == ["cities.csv"]


def test_a_folder_of_which_every_row_is_rejected_is_refused_with_the_reasons(
    settings: Settings, tmp_path: Path
) -> None:
    put(tmp_path, "t.csv", plain("amount", "much", "more"))
    refusal = "no row could be loaded; rejected: 2 for bad_amount"
    for _ in range(2):
        with pytest.raises(FlowError, match=refusal):
            load(settings, tmp_path, options=LoadOptions(must_have_rows=True))
    # A scheduled run publishes what there is: every rejected row is reported.
    assert build(settings, tmp_path).published
    put(tmp_path, "u.csv", GOOD)
    assert load(settings, tmp_path, options=LoadOptions(must_have_rows=True)).files[-1].rows_loaded == 1


def test_what_inspect_says_is_what_loads(settings: Settings, tmp_path: Path) -> None:
    path = put(tmp_path, "t.csv.gz", gzip.compress(plain("amount", "1.234,5", "0,25", "much").encode()))
    odd = put(tmp_path, "cities.csv", "name,city\nAda,London\n")
    found, refused = inspect(settings, [path, odd], LoadOptions())
    assert (found.status, found.format, found.container, found.kind) == ("read", "canonical", "gzip", "csv")
    assert found.fields["amount" if "amount" in found.fields else "token_amount"] == "amount"
    assert [str(row[8]) for row in found.rows][:2] == ["1234.500000000000000000", "0.250000000000000000"]
    assert found.counts == {"transfers": 2, "bad_amount": 1}
    assert not settings.build_file.exists()
    report = load(settings, tmp_path)
    (loaded,) = (file for file in report.files if file.status == "loaded")
    assert [str(one) for one in loaded.decisions] == [str(one) for one in found.decisions]
    assert refused.notes == report.refused[0].notes
    assert json.loads(str(ask(settings, "select decisions from raw.loads where format = 'canonical'", True)[0][0])) == [
        vars(one) for one in found.decisions
    ]


def test_a_map_reads_what_no_format_knows(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("Wer,Wem,Wann,Wieviel,Zustand", f"{A},{B},{AT},1500,gut", f"{B},{A},{AT},2500,arg"))
    told = {
        "columns": {"from": "Wer", "to": "Wem", "time": "Wann", "amount": "Wieviel", "success": "Zustand"},
        "constants": {"chain": "bsc", "token_symbol": "TOK", "decimals": 3, "time_zone": "Europe/Berlin"},
        "status": {"ok": ["gut"], "failed": ["arg"]},
    }
    load(settings, tmp_path, map=told)
    assert transfers(settings, "chain, token_symbol, amount, block_timestamp::varchar") == [
        ("bsc", "TOK", Decimal("1.5"), "2024-03-05 05:07:08")
    ]
    for wrong, words in (
        ({"columns": {"colour": "Wer"}}, "no field colour"),
        ({"columns": {"from": "Wer"}}, "no column for"),
    ):
        with pytest.raises(UsageError, match=words):
            load(settings, tmp_path, map=wrong)


# ------------------------------------------------------------------------------------------ what sceptics tried


def test_lists_beside_lists_are_not_lost(settings: Settings, tmp_path: Path) -> None:
    row = {"hash": h(1), "time": AT, "from": A, "to": B, "amount": "1.5"}
    put(tmp_path, "two.json", {"sent": [row], "received": [{**row, "hash": h(2)}]})
    assert "several lists (/sent, /received)" in notes(load(settings, tmp_path))


def test_the_chain_that_an_answer_or_a_folder_names_counts(settings: Settings, tmp_path: Path) -> None:
    row = {"hash": h(1), "time": AT, "from": A, "to": B, "amount": "1.5"}
    put(tmp_path, "page.json", {"data": {"chain_id": 137, "items": [row]}})
    put(tmp_path, "chain=bsc/part-0.csv", csv("hash,time,from,to,amount", f"{h(2)},{AT},{A},{B},2.5"))
    load(settings, tmp_path, recursive=True)
    assert transfers(settings, "chain, amount") == [("bsc", Decimal("2.5")), ("polygon", Decimal("1.5"))]


def test_senders_of_one_form_name_their_chain(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("hash,time,from,to,symbol,amount", f"{h(1)},{AT},{TRON_A},{TRON_B},TOK,1.5"))
    load(settings, tmp_path)
    assert transfers(settings, "chain") == [("tron",)]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("txid,time,from,to,value", f"{h(1)},{AT},{BTC_A},{BTC_B},5000000"),
        ("hash,time,from,to,contract_address,amount", f"{h(1)},{AT},{A},{B},{TOKEN},1500000000"),
        ("hash,time,from,to,amount,decimals", f"{h(1)},{AT},{A},{B},25000,6"),
    ],
)  # fmt: skip
def test_whole_numbers_in_doubt_are_a_question(settings: Settings, tmp_path: Path, header: str, row: str) -> None:
    put(tmp_path, "t.csv", csv(header, row))
    chain = "bitcoin" if "txid" in header else None
    assert "VALUE_UNIT=token" in notes(load(settings, tmp_path, chain=chain))


def test_a_decimal_without_fractions_is_no_proof_of_coins(settings: Settings, tmp_path: Path) -> None:
    names = ["hash", "nonce", "from_address", "to_address", "value", "gas_price", "block_timestamp", "receipt_status"]
    row = [h(1), 1, A, B, Decimal(250_000_000_000_000), 1, AT, 1]
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True))])
    at = names.index("value")
    (tmp_path / "in").mkdir()
    pq.write_table(
        table.set_column(at, "value", table["value"].cast(pa.decimal128(38, 9))), tmp_path / "in" / "t.parquet"
    )
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal("0.00025")]


@pytest.mark.parametrize("places", [("0_1_1", "0_11"), ("[0, 1]", "[0, 2]"), ("0,1", "0,2")])
def test_paths_inside_a_transaction_are_places(settings: Settings, tmp_path: Path, places: tuple[str, str]) -> None:
    rows = [f'{h(1)},"{place}",{AT},{A},{B},ETH,1.5' for place in places]
    put(tmp_path, "t.csv", csv("hash,trace_address,time,from,to,symbol,amount", *rows))
    load(settings, tmp_path)
    assert len(amounts(settings)) == 2


def test_calls_that_carry_no_value_and_things_move_no_coins(settings: Settings, tmp_path: Path) -> None:
    put(
        tmp_path, "a.csv", csv("hash,time,from,to,symbol,amount,call_type", f"{h(1)},{AT},{A},{B},ETH,9.5,delegatecall")
    )
    put(tmp_path, "b.csv", csv("hash,time,from,to,symbol,amount,token_id", f"{h(2)},{AT},{A},{B},APE,1.5,77"))
    load(settings, tmp_path)
    assert rejects(settings) == [("nft", 1), ("not_a_transfer", 1)]


def test_a_failure_in_a_column_of_an_unknown_name_is_a_question(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("hash,time,from,to,amount,my_tx_state", f"{h(1)},{AT},{A},{B},1.5,FAILED"))
    assert "column my_tx_state says `failed`" in notes(load(settings, tmp_path))


def test_words_for_none_are_none(settings: Settings, tmp_path: Path) -> None:
    rows = [f"\\N,{AT},{A},{B},None,eth,1.5", f"\\N,{AT},{A},{B},nan,ETH,1.5"]
    put(tmp_path, "t.csv", csv("hash,time,from,to,contract_address,symbol,amount", *rows))
    load(settings, tmp_path)
    assert transfers(settings, "token_address, token_symbol, tx_hash") == [(None, "ETH", None)] * 2


@pytest.mark.parametrize(
    ("text", "second"),
    [
        (f"{AT} +0200", 4 * 3600 + 428), ("2024-03-05 06:07:08 PM", 18 * 3600 + 428), ("45356.25", 6 * 3600),
        (f"{AT} +0000 UTC", 6 * 3600 + 428),
    ],
)  # fmt: skip
def test_times_of_other_tools(settings: Settings, tmp_path: Path, text: str, second: int) -> None:
    put(tmp_path, "t.csv", csv("hash,time,from,to,amount", f"{h(1)},{text},{A},{B},1.5"))
    load(settings, tmp_path)
    assert transfers(settings, "date_diff('second', timestamp '2024-03-05', block_timestamp)") == [(second,)]


def test_a_time_that_can_not_be_read_is_shown(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", csv("hash,time,from,to,amount", f"{h(1)},soon,{A},{B},1.5", f"{h(2)},{AT},{A},{B},2.5"))
    load(settings, tmp_path)
    assert ask(settings, "select message from raw.rejects", is_build=True) == [("the time can not be read: soon",)]


def test_a_header_that_stands_twice_is_no_transfer(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", GOOD + csv("hash,time,from,to,amount", f"{h(2)},{AT},{A},{B},2.5"))
    assert load(settings, tmp_path).files[0].reasons == {"malformed_row": 1}
    assert len(amounts(settings)) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html>log in</html>", "a web page"), (b"SQLite format 3\x00", "a SQLite database"),
        (b"{}", "can not be read"), (b"[null]", "not objects"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_named(settings: Settings, tmp_path: Path, content: bytes, words: str) -> None:
    put(tmp_path, "odd.csv", content)
    put(tmp_path, "zgood.csv", GOOD)
    report = load(settings, tmp_path)
    assert [file.status for file in report.files] == ["refused", "loaded"]
    assert words in report.files[0].notes[0]


def test_a_title_above_the_header_and_a_unit_beside_numbers(settings: Settings, tmp_path: Path) -> None:
    text = "Transfers of March\n" + csv(
        "hash,time,from,to,amount", f"{h(1)},{AT},{A},{B},1.5 ETH", f"{h(2)},{AT},{A},{B},2 ETH"
    )
    put(tmp_path, "t.csv", text)
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal("1.5"), Decimal(2)]


def test_cash_comes_in_from_the_other_side(settings: Settings, tmp_path: Path) -> None:
    header = "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud"
    put(tmp_path, "t.csv", csv(header, "1,CASH_IN,9.5,C1,0,0,M2,0,0,0", "2,TRANSFER,8.5,C3,0,0,C4,0,0,0"))
    load(settings, tmp_path, epoch="2024-03-05")
    assert transfers(settings, "from_address, to_address") == [("C3", "C4"), ("M2", "C1")]


def test_dollars_in_doubt_are_left_out_and_said(settings: Settings, tmp_path: Path) -> None:
    header = "hash;time;from;to;amount;value_usd"
    put(tmp_path, "t.csv", csv(header, f"{h(1)};{AT};{A};{B};1.25;1,234"))
    assert "no US dollars are read" in notes(load(settings, tmp_path))
    assert transfers(settings, "amount, amount_usd") == [(Decimal("1.25"), None)]


# ------------------------------------------------------------------------------------- what the next sceptics tried


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("amount", ("1.5 ETH", "20 wei"), "counts in `eth`, `wei`"),
        ("amount", ("15 Gwei",), "counts in `gwei`"),
        ("amount", ("1.5 K", "2 K"), "counts in `k`"),
        ("amount,amount", ("1.5,7.5",), "two columns are called amount"),
    ],
)
def test_numbers_of_no_one_unit_are_refused(
    settings: Settings, tmp_path: Path, column: str, values: tuple[str, ...], words: str
) -> None:
    rows = [f"{h(n)},{AT},{A},{B},{value}" for n, value in enumerate(values, 1)]
    put(tmp_path, "t.csv", csv(f"hash,time,from,to,{column}", *rows))
    assert words in notes(load(settings, tmp_path))
    assert amounts(settings) == []


def test_the_unit_beside_numbers_names_the_token(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv("hash,time,from,to,amount", f'{h(1)},{AT},{A},{B},"1,234.5 ABCD"'))
    put(tmp_path, "b.csv", csv("hash,time,from,to,amount", f"{h(2)},{AT},{A},{B},30000000000 wei"))
    load(settings, tmp_path)
    assert transfers(settings, "token_symbol, amount") == [
        ("ABCD", Decimal("1234.5")),
        ("ETH", Decimal("0.00000003")),
    ]


TOKENTX = "blockNumber,timeStamp,hash,from,contractAddress,to,value,tokenSymbol,tokenDecimal"


def tokentx(*values: str) -> str:
    rows = [f"9,1709618828,{h(n)},{A},{TOKEN},{B},{value},TOK,6" for n, value in enumerate(values, 1)]
    return csv(TOKENTX, *rows)


def test_a_known_table_whose_values_were_divided_counts_coins(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", tokentx("0", "2.25", "8000"))
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal(0), Decimal("2.25"), Decimal(8000)]


def test_few_fractions_in_a_known_table_are_a_question(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", tokentx("2500000", "3500000", "0.5"))
    assert "VALUE_UNIT=token (coins) or base" in notes(load(settings, tmp_path))
    load(settings, tmp_path, value_unit="token")
    assert amounts(settings) == [Decimal("0.5"), Decimal(2_500_000), Decimal(3_500_000)]


def test_dust_in_a_known_table_is_said(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.csv", tokentx("3", "2000"))
    assert "all less than a hundredth of a coin" in notes(load(settings, tmp_path))


def test_decimals_that_no_token_has_stop_nothing(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", tokentx("2500000").replace("TOK,6", "TOK,99999999999"))
    put(tmp_path, "b.csv", csv("hash,time,from,to,amount,decimals", f"{h(2)},{AT},{A},{B},3,99999999999"))
    report = load(settings, tmp_path)
    assert [file.status for file in report.files] == ["loaded", "loaded"]
    assert rejects(settings) == [("bad_amount", 2)]


def test_tables_in_one_stream_are_refused(settings: Settings, tmp_path: Path) -> None:
    tx = {"type": "transaction", "hash": h(1), "nonce": 1, "from_address": A, "to_address": B, "value": 5,
          "gas_price": 1, "block_timestamp": AT, "receipt_status": 1}  # fmt: skip
    moved = {"type": "token_transfer", "token_address": TOKEN, "from_address": A, "to_address": B, "value": 2_500_000,
             "transaction_hash": h(1), "log_index": 1, "block_timestamp": AT}  # fmt: skip
    put(tmp_path, "stream.json", f"{json.dumps(tx)}\n{json.dumps(moved)}\n")
    assert "rows of several tables" in notes(load(settings, tmp_path))


def test_calls_with_a_value_move_coins_of_tron(settings: Settings, tmp_path: Path) -> None:
    def tx(n: int, kind: str, result: str = "SUCCESS", **value: Any) -> dict[str, Any]:
        parameter = {"value": {"owner_address": "41" + "a1" * 20, **value}}
        return {"txID": h(n)[2:], "ret": [{"contractRet": result}], "block_timestamp": 1_709_618_828_000,
                "raw_data": {"contract": [{"type": kind, "parameter": parameter}]}}  # fmt: skip

    contract = "41" + "c3" * 20
    txs = [
        tx(1, "TransferContract", amount=2_500_000, to_address="41" + "b2" * 20),
        tx(2, "TriggerSmartContract", contract_address=contract, call_value=7_250_000),
        tx(3, "TriggerSmartContract", contract_address=contract, call_value=0),
        tx(4, "TriggerSmartContract", "REVERT", contract_address=contract, call_value=9_000_000),
        tx(5, "FreezeBalanceV2Contract", frozen_balance=4_000_000),
    ]
    put(tmp_path, "txs.json", {"data": txs, "success": True})
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal("2.5"), Decimal("7.25")]
    assert [reason for reason, _ in rejects(settings)] == ["failed_transaction", "not_a_transfer"]


def log(n: int, event: str, *topics: str, amount: int = 0, **more: Any) -> dict[str, Any]:
    padded = [f"0x{topic[2:]:0>64}" for topic in topics]
    return {"address": TOKEN, "topics": [event, *padded], "data": f"0x{amount:064x}", "blockNumber": "0x9",
            "transactionHash": h(n), "logIndex": hex(n), "removed": False, **more}  # fmt: skip


TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"


def test_logs_of_a_node_are_transfers_when_their_blocks_have_times(settings: Settings, tmp_path: Path) -> None:
    logs = [
        log(1, TRANSFER, A, B, amount=2_500_000), log(2, APPROVAL, A, B, amount=9), log(3, TRANSFER, A, B, "0x5"),
        log(4, TRANSFER, A, B, amount=9, removed=True),
    ]  # fmt: skip
    put(tmp_path, "logs.json", {"jsonrpc": "2.0", "id": 1, "result": logs})
    tokens = token_file(tmp_path, 6)
    assert "put the exporter's file of blocks" in notes(load(settings, tmp_path, tokens=tokens))
    put(tmp_path, "blocks.csv", csv("number,hash,parent_hash,miner,timestamp", f"9,{h(7)},{h(6)},{A},1709618828"))
    load(settings, tmp_path, tokens=tokens)
    assert transfers(settings, "from_address, to_address, token_address, transfer_index, amount") == [
        (A, B, TOKEN, 1, Decimal("2.5"))
    ]
    assert rejects(settings) == [("nft", 1), ("not_a_transfer", 1), ("removed_log", 1)]


@pytest.mark.parametrize("name", ["blockTimestamp", "timeStamp"])
def test_logs_with_times_need_no_blocks(settings: Settings, tmp_path: Path, name: str) -> None:
    put(tmp_path, "logs.json", {"result": [log(1, TRANSFER, A, B, amount=2_500_000, **{name: "0x65e6b68c"})]})
    load(settings, tmp_path, tokens=token_file(tmp_path, 6))
    assert transfers(settings, "block_timestamp::varchar, amount") == [(AT, Decimal("2.5"))]


def test_internal_transactions_of_blockscout_move_the_chains_own_coin(settings: Settings, tmp_path: Path) -> None:
    header = "TxHash,Index,BlockNumber,Timestamp,FromAddress,ToAddress,ContractAddress,CallType,Type,Value,ErrorCode"
    rows = [
        f"{h(1)},1,9,{AT},{A},{B},,call,call,2500000,",
        f"{h(2)},1,9,{AT},{A},{B},,delegatecall,call,7500000,",
        f"{h(3)},1,9,{AT},{A},{B},,call,call,8500000,reverted",
        f"{h(4)},1,9,{AT},{A},,{C},,create,3500000,",
    ]
    put(tmp_path, "internal.csv", csv(header, *rows))
    item = {"transaction_hash": h(5), "from": {"hash": A}, "to": {"hash": B}, "value": "4500000", "timestamp": AT,
            "index": 2, "gas_limit": "1", "success": True, "error": None, "type": "call"}  # fmt: skip
    put(tmp_path, "internal.json", {"items": [item]})
    load(settings, tmp_path)
    assert transfers(settings, "token_symbol, to_address, amount * 1000000000000000000") == [
        ("ETH", B, 2_500_000),
        ("ETH", B, 4_500_000),
        ("ETH", C, 3_500_000),
    ]


def test_internal_transactions_asked_by_their_hash_have_none(settings: Settings, tmp_path: Path) -> None:
    row = {"blockNumber": "9", "timeStamp": "1709618828", "from": A, "to": B, "value": "4500000", "errCode": "",
           "contractAddress": "", "input": "", "type": "call", "gas": "1", "gasUsed": "1", "isError": "0"}  # fmt: skip
    put(tmp_path, "t.json", {"status": "1", "message": "OK", "result": [row]})
    load(settings, tmp_path)
    assert transfers(settings, "token_symbol, amount * 1000000000000000000") == [("ETH", 4_500_000)]


def test_what_graphs_and_safes_answer(settings: Settings, tmp_path: Path) -> None:
    coin = {"address": TOKEN, "symbol": "TOK", "decimals": 6}
    put(tmp_path, "graph.json", {"data": {"transfers": [
        {"id": "1", "from": {"id": A}, "to": {"id": B}, "value": "1500000", "timestamp": "1709618828",
         "token": {"id": TOKEN, "symbol": "TOK", "decimals": "6"}, "transaction": {"id": h(1)}}]}})  # fmt: skip
    put(tmp_path, "one.json", {"data": {"ethereum": {"transfers": [
        {"block": {"timestamp": {"time": AT}, "height": 9}, "sender": {"address": A}, "receiver": {"address": B},
         "amount": 2500, "currency": coin, "transaction": {"hash": h(2)}}]}}})  # fmt: skip
    moved = {"Amount": "3.5", "Sender": A, "Receiver": B, "Currency": {"SmartContract": TOKEN, "Symbol": "TOK"}}
    put(tmp_path, "two.json", {"data": {"EVM": {"Transfers": [
        {"Block": {"Time": AT, "Number": "9"}, "Transfer": moved, "Transaction": {"Hash": h(3)}}]}}})  # fmt: skip
    safe = {"executionDate": AT, "blockNumber": 9, "from": A, "to": B, "tokenId": None, "transferId": "x"}
    put(tmp_path, "safe.json", {"count": 2, "results": [
        {**safe, "type": "ERC20_TRANSFER", "transactionHash": h(4), "value": "4500000", "tokenAddress": TOKEN,
         "tokenInfo": coin},
        {**safe, "type": "ETHER_TRANSFER", "transactionHash": h(5), "value": "5500000000000000000",
         "tokenAddress": None, "tokenInfo": None}]})  # fmt: skip
    load(settings, tmp_path)
    assert transfers(settings, "amount, coalesce(token_address, token_symbol)") == [
        (Decimal("1.5"), TOKEN),
        (Decimal("3.5"), TOKEN),
        (Decimal("4.5"), TOKEN),
        (Decimal("5.5"), "ETH"),
        (Decimal(2500), TOKEN),
    ]


def test_lists_of_transfers_inside_transactions_are_not_lost(settings: Settings, tmp_path: Path) -> None:
    inner = [{"from_address": A, "to_address": B, "value": "1"}]
    tx = {"hash": h(1), "nonce": "1", "from_address": A, "to_address": B, "value": "5", "gas_price": "1",
          "block_timestamp": AT, "receipt_status": "1"}  # fmt: skip
    lists = {"erc20_transfers": inner, "native_transfers": [], "nft_transfers": []}
    put(tmp_path, "history.json", {"result": [{**tx, **lists}]})
    put(tmp_path, "other.json", {"result": [{**tx, "inner_transfers": inner}]})
    put(tmp_path, "parsed.json", [
        {"signature": "5z", "timestamp": 1_709_618_828, "feePayer": "x", "nativeTransfers": [], "tokenTransfers": []}
    ])  # fmt: skip
    report = load(settings, tmp_path)
    assert [file.status for file in report.files] == ["refused"] * 3
    for words in ("/ADDRESS/erc20/transfers", "lists of transfers (inner_transfers)", "nativeTransfers"):
        assert words in notes(report)


def test_transfers_under_keys_of_their_own_are_not_lost(settings: Settings, tmp_path: Path) -> None:
    row = {"time": AT, "from": A, "to": B, "amount": "1.5"}
    put(tmp_path, "keys.json", {h(1): row, h(2): row})
    assert "several lists" in notes(load(settings, tmp_path))


def test_a_key_may_hold_an_object_or_a_text(settings: Settings, tmp_path: Path) -> None:
    row = {"hash": h(1), "time": AT, "from": {"hash": A, "name": None}, "to": B, "token": "TOK", "amount": "1.5"}
    other = {**row, "hash": h(2), "from": B, "token": {"symbol": "TOK", "address": TOKEN}, "amount": "2.5"}
    put(tmp_path, "t.json", {"data": {"items": [row, other]}})
    load(settings, tmp_path)
    assert transfers(settings, "amount, from_address, token_symbol, token_address") == [
        (Decimal("1.5"), A, "TOK", None),
        (Decimal("2.5"), B, "TOK", TOKEN),
    ]


def test_objects_of_parquet_are_flattened_as_those_of_json(settings: Settings, tmp_path: Path) -> None:
    row = {"hash": h(1), "time": AT, "from": {"hash": A}, "to": {"wallet": {"address": B}, "hash": B},
           "token": {"symbol": "TOK", "address": TOKEN}, "amount": "1.5"}  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row, {**row, "hash": h(2), "to": None}]), put(tmp_path, "t.parquet", ""))
    load(settings, tmp_path)
    assert transfers(settings, "from_address, to_address, token_address, amount") == [(A, B, TOKEN, Decimal("1.5"))]
    assert rejects(settings) == [("missing_column_value", 1)]


def test_numbers_wider_than_the_engines_are_refused(settings: Settings, tmp_path: Path) -> None:
    row = {"hash": h(1), "time": AT, "from": A, "to": B, "token_symbol": "TOK"}
    table = pa.Table.from_pylist([row]).append_column("amount", pa.array([Decimal("1.5")], pa.decimal256(76, 38)))
    pq.write_table(table, put(tmp_path, "t.parquet", ""))
    assert "column amount is a DECIMAL of more than 38 digits" in notes(load(settings, tmp_path))


@pytest.mark.parametrize("field", ["hash", "from"])
def test_what_a_spreadsheet_has_rounded_is_refused(settings: Settings, tmp_path: Path, field: str) -> None:
    row = {"chain": "solana", "hash": "5zUv", "time": AT, "from": "9xQe", "to": "7Np4", "amount": "1.5"}
    row[field] = "1.23457E+43"
    put(tmp_path, "t.csv", csv(",".join(row), ",".join(row.values())))
    assert f"column {field} has 1 values like 1.23457E+43" in notes(load(settings, tmp_path))


def test_addresses_and_prefixes_have_one_form(settings: Settings, tmp_path: Path) -> None:
    cash = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
    bare = "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy"
    rows = [f"{h(1)},{AT},bitcoincash:{cash},{bare},1.5", f"{h(2)},{AT},{bare},BITCOINCASH:{cash.upper()},2.5"]
    put(tmp_path, "cash.csv", csv("txid,time,from,to,amount", *rows))
    bytes_of = (f"\\x{A[2:]}", f"\\x{B[2:]}")
    put(
        tmp_path,
        "bytes.csv",
        csv("tx_hash,time,from,to,symbol,amount", f"{h(3)},{AT},{bytes_of[0]},{bytes_of[1]},TOK,3.5"),
    )
    load(settings, tmp_path)
    assert transfers(settings, "amount, chain, from_address, to_address") == [
        (Decimal("1.5"), "bitcoin-cash", cash, bare),
        (Decimal("2.5"), "bitcoin-cash", bare, cash),
        (Decimal("3.5"), "ethereum", A, B),
    ]


def test_labels_of_cash_addresses_have_the_form_of_transfers() -> None:
    cash = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
    assert checked_address("bitcoin-cash", f"bitcoincash:{cash}") == cash
    assert checked_address("bitcoin-cash", cash.upper()) == cash
    assert spelling(f"bitcoincash:{cash}") == cash


def test_transactions_of_other_apis_of_bitcoin(settings: Settings, tmp_path: Path) -> None:
    def cypher(n: int, **more: Any) -> dict[str, Any]:
        return {"hash": h(n)[2:], "block_height": 9, "confirmed": "2024-03-05T06:07:08Z", "vin_sz": 1, "vout_sz": 1,
                "inputs": [{"output_index": 0, "output_value": 250_000, "addresses": [BTC_A]}],
                "outputs": [{"value": 240_000, "addresses": [BTC_B]}], **more}  # fmt: skip

    cut = cypher(5, vin_sz=2, outputs=[{"value": 400_000, "addresses": [BTC_B]}])
    put(tmp_path, "cypher.json", {"address": BTC_A, "txs": [cypher(1), cypher(2, vout_sz=30), cut]})
    seen = {"hash": h(3)[2:], "time": 1_709_618_828, "inputs": [{"prev_out": {"value": 350_000, "addr": BTC_A}}],
            "out": [{"value": 340_000, "addr": BTC_B, "n": 0}]}  # fmt: skip
    put(tmp_path, "info.json", {"txs": [{**seen, "block_height": 9}, {**seen, "hash": h(4)[2:], "block_height": None}]})
    load(settings, tmp_path)
    assert transfers(settings, "amount * 100000000, to_address") == [
        (10_000, "fees"),
        (10_000, "fees"),
        (240_000, BTC_B),
        (340_000, BTC_B),
    ]
    assert rejects(settings) == [("inputs_without_values", 2), ("missing_column_value", 2)]


@pytest.mark.parametrize("block", [{"tx": [h(1)[2:], h(2)[2:]]}, "00e0ff3f" + "ab" * 90])
def test_blocks_without_their_transactions_say_what_to_ask_for(
    settings: Settings, tmp_path: Path, block: dict[str, Any] | str
) -> None:
    if isinstance(block, dict):
        block = {"hash": h(9)[2:], "height": 9, "time": 1_709_618_828, **block}
    put(tmp_path, "block.json", {"result": block, "error": None, "id": 1})
    assert "verbosity 3" in notes(load(settings, tmp_path))


def test_a_sister_of_bitcoin_is_known_by_its_addresses(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path, "t.json", etl(100, ["LbTjMGN7gELw4KbeyQf6cTCq859hD18guE"]))
    load(settings, tmp_path)
    assert transfers(settings, "distinct chain, token_symbol") == [("litecoin", "LTC")]


def test_logs_that_name_no_token_are_no_coins_of_the_chain(settings: Settings, tmp_path: Path) -> None:
    rows = [f"{h(1)},4,{AT},{A},{B},2500000000000000000"]
    put(tmp_path, "t.csv", csv("hash,log_index,time,from,to,value", *rows))
    assert "rows are logs of a token" in notes(load(settings, tmp_path))


@pytest.mark.parametrize("header", ["hash,time,from,to,amount,", "hash,time,,from,to,amount"])
def test_columns_without_a_name_are_passed_over(settings: Settings, tmp_path: Path, header: str) -> None:
    rest = f"{A},{B},1.5," if header.endswith(",") else f",{A},{B},1.5"
    put(tmp_path, "t.csv", csv(header, f"{h(1)},{AT},{rest}"))
    load(settings, tmp_path)
    assert amounts(settings) == [Decimal("1.5")]


def test_containers_in_containers_are_undone(settings: Settings, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("t.csv.gz", gzip.compress(GOOD.encode("utf-16")))
    put(tmp_path, "t.zip", packed.getvalue())
    put(tmp_path, "odd.gz", gzip.compress(b"7z\xbc\xaf\x27\x1c" + bytes(80)))
    report = load(settings, tmp_path)
    assert [file.status for file in report.files] == ["refused", "loaded"]
    assert "holds a 7z archive" in report.files[0].notes[0]


def test_alchemy_without_metadata_takes_the_times_of_blocks(settings: Settings, tmp_path: Path) -> None:
    moved = {"blockNum": "0x9", "uniqueId": f"{h(1)}:log:7", "hash": h(1), "from": A, "to": B, "value": 2.5,
             "asset": "TOK", "category": "erc20", "rawContract": {"value": hex(2_500_000), "address": TOKEN,
             "decimal": "0x6"}}  # fmt: skip
    put(tmp_path, "a.json", {"result": {"transfers": [moved]}})
    assert "file of blocks" in notes(load(settings, tmp_path))
    put(tmp_path, "blocks.csv", csv("number,hash,parent_hash,miner,timestamp", f"9,{h(7)},{h(6)},{A},1709618828"))
    load(settings, tmp_path)
    assert transfers(settings, "block_timestamp::varchar, amount") == [(AT, Decimal("2.5"))]


def test_prose_beside_the_data_is_no_refusal(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 5)])
    (tmp_path / "in" / "README.md").write_text(
        "# Where it comes from\n\nCopied from the archive, commit 1f3a, as it is.\n"
        "t.csv: one transfer, of 2025-05-01, in ether, by hand, for whoever wants to see one.\n"
    )
    report = build(settings, tmp_path / "in").load
    assert {file.path.name: file.status for file in report.files} == {"README.md": "skipped", "t.csv": "loaded"}
    (tmp_path / "in" / "odd.csv").write_text("who,what\na,b,c,d,e\nto,0x1\n")
    (tmp_path / "in" / "named.csv").write_text("from,what\na,b,c,d,e\n")
    report = build(settings, tmp_path / "in").load
    found = {file.path.name: file.status for file in report.files}
    assert (found["odd.csv"], found["named.csv"]) == ("refused", "refused")
