"""The second engine is the first one's equal: every table, by content hash, on a real Spark."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from flow_pipeline.domain.windows import Window
from flow_pipeline.engines.session import stop
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.world import generate, write
from tests.conftest import ROOT, build, hashes
from tests.worlds import environment

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    # Spark's sockets to the JVM are closed with the process.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java on this machine"),
]
DAYS = 21
LAST = date(2025, 3, 1) + timedelta(days=DAYS - 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write(generate(1_500, seed=5, days=DAYS), folder)
    return folder


@pytest.fixture
def settings(world: Path, tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "data").with_changes(labels={"files": (world / "labels.csv",)})


@pytest.fixture
def on_spark(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    values = {**settings.model_dump(), "engine": "spark", "data_dir": tmp_path / "spark-data"}
    yield Settings(**values).with_changes(spark={"master": "local[2]"})
    stop()


def test_every_table_is_that_of_the_first_engine_for_all_days_and_for_one_more(
    on_spark: Settings, settings: Settings, world: Path
) -> None:
    for window in (Window(None, LAST - timedelta(days=1)), Window(LAST, LAST)):
        for made in (settings, on_spark):
            build(made, world / "transfers", window)
        assert hashes(on_spark) == hashes(settings), window


def test_a_lost_worker_changes_nothing(settings: Settings, world: Path, tmp_path: Path) -> None:
    data = tmp_path / "cluster-data"
    words = ["--data-dir", data, "analyze", world / "transfers", "--labels", world / "labels.csv"]
    process = subprocess.Popen(
        [sys.executable, "-m", "flow_pipeline", *map(str, words)],
        cwd=ROOT,
        env=environment(
            NETRAFLOW_ENGINE="spark",
            NETRAFLOW_SPARK__MASTER="local-cluster[2,1,1024]",
            NETRAFLOW_SPARK__EXECUTOR_MEMORY="1g",
            NETRAFLOW_REPORTS__EACH_RUN="false",
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed = 0
    try:
        while process.poll() is None:
            workers = executors_of(process.pid)
            if not killed and len(workers) > 1 and (data / "lake" / "work" / "search").exists():
                os.kill(workers[0], signal.SIGKILL)
                killed += 1
            time.sleep(0.2)
        err = process.communicate()[1]
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert killed == 1
    build(settings, world / "transfers")
    found = load_settings(data)
    assert hashes(found) == hashes(settings)


def executors_of(parent: int) -> list[int]:
    """Processes of Java below a process that run tasks."""
    found, below = [], [parent]
    while below:
        above = below.pop()
        for child in Path(f"/proc/{above}/task/{above}/children").read_text().split():
            below.append(int(child))
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"CoarseGrainedExecutorBackend" in command:
                found.append(int(child))
    return found
