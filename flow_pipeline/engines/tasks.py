"""Work on parts of the lake, side by side: a task is a function of a warehouse, run where its worker is.

Each worker opens a warehouse in memory over the lake's files, at the versions of the run, and calls
the same functions that a run in one process calls. It reads from the lake what it needs; nothing is shuffled.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import duckdb
import pyarrow as pa

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import SCHEMAS
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.extensions import load_extension
from flow_pipeline.warehouse.store import UNSAFE_OPTIMIZERS, Connection, lend_macros
from flow_pipeline.warehouse.transfers import delta_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

sql = statements(__package__)
Given = TypeVar("Given")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Shelf:
    """What the warehouse of a task is made of.

    Attributes:
        transfers: The Delta table of the transfers.
        version: Of it.
        relations: File of each other relation.
        settings: In force.
    """

    transfers: str
    version: int
    relations: dict[str, str]
    settings: Settings


def fill(connection: Connection, settings: Settings, folder: str, relations: Iterable[str]) -> Shelf:
    """Write relations of the build file where workers reach them.

    Args:
        connection: The build file, whose transfers are written to the lake.
        settings: In force.
        folder: Where to write; it belongs to the run.
        relations: schema.table of each.
    """
    if "://" not in folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    files = {name: f"{folder}/{name}.parquet" for name in relations}
    for name, file in files.items():
        quoted = file.replace("'", "''")
        connection.execute(f"copy (select * from {name}) to '{quoted}' (format parquet)")
    place, version = delta_of(connection)
    return Shelf(place, version, files, settings)


def side_by_side(
    spark: SparkSession,
    shelf: Shelf,
    function: Callable[[Connection, Settings, Given], Answer],
    given: Sequence[Given],
) -> list[Answer]:
    """What a function gives for each argument, in their order.

    Args:
        spark: The session whose workers do it.
        shelf: What the function's connection has.
        function: Of a module that workers can import. It may run more than once, where a worker is lost.
        given: Its arguments, one for each task.
    """
    work = pickle.dumps((shelf, function, list(given)))

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        shelf, function, given = pickle.loads(work)
        for batch in batches:
            for number in batch.column(0).to_pylist():
                with closing(_opened(shelf)) as connection:
                    answer = pickle.dumps(function(connection, shelf.settings, given[number]))
                yield pa.record_batch({"task": pa.array([number]), "answer": pa.array([answer], pa.large_binary())})

    count = len(given)
    answers = spark.range(0, count, 1, count).mapInArrow(run, "task long, answer binary").toArrow()
    found = dict(zip(answers["task"].to_pylist(), answers["answer"].to_pylist(), strict=True))
    return [pickle.loads(found[number]) for number in range(count)]


def _opened(shelf: Shelf) -> Connection:
    """A warehouse in memory."""
    warehouse = shelf.settings.warehouse
    connection = duckdb.connect(
        config={"memory_limit": warehouse.memory_limit, "threads": 1, "disabled_optimizers": UNSAFE_OPTIMIZERS}
    )
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    connection.execute("set asof_loop_join_threshold = 0")
    load_extension(connection, "delta")
    lend_macros(connection)
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    connection.execute("create schema if not exists intermediate")
    place = shelf.transfers.replace("'", "''")
    connection.execute(sql("task_transfers", place=place, version=str(shelf.version)))
    for name, file in shelf.relations.items():
        quoted = file.replace("'", "''")
        connection.execute(f"create table {name} as select * from read_parquet('{quoted}')")
    return connection
