"""Netflow anomalies: the rank and three z-scores of every day of every series, and the days that stand out.

`rank` counts how often a year a series moves as far as on that day. `trailing` and `robust` measure a day against the
calendar days before it; `inclusive` is the LPT study's score over the last active rows, the day itself among them: it
can not exceed √(window − 1).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from flow_pipeline.detectors.daily import FINDINGS, budgets, daily_findings, severities
from flow_pipeline.detectors.rolling import ROBUST_FACTOR, Flags, Floats, Ints, baseline, positions_in_series, zscores
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import AnomalySettings

NAME, VERSION = "netflow_anomaly", "2"
SAYS = "The netflow of a day is rarely as far from the level of its series."
WRITES = ("netflow_scores", "netflow_anomalies")
READS = statements(__package__)("netflow_anomaly_series")


def detect(series: pa.Table, settings: AnomalySettings, parameters: None = None) -> dict[str, pa.Table]:
    """Score every day and flag the anomalous ones.

    Args:
        series: Columns of `READS` in its order; every calendar day of a series is there, or `has_every_day` is false
            and its days are not judged.
        settings: Windows and thresholds.
        parameters: None; its settings are those of the section.

    Returns:
        netflow_scores, netflow_anomalies and daily_findings with the columns of domain.tables.
    """
    # Questions about netflow read scores and can do without the compiled kernel.
    from flow_pipeline.detectors.rank import ranks

    netflow = as_floats(series["netflow"])
    # A day that is a series of its own has no history.
    place = positions_in_series(first_rows(series) | ~series["has_every_day"].to_numpy().astype(bool))
    active = series["is_active"].to_numpy().astype(bool)
    before = baseline(netflow, place, settings.window_days, include_self=False)
    is_known = before.count >= settings.min_history_days
    trailing = zscores(netflow, before.mean, before.std, is_known)
    robust = zscores(netflow, before.median, before.mad, is_known, ROBUST_FACTOR)
    inclusive, inclusive_mean, inclusive_std = _inclusive(netflow, place, active, settings)
    rank = ranks(
        netflow,
        place,
        settings.rank_level_days,
        settings.rank_history_days,
        settings.min_history_days,
        settings.alarms_per_year,
    )
    scores = series.select(
        ["block_date", "chain", "token_symbol", "token_address", "scope_type", "scope", "netflow", "inflow", "outflow"]
    )
    for name, values in (
        ("e_value", rank.e_value),
        ("rank_median", rank.median),
        ("rank_deviation", rank.deviation),
        ("rank_limit", rank.limit),
        ("z_trailing", trailing),
        ("z_robust", robust),
        ("z_inclusive", inclusive),
        ("trailing_mean", before.mean),
        ("trailing_std", before.std),
        ("robust_median", before.median),
        ("robust_mad", before.mad),
        ("inclusive_mean", inclusive_mean),
        ("inclusive_std", inclusive_std),
    ):
        scores = scores.append_column(name, nullable(values))
    scores = scores.append_column("rank_days", pa.array(rank.history.astype(np.int32)))
    scores = scores.append_column("history_days", pa.array(before.count.astype(np.int32)))
    scores = scores.append_column("is_active", pa.array(active))
    flagged = flag(scores, settings, settings.method)
    return {"netflow_scores": scores, "netflow_anomalies": flagged, FINDINGS: daily_findings(flagged, "netflow")}


def flag(scores: pa.Table, settings: AnomalySettings, method: str) -> pa.Table:
    """Anomalous days of exchanges, wallets and of the total.

    Args:
        scores: Rows of detection.netflow_scores.
        settings: Budget, thresholds and minimum amounts.
        method: rank, trailing, robust or inclusive.
    """
    return _by_rank(scores, settings) if method == "rank" else _by_zscore(scores, settings, method)


def _by_rank(scores: pa.Table, settings: AnomalySettings) -> pa.Table:
    e_values = as_floats(scores["e_value"])
    budget = budgets(e_values, scores["rank_days"].to_numpy(), settings)
    rows = np.flatnonzero(np.nan_to_num(e_values, nan=np.inf) < budget)
    none = np.full(len(rows), np.nan)
    return _flagged(
        scores,
        rows,
        settings,
        centre=as_floats(scores["rank_median"])[rows],
        spread=none,
        zscore=none,
        method=pa.array(["rank"] * len(rows), pa.string()),
        window=settings.rank_level_days,
        threshold=budget[rows],
    )


def _by_zscore(scores: pa.Table, settings: AnomalySettings, method: str) -> pa.Table:
    limit = settings.threshold(method)
    zscore = as_floats(scores[f"z_{method}"])
    centre, spread = (
        as_floats(scores[name])
        for name in {"robust": ("robust_median", "robust_mad")}.get(method, (f"{method}_mean", f"{method}_std"))
    )
    is_high = np.abs(np.nan_to_num(zscore)) >= limit
    minimum = per_token(scores, settings.min_amount_by_token, settings.min_amount)
    is_known = scores["history_days"].to_numpy() >= settings.min_history_days
    moved = np.abs(as_floats(scores["netflow"]) - centre)
    is_flat = is_known & (spread == 0) & (moved >= minimum) & (method != "inclusive")
    rows = np.flatnonzero(is_high | is_flat)
    flat = is_flat[rows] & ~is_high[rows]
    return _flagged(
        scores,
        rows,
        settings,
        centre=centre[rows],
        spread=spread[rows],
        zscore=zscore[rows],
        method=pa.array(np.where(flat, "flat_baseline", method), pa.string()),
        window=settings.window_days,
        threshold=np.where(flat, minimum[rows], limit),
    )


def _flagged(
    scores: pa.Table,
    rows: Ints,
    settings: AnomalySettings,
    *,
    centre: Floats,
    spread: Floats,
    zscore: Floats,
    method: pa.Array,
    window: int,
    threshold: Floats,
) -> pa.Table:
    """The rows of detection.netflow_anomalies for the days chosen."""
    chosen = scores.take(pa.array(rows))
    known = ("block_date", "chain", "token_symbol", "token_address", "scope_type", "scope", "netflow")
    return pa.table(
        {
            **{name: chosen[name] for name in known},
            "e_value": chosen["e_value"],
            "baseline_mean": nullable(centre),
            "baseline_std": nullable(spread),
            "zscore": nullable(zscore),
            "robust_zscore": chosen["z_robust"],
            "method": method,
            "window_days": pa.array(np.full(len(rows), window, np.int32)),
            "threshold": pa.array(threshold),
            "direction": pa.array(np.where(as_floats(chosen["netflow"]) >= centre, "high", "low"), pa.string()),
            "severity": severities(as_floats(chosen["e_value"]), settings),
        }
    )


def _inclusive(
    netflow: Floats, place: np.ndarray, active: Flags, settings: AnomalySettings
) -> tuple[Floats, Floats, Floats]:
    rows = np.flatnonzero(active)
    series = (np.arange(len(place)) - place)[rows]
    starts = np.concatenate(([True], series[1:] != series[:-1]))[: len(rows)]
    window = baseline(netflow[rows], positions_in_series(starts), settings.window_days, include_self=True)
    is_known = window.count >= settings.inclusive_min_rows
    out = [np.full(len(netflow), np.nan) for _ in range(3)]
    out[0][rows] = zscores(netflow[rows], window.mean, window.std, is_known)
    out[1][rows] = np.where(is_known, window.mean, np.nan)
    out[2][rows] = np.where(is_known, window.std, np.nan)
    return out[0], out[1], out[2]


def first_rows(series: pa.Table) -> Flags:
    """True on each row whose series differs from that of the row before."""
    if len(series) == 0:
        return np.zeros(0, bool)
    starts = np.zeros(len(series), bool)
    starts[0] = True
    for name in ("scope_type", "scope", "chain", "token_symbol", "token_address"):
        if name in series.column_names:
            codes = (
                series[name].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
            )
            starts[1:] |= codes[1:] != codes[:-1]
    return starts


def as_floats(column: pa.ChunkedArray) -> Floats:
    """A numeric column as float64, NULL as NaN."""
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def nullable(values: Floats) -> pa.Array:
    """float64 with NaN as NULL."""
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def per_token(rows: pa.Table, amounts: dict[str, float], default: float) -> Floats:
    """An amount per row by its token symbol."""
    encoded = rows["token_symbol"].combine_chunks().dictionary_encode()
    values = [amounts.get(symbol, default) for symbol in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    chosen: Floats = np.asarray([*values, default], dtype=np.float64)[codes]
    return chosen
