"""Expectations of the last run that warn: suspected truncation, unknown decimals, too many rejects."""

from __future__ import annotations

from typing import Any

from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "data_quality", "1", False
SAYS = "an expectation that warns does not hold"

# What was measured is not compared: a count that grows every day is not news every day.
_SELECT = """
SELECT stage || '|' || expectation AS subject, stage || ' ' || expectation AS topic, NULL::VARCHAR AS chain, NULL::DATE AS block_date, 'MEDIUM' AS severity,
       'Not so: ' || description || ' (measured ' || format('{:g}', observed) || ', allowed ' || allowed || ')' AS title,
       NULL::VARCHAR AS from_address, NULL::VARCHAR AS to_address, NULL::VARCHAR AS from_entity, NULL::VARCHAR AS to_entity, NULL::VARCHAR[] AS addresses, NULL::VARCHAR[] AS entities,
       json_object('stage', stage, 'expectation', expectation) AS content, json_object('observed', observed, 'allowed', allowed) AS baseline
FROM ops.audits WHERE NOT is_success AND severity = 'warning' AND run_id = (SELECT arg_max(run_id, checked_at) FROM ops.audits)
"""


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Warnings of the last audit."""
    return _SELECT, {}


def parameters(settings: Settings) -> dict[str, Any]:
    """The audits' thresholds."""
    return settings.quality.model_dump()
