"""Exports: whole files or none, written beside their target and renamed."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.text import FORMULA
from flow_pipeline.places import Folder
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.faults import faults_of
from flow_pipeline.warehouse.store import PUBLISHED_WAY_OUT, UNSAFE_OPTIMIZERS
from flow_pipeline.warehouse.transfers import lend_lake

_MARK = ".published"
_FORMULA = rf"\A(?:{FORMULA})"
_INDEXED = {
    "block_date",
    "address",
    "from_address",
    "to_address",
    "wallet",
    "exchange",
    "finding_id",
    "tx_hash",
    "alert_id",
}

sql = statements(__package__)

_SERIES = "chain, token_symbol, token_address"
RUN_EXPORTS: dict[str, str] = {
    "outflow_by_day": sql("export_outflow_by_day"),
    "top_dests": "select * from marts.top_destinations where window_days = 0 "
    f"order by {_SERIES}, rank_by_amount, rank_by_count",
    "exchange_netflow": f"select * from marts.fct_daily_exchange_netflow order by {_SERIES}, exchange, block_date",
    "wallet_netflow": f"select * from marts.fct_daily_wallet_netflow order by {_SERIES}, exchange, wallet, block_date",
    "netflow": f"select * from marts.fct_daily_netflow order by {_SERIES}, block_date",
    "domestic_outflow": f"select * from marts.fct_daily_outflow order by block_date, {_SERIES}, "
    "origin_category, destination_class, destination_entity",
    "region_flow": f"select * from marts.fct_daily_region_flow order by block_date, {_SERIES}, from_region, to_region",
    "netflow_anomalies": f"select * from detection.netflow_anomalies order by block_date, {_SERIES}, scope",
    "outflow_surges": f"select * from detection.outflow_surges order by block_date, {_SERIES}, scope",
    "daily_findings": "select * from detection.daily_findings "
    f"order by block_date, {_SERIES}, scope, detector, measure",
    "findings": "select * exclude (evidence_sql, parameters) from detection.findings where is_suspicious "
    "order by risk_rank(severity) desc, moved_usd desc nulls last, stake desc nulls last, score desc, finding_id",
    "address_risk": "select * from detection.address_risk order by score desc, address",
}


SAFE: dict[str, Any] = {"disabled_optimizers": UNSAFE_OPTIMIZERS}


def export_run(settings: Settings) -> list[Path]:
    """The CSV files of a run: outflow by day, top destinations, the netflow tables, what was detected."""
    published = settings.published_link.resolve()
    with (
        faults_of(published, PUBLISHED_WAY_OUT),
        duckdb.connect(str(published), read_only=True, config=SAFE) as connection,
    ):
        lend_lake(connection)
        written = []
        for name, query in RUN_EXPORTS.items():
            fill = partial(_copy, connection, for_csv(connection, query), "format csv, header")
            written.append(write_whole(settings.exports_dir / f"{name}.csv", fill))
    write_whole(settings.exports_dir / _MARK, partial(write_text, published.name))
    return written


def exports_are_of(settings: Settings, run_id: str) -> bool:
    """True when every CSV file of a run is there and comes from it: it may have been killed before exporting."""
    mark = settings.exports_dir / _MARK
    is_whole = all((settings.exports_dir / f"{name}.csv").exists() for name in RUN_EXPORTS)
    return is_whole and mark.is_file() and mark.read_text() == f"warehouse-{run_id}.duckdb"


@dataclass(frozen=True)
class Exported:
    """One table in one format: its files relative to the export's folder, and its rows."""

    table: str
    format: str
    rows: int
    files: list[str]


