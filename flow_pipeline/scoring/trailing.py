"""Sums, distinct counts and falls over trailing windows of days, for many wallets at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit


def first_rows(wanted: np.ndarray, start: np.ndarray, day: np.ndarray, days: int) -> np.ndarray:
    """The row with which each window begins.

    Args:
        wanted: Rows with which the windows end, rising.
        start: Per row, the first row of its wallet; rows are sorted by wallet and day.
        day: Day number of each row, strictly rising within a wallet.
        days: Length of the window; a row counts when it is less than that many days before.
    """
    return np.asarray(_first_rows(wanted, start, day, days))


@njit(cache=True)
def _first_rows(wanted, start, day, days):
    found = np.empty(len(wanted), np.int64)
    first = 0
    for n, i in enumerate(wanted):
        first = max(first, start[i])
        while day[first] <= day[i] - days:
            first += 1
        found[n] = first
    return found


def wallet_order(wallet: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The order of rows by wallet and day.

    Args:
        wallet: Numbers from 0 to 2^32.
        day: Days since 1970, to the year 2149; no day of a wallet stands twice.
    """
    # Sorting 16 bits at a time numpy counts, which is several times as fast as comparing.
    order = np.argsort(day.astype(np.uint16), kind="stable")
    for bits in (0, 16):
        order = order[np.argsort((wallet[order] >> bits).astype(np.uint16), kind="stable")]
    return order


def window_sums(firsts: np.ndarray, wanted: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sums over windows that end with the same rows.

    Whole numbers are differences of running totals. Others are added up afresh from the last day back, each window
    going on where the shorter one ended, so that the result does not depend on where the history begins.

    Args:
        firsts: Rows with which the windows begin, shape (windows, wanted); every window is at least as long as the one
            before.
        wanted: Rows with which they end.
        values: One number per row.

    Returns:
        Shape (windows, wanted).
    """
    if values.dtype.kind != "f":
        totals = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
        return np.asarray(totals[wanted + 1] - totals[firsts])
    return np.asarray(_window_sums(firsts, wanted, values))


@njit(cache=True)
def _window_sums(firsts, wanted, values):
    sums = np.empty((len(firsts), len(wanted)))
    for n in range(len(wanted)):
        own, j = 0.0, wanted[n]
        for k in range(len(firsts)):
            while j >= firsts[k, n]:
                own += values[j]
                j -= 1
            sums[k, n] = own
    return sums


def running_falls(wallet: np.ndarray, profit: np.ndarray) -> np.ndarray:
    """How far the running total of a wallet lies under its highest so far, which is 0 at first.

    Args:
        wallet: Number of the wallet; rows are sorted by it and in time.
        profit: What each row adds, in US dollars.
    """
    return np.asarray(_running_falls(wallet, profit))


@njit(cache=True)
def _running_falls(wallet, profit):
    falls = np.empty(len(wallet))
    total = highest = 0.0
    for i in range(len(wallet)):
        if i == 0 or wallet[i] != wallet[i - 1]:
            total = highest = 0.0
        total += profit[i]
        highest = max(highest, total)
        falls[i] = highest - total
    return falls


def window_max(first: np.ndarray, wanted: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The largest value of each window, NaN where it has none.

    Args:
        first: Rows with which the windows begin.
        wanted: Rows with which they end.
        values: One per row, NaN for none.
    """
    return np.asarray(_window_max(first, wanted, values))


@njit(cache=True)
def _window_max(first, wanted, values):
    found = np.full(len(wanted), np.nan)
    for n in range(len(wanted)):
        for j in range(first[n], wanted[n] + 1):
            if not np.isnan(values[j]) and not found[n] >= values[j]:
                found[n] = values[j]
    return found


def rows_of(wallet: np.ndarray, day: np.ndarray, who: np.ndarray, when: np.ndarray) -> np.ndarray:
    """The rows that pairs of wallet and day stand in.

    Args:
        wallet: Wallet of each row; rows are sorted by wallet and day.
        day: Day number of each row.
        who: Wallets looked for, rising.
        when: Their days; each pair has a row.
    """
    return np.asarray(_rows_of(wallet, day, who, when))


@njit(cache=True)
def _rows_of(wallet, day, who, when):
    found = np.empty(len(who), np.int64)
    first = end = 0
    for n in range(len(who)):
        if n == 0 or who[n] != who[n - 1]:
            first = end
            while wallet[first] < who[n]:
                first += 1
            end = first
            while end < len(wallet) and wallet[end] == who[n]:
                end += 1
        found[n] = first + np.searchsorted(day[first:end], when[n])
    return found


def trailing_distinct(
    start: np.ndarray, day: np.ndarray, row: np.ndarray, until: np.ndarray, windows: Sequence[int], wanted: np.ndarray
) -> np.ndarray:
    """How many distinct contacts each window has.

    A contact is in the window as long as its latest day is: it enters with that day and leaves when it is seen again
    (as another entry) or when the window has passed. Entries and leavings are added up along a wallet's days, so that
    no window is counted on its own.

    Args:
        start: Per row, the first row of its wallet.
        day: Day number of each row.
        row: Of each contact and day, the row of that wallet and day.
        until: Day number on which the same wallet meets the same contact again; a large number when it does not.
        windows: Lengths in days, rising.
        wanted: Rows with which the windows end, rising.

    Returns:
        Shape (windows, wanted).
    """
    return np.asarray(_trailing_distinct(start, day, row, until, np.array(windows), wanted))


@njit(cache=True)
def _trailing_distinct(start, day, row, until, windows, wanted):
    rows = len(day)
    change = np.zeros((len(windows), rows + 1), np.int32)
    for n in range(len(row)):
        own = row[n]
        after = own + 1
        for k in range(len(windows)):
            leaves = min(until[n], day[own] + windows[k])
            while after < rows and start[after] == start[own] and day[after] < leaves:
                after += 1
            change[k, own] += 1
            if after < rows and start[after] == start[own]:
                change[k, after] -= 1
    found = np.empty((len(windows), len(wanted)), np.int64)
    for k in range(len(windows)):
        count = n = 0
        for i in range(rows):
            count = change[k, i] + (count if i > start[i] else 0)
            if n < len(wanted) and wanted[n] == i:
                found[k, n] = count
                n += 1
    return found
