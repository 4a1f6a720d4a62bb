"""Checksums against the examples of their specifications."""

from __future__ import annotations

import pytest
from embit import base58, bech32

from flow_pipeline.labels.addresses import BadLabel, chain_of_coin, chain_of_form, checked_address
from flow_pipeline.labels.checksums import (
    BASE58_VERSIONS,
    bitcoin_address_is_valid,
    checksum_is_valid,
    eip55,
    eip55_is_valid,
    script_address,
)

EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
"""Test cases of EIP-55: all capitals, all small, mixed."""

BITCOIN = {
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2": "P2PKH",
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy": "P2SH",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4": "P2WPKH",
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4": "P2WPKH in capitals",
    "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3": "P2WSH",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": "P2TR",
}


@pytest.mark.parametrize("address", EIP_55)
def test_the_examples_of_eip_55(address: str) -> None:
    assert eip55(address.lower()) == eip55(address) == address
    assert eip55_is_valid(address)


@pytest.mark.parametrize("address", EIP_55[2:])
def test_a_letter_in_the_wrong_case_fails_and_one_case_alone_says_nothing(address: str) -> None:
    place = next(n for n in range(2, 42) if address[n].isalpha())
    assert not eip55_is_valid(address[:place] + address[place].swapcase() + address[place + 1 :])
    assert eip55_is_valid(address.lower())
    assert eip55_is_valid("0x" + address[2:].upper())


@pytest.mark.parametrize("address", BITCOIN, ids=BITCOIN.values())
def test_forms_of_bitcoin_addresses(address: str) -> None:
    assert bitcoin_address_is_valid(address)


@pytest.mark.parametrize("address", BITCOIN, ids=BITCOIN.values())
def test_one_wrong_letter_is_found(address: str) -> None:
    other = {"2": "3", "z": "q"}
    broken = address[:-1] + other.get(address[-1].lower(), "2" if address[-1] != "2" else "3")
    assert broken != address
    assert not bitcoin_address_is_valid(broken)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "0x" + "1" * 40,
        "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
        "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    ],
    ids=["empty", "hexadecimal", "testnet P2PKH", "testnet Bech32", "mixed case", "version 1 with a Bech32 checksum"],
)
def test_what_is_no_mainnet_address(address: str) -> None:
    assert not bitcoin_address_is_valid(address)


@pytest.mark.parametrize("script", [None, "", "zz", "6a0568656c6c6f", "51"])
def test_scripts_without_an_address(script: str | None) -> None:
    assert script_address(script) is None


def test_an_address_of_a_script_is_valid() -> None:
    hashed = "751e76e8199196d454941c45d1b3a323f1433bd6"
    assert script_address(f"0014{hashed}") == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    found = script_address(f"76a914{hashed}88ac")
    assert found == "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
    assert bitcoin_address_is_valid(found)


HASH = bytes.fromhex("751e76e8199196d454941c45d1b3a323f1433bd6")
SISTERS = [
    (chain, base58.encode_check(version + HASH)) for chain, versions in BASE58_VERSIONS.items() for version in versions
] + [
    ("litecoin", bech32.encode("ltc", 0, list(HASH))),
    ("bitcoin-cash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("bitcoin-cash", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("bitcoin-cash", "bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq"),
    ("zcash", "zs1" + "q" * 75),
    ("solana", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
]
"""Addresses of a chain; those of CashAddr stand in its specification."""


@pytest.mark.parametrize(("chain", "address"), SISTERS)
def test_each_chain_has_its_own_checksum(chain: str, address: str) -> None:
    assert checked_address(chain, address) == address.removeprefix("bitcoincash:")
    if chain not in ("zcash", "solana") or not address.startswith("zs1"):
        broken = address[:-1] + ("2" if address[-1] != "2" else "3")
        with pytest.raises(BadLabel, match=f"as {chain} has it"):
            checked_address(chain, broken if chain != "solana" else address[:-3])


@pytest.mark.parametrize("other", ["litecoin", "dogecoin", "dash", "zcash", "tron"])
def test_an_address_of_bitcoin_is_none_of_its_sisters(other: str) -> None:
    assert checksum_is_valid(other, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2") is False


def test_a_chain_without_a_check_takes_what_is_one_word() -> None:
    assert checked_address("ripple", "rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY") == "rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY"
    assert checked_address("tron", "41" + HASH.hex()) == base58.encode_check(b"\x41" + HASH)
    for bad in ("", "two words", "x" * 129):
        with pytest.raises(BadLabel, match="is no address"):
            checked_address("monero", bad)


@pytest.mark.parametrize(("chain", "address"), [pair for pair in SISTERS if not pair[1].startswith(("zs1", "3", "1"))])
def test_the_chain_of_a_form(chain: str, address: str) -> None:
    assert chain_of_form(address) == chain


def test_the_chain_of_a_coin_is_where_the_address_can_be() -> None:
    evm, tron = "0x" + HASH.hex(), base58.encode_check(b"\x41" + HASH)
    assert [chain_of_coin(coin, evm) for coin in ("ETH", "USDT", "ARB", "ETC")] == ["*"] * 4
    assert chain_of_coin("USDT", tron) == chain_of_coin("XBT", tron) == "tron"
    assert chain_of_coin("BCH", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2") == "bitcoin-cash"
    assert (chain_of_coin("XBT", "mistyped"), chain_of_coin("XMR", "4Something")) == ("bitcoin", "xmr")
