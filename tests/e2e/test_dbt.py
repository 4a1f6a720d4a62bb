"""dbt's own unit tests, on a real build file."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.settings import Settings
from flow_pipeline.warehouse import dbt
from tests.conftest import U, V, build, transfer, write_csv


def test_unit_tests_of_the_models_pass(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    build(settings, tmp_path / "in")
    done = dbt.invoke(settings, ["test", "--select", "test_type:unit"])
    assert {str(result.status) for result in done.results} == {"pass"}
    assert len(done.results) == 3
