"""Exports: whole files or none, written beside their target and renamed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import duckdb

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.settings import Settings

_MARK = ".published"
_TOKEN = "block_date, chain, token_symbol, token_address"


def _same_token(alias: str) -> str:
    names = ("block_date", "chain", "token_symbol", "token_address")
    return " AND ".join(f"{alias}.{name} IS NOT DISTINCT FROM v.{name}" for name in names)


RUN_EXPORTS: dict[str, str] = {
    "outflow_by_day": f"""
        SELECT v.*, coalesce(n.outflow, 0) AS exchange_outflow, coalesce(n.outflow_count, 0) AS exchange_outflow_count,
               coalesce(d.amount, 0) AS domestic_outflow, coalesce(d.transfer_count, 0) AS domestic_outflow_count
        FROM (SELECT {_TOKEN}, sum(amount) AS volume, sum(transfer_count)::BIGINT AS transfer_count FROM marts.fct_daily_region_flow GROUP BY ALL) v
        LEFT JOIN marts.fct_daily_netflow n ON {_same_token("n")}
        LEFT JOIN (SELECT {_TOKEN}, sum(amount) AS amount, sum(transfer_count)::BIGINT AS transfer_count FROM marts.fct_daily_outflow GROUP BY ALL) d
            ON {_same_token("d")}
        ORDER BY ALL""",
    "top_dests": "SELECT * FROM marts.top_destinations WHERE window_days = 0 ORDER BY chain, token_symbol, token_address, rank_by_amount",
    "exchange_netflow": "SELECT * FROM marts.fct_daily_exchange_netflow ORDER BY chain, token_symbol, token_address, exchange, block_date",
    "wallet_netflow": "SELECT * FROM marts.fct_daily_wallet_netflow ORDER BY chain, token_symbol, token_address, exchange, wallet, block_date",
    "netflow": "SELECT * FROM marts.fct_daily_netflow ORDER BY chain, token_symbol, token_address, block_date",
    "domestic_outflow": f"SELECT * FROM marts.fct_daily_outflow ORDER BY {_TOKEN}, origin_category, destination_class, destination_entity",
    "region_flow": f"SELECT * FROM marts.fct_daily_region_flow ORDER BY {_TOKEN}, from_region, to_region",
    "netflow_anomalies": f"SELECT * FROM detection.netflow_anomalies ORDER BY {_TOKEN}, scope",
    "outflow_surges": f"SELECT * FROM detection.outflow_surges ORDER BY {_TOKEN}, scope",
    "findings": "SELECT * EXCLUDE (evidence_sql, parameters) FROM detection.findings WHERE is_suspicious ORDER BY score DESC, last_timestamp DESC, finding_id",
    "address_risk": "SELECT * FROM detection.address_risk ORDER BY score DESC, address",
}


def export_run(settings: Settings) -> list[Path]:
    """The CSV files of a run: outflow by day, top destinations, the netflow tables, what was detected."""
    published = settings.published_link.resolve()
    with duckdb.connect(str(published), read_only=True) as connection:
        written = [_write(settings.exports_dir / f"{name}.csv", partial(_copy, connection, sql, "FORMAT csv, HEADER")) for name, sql in RUN_EXPORTS.items()]
    _write(settings.exports_dir / _MARK, partial(_write_text, published.name))
    return written


def exports_are_of(settings: Settings, run_id: str) -> bool:
    """True when every CSV file of a run is there and comes from it: a run may have been killed between publishing and exporting."""
    mark = settings.exports_dir / _MARK
    is_whole = all((settings.exports_dir / f"{name}.csv").exists() for name in RUN_EXPORTS)
    return is_whole and mark.is_file() and mark.read_text() == f"warehouse-{run_id}.duckdb"


def export_tables(settings: Settings, tables: Sequence[str], formats: Sequence[str], folder: Path) -> list[Path]:
    """Export relations of the published file.

    Args:
        settings: Settings in force.
        tables: Relations such as marts.fct_daily_netflow; empty for every mart and detection table.
        formats: csv, parquet, sqlite.
        folder: Where the files go.

    Raises:
        UsageError: an unknown relation or format.
    """
    unknown = [name for name in formats if name not in ("csv", "parquet", "sqlite")]
    if unknown:
        raise UsageError(f"--format {', '.join(unknown)}: there is no such format", "choose from csv, parquet, sqlite")
    if not settings.published_link.exists():
        raise UsageError(f"there is no published warehouse at {settings.published_link}", "run `netraflow analyze INPUT_DIR` first")
    written: list[Path] = []
    with duckdb.connect(str(settings.published_link.resolve()), read_only=True) as connection:
        known = {f"{row[0]}.{row[1]}" for row in connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()}
        wanted = list(tables) or sorted(name for name in known if name.startswith(("marts.", "detection.")))
        missing = [name for name in wanted if name not in known]
        if missing:
            raise UsageError(f"there is no table {', '.join(missing)}", '`netraflow sql "SHOW ALL TABLES"` lists them')
        for kind, options in (("csv", "FORMAT csv, HEADER"), ("parquet", "FORMAT parquet, COMPRESSION zstd")):
            if kind in formats:
                written += [_write(folder / f"{name}.{kind}", partial(_copy, connection, f"FROM {name}", options)) for name in wanted]
        if "sqlite" in formats:
            written.append(_write(folder / "warehouse.sqlite", partial(_to_sqlite, connection, wanted)))
    return written


def _copy(connection: duckdb.DuckDBPyConnection, sql: str, options: str, path: Path) -> None:
    connection.execute(f"COPY ({sql}) TO '{str(path).replace(chr(39), chr(39) * 2)}' ({options})")


def _write_text(text: str, path: Path) -> None:
    path.write_text(text)


def _to_sqlite(connection: duckdb.DuckDBPyConnection, tables: Sequence[str], path: Path) -> None:
    """Tables named schema_table; exact decimals become text, days and times ISO text."""
    with sqlite3.connect(path) as target:
        for name in tables:
            columns = connection.execute(f"DESCRIBE {name}").fetchall()
            kinds = [_sqlite_type(row[1]) for row in columns]
            relation = name.replace(".", "_")
            target.execute(f'CREATE TABLE "{relation}" (' + ", ".join(f'"{row[0]}" {kind}' for row, kind in zip(columns, kinds, strict=True)) + ")")
            select = ", ".join(f'"{row[0]}"::VARCHAR' if kind == "TEXT" else f'"{row[0]}"' for row, kind in zip(columns, kinds, strict=True))
            cursor = connection.execute(f"SELECT {select} FROM {name}")
            while batch := cursor.fetchmany(50_000):
                target.executemany(f'INSERT INTO "{relation}" VALUES ({", ".join("?" * len(columns))})', batch)
            if any(row[0] == "block_date" for row in columns):
                target.execute(f'CREATE INDEX "{relation}_block_date" ON "{relation}" (block_date)')


def _sqlite_type(kind: str) -> str:
    if "INT" in kind or kind == "BOOLEAN":
        return "INTEGER"
    return "REAL" if kind in ("DOUBLE", "FLOAT") else "TEXT"


def _write(target: Path, fill: Callable[[Path], None]) -> Path:
    """Let `fill` write a temporary file beside the target, then rename it into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
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
