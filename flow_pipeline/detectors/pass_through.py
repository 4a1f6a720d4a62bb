"""Pass-through addresses: what comes in is gone within the hour, again and again."""

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
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import IN, pass_through
from flow_pipeline.graph.nearby import Step, passing
from flow_pipeline.graph.tip import Taken, Window
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "pass_through", "2", "network_flow"
MOVED, LIMITED_BY, IDENTITY = "lesser_side", "moved_amount", "first"
IS_PATH, IS_PROOF = False, False
CARD = Card(
    definition="An address that is neither a service nor a hub, with at least 3 passes within 30 days. A pass is a "
    "receipt after which, at some moment within 1 h and before the next receipt, 95 % to 100.5 % of it has left, so "
    "that the balance is near zero again. Passes whose payments all go to one labelled exchange do not count, because "
    "the exchange's deposit addresses do the same. Overlapping windows are one finding.",
    strength="the largest product of a number of passes, at least 3, and the receipt of the last of them",
    example="X→P 5, P→Y 5 within minutes, three times in a week: one finding about P with 6 transfers, moved 15, "
    "strength 15.",
    blind_to="addresses that collect several receipts first; dust that keeps the balance above zero",
)


class Parameters(WithLimit):
    """Parameters of pass-through."""

    within_seconds: int = Field(3_600, ge=1, le=31_536_000, description="maximum time until the receipt is paid out")
    least_share: float = Field(
        0.95,
        gt=0,
        le=1,
        description="minimum share of the receipt that is paid out, so that the balance is near zero again",
    )
    largest_share: float = Field(
        1.005, ge=1, description="maximum share of the receipt that is paid out: payments of other money are not a pass"
    )
    min_passes: int = Field(3, ge=1, description="minimum passes within the window: a single pass is ordinary")
    window_days: float = Field(
        30.0, gt=0, le=3_650, description="length of the trailing window; it also bounds how far back a daily run reads"
    )

    @model_validator(mode="after")
    def _can_fire(self) -> Parameters:
        if self.window_days * 86_400 < self.within_seconds:
            raise ValueError(
                f"a pass of {self.within_seconds} s does not fit into window_days {self.window_days}; raise it"
            )
        if self.least_share > self.largest_share:
            raise ValueError(
                f"least_share {self.least_share} lies above largest_share {self.largest_share}, so nothing can ever "
                "fit; lower it"
            )
        return self


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A pass back, and the address's own history where it has a new one."""
    return Past(
        span=microseconds(parameters.within_seconds),
        merges=microseconds(parameters.window_days * 86_400),
        alone=parameters.model_copy(update={"min_passes": 1}),
    )


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Merged windows of passes; the focus is the address."""
    groups = pass_through(
        graph,
        microseconds(parameters.within_seconds),
        parameters.least_share,
        parameters.largest_share,
        parameters.min_passes,
        microseconds(parameters.window_days * 86_400),
    )
    of = np.repeat(np.arange(len(groups)), np.diff(groups.start))
    return hits_of_groups(groups, 2, {"receipts": np.bincount(of[groups.part == IN], minlength=len(groups))})


def advance(parameters: Parameters, common: TypologySettings) -> OfAddresses:
    """A payment that completes a pass may."""
    step = Step(microseconds(parameters.within_seconds), parameters.least_share, parameters.largest_share)

    def look(held: Window, came: Taken) -> np.ndarray:
        return passing(held, came, step, parameters.min_passes)

    return OfAddresses(look)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """So many passes times what each of them received at least."""
    is_in = hits.part == IN
    of = np.repeat(np.arange(len(hits)), np.diff(hits.start))[is_in]
    # receipts of one rank are one pass
    key = of * (graph.rank[-1] + np.int64(1) if graph.edge_count else 1) + graph.rank[hits.edges[is_in]]
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    received = np.bincount(number, graph.amount[hits.edges[is_in]], len(first))
    return many_at_least(of[first], received, len(hits), parameters.min_passes)


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} passed through {focus} in {receipts} receipts, each gone within "
        f"{lasting(parameters.within_seconds)}."
        for moved, symbol, focus, receipts in zip(
            measured.moved_amount, measured.token_symbol, measured.focus, hits.facts["receipts"], strict=True
        )
    ]
