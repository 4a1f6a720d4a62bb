"""Suspicious findings of every typology, by score."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts.rules import by_score
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "finding", "1", False
SAYS = "a typology found transfers that are suspicious, with a score above the limit"

# A finding that later days lengthen is another finding with the same first transfer; to people it is the same matter, changed.
_SELECT = f"""
WITH ways AS (
    SELECT finding_id, arg_min(from_address, ordinal) AS from_address, arg_max(to_address, ordinal) AS to_address,
           list_distinct(flatten(list([from_address, to_address]))) AS addresses,
           arg_min(concat_ws(' ', coalesce(tx_hash, source_file || ' ' || source_row), transfer_index), ordinal) AS first_transfer
    FROM detection.finding_transfers WHERE finding_id IN (SELECT finding_id FROM detection.findings WHERE is_suspicious) GROUP BY finding_id
),
matters AS (
    SELECT f.*, w.* EXCLUDE (finding_id), concat_ws('|', f.typology, f.chain, coalesce(f.token_address, f.token_symbol), f.focus_address, w.first_transfer) AS matter
    FROM detection.findings f JOIN ways w USING (finding_id) WHERE f.is_suspicious AND f.score > $medium
)
SELECT matter || CASE WHEN count(*) OVER (PARTITION BY matter) > 1 THEN '|' || finding_id ELSE '' END AS subject,
       concat_ws(' ', typology, token_symbol, coalesce(focus_address, from_address)) AS topic, chain, block_date, {by_score("score")} AS severity,
       typology || ': ' || reason AS title, from_address, to_address, NULL::VARCHAR AS from_entity, NULL::VARCHAR AS to_entity, addresses, NULL::VARCHAR[] AS entities,
       json_object('finding_id', finding_id, 'score', round(score, 6), 'moved_amount', moved_amount::VARCHAR, 'transfers', transfer_count, 'token', coalesce(token_symbol, token_address))
           AS content,
       json_object('typology', typology, 'detector_version', detector_version, 'parameters', parameters::JSON, 'explain', 'netraflow finding ' || finding_id) AS baseline
FROM matters
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Suspicious findings above the limit."""
    return _SELECT, parameters(settings)


def parameters(settings: Settings) -> dict[str, Any]:
    """The limits of scores."""
    return settings.alerts.score_limits
