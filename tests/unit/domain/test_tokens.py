"""The registry of tokens, and which symbols look alike."""

from __future__ import annotations

import re

import pytest

from flow_pipeline.domain.chains import family_of, is_known_chain
from flow_pipeline.domain.tokens import (
    MAX_DECIMALS,
    KnownToken,
    contract_form,
    lookalike_form,
    native_coins,
    registry,
    what_symbols_mean,
)

OTHER = "0x" + "7" * 40


def test_a_row_of_the_registry_is_one_contract_with_its_source() -> None:
    rows = registry()
    assert len(rows) > 100
    assert len({(row.chain, row.token_address) for row in rows}) == len(rows)
    for row in rows:
        assert is_known_chain(row.chain)
        assert row.token_address == contract_form(row.chain, row.token_address or "")
        if family_of(row.chain) == "evm":
            assert re.fullmatch("0x[0-9a-f]{40}", row.token_address or "")
        assert row.decimals is not None
        assert 0 <= row.decimals <= MAX_DECIMALS
        assert row.source.startswith("https://")


def test_a_symbol_of_the_registry_means_one_contract_of_its_chain() -> None:
    forms = [(row.chain, lookalike_form(row.token_symbol or "")) for row in registry()]
    assert len(set(forms)) == len(forms)


@pytest.mark.parametrize(
    ("chain", "symbol", "address", "decimals"),
    [
        ("ethereum", "USDT", "0xdac17f958d2ee523a2206206994597c13d831ec7", 6),
        ("bsc", "USDT", "0x55d398326f99059ff775485246999027b3197955", 18),
        ("ethereum", "LPT", "0x58b6a8a3302369daec383334672404ee733ab239", 18),
        ("arbitrum", "LPT", "0x289ba1701c2f088cf0faf8b3705246331cb8a839", 18),
        ("polygon", "USDC", "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", 6),
        ("polygon", "USDC.e", "0x2791bca1f2de4661ed88a30c99a7a9449aa84174", 6),
        ("tron", "USDT", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", 6),
    ],
)
def test_the_registry_knows(chain: str, symbol: str, address: str, decimals: int) -> None:
    (row,) = [row for row in registry() if (row.chain, row.token_symbol) == (chain, symbol)]
    assert (row.token_address, row.decimals) == (address, decimals)


@pytest.mark.parametrize(
    "symbol",
    [
        "USDT", "usdt", " USDT ", "USDT.", "$USDT", "U$DT", "ＵＳＤＴ", "UЅDТ", "U5DT", "U\u200bSDT", "\ufeffUSDT",
        "ÚSDT", "USD₮", "𝐔𝐒𝐃𝐓", "(USDT)", "ꓴꓢꓓꓔ",
    ],
)  # fmt: skip
def test_a_reader_takes_it_for_usdt(symbol: str) -> None:
    assert lookalike_form(symbol) == "USDT"


@pytest.mark.parametrize("symbol", ["USDC", "USDT.e", "USD", "USDTX", "aUSDT", "UST", "币安"])
def test_a_reader_does_not_take_it_for_usdt(symbol: str) -> None:
    assert lookalike_form(symbol) not in ("USDT", "")


def test_a_symbol_of_nothing_to_read_looks_like_none() -> None:
    assert [lookalike_form(symbol) for symbol in ("", " ", "\u200b", "$")] == [""] * 4


def test_a_users_contract_is_meant_before_that_of_the_registry_and_a_chains_coin_before_both() -> None:
    meant = what_symbols_mean(
        (
            KnownToken("ethereum", OTHER, "USDT", 6, "mine"),
            KnownToken("ethereum", "0x" + "8" * 40, "ETH", 18, "mine"),
        )
    )
    assert meant["ethereum", "USDT"].token_address == OTHER
    assert meant["ethereum", "ETH"] in native_coins()
    assert meant["polygon", "MATIC"].token_address is None


@pytest.mark.parametrize(("says", "symbol"), [(False, "USDT"), (True, "FOO")])
def test_a_list_of_all_contracts_and_two_contracts_of_one_symbol_say_nothing(says: bool, symbol: str) -> None:
    two = tuple(KnownToken("ethereum", "0x" + digit * 40, symbol, 6, "list", says) for digit in "78")
    assert what_symbols_mean(two) == what_symbols_mean(())
