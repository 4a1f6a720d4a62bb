"""Chains: their names, address families and native coins.

A chain that is not listed here loads too: its addresses are any text without white space, and it has no native coin.
"""

from __future__ import annotations

from dataclasses import dataclass

ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"
EVERY_EVM_CHAIN = "*"


@dataclass(frozen=True)
class Chain:
    """A chain: canonical name, address family (evm | bitcoin | other), native coin and its decimals."""

    name: str
    family: str
    native_symbol: str
    native_decimals: int
    aliases: tuple[str, ...] = ()


CHAINS: tuple[Chain, ...] = (
    Chain("ethereum", "evm", "ETH", 18, ("eth", "mainnet", "1")),
    Chain("polygon", "evm", "POL", 18, ("matic", "137")),
    Chain("bsc", "evm", "BNB", 18, ("bep20", "binance-smart-chain", "bnb", "56")),
    Chain("arbitrum", "evm", "ETH", 18, ("arbitrum-one", "42161")),
    Chain("optimism", "evm", "ETH", 18, ("op", "10")),
    Chain("base", "evm", "ETH", 18, ("8453",)),
    Chain("avalanche", "evm", "AVAX", 18, ("avax", "avalanche-c", "43114")),
    Chain("fantom", "evm", "FTM", 18, ("ftm", "250")),
    Chain("gnosis", "evm", "XDAI", 18, ("xdai", "100")),
    Chain("ronin", "evm", "RON", 18, ("2020",)),
    Chain("bitcoin", "bitcoin", "BTC", 8, ("btc", "xbt")),
)

_BY_NAME = {name: chain for chain in CHAINS for name in (chain.name, *chain.aliases)}


def canonical_chain(name: str) -> str:
    """The chain's canonical name: `eth` → `ethereum`; an unknown name is only trimmed and lower-cased."""
    key = name.strip().lower()
    return _BY_NAME[key].name if key in _BY_NAME else key


def family_of(name: str) -> str:
    """The address family of a chain: `evm`, `bitcoin` or `other`."""
    chain = _BY_NAME.get(name)
    return chain.family if chain else "other"


def chains_of(family: str) -> tuple[str, ...]:
    """Canonical names of the chains of one address family."""
    return tuple(chain.name for chain in CHAINS if chain.family == family)
