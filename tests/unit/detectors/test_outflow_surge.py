"""Outflow surges: by amount, by score, both or neither."""

from __future__ import annotations

import pytest

from flow_pipeline.detectors import outflow_surge
from flow_pipeline.settings import AnomalySettings
from tests.unit.detectors.small import series


def test_outflow_surge_by_amount_by_score_and_neither() -> None:
    quiet = [10.0, 12, 8, 10, 11, 9, 10]
    table = series([0] * 8, outflow=[*quiet, 200.0], symbol="ETH").drop_columns(
        ["scope_type", "netflow", "inflow", "is_active"]
    )
    surge = outflow_surge.detect(table, AnomalySettings())["outflow_surges"].to_pylist()
    assert [(row["rule"], row["excess"]) for row in surge] == [("both", pytest.approx(190))]
    flat = series([0] * 8, outflow=[10.0] * 7 + [110.0], symbol="ETH").drop_columns(
        ["scope_type", "netflow", "inflow", "is_active"]
    )
    assert [
        (row["rule"], row["zscore"])
        for row in outflow_surge.detect(flat, AnomalySettings())["outflow_surges"].to_pylist()
    ] == [("amount", None)]
    below = series([0] * 8, outflow=[10.0] * 7 + [109.99], symbol="ETH").drop_columns(
        ["scope_type", "netflow", "inflow", "is_active"]
    )
    assert outflow_surge.detect(below, AnomalySettings())["outflow_surges"].num_rows == 0
