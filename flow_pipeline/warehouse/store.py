"""Opening the warehouse: the build file for one writer, the published file for any number of readers."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import ALL_TABLES, SCHEMAS, STORE_TRANSFERS
from flow_pipeline.settings import Settings, WarehouseSettings, bytes_of
from flow_pipeline.warehouse.extensions import load_extension
from flow_pipeline.warehouse.faults import HELD, damage_of, explained, faults_of, first_line, is_held
from flow_pipeline.warehouse.transfers import lake_of, lend_lake

Connection = duckdb.DuckDBPyConnection
UNSAFE_OPTIMIZERS = "common_subplan"
"""DuckDB 1.5.6 takes two columns of one view for the same in the branches of a UNION ALL, and gives one twice."""
BUILD_WAY_OUT = "run `netraflow rebuild`, or remove it and run again over the input; published files stay readable"
PUBLISHED_WAY_OUT = (
    "`netraflow rollback` lists earlier publications and goes back to one; or remove the file and run again: it is "
    "copied anew from the build file"
)
sql = statements(__package__)


def engine_config(settings: Settings) -> dict[str, Any]:
    """DuckDB settings of every writing connection, dbt's included."""
    warehouse = settings.warehouse
    return {
        "memory_limit": f"{engine_memory(warehouse)}B",
        "threads": threads(warehouse),
        "temp_directory": str(settings.build_file.parent.resolve() / "spill"),
        "disabled_optimizers": UNSAFE_OPTIMIZERS,
        # The first that compresses long texts; DuckDB 1.2 of February 2025 and all later ones read it.
        "storage_compatibility_version": "v1.2.0",
    }


def threads(warehouse: WarehouseSettings) -> int:
    """Threads of a run: those of the settings, or one for each core."""
    return warehouse.threads or os.cpu_count() or 2


def engine_memory(warehouse: WarehouseSettings) -> int:
    """Bytes of a run that are left for the engine, and for what is held beside it."""
    limit = bytes_of(warehouse.memory_limit)
    return max(limit - bytes_of(warehouse.interpreter_memory), limit // 2)


@contextmanager
def open_build(settings: Settings, path: Path | None = None) -> Iterator[Connection]:
    """The build file, or another that is to take its place, opened for writing with every table of the contract."""
    file = path or settings.build_file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(file), config=engine_config(settings))
    except (duckdb.Error, OSError) as error:
        raise _not_opened(settings, error) from None
    with faults_of(file, BUILD_WAY_OUT), closing(connection):
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        # A side guessed to be small is otherwise joined row by row with the other; guesses after filters are far off.
        connection.execute("set asof_loop_join_threshold = 0")
        connection.execute("set checkpoint_threshold = ?", [settings.warehouse.checkpoint_threshold])
        if settings.engine == "spark" or lake_of(connection):
            load_extension(connection, "delta")
        create_tables(connection)
        yield connection


def macros() -> str:
    """The words that statements share, as the file keeps them."""
    return sql("macros")


def spark_macros() -> list[str]:
    """Those of them that models use, as statements for a Spark session: it keeps them as long as it lives."""
    return [text.strip() for text in sql("macros_spark").split(";\n") if text.strip()]


def lend_macros(connection: Connection) -> None:
    """The shared macros for this connection alone: for a file that is only read, or that is no warehouse."""
    connection.execute(macros().replace("create or replace macro", "create or replace temp macro"))


def create_tables(connection: Connection) -> None:
    """The shared macros, and every schema, table and view of domain.tables.

    Nothing happens when they stand as the code has them. A table that a build of all days writes anew is recreated
    when the code knows other columns, and every day waits to be built.

    Raises:
        FlowError: a table of loaded rows has other columns than the code knows.
    """
    mark = hashlib.sha256("\n".join((macros(), *(table.ddl for table in ALL_TABLES))).encode()).hexdigest()
    is_begun = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'store' and table_name = 'state'"
    ).fetchone()
    if is_begun and get_state(connection, "tables") == mark:
        return
    outdated = _outdated(connection)
    with transaction(connection):
        for relation, kind in outdated.items():
            connection.execute(f"drop {kind} {relation}")
        connection.execute(macros())
        for schema in SCHEMAS:
            connection.execute(f"create schema if not exists {schema}")
        for table in ALL_TABLES:
            if not (table is STORE_TRANSFERS and lake_of(connection)):
                connection.execute(table.ddl)
        if outdated:
            connection.execute(sql("store_all_days_dirty"))
            set_state(connection, "built_with", "")
        set_state(connection, "tables", mark)


