"""Fan-outs: one address pays many within a day."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.typology import (
    Amounts,
    Card,
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
from flow_pipeline.graph.windows import OUT, trailing_windows
from flow_pipeline.settings import TypologySettings

NAME, VERSION, SCORE, COMPONENT = "fan_out", "1", 0.7, "network_flow"
MOVED, JUDGED_BY, IDENTITY = "sum", "gross_amount", "first"
CARD = Card(
    definition="One source that is neither a service nor a hub pays at least 5 distinct addresses within a trailing 24 h window; overlapping windows are one finding.",
    suspicious="the total exceeds 50 ETH and the value consistency 1 - std/mean of the sums per counterparty exceeds 0.8",
    example="S pays 5 addresses 11 ETH each within a day: total 55, consistency 1.0, suspicious. 5 × 10: found, not suspicious. 8, 9, 10, 11 and 13: consistency 0.831327, suspicious. 4 × 20: nothing.",
    blind_to="payments of differing size, spread over days, or of an address with a thousand counterparties",
)


class Parameters(WithAmount):
    """Parameters of fan-outs."""

    min_counterparties: int = Field(5, ge=2, description="distinct counterparties within the window")
    window_hours: float = Field(24.0, gt=0, le=8_760, description="length of the trailing window")
    consistency: float = Field(0.8, ge=0, lt=1, description="suspicious above this: machines pay even sums, people do not; 1 can never be exceeded")
    amount_by_token: Amounts = Field({"ETH": 50.0}, description="suspicious above this total in token units")
    amount_usd: float = Field(125_000.0, ge=0, description="the same in US dollars for other tokens with a price: 50 ETH at 2,500 USD")


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A window back; windows that overlap are one finding."""
    return Past(span=microseconds(parameters.window_hours * 3_600), merges=microseconds(parameters.window_hours * 3_600))


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Merged trailing windows of the definition."""
    window = microseconds(parameters.window_hours * 3_600)
    groups = trailing_windows(graph, OUT, window, parameters.min_counterparties, True, np.ones(graph.edge_count, bool))
    counterparties, consistency = counterparty_sums(graph, groups, graph.receiver)
    return hits_of_groups(groups, 1, {"counterparties": counterparties, "consistency": consistency})


def judge(measured: Measured, hits: Hits, parameters: Parameters) -> tuple[np.ndarray, list[str]]:
    """Large and even."""
    is_suspicious = measured.is_large & (hits.facts["consistency"] > parameters.consistency)
    words = [
        f"{focus} paid {units(gross, symbol)} to {count} receivers within {lasting(seconds)}; the sums are even to {consistency:.2f}."
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
    return is_suspicious, sentences(words, is_suspicious, f"the total is too small, or the sums are not even beyond {parameters.consistency:g}")
