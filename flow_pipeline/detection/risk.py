"""Risk on the build file: components from findings and from contacts with labelled addresses, and the score of each address."""

from __future__ import annotations

import pyarrow as pa

from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.chains import chains_of
from flow_pipeline.graph import ROLE_BY_CATEGORY
from flow_pipeline.scoring.risk import CONTACT_SCORES, FINDING_CONFIDENCE, address_risk, components
from flow_pipeline.warehouse.store import Connection, transaction


def run_risk(connection: Connection) -> dict[str, int]:
    """Replace detection.risk_components and detection.address_risk; row counts per table."""
    declared = [{"typology": name, "component": detector.COMPONENT} for name, detector in typologies().items()]
    contacts = [
        {"category": word, "component": component, "score": score}
        for word, (component, score) in CONTACT_SCORES.items()
    ]
    connection.register("declared", pa.Table.from_pylist(declared))
    connection.register("contact_scores", pa.Table.from_pylist(contacts))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE evm_chains AS SELECT unnest(?::VARCHAR[]) AS chain", [list(chains_of("evm"))]
    )
    words = ", ".join(f"'{category}'" for category in ROLE_BY_CATEGORY)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE services AS SELECT chain, address_id, valid_from, valid_to FROM intermediate.int_address_labels__intervals WHERE category IN ({words})"
    )
    rows = connection.execute(f"""
        SELECT a.chain, a.address, d.component, f.finding_id, f.score, {FINDING_CONFIDENCE}::DOUBLE AS confidence, f.typology || ', as ' || a.role || ': ' || f.reason AS evidence
        FROM detection.findings f JOIN detection.finding_addresses a USING (finding_id) JOIN declared d USING (typology)
        WHERE f.is_suspicious AND NOT a.is_terminal
        UNION ALL
        SELECT * FROM ({_CONTACTS})
        UNION ALL
        SELECT * FROM ({_PASSED_ON})
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


# One row per address in the middle of a risky flow, pair of groups and token: the addresses whose money it was know best.
_PASSED_ON = """
SELECT t.chain, t.to_address, 'group_flow', NULL, s.risk_score::DOUBLE, max(f.confidence),
       'passed on ' || count(DISTINCT f.flow_id) || CASE WHEN count(DISTINCT f.flow_id) = 1 THEN ' flow' ELSE ' flows' END || ' from ' || f.source_group || ' to '
           || f.destination_group || ', ' || coalesce(f.token_symbol, f.token_address, '?') || ', last on ' || max(f.block_date)
FROM detection.group_flows f
JOIN detection.group_flow_transfers t USING (flow_id)
JOIN detection.group_flow_summaries s ON s.source_group = f.source_group AND s.destination_group = f.destination_group AND s.chain = f.chain
    AND s.token_symbol IS NOT DISTINCT FROM f.token_symbol AND s.token_address IS NOT DISTINCT FROM f.token_address
WHERE t.hop < f.hop_count AND s.risk_score > 0
GROUP BY t.chain, t.to_address, s.risk_score, f.source_group, f.destination_group, f.token_symbol, f.token_address
"""

# One row per address, category and labelled counterparty; who is a service at the time of the transfer gets none.
_CONTACTS = """
WITH labelled AS (
    SELECT a.address_id, d.chain, d.category, arg_max(d.entity, (d.confidence, d.entity)) AS entity, d.valid_from, d.valid_to, max(d.confidence) AS confidence
    FROM marts.dim_address_labels d JOIN store.addresses a ON a.address = d.address
    WHERE d.category IN (SELECT category FROM contact_scores)
    GROUP BY ALL
),
touched AS (
    SELECT k.chain, CASE WHEN l.address_id = f.to_id THEN f.from_id ELSE f.to_id END AS id, l.category, l.address_id AS other, l.entity, max(l.confidence) AS confidence,
           count(*) AS transfers, max(f.block_timestamp) AS last_at
    FROM store.transfers f
    JOIN intermediate.int_tokens__canonical k ON k.token_id = f.token_id
    JOIN labelled l ON (l.address_id = f.from_id OR l.address_id = f.to_id) AND (l.chain = k.chain OR (l.chain = '*' AND k.chain IN (FROM evm_chains))) AND f.block_timestamp >= l.valid_from AND f.block_timestamp < l.valid_to
    WHERE f.is_edge
        AND NOT EXISTS (FROM services i WHERE i.chain = k.chain AND i.address_id = CASE WHEN l.address_id = f.to_id THEN f.from_id ELSE f.to_id END
                        AND f.block_timestamp >= i.valid_from AND f.block_timestamp < i.valid_to)
    GROUP BY ALL
)
SELECT t.chain, a.address, s.component, NULL AS finding_id, s.score, t.confidence,
       t.transfers || CASE WHEN t.transfers = 1 THEN ' transfer' ELSE ' transfers' END || ' with ' || t.entity || ' (' || t.category || ') ' || b.address
           || ', last on ' || t.last_at::DATE AS evidence
FROM touched t JOIN store.addresses a ON a.address_id = t.id JOIN store.addresses b ON b.address_id = t.other JOIN contact_scores s USING (category)
"""
