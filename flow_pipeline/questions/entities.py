"""Entities: who owns addresses by labels, what they moved, whom they dealt with, in which findings they stand."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.chains import family_of
from flow_pipeline.domain.errors import NotThere, meant, one_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.vocabulary import LABEL_CATEGORIES
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.known import check_window, known_chain
from flow_pipeline.questions.rows import Records, records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

_COUNTERPARTS = 20
_FINDINGS = 50
"""Rows of a page about an entity; all of them are in the tables."""


def entities(
    connection: Connection, limit: int, after: int = 0, chain: str | None = None, category: str | None = None
) -> Records:
    """Entities that have an address in the transfers, the busiest first, with `rank`, addresses and traffic.

    Args:
        connection: The published file.
        limit: Most rows.
        after: The rank behind which to begin.
        chain: Only of this chain.
        category: Only those with an address of this category.

    Raises:
        UsageError: there is no such chain or category.
    """
    if category is not None:
        one_of("category", category, LABEL_CATEGORIES)
    known = known_chain(connection, chain) if chain is not None else None
    values = {"chain": known, "category": category, "after": after, "most": limit}
    return records(connection, sql("entities"), values)


def entity(connection: Connection, chain: str, name: str) -> dict[str, Any]:
    """An entity on a chain: what labels say of it, what it moved per token, with whom, its findings.

    Returns:
        `chain` and `entity` as they are spelled; `categories`, what labels say: category, addresses, regions, risk
        level, confidence, sources; `tokens`, the sums per token of all its addresses, deposit addresses included;
        `counterparts`, the entities it dealt with most, all addresses without a label being one without a name;
        `findings`, the gravest.

    Raises:
        UsageError: there is no such chain, or no label names such an entity on it.
    """
    place = _place(connection, chain, name)
    own = {"chain": place["chain"], "entity": place["entity"]}
    return {
        **own,
        "categories": records(connection, sql("entity_labels"), place),
        "tokens": records(connection, sql("entity_tokens"), own),
        "counterparts": records(connection, sql("entity_counterparts"), {**own, "most": _COUNTERPARTS}),
        "findings": records(connection, sql("entity_findings"), {**place, "most": _FINDINGS}),
    }


def entity_addresses(connection: Connection, chain: str, name: str, limit: int, after: int = 0) -> Records:
    """The addresses of an entity on a chain: first those that labels name, then its deposit addresses.

    Args:
        connection: The published file.
        chain: Any spelling.
        name: The entity, in any case.
        limit: Most rows.
        after: The `rank` behind which to begin.

    Raises:
        UsageError: there is no such chain or entity.
    """
    place = _place(connection, chain, name)
    return records(connection, sql("entity_addresses"), {**place, "after": after, "most": limit})


def entity_days(connection: Connection, chain: str, name: str, window: Window) -> Records:
    """What an entity moved per day and token, latest day first.

    Raises:
        UsageError: there is no such chain or entity, or none of those days.
    """
    place = _place(connection, chain, name)
    check_window(connection, window)
    values = {"chain": place["chain"], "entity": place["entity"], "first": window.first, "last": window.last}
    return records(connection, sql("entity_days"), values)


def _place(connection: Connection, chain: str, name: str) -> dict[str, Any]:
    """The chain and the entity as they are spelled, and whether labels of every chain hold there."""
    known = known_chain(connection, chain)
    values = {"chain": known, "entity": name, "is_evm": family_of(known) == "evm"}
    row = connection.execute(sql("entity_known"), values).fetchone()
    if row is None:
        statement = "select distinct entity from marts.dim_address_labels where chain in ($chain, '*') order by 1"
        names = [one for (one,) in connection.execute(statement, {"chain": known}).fetchall()]
        raise NotThere(
            f"no label names an entity {name[:80]} on {known}",
            f"{meant(name[:80], names)}labels name {len(names):,} there; search for a part of the name",
        )
    return {**values, "entity": str(row[0])}
