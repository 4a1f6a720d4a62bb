"""What is known beside the transfers: tokens and prices, read into the store in place of what was there.

Tokens are the registry (`domain/tokens.csv`), the chains' own coins, and the user's files on top.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.text import harmless
from flow_pipeline.domain.tokens import KnownToken, lookalike_form, native_coins, registry, what_symbols_mean
from flow_pipeline.loading.price_files import files_of, read_price_files
from flow_pipeline.loading.token_lists import read_token_files
from flow_pipeline.settings import Settings, SourceSettings
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.warehouse.store import Connection, get_state, set_state, transaction

sql = statements(__package__)

_TOKENS = pa.schema(
    [
        ("chain", pa.string()),
        ("token", pa.string()),
        ("token_address", pa.string()),
        ("token_symbol", pa.string()),
        ("decimals", pa.int32()),
        ("form", pa.string()),
        ("is_meant", pa.bool_()),
        ("is_vouched", pa.bool_()),
        ("source", pa.string()),
    ]
)
_PRICES = pa.schema([("token", pa.string()), ("price_date", pa.date32()), ("usd", pa.float64())])


def load_companions(connection: Connection, settings: Settings) -> None:
    """Read the token files and the price files of the settings, and make tokens known to sources.

    Raises:
        UsageError: a file is missing, is of no known form, or says what can not be.
    """
    sources = settings.sources
    user = tuple(
        replace(token, token_symbol=harmless(token.token_symbol, sources.max_name_letters))
        if token.token_symbol
        else token
        for token in read_token_files(sources.token_files, sources.chain)
    )
    tokens = token_rows(user)
    with transaction(connection):
        _replace(connection, "token_decimals", _TOKENS, tokens)
        set_state(connection, "token_decimals_sha256", _mark([_TOKENS.names, [row[:-1] for row in tokens]]))
        _load_prices(connection, sources)
    connection.execute(sql("companions_decimals"))
    connection.execute(sql("companions_contracts"))


def _load_prices(connection: Connection, sources: SourceSettings) -> None:
    """Prices are read when a file, its token or the rule changed: a history by the minute takes seconds."""
    entries = sources.price_files
    present = [path for path in files_of(entries) if path.is_file()]
    facts = [entries, [sha256_of(path) for path in present], sources.daily_price, _PRICES.names]
    mark = _mark(facts) if entries else ""
    if len(present) == len(entries) and get_state(connection, "prices_sha256") == mark:
        return
    prices = [(one.token, one.day, one.usd) for one in read_price_files(entries, sources.daily_price)]
    _replace(connection, "prices", _PRICES, prices)
    set_state(connection, "prices_sha256", mark)


def token_rows(user: tuple[KnownToken, ...]) -> list[tuple[Any, ...]]:
    """One row per token that is known: the user's word before the registry's, and which token its symbol means."""
    meant = what_symbols_mean(user)
    known: dict[tuple[str, str], KnownToken] = {}
    for token in (*native_coins(), *registry(), *user):
        key = token.chain, token.token
        known[key] = _merged(token, known.get(key))
    return [
        (
            one.chain,
            one.token,
            one.token_address,
            one.token_symbol,
            one.decimals,
            form or None,
            bool(form) and _is_same(meant.get((one.chain, form)), one),
            one.says_what_is_meant,
            one.source,
        )
        for one in known.values()
        for form in (lookalike_form(one.token_symbol or ""),)
    ]


def _is_same(one: KnownToken | None, other: KnownToken) -> bool:
    return one is not None and one.token_address == other.token_address and one.token == other.token


def _merged(token: KnownToken, before: KnownToken | None) -> KnownToken:
    """What a later source says of a token, with what only the earlier one says; lists of all do not rename it."""
    if before is None:
        return token
    namer = token if token.says_what_is_meant and token.token_symbol else before
    return KnownToken(
        token.chain,
        token.token_address,
        namer.token_symbol,
        before.decimals if token.decimals is None else token.decimals,
        f"{token.source}; {before.source}",
        token.says_what_is_meant or before.says_what_is_meant,
    )


def _replace(connection: Connection, name: str, schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    table = pa.table([pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema)
    connection.register("companion_rows", table)
    connection.execute(f"delete from store.{name}")
    connection.execute(f"insert into store.{name} by name select * from companion_rows")
    connection.unregister("companion_rows")


def _mark(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()
