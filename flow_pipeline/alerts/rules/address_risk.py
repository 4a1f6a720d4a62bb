"""Addresses whose risk score is above the limit."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts.rules import by_score
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "address_risk", "1", False
SAYS = "the risk score of an address is above the limit"

_SELECT = f"""
SELECT concat_ws('|', r.chain, r.address) AS subject, r.address AS topic, r.chain, NULL::DATE AS block_date, {by_score("r.score")} AS severity,
       r.address || ' has risk ' || format('{{:.2f}}', r.score) || ' (' || r.category || '): ' || array_to_string(c.components, ', ') AS title,
       NULL::VARCHAR AS from_address, NULL::VARCHAR AS to_address, NULL::VARCHAR AS from_entity, NULL::VARCHAR AS to_entity, [r.address] AS addresses, NULL::VARCHAR[] AS entities,
       json_object('score', round(r.score, 4), 'category', r.category, 'components', c.components) AS content,
       json_object('finding_count', r.finding_count, 'confidence', round(r.confidence, 4), 'findings', c.findings, 'explain', 'netraflow risk ' || r.address) AS baseline
FROM detection.address_risk r
JOIN (SELECT chain, address, list(DISTINCT component ORDER BY component) AS components, list(DISTINCT finding_id ORDER BY finding_id) FILTER (finding_id IS NOT NULL) AS findings
      FROM detection.risk_components WHERE is_active GROUP BY ALL) c USING (chain, address)
WHERE r.score > $medium
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Addresses above the limit."""
    return _SELECT, parameters(settings)


def parameters(settings: Settings) -> dict[str, Any]:
    """The limits of scores."""
    return settings.alerts.score_limits
