"""Circular flows: money that comes back to where it started."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.typology import (
    HOP,
    SEARCH_ROOM,
    Amounts,
    Card,
    Hits,
    Measured,
    Past,
    WithAmount,
    lasting,
    microseconds,
    sentences,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.paths import DAY, Walks, cycles
from flow_pipeline.settings import TypologySettings

NAME, VERSION, SCORE, COMPONENT = "circular", "2", 0.9, "network_flow"
MOVED, JUDGED_BY, IDENTITY = "least", "gross_amount", "all"
CARD = Card(
    definition="A simple temporal cycle of 2 to 6 transfers within 72 h, each later than the one before. The "
    "addresses are distinct, and none is a service or a hub. Cycles that end on the same day and run through the same "
    "addresses in the same order are one finding. It shows the largest cycle, or the earliest of equally large ones, "
    "and counts the others.",
    suspicious="the sum of the hops exceeds 5 ETH",
    example="A→B→C→A, 3 ETH each: gross 9, moved 3, three addresses, suspicious. A→B at 30 s, B→C at 20 s and C→A at "
    "10 s: no cycle from any starting address.",
    blind_to="cycles of more than six transfers, slower than 72 h, or closed through an exchange",
)


class Parameters(WithAmount):
    """Parameters of circular flows."""

    max_cycle_hops: int = Field(
        6, ge=2, le=6, description="maximum transfers of a cycle; longer ones occur by chance in any busy token"
    )
    span_hours: float = Field(72.0, gt=0, le=8_760, description="maximum time from the first to the last transfer")
    amount_by_token: Amounts = Field(
        {"ETH": 5.0}, description="suspicious when the sum of the hops exceeds this many token units"
    )
    amount_usd: float = Field(
        12_500.0, ge=0, description="the same in US dollars for other tokens with a price: 5 ETH at 2,500 USD"
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A circle's span back."""
    return Past(span=microseconds(parameters.span_hours * 3_600))


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Temporal cycles, one per circle and day."""
    limit = common.max_findings
    walks = cycles(
        graph, microseconds(parameters.span_hours * 3_600), parameters.max_cycle_hops, limit, SEARCH_ROOM * limit
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
    """The largest instance of each circle and day (the earliest of equal ones) by number, and how many there are."""
    chosen, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    lengths = np.diff(walks.start)
    for length in np.unique(lengths):
        numbers = np.flatnonzero(lengths == length)
        edges = walks.edges[walks.start[numbers][:, None] + np.arange(length)]
        ring = graph.sender[edges]
        turn = (np.argmin(ring, axis=1)[:, None] + np.arange(length)) % length
        key = np.column_stack([graph.time[edges[:, -1]] // DAY, np.take_along_axis(ring, turn, axis=1)])
        gross = np.sort(graph.amount[edges], axis=1).sum(axis=1)
        order = np.lexsort((*graph.rank[edges].T[::-1], -gross, *key.T[::-1]))
        is_first = np.ones(len(order), bool)
        is_first[1:] = (key[order][1:] != key[order][:-1]).any(axis=1)
        chosen.append(numbers[order[is_first]])
        counts.append(np.diff(np.append(np.flatnonzero(is_first), len(order))))
    return np.concatenate(chosen), np.concatenate(counts)


def judge(measured: Measured, hits: Hits, parameters: Parameters) -> tuple[np.ndarray, list[str]]:
    """Large."""
    words = [
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
    return measured.is_large, sentences(words, measured.is_large, "the hops together stay within the token's amount")
