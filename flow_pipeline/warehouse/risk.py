"""Risk on the build file: components from findings and from contacts with labelled addresses, and the score of each address."""

from __future__ import annotations

import pyarrow as pa

from flow_pipeline.detectors.typology import typologies
from flow_pipeline.scoring.risk import CONTACT_SCORES, FINDING_CONFIDENCE, address_risk, components
from flow_pipeline.warehouse.store import Connection, transaction


def run_risk(connection: Connection) -> dict[str, int]:
    """Replace detection.risk_components and detection.address_risk; row counts per table."""
    declared = [{"typology": name, "component": detector.COMPONENT} for name, detector in typologies().items()]
    contacts = [{"category": word, "component": component, "score": score} for word, (component, score) in CONTACT_SCORES.items()]
    connection.register("declared", pa.Table.from_pylist(declared))
    connection.register("contact_scores", pa.Table.from_pylist(contacts))
    rows = connection.execute(f"""
        SELECT a.chain, a.address, d.component, f.finding_id, f.score, {FINDING_CONFIDENCE}::DOUBLE AS confidence, f.typology || ', as ' || a.role || ': ' || f.reason AS evidence
        FROM detection.findings f JOIN detection.finding_addresses a USING (finding_id) JOIN declared d USING (typology)
        WHERE f.is_suspicious AND NOT a.is_terminal
        UNION ALL
        SELECT * FROM ({_CONTACTS})
    """).to_arrow_table()
    connection.unregister("declared")
    connection.unregister("contact_scores")
    found = components(rows)
    tables = {"risk_components": found, "address_risk": address_risk(found)}
    with transaction(connection):
        for name, table in tables.items():
            connection.register("incoming", table)
            connection.execute(f"DELETE FROM detection.{name}")
            connection.execute(f"INSERT INTO detection.{name} BY NAME SELECT * FROM incoming")
            connection.unregister("incoming")
    return {name: len(table) for name, table in tables.items()}


# One row per address, category and labelled counterparty; services and the labelled addresses themselves get none.
_CONTACTS = """
WITH touched AS (
    SELECT k.chain, CASE WHEN l.address_id = f.to_id THEN f.from_id ELSE f.to_id END AS id, l.category, l.address, l.entity, l.confidence,
           count(*) AS transfers, min(f.block_timestamp) AS first_at, max(f.block_timestamp) AS last_at
    FROM store.transfers f
    JOIN intermediate.int_tokens__canonical k ON k.token_id = f.token_id
    JOIN (SELECT a.address_id, d.address, d.chain, d.category, d.valid_from, d.valid_to, arg_max(d.entity, d.confidence) AS entity, max(d.confidence) AS confidence
          FROM marts.dim_address_labels d JOIN store.addresses a ON a.address = d.address WHERE d.category IN (SELECT category FROM contact_scores)
          GROUP BY ALL) l
        ON (l.address_id = f.from_id OR l.address_id = f.to_id) AND l.chain IN (k.chain, '*') AND f.block_timestamp >= l.valid_from AND f.block_timestamp < l.valid_to
    WHERE f.from_id <> f.to_id AND f.amount > 0
    GROUP BY ALL
)
SELECT t.chain, a.address, s.component, NULL AS finding_id, s.score, t.confidence,
       t.transfers || CASE WHEN t.transfers = 1 THEN ' transfer' ELSE ' transfers' END || ' with ' || t.entity || ' (' || t.category || ') ' || t.address || ', last on ' || t.last_at::DATE AS evidence
FROM touched t JOIN store.addresses a ON a.address_id = t.id JOIN contact_scores s USING (category)
WHERE NOT EXISTS (FROM intermediate.int_address_labels__intervals i
                  WHERE i.chain = t.chain AND i.address_id = t.id AND i.category IN ('exchange', 'bridge', 'mixer', 'dex', 'lending', 'contract', 'burn'))
"""
