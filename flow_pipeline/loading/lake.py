"""Tables as inputs: what a table of a lake or a database holds now, landed as files below the data directory.

A part of a table is a file of it, or a day of a table in Postgres. It is landed once and known by its bytes, so that
the file ledger holds for tables as it does for files: a part that is new is loaded, one that is gone takes its rows
with it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import duckdb

from flow_pipeline.domain.brokers import has_password, without_password
from flow_pipeline.domain.errors import FlowError, Unreadable, UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.places import bucket_and_key, filesystem, is_object, telling, url_of
from flow_pipeline.settings import Settings, object_store, secret
from flow_pipeline.sources.files import plain, sha256_of
from flow_pipeline.sources.vocabulary import COLUMNS
from flow_pipeline.warehouse.extensions import missing
from flow_pipeline.warehouse.lake import (
    attach_postgres,
    delta_options,
    lake_connection,
    quoted,
    text,
    without_address,
)
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

_FILES_AT_ONCE = 200
"""Files of a Delta table that one pass lands: each pass reads the log of the table once."""
_ROWS_FOR_A_LOOK = 1_000
_EXACT = r"bigint|integer|smallint|boolean|real|double precision|date|timestamp.*|text|character.*|bytea"


@dataclass(frozen=True)
class Landed:
    """A table as it is now: the folder of its landed parts, and the parts in their order."""

    place: str
    folder: Path
    files: list[Path]


def is_database(place: str | Path) -> bool:
    """True for an address of Postgres, or `env:NAME`, which holds one."""
    return re.match(r"(postgres|postgresql|env):", str(place)) is not None


def kind_of(place: str | Path) -> str | None:
    """`delta`, `iceberg` or `postgres`; None for what is no table."""
    if is_database(place):
        return "postgres"
    if str(place).endswith(".metadata.json"):
        return "iceberg"
    if is_object(place):
        from pyarrow.fs import FileType

        key, remote = bucket_and_key(place), filesystem()
        with telling(key):
            found = remote.get_file_info([f"{key}/_delta_log", f"{key}/metadata"])
        kinds = [kind for kind, info in zip(("delta", "iceberg"), found, strict=True) if info.type != FileType.NotFound]
        return kinds[0] if kinds else None
    if Path(place, "_delta_log").is_dir():
        return "delta"
    return "iceberg" if any(Path(place).glob("metadata/*.metadata.json")) else None


def land(place: str | Path, kind: str, settings: Settings, is_for_a_look: bool = False) -> Landed:
    """Land the parts of a table that are not landed yet.

    Args:
        place: A folder, an address of S3 or of Postgres.
        kind: What `kind_of` says.
        settings: Settings in force.
        is_for_a_look: One part is enough.

    Raises:
        UsageError: a library is missing, or the address is no table's.
        FlowError: the table can not be read.
    """
    name = url_of(place) if is_object(place) else str(place) if kind == "postgres" else str(Path(place).resolve())
    folder = settings.data_dir / "tables" / _folder_name(name)
    incoming = folder / ".incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(parents=True)
    try:
        landing = {"delta": _delta, "iceberg": _iceberg, "postgres": _postgres}[kind]
        parts = landing(name, folder, incoming, settings, is_for_a_look)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return Landed(name, folder, [(folder / part).resolve() for part in sorted(parts)])


def _folder_name(name: str) -> str:
    last = re.sub(r"[^A-Za-z0-9.-]+", "_", name.rstrip("/").rpartition("/")[2].rpartition("=")[2])
    return f"{last[-60:]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _part_name(file: str, *marks: object) -> str:
    """The name under which a file of a table is landed; the marks tell states of one file from another."""
    mark = hashlib.sha256(repr((file, *marks)).encode()).hexdigest()[:12]
    return f"{Path(file).name.partition('.')[0][-60:]}-{mark}.parquet"


@contextmanager
def _reading(name: str, errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """What a library says of a table that can not be read.

    Raises:
        Unreadable: it can not be read.
    """
    try:
        yield
    except errors as error:
        said = " ".join(re.sub(r"\x1b\[\d+m|↳", "", str(error)).split())[:300]
        raise Unreadable(f"{name}: the table can not be read: {said}", "look at it with its own engine") from None


# ------------------------------------------------------------------------------------------------ Delta


def _delta(name: str, folder: Path, incoming: Path, settings: Settings, is_for_a_look: bool) -> list[str]:
    """Each data file of the newest version, with the columns that its path holds and without its deleted rows."""
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError:
        raise missing("deltalake") from None
    is_remote = is_object(name)
    extensions = ("httpfs", "delta") if is_remote else ("delta",)
    with lake_connection(settings, *extensions) as connection, _reading(name, (duckdb.Error, OSError, DeltaError)):
        table = DeltaTable(name, storage_options=delta_options() if is_remote else None)
        scan = f"delta_scan({text(name)}, version = {table.version()}, filename = true)"
        found = connection.execute(f"select filename, count(*) from {scan} group by all").fetchall()
        deleted = _deleted_rows(table)
        parts = {
            file: _part_name(file, count, deleted.get(file.rpartition("/")[2]))
            for file, count in found[: 1 if is_for_a_look else None]
        }
        new = [file for file, part in parts.items() if not (folder / part).exists()]
        connection.execute("set threads = 1")  # the rows of a file stay in their order
        for start in range(0, len(new), _FILES_AT_ONCE):
            some = new[start : start + _FILES_AT_ONCE]
            wanted = sql("lake_delta_files", scan=scan)
            connection.execute(
                f"copy ({wanted}) to {text(str(incoming))} (format parquet, compression zstd, "
                "partition_by (netraflow_part), write_partition_columns false, overwrite_or_ignore true)",
                {"files": some},
            )
            for place, file in enumerate(some, 1):
                _join(incoming / f"netraflow_part={place}", folder / parts[file])
    return list(parts.values())


def _deleted_rows(table: Any) -> dict[str, str]:
    """A hash of the rows that a deletion vector takes from a file, by the file's name."""
    if "deletionVectors" not in (table.protocol().reader_features or ()):
        return {}
    import pyarrow as pa

    vectors = pa.table(table.deletion_vectors())
    return {
        file.rpartition("/")[2]: hashlib.sha256(repr(rows).encode()).hexdigest()
        for file, rows in zip(*(vectors.column(name).to_pylist() for name in vectors.column_names), strict=True)
    }


