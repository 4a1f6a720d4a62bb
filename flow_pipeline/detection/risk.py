"""Risk on the build file: components from findings and contacts with labelled addresses, and each address's score."""

from __future__ import annotations

import pyarrow as pa

from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import ROLE_BY_CATEGORY
from flow_pipeline.scoring.risk import CONTACT_SCORES, FINDING_CONFIDENCE, address_risk, components
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, number, transaction

sql = statements(__package__)
_TABLES = ("risk_components", "address_risk")
_ROWS_AT_ONCE = 500_000
"""Pieces of evidence that are held in memory together: about half a gigabyte."""


@detects("risk")
def run_risk(connection: Connection) -> dict[str, int]:
    """Replace detection.risk_components and detection.address_risk, some addresses after the others; row counts."""
    declared = [{"typology": name, "component": detector.COMPONENT} for name, detector in typologies().items()]
    contacts = [
        {"category": word, "component": component, "score": score}
        for word, (component, score) in CONTACT_SCORES.items()
    ]
    connection.register("typology_components", pa.Table.from_pylist(declared))
    connection.register("contact_scores", pa.Table.from_pylist(contacts))
    connection.register("evm_chains", pa.table({"chain": list(chains_of("evm"))}))
    connection.execute(sql("risk_services"), {"categories": list(ROLE_BY_CATEGORY)})
    connection.execute(sql("risk_evidence"), {"finding_confidence": FINDING_CONFIDENCE})
    connection.execute("drop table temp.services")
    for name in ("typology_components", "contact_scores", "evm_chains"):
        connection.unregister(name)
    parts = number(connection, "select count(*) from risk_evidence") // _ROWS_AT_ONCE + 1
    with transaction(connection):
        for name in _TABLES:
            connection.execute(f"delete from detection.{name}")
        for part in range(parts):
            of_part = "select * from risk_evidence where hash(address) % $parts = $part"
            rows = connection.execute(of_part, {"parts": parts, "part": part}).to_arrow_table()
            found = components(rows)
            for name, table in zip(_TABLES, (found, address_risk(found)), strict=True):
                connection.register("incoming", table)
                connection.execute(f"insert into detection.{name} by name select * from incoming")
                connection.unregister("incoming")
    connection.execute("drop table temp.risk_evidence")
    return {name: number(connection, f"select count(*) from detection.{name}") for name in _TABLES}
