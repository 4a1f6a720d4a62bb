"""The order of transfers: time, block, transaction in the block, log or output; then what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TieBreak = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Gives two texts per row: the tx_hash, and what tells rows of one tx_hash apart."""


def time_order(keys: tuple[np.ndarray, ...], tie_break: TieBreak) -> tuple[np.ndarray, np.ndarray]:
    """Row positions in the order of the keys, the first one first, and their rank.

    Rows in order cost one pass. Texts are read for ties only: the hash decides, and equal hashes are of equal rank, in
    the order of the second text, so that the order of loading never shows.
    """
    order = np.arange(len(keys[0])) if _is_ordered(keys) else np.lexsort(keys[::-1])
    same = np.zeros(len(order), bool)
    if len(order):
        a, b = order[1:], order[:-1]
        same[1:] = np.logical_and.reduce([key[a] == key[b] for key in keys])
    tied = np.flatnonzero(same | np.append(same[1:], False))
    if len(tied):
        hashes, others = tie_break(order[tied])
        group = np.cumsum(~same)[tied]
        inner = np.lexsort((others, hashes, group))
        order[tied] = order[tied][inner]
        hashes, group = hashes[inner], group[inner]
        same[tied[1:]] = (group[1:] == group[:-1]) & (hashes[1:] == hashes[:-1])
        same[tied[0]] = False
    return order, np.cumsum(~same).astype(np.int32)


def _is_ordered(keys: tuple[np.ndarray, ...]) -> bool:
    """True when the rows stand in the order of the keys."""
    is_equal = np.ones(max(len(keys[0]) - 1, 0), bool)
    for key in keys:
        if (is_equal & (key[1:] < key[:-1])).any():
            return False
        is_equal &= key[1:] == key[:-1]
        if not is_equal.any():
            break
    return True


def known_places(time: np.ndarray, block: np.ndarray, token: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The place of the transaction in its block, -1 for all transfers of a token and block where one has none.

    There it would say nothing of the others.
    """
    is_known = place >= 0
    if is_known.all() or not is_known.any():
        return place
    order = np.lexsort((token, block, time))
    is_new = np.ones(len(order), bool)
    is_new[1:] = np.logical_or.reduce([key[order][1:] != key[order][:-1] for key in (time, block, token)])
    of_all = np.minimum.reduceat(is_known[order], np.flatnonzero(is_new))[np.cumsum(is_new) - 1]
    found = place.copy()
    found[order[~of_all]] = -1
    return found