def _join(pieces: Path, target: Path) -> None:
    """The file that a partition was written as, in its place."""
    (piece,) = pieces.iterdir()
    piece.replace(target)


# ------------------------------------------------------------------------------------------------ Iceberg


def _iceberg(name: str, folder: Path, incoming: Path, settings: Settings, is_for_a_look: bool) -> list[str]:
    """Each data file of the current snapshot, without its deleted rows."""
    import pyarrow.parquet as pq

    try:
        from pyiceberg.io.pyarrow import ArrowScan
        from pyiceberg.table import StaticTable
    except ImportError:
        raise missing("pyiceberg") from None
    with _reading(name, (OSError, ValueError, LookupError)):
        table = StaticTable.from_metadata(_newest_metadata(name), _iceberg_properties() if is_object(name) else {})
        scan = table.scan()
        reader = ArrowScan(table.metadata, table.io, scan.projection(), scan.row_filter)
        parts = []
        for task in list(scan.plan_files())[: 1 if is_for_a_look else None]:
            deletes = sorted(file.file_path for file in task.delete_files)
            parts.append(_part_name(task.file.file_path, *deletes))
            if not (folder / parts[-1]).exists():
                with pq.ParquetWriter(incoming / parts[-1], scan.projection().as_arrow(), compression="zstd") as writer:
                    for batch in reader.to_record_batches([task]):
                        writer.write_batch(batch.cast(writer.schema))
                (incoming / parts[-1]).replace(folder / parts[-1])
    return parts


def _newest_metadata(name: str) -> str:
    """The metadata file of a table: the one named, else that with the highest number."""
    if name.endswith(".metadata.json"):
        return name
    if is_object(name):
        from pyarrow.fs import FileSelector

        key = f"{bucket_and_key(name)}/metadata"
        with telling(key):
            found = [f"s3://{info.path}" for info in filesystem().get_file_info(FileSelector(key))]
    else:
        found = [str(path) for path in Path(name, "metadata").iterdir()]
    numbered = [
        (int(number[1]), file)
        for file in found
        if file.endswith(".metadata.json") and (number := re.match(r"v?(\d+)", file.rpartition("/")[2]))
    ]
    if not numbered:
        raise LookupError("no metadata file with a number")
    return max(numbered)[1]


