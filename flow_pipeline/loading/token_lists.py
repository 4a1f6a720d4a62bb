"""What users know of tokens: their own CSV, token lists, CoinGecko's list of coins, ethereum-etl's tokens.

A token list (of Uniswap, of CoinGecko, of a chain) and a CSV with chains say which contract a symbol means. A list of
all contracts there are (CoinGecko's `coins/list`, ethereum-etl's `tokens.csv`) gives decimals and symbols only:
worthless tokens that call themselves USDT stand in it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_pipeline.domain.chains import canonical_chain, family_of
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.tokens import MAX_DECIMALS, KnownToken, contract_form
from flow_pipeline.loading.tables import is_json, json_of, rows_of_csv, rows_of_parquet, text_of_file
from flow_pipeline.sources.vocabulary import NATIVE_ADDRESSES

_WHAT = "token file"
_HOW = (
    "give a CSV with the columns chain, token_address, token_symbol, decimals, a token list (JSON), CoinGecko's "
    "coins/list, or ethereum-etl's tokens.csv"
)
_CONTRACTS = {"evm": "0x[0-9a-f]{40}", "tron": "T[1-9A-HJ-NP-Za-km-z]{33}"}
_SOLANA_IN_LISTS = 101
"""Token lists number Solana, which has no EIP-155 number."""


@dataclass(frozen=True)
class _Row:
    """A token as a file writes it, with its place there."""

    place: str
    chain: str
    address: str
    symbol: str
    decimals: str | None


def read_token_files(paths: tuple[Path, ...], chain: str) -> tuple[KnownToken, ...]:
    """The tokens of all files; a later file is asked before an earlier one, except about decimals, which must agree.

    Args:
        paths: The files.
        chain: Chain of a file that does not name its chains.

    Raises:
        UsageError: a file is missing, is of no known form, or a row says what can not be.
    """
    found: dict[tuple[str, str], KnownToken] = {}
    for path in paths:
        for token in _read(path, chain):
            key = token.chain, token.token
            before = found.get(key)
            if before and None not in (before.decimals, token.decimals) and before.decimals != token.decimals:
                raise UsageError(
                    f"{_WHAT}s {before.source} and {path} give {' '.join(key)} {before.decimals} and "
                    f"{token.decimals} decimals",
                    "keep one of them",
                )
            if before is None or token.says_what_is_meant or not before.says_what_is_meant:
                found[key] = _completed(token, before)
    return tuple(found.values())


def _completed(token: KnownToken, before: KnownToken | None) -> KnownToken:
    if before is None or token.decimals is not None:
        return token
    return KnownToken(
        token.chain, token.token_address, token.token_symbol, before.decimals, token.source, token.says_what_is_meant
    )


def _read(path: Path, chain: str) -> Iterator[KnownToken]:
    seen: dict[tuple[str, str], KnownToken] = {}
    rows, says_what_is_meant = _rows(path, chain)
    for row in rows:
        token = _token(path, row, says_what_is_meant)
        if token is None:
            continue
        before = seen.setdefault((token.chain, token.token), token)
        if before != token and says_what_is_meant:
            raise UsageError(
                f"{_WHAT} {path} has 2 rows for {token.chain} {token.token} that differ", "keep one of them"
            )
        if before is token:
            yield token


def _token(path: Path, row: _Row, says_what_is_meant: bool) -> KnownToken | None:
    """The token of a row; None for a chain's own coin, which needs no list, and for what a list of all has for it."""
    chain = canonical_chain(row.chain)
    if row.address.lower() in NATIVE_ADDRESSES:
        return None
    address = contract_form(chain, row.address) if row.address else None
    pattern = _CONTRACTS.get(family_of(chain), r"\S{1,128}")
    if address is not None and not re.fullmatch(pattern, address):
        if not says_what_is_meant:
            return None
        raise _refusal(path, row, f"'{row.address}' is no contract of {chain}")
    if not address and not row.symbol:
        raise _refusal(path, row, "it has neither a contract nor a symbol")
    decimals = _decimals(row.decimals)
    if decimals is None and says_what_is_meant:
        raise _refusal(
            path,
            row,
            f"decimals of {chain} {address or row.symbol} is {row.decimals}, no number from 0 to {MAX_DECIMALS}",
        )
    return KnownToken(chain, address, row.symbol or None, decimals, str(path), says_what_is_meant)


