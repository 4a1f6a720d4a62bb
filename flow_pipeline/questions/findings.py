"""Findings: which there are, and one with everything that belongs to it."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.errors import NotThere, one_of
from flow_pipeline.domain.sql import statements
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
    values = {"typology": typology, "token": token, "address": known, "every": every}
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
