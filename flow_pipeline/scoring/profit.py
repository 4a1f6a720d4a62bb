"""Average-cost profit of trades: what each wallet paid for what it holds, and what it made when it gave it away again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Positions:
    """What is held at an average cost, by the dense number of (wallet, token): token units bought at a known price, and what they cost in US dollars."""

    amount: np.ndarray
    cost: np.ndarray


@dataclass(frozen=True)
class Profits:
    """Per trade.

    Attributes:
        covered_share: Share of what was given that had been bought at a known price, 0 to 1.
        cost: What the covered part had cost, US dollars; NaN where nothing was covered.
        realised: Value of the covered part less its cost and the gas, US dollars; NaN where nothing was covered or the trade has no believable value.
        gave_amount: Position in the given token after the trade, token units.
        gave_cost: Its cost, US dollars.
        got_amount: Position in the received token after the trade, token units.
        got_cost: Its cost, US dollars.
    """

    covered_share: np.ndarray
    cost: np.ndarray
    realised: np.ndarray
    gave_amount: np.ndarray
    gave_cost: np.ndarray
    got_amount: np.ndarray
    got_cost: np.ndarray


def average_cost(
    gave: np.ndarray, got: np.ndarray, gave_amount: np.ndarray, got_amount: np.ndarray, value: np.ndarray, gas: np.ndarray, start: Positions
) -> Profits:
    """Walk trades in time order and keep each position at its average cost.

    What is given is taken from the position as far as that reaches; beyond it the cost is not known and no profit is claimed. What is received enters the
    position at the trade's value. Gas counts once: against the profit where there is one, else as part of the cost of what was received. A trade without
    a believable value moves what it takes out of a position and adds nothing to one.

    Args:
        gave: Dense number of (wallet, given token), per trade in time order.
        got: The same of the received token.
        gave_amount: Token units given, positive.
        got_amount: Token units received, positive.
        value: US dollars the trade was worth; NaN where no price is believable.
        gas: US dollars of gas the wallet paid; 0 where it is not known.
        start: Positions before the first trade, one per dense number.
    """
    return Profits(*_average_cost(gave, got, gave_amount, got_amount, value, gas, start.amount.copy(), start.cost.copy()))


@njit(cache=True)
def _average_cost(gave, got, gave_amount, got_amount, value, gas, amount, cost):
    count = len(gave)
    share, paid, realised = np.zeros(count), np.full(count, np.nan), np.full(count, np.nan)
    gave_left, gave_cost, got_held, got_cost = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    for i in range(count):
        a, b = gave[i], got[i]
        covered = min(gave_amount[i], amount[a])
        if covered > 0.0:
            share[i] = covered / gave_amount[i]
            paid[i] = cost[a] * (covered / amount[a])
            if not np.isnan(value[i]):
                realised[i] = value[i] * share[i] - paid[i] - gas[i]
            if covered == amount[a]:
                amount[a] = cost[a] = 0.0
            else:
                amount[a] -= covered
                cost[a] -= paid[i]
        if not np.isnan(value[i]):
            amount[b] += got_amount[i]
            cost[b] += value[i] + (0.0 if covered > 0.0 else gas[i])
        gave_left[i], gave_cost[i], got_held[i], got_cost[i] = amount[a], cost[a], amount[b], cost[b]
    return share, paid, realised, gave_left, gave_cost, got_held, got_cost
