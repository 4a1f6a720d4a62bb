"""Outflow surges: days on which far more went out than a series is used to, by its rank or by an amount of the user."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from flow_pipeline.detectors.daily import FINDINGS, budgets, daily_findings, severities
from flow_pipeline.detectors.netflow_anomaly import as_floats, first_rows, nullable, per_token
from flow_pipeline.detectors.rolling import positions_in_series
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import AnomalySettings

NAME, VERSION = "outflow_surge", "2"
SAYS = "The outflow of a day is rarely as far above the level of its series."
WRITES = ("outflow_surges",)
READS = statements(__package__)("outflow_surge_series")


def detect(series: pa.Table, settings: AnomalySettings, parameters: None = None) -> dict[str, pa.Table]:
    """Days whose outflow is above its level as seldom as the budget asks, or by the token's surge amount.

    Args:
        series: Columns of `READS` in its order; every calendar day of a series is there.
        settings: Budget, days and surge amounts.
        parameters: None; its settings are those of the section.

    Returns:
        outflow_surges and daily_findings with the columns of domain.tables.
    """
    # Questions about netflow read scores and can do without the compiled kernel.
    from flow_pipeline.detectors.rank import ranks

    outflow = as_floats(series["outflow"])
    rank = ranks(
        outflow,
        positions_in_series(first_rows(series)),
        settings.rank_level_days,
        settings.rank_history_days,
        settings.min_history_days,
        settings.alarms_per_year,
        upward=True,
    )
    budget = budgets(rank.e_value, rank.history, settings)
    amount = per_token(series, settings.surge_amount_by_token, np.nan)
    by_amount = np.nan_to_num(rank.deviation) >= np.nan_to_num(amount, nan=np.inf)
    by_rank = np.nan_to_num(rank.e_value, nan=np.inf) < budget
    rows = np.flatnonzero(by_amount | by_rank)
    chosen = series.take(pa.array(rows))
    surges = pa.table(
        {
            **{
                name: chosen[name]
                for name in ("block_date", "chain", "token_symbol", "token_address", "scope", "outflow")
            },
            "e_value": nullable(rank.e_value[rows]),
            "baseline_mean": nullable(rank.median[rows]),
            "excess": pa.array(rank.deviation[rows]),
            "rule": pa.array(
                np.select([by_amount[rows] & by_rank[rows], by_amount[rows]], ["both", "amount"], "rank"),
                pa.string(),
            ),
            "surge_amount": nullable(amount[rows]),
            "threshold": pa.array(budget[rows]),
            "severity": severities(rank.e_value[rows], settings),
        }
    )
    high = surges.append_column("direction", pa.array(["high"] * len(surges), pa.string()))
    return {"outflow_surges": surges, FINDINGS: daily_findings(high, "outflow")}
