"""Peeling chains: a large sum handed on, a slice cut off at every hand."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.typology import (
    Card,
    Closure,
    Hits,
    Measured,
    Past,
    WithLimit,
    hits_of_groups,
    lasting,
    least_hop,
    microseconds,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.funnels import HOP, peeling_chains
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "peeling_chain", "2", "peeling_chain"
MOVED, LIMITED_BY, IDENTITY = "least", "gross_amount", "all"
IS_PATH, IS_PROOF = True, False
CARD = Card(
    definition="A maximal path of at least 4 hops over distinct addresses. Within 48 h of being paid, each middle "
    "address sends a small part aside (at most 20 % of what it received, in one or more payments) and passes the "
    "large rest on (at least 80 %). It pays no more than it received. "
    "Chains of one day that share a transfer are one finding: the strongest is shown, the others are counted.",
    strength="the smallest hop times the number of hops",
    example="A→B 100, B→x 5, B→C 95, C→y 5, C→D 90, D→z 5, D→E 85 within a day: 4 hops, moved 85, strength 340.",
    blind_to="addresses that mix the sum with other money, so that they pay more than they received",
)


class Parameters(WithLimit):
    """Parameters of peeling chains."""

    min_hops: int = Field(4, ge=2, description="minimum hops of the rest; a shorter chain is a payment with change")
    within_hours: float = Field(48.0, gt=0, le=8_760, description="maximum time until an address passes the rest on")
    peel_share: float = Field(
        0.2,
        gt=0,
        lt=0.5,
        description="largest part sent aside, as a share of the receipt; one half is not a small part",
    )
    tolerance: float = Field(
        0.005, ge=0, description="rest and peel may exceed the receipt by this share, for rounding and dust"
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """From the day's transfers back, hop by hop; what a middle address still pays can undo a chain."""
    return Past(
        open=microseconds(parameters.within_hours * 3_600),
        closure=Closure(
            None,
            common.max_hops,
            microseconds(parameters.within_hours * 3_600),
            1 - parameters.peel_share,
            1 + parameters.tolerance,
            True,
        ),
    )


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Chains of the definition."""
    within = microseconds(parameters.within_hours * 3_600)
    groups, is_cut = peeling_chains(
        graph, within, parameters.peel_share, parameters.tolerance, parameters.min_hops, common.max_hops
    )
    of = np.repeat(np.arange(len(groups)), np.diff(groups.start))
    hops = np.bincount(of[groups.part == HOP], minlength=len(groups))
    return hits_of_groups(groups, hops, {"truncated": is_cut})


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """The smallest hop times the hops."""
    return np.asarray(least_hop(graph, hits) * hits.hop_count)


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} were left after {hops} hops from {focus} within {lasting(seconds)}, with a slice of "
        f"at most {parameters.peel_share:.0%} cut off at every middle address."
        for moved, symbol, hops, focus, seconds in zip(
            measured.moved_amount,
            measured.token_symbol,
            measured.hop_count,
            measured.focus,
            measured.duration_seconds,
            strict=True,
        )
    ]