def _refusal(path: Path, row: _Row, reason: str) -> UsageError:
    return UsageError(f"{_WHAT} {path}, {row.place}: {reason}", "mend the row, or take it out")


def _decimals(text: str | None) -> int | None:
    found = re.fullmatch(r"(\d{1,2})(\.0+)?", text or "")
    return int(found[1]) if found and int(found[1]) <= MAX_DECIMALS else None


# ------------------------------------------------------------------------------------------------ forms of files


def _rows(path: Path, chain: str) -> tuple[Iterator[_Row], bool]:
    """The rows of a file of any form, and whether it says which contract a symbol means."""
    if path.suffix == ".parquet" and path.is_file():
        return _of_table(path, rows_of_parquet(path, _WHAT), chain)
    text = text_of_file(path, _WHAT, _HOW)
    if not is_json(text):
        return _of_table(path, rows_of_csv(text), chain)
    value = json_of(text, path, _WHAT)
    tokens = value.get("tokens") if isinstance(value, dict) else value
    if not isinstance(tokens, list) or not all(isinstance(one, dict) for one in tokens):
        raise UsageError(f"{_WHAT} {path} is no list of tokens", _HOW)
    if tokens and all("platforms" in one for one in tokens):
        return _of_coins(tokens), False
    return _of_token_list(path, tokens), True


def _of_table(path: Path, rows: Iterator[tuple[int, list[str]]], chain: str) -> tuple[Iterator[_Row], bool]:
    names = [name.lower() for name in next(rows, (0, [""]))[1]]
    has_chain = "chain" in names
    address = "token_address" if "token_address" in names or has_chain else "address"
    missing = [name for name in (address, "decimals") if name not in names]
    if missing or (not has_chain and address != "address"):
        lacking = ", ".join([*([] if has_chain else ["chain"]), *missing])
        raise UsageError(f"{_WHAT} {path} has no column {lacking}", _HOW)
    symbol = next((name for name in ("token_symbol", "symbol") if name in names), None)

    def cells() -> Iterator[_Row]:
        for number, (line, row) in enumerate(rows, 1):
            if len(row) < len(names):
                raise UsageError(
                    f"{_WHAT} {path}, row {number} (line {line}): {len(row)} values for {len(names)} columns",
                    "mend the row, or take it out",
                )
            of = dict(zip(names, row, strict=False))
            given = of["chain"] if has_chain else chain
            yield _Row(f"row {number}", given, of[address], of[symbol] if symbol else "", of["decimals"])

    return cells(), has_chain


def _of_token_list(path: Path, tokens: list[dict[str, Any]]) -> Iterator[_Row]:
    for number, one in enumerate(tokens, 1):
        missing = [name for name in ("chainId", "address", "decimals") if one.get(name) is None]
        if missing:
            raise UsageError(
                f"{_WHAT} {path}, token {number}: it has no {', '.join(missing)}", "mend the token, or take it out"
            )
        address = str(one["address"]).strip()
        is_solana = one["chainId"] == _SOLANA_IN_LISTS and not address.startswith("0x")
        chain = "solana" if is_solana else str(one["chainId"])
        yield _Row(f"token {number}", chain, address, str(one.get("symbol") or "").strip(), str(one["decimals"]))


def _of_coins(coins: list[dict[str, Any]]) -> Iterator[_Row]:
    for number, coin in enumerate(coins, 1):
        for platform, address in (coin["platforms"] or {}).items():
            if platform and address:
                yield _Row(
                    f"coin {number}", platform, str(address).strip(), str(coin.get("symbol") or "").strip(), None
                )
