"""Fan-outs: one address pays many within a day."""

from __future__ import annotations

import numpy as np

from flow_pipeline.detectors.fans import Parameters, find_fans, judge_fans, past
from flow_pipeline.detectors.typology import Card, Hits, Measured
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import OUT
from flow_pipeline.settings import TypologySettings

__all__ = ["Parameters", "find", "judge", "past"]

NAME, VERSION, SCORE, COMPONENT = "fan_out", "1", 0.7, "network_flow"
MOVED, JUDGED_BY, IDENTITY = "sum", "gross_amount", "first"
CARD = Card(
    definition="One source that is neither a service nor a hub pays at least 5 distinct addresses within a trailing "
    "24 h window. Overlapping windows are one finding.",
    suspicious="the total exceeds 50 ETH and the value consistency (1 - std/mean of the sums per counterparty) "
    "exceeds 0.8",
    example="S pays 5 addresses 11 ETH each within a day: total 55, consistency 1.0, suspicious. 5 × 10: found, not "
    "suspicious. 8, 9, 10, 11 and 13: consistency 0.831327, suspicious. 4 × 20: nothing.",
    blind_to="payments of different sizes; payments spread over days; addresses with a thousand counterparties",
)


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Merged trailing windows of the definition."""
    return find_fans(graph, parameters, OUT)


def judge(measured: Measured, hits: Hits, parameters: Parameters) -> tuple[np.ndarray, list[str]]:
    """Large and even."""
    return judge_fans(measured, hits, parameters, "{focus} paid {total} to {count} receivers")
