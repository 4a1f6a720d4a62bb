"""What daily detectors share: their parameters, and the rows of `detection.daily_findings`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from flow_pipeline.detectors import discover
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.vocabulary import TOTAL_SCOPE
from flow_pipeline.settings import AnomalySettings

FINDINGS = "daily_findings"
"""Key of the union table in what a detector returns."""
_SERIES = ("block_date", "chain", "token_symbol", "token_address", "scope")
_MEASURED = ("baseline_mean", "baseline_std", "zscore", "threshold")


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


def daily_findings(flagged: pa.Table, measure: str) -> pa.Table:
    """The rows of `detection.daily_findings` for the days that a detector flagged.

    Args:
        flagged: Columns of the series, scope, the measure, baseline_mean, baseline_std, zscore, threshold, direction
            and severity.
        measure: Name of the column that was judged.
    """
    value = flagged[measure].cast(pa.float64())
    known = flagged.select([*_SERIES, *_MEASURED, "direction", "severity"])
    reasons = [_reason(row, measure, amount) for row, amount in zip(known.to_pylist(), value.to_pylist(), strict=True)]
    known = known.append_column("measure", pa.array([measure] * len(flagged), pa.string()))
    return known.append_column("value", value).append_column("reason", pa.array(reasons, pa.string()))


def _reason(row: dict[str, Any], measure: str, value: float) -> str:
    # Typologies bring compiled kernels along, which questions about netflow can do without.
    from flow_pipeline.detectors.typology import units

    token = row["token_symbol"] or row["token_address"]
    whose = "all exchanges" if row["scope"] == TOTAL_SCOPE else row["scope"]
    text = f"{measure} of {whose} on {row['block_date']} is {units(value, token)}"
    if row["baseline_mean"] is not None:
        away = value - row["baseline_mean"]
        text += f", {units(abs(away), token)} {'above' if away >= 0 else 'below'} its baseline"
    return text + (f", z {row['zscore']:+.2f}" if row["zscore"] is not None else "") + "."
