"""What fan-ins and fan-outs share: many counterparties within a trailing window, so many of at least that size."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.advance import OfAddresses
from flow_pipeline.detectors.typology import (
    Hits,
    Measured,
    Past,
    WithLimit,
    consistency,
    hits_of_groups,
    lasting,
    many_at_least,
    microseconds,
    sums_by,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import IN, trailing_windows
from flow_pipeline.graph.nearby import met_lately
from flow_pipeline.graph.tip import Taken, Window
from flow_pipeline.settings import TypologySettings


class Parameters(WithLimit):
    """Parameters of fans."""

    min_counterparties: int = Field(5, ge=2, description="minimum distinct counterparties within the window")
    window_hours: float = Field(24.0, gt=0, le=8_760, description="length of the trailing window")


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A window back; windows that overlap are one finding."""
    return Past(
        span=microseconds(parameters.window_hours * 3_600), merges=microseconds(parameters.window_hours * 3_600)
    )


def find_fans(graph: TransferGraph, parameters: Parameters, side: int) -> Hits:
    """Merged trailing windows of one side, IN or OUT, with at least so many distinct counterparties."""
    window = microseconds(parameters.window_hours * 3_600)
    groups = trailing_windows(graph, side, window, parameters.min_counterparties, True, np.ones(graph.edge_count, bool))
    sums = sums_by(graph, groups, graph.sender if side == IN else graph.receiver)
    counterparties = np.bincount(sums.of, minlength=len(groups))
    return hits_of_groups(groups, 1, {"counterparties": counterparties, "consistency": consistency(sums, len(groups))})


def advance_fans(parameters: Parameters, side: int) -> OfAddresses:
    """How fans of one side come: a transfer may make one when its window holds enough counterparties."""
    window = microseconds(parameters.window_hours * 3_600)

    def look(held: Window, came: Taken) -> np.ndarray:
        return met_lately(held, came, window, parameters.min_counterparties, side == IN)

    return OfAddresses(look, is_out=side != IN, is_in=side == IN)


def strength_of_fans(graph: TransferGraph, hits: Hits, parameters: Parameters, side: int) -> np.ndarray:
    """So many counterparties times what each of them paid or got at least."""
    sums = sums_by(graph, hits, graph.sender if side == IN else graph.receiver)
    return many_at_least(sums.of, sums.amount, len(hits), parameters.min_counterparties)


def describe_fans(measured: Measured, hits: Hits, said: str) -> list[str]:
    """What happened; `said` words address, total and number of counterparties."""
    return [
        said.format(focus=focus, total=units(gross, symbol), count=count)
        + f" within {lasting(seconds)}; the sums are even to {even:.2f}."
        for focus, gross, symbol, count, seconds, even in zip(
            measured.focus,
            measured.gross_amount,
            measured.token_symbol,
            hits.facts["counterparties"],
            measured.duration_seconds,
            hits.facts["consistency"],
            strict=True,
        )
    ]
