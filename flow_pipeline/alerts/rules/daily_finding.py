"""Days that a daily detector flagged, of every detector without a rule of its name: no day is told twice."""

from __future__ import annotations

from typing import Any

from flow_pipeline.alerts import rules
from flow_pipeline.detectors import daily, discover
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings

NAME, VERSION, BY_DAY = "daily_finding", "1", False
SAYS = "a daily detector flagged a day of an exchange or of all"
SEVERITY = "the detector's"
DO = "`netraflow anomalies --detector NAME --from D --to D`; the reason names value and baseline."

sql = statements(__package__)


def candidates(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Every day flagged by such a detector."""
    budget = settings.anomalies.alarms_per_year
    return sql("daily_finding"), {"detectors": _detectors(), "budget": budget}


def parameters(settings: Settings) -> dict[str, Any]:
    """The detectors' settings."""
    own = {name: daily.parameters_of(name, settings.anomalies) for name in _detectors()}
    shared = settings.anomalies.model_dump(mode="json", include=set(type(settings.anomalies).model_fields))
    return {**shared, **{name: given.model_dump(mode="json") for name, given in own.items() if given}} if own else {}


def _detectors() -> list[str]:
    return [name for name in discover() if name not in rules.discover()]
