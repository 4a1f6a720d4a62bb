"""Whom an address dealt with: counterparties in order of rank, and how many there are.

Counted is what store.address_transfers says: transfers to other addresses of an amount above zero or unknown, those of
suspected spoofs included. Dollars are those that are known.
"""

from __future__ import annotations

from datetime import date

from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.places import relations, tokens_of, with_names
from flow_pipeline.questions.rows import Records, rows
from flow_pipeline.warehouse.store import Connection, number

sql = statements(__package__)


def counterparties(
    connection: Connection,
    chain: str,
    address_id: int,
    limit: int,
    after: int = 0,
    first: date | None = None,
    last: date | None = None,
    token: str | None = None,
) -> Records:
    """Counterparties by rank: the most dollars both ways, then the most transfers.

    Args:
        connection: The published file.
        chain: Canonical name.
        address_id: Whose counterparties.
        limit: Most of them.
        after: Those of a rank beyond.
        first: Only transfers from this day on.
        last: Only transfers up to this day.
        token: Only transfers of it, by symbol or contract.

    Returns:
        rank, address_id, address, entity, category, transfers_out, transfers_in, usd_out, usd_in (NULL where none is
        known), first_at, last_at.

    Raises:
        UsageError: the chain has no such token.
    """
    read = relations(connection)
    values = {"chain": chain, "address_id": address_id, "passed": after, "most": limit}
    values |= {"first": first, "last": last, "tokens": tokens_of(connection, chain, token), "listed": 0}
    if (first, last, token) == (None, None, None) and _listed(connection, chain, address_id):
        unlisted = f"select count(*) from {read.ends} where address_id = $address_id and block_timestamp >= $first"
        news = number(connection, unlisted, {"address_id": address_id, "first": read.first_unlisted})
        values |= {"first": read.first_unlisted, "listed": after + limit + news}
    found = rows(connection, sql("counterparties_page", ends=read.ends), values)
    found[0][found[0].index("other_id")] = "address_id"
    return with_names(connection, chain, found, "address_id")


def counterparty_count(connection: Connection, chain: str, address_id: int) -> int:
    """How many counterparties an address has."""
    listed = _listed(connection, chain, address_id)
    news, newcomers = _news(connection, chain, address_id)
    return listed + newcomers if listed else news


def _listed(connection: Connection, chain: str, address_id: int) -> int:
    """Counterparties that are counted and ranked: none where the address is not busy, or without read tables."""
    if relations(connection).through is None:
        return 0
    return number(connection, sql("counterparties_listed"), {"chain": chain, "address_id": address_id})


def _news(connection: Connection, chain: str, address_id: int) -> tuple[int, int]:
    """Counterparties of the transfers that are not counted yet, and those of them that are none before."""
    read = relations(connection)
    first = read.first_unlisted if _listed(connection, chain, address_id) else None
    values = {"chain": chain, "address_id": address_id, "first": first}
    found = connection.execute(sql("counterparties_news", ends=read.ends), values).fetchall()
    return found[0][0], found[0][1]
