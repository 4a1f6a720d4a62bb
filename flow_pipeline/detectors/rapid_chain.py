"""Rapid chains: money that runs through fresh hands within minutes."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.advance import OfPaths
from flow_pipeline.detectors.typology import (
    SEARCH_ROOM,
    Card,
    Hits,
    Measured,
    Past,
    WithLimit,
    hits_of_walks,
    lasting,
    least_hop,
    microseconds,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.nearby import Step
from flow_pipeline.graph.paths import maximal_paths
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "rapid_chain", "2", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "least", "gross_amount", "all"
IS_PATH, IS_PROOF = True, False
CARD = Card(
    definition="A maximal path of at least 3 transfers over distinct addresses. Each gap is under 3,600 s. Each hop "
    "carries 50 % to 105 % of the hop before. Paths of one day that share a transfer are one finding: the strongest is "
    "shown, the others are counted.",
    strength="the smallest hop times the number of hops",
    example="A→B→C→D, 4 ETH each at 0, 600 and 1,200 s: 3 hops, gross 12, moved 4, strength 12. With gaps of 3,600 and "
    "3,400 s: no path of 3. 2, then 4 ETH: no path, because the second hop carries other money.",
    blind_to="money that waits an hour between hops; a hop that is split below half; a path through an exchange or a "
    "hub",
)


class Parameters(WithLimit):
    """Parameters of rapid chains."""

    min_hops: int = Field(
        3, ge=2, description="minimum transfers of a path: two are an ordinary payment that is passed on"
    )
    gap_seconds: int = Field(
        3_600,
        ge=1,
        le=31_536_000,
        description="a gap must stay under this: people who hold money take longer than an hour",
    )
    least_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="each hop carries at least this share of the hop before; a smaller one is another payment",
    )
    largest_share: float = Field(
        1.05, ge=1, description="each hop carries at most this share of the hop before; more is other money as well"
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """The longest chain back; a chain of before may go on."""
    return Past(
        span=common.max_hops * microseconds(parameters.gap_seconds), merges=microseconds(parameters.gap_seconds)
    )


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Maximal paths of the definition."""
    limit = common.max_findings
    gap = microseconds(parameters.gap_seconds) - 1
    return hits_of_walks(
        graph,
        maximal_paths(
            graph,
            gap,
            parameters.least_share,
            parameters.largest_share,
            parameters.min_hops,
            common.max_hops,
            limit,
            SEARCH_ROOM * limit,
        ),
    )


def advance(parameters: Parameters, common: TypologySettings) -> OfPaths:
    """By the transfers that lead up to one and that follow it."""
    gap = microseconds(parameters.gap_seconds) - 1
    return OfPaths(Step(gap, parameters.least_share, parameters.largest_share), parameters.min_hops, common.max_hops)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """The smallest hop times the hops."""
    return np.asarray(least_hop(graph, hits) * hits.hop_count)


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} went through {hops} transfers and {addresses} addresses in {lasting(seconds)} "
        f"({units(gross, symbol)} counted at every hop)."
        for moved, gross, symbol, hops, addresses, seconds in zip(
            measured.moved_amount,
            measured.gross_amount,
            measured.token_symbol,
            measured.hop_count,
            measured.address_count,
            measured.duration_seconds,
            strict=True,
        )
    ]
