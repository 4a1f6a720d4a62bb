"""Scatter-gather: one source, several hands, one target."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.typology import (
    Card,
    Hits,
    Measured,
    Past,
    WithLimit,
    hits_of_groups,
    lasting,
    many_at_least,
    microseconds,
    sums_by,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import IN, OUT, scatter_gather
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "scatter_gather", "2", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "per_middle", "moved_amount", "all"
IS_PATH, IS_PROOF = False, False
CARD = Card(
    definition="One source pays at least 3 middle addresses. Each of them, after it is paid, pays the same target, "
    "all within 72 h. Source, middle addresses and target are neither services nor hubs. Overlapping windows of the "
    "same source and target are one finding. Moved amount: per middle address the smaller of what came in and what "
    "went on.",
    strength="the most that so many middle addresses passed on each: the largest product of a number of middle "
    "addresses, at least 3, and the smaller of what came in and what went on of the last of them",
    example="S pays A, B and C 4 ETH each; each pays T 3.9 within a day: moved 11.7, strength 11.7.",
    blind_to="routes with more than one middle address in a row; a target behind an exchange's shared wallet",
)


class Parameters(WithLimit):
    """Parameters of scatter-gather."""

    min_middles: int = Field(3, ge=2, description="minimum distinct middle addresses")
    window_hours: float = Field(
        72.0,
        gt=0,
        le=8_760,
        description="maximum time from the first payment of the source to the last receipt of the target",
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A window back; windows that overlap are one finding."""
    return Past(
        span=microseconds(parameters.window_hours * 3_600),
        merges=microseconds(parameters.window_hours * 3_600),
        history=("focus", "target"),
    )


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Merged windows of the definition; the focus is the source."""
    groups = scatter_gather(graph, microseconds(parameters.window_hours * 3_600), parameters.min_middles)
    of = np.repeat(np.arange(len(groups)), np.diff(groups.start))
    is_in = groups.part == IN
    pairs = np.unique(of[is_in].astype(np.int64) * graph.vertex_count + graph.receiver[groups.edges[is_in]])
    return hits_of_groups(
        groups, 2, {"middles": np.bincount(pairs // max(graph.vertex_count, 1), minlength=len(groups))}
    )


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """So many middle addresses times what each of them passed on at least."""
    came, went = (
        sums_by(graph, hits, end, hits.part == part) for end, part in ((graph.receiver, IN), (graph.sender, OUT))
    )
    return many_at_least(came.of, np.minimum(came.amount, went.amount), len(hits), parameters.min_middles)


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} went from {focus} through {middles} middle addresses to one target within "
        f"{lasting(seconds)}."
        for moved, symbol, focus, middles, seconds in zip(
            measured.moved_amount,
            measured.token_symbol,
            measured.focus,
            hits.facts["middles"],
            measured.duration_seconds,
            strict=True,
        )
    ]
