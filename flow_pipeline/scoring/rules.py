"""The set of rules in force: versions and parameters of all detectors, and what makes a finding suspicious."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flow_pipeline.detectors import daily, discover
from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.scoring.profile import read_profile
from flow_pipeline.settings import Settings


def rule_set(settings: Settings) -> dict[str, Any]:
    """All that decides which findings there are and which are suspicious, as plain values."""
    return {
        "verdicts": [
            settings.verdicts.model_dump(mode="json", exclude={"reference"}),
            str(read_profile(settings.verdicts.reference)),
        ],
        "anomalies": {
            "common": settings.anomalies.model_dump(mode="json"),
            **{
                name: [detector.VERSION, daily.parameters_of(name, settings.anomalies)]
                for name, detector in discover().items()
            },
        },
        "typologies": {
            "common": settings.typologies.model_dump(mode="json"),
            **{
                name: [detector.VERSION, parameters_of(name, settings.typologies).model_dump(mode="json")]
                for name, detector in typologies().items()
            },
        },
    }


def rule_set_hash(settings: Settings) -> str:
    """Sixteen hex digits that are others where any version or parameter is."""
    return hashlib.sha256(json.dumps(rule_set(settings), sort_keys=True, default=str).encode()).hexdigest()[:16]
