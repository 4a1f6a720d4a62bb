"""Average-cost profit of trades: what each wallet paid for what it holds, and what it made when it gave it away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Positions:
    """What is held at an average cost, by the dense number of (wallet, token).

    Attributes:
        amount: Token units bought at a known price.
        cost: What they cost, US dollars.
        since: When they were bought, microseconds since 1970, the mean weighted by amount.
    """

    amount: np.ndarray
    cost: np.ndarray
    since: np.ndarray

    @classmethod
    def nothing(cls, places: int) -> Positions:
        """So many empty ones."""
        return cls(np.zeros(places), np.zeros(places), np.zeros(places, np.int64))


@dataclass(frozen=True)
class Profits:
    """Per trade.

    Attributes:
        covered_share: Share of what was given that had been bought at a known price, 0 to 1.
        cost: What the covered part had cost, US dollars; NaN where nothing was covered.
        realised: Value of the covered part less its cost and the gas, US dollars; NaN where nothing was covered or the
            trade has no believable value.
        gave_amount: Position in the given token after the trade, token units.
        gave_cost: Its cost, US dollars.
        got_amount: Position in the received token after the trade, token units.
        got_cost: Its cost, US dollars.
        held: Time between mean purchase and sale of the covered part, microseconds; 0 where nothing was covered.
        gave_since: Mean purchase of the position in the given token, microseconds since 1970.
        got_since: The same of the received token.
    """

    covered_share: np.ndarray
    cost: np.ndarray
    realised: np.ndarray
    gave_amount: np.ndarray
    gave_cost: np.ndarray
    got_amount: np.ndarray
    got_cost: np.ndarray
    held: np.ndarray
    gave_since: np.ndarray
    got_since: np.ndarray


def average_cost(
    gave: np.ndarray,
    got: np.ndarray,
    gave_amount: np.ndarray,
    got_amount: np.ndarray,
    value: np.ndarray,
    gas: np.ndarray,
    at: np.ndarray,
    start: Positions,
) -> Profits:
    """Walk trades in time order and keep each position at its average cost.

    What is given is taken from the position as far as that reaches; beyond it the cost is not known and no profit is
    claimed. What is received enters the position at the trade's value. Gas counts once: against the profit where there
    is one, else as part of the cost of what was received. A trade without a believable value moves what it takes out of
    a position and adds nothing to one.

    Args:
        gave: Dense number of (wallet, given token), per trade in time order.
        got: The same of the received token.
        gave_amount: Token units given, positive.
        got_amount: Token units received, positive.
        value: US dollars the trade was worth; NaN where no price is believable.
        gas: US dollars of gas the wallet paid; 0 where it is not known.
        at: Time of the trade, microseconds since 1970.
        start: Positions before the first trade, one per dense number.
    """
    return Profits(
        *_average_cost(
            gave,
            got,
            gave_amount,
            got_amount,
            value,
            gas,
            at,
            start.amount.copy(),
            start.cost.copy(),
            start.since.copy(),
        )
    )


@njit(cache=True)
def _average_cost(gave, got, gave_amount, got_amount, value, gas, at, amount, cost, since):
    count = len(gave)
    share, paid, realised = np.zeros(count), np.full(count, np.nan), np.full(count, np.nan)
    gave_left, gave_cost, got_left, got_cost = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    held, gave_since, got_since = np.zeros(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    for i in range(count):
        a, b = gave[i], got[i]
        covered = min(gave_amount[i], amount[a])
        if covered > 0.0:
            share[i] = covered / gave_amount[i]
            paid[i] = cost[a] * (covered / amount[a])
            held[i] = at[i] - since[a]
            if not np.isnan(value[i]):
                realised[i] = value[i] * share[i] - paid[i] - gas[i]
            if covered == amount[a]:
                amount[a] = cost[a] = 0.0
            else:
                amount[a] -= covered
                cost[a] -= paid[i]
        if not np.isnan(value[i]):
            since[b] += np.int64(round((at[i] - since[b]) * (got_amount[i] / (amount[b] + got_amount[i]))))
            amount[b] += got_amount[i]
            cost[b] += value[i] + (0.0 if covered > 0.0 else gas[i])
        gave_left[i], gave_cost[i], gave_since[i] = amount[a], cost[a], since[a]
        got_left[i], got_cost[i], got_since[i] = amount[b], cost[b], since[b]
    return share, paid, realised, gave_left, gave_cost, got_left, got_cost, held, gave_since, got_since
