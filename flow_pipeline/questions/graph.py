"""The transfer graph as people look at it: an address, its counterparties, and what went from one to the other.

A node is an address of one chain, an edge what one sent to another: two directions are two edges. Transfers to oneself
and of nothing make no edge. Dollars are those of transfers with a price, unknown where none has one.
"""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.errors import NotThere
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.findings import one_finding
from flow_pipeline.questions.known import find_address
from flow_pipeline.questions.rows import Records, Rows, records, rows
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

Node = dict[str, Any]
Edge = dict[str, Any]
_TOKEN = ("token_symbol", "token_address", "transfers", "amount", "usd")


def known_place(connection: Connection, chain: str, text: str) -> str:
    """An address as the transfers of a chain have it, from any case or from its ends.

    Raises:
        NotThere: no transfer of the chain names it.
    """
    found = find_address(connection, text)
    if found is None or not nodes(connection, chain, [found]):
        raise NotThere(
            f"{text[:100]} stands in no transfer of {chain}", "check the address and the chain; the search finds both"
        )
    return found


def days_of(connection: Connection, chain: str) -> Window:
    """The days of a chain's transfers."""
    first, last = rows(connection, sql("graph_days"), {"chain": chain})[1][0]
    return Window(first, last)


def nodes(connection: Connection, chain: str, addresses: list[str]) -> list[Node]:
    """Who some addresses are, in their order, without those that no transfer of the chain names."""
    found = {
        row["address"]: {"id": f"{chain}:{row['address']}", "chain": chain, **row}
        for row in records(connection, sql("graph_nodes"), {"chain": chain, "addresses": addresses})
    }
    return [found[address] for address in dict.fromkeys(addresses) if address in found]


def edges(connection: Connection, chain: str, addresses: list[str], window: Window) -> list[Edge]:
    """What some addresses sent each other on some days, with the sums per token."""
    values = {"chain": chain, "addresses": addresses, "first": window.first, "last": window.last}
    found: dict[tuple[str, str], Edge] = {}
    for row in records(connection, sql("graph_edges"), values):
        source, target = row.pop("source"), row.pop("target")
        edge = found.setdefault((source, target), _edge(chain, source, target, row))
        edge["transfers"] += row["transfers"]
        edge["first_at"], edge["last_at"] = min(edge["first_at"], row["first_at"]), max(edge["last_at"], row["last_at"])
        if row["usd"] is not None:
            edge["usd"] = row["usd"] + (edge["usd"] or 0)
        edge["tokens"].append({key: row[key] for key in _TOKEN})
    return list(found.values())


def _edge(chain: str, source: str, target: str, row: dict[str, Any]) -> Edge:
    return {
        "id": f"{chain}:{source}>{chain}:{target}",
        "source": f"{chain}:{source}",
        "target": f"{chain}:{target}",
        "transfers": 0,
        "usd": None,
        "first_at": row["first_at"],
        "last_at": row["last_at"],
        "tokens": [],
    }


def expansion(connection: Connection, chain: str, address: str, limit: int, after: int) -> dict[str, Any]:
    """A node and the counterparties behind the first `after`, each with what went to it and came from it.

    Gives `node`, `items` of a `node` and its `edges`, and `others`: how many more counterparties there are.
    """
    node = nodes(connection, chain, [address])[0]
    others = _counterparties(connection, chain, address, limit, after)
    found = nodes(connection, chain, others)
    drawn = edges_of(connection, chain, address, others)
    items = [
        {"node": one, "edges": [edge for edge in drawn if one["id"] in (edge["source"], edge["target"])]}
        for one in found
    ]
    return {"node": node, "items": items, "others": max(node["counterparties"] - after - len(items), 0)}


def edges_of(connection: Connection, chain: str, address: str, others: list[str]) -> list[Edge]:
    """What went between an address and others, not among these."""
    here = f"{chain}:{address}"
    found = edges(connection, chain, [address, *others], Window())
    return [edge for edge in found if here in (edge["source"], edge["target"])]


def _counterparties(connection: Connection, chain: str, address: str, limit: int, after: int) -> list[str]:
    place = connection.execute("select address_id from store.addresses where address = $address", {"address": address})
    address_id = (place.fetchone() or (None,))[0]
    values = {"chain": chain, "address_id": address_id, "most": limit, "after": after}
    return [row["address"] for row in records(connection, sql("graph_counterparties"), values)]


def transfers(
    connection: Connection, chain: str, source: str, target: str, window: Window, limit: int, after: int
) -> Rows:
    """Transfers from one address to another, in order of time, those behind the first `after`."""
    values = {"chain": chain, "source": source, "target": target, "first": window.first, "last": window.last}
    return rows(connection, sql("graph_transfers"), {**values, "most": limit, "after": after})


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
    chain = finding["chain"]
    steps: Records = finding["transfers"]
    named = dict.fromkeys(step[end] for step in steps for end in ("from_address", "to_address"))
    addresses = list(named)[:most]
    ordinals: dict[str, list[int]] = {}
    for step in steps:
        key = f"{chain}:{step['from_address']}>{chain}:{step['to_address']}"
        ordinals.setdefault(key, []).append(step["ordinal"])
    drawn = edges(connection, chain, addresses, Window())
    for edge in drawn:
        edge["ordinals"] = ordinals.get(edge["id"], [])
    return {
        "finding": {key: finding[key] for key in ("finding_id", "typology", "chain", "severity", "reason")},
        "nodes": nodes(connection, chain, addresses),
        "edges": drawn,
        "others": len(named) - len(addresses),
    }
