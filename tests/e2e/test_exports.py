"""Exports are whole or absent, and their manifest says what they hold."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.reports import exports
from flow_pipeline.reports.exports import export_tables
from flow_pipeline.settings import Settings
from tests.conftest import ask, build, transfer, write_csv

A, B = "0x" + "1" * 40, "0x" + "2" * 40
TABLES = ["raw.transfers", "marts.dim_tokens", "detection.findings"]


@pytest.fixture
def published(settings: Settings, tmp_path: Path) -> Settings:
    write_csv(
        tmp_path / "in" / "t.csv",
        [transfer(n, A, B, f"{n}.000000000000000001", f"2025-05-0{n}T12:00:00Z") for n in (1, 2, 3)],
    )
    build(settings, tmp_path / "in")
    return settings


def checked(folder: Path) -> dict[tuple[str, str], int]:
    """Rows per table and format, after every file was compared with its hash."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for table in manifest["tables"]:
        for file in table["files"]:
            content = (folder / file["file"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
    return {(table["table"], table["format"]): table["rows"] for table in manifest["tables"]}


def test_every_format_holds_every_row(published: Settings, tmp_path: Path) -> None:
    out, said = tmp_path / "out", []
    export_tables(published, TABLES, ["csv", "parquet", "sqlite"], out, lambda *given: said.append(given))
    rows = checked(out)
    assert rows == {
        (name, kind): count
        for name, count in zip(TABLES, (3, 1, 3), strict=True)
        for kind in ("csv", "parquet", "sqlite")
    }
    assert ("raw.transfers", 3, 3) in said, "progress by days"
    wanted = ask(published, "SELECT block_date::VARCHAR, amount::VARCHAR FROM raw.transfers ORDER BY 1")
    with duckdb.connect() as connection:
        parquet = f"read_parquet('{out}/raw.transfers/*/*.parquet', hive_partitioning = true)"
        assert (
            connection.execute(f"SELECT block_date::VARCHAR, amount::VARCHAR FROM {parquet} ORDER BY 1").fetchall()
            == wanted
        )
        assert (
            connection.execute(
                f"SELECT block_date::VARCHAR, amount FROM read_csv('{out}/raw.transfers.csv', all_varchar = true) "
                "ORDER BY 1"
            ).fetchall()
            == wanted
        )
    with closing(sqlite3.connect(out / "warehouse.sqlite")) as connection:
        assert connection.execute("SELECT block_date, amount FROM raw_transfers ORDER BY 1").fetchall() == wanted
        assert connection.execute(
            "SELECT DISTINCT typeof(block_number), typeof(amount) FROM raw_transfers"
        ).fetchall() == [("integer", "text")]
        indexes = {
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
        }
    assert {"raw_transfers_block_date", "raw_transfers_from_address", "raw_transfers_tx_hash"} <= indexes
    assert not (out / ".incoming").exists()


def test_a_failure_leaves_the_last_export_as_it_was(
    published: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    (out / "mine.txt").parent.mkdir()
    (out / "mine.txt").write_text("kept")
    export_tables(published, TABLES, ["csv"], out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    real, calls = exports._copy, 0

    def dies(*given: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(exports, "_copy", dies)
        with pytest.raises(KeyboardInterrupt):
            export_tables(published, TABLES, ["csv"], out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    export_tables(published, TABLES, ["csv", "parquet"], out)
    assert len(checked(out)) == 6
    assert (out / "mine.txt").read_text() == "kept"


def test_what_is_not_there_is_refused(published: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no table marts\.nothing"):
        export_tables(published, ["marts.nothing"], ["csv"], tmp_path / "out")
    with pytest.raises(UsageError, match="--format excel"):
        export_tables(published, [], ["excel"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
