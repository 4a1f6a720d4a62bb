"""Settings: defaults, overrides, and refusals that name the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.settings import load_settings


def test_environment_overrides_file_and_file_overrides_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netraflow.toml"
    file.write_text('data_dir = "from_file"\n[anomalies]\nwindow_days = 14\nmin_history_days = 5\n')
    monkeypatch.setenv("NETRAFLOW_ANOMALIES__WINDOW_DAYS", "21")
    found = load_settings(file=file)
    assert (found.anomalies.window_days, found.anomalies.min_history_days, found.anomalies.top_k) == (21, 5, 10)
    assert found.data_dir == Path("from_file")
    assert load_settings(tmp_path, file).data_dir == tmp_path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[anomalies]\nwindw = 3", "anomalies.windw"),
        ("[nothing]\nx = 1", "nothing"),
        ("[anomalies]\ninclusive_threshold = 2.5", "inclusive_threshold 2.5 can never fire"),
        ("[anomalies]\nalarms_per_year = 365", "alarms_per_year 365 flags every day that moves"),
        (
            "[anomalies]\nwindow_days = 40\nmin_history_days = 29",
            "min_history_days 29 can never be met inside rank_level_days 28",
        ),
        ("[anomalies]\nhigh_ratio = 2", "anomalies.high_ratio"),
        ("[anomalies]\nmin_history_days = 9", "min_history_days 9 can never be met"),
        ("[anomalies]\nwindow_days = 1", "anomalies.window_days"),
        ("[sources]\nvalue_unit = 'wei'", "sources.value_unit"),
        ("[regions]\nhome = ['Indonesia']", "regions.home"),
        ("[warehouse]\nmemory_limit = 'lots'", "warehouse.memory_limit: 'lots' is not an amount of bytes"),
        (
            "[warehouse]\ncheckpoint_threshold = '0MB'",
            "warehouse.checkpoint_threshold: '0MB' is not an amount of bytes",
        ),
        ("not toml", "not valid TOML"),
    ],
)
def test_bad_settings_are_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "netraflow.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as refusal:
        load_settings(file=file)
    assert named in refusal.value.message
    assert refusal.value.exit_code == 2


def test_unknown_environment_variables_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRAFLOW_ANOMALIES__WINDW", "3")
    with pytest.raises(UsageError, match="NETRAFLOW_ANOMALIES__WINDW"):
        load_settings()


def test_a_list_in_the_environment_that_is_no_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRAFLOW_LABELS__FILES", "a.csv")
    with pytest.raises(UsageError, match=r"bad settings in the environment: .*labels") as refusal:
        load_settings()
    assert "as JSON" in refusal.value.hint


def test_a_longer_window_admits_a_higher_inclusive_threshold() -> None:
    assert (
        load_settings()
        .with_changes(anomalies={"window_days": 10, "inclusive_threshold": 3.0})
        .anomalies.inclusive_threshold
        == 3.0
    )
