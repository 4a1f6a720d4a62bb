"""Findings: which there are, and one with everything that belongs to it."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.errors import NotThere, one_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.text import sized
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.known import check_token, check_window, known_address
from flow_pipeline.questions.rows import Part, Rows, records, rows
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def known_typologies(connection: Connection) -> list[str]:
    """Typologies that were looked for."""
    return [row[0] for row in connection.execute("select typology from ops.detections order by typology").fetchall()]


def findings(
    connection: Connection,
    typology: str | None,
    window: Window,
    token: str | None,
    address: str | None,
    every: bool,
    part: Part | None = None,
    chain: str | None = None,
) -> Rows:
    """Findings, the rarest first: suspicious ones, or `every`, of one typology, token or address when given.

    Raises:
        UsageError: there is no such typology, token, day or address.
    """
    if typology:
        one_of("typology", typology, known_typologies(connection))
    check_token(connection, token)
    check_window(connection, window)
    known = known_address(connection, address) if address else None
    values = {"typology": typology, "token": token, "address": known, "every": every, "chain": chain}
    return rows(connection, sql("findings"), {**values, "first": window.first, "last": window.last}, part)


def one_finding(connection: Connection, finding_id: str) -> dict[str, Any]:
    """A finding with its `transfers` and `addresses`, with their labels.

    Raises:
        NotThere: no finding has that id.
    """
    values = {"finding_id": finding_id}
    found = records(connection, "select * from detection.findings where finding_id = $finding_id", values)
    if not found:
        raise NotThere(f"there is no finding {finding_id}", "`netraflow findings --every` lists them")
    transfers = """
        select * exclude (finding_id) from detection.finding_transfers where finding_id = $finding_id order by ordinal
    """
    return {
        **found[0],
        "transfers": records(connection, transfers, values),
        "addresses": records(connection, sql("finding_addresses"), values),
    }


def clears(found: dict[str, Any]) -> list[str]:
    """What would take a finding of `one_finding` away, in words."""
    middles = [
        row["address"] for row in found["addresses"] if row["role"] in ("middle", "focus") and not row["is_terminal"]
    ]
    ways = []
    if middles:
        more = len(middles) - 3
        some = ", ".join(middles[:3]) + (f" or {more} {'other' if more == 1 else 'others'}" if more > 0 else "")
        ways.append(
            f"a label that shows {some} to be a service (exchange, bridge, dex, contract): "
            "`netraflow analyze … --labels FILE`"
        )
    ways.append("evidence that the addresses belong to one owner with a reason to move the money so")
    if found["judged_by"] in ("pool", "profile") and found["is_suspicious"]:
        needed, token = found["strength_needed"], found["token_symbol"] or found["token_address"]
        ways.append(
            f"more ordinary traffic as strong as it: E is {found['e_value']:.2g}, under the budget "
            f"verdicts.alarms_per_10000; its strength is {sized(found['strength'])} {token}"
            + (f", and up to {sized(needed)} would be ordinary" if needed is not None else "")
        )
    elif found["judged_by"] == "limit":
        ways.append(f"a higher limit: typologies.{found['typology']}.amount_by_token or amount_usd")
    elif found["judged_by"] == "label":
        ways.append("evidence that the label that it touches is wrong or did not hold at its time")
    elif found["judged_by"] == "own_rate":
        ways.append("earlier days in which the address made as many transfers: `netraflow analyze` with more history")
    return ways
