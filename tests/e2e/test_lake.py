"""Tables of a lake and of a database, in and out, and objects of S3, on a real Postgres and an S3 on loopback."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.loading.labels import load_labels
from flow_pipeline.places import bring_files
from flow_pipeline.reports.exports import export_tables
from flow_pipeline.reports.targets import export_after_run, export_to
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.lake import delta_options, lake_connection
from flow_pipeline.warehouse.store import open_build
from tests import lakes
from tests.conftest import ROOT, ask, load_only
from tests.lakes import BUCKET, COLUMNS, FIRST, SECOND, TABLES, published, read, rows, table_of
from tests.servers import Server, postgres_server
from tests.worlds import command, environment

KINDS = ("delta", "parquet", "postgres")
SECRET = "pass-w0rd"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with lakes.s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


def place_for(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    if kind == "postgres":
        return lakes.postgres_at(request.getfixturevalue("server"), "marts")
    return str(folder / kind)


def held(settings: Settings) -> list[tuple[object, ...]]:
    """What is loaded, in the columns of `rows`."""
    return ask(settings, f"select {', '.join(COLUMNS)} from raw.transfers order by tx_hash", is_build=True)


def expected(*days: int) -> list[tuple[object, ...]]:
    return sorted((row for day in days for row in rows(day)), key=lambda row: str(row[2]))


def statuses(settings: Settings, place: object) -> list[str]:
    report = load_only(settings, place, options=LoadOptions(must_have_rows=True))  # type: ignore[arg-type]
    return sorted(file.status for file in report.files)


def test_a_delta_table_loads_by_version_exactly_once(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "lake" / "transfers"
    days = table_of(1, 2).append_column("day", pa.array(["1"] * 4 + ["2"] * 4))
    write_deltalake(folder, days, partition_by=["day"])
    assert statuses(settings, folder) == ["loaded", "loaded"]
    assert held(settings) == expected(1, 2)
    assert statuses(settings, folder) == ["known", "known"]
    write_deltalake(folder, table_of(3).append_column("day", pa.array(["3"] * 4)), mode="append")
    assert statuses(settings, folder) == ["known", "known", "loaded"]
    # Rows are deleted, the rest compacted: other files, and the rows that are left.
    DeltaTable(folder).delete(f"day = '1' and tx_hash != '{rows(1)[0][2]}'")
    DeltaTable(folder).optimize.compact()
    assert "known" in statuses(settings, folder.parent)
    assert held(settings) == sorted([rows(1)[0], *expected(2, 3)], key=lambda row: str(row[2]))
    assert ask(settings, "select count(*) from raw.loads where format <> 'labels'", is_build=True) == [(3,)]


def test_rows_that_a_deletion_vector_takes_out_are_not_loaded(settings: Settings, tmp_path: Path) -> None:
    write_deltalake(tmp_path / "lake", table_of(1))
    for places in ([1, 3], [0, 2]):
        lakes.delete_by_vector(tmp_path / "lake", places)
        assert statuses(settings, tmp_path / "lake") == ["loaded"]
        assert held(settings) == [row for n, row in enumerate(rows(1)) if n not in places]


def test_an_iceberg_table_loads_its_snapshot(settings: Settings, tmp_path: Path) -> None:
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("c", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}/warehouse")
    catalog.create_namespace("lake")
    table = catalog.create_table("lake.transfers", schema=table_of(1).schema)
    table.append(table_of(1))
    table.append(table_of(2))
    folder = tmp_path / "warehouse" / "lake" / "transfers"
    assert statuses(settings, folder) == ["loaded", "loaded"]
    assert held(settings) == expected(1, 2)
    table.delete(f"tx_hash == '{rows(1)[0][2]}'")
    assert statuses(settings, folder) == ["known", "loaded"]
    assert held(settings) == expected(1, 2)[1:]
    catalog.close()


def test_a_table_of_postgres_loads_by_day_to_the_last_digit(settings: Settings, server: Server) -> None:
    address = lakes.postgres_at(server, "app")
    with psycopg.connect(address, autocommit=True) as app:
        app.execute(
            'create table "Trans fers" (chain text, block_timestamp timestamptz, tx_hash text, transfer_index int, '
            "token_symbol text, from_address text, to_address text, amount numeric)"
        )
        for row in expected(1, 2):
            app.execute(f'insert into "Trans fers" values ({", ".join(["%s"] * 8)})', row)
        place = f"{address}?table=public.Trans%20fers"
        assert statuses(settings, place) == ["loaded", "loaded"]
        assert held(settings) == expected(1, 2), "numeric without a limit is read as text, digit by digit"
        assert statuses(settings, place) == ["known", "known"]
        app.execute('delete from "Trans fers" where tx_hash = %s', [rows(1)[0][2]])
        app.execute(f'insert into "Trans fers" values ({", ".join(["%s"] * 8)})', rows(3)[0])
        assert statuses(settings, place) == ["known", "loaded", "loaded"]
        assert held(settings) == [*expected(1, 2)[1:], rows(3)[0]]
        app.execute('delete from "Trans fers" where tx_hash < %s', [rows(2)[0][2]])
        assert statuses(settings, place) == ["known", "known"]
        assert held(settings) == [*expected(2), rows(3)[0]], "a day that is gone takes its rows with it"


def test_objects_of_s3_are_read_as_files_are(
    settings: Settings, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    remote = lakes.let_in(monkeypatch, endpoint)

    def put(key: str, content: bytes) -> None:
        with remote.open_output_stream(f"{BUCKET}/{key}") as stream:
            stream.write(content)

    def put_labels(name: str) -> None:
        text = f"chain,address,entity,category\nethereum,{rows(1)[0][5]},{name},exchange\n"
        put("labels/mine.csv", text.encode())

    put_labels("Alpha")
    for day in (1, 2):
        pq.write_table(table_of(day), tmp_path / "day.parquet")
        put(f"in/{day}.parquet", (tmp_path / "day.parquet").read_bytes())
    write_deltalake(f"s3://{BUCKET}/lake", table_of(3), storage_options=delta_options())
    settings = settings.with_files(labels=[Path(f"s3://{BUCKET}/labels/mine.csv")])
    settings = settings.with_changes(sources={"inputs": [f"s3://{BUCKET}/lake"]})
    assert statuses(settings, f"s3://{BUCKET}/in") == ["loaded"] * 3
    assert held(settings) == expected(1, 2, 3)
    assert statuses(settings, f"s3://{BUCKET}/in") == ["known"] * 3
    put("in/1.parquet", (tmp_path / "day.parquet").read_bytes())
    assert statuses(settings, f"s3://{BUCKET}/in") == ["known", "known", "loaded"]
    assert held(settings) == expected(2, 3), "an object with other bytes replaces what it had brought"
    for name in ("Alpha", "Beta"):
        put_labels(name)
        bring_files(settings)
        with open_build(settings) as connection:
            load_labels(connection, settings)
        assert ask(settings, f"select count(*) from raw.labels where entity = '{name}'", is_build=True) == [(1,)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_system_holds_what_is_published_and_only_news_is_written(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place, data = place_for(kind, tmp_path, request), tmp_path / "data"
    for run, script, written, removed in (
        ("20250601T000000-a", FIRST, [3, 1, 1, 3], [0, 0, 0, 0]),
        ("20250602T000000-b", SECOND, [3, 1, 1, 2], [0, 0, 1, 0]),
        ("20250603T000000-c", SECOND, [0, 0, 0, 0], [0, 0, 0, 0]),
        ("20250604T000000-d", FIRST, [2, 1, 1, 1], [1, 0, 1, 1]),
    ):
        settings = lakes.publish(data, run, script)
        found = {one.table: one for one in export_to(settings, kind, place, [])}
        assert read(settings, kind, place) == published(settings), run
        if kind != "postgres":  # rows are no files there: days, whatever they hold
            assert [found[table].written for table in TABLES] == written, run
            assert [found[table].removed for table in TABLES] == removed, run
        assert export_to(settings, kind, place, []) == [], "it shows this run"


def test_a_reader_of_a_lake_knows_the_run_and_what_columns_mean(
    tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote, place = lakes.let_in(monkeypatch, endpoint), f"s3://{BUCKET}/marts"
    runs = {"20250601T000000-a": FIRST, "20250602T000000-b": SECOND, "20250603T000000-c": SECOND}
    for run, script in runs.items():
        settings = lakes.publish(tmp_path / "data", run, script)
        export_to(settings, "delta", f"{place}/delta", [])
        export_to(settings, "parquet", f"{place}/parquet", [])
        export_tables(settings, [], ["csv", "parquet"], f"{place}/files")
    for kind in ("delta", "parquet"):
        assert read(settings, kind, f"{place}/{kind}") == published(settings), kind
    held = DeltaTable(f"{place}/delta/marts.daily", storage_options=delta_options())
    amount = next(one for one in held.schema().fields if one.name == "amount")
    assert (held.version(), amount.metadata) == (1, {"comment": "token units; exact"}), (
        "c changes nothing, and is no version"
    )
    assert held.metadata().description == "one row per day, it's so"
    assert held.history(1)[0]["netraflow.run_id"] == "20250602T000000-b"
    told = DeltaTable(f"{place}/delta/netraflow_runs", storage_options=delta_options()).to_pyarrow_table()
    pins = {(row["run_id"], row["table_name"]): row["delta_version"] for row in told.to_pylist()}
    assert [pins[run, "marts.daily"] for run in runs] == [0, 1, 1]
    with remote.open_input_file(f"{BUCKET}/marts/parquet/marts.daily/2025-05.parquet") as file:
        assert pq.read_schema(file).field("amount").metadata[b"comment"] == b"token units; exact"
    names = {info.base_name for info in remote.get_file_info(lakes.everything("marts/files"))}
    assert {"manifest.json", "marts.daily.csv", "block_date=2025-06-01", "marts.whole.parquet"} <= names
    assert "block_date=2025-04-30" not in names, "a day that is gone is gone there too"


def test_postgres_keeps_comments_and_every_reader_sees_one_run(tmp_path: Path, server: Server) -> None:
    place = lakes.postgres_at(server, "marts")
    export_to(lakes.publish(tmp_path, "20250601T000000-a", FIRST), "postgres", place, [])
    with psycopg.connect(place) as reader:
        reader.execute("set transaction isolation level repeatable read")
        before = reader.execute("select run_id, count(*) from netraflow.runs group by 1").fetchall()
        settings = lakes.publish(tmp_path, "20250602T000000-b", SECOND)
        found = {one.table: one for one in export_to(settings, "postgres", place, [])}
        assert reader.execute("select count(*) from marts.whole").fetchall() == [(7,)]
        assert reader.execute("select run_id, count(*) from netraflow.runs group by 1").fetchall() == before
    assert (found["marts.daily"].written, found["marts.daily"].removed) == (2, 1), "by day"
    with psycopg.connect(place) as reader:
        comments = reader.execute(
            "select obj_description('marts.daily'::regclass), col_description('marts.daily'::regclass, 3)"
        ).fetchall()
        assert comments == [("one row per day, it's so", "token units; exact")]
        kinds = reader.execute(
            "select data_type, numeric_precision, numeric_scale from information_schema.columns "
            "where table_name = 'daily' order by ordinal_position"
        ).fetchall()
        assert [kind for kind, *_ in kinds] == [
            *("date", "text", "numeric", "double precision", "timestamp without time zone"),
            *("ARRAY", "text", "text", "boolean", "numeric"),
        ]
        assert kinds[2] == ("numeric", 38, 18)


KILLED = """
import sys
from pathlib import Path
from flow_pipeline.reports.targets import export_to
from flow_pipeline.settings import load_settings
settings = load_settings(Path(sys.argv[1]))
print("go", flush=True)
export_to(settings, sys.argv[2], sys.argv[3], [])
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_export_is_completed_by_the_next(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place, data = place_for(kind, tmp_path, request), tmp_path / "data"
    states = {}
    for run, script in (("20250602T000000-b", SECOND), ("20250601T000000-a", FIRST)):
        settings = lakes.publish(data, run, script)
        began = time.monotonic()
        export_to(settings, kind, place, [])
        took = time.monotonic() - began
        states[run] = published(settings)
    for part in (0.3, 0.7):
        settings = lakes.publish(data, "20250602T000000-b", SECOND)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(data), kind, place], stdout=subprocess.PIPE, env=environment()
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(took * part)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        seen = read(settings, kind, place)
        if kind == "delta":
            assert all(any(seen[table] == state[table] for state in states.values()) for table in TABLES)
        if kind == "postgres":
            assert seen in states.values(), "all tables of one run"
        for run, script in (("20250602T000000-b", SECOND), ("20250601T000000-a", FIRST)):
            export_to(lakes.publish(data, run, script), kind, place, [])
            assert read(settings, kind, place) == states[run]


