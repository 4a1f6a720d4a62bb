"""The transfer graph as people look at it: an address, its counterparties, and what went from one to the other.

A node is an address of one chain, an edge what one sent to another: two directions are two edges. What makes no
counterparty makes no edge. Dollars are those of transfers with a price, unknown where none has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.counterparties import counterparties
from flow_pipeline.questions.findings import one_finding
from flow_pipeline.questions.pairs import pair_tokens, tokens_among
from flow_pipeline.questions.places import names_of, place_of, relations
from flow_pipeline.questions.rows import records, rows
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

Node = dict[str, Any]
Edge = dict[str, Any]
_SUMS = ("token_symbol", "token_address", "transfers", "amount", "usd")


def days_of(connection: Connection, chain: str) -> Window:
    """The first and last day of a chain's transfers."""
    first, last = rows(connection, sql("graph_days"), {"chain": chain})[1][0]
    return Window(first, last)


def ids_of(connection: Connection, addresses: list[str]) -> dict[str, int]:
    """Ids of addresses, without those that no transfer names."""
    statement = sql("graph_ids", texts=relations(connection).texts)
    ids = dict(rows(connection, statement, {"addresses": addresses})[1])
    found = {text: number for number, text in ids.items()}
    return {address: found[address] for address in addresses if address in found}


def nodes(connection: Connection, chain: str, ids: Iterable[int]) -> dict[int, Node]:
    """Who some addresses are, by id: name, risk, number of findings and of counterparties."""
    asked = list(ids)
    names = names_of(connection, chain, asked)
    counts = _counterparties(connection, chain, asked)
    texts = [names[number]["address"] for number in asked]
    found = records(connection, sql("graph_risks"), {"chain": chain, "addresses": texts})
    risks = {row["address"]: row for row in found}
    calm = {"risk": None, "risk_category": None, "findings": 0}
    return {
        number: {
            "id": f"{chain}:{text}",
            "chain": chain,
            **{key: names[number][key] for key in ("address", "entity", "category")},
            "counterparties": counts.get(number, 0),
            **calm,
            **risks.get(text, {}),
        }
        for number, text in zip(asked, texts, strict=True)
    }


def _counterparties(connection: Connection, chain: str, ids: list[int]) -> dict[int, int]:
    """How many counterparties some addresses have."""
    read = relations(connection)
    busy: dict[int, int] = dict(rows(connection, sql("graph_listed"), {"chain": chain, "ids": ids})[1])
    calm = [number for number in ids if number not in busy]
    counts = busy | dict(rows(connection, sql("graph_counted", ends=read.ends), {"chain": chain, "ids": calm})[1])
    if busy:
        late = {"chain": chain, "ids": list(busy), "first": read.first_unlisted}
        for number, count in rows(connection, sql("graph_newcomers", ends=read.ends), late)[1]:
            counts[number] += count
    return counts


def edges(connection: Connection, chain: str, ids: dict[str, int], window: Window) -> list[Edge]:
    """What some addresses sent each other on some days, with the sums per token; the most dollars first."""
    found = tokens_among(connection, chain, list(ids.values()), window.first, window.last)
    made = _edges(chain, {number: address for address, number in ids.items()}, found)
    return sorted(made, key=lambda edge: (-(edge["usd"] or 0), -edge["transfers"], edge["id"]))


def _edges(chain: str, names: dict[int, str], found: Iterable[dict[str, Any]]) -> list[Edge]:
    """Edges of rows per pair and token."""
    made: dict[tuple[int, int], Edge] = {}
    for row in found:
        ends = row["from_id"], row["to_id"]
        source, target = (f"{chain}:{names[number]}" for number in ends)
        edge = made.setdefault(
            ends,
            {
                "id": f"{source}>{target}",
                "source": source,
                "target": target,
                "transfers": 0,
                "usd": None,
                "first_at": row["first_at"],
                "last_at": row["last_at"],
                "tokens": [],
            },
        )
        edge["transfers"] += row["transfers"]
        edge["first_at"], edge["last_at"] = min(edge["first_at"], row["first_at"]), max(edge["last_at"], row["last_at"])
        if row["usd"] is not None:
            edge["usd"] = row["usd"] + (edge["usd"] or 0)
        edge["tokens"].append({key: row[key] for key in _SUMS})
    return list(made.values())


def expansion(connection: Connection, chain: str, address: str, limit: int, after: int) -> dict[str, Any]:
    """A node, and the counterparties behind the first `after`, each with what went to it and came from it.

    Gives `node`, `items` of a `node` and its `edges`, and `others`: how many more counterparties there are.

    Raises:
        NotThere: no transfer of the chain names the address.
    """
    own = place_of(connection, chain, address)
    found = counterparties(connection, chain, own, limit, after) if limit else []
    others = [row["address_id"] for row in found]
    known = nodes(connection, chain, [own, *others])
    names = {number: node["address"] for number, node in known.items()}
    pairs = [(own, other) for other in others] + [(other, own) for other in others]
    drawn = _edges(chain, names, pair_tokens(connection, chain, pairs))
    items = [
        {
            "node": known[other],
            "edges": [edge for edge in drawn if known[other]["id"] in (edge["source"], edge["target"])],
        }
        for other in others
    ]
    left = known[own]["counterparties"] - after - len(items)
    return {"node": known[own], "items": items, "others": max(left, 0)}


def finding_graph(connection: Connection, finding_id: str, most: int) -> dict[str, Any]:
    """The addresses of a finding as a graph; an edge that belongs to it has the `ordinals` of its transfers.

    Args:
        connection: A published file.
        finding_id: Which finding.
        most: Addresses taken, the first that its transfers name; `others` counts the rest.

    Raises:
        NotThere: no finding has that id.
    """
    finding = one_finding(connection, finding_id)
    chain, steps = finding["chain"], finding["transfers"]
    named = list(dict.fromkeys(step[end] for step in steps for end in ("from_address", "to_address")))
    ids = ids_of(connection, named[:most])
    ordinals: dict[str, list[int]] = {}
    for step in steps:
        key = f"{chain}:{step['from_address']}>{chain}:{step['to_address']}"
        ordinals.setdefault(key, []).append(step["ordinal"])
    drawn = edges(connection, chain, ids, Window())
    return {
        "finding": {key: finding[key] for key in ("finding_id", "typology", "chain", "severity", "reason")},
        "nodes": list(nodes(connection, chain, ids.values()).values()),
        "edges": [{**edge, "ordinals": ordinals.get(edge["id"], [])} for edge in drawn],
        "others": len(named) - len(ids),
    }
