"""PLUG ROOM: one file = one typology or anomaly. Frames and arrays in, findings out.

What lives here: pure computation on numpy arrays and Arrow tables. What must not: connections, files, Dagster; a
detector never knows where its input came from. Read more: docs/detectors.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.plugs import check_plug, files_of
from flow_pipeline.settings import AnomalySettings

if TYPE_CHECKING:
    import pyarrow as pa


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


def files_with(function: str, kind: str, protocol: type) -> Iterator[ModuleType]:
    """Files of this room that have a function: `detect` makes a daily detector, `find` a typology.

    Raises:
        FlowError: one of them lacks what its kind must have, or a file has a NAME and neither function.
    """
    for module in files_of(__name__):
        if hasattr(module, function):
            check_plug(module, kind, protocol)
            yield module
        elif hasattr(module, "NAME") and not (hasattr(module, "detect") or hasattr(module, "find")):
            raise FlowError(
                f"{module.__file__} has a NAME and neither detect nor find",
                "a daily detector has detect, a typology has find: see docs/architecture.md",
            )


@cache
def discover() -> dict[str, Detector]:
    """Every daily detector of this room by name; a new file is found without any other edit.

    Raises:
        FlowError: a file lacks what a daily detector must have.
    """
    found = files_with("detect", "daily detector", Detector)
    return {module.NAME: cast(Detector, module) for module in found}
