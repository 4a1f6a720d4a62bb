"""Layered paths: nearly the same sum handed on six times or more."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.advance import OfPaths
from flow_pipeline.detectors.typology import (
    SEARCH_ROOM,
    Card,
    Closure,
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

NAME, VERSION, COMPONENT = "layered", "2", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "least", "gross_amount", "all"
IS_PATH, IS_PROOF = True, False
CARD = Card(
    definition="A maximal path of at least 6 transfers over distinct addresses. Each gap is at most 7 days. Each hop "
    "carries 80 % to 100.5 % of the hop before. Paths of one day that share a transfer are one finding: the strongest "
    "is shown, the others are counted.",
    strength="the smallest hop times the number of hops",
    example="Six hops of 10, 9.9, 9.8, 9.7, 9.6 and 9.5 ETH a day apart: gross 58.5, moved 9.5, strength 57. Five "
    "hops: nothing.",
    blind_to="an amount that is split or merged on its way; a pause of more than a week; a path through an exchange "
    "or a hub",
)


class Parameters(WithLimit):
    """Parameters of layered paths."""

    min_hops: int = Field(6, ge=2, description="minimum transfers of a path: no ordinary payment needs six")
    gap_days: float = Field(7.0, gt=0, le=3_650, description="longest pause between two hops")
    least_share: float = Field(
        0.8,
        gt=0,
        le=1,
        description="each hop carries at least this share of the hop before: this allows for fees and small cuts",
    )
    largest_share: float = Field(
        1.005, ge=1, description="each hop carries at most this share of the hop before: the same coins, not more"
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """From the day's transfers back, hop by hop; a path of before may go on."""
    return Past(
        merges=microseconds(parameters.gap_days * 86_400),
        closure=Closure(
            None,
            common.max_hops,
            microseconds(parameters.gap_days * 86_400),
            parameters.least_share,
            parameters.largest_share,
        ),
    )


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Maximal paths of the definition."""
    limit = common.max_findings
    gap = microseconds(parameters.gap_days * 86_400)
    walks = maximal_paths(
        graph,
        gap,
        parameters.least_share,
        parameters.largest_share,
        parameters.min_hops,
        common.max_hops,
        limit,
        SEARCH_ROOM * limit,
    )
    return hits_of_walks(graph, walks)


def advance(parameters: Parameters, common: TypologySettings) -> OfPaths:
    """By the transfers that lead up to one and that follow it."""
    gap = microseconds(parameters.gap_days * 86_400)
    return OfPaths(Step(gap, parameters.least_share, parameters.largest_share), parameters.min_hops, common.max_hops)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """The smallest hop times the hops."""
    return np.asarray(least_hop(graph, hits) * hits.hop_count)


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} were handed on {hops} times through {addresses} addresses within {lasting(seconds)}, "
        "nearly whole at every hop."
        for moved, symbol, hops, addresses, seconds in zip(
            measured.moved_amount,
            measured.token_symbol,
            measured.hop_count,
            measured.address_count,
            measured.duration_seconds,
            strict=True,
        )
    ]
