"""The second engine on one worker and on two, beside the first one: `make bench-spark`.

A generated world goes through `netraflow analyze` under each; the steps are timed by what the command says. Every table
must have the same content hash under all of them. Other sizes: `make bench-spark ARGS="--transfers 1000000"`; other
places: `--masters local[2] spark://HOST:7077`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from flow_pipeline.settings import load_settings

STEPS = {"build the marts": "models", "detect typologies": "typologies"}
"""What the command says when it begins what Spark does, and its name here."""
MASTERS = ("local-cluster[1,1,2048]", "local-cluster[2,1,2048]")


def analyze(data: Path, world: Path, more: dict[str, str]) -> dict[str, float]:
    """Seconds of each of the steps, and of all."""
    words = ["analyze", str(world / "transfers"), "--labels", str(world / "labels.csv"), "--data-dir", str(data)]
    process = subprocess.Popen(
        [sys.executable, "-m", "flow_pipeline", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NETRAFLOW_REPORTS__EACH_RUN": "false", **more},
    )
    assert process.stderr is not None
    started = began = time.perf_counter()
    found, step, said = {}, "", []
    for line in process.stderr:
        said.append(line)
        if not line.startswith("netraflow: ["):
            continue
        now = time.perf_counter()
        if step:
            found[step] = now - began
        began, step = now, STEPS.get(line.split("] ", 1)[1].strip(), "")
    if process.wait():
        raise SystemExit("".join(said[-20:]))
    return {**found, "all": time.perf_counter() - started}


def hashes(data: Path) -> dict[str, str]:
    """Content hash of every table that was published."""
    with duckdb.connect(str(load_settings(data).published_link.resolve()), read_only=True) as connection:
        last = "select max(run_id) from ops.publications"
        query = f"select table_name, content_hash from ops.publications where run_id = ({last})"
        return dict(connection.execute(query).fetchall())


def main() -> None:
    """Print a line for each place and step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transfers", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--masters", nargs="+", default=MASTERS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        size = ["--transfers", str(given.transfers), "--days", str(given.days)]
        subprocess.run(
            [sys.executable, "-m", "flow_pipeline", "generate", *size, "--seed", "11", "--out", str(world)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        places = {"duckdb": {}} | {
            master: {"NETRAFLOW_ENGINE": "spark", "NETRAFLOW_SPARK__MASTER": master} for master in given.masters
        }
        first: dict[str, float] = {}
        for number, (name, more) in enumerate(places.items()):
            data = Path(folder) / f"data-{number}"
            took = analyze(data, world, more)
            same = hashes(data) == hashes(Path(folder) / "data-0")
            first = took if number == 1 else first
            for step, seconds in took.items():
                beside = f" = {first[step] / seconds:.2f} x of the first place" if number > 1 else ""
                print(f"{name:26} {step:12} {seconds:8.1f} s{beside}", flush=True)
            print(f"{name:26} tables       {'the same' if same else 'OTHERS'}", flush=True)


if __name__ == "__main__":
    main()
