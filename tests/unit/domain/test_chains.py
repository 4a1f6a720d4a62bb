"""Chains: aliases lead to one name, and an unknown chain is taken as it is written."""

from __future__ import annotations

from collections import Counter

import pytest

from flow_pipeline.domain.chains import CHAINS, canonical_chain, chains_of, family_of


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("eth", "ethereum"),
        (" Mainnet ", "ethereum"),
        ("MATIC", "polygon"),
        ("56", "bsc"),
        ("XBT", "bitcoin"),
        ("base", "base"),
    ],
)
def test_aliases_lead_to_one_name(written: str, name: str) -> None:
    assert canonical_chain(written) == name
    assert canonical_chain(canonical_chain(written)) == name


def test_an_unknown_chain_is_trimmed_and_lower_cased() -> None:
    assert canonical_chain(" Tron ") == "tron"
    assert family_of("tron") == "other"


def test_no_name_leads_to_two_chains() -> None:
    names = Counter(name for chain in CHAINS for name in (chain.name, *chain.aliases))
    assert [name for name, count in names.items() if count > 1] == []
    assert all(name == name.strip().lower() for name in names)


def test_families() -> None:
    assert (family_of("bitcoin"), family_of("ethereum"), family_of("eth")) == ("bitcoin", "evm", "evm")
    assert chains_of("bitcoin") == ("bitcoin",)
    assert {*chains_of("evm"), *chains_of("bitcoin")} == {chain.name for chain in CHAINS}
    assert chains_of("other") == ()
