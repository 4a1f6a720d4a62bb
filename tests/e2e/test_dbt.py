"""dbt on a real build file: its own unit tests, and the parsed project that data directories share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse import dbt
from flow_pipeline.warehouse.column_lineage import column_lineage
from tests.conftest import U, V, ask, build, transfer, write_csv


def test_unit_tests_of_the_models_pass(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    build(settings, tmp_path / "in")
    done = dbt.invoke(settings, ["test", "--select", "test_type:unit"])
    assert {str(result.status) for result in done.results} == {"pass"}
    assert len(done.results) == 8


def test_a_parsed_project_is_shared_until_the_project_changes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Path(shutil.copytree(dbt.PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")))
    monkeypatch.setattr(dbt, "PROJECT", project)
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])

    def kept(data: Settings) -> set[str]:
        build(data, tmp_path / "in")
        assert ask(data, "SELECT count(*) FROM marts.fct_transfers", is_build=True) == [(1,)]
        return {path.name for path in (project / "target").iterdir()}

    (first,) = kept(settings)
    parsed = (project / "target" / first).stat().st_mtime_ns
    assert kept(load_settings(tmp_path / "other")) == {first}
    assert (project / "target" / first).stat().st_mtime_ns == parsed
    both = kept(load_settings(tmp_path / "third").with_changes(destinations={"top_n": 7}))
    assert len(both) == 2
    assert first in both
    model = project / "models" / "marts" / "core" / "dim_tokens.sql"
    model.write_text(model.read_text() + "\n-- changed\n")
    assert not both & kept(load_settings(tmp_path / "fourth"))


def test_a_project_that_can_not_be_written_to_is_parsed_each_time(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Path(shutil.copytree(dbt.PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")))
    monkeypatch.setattr(dbt, "PROJECT", project)
    (project / "target").write_text("a file where a folder should be")
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    build(settings, tmp_path / "in")
    assert ask(settings, "SELECT count(*) FROM marts.fct_transfers", is_build=True) == [(1,)]


def test_columns_know_what_they_are_made_of(settings: Settings) -> None:
    found = column_lineage(settings)
    made = {(relation, column) for relation, columns in found.items() for column in columns}
    of_models = {(f"{m['schema']}.{m['name']}", c["name"]) for m in dbt.described_models() for c in m["columns"]}
    counts = ("transfer_count", "label_count", "sent_count", "received_count")
    assert {column for _, column in of_models - made} <= {*counts, "window_days", "is_destination", "is_out"}
    assert found["marts.fct_daily_netflow"]["netflow"] == [
        ["intermediate.int_flows__daily", name] for name in ("amount", "from_category", "to_category")
    ]
    assert found["raw.transfers"]["from_address"] == [["store.addresses", "address"]]
    kept = next(dbt.target_path(settings).glob("columns-*.json"))
    kept.write_text("{}")
    assert column_lineage(settings) == {}, "read once per version of the statements"
