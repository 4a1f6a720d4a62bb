"""PLUG ROOM: one file = one typology or anomaly. Frames and arrays in, findings out.

What lives here: pure computation on numpy arrays and Arrow tables. What must not: connections, files, Dagster; a
detector never knows where its input came from. Read more: docs/detectors.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any, Protocol

import pyarrow as pa

from flow_pipeline.settings import AnomalySettings


class Detector(Protocol):
    """A detector on daily series; typologies on the transfer graph have their protocol in `typology`.

    `NAME` names it in detection.daily_findings and `VERSION` stands beside it; `SAYS` is its meaning in a sentence;
    `READS` is the SELECT whose result it takes; `WRITES` are tables of its own beside the union, often none. It may
    have `Parameters`: a Section with a reason per field, read from the section `anomalies.NAME` of the settings.
    """

    NAME: str
    VERSION: str
    SAYS: str
    READS: str
    WRITES: tuple[str, ...]

    def detect(self, series: pa.Table, settings: AnomalySettings, parameters: Any) -> dict[str, pa.Table]:
        """`daily_findings` and the detector's own tables, from the rows of `READS`; no `Parameters` gives None."""


@cache
def discover() -> dict[str, Detector]:
    """Every detector of this room by name; a new file is found without any other edit."""
    found: dict[str, Detector] = {}
    for module in pkgutil.iter_modules(__path__):
        candidate = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(candidate, "READS"):
            found[candidate.NAME] = candidate
    return found