def _iceberg_properties() -> dict[str, str]:
    store = object_store()
    properties = {
        "s3.access-key-id": store.key,
        "s3.secret-access-key": store.secret,
        "s3.session-token": store.token,
        "s3.region": store.region,
        "s3.endpoint": store.endpoint,
    }
    return {name: value for name, value in properties.items() if value} | {
        "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO"
    }


# ------------------------------------------------------------------------------------------------ Postgres


def _postgres(name: str, folder: Path, incoming: Path, settings: Settings, is_for_a_look: bool) -> list[str]:
    """The rows that one statement sees, a file a day where a column has times; equal rows are equal bytes."""
    address, schema, table = _named_table(name)
    with lake_connection(settings, "postgres_scanner") as connection:
        attach_postgres(connection, address, is_read_only=True)
        try:
            columns = _columns(connection, schema, table)
            if not columns:
                raise UsageError(
                    f"{without_password(address)} has no table {schema}.{table}", "name it with ?table=SCHEMA.TABLE"
                )
            wanted = f"select {', '.join(columns.values())} from {quoted(schema)}.{quoted(table)}"
            wanted += f" limit {_ROWS_FOR_A_LOOK}" if is_for_a_look else ""
            connection.execute(f"create temp table snapshot as from postgres_query('pg', {text(wanted)})")
        except duckdb.Error as error:
            raise FlowError(
                f"{schema}.{table} can not be read: {without_address(error, address)}", "check the rights of its user"
            ) from None
        connection.execute("set threads = 1")
        return _land_days(connection, _day_of(connection), folder, incoming)


def _named_table(name: str) -> tuple[str, str, str]:
    """Address, schema and table out of `postgresql://user@host/database?table=schema.name`.

    Raises:
        UsageError: no table is named, or a password stands on the command line.
    """
    given = secret(name.removeprefix("env:")) if name.startswith("env:") else name
    if given is name and has_password(given):
        raise UsageError(
            "the address of the database holds a password, which others see in the list of processes",
            "put the address into a variable of the environment and give env:NAME, or the password into PGPASSWORD",
        )
    parts = urlsplit(given)
    query = dict(parse_qsl(parts.query))
    schema, _, table = query.pop("table", "").rpartition(".")
    if not table:
        raise UsageError(
            f"{without_password(given)} names no table", "give postgresql://user@host/database?table=schema.name"
        )
    return urlunsplit(parts._replace(query=urlencode(query))), schema or "public", table


def _columns(connection: Connection, schema: str, table: str) -> dict[str, str]:
    """How each column is asked for: as it is where DuckDB has its type, else as text, so that no digit is lost."""
    asked = sql("lake_postgres_columns", schema=text(schema), table=text(table))
    rows = connection.execute(f"from postgres_query('pg', {text(asked)})").fetchall()
    return {
        name: quoted(name)
        if re.fullmatch(_EXACT, kind) or (kind == "numeric" and precision is not None and precision <= 38)
        else f"{quoted(name)}::text as {quoted(name)}"
        for name, kind, precision in rows
    }


def _day_of(connection: Connection) -> str | None:
    """The column of the snapshot whose day cuts it into parts."""
    dated = {
        plain(row[0]): row[0]
        for row in connection.execute("describe snapshot").fetchall()
        if row[1].startswith(("DATE", "TIMESTAMP"))
    }
    return next((dated[plain(word)] for word in COLUMNS["time"] if plain(word) in dated), None)


def _land_days(connection: Connection, column: str | None, folder: Path, incoming: Path) -> list[str]:
    day = f"coalesce(({quoted(column)})::date::varchar, 'undated')" if column else "'all'"
    days = connection.execute(f"select distinct {day} from snapshot order by 1").fetchall()
    parts = [f"{day}.parquet" for (day,) in days]
    for part in parts:
        fresh = incoming / part
        rows = f"select * from snapshot where {day} = {text(part.removesuffix('.parquet'))} order by all"
        connection.execute(f"copy ({rows}) to {text(str(fresh))} (format parquet, compression zstd)")
        if not (folder / part).exists() or sha256_of(folder / part) != sha256_of(fresh):
            fresh.replace(folder / part)
    return parts
