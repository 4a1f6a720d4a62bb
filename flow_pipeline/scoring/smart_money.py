"""Who is smart money: a score of shown parts, and categories by settings. Worked numbers: docs/smart-money.md."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from flow_pipeline.settings import SmartMoneySettings

INPUTS: dict[str, str] = {
    "volume": "volume_usd",
    "profit_consistency": "profit_consistency",
    "activity": "tx_per_day",
    "gas_efficiency": "gas_efficiency",
    "diversity": "recipient_count",
    "mev": "mev_tx_share",
}
"""Parts of the score and the column of marts.fct_wallet_features each one rises with."""
CATEGORIES: dict[str, str] = {
    "wash_trader": "what it pays comes back",
    "mev_bot": "a good part of its transactions are sandwiches, arbitrage or liquidations",
    "institution": "it works on weekdays in office hours",
    "whale": "it moves large sums",
    "active_trader": "it trades often",
    "retail": "none of these",
}
"""Categories in the order in which they are tried; the first that holds is the wallet's."""
_ALSO = (
    "round_trip_share", "active_days", "priced_share", "sent_count", "mev_tx_count", "weekday_share",
    "hour_concentration", "tx_count", "trade_count", "realised_usd",
)  # fmt: skip
FORMULA = "formula 1"
"""Name and version of the score, kept with every wallet that was scored by it."""


def score(features: pa.Table, settings: SmartMoneySettings) -> pa.Table:
    """Score wallets.

    A part is its weight times `min(1, value / full mark)`, 0 where the value is not known. The score is their sum times
    the share of payments that did not come back, so that turning the same coins over earns nothing.

    Args:
        features: Rows of marts.fct_wallet_features, of one window.
        settings: Weights, full marks and the rules of the categories.

    Returns:
        One row per row: `<part>_part` for each of `INPUTS`, formula_score, score_low and score_high (the score at the
        ends of the 95 % interval of the profit consistency), confidence, category, is_smart (the score reaches the
        limit and the closed trades made money: being busy is not enough).
    """
    known = {name: _numbers(features, name) for name in (*INPUTS.values(), *_ALSO)}
    weights, marks = settings.weights, settings.full_marks
    kept = 1 - known["round_trip_share"]
    parts = {part: weights[part] * np.minimum(known[column] / marks[part], 1) for part, column in INPUTS.items()}
    total = sum(parts.values(), np.zeros(len(features)))

    def at(end: str) -> np.ndarray:
        # without a closed trade nothing is known of the profit: it may be all or nothing
        missing = 0.0 if end == "low" else 1.0
        consistency = _numbers(features, f"profit_consistency_{end}", missing)
        return np.asarray(
            kept
            * (
                total
                - parts["profit_consistency"]
                + weights["profit_consistency"] * np.minimum(consistency / marks["profit_consistency"], 1)
            )
        )

    found = kept * total
    columns = {
        **{f"{part}_part": values for part, values in parts.items()},
        "formula_score": found,
        "score_low": at("low"),
        "score_high": at("high"),
        "confidence": np.minimum(known["active_days"] / settings.sure_days, 1) * known["priced_share"],
        "category": _categories(known, settings),
        "is_smart": (found >= settings.min_score) & (known["realised_usd"] > 0),
    }
    return pa.table(columns)


def _categories(known: dict[str, np.ndarray], settings: SmartMoneySettings) -> np.ndarray:
    holds = {
        "wash_trader": (known["round_trip_share"] >= settings.wash_share)
        & (known["sent_count"] >= settings.wash_payments),
        "mev_bot": (known["mev_tx_share"] >= settings.mev_share) & (known["mev_tx_count"] >= settings.mev_transactions),
        "institution": (known["weekday_share"] >= settings.office_weekday_share)
        & (known["hour_concentration"] >= settings.office_hour_concentration)
        & (known["tx_count"] >= settings.office_transactions)
        & (known["active_days"] >= settings.office_days),
        "whale": known["volume_usd"] >= settings.whale_usd,
        "active_trader": known["trade_count"] >= settings.trader_trades,
    }
    return np.select(list(holds.values()), list(holds), "retail")


def _numbers(table: pa.Table, name: str, missing: float = 0.0) -> np.ndarray:
    return np.asarray(
        np.nan_to_num(table[name].combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False), nan=missing)
    )
