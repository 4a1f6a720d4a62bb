"""Delta tables of a build: which version of each the build file stands for, its files, and whole commits to it.

Spark writes Parquet files into a folder of the build inside the table; one commit makes them part of it and takes those
of the same days out. Nothing is copied, and who reads the table sees the version before or after.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pyarrow import fs

from flow_pipeline.warehouse.extensions import missing
from flow_pipeline.warehouse.store import Connection, get_state, set_state

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Pinned:
    """A Delta table and the version of it that the build file stands for.

    Attributes:
        relation: schema.table of the build file.
        place: Folder of the Delta table.
        version: None before the first commit.
    """

    relation: str
    place: str
    version: int | None

    def opened(self) -> DeltaTable:
        """The table at its pinned version; what a build that was killed wrote after it is taken back."""
        table: DeltaTable = delta().DeltaTable(self.place)
        if table.version() != self.version:
            table.restore(self.version)
            table.update_incremental()
        return table

    def commit(
        self, schema: pa.Schema, build: str, partitions: Sequence[str] = (), days: Sequence[date] | None = None
    ) -> int:
        """Make the files of a build part of the table, in the place of those of some days or of all; the new version.

        Args:
            schema: Of the table.
            build: Folder inside the table that holds the files.
            partitions: Columns that the folders of the files name.
            days: Whose files are replaced; None for all.
        """
        library = delta()
        told = library.Schema.from_arrow(schema)
        if self.version is None:
            table = library.DeltaTable.create(self.place, told, mode="overwrite", partition_by=list(partitions))
        else:
            table = self.opened()
        filters = None if days is None else [("block_date", "in", [day.isoformat() for day in days])]
        if days is None or days:
            table.create_write_transaction(
                _added(self.place, build),
                mode="overwrite",
                schema=told,
                partition_by=list(partitions),
                partition_filters=filters,
            )
            table.update_incremental()
        return int(table.version())

    def pin(self, connection: Connection, version: int) -> None:
        """Have the build file stand for a version."""
        set_state(connection, _key(self.relation), str(version))


def pinned(connection: Connection, relation: str, place: str) -> Pinned:
    """A Delta table as the build file stands for it."""
    version = get_state(connection, _key(relation))
    return Pinned(relation, place, int(version) if version else None)


def shown(spark: SparkSession, table: Pinned) -> DataFrame:
    """The rows of a pinned version.

    The folder of each build is read by itself: columns that folders name are told from there on.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    opened = delta().DeltaTable(table.place, version=table.version)
    columns = from_arrow_schema(opened.to_pyarrow_dataset().schema, prefer_timestamp_ntz=True)
    bases = defaultdict(list)
    for path in opened.file_uris():
        inside = path.removeprefix(f"{table.place}/").split("/")[:-1]
        bases["/".join([table.place, *(part for part in inside if "=" not in part)])].append(path)
    frame = spark.createDataFrame([], columns)
    for base, files in sorted(bases.items()):
        read = spark.read.schema(columns).option("basePath", base).parquet(*files)
        frame = frame.unionByName(read.select(*columns.names))
    return frame


def delta() -> Any:
    """The library of Delta tables.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import deltalake
    except ModuleNotFoundError:
        raise missing("deltalake") from None
    return deltalake


def file_system(place: str) -> tuple[fs.FileSystem, str]:
    """Where a folder lies, and its path there."""
    return fs.FileSystem.from_uri(place) if "://" in place else (fs.LocalFileSystem(), place)


def _key(relation: str) -> str:
    """Of store.state."""
    return f"lake_version {relation}"


def _added(place: str, build: str) -> list[Any]:
    """Every file of a build, as Delta adds it."""
    import pyarrow.parquet as pq
    from deltalake.transaction import AddAction

    system, root = file_system(place)
    found = []
    for file in system.get_file_info(fs.FileSelector(f"{root}/{build}", recursive=True)):
        if file.type != fs.FileType.File or not file.base_name.endswith(".parquet"):
            continue
        path = file.path.removeprefix(f"{root}/")
        rows = pq.read_metadata(file.path, filesystem=system).num_rows
        values = dict(part.split("=", 1) for part in path.split("/")[1:-1])
        changed = int(file.mtime_ns // 10**6) if file.mtime_ns else 0
        found.append(
            AddAction(
                path=path,
                size=file.size,
                partition_values=values,
                modification_time=changed,
                data_change=True,
                stats=json.dumps({"numRecords": rows}),
            )
        )
    return found
