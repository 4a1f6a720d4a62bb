"""Mixer funnels: money brought to a mixer by several hands, or nearly all of somebody's money."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.advance import OfTargets
from flow_pipeline.detectors.typology import (
    Card,
    Closure,
    Hits,
    Measured,
    Past,
    hits_of_groups,
    lasting,
    microseconds,
    units,
)
from flow_pipeline.detectors.typology import Parameters as Base
from flow_pipeline.graph import MIXER, TransferGraph
from flow_pipeline.graph.address_windows import OUT
from flow_pipeline.graph.funnels import funnels
from flow_pipeline.graph.nearby import Step
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "mixer_funnel", "3", "mixer_interaction"
MOVED, LIMITED_BY, IDENTITY = "arrived", "moved_amount", "all"
IS_PATH, IS_PROOF = False, True
CARD = Card(
    definition="Routes of at most 3 transfers within 72 h from an origin to a labelled mixer, through addresses that "
    "are neither services nor hubs. Each transfer carries at least half of the one before, so that customers are not "
    "blamed for what a shop does. In a trailing 72 h window over the arrivals, one of two conditions holds. Either at "
    "least 2 addresses other than the origin bring its money to a mixer, or at least 80 % of all that the origin paid "
    "since the first transfer of those routes went to a mixer. That money is the sum of the first transfers of the "
    "routes, or the sum of the arrivals if that is less. A finding contained in another is left out, so that the "
    "origin represents the addresses it used.",
    strength="what arrived at the mixer",
    example="O pays A and B 10 ETH each and both send 9.9 to a mixer within a day: one finding about O, moved 19.8.",
    blind_to="unlabelled mixers; money that waits more than 72 h before it is mixed",
)


class Parameters(Base):
    """Parameters of mixer funnels."""

    max_route_hops: int = Field(
        3,
        ge=1,
        le=3,
        description="maximum transfers of a route to the mixer; beyond three, nearly every address is the origin of "
        "some route",
    )
    least_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="each transfer of a route carries at least this share of the one before; a smaller one is other "
        "money",
    )
    window_hours: float = Field(
        72.0, gt=0, le=8_760, description="maximum duration of a route, and length of the trailing window"
    )
    min_addresses: int = Field(2, ge=2, description="minimum addresses that bring one origin's money to a mixer")
    outflow_share: float = Field(
        0.8,
        gt=0,
        le=1,
        description="alternative to min_addresses: minimum share of all that the origin paid in the window",
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """The routes to a mixer; what an origin paid besides them counts too."""
    return Past(
        merges=microseconds(parameters.window_hours * 3_600),
        closure=Closure(
            MIXER,
            parameters.max_route_hops - 1,
            microseconds(parameters.window_hours * 3_600),
            parameters.least_share,
            np.inf,
            True,
        ),
        replaces="contained_anywhere",
    )


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Merged windows of routes; the focus is the origin."""
    window = microseconds(parameters.window_hours * 3_600)
    groups, addresses, share, hops = funnels(
        graph,
        MIXER,
        window,
        parameters.max_route_hops,
        parameters.least_share,
        parameters.min_addresses,
        parameters.outflow_share,
    )
    return hits_of_groups(groups, hops, {"addresses": addresses, "outflow_share": share})


def advance(parameters: Parameters, common: TypologySettings) -> OfTargets:
    """By the transfers that lead up to mixers, and what their senders paid besides."""
    step = Step(microseconds(parameters.window_hours * 3_600), parameters.least_share, np.inf)
    return OfTargets(MIXER, step, parameters.max_route_hops)


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """What arrived."""
    of = np.repeat(np.arange(len(hits)), np.diff(hits.start))
    return np.bincount(of, np.where(hits.part == OUT, graph.amount[hits.edges], 0.0), len(hits))


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{units(moved, symbol)} that began at {focus} reached a mixer within {lasting(seconds)}"
        + (f" by the hands of {addresses} addresses" if addresses >= parameters.min_addresses else "")
        + (f"; {share:.0%} of all it paid then." if share >= parameters.outflow_share else ".")
        for moved, symbol, focus, seconds, addresses, share in zip(
            measured.moved_amount,
            measured.token_symbol,
            measured.focus,
            measured.duration_seconds,
            hits.facts["addresses"],
            hits.facts["outflow_share"],
            strict=True,
        )
    ]