def _outdated(connection: Connection) -> dict[str, str]:
    """Relations that a build of all days writes anew and that stand with other columns, or as the other kind; the kind.

    Raises:
        FlowError: a table of loaded rows has other columns than the code knows.
    """
    found = {name: (is_view, columns) for name, is_view, columns in connection.execute(sql("store_columns")).fetchall()}
    outdated = {}
    for table in ALL_TABLES:
        is_view, columns = found.get(table.relation, (False, None))
        if columns is None or (is_view and table.view):
            continue
        if table is STORE_TRANSFERS and is_view:
            is_view, columns = False, columns[:-1]  # that of a lake, which numbers its rows itself
        if is_view != bool(table.view) or columns != [column.name for column in table.columns]:
            if not table.is_rewritten:
                raise FlowError(
                    f"{table.relation} of the build file has other columns than this version reads: "
                    f"{', '.join(columns)}",
                    "run `netraflow rebuild`: it loads the files of the ledger into a new build file; "
                    "published files stay readable",
                )
            outdated[table.relation] = "view" if is_view else "table"
    return outdated


def build_trouble(settings: Settings) -> FlowError | None:
    """Why the next run could not use the build file; None when it can, or when there is none yet.

    All of it is read. Nobody may be writing to it.
    """
    try:
        if settings.build_file.exists():
            with duckdb.connect(str(settings.build_file), read_only=True) as connection:
                _outdated(connection)
            return damage_of(settings.build_file, BUILD_WAY_OUT)
    except duckdb.Error as error:
        return _not_opened(settings, error)
    except FlowError as error:
        return error
    return None


def _not_opened(settings: Settings, error: duckdb.Error | OSError) -> FlowError:
    """What to do depends on why: a file that somebody works on must not be removed."""
    hint = HELD if is_held(error) else BUILD_WAY_OUT
    return explained(error, settings.build_file, hint) or FlowError(
        f"{settings.build_file} can not be opened: {first_line(error)}", hint
    )


