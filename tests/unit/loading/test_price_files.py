"""Price files in each of their forms, one price a day, and what is refused by name."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.loading.price_files import read_price_files

A = "0x" + "A" * 40
NOON = int(datetime(2025, 5, 1, 12, tzinfo=UTC).timestamp())
DAY = date(2025, 5, 1)


def read(path: Path, content: Any, name: str = "", rule: str = "last") -> list[tuple[str, str, float]]:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    found = read_price_files([f"{name}={path}" if name else str(path)], rule)
    return [(one.token, one.day.isoformat(), one.usd) for one in found]


def klines(opened: float, high: float, low: float, closed: float, at: object = NOON * 1000) -> list[object]:
    return [at, str(opened), str(high), str(low), str(closed), "9", 0, "0"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("token,date,usd\nUSDT,2025-05-01,1\n", ["usdt"]),
        (f"token,date,usd\n{A},2025-05-01,1\n", [A.lower()]),
        (f"token,date,usd\nETH:{A},2025-05-01,1\n", [f"ethereum:{A.lower()}"]),
        ("token,date,usd\nbsc:USDT,2025-05-01,1\n", ["bsc:usdt"]),
        (f"chain,token_address,date,usd\nmatic,{A},2025-05-01,1\n", [f"polygon:{A.lower()}"]),
        ("chain,token_symbol,date,usd\n56,USDT,2025-05-01,1\n", ["bsc:usdt"]),
        (f"chain,token_address,token_symbol,date,usd\nbsc,{A},X,2025-05-01,1\nbsc,,Y,2025-05-01,1\n",
         [f"bsc:{A.lower()}", "bsc:y"]),
    ],
)  # fmt: skip
def test_a_table_names_a_token_by_contract_or_symbol_of_one_chain_or_all(
    tmp_path: Path, text: str, tokens: list[str]
) -> None:
    assert read(tmp_path / "p.csv", text) == [(token, "2025-05-01", 1.0) for token in tokens]


@pytest.mark.parametrize(
    "content",
    [
        {"prices": [[NOON * 1000, 2.5]], "market_caps": [[NOON * 1000, 99]]},
        "snapped_at,price,market_cap,total_volume\n2025-05-01 00:00:00 UTC,2.5,,9\n",
        'timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp\n"2025-05-01T00:00:00.000Z"'
        ';"2025-05-01T23:59:59.999Z";"x";"x";"2781";1;3;1;2.5;9;9;"2025-05-01T23:59:59.999Z"\n',
        "Date,Open,High,Low,Close,Adj Close,Volume\n2025-05-01,1,3,1,2.5,2.4,9\n2025-05-02,null,null,null,null,null,\n",
        "\n".join(",".join(map(str, klines(1, 3, 0.5, 2.5, at))) for at in (NOON * 1000,)),
        "\n".join(",".join(map(str, klines(1, 3, 0.5, 2.5, at))) for at in (NOON * 1_000_000,)),
        "open_time,open,high,low,close,volume\n" + ",".join(map(str, klines(1, 3, 0.5, 2.5)[:6])),
        [klines(1, 3, 0.5, 2.5)],
        {"error": [], "result": {"XETHZUSD": [[NOON, "1", "3", "0.5", "2.5", "2", "9", 4]], "last": NOON}},
        [[NOON, 0.5, 3, 1, 2.5, 9]],
        {"code": "200000", "data": [[str(NOON), "1", "2.5", "3", "0.5", "9", "9"]]},
    ],
    ids=["market_chart", "coingecko", "coinmarketcap", "yahoo", "ms", "us", "headed", "binance", "kraken", "coinbase",
         "kucoin"],
)  # fmt: skip
def test_the_history_of_one_token_in_the_forms_of_sites_and_exchanges(tmp_path: Path, content: Any) -> None:
    assert read(tmp_path / "p.csv", content, "ETH") == [("eth", "2025-05-01", 2.5)]


def test_a_history_is_for_a_contract_of_a_chain(tmp_path: Path) -> None:
    assert read(tmp_path / "p.json", {"prices": [[NOON * 1000, 2]]}, f"eth:{A}") == [
        (f"ethereum:{A.lower()}", "2025-05-01", 2.0)
    ]


def test_a_parquet_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"token": ["ETH"], "date": [DAY], "usd": [2.5]}), tmp_path / "p.parquet")
    (found,) = read_price_files([str(tmp_path / "p.parquet")], "last")
    assert (found.token, found.day, found.usd) == ("eth", DAY, 2.5)


@pytest.mark.parametrize(("rule", "usd"), [("last", 4.0), ("first", 1.0), ("mean", 2.5)])
def test_several_prices_of_a_day_become_one_by_the_rule(tmp_path: Path, rule: str, usd: float) -> None:
    points = [[(NOON + hour * 3600) * 1000, price] for hour, price in ((1, 4), (-11, 1))]
    later = [[(NOON + 12 * 3600) * 1000, 9]]
    assert read(tmp_path / "p.json", {"prices": points + later}, "ETH", rule) == [
        ("eth", "2025-05-01", usd),
        ("eth", "2025-05-02", 9.0),
    ]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ({"prices": [[NOON * 1000, 2]]}, "", "does not say of which token"),
        ([klines(1, 3, 0.5, 2.5)], "", "does not say of which token"),
        ("snapped_at,price\n2025-05-01,2\n", "", "does not say of which token"),
        ("token,date,usd\nETH,2025-05-01,2\n", "BTC", "names its tokens itself"),
        ("token,date,usd\nETH,01/02/2025,2\n", "", "row 1: '01/02/2025' is no date"),
        ("token,date,usd\nETH,2025-05-01,-2\n", "", "usd of eth 2025-05-01 is -2"),
        ("token,date,usd\nETH,2025-05-01,2\nETH,2025-05-01,3\n", "", "2 rows for eth 2025-05-01 that differ"),
        ("token,date,usd\n,2025-05-01,2\n", "", "row 1: it names no token"),
        ("token,date\nETH,2025-05-01\n", "", "has no column usd"),
        ("date,price,close\n2025-05-01,1,2\n", "ETH", "price and close may both be the price"),
        ([[NOON, 1, 5, 0.5, 4, 9], [NOON, 4, 1, 5, 0.5, 9]], "ETH", "no column is above"),
        ({"status": "error"}, "ETH", "has no prices"),
        ("", "ETH", "is empty"),
    ],
)
def test_what_is_ambiguous_or_can_not_be_is_refused_by_name(tmp_path: Path, content: Any, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        read(tmp_path / "p.csv", content, name)
    assert str(tmp_path / "p.csv") in refused.value.message
    assert refused.value.hint


def test_two_files_may_not_differ_about_a_day(tmp_path: Path) -> None:
    for name, usd in (("a.csv", 1), ("b.csv", 2)):
        (tmp_path / name).write_text(f"token,date,usd\nETH,2025-05-01,{usd}\n")
    with pytest.raises(UsageError, match=r"a\.csv and .*b\.csv give eth 2025-05-01 1 and 2"):
        read_price_files([str(tmp_path / name) for name in ("a.csv", "b.csv")], "last")


@pytest.mark.parametrize("entry", ["ETH=", "=p.csv"])
def test_an_entry_names_a_token_and_a_file(entry: str) -> None:
    with pytest.raises(UsageError, match="names no"):
        read_price_files([entry], "last")