def export_tables(
    settings: Settings,
    tables: Sequence[str],
    formats: Sequence[str],
    folder: str | Path,
    say: Callable[[str, int, int], None] = lambda table, done, of: None,
) -> list[Exported]:
    """Export relations of the published file, day by day where they have days, so that memory does not grow with them.

    Everything is made aside and moved when all of it is there; `manifest.json` comes last and holds rows and hashes. A
    Parquet export of a relation with days is a folder with a partition per day.

    Args:
        settings: Settings in force.
        tables: Relations such as marts.fct_daily_netflow; empty for every mart and detection table.
        formats: csv, parquet, sqlite.
        folder: Where the files go: a folder, or s3://bucket/folder.
        say: Called with the relation, the days (or parts) written and how many there are.

    Raises:
        UsageError: an unknown relation or format, or nothing is published.
    """
    unknown = [name for name in formats if name not in ("csv", "parquet", "sqlite")]
    if unknown:
        raise UsageError(f"--format {', '.join(unknown)}: there is no such format", "choose from csv, parquet, sqlite")
    if not settings.published_link.exists():
        raise UsageError(
            f"there is no published warehouse at {settings.published_link}", "run `netraflow analyze INPUT_DIR` first"
        )
    published = settings.published_link.resolve()
    config = {"memory_limit": settings.warehouse.memory_limit, **SAFE}
    with (
        faults_of(published, PUBLISHED_WAY_OUT),
        duckdb.connect(str(published), read_only=True, config=config) as connection,
    ):
        lend_lake(connection)
        place = Folder(folder)
        wanted = wanted_tables(connection, tables)
        with place.staging() as staged:
            written = []
            for name in wanted:
                parts = _parts(connection, name)
                for kind in formats:
                    write = {"csv": _to_csv, "parquet": _to_parquet, "sqlite": _to_sqlite}[kind]
                    rows, files = write(connection, name, parts, staged, partial(say, name))
                    written.append(Exported(name, kind, rows, files))
            manifest = {
                "run_id": published.stem.removeprefix("warehouse-"),
                "tables": [
                    {
                        "table": one.table,
                        "format": one.format,
                        "rows": one.rows,
                        "files": [{"file": file, **_fingerprint(staged / file)} for file in one.files],
                    }
                    for one in written
                ],
            }
            (staged / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
            # What stands at a place goes first; the manifest tells a half-moved set from a whole one.
            place.drop("manifest.json")
            for path in sorted(staged.iterdir(), key=lambda path: path.name == "manifest.json"):
                place.put(path, path.name)
    return written


def wanted_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> list[str]:
    """The relations of a published file that are to be exported; every mart and detection table when none is named.

    Raises:
        UsageError: there is no such relation.
    """
    known = [row[0] for row in connection.execute(sql("export_relations")).fetchall()]
    wanted = list(dict.fromkeys(tables)) or [name for name in known if name.startswith(("marts.", "detection."))]
    if missing := [name for name in wanted if name not in known]:
        raise UsageError(f"there is no table {', '.join(missing)}", '`netraflow sql "SHOW ALL TABLES"` lists them')
    return wanted


def _parts(connection: duckdb.DuckDBPyConnection, name: str) -> list[date | None]:
    """The days of a relation, in order; one part without a day when it has none."""
    if not any(row[0] == "block_date" for row in connection.execute(f"describe {name}").fetchall()):
        return []
    return [
        row[0] for row in connection.execute(f"select distinct block_date from {name} order by 1 nulls last").fetchall()
    ]


def _select(name: str, parts: list[date | None], day: date | None, columns: str = "*") -> str:
    if not parts:
        return f"select {columns} from {name}"
    condition = "is null" if day is None else f"= date '{day.isoformat()}'"
    return f"select {columns} from {name} where block_date {condition}"


def _to_csv(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    parts: list[date | None],
    folder: Path,
    say: Callable[[int, int], None],
) -> tuple[int, list[str]]:
    rows, part, target = 0, folder / ".part", folder / f"{name}.csv"
    with target.open("wb") as whole:
        for number, day in enumerate(parts or [None]):
            query = for_csv(connection, _select(name, parts, day))
            rows += _copy(connection, query, f"format csv, header {str(number == 0).lower()}", part)
            with part.open("rb") as read:
                shutil.copyfileobj(read, whole, 1 << 20)
            say(number + 1, len(parts) or 1)
    part.unlink(missing_ok=True)
    return rows, [target.name]


def for_csv(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """A query whose texts no spreadsheet takes for formulas, as `domain.text.csv_cell` says; numbers stay numbers."""
    texts = [
        '"' + row[0].replace('"', '""') + '"'
        for row in connection.execute(f"describe {query}").fetchall()
        if row[1] == "VARCHAR"
    ]
    safe = ", ".join(
        f"case when regexp_matches({name}, $re${_FORMULA}$re$) then chr(39) || {name} else {name} end as {name}"
        for name in texts
    )
    return f"select * replace ({safe}) from ({query})" if texts else query


def _to_parquet(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    parts: list[date | None],
    folder: Path,
    say: Callable[[int, int], None],
) -> tuple[int, list[str]]:
    rows, files = 0, []
    for number, day in enumerate(parts or [None]):
        place = f"{name}/block_date={day or '__HIVE_DEFAULT_PARTITION__'}/data.parquet" if parts else f"{name}.parquet"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        rows += _copy(
            connection,
            _select(name, parts, day, "* exclude (block_date)" if parts else "*"),
            "format parquet, compression zstd",
            folder / place,
        )
        files.append(place)
        say(number + 1, len(parts) or 1)
    return rows, files


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as read:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(read, "sha256").hexdigest()}


def _copy(connection: duckdb.DuckDBPyConnection, query: str, options: str, path: Path) -> int:
    row = connection.execute(f"copy ({query}) to '{str(path).replace(chr(39), chr(39) * 2)}' ({options})").fetchone()
    return int(row[0]) if row else 0


def write_text(text: str, path: Path) -> None:
    """Fill a file with text, as `write_whole` asks for."""
    path.write_text(text, encoding="utf-8")


def _to_sqlite(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    parts: list[date | None],
    folder: Path,
    say: Callable[[int, int], None],
) -> tuple[int, list[str]]:
    """A table named schema_table in one file for all, with an index on each column that people look things up by.

    Exact decimals become text, days and times ISO text.
    """
    columns = connection.execute(f"describe {name}").fetchall()
    kinds = [_sqlite_type(row[1]) for row in columns]
    relation, rows = name.replace(".", "_"), 0
    select = ", ".join(
        f'"{row[0]}"::varchar' if kind == "TEXT" else f'"{row[0]}"' for row, kind in zip(columns, kinds, strict=True)
    )
    with closing(sqlite3.connect(folder / "warehouse.sqlite")) as target:
        target.execute(
            f'create table "{relation}" ('
            + ", ".join(f'"{row[0]}" {kind}' for row, kind in zip(columns, kinds, strict=True))
            + ") strict"
        )
        for number, day in enumerate(parts or [None]):
            for batch in connection.execute(_select(name, parts, day, select)).to_arrow_reader(50_000):
                target.executemany(
                    f'insert into "{relation}" values ({", ".join("?" * len(columns))})',
                    zip(*(column.to_pylist() for column in batch.columns), strict=True),
                )
                rows += batch.num_rows
            say(number + 1, len(parts) or 1)
        for row in columns:
            if row[0] in _INDEXED:
                target.execute(f'create index "{relation}_{row[0]}" on "{relation}" ("{row[0]}")')
        target.commit()
    return rows, ["warehouse.sqlite"]


def _sqlite_type(kind: str) -> str:
    if "INT" in kind or kind == "BOOLEAN":
        return "INTEGER"
    return "REAL" if kind in ("DOUBLE", "FLOAT") else "TEXT"


def write_whole(target: Path, fill: Callable[[Path], object]) -> Path:
    """Let `fill` write a temporary file beside the target, then rename it into place; into a device or pipe at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and not (target.is_file() or target.is_dir()):
        fill(target)
        return target
    incoming = target.with_name(f".{target.name}.incoming")
    incoming.unlink(missing_ok=True)
    try:
        fill(incoming)
        incoming.replace(target)
    finally:
        if incoming.is_dir():
            shutil.rmtree(incoming)
        incoming.unlink(missing_ok=True)
    return target
