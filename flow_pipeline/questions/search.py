"""What a few letters may mean: addresses, entities, exchanges, groups, tokens, findings, transactions."""

from __future__ import annotations

import re
from typing import Any

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.places import relations
from flow_pipeline.questions.rows import Records, Rows, records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

LEAST = 3
"""Letters without which nearly everything is meant."""
KINDS = ("address", "entity", "exchange", "group", "token", "finding", "transaction")
"""Of hits that fit equally well, those of the earlier kind come first."""
MATCHES = ("exact", "ends", "prefix", "part")
"""How a hit fits, the best first: the text whole, the ends of an address, how it begins, a part of a name."""
_COLUMNS = {
    "kind": "VARCHAR",
    "chain": "VARCHAR",
    "key": "VARCHAR",
    "title": "VARCHAR",
    "detail": "VARCHAR",
    "category": "VARCHAR",
    "transfers": "BIGINT",
    "match": "VARCHAR",
}
_LOOKED_AT = 200
"""Addresses that begin so and have no label, of which the busiest are shown: to rank all that begin with 0x1 would be
to read the transfers of each."""
_HASH = re.compile(r"(0x)?[0-9a-f]{8,64}")
"""A hash of a transaction, or its beginning: all hashes are read for it, so that it is looked for last."""


def search(connection: Connection, text: str, limit: int) -> Records:
    """What a text may mean, the best first: whole names, then the ends of an address, then beginnings, then parts.

    Args:
        connection: The published file.
        text: At least three letters, in any case; `0x12…ab` asks for addresses by their ends.
        limit: Most hits.

    Returns:
        A row per hit: `kind` of KINDS; `chain`, None for a group, which has several; `key`, by which it is asked for;
        `title`; `detail`, a clause about it; `category` of its label; `transfers`, None where they are not counted;
        `match` of MATCHES. Of addresses without a label that begin so, the first 200 in order are ranked. A transaction
        is looked for where nothing else has been found.

    Raises:
        UsageError: the text is too short.
    """
    wanted = text.strip()
    head, is_short, tail = (part.strip() for part in wanted.replace("...", "…").partition("…"))
    if len(head) + len(tail) < LEAST:
        raise UsageError(f"'{wanted[:80]}' is too short to search for", f"give at least {LEAST} letters")
    hits = _addresses(connection, head, tail, limit)
    if not is_short:
        lower = wanted.lower()
        hits += _names(connection, lower, limit) + _findings(connection, lower, limit)
        if not hits and _HASH.fullmatch(lower):
            hits = _transactions(connection, lower, limit)
    hits.sort(key=lambda hit: (MATCHES.index(hit["match"]), KINDS.index(hit["kind"])))
    rows = [tuple(hit[name] for name in _COLUMNS) for hit in hits[:limit]]
    return Records(Rows(list(_COLUMNS), rows, list(_COLUMNS.values())))


def _addresses(connection: Connection, head: str, tail: str, limit: int) -> list[dict[str, Any]]:
    """Addresses by how they begin, in the spelling given and in lower case, and how they end."""
    heads, read = [head, head.lower()], relations(connection)
    statement = sql("search_addresses", texts=read.texts, ends=read.ends)
    values = {"heads": heads, "tail": tail, "among": max(_LOOKED_AT, limit), "most": limit}
    return [
        {
            "kind": "address",
            "chain": row["chain"],
            "key": row["address"],
            "title": row["entity"] or row["address"],
            "detail": _clause(row["category"], _counted(row["transfers"], "transfers")),
            "category": row["category"],
            "transfers": row["transfers"],
            "match": "ends" if tail else "exact" if row["address"] in heads else "prefix",
        }
        for row in records(connection, statement, values)
    ]


def _names(connection: Connection, text: str, limit: int) -> list[dict[str, Any]]:
    values = {"text": text, "evm_chains": list(chains_of("evm")), "most": limit}
    return [
        {name: row[name] for name in ("kind", "chain", "key", "title", "category", "match")}
        | {
            "detail": _clause(row["category"], _counted(row["size"], row["counted"])),
            "transfers": row["size"] if row["counted"] == "transfers" else None,
        }
        for row in records(connection, sql("search_names"), values)
    ]


def _findings(connection: Connection, text: str, limit: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": "finding",
            "chain": row["chain"],
            "key": row["finding_id"],
            "title": f"{row['typology']} {row['finding_id']}",
            "detail": _clause(
                row["severity"] if row["is_suspicious"] else "not suspicious",
                str(row["block_date"]),
                row["token_symbol"],
                _counted(row["transfers"], "transfers"),
            ),
            "category": row["typology"],
            "transfers": row["transfers"],
            "match": "exact" if row["finding_id"] == text else "prefix",
        }
        for row in records(connection, sql("search_findings"), {"text": text, "most": limit})
    ]


def _transactions(connection: Connection, text: str, limit: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": "transaction",
            "chain": row["chain"],
            "key": row["tx_hash"],
            "title": row["tx_hash"],
            "detail": _clause(f"{row['block_timestamp']} UTC", _counted(row["transfers"], "transfers")),
            "category": None,
            "transfers": row["transfers"],
            "match": "exact" if row["tx_hash"] == text else "prefix",
        }
        for row in records(connection, sql("search_transactions"), {"text": text, "most": limit})
    ]


def _counted(count: int | None, what: str) -> str | None:
    """A number of things, in words."""
    if count is None:
        return None
    one = {"transfers": "transfer", "addresses": "address"}[what]
    return f"{count:,} {one if count == 1 else what}"


def _clause(*parts: str | None) -> str:
    """What is known of a hit, in one line."""
    return ", ".join(part for part in parts if part)
