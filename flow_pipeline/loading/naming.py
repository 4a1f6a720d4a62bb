"""What the names of the loaded tokens leave open, told once per load: what a symbol means is never guessed."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

_SHOWN = 3
"""Contracts and files named in a note; the rest is counted."""


def doubts_about_names(connection: Connection) -> list[str]:
    """Symbols that may stand twice, prices by symbol that apply to no contract, contracts of another chain."""
    twice = [
        f"{symbol} on {chain} is named by its symbol alone and by contract ({_words(contracts)}): transfers that are "
        f"told both ways count twice; say with --tokens which contract {symbol} means"
        for chain, symbol, contracts in connection.execute(sql("naming_told_twice")).fetchall()
    ]
    unpriced = [
        f"the price of {symbol} applies to none of {len(contracts)} contracts on {chain} ({_words(contracts)}): name "
        f"the contract in the price file ({chain}:CONTRACT), or say with --tokens which one {symbol} means"
        for chain, symbol, contracts in connection.execute(sql("naming_unpriced_symbols")).fetchall()
    ]
    elsewhere = [
        f"taken as {chain}, known on {known_on} alone: {_words(contracts)}, in {_words(files)}; "
        f"give the chain of such a file with --chain PATTERN={known_on}"
        for chain, known_on, contracts, files in connection.execute(sql("naming_other_chains")).fetchall()
    ]
    return [*twice, *unpriced, *elsewhere]


def _words(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
