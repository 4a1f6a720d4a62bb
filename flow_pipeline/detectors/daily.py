"""What daily detectors share: their parameters, and the rows of `detection.daily_findings`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from flow_pipeline.detectors import discover
from flow_pipeline.detectors.rolling import Floats, Ints
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.vocabulary import TOTAL_SCOPE
from flow_pipeline.settings import DAYS_PER_YEAR, AnomalySettings

FINDINGS = "daily_findings"
"""Key of the union table in what a detector returns."""
_SERIES = ("block_date", "chain", "token_symbol", "token_address", "scope")
_MEASURED = ("baseline_mean", "baseline_std", "zscore", "e_value", "threshold")
_NONE_IN_WORDS = 0.001
"""Rates below it are said as `under 0.001`: a tail fitted on ten days knows no finer ones."""


def parameters_of(name: str, settings: AnomalySettings) -> Any:
    """The parameters of a daily detector under the settings in force; None for one that has none.

    Raises:
        UsageError: an unknown key or an impossible value.
    """
    declared = getattr(discover()[name], "Parameters", None)
    given = (settings.model_extra or {}).get(name, {})
    if declared is None:
        if given:
            raise UsageError(f"anomalies.{name} has no parameters of its own", "see `netraflow settings --explain`")
        return None
    try:
        return declared(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(["anomalies", name, *map(str, first["loc"])])
        says = "there is no such setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(f"{key}: {says.removeprefix('Value error, ')}", "see `netraflow settings --explain`") from None


def check_parameters(settings: AnomalySettings) -> None:
    """Refuse sections of daily detectors that do not exist, and impossible ones of those that do.

    Raises:
        UsageError: names the key.
    """
    for name in settings.model_extra or {}:
        if name not in discover():
            raise UsageError(
                f"anomalies.{name} is not a setting",
                f"daily detectors are {', '.join(sorted(discover()))}; see `netraflow settings --explain`",
            )
    for name in discover():
        parameters_of(name, settings)


def budgets(e_values: Floats, history: Ints, settings: AnomalySettings) -> Floats:
    """The E under which each day is anomalous: `alarms_per_year`, and what the history allows where that is more.

    A record can fall under every budget, because the tail of the days before goes on beyond them. Where nothing has
    moved in a full history there is no tail: the first day that moves has E = 365 / (n + 1) and no less. The budget of
    such a day is 365 / n, or a series that is still for years could never be flagged under a small budget.

    Args:
        e_values: E of each day.
        history: Days it was ranked among.
        settings: Budget and length of a full history.
    """
    days = settings.rank_history_days
    least = DAYS_PER_YEAR / (days + 1)
    is_first_move = (history == days) & (e_values >= least) & (e_values < 2 * least)
    raised = max(settings.alarms_per_year, DAYS_PER_YEAR / days)
    return np.where(is_first_move, raised, settings.alarms_per_year)


def short_history(days: int | None, settings: AnomalySettings) -> str | None:
    """What a history asks of an anomalous day while it is too short for the budget; None when it is long enough.

    Args:
        days: Days that the series with the longest history was ranked among; None without any.
        settings: Budget and method.
    """
    # A record has E = 365 / (days + 1) times at least (largest / record)^3: no tail is taken as steeper.
    too_often = DAYS_PER_YEAR / ((days or 0) + 1) / settings.alarms_per_year
    if days is None or settings.method != "rank" or too_often < 1 or days >= settings.rank_history_days:
        return None
    return (
        f"netflow is compared with {days} days at most: for {settings.alarms_per_year:g} alarms per series and year a "
        f"day must move at least {too_often ** (1 / 3):.2g} times as far as any day before"
    )


def severities(e_values: Floats, settings: AnomalySettings) -> pa.Array:
    """CRITICAL under a hundredth of `alarms_per_year`, HIGH under a tenth of it, else MEDIUM."""
    share = np.nan_to_num(e_values, nan=np.inf) / settings.alarms_per_year
    return pa.array(np.select([share < 0.01, share < 0.1], ["CRITICAL", "HIGH"], "MEDIUM"), pa.string())


def budget_within(e_values: Floats, weeks: Ints, per_week: int, most: float) -> float:
    """The budget B with which, in each of the weeks given, at most `per_week` days of all series have E < B.

    Args:
        e_values: E of each day of each series that may be told; NaN where it has none.
        weeks: Number of the week of each day; a week without days is a quiet one.
        per_week: Days that may be told in a week.
        most: The budget where the days allow more: `anomalies.alarms_per_year`.

    Returns:
        The largest such budget up to `most`. Days of equal E are told together or not at all.
    """
    order = np.lexsort((e_values, weeks))
    week, value = weeks[order], e_values[order]
    starts = np.flatnonzero(np.concatenate(([True], week[1:] != week[:-1]))[: len(week)])
    one_too_many = starts + per_week
    is_full = one_too_many < np.append(starts[1:], len(week))
    return float(np.nanmin([most, *value[one_too_many[is_full]]]))


def daily_findings(flagged: pa.Table, measure: str) -> pa.Table:
    """The rows of `detection.daily_findings` for the days that a detector flagged.

    Args:
        flagged: Columns of the series, scope, the measure, threshold, direction and severity; baseline_mean,
            baseline_std, zscore and e_value where the detector has them.
        measure: Name of the column that was judged.
    """
    for name in _MEASURED:
        if name not in flagged.column_names:
            flagged = flagged.append_column(name, pa.nulls(len(flagged), pa.float64()))
    value = flagged[measure].cast(pa.float64())
    known = flagged.select([*_SERIES, *_MEASURED, "direction", "severity"])
    reasons = [_reason(row, measure, amount) for row, amount in zip(known.to_pylist(), value.to_pylist(), strict=True)]
    known = known.append_column("measure", pa.array([measure] * len(flagged), pa.string()))
    return known.append_column("value", value).append_column("reason", pa.array(reasons, pa.string()))


def how_often(e_value: float) -> str:
    """A rate per year in words."""
    if e_value < _NONE_IN_WORDS:
        return f"under {_NONE_IN_WORDS:g} times a year"
    shown = f"{e_value:.2g}" if e_value < 10 else f"{e_value:.0f}"
    return "once a year" if shown == "1" else f"{shown} times a year"


def _reason(row: dict[str, Any], measure: str, value: float) -> str:
    # Typologies bring compiled kernels along, which questions about netflow can do without.
    from flow_pipeline.detectors.typology import units

    token = row["token_symbol"] or row["token_address"]
    whose = "all exchanges" if row["scope"] == TOTAL_SCOPE else row["scope"]
    sign = "+" if measure == "netflow" and value > 0 else ""
    text = f"{measure} of {whose} on {row['block_date']} is {sign}{units(value, token)}"
    if row["baseline_mean"] is not None:
        away = value - row["baseline_mean"]
        text += f", {units(abs(away), token)} {'above' if away >= 0 else 'below'} its baseline"
    if row["zscore"] is not None:
        text += f", z {row['zscore']:+.2f}"
    if row["e_value"] is not None:
        text += f", a size seen {how_often(row['e_value'])} in this series"
    return text + "."