def refused(kind: str, place: str, data: Path) -> str:
    with pytest.raises(FlowError) as error:
        export_to(load_settings(data), kind, place, [])
    return f"{error.value.message}; {error.value.hint}"


def test_an_export_says_what_is_wrong_and_no_secret(
    tmp_path: Path, server: Server, endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    lakes.publish(data, "20250601T000000-a", FIRST)
    assert "no credentials for s3://" in refused("delta", f"s3://{BUCKET}/x", data)
    lakes.let_in(monkeypatch, endpoint)
    assert "no such bucket" in refused("parquet", "s3://not-there/x", data)
    assert "not-there" in refused("delta", "s3://not-there/x", data)
    write_deltalake(tmp_path / "lake" / "marts.daily", table_of(1))
    assert "that netraflow did not write" in refused("delta", str(tmp_path / "lake"), data)
    place = lakes.postgres_at(server, "taken")
    with psycopg.connect(place, autocommit=True) as owner:
        owner.execute("create schema marts; create table marts.whole (n int); insert into marts.whole values (1)")
        assert "marts.whole that netraflow did not make" in refused("postgres", place, data)
        assert owner.execute(
            "select count(*) from pg_tables where schemaname in ('marts', 'netraflow')"
        ).fetchall() == [(1,)]
    monkeypatch.setenv("NETRAFLOW_SECRET_MARTS", f"postgresql://flow:{SECRET}@127.0.0.1:{server.port}/nothing")
    told = refused("postgres", "env:NETRAFLOW_SECRET_MARTS", data)
    assert SECRET not in told
    assert 'database "nothing" does not exist' in told
    monkeypatch.setenv("NETRAFLOW_SECRET_MARTS", f"postgresql://flow:{SECRET}@127.0.0.1:1/nothing")
    told = refused("postgres", "env:NETRAFLOW_SECRET_MARTS", data)
    assert SECRET not in told
    assert "Connection refused" in told
    assert "holds a password" in refused("postgres", f"postgresql://flow:{SECRET}@127.0.0.1/x", data)
    monkeypatch.setattr("flow_pipeline.warehouse.extensions.find_spec", lambda name: None)
    assert 'pip install "netraflow[lake]"' in refused("postgres", place, data)
    for words in (["--to", "hive", "--out", "x"], ["--to", "delta"], ["--to", "delta", "--format", "csv"]):
        assert command("--data-dir", data, "export", *words) == 2
    said = capsys.readouterr().err
    assert "choose from delta, postgres, parquet" in said
    assert "exports.delta" in said


def test_other_systems_follow_each_publication(tmp_path: Path) -> None:
    settings = lakes.publish(tmp_path / "data", "20250601T000000-a", FIRST)
    (tmp_path / "file").write_text("")
    follows = {"delta": str(tmp_path / "lake"), "parquet": str(tmp_path / "file"), "tables": ["marts.whole"]}
    settings = settings.with_changes(exports=follows)
    (failure,) = export_after_run(settings)
    assert "the export to parquet failed" in failure
    assert "`netraflow export --to parquet`" in failure
    assert DeltaTable(tmp_path / "lake" / "marts.whole").to_pyarrow_table().num_rows == 7
    assert not (tmp_path / "lake" / "marts.daily").exists()


def test_a_source_says_what_is_wrong_and_no_secret(
    settings: Settings, tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def why(place: str, kind: type[FlowError] = UsageError) -> str:
        with pytest.raises(kind) as error:
            load_only(settings, place, options=LoadOptions(must_have_rows=True))  # type: ignore[arg-type]
        return f"{error.value.message}; {error.value.hint}"

    assert "no credentials for s3://" in why(f"s3://{BUCKET}/in")
    lakes.let_in(monkeypatch, endpoint)
    assert "there is no such object" in why(f"s3://{BUCKET}/in")
    assert "there is no such bucket" in why("s3://not-there/in")
    assert "holds a password" in why(f"postgresql://flow:{SECRET}@127.0.0.1/x?table=a.b")
    assert "names no table" in why("postgresql://flow@127.0.0.1/x")
    told = why("postgresql://flow@127.0.0.1:1/x?table=a.b", FlowError)
    assert "Connection refused" in told
    write_deltalake(tmp_path / "lake", table_of(1).select(["tx_hash", "amount"]))
    assert "lake" in why(str(tmp_path / "lake"), FlowError)
    next((tmp_path / "lake").glob("*.parquet")).unlink()
    assert "can not be read" in why(str(tmp_path / "lake"), FlowError)


def test_the_commands_of_the_guide_run(
    tmp_path: Path, server: Server, endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pyiceberg.catalog.sql import SqlCatalog

    monkeypatch.chdir(tmp_path)
    lakes.let_in(monkeypatch, endpoint, "lake")
    address = lakes.postgres_at(server, "app")
    monkeypatch.setenv("NETRAFLOW_SECRET_MARTS", address)
    with psycopg.connect(address, autocommit=True) as app:
        app.execute("create table transfers (hash text, time timestamptz, sender text, receiver text, amount numeric)")
        app.execute("insert into transfers values (%s, %s, %s, %s, %s)", [rows(1)[0][n] for n in (2, 1, 5, 6, 7)])
    catalog = SqlCatalog("c", uri="sqlite:///catalog.db", warehouse=f"file://{tmp_path}/iceberg")
    catalog.create_namespace("lake")
    catalog.create_table("lake.transfers", schema=table_of(1).schema).append(table_of(1))
    catalog.close()
    for place, options in (("lake/transfers", None), ("s3://lake/in", delta_options())):
        write_deltalake(place, table_of(1, 2, 3), storage_options=options)
    guide = (ROOT / "docs" / "lake.md").read_text()
    commands = re.findall(r"^netraflow (.*?)(?: +#.*)?$", guide, re.MULTILINE)
    assert len(commands) > 8
    for line in commands:
        words = shlex.split(line.replace("$APP", address))
        assert command("--data-dir=data", *words) == 0, line
    said = capsys.readouterr().out
    assert said.count('"status": "loaded"') == 1
    settings = load_settings(tmp_path / "data")
    with (
        duckdb.connect(str(settings.published_link), read_only=True) as published,
        lake_connection(settings, "delta", "postgres_scanner") as lake,
    ):
        lake.execute(f"attach '{address}' as pg (type postgres, read_only)")
        names = [
            row[0]
            for row in published.execute(
                "select schema_name || '.' || table_name from duckdb_columns() "
                "where schema_name in ('marts', 'detection') group by all order by all"
            ).fetchall()
        ]
        assert len(names) > 30
        for name in names:
            wanted = lakes.plain(published, name)
            assert lakes.plain(lake, f"delta_scan('marts/{name}')") == wanted, name
            assert lakes.plain(lake, f"pg.{name}") == wanted, name
    for table in re.findall(r"^```toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL):
        (tmp_path / "netraflow.toml").write_text(table)
        load_settings(tmp_path / "other", tmp_path / "netraflow.toml")
