"""The Spark session of this process: on this machine, on a cluster, or behind a Spark Connect address."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_EXACT = {
    # Times are UTC without a zone, as in the warehouse.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # Sums and differences of amounts keep their eighteen decimals.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


def session(settings: Settings) -> SparkSession:
    """The session that stands in this process, else a new one.

    Raises:
        UsageError: Spark or Java is not installed.
        FlowError: the session could not be started.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise UsageError(
            'engine = "spark" needs Spark, and pyspark is not installed',
            "install netraflow with its extra `spark`: pip install 'netraflow[spark]'; or leave the engine at duckdb",
        ) from None
    standing = SparkSession.getActiveSession()
    if standing is not None:
        return standing
    master = settings.spark.master
    builder = SparkSession.builder.appName("netraflow")
    if master.startswith("sc://"):
        # dbt asks for the session of this process, and is told nothing of its address.
        os.environ["SPARK_REMOTE"] = master
        builder = builder.remote(master)
    else:
        # Workers of this machine run in the environment of this process; those elsewhere have their own.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.master(master)
        for name, value in _of_this_machine(settings).items():
            builder = builder.config(name, value)
    for name, value in {**_EXACT, **settings.spark.options}.items():
        builder = builder.config(name, value)
    try:
        made = builder.getOrCreate()
        if not master.startswith("sc://"):
            made.sparkContext.setLogLevel("OFF")
        return made
    except (PySparkException, OSError, RuntimeError) as error:
        raise FlowError(
            f"no Spark session at {master}: {str(error).splitlines()[0]}",
            "Spark 4 needs Java 17 or later on this machine (`java -version`), unless spark.master is the address of a "
            "server (sc://HOST:PORT)",
        ) from error


def stop() -> None:
    """End the session, where one stands."""
    sql = sys.modules.get("pyspark.sql")
    if sql is not None and (standing := sql.SparkSession.getActiveSession()) is not None:
        standing.stop()


def cores(spark: SparkSession) -> int:
    """How many tasks it can run beside one another, as far as it tells."""
    told = spark.conf.get("spark.default.parallelism", None)
    if told:
        return int(told)
    context = getattr(spark, "_sc", None)
    return int(context.defaultParallelism) if context is not None else 2


def _of_this_machine(settings: Settings) -> dict[str, str]:
    """What a session that starts here is given; a server has its own."""
    package = str(Path(__file__).resolve().parents[2])
    found = {
        "spark.ui.enabled": "false",
        # Else both lie where the command was started, and where the system keeps small files.
        "spark.sql.warehouse.dir": str(settings.build_file.parent.resolve() / "spark"),
        "spark.local.dir": str(settings.build_file.parent.resolve() / "spill"),
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": settings.spark.driver_memory,
        "spark.executor.memory": settings.spark.executor_memory,
        # Kernels are compiled once on each machine and found by its other workers.
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", "")))),
    }
    if settings.spark.master.startswith("local"):
        found |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if settings.spark.partitions:
        found["spark.sql.shuffle.partitions"] = str(settings.spark.partitions)
    return found
