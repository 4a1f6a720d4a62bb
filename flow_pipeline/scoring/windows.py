"""Sums, distinct counts and falls over trailing windows of days, for many wallets at once."""

from __future__ import annotations

import numpy as np
from numba import njit


def trailing_sums(wanted: np.ndarray, start: np.ndarray, day: np.ndarray, values: np.ndarray, days: int) -> np.ndarray:
    """Sums over the days of windows.

    Every window is added up afresh in the order of its days, so that the result does not depend on where the history begins.

    Args:
        wanted: Rows with which the windows end, rising.
        start: Per row, the first row of its wallet; rows are sorted by wallet and day.
        day: Day number of each row, strictly rising within a wallet.
        values: What is summed, shape (rows, columns).
        days: Length of the window; a row counts when it is less than that many days before.

    Returns:
        Sums, shape (columns, wanted).
    """
    return np.asarray(_trailing_sums(wanted, start, day, values, days))


@njit(cache=True)
def _trailing_sums(wanted, start, day, values, days):
    columns = values.shape[1]
    sums = np.empty((columns, len(wanted)))
    own = np.empty(columns)
    first = 0
    for n, i in enumerate(wanted):
        first = max(first, start[i])
        while day[first] <= day[i] - days:
            first += 1
        own[:] = 0.0
        for j in range(first, i + 1):
            for k in range(columns):
                own[k] += values[j, k]
        sums[:, n] = own
    return sums


def trailing_max(wanted: np.ndarray, start: np.ndarray, day: np.ndarray, values: np.ndarray, days: int) -> np.ndarray:
    """The largest value of each window, NaN where it has none.

    Args:
        wanted: Rows with which the windows end, rising.
        start: Per row, the first row of its wallet.
        day: Day number of each row.
        values: One per row, NaN for none.
        days: Length of the window.
    """
    return np.asarray(_trailing_max(wanted, start, day, values, days))


@njit(cache=True)
def _trailing_max(wanted, start, day, values, days):
    found = np.full(len(wanted), np.nan)
    first = 0
    for n, i in enumerate(wanted):
        first = max(first, start[i])
        while day[first] <= day[i] - days:
            first += 1
        for j in range(first, i + 1):
            if not np.isnan(values[j]) and not found[n] >= values[j]:
                found[n] = values[j]
    return found


def trailing_distinct(start: np.ndarray, day: np.ndarray, row: np.ndarray, until: np.ndarray, days: int) -> np.ndarray:
    """How many distinct contacts each row's window has.

    A contact is in the window as long as its latest day is: it enters with that day and leaves when it is seen again (as another entry) or when the
    window has passed. Entries and leavings are added up along a wallet's days, so that no window is counted on its own.

    Args:
        start: Per row, the first row of its wallet.
        day: Day number of each row.
        row: Of each contact and day, the row of that wallet and day.
        until: Day number on which the same wallet meets the same contact again; a large number when it does not.
        days: Length of the window.
    """
    return np.asarray(_trailing_distinct(start, day, row, until, days))


@njit(cache=True)
def _trailing_distinct(start, day, row, until, days):
    rows = len(day)
    change = np.zeros(rows + 1, np.int64)
    for n in range(len(row)):
        own = row[n]
        change[own] += 1
        leaves = min(until[n], day[own] + days)
        after = own + 1
        while after < rows and start[after] == start[own] and day[after] < leaves:
            after += 1
        if after < rows and start[after] == start[own]:
            change[after] -= 1
    count = np.zeros(rows, np.int64)
    for i in range(rows):
        count[i] = change[i] + (count[i - 1] if i > start[i] else 0)
    return count
