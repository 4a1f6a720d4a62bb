"""Outflow surges: a day's outflow far above the mean of the days before it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from flow_pipeline.detectors.daily import FINDINGS, daily_findings
from flow_pipeline.detectors.netflow_anomaly import as_floats, first_rows, nullable, per_token, severities
from flow_pipeline.detectors.rolling import baseline, positions_in_series, zscores
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import AnomalySettings

NAME, VERSION = "outflow_surge", "1"
SAYS = "The outflow of a day is far above the days before it."
WRITES = ("outflow_surges",)
READS = statements(__package__)("outflow_surge_series")


def detect(series: pa.Table, settings: AnomalySettings, parameters: None = None) -> dict[str, pa.Table]:
    """Days whose outflow exceeds the mean of the previous window by the token's surge amount, or by its z threshold.

    Args:
        series: Columns of `READS` in its order; every calendar day of a series is there.
        settings: Window, threshold, surge amounts.
        parameters: None; its settings are those of the section.

    Returns:
        outflow_surges and daily_findings with the columns of domain.tables.
    """
    outflow = as_floats(series["outflow"])
    before = baseline(outflow, positions_in_series(first_rows(series)), settings.window_days, include_self=False)
    is_known = before.count >= settings.min_history_days
    zscore = zscores(outflow, before.mean, before.std, is_known)
    excess = outflow - before.mean
    amount = per_token(series, settings.surge_amount_by_token, np.nan)
    by_amount = is_known & (excess >= np.nan_to_num(amount, nan=np.inf))
    by_score = np.nan_to_num(zscore) >= settings.surge_threshold
    rows = np.flatnonzero(by_amount | by_score)
    chosen = series.take(pa.array(rows))
    ratio = np.nan_to_num(zscore[rows]) / settings.surge_threshold
    surges = pa.table(
        {
            **{
                name: chosen[name]
                for name in ("block_date", "chain", "token_symbol", "token_address", "scope", "outflow")
            },
            "baseline_mean": nullable(before.mean[rows]),
            "baseline_std": nullable(before.std[rows]),
            "excess": pa.array(excess[rows]),
            "zscore": nullable(zscore[rows]),
            "rule": pa.array(
                np.select([by_amount[rows] & by_score[rows], by_amount[rows]], ["both", "amount"], "zscore"),
                pa.string(),
            ),
            "surge_amount": nullable(amount[rows]),
            "threshold": pa.array(np.full(len(rows), settings.surge_threshold)),
            "severity": severities(ratio, settings),
        }
    )
    high = surges.append_column("direction", pa.array(["high"] * len(surges), pa.string()))
    return {"outflow_surges": surges, FINDINGS: daily_findings(high, "outflow")}
