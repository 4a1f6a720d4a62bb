"""What tests of lakes share: transfers, an S3 on loopback, publications without a build, readers of exports."""

from __future__ import annotations

import base64
import datetime as dt
import json
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pytest

from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.lake import lake_connection
from tests.servers import Server, free_port
from tests.worlds import address

BUCKET = "netraflow-test"
NAMES = ("alice", "bob", "carol", "dave")
COLUMNS = (
    *("chain", "block_timestamp", "tx_hash", "transfer_index"),
    *("token_symbol", "from_address", "to_address", "amount"),
)
TABLES = ("marts.daily", "marts.whole", "detection.empty", "detection.seen")
Rows = list[tuple[Any, ...]]


def rows(day: int, count: int = 4) -> Rows:
    """Transfers of a day of May 2025, whose amounts no double holds."""
    return [
        (
            "ethereum",
            dt.datetime(2025, 5, day, 12, n),
            f"0x{day * 1000 + n:064x}",
            0,
            "ETH",
            address(NAMES[n % 4]),
            address(NAMES[(n + 1) % 4]),
            Decimal(f"1234567890123{n}.500000000000000001"),
        )
        for n in range(count)
    ]


def table_of(*days: int) -> pa.Table:
    """The transfers of days as Arrow."""
    kinds = [pa.string(), pa.timestamp("us", "UTC"), pa.string(), pa.int32(), *[pa.string()] * 3, pa.decimal128(38, 18)]
    columns = zip(*(row for day in days for row in rows(day)), strict=True)
    return pa.table(
        [pa.array(column).cast(kind) for column, kind in zip(columns, kinds, strict=True)], names=list(COLUMNS)
    )


_BASE85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def delete_by_vector(folder: Path, places: list[int]) -> None:
    """Take rows out of the one file of a Delta table by an inline deletion vector, as Databricks does."""
    commits = sorted((folder / "_delta_log").glob("*.json"))
    lines = [json.loads(line) for line in commits[-1].read_text().splitlines()]
    add = next(line["add"] for line in lines if "add" in line)
    remove = {name: add[name] for name in ("path", "deletionVector") if name in add}
    count = len(places)
    bitmap = struct.pack(f"<IIHHI{count}H", 12346, 1, 0, count - 1, 16, *places)
    raw = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    text = base64.b85encode(raw + b"\0" * (-len(raw) % 4)).translate(bytes.maketrans(_BASE85, _Z85)).decode()
    vector = {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": len(raw), "cardinality": count}
    features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    steps: list[dict[str, Any]] = [
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **features}},
        {"remove": {**remove, "deletionTimestamp": 1, "dataChange": True}},
        {"add": {**add, "deletionVector": vector}},
    ]
    commit = folder / "_delta_log" / f"{len(commits):020d}.json"
    commit.write_text("".join(json.dumps(step) + "\n" for step in steps))


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """An S3 on loopback, in a process of its own: delta-rs waits for answers without letting other threads go on."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = Server(command, port, folder / "s3.log")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def let_in(monkeypatch: pytest.MonkeyPatch, endpoint: str, bucket: str = BUCKET) -> Any:
    """Set the variables that S3 is reached by; gives the file system, its bucket empty."""
    from flow_pipeline.places import filesystem

    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }.items():
        monkeypatch.setenv(name, value)
    from pyarrow.fs import S3FileSystem

    maker = S3FileSystem(
        access_key="key", secret_key="a-secret", endpoint_override=endpoint, allow_bucket_creation=True
    )
    maker.create_dir(bucket)
    maker.delete_dir_contents(bucket, missing_dir_ok=True)
    return filesystem()


def everything(key: str) -> Any:
    """All that lies under a key of the bucket."""
    from pyarrow.fs import FileSelector

    return FileSelector(f"{BUCKET}/{key}", recursive=True)


# ------------------------------------------------------------------------------------------------ publications

FIRST = """
create table marts.daily as
select
    date '2025-04-29' + (i % 5)::int as block_date,
    'token' || i % 3 as token_symbol,
    (1234567890123.000000000000000001::decimal(38, 18) + i) as amount,
    case when i % 7 > 0 then i * 1.1e0 end as amount_usd,
    timestamp '2025-04-29 12:00:00.000001' + interval (i) day as last_at,
    ['ID', 'it''s'] as regions,
    map {'a': 0.1, 'b"': i} as shares,
    '{"k": 1}'::json as parameters,
    i % 2 = 0 as is_new,
    i::hugeint as big
