"""What is known of an address: its risk and its labels, in the spelling given, in lower case, or by its ends."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.errors import NotThere
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.known import ADDRESS_HINT, find_address
from flow_pipeline.questions.rows import Records, records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def about_address(connection: Connection, address: str) -> dict[str, Any]:
    """What is known of an address: `address` as asked, its `risk` per chain, its `labels`.

    Raises:
        NotThere: it stands in no transfer and no label.
    """
    spelling = find_address(connection, address)
    address = spelling or address
    risk, labels = risk_of(connection, address), labels_of(connection, address)
    if not risk and not labels and spelling is None:
        raise NotThere(f"{address} stands in no transfer and no label", ADDRESS_HINT)
    return {"address": address, "risk": risk, "labels": labels}


def risk_of(connection: Connection, address: str) -> list[dict[str, Any]]:
    """The risk of an address, a dict per chain, with its `components`; empty when it has none."""
    risks = list(
        records(
            connection,
            "select * from detection.address_risk where address in ($address, lower($address)) order by score desc",
            {"address": address},
        )
    )
    for risk in risks:
        place = {"chain": risk["chain"], "address": risk["address"]}
        risk["components"] = records(connection, sql("address_risk_components"), place)
    return risks


def labels_of(connection: Connection, address: str) -> Records:
    """Every label of an address, the surest first."""
    statement = """
        select chain, entity, category, confidence, source from marts.dim_address_labels
        where address in ($address, lower($address)) order by confidence desc, entity
    """
    return records(connection, statement, {"address": address})
