"""Writing the transfers of a build file to its Delta table: in whole commits, each seen by readers at once or never."""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from contextlib import ExitStack, closing
from datetime import date
from typing import TYPE_CHECKING

import duckdb
from pyarrow import fs

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import LAKE_TABLES, STORE_TRANSFERS
from flow_pipeline.engines.tables import delta, file_system, pinned
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse import transfers
from flow_pipeline.warehouse.publish import published_file, published_runs
from flow_pipeline.warehouse.store import Connection, get_state, number, open_build, set_state, transaction

if TYPE_CHECKING:
    from deltalake import DeltaTable

sql = statements(__package__)

PARTITIONS = ["chain", "block_date"]
_ROWS_OF_A_BATCH = 200_000
"""Handed to the writer at once: 40 MB."""


def settle(connection: Connection, settings: Settings) -> None:
    """Have the transfers where the engine in force keeps them: in a lake for Spark, in the file for DuckDB.

    Raises:
        UsageError: the extra of the lake is not installed.
    """
    place = transfers.lake_of(connection)
    if settings.engine == "spark" and place is None:
        place = f"{settings.lake_path}/store/{_begin(settings)}{secrets.token_hex(4)}"
        version = _create(place).version()
        with transaction(connection):
            transfers.move_out(connection, place, version)
            set_state(connection, transfers.VERSION, str(version))
        write(connection)
    elif settings.engine != "spark" and place is not None:
        with transaction(connection):
            transfers.move_in(connection)
            set_state(connection, transfers.VERSION, "")


def gather(connection: Connection, settings: Settings) -> None:
    """Write what loads brought, where enough of it waits."""
    if transfers.lake_of(connection):
        waiting = number(connection, "select count(*) from store.fresh_transfers")
        if waiting >= settings.lake.transfers_at_once:
            write(connection)


def write(connection: Connection) -> None:
    """Write what waits to the lake: new transfers are added, days that lost some are written anew.

    The build file shows the new version in the transaction that forgets what waited. A process killed before that
    leaves a version that nobody has seen; the next write takes it back.
    """
    place = transfers.lake_of(connection)
    if place is None:
        return
    days = _changed_days(connection, place)
    if not days and not number(connection, "select count(*) from store.fresh_transfers"):
        return
    known = pinned(connection, STORE_TRANSFERS.relation, place)
    table = known.opened()
    _add(connection, table, days)
    if days:
        _replace(connection, table, days)
    table.update_incremental()
    with transaction(connection):
        transfers.show(connection, place, table.version())
        for waited in LAKE_TABLES:
            connection.execute(f"delete from {waited.relation}")
        known.pin(connection, table.version())


def prune(settings: Settings) -> None:
    """Drop versions of the transfers that neither the build file nor a kept publication reads.

    A table of which none of them reads anything was that of a build file before; it goes whole.
    """
    begun = _tables_of(settings)
    if not begun:
        return
    read: defaultdict[str, set[int]] = defaultdict(set)
    with ExitStack() as held:
        files = [held.enter_context(open_build(settings))]
        for run in published_runs(settings):
            path = str(published_file(settings, run))
            files.append(held.enter_context(closing(duckdb.connect(path, read_only=True))))
        for connection in files:
            if transfers.lake_of(connection):
                place, version = transfers.delta_of(connection)
                read[place].add(version)
    for place, versions in read.items():
        delta().DeltaTable(place).vacuum(
            retention_hours=0,
            dry_run=False,
            enforce_retention_duration=False,
            keep_versions=sorted(versions),
            full=True,
        )
    for place in begun - read.keys():
        _remove(place)


def _tables_of(settings: Settings) -> set[str]:
    """Tables of transfers that this data directory began."""
    system, folder = file_system(f"{settings.lake_path}/store")
    selector = fs.FileSelector(folder, allow_not_found=True)
    mark = _begin(settings)
    names = [file.base_name for file in system.get_file_info(selector) if file.base_name.startswith(mark)]
    return {f"{settings.lake_path}/store/{name}" for name in names}


def _remove(place: str) -> None:
    system, folder = file_system(place)
    system.delete_dir(folder)


def _begin(settings: Settings) -> str:
    """How names of tables of transfers begin: others may keep theirs in the same lake."""
    return f"transfers-{hashlib.sha256(str(settings.data_dir.resolve()).encode()).hexdigest()[:8]}-"


def _changed_days(connection: Connection, place: str) -> list[date]:
    """Days of which the lake holds transfers that were taken out."""
    if not number(connection, "select count(*) from store.removed_transfers"):
        return []
    version = get_state(connection, transfers.VERSION) or "0"
    found = connection.execute(sql("lake_changed_days", place=place.replace("'", "''"), version=version))
    return [row[0] for row in found.fetchall()]


def _add(connection: Connection, table: DeltaTable, days: list[date]) -> None:
    """Append the transfers that wait, but those of days that are written anew."""
    rows = connection.execute(sql("lake_added"), {"days": days}).to_arrow_reader(_ROWS_OF_A_BATCH)
    delta().write_deltalake(table, rows, mode="append")


def _replace(connection: Connection, table: DeltaTable, days: list[date]) -> None:
    """Write days anew."""
    predicate = " or ".join(f"block_date = '{day.isoformat()}'" for day in days)
    rows = connection.execute(sql("lake_replaced"), {"days": days}).to_arrow_reader(_ROWS_OF_A_BATCH)
    delta().write_deltalake(table, rows, mode="overwrite", predicate=predicate)


def _create(place: str) -> DeltaTable:
    """A Delta table without rows; a build file that is made anew begins another under another name."""
    with duckdb.connect() as connection:
        connection.execute(STORE_TRANSFERS.ddl.replace("store.transfers", "transfers"))
        schema = connection.execute("select '' as chain, * from transfers").to_arrow_table().schema
    return delta().DeltaTable.create(place, schema, partition_by=PARTITIONS, description=STORE_TRANSFERS.description)
