"""Expectations of the last run that warn: suspected truncation, unknown decimals, too many rejects."""

from __future__ import annotations

from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "data_quality", "1", False
SAYS = "an expectation that warns does not hold"
SEVERITY = "MEDIUM"
DO = "`SELECT * FROM ops.audits WHERE NOT is_success`. A suspected truncation needs the file again."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Warnings of the last audit."""
    return sql("data_quality"), {}


def parameters(settings: Settings) -> dict[str, Any]:
    """The audits' thresholds."""
    return settings.quality.model_dump()
