"""Precision, recall, false alarms and cost of every typology, for its card: `make measure-cards`.

Writes docs/measured-typologies.json, below which no curve may fall (tests/e2e/test_curves.py). Cost is the search on
the prepared graph, compiled code warm, median of three.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flow_pipeline.detection.findings import run_typologies
from flow_pipeline.detection.graph import number_tokens, read_graph
from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import load, transform
from flow_pipeline.reports.truth import curves, score_findings
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.world import generate, write
from flow_pipeline.warehouse.store import open_build

SEEDS, TRANSFERS, LARGE = (5, 6), 20_000, 1_000_000
MEASURED = Path("docs") / "measured-typologies.json"
SHOWN = ("budget", "planted", "above", "precision", "recall", "recall_above", "wrong_per_1000", "wrong_itself_per_1000")


def world(transfers: int, seed: int, folder: Path) -> tuple[Settings, Path]:
    """A loaded world with its marts, and its truth file."""
    files = folder / f"world{seed}"
    write(generate(transfers, seed=seed), files)
    settings = load_settings(folder / f"data{seed}").with_changes(labels={"files": (files / "labels.csv",)})
    load(settings, files / "transfers", Window(), LoadOptions())
    transform(settings, Window())
    return settings, files / "typologies.json"


def measured_curves(folder: Path, seeds: Sequence[int] = SEEDS) -> dict[str, list[dict[str, Any]]]:
    """Per typology and for all together, figures per budget over the worlds of the seeds."""
    scores = []
    for seed in seeds:
        settings, truth = world(TRANSFERS, seed, folder)
        with open_build(settings) as connection:
            run_typologies(connection, settings)
            scores.append(score_findings(connection, settings, truth))
    return {
        name: [{key: _rounded(point[key]) for key in SHOWN} for point in points]
        for name, points in curves(scores).items()
    }


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)


def cost(folder: Path) -> tuple[dict[str, float], int, int | str]:
    """Seconds per million edges of each search, the edges it was measured on, and the cores."""
    settings, _ = world(LARGE, 11, folder)
    with open_build(settings) as connection:
        number_tokens(connection)
        graph = read_graph(connection)
    found = {}
    for detector, item in typologies().items():
        parameters, seconds = parameters_of(detector, settings.typologies), []
        for _ in range(4):
            started = time.perf_counter()
            item.find(graph, parameters, settings.typologies)
            seconds.append(time.perf_counter() - started)
        found[detector] = round(float(np.median(seconds[1:])) / graph.edge_count * 1e6, 4)
    return found, graph.edge_count, settings.warehouse.threads or "all"


def main() -> None:
    """Measure and write."""
    with tempfile.TemporaryDirectory(prefix="netraflow-cards-") as name:
        points, (seconds, edges, cores) = measured_curves(Path(name)), cost(Path(name))
    measured = {
        "world": f"generated worlds of {TRANSFERS:,} transfers with seeds {' and '.join(map(str, SEEDS))} "
        f"(docs/world.md) for precision and recall, {edges:,} edges of one world on {cores} cores for the cost.",
        "all": points.pop("all"),
        "typologies": {
            detector: {"curve": points[detector], "seconds_per_million": seconds[detector]}
            for detector in sorted(points)
        },
    }
    MEASURED.write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
