"""Cluster analysis through the whole pipeline: one row per entity and day, and JSON that SQL can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow_pipeline.detection import clusters
from flow_pipeline.settings import Settings, load_settings
from tests.conftest import ask, build, hashes, label_file, transfer, write_csv
from tests.worlds import address, rows_of

WORKED = [(0, "A", "B", 3), (100, "B", "C", 3), (200, "C", "A", 3), (300, "A", "D", 1)]


def labelled(settings: Settings, tmp_path: Path, names: str) -> Settings:
    rows = [
        ["ethereum", address(name), "Ring", "sanctioned", f"ring {name}", 1.0, "test", "2020-01-01", ""]
        for name in names
    ]
    return settings.with_changes(labels={"files": (label_file(tmp_path / "labels.csv", rows),)})


def test_the_worked_graph_of_a_cluster(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [*rows_of(WORKED), *rows_of([(50, "X", "Y", 9), (86_400, "A", "B", 1)])[0:1]])
    settings = labelled(settings, tmp_path, "ABC")
    build(settings, tmp_path / "in")
    (row,) = ask(
        settings,
        "SELECT * EXCLUDE (top_senders, top_receivers, bridges, temporal_profile, bursts, patterns) "
        "FROM detection.cluster_analysis",
    )
    assert row[4:11] == ("Ring", "sanctioned", 3, 4, 4, 4, 10.0)
    found = ask(
        settings,
        "SELECT round(density, 6), weak_components, strong_components, round(clustering, 6), out_degree_gini, "
        "round(flow_gini, 6), diameter, "
        "bridges->>'$[0].address', round((bridges->>'$[0].betweenness')::DOUBLE, 6), "
        "(top_senders->>'$[0].amount')::DOUBLE, "
        "(temporal_profile->'$.hours[0]')::INTEGER, patterns->>'$[0].typology', severity "
        "FROM detection.cluster_analysis",
    )
    assert found == [(0.333333, 1, 2, 0.583333, 0.375, 0.15, 2, address("A"), 0.5, 4.0, 4, "circular", "MEDIUM")]
    bursts = json.loads(str(ask(settings, "SELECT bursts FROM detection.cluster_analysis")[0][0]))
    assert [burst["hour"] for burst in bursts] == [0]


def test_a_transfer_between_two_entities_is_in_both_clusters(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", rows_of([(n, "A", "B", 1) for n in range(3)]))
    rows = [["ethereum", address(name), name, "fund", name, 1.0, "test", "2020-01-01", ""] for name in "AB"]
    settings = settings.with_changes(labels={"files": (label_file(tmp_path / "labels.csv", rows),)})
    build(settings, tmp_path / "in")
    assert ask(
        settings, "SELECT entity, transfer_count, edge_count, address_count FROM detection.cluster_analysis ORDER BY 1"
    ) == [
        ("A", 3, 1, 1),
        ("B", 3, 1, 1),
    ]


def test_day_by_day_and_cluster_by_cluster_is_all_at_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [
        [
            transfer(10 * day + n, address(a), address(b), 3, at=f"2025-05-{day:02d}T{n + 20}:50:00Z")
            for n, (_, a, b, _) in enumerate(WORKED)
        ]
        for day in (1, 2, 3)
    ]
    once, daily = (labelled(load_settings(tmp_path / name), tmp_path, "ABC") for name in ("once", "daily"))
    for number, rows in enumerate(days):
        write_csv(tmp_path / "in" / f"{number}.csv", rows)
        build(daily, tmp_path / "in")
    monkeypatch.setattr(clusters, "_ROWS_AT_ONCE", 1)
    build(once, tmp_path / "in")
    assert hashes(once)["detection.cluster_analysis"] == hashes(daily)["detection.cluster_analysis"]
    assert ask(once, "SELECT count(*) FROM detection.cluster_analysis") == [(3,)]
