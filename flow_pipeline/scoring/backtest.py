"""Was a well scored wallet better later? The top tenth against the rest, with an interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.scoring.smart_money import score
from flow_pipeline.settings import SmartMoneySettings

_DRAWS = 2_000


def backtest(examples: pa.Table, settings: SmartMoneySettings, seed: int = 0) -> list[dict[str, Any]]:
    """Of wallets that trade, compare what the top tenth by the formula score made after each cutoff with the rest.

    Args:
        examples: One row per wallet and cutoff with its features and outcome_usd.
        settings: Of the formula.
        seed: Makes the interval repeatable.

    Returns:
        One row per cutoff, and one over all of them (cutoff None): wallets in the top tenth and in the rest, mean US
        dollars each made in the 30 days after, the share of each that made money, the difference of the means with its
        95 % interval (bootstrap over wallets, so that a wallet's cutoffs stay together), and is_better: the whole
        interval is above 0.
    """
    if not len(examples):
        return []
    points = score(examples, settings)["formula_score"].to_numpy()
    profit, cutoffs = examples["outcome_usd"].to_numpy(), np.array(examples["cutoff"].to_pylist())
    names = [
        f"{chain}|{wallet}"
        for chain, wallet in zip(examples["chain"].to_pylist(), examples["wallet"].to_pylist(), strict=True)
    ]
    wallets = np.unique(names, return_inverse=True)[1]
    is_top = np.zeros(len(points), bool)
    for cutoff in sorted(set(cutoffs)):
        inside = np.flatnonzero(cutoffs == cutoff)
        is_top[inside[np.argsort(-points[inside], kind="stable")[: max(1, len(inside) // 10)]]] = True
    return [_compare(cutoff, cutoffs == cutoff, is_top, profit, wallets, seed) for cutoff in sorted(set(cutoffs))] + [
        _compare(None, np.ones(len(points), bool), is_top, profit, wallets, seed)
    ]


def _compare(
    cutoff: Any, chosen: np.ndarray, is_top: np.ndarray, profit: np.ndarray, wallets: np.ndarray, seed: int
) -> dict[str, Any]:
    top, profit, who = is_top[chosen], profit[chosen], np.unique(wallets[chosen], return_inverse=True)[1]
    count = int(who.max()) + 1
    # per wallet: how often and with how much it stands on each side
    sums = np.stack([np.bincount(who, weights, count) for weights in (top, profit * top, ~top, profit * ~top)])
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), _DRAWS) @ sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        differences = drawn[:, 1] / drawn[:, 0] - drawn[:, 3] / drawn[:, 2]
    low, high = np.nanpercentile(differences, [2.5, 97.5])
    means = [float(profit[side].mean()) if side.any() else float("nan") for side in (top, ~top)]
    return {
        "cutoff": cutoff, "top_wallets": int(top.sum()), "rest_wallets": int((~top).sum()), "top_mean_usd": means[0],
        "rest_mean_usd": means[1], "top_winners_share": float((profit[top] > 0).mean()),
        "rest_winners_share": float((profit[~top] > 0).mean()) if (~top).any() else None,
        "difference_usd": means[0] - means[1], "low_usd": float(low), "high_usd": float(high),
        "is_better": bool(low > 0),
    }  # fmt: skip
