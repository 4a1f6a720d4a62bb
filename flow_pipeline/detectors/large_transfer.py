"""Large transfers: one payment that is large for the traffic of its chain."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.advance import OfDays
from flow_pipeline.detectors.typology import Card, Hits, Measured, Past, WithLimit, units
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.funnels import HOP
from flow_pipeline.graph.largest import largest_transfers
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "large_transfer", "1", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "sum", "moved_amount", "all"
IS_PATH, IS_PROOF = False, False
CARD = Card(
    definition="The largest transfer that an address makes in a token on a day, the first of equally large ones. "
    "Neither its sender nor its receiver is a service or a hub. The 25 largest of each token and day are findings.",
    strength="the amount",
    example="A pays B 5 ETH and C 7 ETH on one day: one finding about A, the 7 ETH to C. Its payment of 900 ETH to an "
    "exchange is none.",
    blind_to="large sums in many payments; payments to and from services",
)


class Parameters(WithLimit):
    """Parameters of large transfers."""

    per_day: int = Field(
        25,
        ge=11,
        description="findings per token and day: the eleven largest of thirty days tell how rare a larger one is, the "
        "others only fill tables",
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A day's transfers tell its findings."""
    return Past()


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Transfers of the definition; the focus is the sender."""
    edges = largest_transfers(graph, parameters.per_day)
    count = len(edges)
    return Hits(
        np.arange(count + 1),
        edges.astype(np.int32),
        np.full(count, HOP, np.int8),
        graph.sender[edges],
        np.ones(count, np.int64),
        found=count,
    )


def advance(parameters: Parameters, common: TypologySettings) -> OfDays:
    """By the largest of the day so far."""
    return OfDays(parameters.per_day)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """The amount."""
    return np.asarray(graph.amount[hits.edges])


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} in one transfer from {focus}, its largest of the day."
        for moved, symbol, focus in zip(measured.moved_amount, measured.token_symbol, measured.focus, strict=True)
    ]
