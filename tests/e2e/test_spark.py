"""The second engine is the first one's equal: every table, by content hash, on a real Spark."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from flow_pipeline.domain.windows import Window
from flow_pipeline.engines.session import stop
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.world import generate, write
from tests.conftest import REAL, ROOT, build, hashes
from tests.e2e.test_dagster import run_job
from tests.servers import free_port
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
OPTIONS = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:MetaspaceSize=256m"}
"""A session of minutes pays more for compiling well than it gains by it."""
SAMPLE = ROOT / "data" / "sample"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write(generate(1_500, seed=5, days=DAYS), folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def one_session() -> Iterator[None]:
    """Whoever asks for a session is given the one that stands."""
    yield
    stop()


@pytest.fixture
def on_spark(tmp_path: Path) -> Callable[[Settings], Settings]:
    """The same settings for the second engine and another data directory."""

    def changed(settings: Settings) -> Settings:
        values = {**settings.model_dump(), "engine": "spark", "data_dir": tmp_path / "spark-data"}
        return Settings(**values).with_changes(spark={"master": "local[2]", "partitions": 2, "options": OPTIONS})

    return changed


def test_every_table_is_that_of_the_first_engine_for_all_days_and_for_one_more(
    on_spark: Callable[[Settings], Settings], settings: Settings, world: Path
) -> None:
    settings = settings.with_changes(labels={"files": (world / "labels.csv",)})
    # Four stretches of all days, searched beside one another.
    there = on_spark(settings).with_changes(spark={"stretch_days": 6})
    for window in (Window(None, LAST - timedelta(days=1)), Window(LAST, LAST)):
        for made in (settings, there):
            build(made, world / "transfers", window)
        assert hashes(there) == hashes(settings), window


def test_the_sample_is_the_same_on_both(on_spark: Callable[[Settings], Settings], settings: Settings) -> None:
    settings = settings.with_changes(
        labels={"files": (SAMPLE / "labels.csv",)}, sources={"prices": (str(SAMPLE / "prices.csv"),)}
    )
    there = on_spark(settings)
    for made in (settings, there):
        build(made, SAMPLE / "transfers")
    assert hashes(there) == hashes(settings)


@pytest.mark.real
@pytest.mark.parametrize("folder", ["lpt_study/raw", "bridge_polygon", "eth_raphtory"])
def test_real_transfers_are_the_same_on_both(
    folder: str, on_spark: Callable[[Settings], Settings], settings: Settings
) -> None:
    if not REAL.is_dir():
        pytest.skip(f"no real data at {REAL}")
    there = on_spark(settings)
    for made in (settings, there):
        build(made, REAL / folder)
    assert hashes(there) == hashes(settings)


def test_dagster_builds_on_it(settings: Settings, world: Path, tmp_path: Path) -> None:
    data = tmp_path / "job-data"
    shutil.copytree(world / "transfers", data / "inbox")
    found = run_job(
        data,
        str(LAST - timedelta(days=DAYS - 1)),
        str(LAST),
        NETRAFLOW_ENGINE="spark",
        NETRAFLOW_SPARK__MASTER="local[2]",
        NETRAFLOW_SPARK__PARTITIONS="2",
        NETRAFLOW_LABELS__FILES=f'["{world / "labels.csv"}"]',
    )
    assert found["success"] is True
    assert {"marts/fct_daily_netflow", "intermediate/int_flows__daily"} <= set(found["assets"])
    assert found["checks"]["unique_grain_dim_tokens_chain__token_address__token_symbol"] is True
    settings = settings.with_changes(labels={"files": (world / "labels.csv",)})
    build(settings, world / "transfers")
    assert hashes(load_settings(data)) == hashes(settings)


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
    settings = settings.with_changes(labels={"files": (world / "labels.csv",)})
    build(settings, world / "transfers")
    assert hashes(load_settings(data)) == hashes(settings)


def test_a_server_of_spark_connect_gives_the_same(settings: Settings, world: Path, tmp_path: Path) -> None:
    data, port = tmp_path / "connect-data", free_port()
    with connect_server(port, tmp_path / "server.log"):
        words = ["--data-dir", data, "analyze", world / "transfers", "--labels", world / "labels.csv"]
        place = {"NETRAFLOW_ENGINE": "spark", "NETRAFLOW_SPARK__MASTER": f"sc://127.0.0.1:{port}"}
        done = subprocess.run(
            [sys.executable, "-m", "flow_pipeline", *map(str, words)],
            cwd=ROOT,
            env=environment(**place),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    settings = settings.with_changes(labels={"files": (world / "labels.csv",)})
    build(settings, world / "transfers")
    assert hashes(load_settings(data)) == hashes(settings)


@contextmanager
def connect_server(port: int, log: Path) -> Iterator[None]:
    """A server of Spark Connect on loopback, whose workers have this project."""
    import pyspark

    home = Path(pyspark.__file__).parent
    given = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.ui.enabled": "false",
        "spark.driver.memory": "2g",
        "spark.sql.shuffle.partitions": "2",
        **OPTIONS,
    }
    with log.open("w") as out:
        process = subprocess.Popen(
            [
                "bash",
                str(home / "sbin" / "start-connect-server.sh"),
                *("--master", "local[2]"),
                *(word for name, value in given.items() for word in ("--conf", f"{name}={value}")),
            ],
            env=environment(
                SPARK_HOME=str(home),
                SPARK_NO_DAEMONIZE="1",
                SPARK_LOCAL_IP="127.0.0.1",
                PYSPARK_PYTHON=sys.executable,
                PYTHONPATH=str(ROOT),
            ),
            cwd=log.parent,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 120
        while "server started at" not in log.read_text():
            assert process.poll() is None, log.read_text()[-3_000:]
            assert time.monotonic() < until, log.read_text()[-3_000:]
            time.sleep(0.2)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def executors_of(ancestor: int) -> list[int]:
    """Processes of Java below a process that run tasks."""
    parents, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if b"CoarseGrainedExecutorBackend" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))

    def is_below(process: int) -> bool:
        return process == ancestor or (process in parents and is_below(parents[process]))

    return [process for process in found if is_below(process)]
