"""The worked numbers of the netflow anomaly definitions."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from flow_pipeline.detectors import netflow_anomaly
from flow_pipeline.detectors.rolling import positions_in_series
from flow_pipeline.settings import AnomalySettings
from tests.unit.detectors.small import WORKED, series


def scores(values: list[float], **more: object) -> dict[str, list[float | None]]:
    found = netflow_anomaly.detect(series(values, **more), AnomalySettings(min_history_days=3))  # type: ignore[arg-type]
    return found["netflow_scores"].to_pydict()


def test_worked_series_gives_the_documented_scores() -> None:
    found = scores(WORKED)
    assert found["z_inclusive"][6] == pytest.approx(2.4077, abs=5e-5)
    assert found["z_inclusive"][9] == pytest.approx(-2.0910, abs=5e-5)
    assert found["z_trailing"][6] == pytest.approx(14.1421, abs=5e-5)
    assert (found["trailing_mean"][6], found["trailing_std"][6]) == (pytest.approx(0), pytest.approx(14.1421, abs=5e-5))
    assert found["z_trailing"][9] == pytest.approx(-4.6554, abs=5e-5)
    assert (found["trailing_mean"][9], found["trailing_std"][9]) == (
        pytest.approx(29.2857, abs=5e-5),
        pytest.approx(70.7323, abs=5e-5),
    )
    assert found["z_robust"][6] == pytest.approx(13.4900, abs=5e-5)
    assert found["z_robust"][9] == pytest.approx(-13.7148, abs=5e-5)


def test_a_day_without_history_has_no_score() -> None:
    found = netflow_anomaly.detect(series(WORKED), AnomalySettings())["netflow_scores"].to_pydict()
    assert found["z_trailing"][:7] == [None] * 7
    assert found["z_trailing"][7] is not None


def test_inclusive_scores_stand_on_active_days_only_and_count_active_rows() -> None:
    active = [True, False, True, True, False, True]
    found = scores([10, 0, -5, 20, 0, 7], active=active)
    assert [value is not None for value in found["z_inclusive"]] == [False, False, False, True, False, True]
    window = np.array([10, -5, 20, 7])
    assert found["z_inclusive"][5] == pytest.approx((7 - window.mean()) / window.std())


def test_a_flat_baseline_is_flagged_by_amount_and_has_no_score() -> None:
    settings = AnomalySettings(method="trailing", min_amount=10)
    flagged = netflow_anomaly.detect(series([0.1] * 8 + [0.3, 50.0]), settings)["netflow_anomalies"].to_pylist()
    assert [(row["block_date"].day, row["method"], row["zscore"]) for row in flagged] == [
        (10, "trailing", pytest.approx(flagged[0]["zscore"]))
    ]
    flagged = netflow_anomaly.detect(series([0.1] * 8 + [50.0]), settings)["netflow_anomalies"].to_pylist()
    assert [(row["method"], row["zscore"], row["baseline_std"], row["direction"]) for row in flagged] == [
        ("flat_baseline", None, 0.0, "high")
    ]
    assert netflow_anomaly.detect(series([0.1] * 8 + [5.0]), settings)["netflow_anomalies"].num_rows == 0


def test_series_never_reach_into_one_another() -> None:
    both = pa.concat_tables([series(WORKED, "A"), series(WORKED, "B")])
    found = netflow_anomaly.detect(both, AnomalySettings(min_history_days=3))["netflow_scores"].to_pydict()
    assert found["z_trailing"][:10] == found["z_trailing"][10:]
    assert positions_in_series(netflow_anomaly.first_rows(both)).tolist() == [*range(10), *range(10)]


RARE = [0.0] * 7 + [16, -8, 4, -2, 1, 0, 0, -1_000_000, 3]
"""Day 15 moves 62,500 times as far as any day before."""


def test_a_rare_day_is_flagged_with_its_e_value_and_says_how_rare() -> None:
    found = netflow_anomaly.detect(series(RARE), AnomalySettings())
    (row,) = found["netflow_anomalies"].to_pylist()
    # n = 7, of which five above 0: k = 4, u = 1, so that alpha = 3 / ln(16 * 8 * 4 * 2).
    expected = 365 / 8 * (16 / 1_000_000) ** (3 / (10 * math.log(2)))
    assert row["e_value"] == pytest.approx(expected)
    assert row["e_value"] == pytest.approx(0.3828, abs=5e-4)
    assert (row["block_date"].day, row["direction"], row["severity"]) == (15, "low", "MEDIUM")
    assert (row["method"], row["threshold"], row["zscore"], row["baseline_mean"]) == ("rank", 1.0, None, 0.0)
    (said,) = found["daily_findings"]["reason"].to_pylist()
    assert said == (
        "netflow of all exchanges on 2025-01-15 is -1,000,000 XYZ, 1,000,000 XYZ below its baseline, "
        "a size seen 0.38 times a year in this series."
    )
    assert found["netflow_scores"]["e_value"].to_pylist()[14] == row["e_value"]


def test_severity_follows_the_share_of_the_budget() -> None:
    for amount, severity in ((1e7, "MEDIUM"), (1e9, "HIGH"), (1e12, "CRITICAL")):
        found = netflow_anomaly.detect(series([*RARE[:14], amount]), AnomalySettings())["netflow_anomalies"]
        assert [(row["direction"], row["severity"]) for row in found.to_pylist()] == [("high", severity)]


def test_wallets_are_flagged_too() -> None:
    table = series([*RARE[:14], -1e7], "0xabc")
    wallets = table.set_column(4, "scope_type", pa.array(["wallet"] * len(table)))
    flagged = netflow_anomaly.detect(wallets, AnomalySettings())["netflow_anomalies"].to_pylist()
    assert [(row["scope_type"], row["scope"]) for row in flagged] == [("wallet", "0xabc")]


def test_empty_series_give_empty_tables() -> None:
    assert all(table.num_rows == 0 for table in netflow_anomaly.detect(series([]), AnomalySettings()).values())


def test_inclusive_scores_keep_the_bound_of_their_window() -> None:
    rng = np.random.default_rng(3)
    values = rng.standard_cauchy(500).tolist()
    found = [abs(z) for z in scores(values)["z_inclusive"] if z is not None]
    assert max(found) <= math.sqrt(6) + 1e-12
