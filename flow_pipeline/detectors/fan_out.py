"""Fan-outs: one address pays many within a day."""

from __future__ import annotations

import numpy as np

from flow_pipeline.detectors.advance import OfAddresses
from flow_pipeline.detectors.fans import Parameters, advance_fans, describe_fans, find_fans, past, strength_of_fans
from flow_pipeline.detectors.typology import Card, Hits, Measured
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import OUT
from flow_pipeline.settings import TypologySettings

__all__ = ["Parameters", "advance", "describe", "find", "past", "strength"]

NAME, VERSION, COMPONENT = "fan_out", "2", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "sum", "gross_amount", "first"
IS_PATH, IS_PROOF = False, False
OWN_RATE = "from_id"
"""The end of a transfer at which the address stands whose own rate is looked at."""
CARD = Card(
    definition="One source that is neither a service nor a hub pays at least 5 distinct addresses within a trailing "
    "24 h window. Overlapping windows are one finding.",
    strength="the largest product of a number of counterparties, at least 5, and the sum of the last of them",
    example="S pays 5 addresses 11 ETH each within a day: total 55, strength 55. 8, 9, 10, 11 and 13: strength "
    "5 × 8. Five of 1 and one of 100: strength 6. 4 × 20: nothing.",
    blind_to="one large payment among small ones; payments spread over days; addresses with a thousand counterparties",
)


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Merged trailing windows of the definition."""
    return find_fans(graph, parameters, OUT)


def advance(parameters: Parameters, common: TypologySettings) -> OfAddresses:
    """By the transfers of one side."""
    return advance_fans(parameters, OUT)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """So many counterparties times what each of them got at least, or paid."""
    return strength_of_fans(graph, hits, parameters, OUT)


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return describe_fans(measured, hits, "{focus} paid {total} to {count} receivers")
