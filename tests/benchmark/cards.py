"""Precision, recall and cost of every typology, for its card: `make measure-cards`.

Writes docs/measured-typologies.json. Cost is the search on the prepared graph, compiled code warm, median of three.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from flow_pipeline.detection.graph import number_tokens, read_graph
from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import run
from flow_pipeline.reports.truth import score_typologies
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.world import generate, write
from flow_pipeline.warehouse.store import open_build

SEEDS, TRANSFERS, LARGE = (5, 6), 30_000, 1_000_000


def world(transfers: int, seed: int, folder: Path) -> tuple[Settings, Path]:
    """A built world, and its truth file."""
    files = folder / f"world{seed}"
    write(generate(transfers, seed=seed), files)
    settings = load_settings(folder / f"data{seed}").with_changes(labels={"files": (files / "labels.csv",)})
    run(settings, files / "transfers", Window(), LoadOptions())
    return settings, files / "typologies.json"


def main() -> None:
    """Measure and write."""
    totals: dict[str, dict[str, float]] = {name: {"planted": 0, "found": 0, "right": 0} for name in typologies()}
    with tempfile.TemporaryDirectory(prefix="netraflow-cards-") as name:
        for seed in SEEDS:
            for score in score_typologies(*world(TRANSFERS, seed, Path(name))):
                for key, value in totals[score["typology"]].items():
                    totals[score["typology"]][key] = value + score[key]
        settings, _ = world(LARGE, 11, Path(name))
        with open_build(settings) as connection:
            number_tokens(connection)
            graph = read_graph(connection)
        cost = {}
        for detector, item in typologies().items():
            parameters, seconds = parameters_of(detector, settings.typologies), []
            for _ in range(4):
                started = time.perf_counter()
                item.find(graph, parameters, settings.typologies)
                seconds.append(time.perf_counter() - started)
            cost[detector] = float(np.median(seconds[1:])) / graph.edge_count * 1e6
    measured: dict[str, Any] = {
        "world": f"generated worlds of {TRANSFERS:,} transfers with seeds {' and '.join(map(str, SEEDS))} "
        "for precision and recall, "
        f"{graph.edge_count:,} edges of one world on {settings.warehouse.threads or 'all'} cores for the cost.",
        "typologies": {
            detector: {
                "planted": found["planted"],
                "precision": found["right"] / found["found"] if found["planted"] and found["found"] else None,
                "recall": found["right"] / found["planted"] if found["planted"] else None,
                "seconds_per_million": round(cost[detector], 4),
            }
            for detector, found in sorted(totals.items())
        },
    }
    Path("docs/measured-typologies.json").write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
