"""Tokens: the contracts that the best-known symbols mean, and how symbols that look alike are told to be alike.

`tokens.csv` is the registry: one row per contract, with the page on which the fact stands. What users know of tokens
comes on top of it.
"""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from flow_pipeline.domain.chains import CHAINS, family_of
from flow_pipeline.domain.text import as_written

MAX_DECIMALS = 77
"""Of a 256-bit whole number, no more digits can stand after the point."""

_LOOKALIKES = {
    "A": "АΑᎪꓮ", "B": "ВΒᏴꓐ", "C": "СϹᏟꓚ", "D": "ᎠꓓԀ", "E": "ЕΕᎬꓰ", "F": "ꓝϜ", "G": "ԌᏀꓖ", "H": "НΗᎻꓧ",
    "I": "ІΙӀꓲ1|", "J": "ЈᎫꓙ", "K": "КΚᏦꓗ", "L": "Ꮮꓡ", "M": "МΜᎷꓟ", "N": "Νꓠ", "O": "ОΟՕꓳ0", "P": "РΡᏢꓑ",
    "Q": "Ԛ", "R": "ᎡꓣƦ", "S": "ЅՏᏚꓢ5$", "T": "ТΤᎢꓔ₮", "U": "Սꓴ", "V": "ѴᏙꓦ", "W": "ԜᎳꓪ", "X": "ХΧꓫ",
    "Y": "УΥҮꓬ", "Z": "ΖᏃꓜ",
}  # fmt: skip
"""Letters of other scripts, digits and signs that are drawn like a Latin capital."""
_PLAIN = {ord(other): letter for letter, others in _LOOKALIKES.items() for other in others}
_AROUND = ".,;:!?*'\"`~^_-–—()[]{}<>#@&+/\\"
_UNSEEN = ("C", "M", "Z")
"""Unicode categories that no reader sees in a symbol: controls and zero width, marks on letters, spaces."""


@dataclass(frozen=True)
class KnownToken:
    """A token that somebody vouches for.

    Attributes:
        chain: Canonical chain name.
        token_address: Its contract in the form of its chain; None where only the symbol is known.
        token_symbol: Its symbol.
        decimals: Base units per token unit as a power of ten.
        source: Where the fact stands.
        says_what_is_meant: False for a list of all contracts there are, which does not say which one a symbol means.
    """

    chain: str
    token_address: str | None
    token_symbol: str | None
    decimals: int | None
    source: str
    says_what_is_meant: bool = True

    @property
    def token(self) -> str:
        """What the token is called by where one name must do: its contract, else its symbol."""
        return self.token_address or self.token_symbol or ""


@cache
def registry() -> tuple[KnownToken, ...]:
    """The tokens of `tokens.csv`."""
    text = files(__package__).joinpath("tokens.csv").read_text(encoding="utf-8")
    return tuple(
        KnownToken(row["chain"], row["token_address"], row["token_symbol"], int(row["decimals"]), row["source"])
        for row in csv.DictReader(text.splitlines())
    )


@cache
def native_coins() -> tuple[KnownToken, ...]:
    """The chains' own coins, under the names they have and had: they have no contract."""
    return tuple(
        KnownToken(chain.name, None, symbol, chain.native_decimals, "the chain's own coin")
        for chain in CHAINS
        for symbol in (chain.native_symbol, *chain.former_symbols)
        if symbol
    )


def contract_form(chain: str, address: str) -> str:
    """A contract as the store keeps it: in lower case where its chain does not tell cases apart."""
    text = address.strip()
    is_hexadecimal = text[:2] in ("0x", "0X")
    return text.lower() if family_of(chain) == "evm" or is_hexadecimal else text


@cache
def lookalike_form(symbol: str) -> str:
    """What a reader takes a symbol for: `USDT` of `usdt`, ` USDT.`, `$USDT`, `ＵＳＤＴ`, Cyrillic `UЅDТ` and `U5DT`.

    Two symbols of one form can be mistaken for each other. The form is empty where nothing readable is left.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", as_written(symbol)))
    seen = "".join(sign for sign in folded if unicodedata.category(sign)[0] not in _UNSEEN)
    return seen.upper().strip(_AROUND).lstrip("$").translate(_PLAIN)


def what_symbols_mean(user: tuple[KnownToken, ...]) -> dict[tuple[str, str], KnownToken]:
    """The one token that a symbol means on a chain, by chain and form of the symbol.

    A chain's own coin comes first, then what the user's lists say, then the registry. Where the user's lists name two
    contracts for a symbol, they do not say which is meant.
    """
    meant: dict[tuple[str, str], KnownToken] = {}
    for tokens in (registry(), _unambiguous(user), native_coins()):
        for token in tokens:
            if token.token_symbol and lookalike_form(token.token_symbol):
                meant[token.chain, lookalike_form(token.token_symbol)] = token
    return meant


def _unambiguous(tokens: tuple[KnownToken, ...]) -> tuple[KnownToken, ...]:
    named: dict[tuple[str, str], set[str | None]] = {}
    telling = [one for one in tokens if one.says_what_is_meant and one.token_address and one.token_symbol]
    for one in telling:
        named.setdefault((one.chain, lookalike_form(one.token_symbol or "")), set()).add(one.token_address)
    return tuple(one for one in telling if len(named[one.chain, lookalike_form(one.token_symbol or "")]) == 1)
