"""Exports of a small published file: whole files or none, and a manifest that says what they are."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.text import csv_cell
from flow_pipeline.reports.exports import RUN_EXPORTS, export_tables, exports_are_of, write_whole
from flow_pipeline.settings import Settings


@pytest.fixture
def published(settings: Settings) -> Settings:
    """A published file with a table of two days and a row without one, and a table without days."""
    file = settings.published_link.parent / "warehouse-run7.duckdb"
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA marts; CREATE SCHEMA detection; CREATE SCHEMA store")
        connection.execute(
            """
            CREATE TABLE marts.flows AS
            FROM (VALUES (DATE '2025-05-02', 'b', 0.000000000000000001::DECIMAL(38, 18)), (DATE '2025-05-01', 'a', 2.5),
                         (NULL, 'c', 3)) v (block_date, exchange, amount)
            """
        )
        connection.execute("CREATE TABLE detection.hits AS SELECT 1 AS n, true AS is_one, 'it''s, \"so\"' AS note")
        connection.execute("CREATE TABLE store.hidden AS SELECT 1 AS n")
    settings.published_link.symlink_to(file)
    return settings


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as handle:
        return list(csv.reader(handle))


def test_the_manifest_says_what_the_files_are(published: Settings, tmp_path: Path) -> None:
    done = export_tables(published, [], ["csv", "parquet", "sqlite"], tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["run_id"] == "run7"
    assert [(one.table, one.format, one.rows) for one in done] == [
        (name, form, rows)
        for name, rows in (("detection.hits", 1), ("marts.flows", 3))
        for form in ("csv", "parquet", "sqlite")
    ]
    assert [(one["table"], one["format"], one["rows"]) for one in manifest["tables"]] == [
        (one.table, one.format, one.rows) for one in done
    ]
    listed = {file["file"]: file for one in manifest["tables"] for file in one["files"]}
    for name, file in listed.items():
        content = (tmp_path / "out" / name).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    written = {
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert written == {*listed, "manifest.json"}


def test_days_come_in_order_and_a_row_without_a_day_is_kept(published: Settings, tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []
    export_tables(published, ["marts.flows"], ["csv", "parquet"], tmp_path, lambda *step: said.append(step))
    assert rows_of(tmp_path / "marts.flows.csv") == [
        ["block_date", "exchange", "amount"], ["2025-05-01", "a", "2.500000000000000000"],
        ["2025-05-02", "b", "0.000000000000000001"], ["", "c", "3.000000000000000000"],
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "marts.flows").iterdir()) == [
        "block_date=2025-05-01", "block_date=2025-05-02", "block_date=__HIVE_DEFAULT_PARTITION__",
    ]  # fmt: skip
    read = duckdb.sql(f"SELECT exchange, block_date FROM '{tmp_path}/marts.flows/*/*.parquet' ORDER BY 1")
    assert [(row[0], str(row[1])) for row in read.fetchall()] == [
        ("a", "2025-05-01"),
        ("b", "2025-05-02"),
        ("c", "None"),
    ]
    assert said == [("marts.flows", done, 3) for done in (1, 2, 3)] * 2


def test_sqlite_keeps_exact_amounts_as_text(published: Settings, tmp_path: Path) -> None:
    export_tables(published, ["marts.flows", "detection.hits"], ["sqlite"], tmp_path)
    with closing(sqlite3.connect(tmp_path / "warehouse.sqlite")) as connection:
        rows = connection.execute("SELECT amount, typeof(amount) FROM marts_flows WHERE exchange = 'b'").fetchall()
        assert rows == [("0.000000000000000001", "text")]
        assert connection.execute("SELECT * FROM detection_hits").fetchall() == [(1, 1, 'it\'s, "so"')]
        indexed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1").fetchall()
        assert indexed == [("marts_flows_block_date",), ("marts_flows_exchange",)]


@pytest.mark.parametrize(
    ("tables", "formats", "words"),
    [
        (["marts.flow"], ["csv"], "there is no table marts.flow"),
        ([], ["excel", "csv"], "--format excel: there is no such"),
    ],
)
def test_what_is_not_there_is_refused_and_nothing_written(
    published: Settings, tmp_path: Path, tables: list[str], formats: list[str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        export_tables(published, tables, formats, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_published_is_nothing_to_export(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no published warehouse"):
        export_tables(settings, [], ["csv"], tmp_path / "out")


def test_a_failure_leaves_what_stood_there(published: Settings, tmp_path: Path) -> None:
    export_tables(published, ["detection.hits"], ["csv"], tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}

    def stop(*_: object) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        export_tables(published, ["marts.flows"], ["csv"], tmp_path, stop)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert not (tmp_path / ".incoming").exists()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    assert write_whole(target, lambda path: path.write_text("first")) == target

    def half(path: Path) -> None:
        path.write_text("sec")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_whole(target, half)
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]
    assert target.read_text() == "first"


def test_the_exports_of_a_run_are_known_by_its_mark(settings: Settings) -> None:
    assert not exports_are_of(settings, "run7")
    settings.exports_dir.mkdir(parents=True)
    for name in RUN_EXPORTS:
        (settings.exports_dir / f"{name}.csv").touch()
    assert not exports_are_of(settings, "run7")
    (settings.exports_dir / ".published").write_text("warehouse-run7.duckdb")
    assert exports_are_of(settings, "run7")
    assert not exports_are_of(settings, "run8")
    (settings.exports_dir / "netflow.csv").unlink()
    assert not exports_are_of(settings, "run7")


def test_texts_that_a_spreadsheet_would_run_are_quoted_and_numbers_are_not(published: Settings, tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@x", "'=1", "＝1", "a=1", None, "0x1"]
    with duckdb.connect(str(published.published_link.resolve())) as connection:
        connection.execute('CREATE TABLE marts.names (name VARCHAR, "odd "" name" VARCHAR, amount DOUBLE)')
        connection.executemany("INSERT INTO marts.names VALUES (?, ?, -1.5)", [[text, text] for text in texts])
    export_tables(published, ["marts.names"], ["csv"], tmp_path / "out")
    rows = rows_of(tmp_path / "out" / "marts.names.csv")[1:]
    assert rows == [[*[csv_cell(text) if text else ""] * 2, "-1.5"] for text in texts]
