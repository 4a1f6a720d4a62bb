"""Fan-ins: many pay one address within a day."""

from __future__ import annotations

import numpy as np

from flow_pipeline.detectors.fans import Parameters, find_fans, judge_fans, past
from flow_pipeline.detectors.typology import Card, Hits, Measured
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import IN
from flow_pipeline.settings import TypologySettings

__all__ = ["Parameters", "find", "judge", "past"]

NAME, VERSION, SCORE, COMPONENT = "fan_in", "1", 0.7, "network_flow"
MOVED, JUDGED_BY, IDENTITY = "sum", "gross_amount", "first"
CARD = Card(
    definition="At least 5 distinct addresses pay one address within a trailing 24 h window. The paid address is "
    "neither a service nor a hub. Overlapping windows are one finding.",
    suspicious="the total exceeds 50 ETH and the value consistency (1 - std/mean of the sums per counterparty) "
    "exceeds 0.8",
    example="5 addresses pay T 11 ETH each within a day: total 55, consistency 1.0, suspicious. 5 × 10: found, not "
    "suspicious. 4 × 20: nothing.",
    blind_to="payments of different sizes; payments spread over days; addresses with a thousand counterparties",
)


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Merged trailing windows of the definition."""
    return find_fans(graph, parameters, IN)


def judge(measured: Measured, hits: Hits, parameters: Parameters) -> tuple[np.ndarray, list[str]]:
    """Large and even."""
    return judge_fans(measured, hits, parameters, "{focus} received {total} from {count} senders")
