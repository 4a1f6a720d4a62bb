"""Rapid chains: money that runs through fresh hands within minutes."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.typology import (
    SEARCH_ROOM,
    Amounts,
    Card,
    Hits,
    Measured,
    Past,
    WithAmount,
    hits_of_walks,
    lasting,
    microseconds,
    sentences,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.paths import maximal_paths
from flow_pipeline.settings import TypologySettings

NAME, VERSION, SCORE, COMPONENT = "rapid_chain", "1", 0.8, "network_flow"
MOVED, JUDGED_BY, IDENTITY = "least", "gross_amount", "all"
CARD = Card(
    definition="A maximal path of at least 3 transfers over distinct addresses. Each gap is under 3,600 s. Each hop "
    "carries at least 50 % of the hop before.",
    suspicious="the sum of the hops exceeds 10 ETH and the path takes less than 1,800 s",
    example="A→B→C→D, 4 ETH each at 0, 600 and 1,200 s: 3 hops, gross 12, moved 4, suspicious. With the last hop at "
    "1,800 s: found, not suspicious. With gaps of 3,600 and 3,400 s: no path of 3.",
    blind_to="money that waits an hour between hops; a hop that is split below half; a path through an exchange or a "
    "hub",
)


class Parameters(WithAmount):
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
    duration_seconds: int = Field(
        1_800, ge=1, le=31_536_000, description="suspicious when the whole path takes less than this"
    )
    amount_by_token: Amounts = Field(
        {"ETH": 10.0}, description="suspicious when the sum of the hops exceeds this many token units"
    )
    amount_usd: float = Field(
        25_000.0, ge=0, description="the same in US dollars for other tokens with a price: 10 ETH at 2,500 USD"
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
            graph, gap, parameters.least_share, np.inf, parameters.min_hops, common.max_hops, limit, SEARCH_ROOM * limit
        ),
    )


def judge(measured: Measured, hits: Hits, parameters: Parameters) -> tuple[np.ndarray, list[str]]:
    """Large and fast."""
    is_suspicious = measured.is_large & (measured.duration_seconds < parameters.duration_seconds)
    words = [
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
    return is_suspicious, sentences(
        words, is_suspicious, f"too small, or not under {lasting(parameters.duration_seconds)}"
    )
