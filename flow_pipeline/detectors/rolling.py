"""Trailing windows over many series at once: one flat array, series one after the other, no Python loop over rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_BLOCK = 1_000_000
ROBUST_FACTOR = 0.6745
"""Makes a normal sample's median absolute deviation comparable to its standard one (Iglewicz and Hoaglin, 1993)."""


@dataclass(frozen=True)
class Baseline:
    """Statistics of the window before each row (or ending at it).

    Attributes:
        count: Rows in the window, at most its length.
        mean: Mean; NaN where the window is empty.
        std: Population standard deviation; exactly 0 where all values are equal.
        median: Median.
        mad: Median absolute deviation from the median.
    """

    count: Ints
    mean: Floats
    std: Floats
    median: Floats
    mad: Floats


def positions_in_series(starts: Flags) -> Ints:
    """Place of each row in its series, from 0, given a flag on each first row."""
    index = np.arange(len(starts), dtype=np.int64)
    return index - np.maximum.accumulate(np.where(starts, index, 0)) if len(starts) else index


def baseline(values: Floats, place: Ints, window: int, include_self: bool) -> Baseline:
    """Window statistics of every row, never reaching into another series.

    Args:
        values: Values, series after series, in time order.
        place: Place of each row in its series.
        window: Length of the window in rows.
        include_self: True when the window ends at the row itself, False when it ends before it.
    """
    size = len(values)
    count = np.minimum(place + (1 if include_self else 0), window)
    mean, std, median, mad = (np.full(size, np.nan) for _ in range(4))
    shifted = values if include_self else np.concatenate(([np.nan], values[:-1]))[:size]
    padded = np.concatenate((np.full(window - 1, np.nan), shifted))
    # Spam has hundreds of thousands of rows without a window: they stay NaN, and nothing is asked about them.
    known = np.flatnonzero(count > 0)
    for first in range(0, len(known), _BLOCK):
        rows = known[first : first + _BLOCK]
        windows = sliding_window_view(padded, window)[rows]
        windows[np.arange(window)[None, :] < (window - count[rows])[:, None]] = np.nan
        mean[rows], median[rows] = np.nanmean(windows, axis=1), np.nanmedian(windows, axis=1)
        is_flat = np.nanmax(windows, axis=1) == np.nanmin(windows, axis=1)
        std[rows] = np.where(is_flat, 0.0, np.nanstd(windows, axis=1))
        mad[rows] = np.nanmedian(np.abs(windows - median[rows, None]), axis=1)
    return Baseline(count, mean, std, median, mad)


def zscores(values: Floats, centre: Floats, spread: Floats, is_known: Flags, factor: float = 1.0) -> Floats:
    """factor · (value − centre) / spread; NaN where the baseline is not known or has no deviation."""
    usable = is_known & (spread > 0)
    return np.where(usable, factor * (values - centre) / np.where(usable, spread, 1.0), np.nan)
