"""What users know of tokens, in each of its forms, and what is refused of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.tokens import KnownToken
from flow_pipeline.loading.companions import token_rows
from flow_pipeline.loading.token_lists import read_token_files

A, B = "0x" + "a" * 40, "0x" + "b" * 40
SOLANA = "So11111111111111111111111111111111111111112"


def read(path: Path, content: Any, chain: str = "ethereum") -> list[KnownToken]:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return list(read_token_files((path,), chain))


def facts(tokens: list[KnownToken]) -> list[tuple[Any, ...]]:
    return [(t.chain, t.token_address, t.token_symbol, t.decimals, t.says_what_is_meant) for t in tokens]


def test_a_csv_with_chains_by_contract_or_by_symbol(tmp_path: Path) -> None:
    text = f"chain,token_address,token_symbol,decimals\neth,{A.upper().replace('0X', '0x')},TOK,6\n137,,FOO,18\n"
    assert facts(read(tmp_path / "t.csv", text)) == [
        ("ethereum", A, "TOK", 6, True),
        ("polygon", None, "FOO", 18, True),
    ]


def test_a_parquet_file(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"chain": ["bsc"], "token_address": [A], "symbol": ["TOK"], "decimals": [8]}), tmp_path / "t.parquet"
    )
    assert facts(list(read_token_files((tmp_path / "t.parquet",), "ethereum"))) == [("bsc", A, "TOK", 8, True)]


def test_a_token_list(tmp_path: Path) -> None:
    value = {
        "name": "A list",
        "tokens": [
            {"chainId": 1, "address": A, "symbol": "TOK", "decimals": 6, "name": "Token"},
            {"chainId": 101, "address": SOLANA[:-1] + "3", "symbol": "SPL", "decimals": 9},
            {"chainId": 10, "address": "0x" + "e" * 40, "symbol": "ETH", "decimals": 18},
        ],
    }
    assert facts(read(tmp_path / "t.json", value)) == [
        ("ethereum", A, "TOK", 6, True),
        ("solana", SOLANA[:-1] + "3", "SPL", 9, True),
    ]


def test_coingeckos_coins_say_no_decimals_and_not_what_is_meant(tmp_path: Path) -> None:
    coins = [
        {"id": "tok", "symbol": "tok", "platforms": {"ethereum": A, "polygon-pos": B, "tron": "none"}},
        {"id": "coin", "symbol": "coin", "platforms": {"": ""}},
    ]
    assert facts(read(tmp_path / "t.json", coins)) == [
        ("ethereum", A, "tok", None, False),
        ("polygon", B, "tok", None, False),
    ]


def test_ethereum_etls_tokens_are_of_the_chain_that_is_told(tmp_path: Path) -> None:
    text = f"address,symbol,name,decimals,total_supply\n{A},USDT,Not Tether,9,1\n{B},BIG,Big,{2**256 - 1},1\n"
    assert facts(read(tmp_path / "tokens.csv", text, "bsc")) == [
        ("bsc", A, "USDT", 9, False),
        ("bsc", B, "BIG", None, False),
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", "chain,token_address,token_symbol\n", "has no column decimals"),
        ("t.csv", "token_address,decimals\n", "has no column chain"),
        ("t.csv", f"chain,token_address,decimals\nethereum,{A},78\n", "row 1: decimals of ethereum 0xa+ is 78"),
        ("t.csv", f"chain,token_address,decimals\nethereum,{A},six\n", "row 1: decimals of ethereum 0xa+ is six"),
        ("t.csv", "chain,token_address,decimals\nethereum,0xabc,6\n", "row 1: '0xabc' is no contract of ethereum"),
        ("t.csv", "chain,token_address,decimals\ntron,0xabc,6\n", "row 1: '0xabc' is no contract of tron"),
        ("t.csv", "chain,token_address,decimals\nethereum,,6\n", "row 1: it has neither a contract nor a symbol"),
        ("t.csv", f"chain,token_address,decimals\nethereum,{A},6\nethereum,{A},7\n", "2 rows for ethereum 0xa+ that"),
        ("t.csv", f"chain,token_address,decimals\nethereum,{A}\n", r"row 1 \(line 2\): 2 values for 3 columns"),
        ("t.json", {"tokens": [{"chainId": 1, "address": A}]}, "token 1: it has no decimals"),
        ("t.json", {"coins": 3}, "is no list of tokens"),
        ("t.json", "[1,", "is no valid JSON"),
    ],
)
def test_what_can_not_be_is_refused_by_file_and_row(tmp_path: Path, name: str, content: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        read(tmp_path / name, content)
    assert str(tmp_path / name) in refused.value.message
    assert refused.value.hint


def test_two_files_may_not_differ_in_decimals(tmp_path: Path) -> None:
    for name, decimals in (("a.csv", 6), ("b.csv", 7)):
        (tmp_path / name).write_text(f"chain,token_address,decimals\nethereum,{A},{decimals}\n")
    with pytest.raises(UsageError, match=r"a\.csv and .*b\.csv give ethereum 0xa+ 6 and 7 decimals"):
        read_token_files((tmp_path / "a.csv", tmp_path / "b.csv"), "ethereum")


def test_a_users_row_comes_before_one_of_the_registry_and_a_list_of_all_renames_nothing() -> None:
    usdt = "0xdac17f958d2ee523a2206206994597c13d831ec7"
    mine = token_rows((KnownToken("ethereum", usdt, "TETHER", 7, "mine"),))
    assert [row[3:5] for row in mine if row[1] == usdt] == [("TETHER", 7)]
    catalogue = token_rows((KnownToken("ethereum", usdt, "usdt", None, "all", False),))
    assert [(row[3], row[4], row[6]) for row in catalogue if row[1] == usdt] == [("USDT", 6, True)]
