"""Gather-scatter: several sources, one pair of hands, several targets."""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator

from flow_pipeline.detectors.typology import (
    Amounts,
    Card,
    Hits,
    Measured,
    Past,
    WithAmount,
    hits_of_groups,
    lasting,
    microseconds,
    sentences,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import IN, gather_scatter
from flow_pipeline.settings import TypologySettings

NAME, VERSION, SCORE, COMPONENT = "gather_scatter", "1", 0.8, "network_flow"
MOVED, JUDGED_BY, IDENTITY = "lesser_side", "moved_amount", "all"
CARD = Card(
    definition="At least 3 sources pay one middle address that is neither a service nor a hub. After the last receipt "
    "it pays at least 3 targets. From the first receipt to the last payment at most 72 h pass. The payments are 80 % "
    "to 100 % of the receipts.",
    suspicious="the payments exceed 10 ETH",
    example="A, B and C pay M 5 ETH each; M pays D, E and F 4.8 each within a day: moved 14.4, suspicious.",
    blind_to="an address that gathers and scatters at the same time; one that keeps or adds more than a fifth",
)


class Parameters(WithAmount):
    """Parameters of gather-scatter."""

    min_counterparties: int = Field(3, ge=2, description="minimum distinct sources, and minimum distinct targets")
    window_hours: float = Field(
        72.0, gt=0, le=8_760, description="maximum time from the first receipt to the last payment"
    )
    least_share: float = Field(0.8, gt=0, le=1, description="the payments are at least this share of the receipts")
    largest_share: float = Field(
        1.0,
        ge=0.8,
        description="the payments are at most this share of the receipts: money that the address adds is another "
        "payment",
    )
    amount_by_token: Amounts = Field({"ETH": 10.0}, description="suspicious when more token units than this moved")
    amount_usd: float = Field(
        25_000.0, ge=0, description="the same in US dollars for other tokens with a price: 10 ETH at 2,500 USD"
    )

    @model_validator(mode="after")
    def _can_fire(self) -> Parameters:
        if self.least_share > self.largest_share:
            raise ValueError(
                f"least_share {self.least_share} lies above largest_share {self.largest_share}, so nothing can ever "
                "fit; lower it"
            )
        return self


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A window back; more payments of one run are a longer finding."""
    return Past(
        span=microseconds(parameters.window_hours * 3_600),
        merges=microseconds(parameters.window_hours * 3_600),
        replaces="shared",
    )


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Runs of receipts and payments of the definition; the focus is the middle address."""
    window = microseconds(parameters.window_hours * 3_600)
    groups = gather_scatter(
        graph, window, parameters.min_counterparties, parameters.least_share, parameters.largest_share
    )
    of = np.repeat(np.arange(len(groups)), np.diff(groups.start))
    return hits_of_groups(groups, 2, {"receipts": np.bincount(of[groups.part == IN], minlength=len(groups))})


def judge(measured: Measured, hits: Hits, parameters: Parameters) -> tuple[np.ndarray, list[str]]:
    """Large."""
    words = [
        f"{focus} gathered {receipts} receipts and scattered {units(moved, symbol)} of them in {count - receipts} "
        f"payments within {lasting(seconds)}."
        for focus, receipts, moved, symbol, count, seconds in zip(
            measured.focus,
            hits.facts["receipts"],
            measured.moved_amount,
            measured.token_symbol,
            measured.transfer_count,
            measured.duration_seconds,
            strict=True,
        )
    ]
    return measured.is_large, sentences(words, measured.is_large, "what moved stays within the token's amount")
