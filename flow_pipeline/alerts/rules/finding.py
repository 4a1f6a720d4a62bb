"""Suspicious findings of every typology, by score."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts.rules import by_score
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "finding", "1", False
SAYS = "a typology found transfers that are suspicious, with a score above the limit"

_SELECT = f"""
SELECT f.finding_id AS subject, concat_ws(' ', f.typology, f.token_symbol, coalesce(f.focus_address, e.from_address)) AS topic, f.chain, f.block_date,
       {by_score("f.score")} AS severity, f.typology || ': ' || f.reason AS title, e.from_address, e.to_address, NULL::VARCHAR AS from_entity, NULL::VARCHAR AS to_entity,
       e.addresses, NULL::VARCHAR[] AS entities,
       json_object('score', round(f.score, 6), 'moved_amount', f.moved_amount::VARCHAR, 'transfers', f.transfer_count, 'token', coalesce(f.token_symbol, f.token_address)) AS content,
       json_object('finding_id', f.finding_id, 'typology', f.typology, 'detector_version', f.detector_version, 'parameters', f.parameters::JSON, 'explain', 'netraflow finding ' || f.finding_id)
           AS baseline
FROM detection.findings f
JOIN (SELECT finding_id, arg_min(from_address, ordinal) AS from_address, arg_max(to_address, ordinal) AS to_address, list_distinct(flatten(list([from_address, to_address]))) AS addresses
      FROM detection.finding_transfers WHERE finding_id IN (SELECT finding_id FROM detection.findings WHERE is_suspicious) GROUP BY finding_id) e USING (finding_id)
WHERE f.is_suspicious AND f.score > $medium
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Suspicious findings above the limit."""
    return _SELECT, parameters(settings)


def parameters(settings: Settings) -> dict[str, Any]:
    """The limits of scores."""
    return settings.alerts.score_limits
