"""The order of transfers: time, block, transaction in the block, log or output; then what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TieBreak = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Gives two texts per row: the tx_hash, and what tells rows of one tx_hash apart."""


def time_order(
    keys: tuple[np.ndarray, ...], amounts: tuple[np.ndarray, ...], tie_break: TieBreak
) -> tuple[np.ndarray, np.ndarray]:
    """Row positions in the order of the keys, the first one first, and their rank.

    Rows in order cost one pass. Rows that are equal in all keys go by their amounts, then by their hash: texts are read
    for those alone that amounts do not order. Equal hashes are of equal rank, in the order of the second text, so that
    the order of loading never shows.

    Args:
        keys: Columns of whole numbers.
        amounts: Columns that order what is equal in the keys.
        tie_break: Gives the texts of rows.
    """
    varying = [key for key in keys if len(key) and key.min() != key.max()]
    order = np.arange(len(keys[0])) if _is_ordered(varying) else np.lexsort(varying[::-1])
    same = _repeats([key[order] for key in varying], len(order))
    tied = _in_runs(same)
    if len(tied):
        rows, group = order[tied], np.cumsum(~same)[tied]
        inner = np.lexsort((*(amount[rows] for amount in amounts[::-1]), group))
        order[tied], rows = rows[inner], rows[inner]
        same[tied] = _repeats([group, *(amount[rows] for amount in amounts)], len(tied))
        tied = _in_runs(same)
    if len(tied):
        rows, group = order[tied], np.cumsum(~same)[tied]
        hashes, others = tie_break(rows)
        inner = np.lexsort((others, hashes, group))
        order[tied] = rows[inner]
        same[tied] = _repeats([group, hashes[inner]], len(tied))
    return order, np.cumsum(~same).astype(np.int32)


def _repeats(keys: list[np.ndarray], count: int) -> np.ndarray:
    """True where a row is equal to the one before in all keys."""
    same = np.ones(count, bool)
    same[:1] = False
    for key in keys:
        same[1:] &= key[1:] == key[:-1]
    return same


def _in_runs(same: np.ndarray) -> np.ndarray:
    """Positions of rows that are equal to a neighbour."""
    return np.flatnonzero(same | np.append(same[1:], False))


def _is_ordered(keys: list[np.ndarray]) -> bool:
    """True when the rows stand in the order of the keys."""
    if not keys:
        return True
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
