"""Node-level precision, recall and F1 on AMLSim's labelled worlds, beside counting degrees: `make bench-amlsim`.

The files are read as an edge list without amounts' meaning: no amount band, no money threshold. AMLSim counts steps; a
step may be taken as a day or as an hour, and both are shown, because the definitions' windows are hours.
"""

from __future__ import annotations

import csv
import io
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import run
from flow_pipeline.settings import load_settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import REAL

WORLDS = {"20K_cycle200": "circular", "20K_fanin200": "fan_in"}


@dataclass(frozen=True)
class Score:
    """Node-level figures of one set of addresses."""

    found: int
    precision: float
    recall: float
    f1: float

    def __str__(self) -> str:
        return f"{self.found:6,} nodes   precision {self.precision:.3f}   recall {self.recall:.3f}   F1 {self.f1:.3f}"


def score(found: set[str], truth: set[str]) -> Score:
    """Precision, recall and F1 of a set of addresses."""
    hit = len(found & truth)
    precision, recall = hit / len(found) if found else 0.0, hit / len(truth)
    return Score(len(found), precision, recall, 2 * precision * recall / (precision + recall) if hit else 0.0)


def measure(
    archive: Path, typology: str, unit: str, parameters: dict[str, object], folder: Path
) -> dict[str, Score | int]:
    """Load one world, detect, compare with its nodes.csv.

    Returns:
        rows: transfers loaded; lines: rows in the file; all, focus, degree: scores of all addresses of the findings,
        of their focus, and of as many busiest addresses as there are bad ones.
    """
    with tarfile.open(archive) as files:
        members = {Path(name).name: name for name in files.getnames()}
        transactions, nodes = (files.extractfile(members[name]) for name in ("transactions.csv", "nodes.csv"))
        assert transactions
        assert nodes
        (folder / "in").mkdir(parents=True)
        content = transactions.read()
        (folder / "in" / "transactions.csv").write_bytes(content)
        truth = {row["nodeid"] for row in csv.DictReader(io.TextIOWrapper(nodes)) if row["isFraud"] == "1"}
    settings = load_settings(folder / "data").with_changes(
        sources={"time_unit": unit, "epoch": "2025-01-01", "chain": "simulated"},
        typologies={typology: parameters} if parameters else {},
    )
    run(settings, folder / "in", Window(), LoadOptions())
    with open_published(settings) as connection:

        def column(sql: str, *values: object) -> list[str]:
            return [row[0] for row in connection.execute(sql, list(values)).fetchall()]

        everyone = column(
            "SELECT DISTINCT address FROM detection.finding_addresses JOIN detection.findings USING (finding_id) "
            "WHERE typology = ?",
            typology,
        )
        focus = column(
            "SELECT DISTINCT focus_address FROM detection.findings WHERE typology = ? AND focus_address IS NOT NULL",
            typology,
        )
        ends = "SELECT from_address AS a FROM raw.transfers UNION ALL SELECT to_address FROM raw.transfers"
        busiest = column(f"SELECT a FROM ({ends}) GROUP BY a ORDER BY count(*) DESC, a LIMIT ?", len(truth))
        rows = connection.execute("SELECT count(*) FROM raw.transfers").fetchone()
    scores = {
        name: score(set(found), truth) for name, found in (("all", everyone), ("focus", focus), ("degree", busiest))
    }
    return {"rows": rows[0] if rows else 0, "lines": content.count(b"\n") - 1, **scores}


def main() -> None:
    """Measure and print."""
    longer: dict[str, tuple[dict[str, object], ...]] = {
        "circular": ({}, {"span_hours": 240}, {"span_hours": 720}),
        "fan_in": ({}, {"window_hours": 72}, {"window_hours": 240}),
    }
    for world, typology in WORLDS.items():
        for unit in ("day", "hour"):
            for parameters in longer[typology]:
                with tempfile.TemporaryDirectory(prefix="netraflow-amlsim-") as name:
                    found = measure(REAL / "amlsim_ibm" / f"{world}.tgz", typology, unit, parameters, Path(name))
                print(
                    f"{world}, a step is one {unit}, {typology} {parameters or 'as it is'}, {found['rows']:,} transfers"
                )
                for key, says in (
                    ("all", "all addresses of findings"),
                    ("focus", "their focus"),
                    ("degree", "busiest addresses"),
                ):
                    if key != "focus" or typology == "fan_in":
                        print(f"  {says:26} {found[key]}", flush=True)


if __name__ == "__main__":
    main()
