"""Risk on the build file: components from findings and contacts with labelled addresses, and each address's score."""

from __future__ import annotations

import pyarrow as pa

from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import ROLE_BY_CATEGORY
from flow_pipeline.scoring.risk import CONTACT_SCORES, FINDING_CONFIDENCE, address_risk, components
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, transaction

sql = statements(__package__)


@detects("risk")
def run_risk(connection: Connection) -> dict[str, int]:
    """Replace detection.risk_components and detection.address_risk; row counts per table."""
    declared = [{"typology": name, "component": detector.COMPONENT} for name, detector in typologies().items()]
    contacts = [
        {"category": word, "component": component, "score": score}
        for word, (component, score) in CONTACT_SCORES.items()
    ]
    connection.register("typology_components", pa.Table.from_pylist(declared))
    connection.register("contact_scores", pa.Table.from_pylist(contacts))
    connection.register("evm_chains", pa.table({"chain": list(chains_of("evm"))}))
    connection.execute(sql("risk_services"), {"categories": list(ROLE_BY_CATEGORY)})
    rows = connection.execute(sql("risk_evidence"), {"finding_confidence": FINDING_CONFIDENCE}).to_arrow_table()
    connection.execute("drop table temp.services")
    for name in ("typology_components", "contact_scores", "evm_chains"):
        connection.unregister(name)
    found = components(rows)
    tables = {"risk_components": found, "address_risk": address_risk(found)}
    with transaction(connection):
        for name, table in tables.items():
            connection.register("incoming", table)
            connection.execute(f"delete from detection.{name}")
            connection.execute(f"insert into detection.{name} by name select * from incoming")
            connection.unregister("incoming")
    return {name: len(table) for name, table in tables.items()}
