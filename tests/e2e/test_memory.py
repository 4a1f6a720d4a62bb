"""A data directory is built the same way whoever starts the next run, and nothing vanishes from it unnoticed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from flow_pipeline.settings import Settings, load_settings
from tests.conftest import ROOT, ask, label_file, write_csv
from tests.e2e.test_dagster import run_job
from tests.worlds import address, command, environment, rows_of

DAYS = 12
LAST = "2025-05-13"
SUSPICIOUS = "SELECT count(*) FROM detection.findings WHERE is_suspicious"
EXCHANGES = "SELECT DISTINCT exchange FROM marts.fct_daily_exchange_netflow ORDER BY 1"
HISTORY = "SELECT * FROM marts.fct_daily_exchange_netflow WHERE block_date < '2025-05-13' ORDER BY ALL"


def label(name: str, entity: str, category: str) -> list[object]:
    return ["ethereum", address(name), entity, category, name, 0.9, "test", "2020-01-01", ""]


def state(settings: Settings) -> tuple[list[tuple[object, ...]], ...]:
    """What a reader sees of labels: exchanges, their history, and what is suspicious."""
    return tuple(ask(settings, sql) for sql in (EXCHANGES, HISTORY, SUSPICIOUS))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with lists, and a data directory that was built with one of them."""
    folder = tmp_path_factory.mktemp("memory")
    (folder / "netraflow.toml").write_text("[reports]\neach_run = false\n")
    venues = [label("exa", "Exa", "exchange"), label("exb", "Exb", "exchange")]
    label_file(folder / "a.csv", [*venues, label("M", "Blender", "mixer")])
    label_file(folder / "more.csv", [label("exc", "Exc", "exchange")])
    hops = [(86_400 * day, f"u{day}", name, day + 1) for day in range(DAYS) for name in ("exa", "exb")]
    hops += [(86_400 * 3, "boss", "hand", 5), (86_400 * 3 + 600, "hand", "M", 5), (86_400 * 4, "z", "exc", 1)]
    write_csv(folder / "in" / "t.csv", rows_of(hops))
    assert (
        command(
            "--config",
            folder / "netraflow.toml",
            "analyze",
            folder / "in",
            "--out",
            folder / "data",
            "--labels",
            folder / "a.csv",
        )
        == 0
    )
    return folder


@pytest.fixture
def world(built: Path, tmp_path: Path) -> Path:
    """A data directory of its own, as it was built."""
    shutil.copytree(built, tmp_path / "world", symlinks=True)
    return tmp_path / "world"


def days_for_the_inbox(world: Path) -> None:
    late = rows_of([(86_400 * DAYS, "late", "exa", 3)])
    (world / "data" / "inbox").mkdir(exist_ok=True)
    write_csv(world / "data" / "inbox" / "next.csv", late)


def test_the_daily_run_keeps_exchanges_history_and_suspicions(world: Path) -> None:
    before = state(load_settings(world / "data"))
    assert before[0] == [("Exa",), ("Exb",)]
    assert before[2] != [(0,)]
    late = rows_of([(86_400 * DAYS, "late", "exa", 3)])
    write_csv(world / "data" / "inbox" / "next.csv", late)
    assert command("--data-dir", world / "data", "run", "--date", LAST) == 0
    assert ask(load_settings(world / "data"), "SELECT count(*) FROM raw.transfers WHERE amount = 3") == [(3,)]
    assert state(load_settings(world / "data")) == before


@pytest.mark.slow
def test_a_launch_keeps_exchanges_history_and_suspicions(world: Path) -> None:
    before = state(load_settings(world / "data"))
    late = rows_of([(86_400 * DAYS, "late", "exb", 4)])
    write_csv(world / "data" / "inbox" / "next.csv", late)
    found = run_job(world / "data", LAST, LAST)
    assert found["success"] is True
    assert {"labels_stand", "exchanges_stand", "tokens_stand", "transfers_stand"} <= set(found["checks"])  # type: ignore[call-overload]
    assert ask(load_settings(world / "data"), "SELECT count(*) FROM raw.transfers WHERE amount = 4") == [(3,)]
    assert state(load_settings(world / "data")) == before
    (world / "data" / "netraflow.toml").unlink()
    found = run_job(world / "data", LAST, LAST)
    assert found["success"] is False
    assert found["checks"]["exchanges_stand"] is False  # type: ignore[index]
    assert "ops/publications" not in found["assets"]  # type: ignore[operator]
    assert state(load_settings(world / "data")) == before


def test_what_is_lost_stops_the_publication_until_it_is_accepted(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = world / "data"
    before = (data / "warehouse.duckdb").resolve()
    day = ("--date", LAST)
    assert command("--data-dir", data, "run", *day, "--forget", "labels") == 3
    said = capsys.readouterr().err
    assert "labels: drops a.csv" in said
    assert "exchanges fell from 2 to 0" in said
    assert "--accept-collapse" in said
    assert (data / "warehouse.duckdb").resolve() == before
    assert [path.name for path in load_settings(data).labels.files] == ["a.csv"]
    failed = "SELECT expectation, severity FROM ops.audits WHERE NOT is_success AND stage = 'collapse'"
    assert ask(load_settings(data), failed, is_build=True) == [("exchanges_stand", "blocking")]
    assert command("--data-dir", data, "run", *day, "--forget", "labels", "--accept-collapse") == 0
    assert "exchanges fell from 2 to 0" in capsys.readouterr().out
    assert load_settings(data).labels.files == ()
    assert ask(load_settings(data), EXCHANGES) == []
    assert ("exchanges_stand", "warning") in ask(load_settings(data), failed)


def test_transfers_that_are_gone_from_published_days_stop_it_and_new_days_do_not_hide_it(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = rows_of([(86_400 * day, f"v{n}", "exa", 1) for day in (20, 21) for n in range(30)])
    write_csv(world / "in" / "t.csv", few)
    words = ("analyze", world / "in", "--out", world / "data")
    # The folder was copied: the file counts as another one until the ledger knows it here.
    with duckdb.connect(str(load_settings(world / "data").build_file)) as connection:
        connection.execute("UPDATE raw.loads SET source_file = ? WHERE format = 'canonical'", [str(world / "in/t.csv")])
    assert command(*words) == 3
    said = capsys.readouterr().err
    assert "transfers fell from 27 to 0" in said
    assert command(*words, "--accept-collapse") == 0


KILLED = """
import os, sys
import flow_pipeline.pipeline as pipeline
pipeline.complete = lambda settings: os.kill(os.getpid(), 9)
from flow_pipeline.cli import main
main(sys.argv[1:])
"""


def test_a_run_killed_between_publishing_and_remembering_is_remembered_by_the_next(world: Path) -> None:
    words = ("analyze", str(world / "in"), "--out", str(world / "data"), "--labels", str(world / "more.csv"))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *words], cwd=ROOT, env=environment(), check=False, capture_output=True
    )
    assert done.returncode == -9
    settings = load_settings(world / "data")
    assert len(ask(settings, EXCHANGES)) == 3
    assert "more.csv" not in (world / "data" / "netraflow.toml").read_text()
    assert command("--data-dir", world / "data", "run", "--date", LAST) == 0
    assert len(ask(settings, EXCHANGES)) == 3
    assert "more.csv" in (world / "data" / "netraflow.toml").read_text()
    assert list((world / "data" / "build").glob("*.toml")) == []
