"""Findings that share what they are about are one story: which is told, and whose instances the others are."""

from __future__ import annotations

import numpy as np
from numba import njit


def instances(start: np.ndarray, things: np.ndarray) -> np.ndarray:
    """Per finding the earlier one that it is an instance of, -1 for those that are kept.

    Args:
        start: things[start[i]:start[i + 1]] are of finding i; those that come first are kept first.
        things: Numbers from 0 of what findings may not share, such as transfers.
    """
    return np.asarray(_instances(start, things, int(things.max(initial=-1)) + 1))


def stories(start: np.ndarray, things: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Which findings to keep, and per finding how many of its instances are left out.

    Kept are those that stand for themselves, and of the instances of each the first `most`.

    Args:
        start: things[start[i]:start[i + 1]] are of finding i; those that come first are kept first.
        things: Numbers from 0 of what findings may not share.
        most: Instances kept of one finding.
    """
    return _stories(instances(start, things), most)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _stories(of, most):
    is_kept, left_out, count = np.ones(len(of), np.bool_), np.zeros(len(of), np.int64), np.zeros(len(of), np.int64)
    for i in range(len(of)):
        if of[i] >= 0:
            count[of[i]] += 1
            if count[of[i]] > most:
                is_kept[i] = False
                left_out[of[i]] += 1
    return is_kept, left_out


@njit(cache=True, nogil=True)
def _instances(start, things, count):
    owner, found = np.full(count, -1, np.int64), np.full(len(start) - 1, -1, np.int64)
    for i in range(len(start) - 1):
        first = -1
        for k in range(start[i], start[i + 1]):
            other = owner[things[k]]
            if other >= 0 and (first < 0 or other < first):
                first = other
        found[i] = first
        if first < 0:
            for k in range(start[i], start[i + 1]):
                owner[things[k]] = i
    return found