from range(50) as r (i);
insert into marts.daily (block_date, token_symbol) values (null, 'no day'), (null, null);
create table marts.whole as select i as n, 'a ' || i as "a name, with "" in it" from range(7) as r (i);
create table detection.empty (block_date date, n integer);
create view detection.seen as select block_date, count(*) as rows from marts.daily group by all;
comment on table marts.daily is 'one row per day, it''s so';
comment on column marts.daily.amount is 'token units; exact';
"""
SECOND = (
    FIRST
    + """
update marts.daily set amount = amount + 1 where block_date = '2025-05-03' and token_symbol = 'token0';
delete from marts.daily where block_date = '2025-04-30';
insert into marts.daily (block_date, token_symbol) values ('2025-06-01', 'new');
insert into detection.empty values ('2025-05-01', 1);
alter table marts.whole add column more integer;
"""
)


def publish(data: Path, run_id: str, script: str) -> Settings:
    """A published file out of a script, as a run leaves it."""
    file = data / "published" / f"warehouse-{run_id}.duckdb"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        with duckdb.connect(str(file)) as connection:
            connection.execute(f"create schema marts; create schema detection; {script}")
    link = data / "warehouse.duckdb"
    link.unlink(missing_ok=True)
    link.symlink_to(file)
    return load_settings(data)


def published(settings: Settings) -> dict[str, Rows]:
    """The rows of each published table in a fixed order, as `read` gives them."""
    with duckdb.connect(str(settings.published_link.resolve()), read_only=True) as connection:
        return {table: plain(connection, table) for table in TABLES}


def plain(connection: duckdb.DuckDBPyConnection, relation: str) -> Rows:
    """Rows by the names of their columns, every value as text without loss; what has keys as JSON."""
    described = connection.execute(f"describe select * from {relation}").fetchall()
    values = [
        f'to_json("{name.replace(chr(34), chr(34) * 2)}")::varchar'
        if kind.startswith(("MAP", "STRUCT"))
        else f'"{name.replace(chr(34), chr(34) * 2)}"::varchar'
        for name, kind, *_ in sorted(described)
    ]
    return connection.execute(f"select {', '.join(values)} from {relation} order by all").fetchall()


def read(settings: Settings, kind: str, place: str) -> dict[str, Rows]:
    """The rows of each exported table by a reader of its kind."""
    extensions = ["httpfs"] if place.startswith("s3:") else []
    extensions += {"delta": ["delta"], "postgres": ["postgres_scanner"]}.get(kind, [])
    sources = {
        "delta": "delta_scan('{place}/{table}')",
        "parquet": "read_parquet('{place}/{table}/*.parquet')",
        "postgres": "pg.{table}",
    }
    with lake_connection(settings, *extensions) as connection:
        if kind == "postgres":
            connection.execute(f"attach '{place}' as pg (type postgres, read_only)")
        return {table: plain(connection, sources[kind].format(place=place, table=table)) for table in TABLES}


def postgres_at(server: Server, name: str) -> str:
    """A fresh database of a server."""
    with psycopg.connect(f"postgresql://flow@127.0.0.1:{server.port}/postgres", autocommit=True) as connection:
        connection.execute(f"drop database if exists {name}".encode())
        connection.execute(f"create database {name}".encode())
    return f"postgresql://flow@127.0.0.1:{server.port}/{name}"
