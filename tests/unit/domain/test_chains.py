"""Chains: aliases lead to one name, and an unknown chain is taken as it is written."""

from __future__ import annotations

from collections import Counter

import pytest

from flow_pipeline.domain.chains import CHAINS, canonical_chain, chains_of, family_of, is_known_chain


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("eth", "ethereum"),
        (" Mainnet ", "ethereum"),
        ("MATIC", "polygon"),
        ("56", "bsc"),
        ("XBT", "bitcoin"),
        ("base", "base"),
        ("eth-mainnet", "ethereum"),
        ("ethereum_mainnet", "ethereum"),
        ("0x1", "ethereum"),
        ("eip155:137", "polygon"),
        ("avalanche_c", "avalanche"),
        ("Binance Smart Chain", "bsc"),
        ("TRX", "tron"),
        ("8453.0", "base"),
        ("Solana-Mainnet", "solana"),
    ],
)
def test_aliases_lead_to_one_name(written: str, name: str) -> None:
    assert canonical_chain(written) == name
    assert canonical_chain(canonical_chain(written)) == name


def test_an_unknown_chain_is_trimmed_and_lower_cased() -> None:
    assert canonical_chain(" Somewhere ") == "somewhere"
    assert canonical_chain("eth-sepolia") == "eth-sepolia"
    assert canonical_chain("123456789") == "123456789"
    assert family_of("somewhere") == "other"
    assert (is_known_chain("tron"), is_known_chain("somewhere")) == (True, False)


def test_no_name_leads_to_two_chains() -> None:
    names = Counter(name for chain in CHAINS for name in (chain.name, *chain.aliases))
    assert [name for name, count in names.items() if count > 1] == []
    assert all(name == name.strip().lower() for name in names)


def test_families() -> None:
    assert (family_of("bitcoin"), family_of("ethereum"), family_of("eth")) == ("bitcoin", "evm", "evm")
    assert chains_of("bitcoin")[:2] == ("bitcoin", "litecoin")
    families = ("evm", "bitcoin", "tron", "other")
    assert sorted(name for family in families for name in chains_of(family)) == sorted(chain.name for chain in CHAINS)
