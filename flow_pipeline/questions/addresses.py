"""What is known of an address: its risk and its labels, in the spelling given, in lower case, or by its ends."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.chains import family_of
from flow_pipeline.domain.errors import NotThere
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.known import ADDRESS_HINT, find_address, known_chain
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


def at_place(connection: Connection, chain: str, address_id: int) -> dict[str, Any]:
    """What is known of an address on one chain.

    Returns:
        `chain` and `address` as they are spelled; `labels` that hold there, the surest first; `conflict`, the entities
        that labels give it where there are several; `risk` with its components, None where it has none.
    """
    text = "select address from store.addresses where address_id = $id"
    address = str(connection.execute(text, {"id": address_id}).fetchall()[0][0])
    known = known_chain(connection, chain)
    places = (known, "*") if family_of(known) == "evm" else (known,)
    labels = [label for label in labels_of(connection, address) if label["chain"] in places]
    entities = list(dict.fromkeys(label["entity"] for label in labels))
    risks = [risk for risk in risk_of(connection, address) if risk["chain"] == known]
    return {
        "chain": known,
        "address": address,
        "labels": labels,
        "conflict": entities if len(entities) > 1 else [],
        "risk": risks[0] if risks else None,
    }


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
