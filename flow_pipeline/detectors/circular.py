"""Circular flows: money that comes back to where it started."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.advance import OfCircles
from flow_pipeline.detectors.typology import (
    SEARCH_ROOM,
    Card,
    Hits,
    Measured,
    Past,
    WithLimit,
    lasting,
    least_hop,
    microseconds,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.funnels import HOP
from flow_pipeline.graph.nearby import Step
from flow_pipeline.graph.paths import DAY, Walks, cycles
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "circular", "3", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "least", "gross_amount", "all"
IS_PATH, IS_PROOF = True, False
CARD = Card(
    definition="A simple temporal cycle of 2 to 6 transfers within 72 h, each later than the one before. The "
    "addresses are distinct, and none is a service or a hub. Each hop carries 50 % to 105 % of the hop before. Cycles "
    "that end on the same day and run through the same addresses in the same order are one finding: it shows the "
    "strongest cycle, or the earliest of equally strong ones, and counts the others. So are cycles of one day that "
    "share a transfer.",
    strength="the smallest hop",
    example="A→B→C→A, 3 ETH each: gross 9, moved 3, strength 3, three addresses. A→B at 30 s, B→C at 20 s and C→A at "
    "10 s: no cycle from any starting address.",
    blind_to="cycles of more than six transfers, slower than 72 h, or closed through an exchange",
)


class Parameters(WithLimit):
    """Parameters of circular flows."""

    max_cycle_hops: int = Field(
        6, ge=2, le=6, description="maximum transfers of a cycle; longer ones occur by chance in any busy token"
    )
    span_hours: float = Field(72.0, gt=0, le=8_760, description="maximum time from the first to the last transfer")
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
    """A circle's span back."""
    return Past(span=microseconds(parameters.span_hours * 3_600))


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Temporal cycles, one per circle and day."""
    limit = common.max_findings
    walks = cycles(
        graph,
        microseconds(parameters.span_hours * 3_600),
        parameters.least_share,
        parameters.largest_share,
        parameters.max_cycle_hops,
        limit,
        SEARCH_ROOM * limit,
    )
    chosen, instances = _one_per_circle(graph, walks)
    lengths = np.diff(walks.start)
    start = np.concatenate(([0], np.cumsum(lengths[chosen])))
    edges = np.concatenate([np.empty(0, np.int32), *(walks.edges[walks.start[i] : walks.start[i + 1]] for i in chosen)])
    found = len(chosen) + (walks.found - len(walks))
    focus = np.full(len(chosen), -1, np.int32)
    return Hits(
        start,
        edges,
        np.full(len(edges), HOP, np.int8),
        focus,
        lengths[chosen],
        {"instances": instances},
        found,
        walks.is_capped,
    )


def _one_per_circle(graph: TransferGraph, walks: Walks) -> tuple[np.ndarray, np.ndarray]:
    """The strongest instance of each circle and day (the earliest of equal ones) by number, and how many there are."""
    chosen, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    lengths = np.diff(walks.start)
    for length in np.unique(lengths):
        numbers = np.flatnonzero(lengths == length)
        edges = walks.edges[walks.start[numbers][:, None] + np.arange(length)]
        ring = graph.sender[edges]
        turn = (np.argmin(ring, axis=1)[:, None] + np.arange(length)) % length
        key = np.column_stack([graph.time[edges[:, -1]] // DAY, np.take_along_axis(ring, turn, axis=1)])
        least = graph.amount[edges].min(axis=1)
        order = np.lexsort((*graph.rank[edges].T[::-1], -least, *key.T[::-1]))
        is_first = np.ones(len(order), bool)
        is_first[1:] = (key[order][1:] != key[order][:-1]).any(axis=1)
        chosen.append(numbers[order[is_first]])
        counts.append(np.diff(np.append(np.flatnonzero(is_first), len(order))))
    return np.concatenate(chosen), np.concatenate(counts)


def advance(parameters: Parameters, common: TypologySettings) -> OfCircles:
    """By the transfers among those who may lie on a circle that one closes."""
    span = microseconds(parameters.span_hours * 3_600)
    return OfCircles(Step(span, parameters.least_share, parameters.largest_share), parameters.max_cycle_hops)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """The smallest hop."""
    return least_hop(graph, hits)


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} came back to their first sender over {hops} transfers within {lasting(seconds)}"
        + (
            f", and {count - 1} more {'time' if count == 2 else 'times'} that day in the same circle."
            if count > 1
            else "."
        )
        for moved, symbol, hops, seconds, count in zip(
            measured.moved_amount,
            measured.token_symbol,
            measured.hop_count,
            measured.duration_seconds,
            hits.facts["instances"],
            strict=True,
        )
    ]
