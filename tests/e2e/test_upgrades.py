"""A data directory of an earlier version: derived tables are made anew, loaded rows come from the ledger's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import RunResult, run
from flow_pipeline.pipeline.rebuild import rebuild
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import build_trouble, open_build
from tests.conftest import ask, build, transfer, write_csv
from tests.worlds import command

BINANCE = "0x28c6c06298d514db089934071355e5743bf21d60"
HANDS = ["0x" + digit * 40 for digit in "6789"]
CHAIN = [transfer(200 + n, HANDS[n], HANDS[n + 1], 4, at=f"2025-05-10T12:0{n}:00Z", symbol="XYZ") for n in range(3)]
DAYS = [transfer(n, HANDS[0], BINANCE, n, at=f"2025-05-{n:02d}") for n in range(1, 12)]

HASHES = """
    select table_name, row_count, content_hash from ops.publications
    where run_id = (select max(run_id) from ops.publications) order by table_name"""


def make_older(settings: Settings, *changes: str) -> None:
    """The build file as a version with other tables would have left it."""
    with open_build(settings) as connection:
        for change in changes:
            connection.execute(change)
        connection.execute("update store.state set value = 'older' where key = 'tables'")


def input_of(tmp_path: Path) -> Path:
    write_csv(tmp_path / "in" / "a.csv", CHAIN)
    write_csv(tmp_path / "in" / "b.csv", DAYS)
    return tmp_path / "in"


def again(settings: Settings, folder: Path) -> RunResult:
    from flow_pipeline.domain.windows import Window

    return run(settings, folder, Window(), LoadOptions())


def test_tables_that_a_build_writes_are_made_anew_with_other_columns(settings: Settings, tmp_path: Path) -> None:
    folder = input_of(tmp_path)
    build(settings, folder)
    before = ask(settings, HASHES)
    make_older(
        settings,
        "alter table detection.findings drop column reason",
        "alter table detection.group_flows add column more integer",
        "alter table store.payers drop column other_at",
        "alter table marts.fct_wallet_trades drop column trade_number",
        "drop view detection.group_members",
        "create table detection.group_members (group_id varchar)",
    )
    assert build_trouble(settings) is None
    done = again(settings, folder)
    assert done.is_new
    assert [file.status for file in done.load.files] == ["known", "known"]
    assert ask(settings, HASHES) == before


def test_loaded_rows_come_again_from_the_files_of_the_ledger(settings: Settings, tmp_path: Path) -> None:
    folder = input_of(tmp_path)
    build(settings, folder)
    before, runs = ask(settings, HASHES), ask(settings, "select distinct run_id from ops.publications")
    make_older(settings, "alter table store.transfers drop column is_edge")
    trouble = build_trouble(settings)
    assert trouble
    assert "netraflow rebuild" in trouble.hint
    done = rebuild(settings, without_gone=False)
    assert [(file.status, file.rows_loaded) for file in done.load.files] == [("loaded", 3), ("loaded", 11)]
    assert ask(settings, HASHES) == before
    assert set(runs) < set(ask(settings, "select distinct run_id from ops.publications"))
    assert not again(settings, folder).is_new


def test_files_that_are_gone_or_changed_are_named(settings: Settings, tmp_path: Path) -> None:
    folder = input_of(tmp_path)
    build(settings, folder)
    (folder / "a.csv").unlink()
    write_csv(folder / "b.csv", DAYS[:5])
    with pytest.raises(UsageError, match=r"gone from the files of the ledger: .*/a\.csv \(3 rows\)"):
        rebuild(settings, without_gone=False)
    assert ask(settings, "select count(*) from raw.transfers", is_build=True) == [(14,)]
    done = rebuild(settings, without_gone=True, accepts_collapse=True)
    assert [file.path.name for file in done.load.files] == ["b.csv"]
    assert "has changed since it was loaded" in done.load.files[0].notes[0]
    assert ask(settings, "select count(*) from raw.transfers") == [(5,)]


def test_the_verb_rebuilds_a_damaged_file_from_the_published_ledger(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = input_of(tmp_path)
    build(settings, folder)
    settings.build_file.write_bytes(b"no warehouse")
    settings.build_file.with_name("rebuilding.duckdb").write_bytes(b"left by a killed run")
    capsys.readouterr()
    assert command("--data-dir", settings.data_dir, "rebuild", "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows"]["loaded"] == 14
    assert ask(settings, "select count(*) from raw.transfers") == [(14,)]
    assert command("--data-dir", tmp_path / "none", "rebuild") == 2
    assert "there is no warehouse" in capsys.readouterr().err
