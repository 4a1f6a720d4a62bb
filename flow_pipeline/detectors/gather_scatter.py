"""Gather-scatter: several sources, one pair of hands, several targets."""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator

from flow_pipeline.detectors.advance import OfAddresses
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
from flow_pipeline.graph.address_windows import IN, OUT, gather_scatter
from flow_pipeline.graph.nearby import scattering
from flow_pipeline.graph.tip import Taken, Window
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "gather_scatter", "2", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "lesser_side", "moved_amount", "all"
IS_PATH, IS_PROOF = False, False
CARD = Card(
    definition="At least 3 sources pay one middle address that is neither a service nor a hub. After the last receipt "
    "it pays at least 3 targets. The receipts are all those of the gathering within 72 h before the last payment. The "
    "payments are 80 % to 100 % of them.",
    strength="the lesser of both sides, each of them the largest product of a number of counterparties, at least 3, "
    "and the sum of the last of them",
    example="A, B and C pay M 5 ETH each; M pays D, E and F 4.8 each within a day: moved 14.4, strength 14.4.",
    blind_to="an address that gathers and scatters at the same time; one that keeps or adds more than a fifth",
)


class Parameters(WithLimit):
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


def advance(parameters: Parameters, common: TypologySettings) -> OfAddresses:
    """A payment may, when there are enough since the last receipt."""

    def look(held: Window, came: Taken) -> np.ndarray:
        return scattering(held, came, parameters.min_counterparties)

    return OfAddresses(look)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """The lesser of both sides' so many counterparties times what each of them paid or got at least."""
    sides = (
        sums_by(graph, hits, graph.sender, hits.part == IN),
        sums_by(graph, hits, graph.receiver, hits.part == OUT),
    )
    gathered, scattered = (
        many_at_least(sums.of, sums.amount, len(hits), parameters.min_counterparties) for sums in sides
    )
    return np.asarray(np.minimum(gathered, scattered))


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
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
