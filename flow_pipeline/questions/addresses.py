"""What is known of an address: its risk and its labels, in the spelling given or in lower case."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.rows import records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def risk_of(connection: Connection, address: str) -> list[dict[str, Any]]:
    """The risk of an address, a dict per chain, with its `components`; empty when it has none."""
    risks = records(
        connection,
        "select * from detection.address_risk where address in ($address, lower($address)) order by score desc",
        {"address": address},
    )
    for risk in risks:
        place = {"chain": risk["chain"], "address": risk["address"]}
        risk["components"] = records(connection, sql("address_risk_components"), place)
    return risks


def labels_of(connection: Connection, address: str) -> list[dict[str, Any]]:
    """Every label of an address, the surest first."""
    statement = """
        select chain, entity, category, confidence, source from marts.dim_address_labels
        where address in ($address, lower($address)) order by confidence desc, entity
    """
    return records(connection, statement, {"address": address})
