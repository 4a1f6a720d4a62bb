"""Structuring: payments kept just under a reporting threshold."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from flow_pipeline.detectors.advance import OfAddresses
from flow_pipeline.detectors.typology import (
    Card,
    Hits,
    Measured,
    Past,
    WithLimit,
    hits_of_groups,
    joined,
    lasting,
    microseconds,
    units,
)
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import IN, OUT, trailing_windows
from flow_pipeline.graph.nearby import met_lately
from flow_pipeline.graph.paths import with_room
from flow_pipeline.graph.tip import Taken, Window
from flow_pipeline.settings import TypologySettings

NAME, VERSION, COMPONENT = "structuring", "2", "structuring"
MOVED, LIMITED_BY, IDENTITY = "sum", "gross_amount", "first"
IS_PATH, IS_PROOF = False, False
CARD = Card(
    definition="At least 5 transfers from one address, or to one address, within 24 h. Each is at least 80 % of a "
    "reporting threshold and below the threshold. Services and hubs are left out. Overlapping windows are one finding.",
    strength="the number of payments times the least amount that counts, so many dollars or tokens",
    example="Five payments of 9,000 to 9,900 USDT from one address within a day: found. A sixth of 10,000 does not "
    "count. Strength 5 × 8,000.",
    blind_to="payments spread over addresses or days; tokens without a threshold and without a price",
)


class Parameters(WithLimit):
    """Parameters of structuring."""

    min_transfers: int = Field(5, ge=2, description="minimum transfers within the window")
    window_hours: float = Field(24.0, gt=0, le=8_760, description="length of the trailing window")
    threshold_usd: float = Field(
        10_000.0, gt=0, description="reporting threshold in US dollars: currency transaction reports, 31 CFR 1010.311"
    )
    threshold_by_token: dict[str, Annotated[float, Field(gt=0, lt=1e18)]] = Field(
        dict.fromkeys(("USDT", "USDC", "DAI", "BUSD", "TUSD", "FDUSD", "USDP"), 10000.0),
        description="the same in token units, for stablecoins pegged to the US dollar; other tokens need a price",
    )
    least_share: float = Field(
        0.8,
        gt=0,
        lt=1,
        description="a transfer counts from this share of the threshold; the threshold itself does not count",
    )


def past(parameters: Parameters, common: TypologySettings) -> Past:
    """A window back; windows that overlap are one finding."""
    return Past(
        span=microseconds(parameters.window_hours * 3_600), merges=microseconds(parameters.window_hours * 3_600)
    )


def find(graph: TransferGraph, parameters: Parameters, common: TypologySettings) -> Hits:
    """Merged trailing windows of transfers just under the threshold."""
    limit = _limits(graph, parameters)[graph.token[graph.sender]] if len(graph.symbols) else np.empty(0)
    is_under = (graph.amount >= with_room(parameters.least_share, 0)[0] * limit) & (graph.amount < limit)
    if len(graph.amount_usd):
        in_usd = (graph.amount_usd >= parameters.least_share * parameters.threshold_usd) & (
            graph.amount_usd < parameters.threshold_usd
        )
        is_under |= np.isnan(limit) & in_usd
    window = microseconds(parameters.window_hours * 3_600)
    groups = joined(
        *(trailing_windows(graph, side, window, parameters.min_transfers, False, is_under) for side in (OUT, IN))
    )
    return hits_of_groups(groups, 1, {"is_sender": groups.part[groups.start[:-1]] == OUT})


def advance(parameters: Parameters, common: TypologySettings) -> OfAddresses:
    """A transfer just under the threshold may make one when there are enough; without a threshold, any may."""
    window = microseconds(parameters.window_hours * 3_600)

    def look(held: Window, came: Taken) -> np.ndarray:
        limit = np.array([parameters.threshold_by_token.get(symbol or "", np.nan) for _, symbol in held.tokens])
        low = with_room(parameters.least_share, 0)[0] * limit
        bounds = np.column_stack((np.nan_to_num(low, nan=-np.inf), np.nan_to_num(limit, nan=np.inf)))
        least = parameters.min_transfers
        sides = [met_lately(held, came, window, least, is_in, bounds, distinct=False) for is_in in (False, True)]
        return np.concatenate(sides)

    return OfAddresses(look)


def _limits(graph: TransferGraph, parameters: Parameters) -> np.ndarray:
    """The threshold per token in its units, NaN for those that go by dollars."""
    return np.array([parameters.threshold_by_token.get(symbol or "", np.nan) for symbol in graph.symbols])


def strength(graph: TransferGraph, hits: Hits, parameters: Parameters) -> np.ndarray:
    """Payments times the least amount that counts, token units."""
    lengths = np.diff(hits.start)
    token = graph.token[graph.sender[hits.edges[hits.start[:-1]]]]
    limit = _limits(graph, parameters)[token] if len(graph.symbols) else np.empty(0)
    if len(graph.amount_usd) and len(hits):
        usd, amount = (
            np.add.reduceat(column[hits.edges], hits.start[:-1]) for column in (graph.amount_usd, graph.amount)
        )
        limit = np.where(np.isnan(limit), parameters.threshold_usd * amount / usd, limit)
    return lengths * parameters.least_share * limit


def describe(measured: Measured, hits: Hits, parameters: Parameters) -> list[str]:
    """What happened."""
    return [
        f"{focus} {'sent' if is_sender else 'received'} {count} transfers just under the reporting threshold within "
        f"{lasting(seconds)}, {units(gross, symbol)} in all."
        for focus, is_sender, count, seconds, gross, symbol in zip(
            measured.focus,
            hits.facts["is_sender"],
            measured.transfer_count,
            measured.duration_seconds,
            measured.gross_amount,
            measured.token_symbol,
            strict=True,
        )
    ]
