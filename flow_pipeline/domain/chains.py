"""Chains: their names, address families and native coins. One vocabulary for files, labels, tokens, groups and prices.

A chain that is not listed here loads too: its addresses are any text without white space, and it has no native coin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"
EVERY_EVM_CHAIN = "*"


@dataclass(frozen=True)
class Chain:
    """A chain.

    Attributes:
        name: Canonical name.
        family: Form of its addresses: evm, bitcoin, tron or other.
        native_symbol: Symbol of its own coin, empty where it has none.
        native_decimals: Decimals of that coin.
        aliases: Other names in the field, in lower case and without spaces and signs.
        chain_id: Its EIP-155 number, where it has one.
        former_symbols: What its own coin was called before.
    """

    name: str
    family: str
    native_symbol: str
    native_decimals: int
    aliases: tuple[str, ...] = ()
    chain_id: int | None = None
    former_symbols: tuple[str, ...] = ()


CHAINS: tuple[Chain, ...] = (
    Chain("ethereum", "evm", "ETH", 18, ("eth", "mainnet", "erc20", "homestead", "ethmain", "ether"), 1),
    Chain("polygon", "evm", "POL", 18, ("matic", "pol", "polygonpos", "maticnetwork", "polygonmatic"), 137, ("MATIC",)),
    Chain("bsc", "evm", "BNB", 18, ("bep20", "binancesmartchain", "bnb", "bnbchain", "bnbsmartchain", "binance"), 56),
    Chain("arbitrum", "evm", "ETH", 18, ("arbitrumone", "arb", "arbone"), 42161),
    Chain("optimism", "evm", "ETH", 18, ("op", "opt", "optimisticethereum", "opethereum"), 10),
    Chain("base", "evm", "ETH", 18, (), 8453),
    Chain("avalanche", "evm", "AVAX", 18, ("avax", "avalanchec", "avalanchecchain", "avaxc", "cchain"), 43114),
    Chain("fantom", "evm", "FTM", 18, ("ftm", "fantomopera"), 250),
    Chain("sonic", "evm", "S", 18, (), 146),
    Chain("gnosis", "evm", "XDAI", 18, ("xdai", "gnosischain"), 100),
    Chain("ronin", "evm", "RON", 18, ("ron", "axie"), 2020),
    Chain("celo", "evm", "CELO", 18, (), 42220),
    Chain("linea", "evm", "ETH", 18, (), 59144),
    Chain("scroll", "evm", "ETH", 18, (), 534352),
    Chain("zksync", "evm", "ETH", 18, ("zksyncera", "era"), 324),
    Chain("polygon-zkevm", "evm", "ETH", 18, ("polygonzkevm", "zkevm"), 1101),
    Chain("blast", "evm", "ETH", 18, (), 81457),
    Chain("mantle", "evm", "MNT", 18, (), 5000),
    Chain("mode", "evm", "ETH", 18, (), 34443),
    Chain("zora", "evm", "ETH", 18, (), 7777777),
    Chain("unichain", "evm", "ETH", 18, (), 130),
    Chain("worldchain", "evm", "ETH", 18, ("world",), 480),
    Chain("arbitrum-nova", "evm", "ETH", 18, ("arbitrumnova", "nova", "arbnova"), 42170),
    Chain("opbnb", "evm", "BNB", 18, (), 204),
    Chain("cronos", "evm", "CRO", 18, ("cro",), 25),
    Chain("moonbeam", "evm", "GLMR", 18, (), 1284),
    Chain("moonriver", "evm", "MOVR", 18, (), 1285),
    Chain("metis", "evm", "METIS", 18, ("metisandromeda",), 1088),
    Chain("kaia", "evm", "KAIA", 18, ("klaytn",), 8217, ("KLAY",)),
    Chain("harmony", "evm", "ONE", 18, (), 1666600000),
    Chain("aurora", "evm", "ETH", 18, (), 1313161554),
    Chain("pulsechain", "evm", "PLS", 18, ("pulse",), 369),
    Chain("berachain", "evm", "BERA", 18, ("bera",), 80094),
    Chain("hyperevm", "evm", "HYPE", 18, ("hyperliquid",), 999),
    Chain("sei", "evm", "SEI", 18, (), 1329),
    Chain("ethereum-classic", "evm", "ETC", 18, ("ethereumclassic", "etc"), 61),
    Chain("bitcoin", "bitcoin", "BTC", 8, ("btc", "xbt")),
    Chain("litecoin", "bitcoin", "LTC", 8, ("ltc",)),
    Chain("dogecoin", "bitcoin", "DOGE", 8, ("doge",)),
    Chain("bitcoin-cash", "bitcoin", "BCH", 8, ("bitcoincash", "bch")),
    Chain("dash", "bitcoin", "DASH", 8, ()),
    Chain("zcash", "bitcoin", "ZEC", 8, ("zec",)),
    Chain("tron", "tron", "TRX", 6, ("trx", "trc20", "trc"), 728126428),
    Chain("solana", "other", "SOL", 9, ("sol", "spl", "solanamainnetbeta", "mainnetbeta")),
    Chain("ripple", "other", "XRP", 6, ("xrp", "xrpl", "xrpledger")),
    Chain("stellar", "other", "XLM", 7, ("xlm",)),
    Chain("cardano", "other", "ADA", 6, ("ada",)),
    Chain("ton", "other", "TON", 9, ("toncoin", "theopennetwork")),
    Chain("near", "other", "NEAR", 24, ()),
    Chain("aptos", "other", "APT", 8, ("apt",)),
    Chain("sui", "other", "SUI", 9, ()),
    Chain("cosmos", "other", "ATOM", 6, ("atom", "cosmoshub")),
    Chain("polkadot", "other", "DOT", 10, ("dot",)),
    Chain("algorand", "other", "ALGO", 6, ("algo",)),
    Chain("hedera", "other", "HBAR", 8, ("hbar",)),
    Chain("fiat", "other", "", 0),
    Chain("edge-list", "other", "", 0),
)

_BY_NAME = {chain.name: chain for chain in CHAINS}


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name)


_BY_KEY = {_key(name): chain for chain in CHAINS for name in (chain.name, *chain.aliases)}
_BY_ID = {chain.chain_id: chain for chain in CHAINS if chain.chain_id is not None}


@lru_cache(maxsize=4096)
def canonical_chain(name: str) -> str:
    """The chain's canonical name: `eth`, `eth-mainnet`, `1`, `0x1` and `eip155:1` → `ethereum`.

    An unknown name is only trimmed and lower-cased.
    """
    written = name.strip().lower()
    if written in _BY_NAME:
        return written
    number = re.fullmatch(r"(?:eip155:|evm:)?(?:(0x[0-9a-f]{1,16})|(\d{1,18})(?:\.0+)?)", written)
    if number:
        found = _BY_ID.get(int(number.group(1), 16) if number.group(1) else int(number.group(2)))
        return found.name if found else written
    key = _key(written)
    for candidate in (key, key.removesuffix("mainnet"), key.removesuffix("network"), key.removesuffix("chain")):
        if candidate in _BY_KEY:
            return _BY_KEY[candidate].name
    return written


def is_known_chain(name: str) -> bool:
    """True for a canonical name of this list."""
    return name in _BY_NAME


def family_of(name: str) -> str:
    """The address family of a chain: `evm`, `bitcoin`, `tron` or `other`."""
    chain = _BY_NAME.get(canonical_chain(name))
    return chain.family if chain else "other"


def chains_of(family: str) -> tuple[str, ...]:
    """Canonical names of the chains of one address family."""
    return tuple(chain.name for chain in CHAINS if chain.family == family)


def native_of(name: str) -> Chain | None:
    """The chain, where it has a coin of its own; None for an unknown one."""
    chain = _BY_NAME.get(canonical_chain(name))
    return chain if chain and chain.native_symbol else None
