"""What fan-ins and fan-outs share: many counterparties within a trailing window, judged by total and evenness."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.typology import (
    Amounts,
    Hits,
    Measured,
    Past,
    WithAmount,
    counterparty_sums,
    hits_of_groups,
    lasting,
    microseconds,
    sentences,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import IN, trailing_windows
from flow_pipeline.settings import TypologySettings


class Parameters(WithAmount):
    """Parameters of fans."""

    min_counterparties: int = Field(5, ge=2, description="minimum distinct counterparties within the window")
    window_hours: float = Field(24.0, gt=0, le=8_760, description="length of the trailing window")
    consistency: float = Field(
        0.8,
        ge=0,
        lt=1,
        description="suspicious above this: machines pay equal sums, people do not; 1 can never be exceeded",
    )
    amount_by_token: Amounts = Field({"ETH": 50.0}, description="suspicious above this total in token units")
    amount_usd: float = Field(
        125_000.0, ge=0, description="the same in US dollars for other tokens with a price: 50 ETH at 2,500 USD"
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A window back; windows that overlap are one finding."""
    return Past(
        span=microseconds(parameters.window_hours * 3_600), merges=microseconds(parameters.window_hours * 3_600)
    )


def find_fans(graph: TransferGraph, parameters: Parameters, side: int) -> Hits:
    """Merged trailing windows of one side, IN or OUT, with at least so many distinct counterparties."""
    window = microseconds(parameters.window_hours * 3_600)
    groups = trailing_windows(graph, side, window, parameters.min_counterparties, True, np.ones(graph.edge_count, bool))
    counterparties, consistency = counterparty_sums(graph, groups, graph.sender if side == IN else graph.receiver)
    return hits_of_groups(groups, 1, {"counterparties": counterparties, "consistency": consistency})


def judge_fans(measured: Measured, hits: Hits, parameters: Parameters, said: str) -> tuple[np.ndarray, list[str]]:
    """Large and even; `said` words address, total and number of counterparties."""
    is_suspicious = measured.is_large & (hits.facts["consistency"] > parameters.consistency)
    words = [
        said.format(focus=focus, total=units(gross, symbol), count=count)
        + f" within {lasting(seconds)}; the sums are even to {consistency:.2f}."
        for focus, gross, symbol, count, seconds, consistency in zip(
            measured.focus,
            measured.gross_amount,
            measured.token_symbol,
            hits.facts["counterparties"],
            measured.duration_seconds,
            hits.facts["consistency"],
            strict=True,
        )
    ]
    return is_suspicious, sentences(
        words, is_suspicious, f"the total is too small, or the sums are not even beyond {parameters.consistency:g}"
    )