@contextmanager
def open_published(settings: Settings, path: Path | None = None) -> Iterator[Connection]:
    """The published file, or an earlier one that is kept, read-only, with no way to files or the network.

    Raises:
        UsageError: when nothing has been published yet.
        FlowError: the file is damaged; or what is asked for is no table or column of it, as an earlier version
            published it.
    """
    published = path or published_path(settings)
    with published_faults(published), closing(duckdb.connect(str(published), read_only=True)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set disabled_optimizers = ?", [UNSAFE_OPTIMIZERS])
        lend_lake(connection)
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        # Files that were published before a macro came are readable all the same.
        lend_macros(connection)
        yield connection


def published_path(settings: Settings) -> Path:
    """The file that readers see.

    Raises:
        UsageError: when nothing has been published yet.
    """
    if not settings.published_link.exists():
        raise UsageError(
            f"there is no published warehouse at {settings.published_link}",
            "run `netraflow analyze INPUT_DIR` or `netraflow demo` first",
        )
    return settings.published_link.resolve()


@contextmanager
def published_faults(published: Path) -> Iterator[None]:
    """Say what keeps a published file from answering.

    Raises:
        FlowError: the file is damaged; or what is asked for is no table or column of it, as an earlier version
            published it.
    """
    try:
        with faults_of(published, PUBLISHED_WAY_OUT):
            yield
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise FlowError(
            f"the published warehouse does not have what is asked for: {str(error).splitlines()[0]}",
            "an earlier version published it; run `netraflow analyze INPUT_DIR` or `netraflow rebuild`",
        ) from error


@contextmanager
def attach_published(connection: Connection, settings: Settings) -> Iterator[str]:
    """The catalog of the published file beside the build, read-only; that of the build where nothing is published.

    Raises:
        FlowError: the published file is damaged.
    """
    if not settings.published_link.exists():
        row = connection.execute("select current_database()").fetchone()
        yield f'"{row[0]}"' if row else ""
        return
    quoted = str(settings.published_link.resolve()).replace("'", "''")
    with faults_of(settings.published_link.resolve(), PUBLISHED_WAY_OUT):
        connection.execute(f"attach '{quoted}' as published (read_only)")
    if lake_of(connection, "published"):
        load_extension(connection, "delta")
    try:
        yield "published"
    finally:
        connection.execute("detach database if exists published")


@contextmanager
def held_beside(connection: Connection, settings: Settings, size: int) -> Iterator[None]:
    """While so many bytes are held beside the engine, it has as many less, but half at least."""
    limit = engine_memory(settings.warehouse)
    connection.execute(f"set memory_limit = '{max(limit - size, limit // 2)}B'")
    try:
        yield
    finally:
        connection.execute(f"set memory_limit = '{limit}B'")


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # after a fatal error nothing can be asked, and the first error is the one to tell
            connection.execute("rollback")
        raise
    connection.execute("commit")


@contextmanager
def run_lock(settings: Settings) -> Iterator[None]:
    """One run per data directory; the kernel drops the lock when a process dies.

    Raises:
        FlowError: when another run still holds it after `warehouse.lock_timeout_seconds`.
    """
    with hold(settings.data_dir / "build" / "run.lock", settings):
        yield


@contextmanager
def hold(path: Path, settings: Settings) -> Iterator[None]:
    """Hold a lock file, made with its folder when it is missing.

    Raises:
        UsageError: the folder can not be made.
        FlowError: the folder can not be written, or another process still holds the lock after
            `warehouse.lock_timeout_seconds`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the data directory {settings.data_dir} can not be made: {error.strerror or error}",
            "give another with --data-dir or --out",
        ) from None
    deadline = time.monotonic() + settings.warehouse.lock_timeout_seconds
    try:
        opened = path.open("a+")
    except OSError as error:
        raise unwritable(settings.data_dir, error) from None
    with opened as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    raise FlowError(
                        f"another run holds {path} ({handle.read().strip() or 'unknown process'})",
                        "wait until it ends, or raise warehouse.lock_timeout_seconds",
                    ) from None
                time.sleep(0.1)
        handle.truncate(0)
        handle.write(f"process {os.getpid()}")
        handle.flush()
        yield


def unwritable(folder: Path, error: OSError) -> FlowError:
    """A data directory that can only be read."""
    named = f" ({error.filename})" if error.filename else ""
    return FlowError(
        f"the data directory {folder} can not be written: {error.strerror or error}{named}",
        "make it writable for this user, or give another with --data-dir or --out",
    )


def lock_holder(settings: Settings) -> str | None:
    """What the lock file says when a run holds it, else None."""
    path = settings.data_dir / "build" / "run.lock"
    if not path.exists():
        return None
    with path.open("r") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return handle.read().strip()
    return None


def get_state(connection: Connection, key: str) -> str | None:
    """A remembered fact."""
    row = connection.execute("select value from store.state where key = ?", [key]).fetchone()
    return str(row[0]) if row else None


def set_state(connection: Connection, key: str, value: str) -> None:
    """Remember a fact."""
    connection.execute("delete from store.state where key = ?", [key])
    connection.execute("insert into store.state values (?, ?)", [key, value])


def table_counts(connection: Connection, relations: Iterable[str]) -> dict[str, int]:
    """Row count per relation."""
    return {name: number(connection, f"select count(*) from {name}") for name in relations}


def number(connection: Connection, statement: str, values: dict[str, Any] | None = None) -> int:
    """The one whole number that a statement gives, 0 for none; of an insert it is the count of rows."""
    row = connection.execute(statement, values or {}).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def file_size(path: Path) -> int:
    """Bytes, 0 when there is no such file."""
    return path.stat().st_size if path.exists() else 0
