"""Small daily series as the warehouse hands them to detectors."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

WORKED = [10, -10, 20, -20, 10, -10, 200, 0, 5, -300]
"""The worked series of docs/detectors.md."""


def series(
    values: list[float],
    scope: str = "TOTAL",
    active: list[bool] | None = None,
    outflow: list[float] | None = None,
    symbol: str = "XYZ",
) -> pa.Table:
    """Netflow of consecutive days of one token and scope."""
    n = len(values)
    return pa.table(
        {
            "block_date": [date(2025, 1, 1) + timedelta(days=i) for i in range(n)],
            "chain": ["ethereum"] * n,
            "token_symbol": [symbol] * n,
            "token_address": pa.array([None] * n, pa.string()),
            "scope_type": ["total" if scope == "TOTAL" else "exchange"] * n,
            "scope": [scope] * n,
            "netflow": [float(v) for v in values],
            "inflow": [0.0] * n,
            "outflow": outflow or [0.0] * n,
            "is_active": active or [True] * n,
            "has_every_day": [True] * n,
        }
    )
