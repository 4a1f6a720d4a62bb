"""Bridge to exchange: money that crosses a bridge and is cashed in within a day."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.advance import OfRoutes
from flow_pipeline.detectors.typology import (
    SEARCH_ROOM,
    Card,
    Hits,
    Measured,
    Past,
    WithLimit,
    hits_of_walks,
    lasting,
    microseconds,
    units,
)
from flow_pipeline.graph import BRIDGE, EXCHANGE, TransferGraph
from flow_pipeline.graph.nearby import Step
from flow_pipeline.graph.paths import paths_between
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "bridge_to_exchange", "2", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "least", "moved_amount", "all"
IS_PATH, IS_PROOF = True, False
CARD = Card(
    definition="A path from a labelled bridge to a labelled exchange within 24 h. It leads through 1 to 3 middle "
    "addresses that are neither services nor hubs. Each transfer carries at least 80 % of the one before. Paths of "
    "one day that share a transfer are one finding: the strongest is shown, the others are counted.",
    strength="what arrived at the exchange",
    example="bridge→A 12, A→B 11.8, B→exchange 11.5 ETH within a day: moved 11.5.",
    blind_to="unlabelled deposit addresses of an exchange; bridges that pay out through a pool",
)


class Parameters(WithLimit):
    """Parameters of bridge to exchange."""

    max_middles: int = Field(
        3, ge=1, le=6, description="maximum addresses between bridge and exchange; there is at least one"
    )
    span_hours: float = Field(
        24.0, gt=0, le=8_760, description="maximum time from the bridge's payment to the exchange's receipt"
    )
    least_share: float = Field(
        0.8, gt=0, le=1, description="each transfer carries at least this share of the one before"
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A path's span back."""
    return Past(span=microseconds(parameters.span_hours * 3_600))


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Paths of the definition."""
    limit, span = common.max_findings, microseconds(parameters.span_hours * 3_600)
    return hits_of_walks(
        graph,
        paths_between(
            graph,
            BRIDGE,
            EXCHANGE,
            span,
            parameters.least_share,
            2,
            parameters.max_middles + 1,
            limit,
            SEARCH_ROOM * limit,
        ),
    )


def advance(parameters: Parameters, common: TypologySettings) -> OfRoutes:
    """By the transfers that lead up to a receipt of an exchange."""
    step = Step(microseconds(parameters.span_hours * 3_600), parameters.least_share, np.inf)
    return OfRoutes(BRIDGE, EXCHANGE, step, parameters.max_middles + 1)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """What arrived."""
    return np.asarray(graph.amount[hits.edges[hits.start[1:] - 1]])


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} came out of a bridge and reached an exchange over {hops} transfers within "
        f"{lasting(seconds)}."
        for moved, symbol, hops, seconds in zip(
            measured.moved_amount, measured.token_symbol, measured.hop_count, measured.duration_seconds, strict=True
        )
    ]
