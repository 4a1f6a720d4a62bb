"""The words for how severe something suspicious is, in one place: how rare it is, and how many dollars it is about."""

from __future__ import annotations

import numpy as np

WORDS = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
"""LOW is what is not suspicious."""
STEP = 10.0
"""A word more severe is ten times rarer."""
ITSELF_SCORE = 0.9
"""Least score of what is suspicious by itself: who deals with a mixer needs no rarity."""


def severity(
    is_suspicious: np.ndarray, rarity: np.ndarray, usd: np.ndarray, small_usd: float, large_usd: float
) -> np.ndarray:
    """MEDIUM under the budget, HIGH under a tenth of it, CRITICAL under a hundredth; the stake shifts it by a word.

    Args:
        is_suspicious: What is not is LOW.
        rarity: E over its budget; NaN where it is not known, which is MEDIUM.
        usd: US dollars at stake; NaN where they are not known, which shifts nothing.
        small_usd: Under so many dollars, one word less severe.
        large_usd: From so many dollars on, one word more severe.

    Returns:
        Position in `WORDS`.
    """
    with np.errstate(invalid="ignore"):
        by_rarity = 1 + (rarity < 1 / STEP) + (rarity < 1 / STEP**2)
        by_stake = (usd >= large_usd).astype(np.int64) - (usd < small_usd)
    return np.where(is_suspicious, np.clip(by_rarity + by_stake, 0, len(WORDS) - 1), 0)


def score(expected: np.ndarray) -> np.ndarray:
    """1 / (1 + E); 0 where E is not known."""
    return np.where(np.isnan(expected), 0.0, 1 / (1 + np.nan_to_num(expected)))
