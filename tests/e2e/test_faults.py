"""Broken input, killed processes, readers during publishes; full disks, damaged files, locks, clocks set back."""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flow_pipeline.alerts import ledger
from flow_pipeline.alerts.agent import remembered
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions, LoadReport
from flow_pipeline.pipeline import RunResult, load, publish, tell
from flow_pipeline.pipeline.rollback import rollback
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse import faults
from flow_pipeline.warehouse import publish as publishing
from flow_pipeline.warehouse.publish import (
    copy_file,
    new_run_id,
    published_file,
    published_run,
    published_runs,
    swap_in,
)
from flow_pipeline.warehouse.store import open_build, open_published
from tests.conftest import U, V, ask, build, hashes, load_only, transfer, write_csv
from tests.worlds import command, environment

KILLS = int(os.environ.get("KILLS", "5"))
GOOD = [transfer(n, U, V, n, at=f"2025-05-{n:02d}") for n in range(1, 29)]


def test_broken_files_are_named_and_the_rest_loads(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "good.csv", GOOD)
    (folder / "broken.parquet").write_bytes(b"PAR1" + random.Random(1).randbytes(5_000))
    (folder / "renamed.parquet").write_bytes(b"hello")
    (folder / "empty.csv").touch()
    (folder / "blank.csv").write_text("\n\n")
    (folder / "cut.csv.gz").write_bytes(b"\x1f\x8b\x08\x00" + b"x" * 50)
    (folder / "sub").mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "notes.txt").write_text("just some words\n")
    (folder / "other.csv").write_text("a,b,c\n1,2,3\n")
    report = load_only(settings, folder)
    assert {file.path.name: file.status for file in report.files} == {
        "blank.csv": "refused", "broken.parquet": "refused", "cut.csv.gz": "refused", "empty.csv": "refused",
        "good.csv": "loaded", "loop": "refused",
        "notes.txt": "skipped", "other.csv": "refused", "renamed.parquet": "refused", "sub": "skipped",
    }  # fmt: skip
    assert all(file.path.name in file.notes[0] for file in report.refused)
    assert ask(settings, "SELECT count(*) FROM raw.transfers", is_build=True) == [(28,)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_bytes_in_a_csv_cost_only_themselves(settings: Settings, tmp_path: Path, seed: int) -> None:
    path = write_csv(tmp_path / "in" / "a.csv", GOOD)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:15]) + random.Random(seed).randbytes(100_000) + b"\n" + b"".join(lines[15:]))
    report = load_only(settings, tmp_path / "in").files[0]
    assert report.rows_loaded == 28
    assert report.rows_read == report.rows_loaded + report.rows_duplicate + report.rows_rejected
    assert ask(settings, "SELECT count(DISTINCT source_row) = count(*) FROM raw.rejects", is_build=True) == [(True,)]


@pytest.mark.parametrize(
    "middle",
    ['7,"stray', '"a"b,c', "one,two", "x" * 200_000_000],
    ids=["open quote", "text after quote", "too few", "200 MB line"],
)
def test_a_malformed_line_is_one_reject(settings: Settings, tmp_path: Path, middle: str) -> None:
    path = write_csv(tmp_path / "in" / "a.csv", GOOD)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:15], middle, *lines[15:]]) + "\n")
    report = load_only(settings, tmp_path / "in").files[0]
    assert (report.rows_read, report.rows_loaded, report.reasons) == (29, 28, {"malformed_row": 1})
    assert ask(settings, "SELECT source_row, length(raw_text) <= 2000 FROM raw.rejects", is_build=True) == [(15, True)]
    assert ask(settings, "SELECT source_row FROM raw.transfers WHERE amount = 15", is_build=True) == [(16,)]


def test_mixed_line_ends_and_a_missing_last_one_lose_nothing(settings: Settings, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in" / "a.csv", GOOD)
    lines = path.read_text().splitlines()
    path.write_bytes(("\n".join(lines[:10]) + "\r\n" + "\r\n".join(lines[10:])).encode())
    assert load_only(settings, tmp_path / "in").files[0].rows_loaded == 28


def test_a_killed_run_is_completed_by_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "a.csv", GOOD)
    write_csv(folder / "b.csv", [transfer(n + 100, V, U, n, at=f"2025-05-{n:02d}") for n in range(1, 29)])
    whole = load_settings(tmp_path / "whole")
    started = time.monotonic()
    build(whole, folder)
    warm = time.monotonic() - started
    rng = random.Random(7)
    broken = load_settings(tmp_path / "broken")
    command = [sys.executable, "-m", "flow_pipeline", "analyze", str(folder), "--out", str(broken.data_dir)]
    for _ in range(KILLS):
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.3, warm + 9))
        process.send_signal(signal.SIGKILL)
        process.wait()
    build(broken, folder)
    assert hashes(broken) == hashes(whole)
    assert not list(broken.published_dir.glob(".incoming-*"))


READER = """
import sys, time, duckdb
link, stop = sys.argv[1], time.monotonic() + float(sys.argv[2])
looks = 0
while time.monotonic() < stop:
    with duckdb.connect(link, read_only=True) as c:
        transfers, volume, ledger = c.execute(
            "SELECT (SELECT count(*) FROM raw.transfers), "
            "(SELECT sum(transfer_count) FROM marts.fct_daily_region_flow), "
            "(SELECT sum(transfers_loaded) FROM raw.loads)").fetchone()
        assert transfers == volume == ledger, (transfers, volume, ledger)
    looks += 1
print(looks)
"""


@pytest.mark.slow
def test_readers_never_fail_and_never_see_a_half_state(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "0.csv", GOOD[:3])
    build(settings, folder)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(settings.published_link), "25"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for n in range(1, 11):
        write_csv(folder / f"{n}.csv", [transfer(1_000 + n, U, V, n, at=f"2025-05-{n:02d}")])
        assert build(settings, folder).is_new
    for reader in readers:
        out, err = reader.communicate(timeout=120)
        assert reader.returncode == 0, err
        assert int(out) > 10


@pytest.mark.parametrize("size", [0, 5, 4_096, 8 * 2**20, 8 * 2**20 + 5_000])
@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_a_copy_has_every_byte(size: int, place: str) -> None:
    with tempfile.TemporaryDirectory(dir=place if Path(place).is_dir() else None) as name:
        source, target = Path(name) / "source", Path(name) / "target"
        source.write_bytes(random.Random(size).randbytes(size))
        target.write_bytes(b"longer than some of the sources" * 300)
        copy_file(source, target)
        assert target.read_bytes() == source.read_bytes()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one publication and alerts; tests work on copies."""
    folder = tmp_path_factory.mktemp("kept")
    write_csv(folder / "in" / "a.csv", GOOD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETRAFLOW_REPORTS__EACH_RUN", "false")
        settings = load_settings(folder / "data")
        build(settings.with_changes(alerts={"transfer_by_token": {"ETH": (5.0, 20.0, 1000.0)}}), folder / "in")
    return folder


@pytest.fixture
def world(kept: Path, tmp_path: Path) -> Settings:
    return load_settings(shutil.copytree(kept / "data", tmp_path / "world", symlinks=True))


@contextmanager
def mounted(place: Path, *words: str) -> Iterator[None]:
    """A file system mounted on a folder; skipped where this user may not mount."""
    done = subprocess.run(["mount", *words, str(place)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def spoil(path: Path, how: str) -> None:
    """Cut a file, or write over its middle or its head."""
    path.chmod(0o644)
    size = path.stat().st_size
    with path.open("r+b") as handle:
        if how == "cut":
            handle.truncate(size // 2)
            return
        handle.seek(size // 4 if how == "middle" else 0)
        handle.write(random.Random(1).randbytes(size // 2 if how == "middle" else 4_096))


def publish_again(settings: Settings) -> RunResult:
    """What is built, published once more."""
    with open_build(settings) as connection:
        result = RunResult(new_run_id(settings, connection), LoadReport())
    publish(settings, result)
    return result


def load_again(settings: Settings, folder: Path) -> RunResult:
    return load(settings, folder, Window(), LoadOptions())


def told(settings: Settings) -> list[tuple[object, ...]]:
    return sorted(tuple(row[:3]) for row in ledger.listed(settings, None, None, "all", None)[1])


def to_mend(settings: Settings, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What `doctor` says is to be mended."""
    capsys.readouterr()
    code = command("--data-dir", settings.data_dir, "doctor", "--json")
    found = {row["what"]: row["to mend"] for row in json.loads(capsys.readouterr().out) if row["to mend"] != "–"}
    assert code == (1 if found else 0)
    return found


def test_a_full_disk_leaves_what_is_published_and_no_piece_of_a_copy(world: Settings, tmp_path: Path) -> None:
    before, place = published_run(world), tmp_path / "small"
    place.mkdir()
    size = 2 * world.build_file.stat().st_size + 3_000_000
    with mounted(place, "-t", "tmpfs", "-o", f"size={size}", "none"):
        full = load_settings(shutil.copytree(world.data_dir, place / "data", symlinks=True))
        with pytest.raises(FlowError, match="the disk is full: No space left") as refusal:
            swap_in(full, "20990101T000000-abcdef")
        assert "free some room" in refusal.value.hint
        assert (published_run(full), published_runs(full)) == (before, [before])
        assert not list(full.published_dir.glob(".incoming-*"))
        subprocess.run(["mount", "-o", f"remount,size={2 * size}", str(place)], check=True)
        swap_in(full, "20990101T000000-abcdef")
        assert published_run(full) == "20990101T000000-abcdef"


def test_a_disk_that_is_full_for_the_report_fails_no_run(world: Settings) -> None:
    place = world.data_dir / "reports"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    figures = place / "netraflow.prom"
    full = world.model_copy(
        update={"reports": world.reports.model_copy(update={"metrics_file": figures, "each_run": True})}
    )
    with mounted(place, "-t", "tmpfs", "-o", "size=8k", "none"):
        (place / "filler").write_bytes(bytes(4096))
        result = RunResult("", LoadReport())
        tell(full, result)
        assert [failure.split(" (")[0] for failure in result.tell_failures] == [
            "the metrics could not be written",
            "the report could not be written",
        ]
        assert all("No space left" in failure and "is published" in failure for failure in result.tell_failures)
        assert [path.name for path in place.iterdir()] == ["filler"], "nothing half-written is left"
        subprocess.run(["mount", "-o", "remount,size=50m", str(place)], check=True)
        again = RunResult("", LoadReport())
        tell(full, again)
        assert again.tell_failures == []
        assert figures.stat().st_size
        assert again.reports


def test_a_limit_of_file_sizes_is_named_in_the_first_error(world: Settings) -> None:
    script = """
import resource, sys
from pathlib import Path
from flow_pipeline.settings import load_settings
from flow_pipeline.warehouse.store import open_build, transaction
settings = load_settings(Path(sys.argv[1]))
most = settings.build_file.stat().st_size + 4096
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
with open_build(settings) as connection, transaction(connection):
    connection.execute("create table filler as select hash(range) as h from range(3000000)")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(world.data_dir)], capture_output=True, text=True, env=environment()
    )
    assert "FlowError" in done.stderr.splitlines()[-1]
    assert "a file would grow beyond what the system allows" in done.stderr.splitlines()[-1]
    assert "File too large" in done.stderr.splitlines()[-1]
    with open_build(world):
        pass


def test_little_memory_names_the_setting_to_change(world: Settings) -> None:
    little = world.with_changes(warehouse={"memory_limit": "20MB"})
    with pytest.raises(FlowError, match="not enough memory") as refusal, open_build(little) as connection:
        connection.execute("select list(range) from range(100_000_000)").fetchall()
    assert "warehouse.memory_limit" in refusal.value.hint


def test_a_day_that_does_not_fit_is_refused_before_anything_is_built(settings: Settings, tmp_path: Path) -> None:
    rows = [transfer(n, U, V, n + 1, at=f"2025-05-0{n}") for n in (1, 4, 5)]
    write_csv(tmp_path / "in" / "a.csv", rows)
    tight = settings.with_changes(warehouse={"bytes_per_transfer": 10**9})
    with pytest.raises(FlowError) as refusal:
        build(tight, tmp_path / "in")
    assert "4GB is too little to search 2025-05-05: one token has 3 transfers" in refusal.value.message
    assert not ask(
        settings, "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = 'dim_tokens'", True
    )
    named = re.search(r"MEMORY_LIMIT=(\d\.\dGB)", refusal.value.hint)
    assert named
    build(tight.with_changes(warehouse={"memory_limit": named[1]}), tmp_path / "in")
    assert ask(settings, "SELECT count(*) FROM detection.findings WHERE typology = 'large_transfer'") == [(3,)]


def test_an_error_that_quotes_the_first_one_is_told_as_the_first() -> None:
    second = duckdb.FatalException(
        "FATAL Error: Failed: database has been invalidated because of a previous fatal error. The database must be "
        'restarted prior to being used again.\nOriginal error: "IO Error: Could not write file "/x": No space left"'
    )
    assert faults.first_line(second).startswith("IO Error: Could not write file")
    assert faults.explained(ValueError("No space left on device")) is None


@pytest.mark.parametrize("how", ["cut", "middle", "head"])
def test_a_damaged_publication_is_refused_by_name(
    how: str, kept: Path, world: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = world.published_link.resolve()
    spoil(path, how)
    assert command("--data-dir", world.data_dir, "sql", "select sum(hash(t)) from raw.transfers as t") == 1
    said = capsys.readouterr().err
    assert (str(path) in said, "netraflow rollback" in said, "Traceback" in said) == (True, True, False)
    assert to_mend(world, capsys)["published"].startswith(f"{path} is damaged")
    with pytest.raises(FlowError, match="is damaged"):
        rollback(world, published_run(world) or "")
    path.unlink()
    load_again(world, kept / "in")
    with open_published(world) as connection:
        assert connection.execute("select count(*) from raw.transfers").fetchone() == (28,)


def test_a_rollback_stays_until_something_is_published_on_top(
    kept: Path, world: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    first, before = published_run(world) or "", told(world)
    assert before
    second = publish_again(world).run_id
    assert published_runs(world) == [second, first]
    with pytest.raises(UsageError) as refusal:
        rollback(world, "20200101T000000-000000")
    assert refusal.value.hint == f"choose from {second}, {first}"
    assert command("--data-dir", world.data_dir, "rollback", first) == 0
    capsys.readouterr()
    assert command("--data-dir", world.data_dir, "rollback", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["run"], row["last_day"], row["state"]) for row in rows] == [
        (second, "2025-05-28", ""),
        (first, "2025-05-28", "in force"),
    ]
    result = load_again(world, kept / "in")
    assert (result.is_new, result.told, published_run(world)) == (False, {}, first)
    third = publish_again(world)
    assert published_runs(world) == [third.run_id, second, first]
    assert published_run(world) == third.run_id
    ledger.commit(world)
    assert told(world) == before
    rollback(world, second)
    published_file(world, second).chmod(0o644)
    published_file(world, second).unlink()
    load_again(world, kept / "in")
    assert published_run(world) == third.run_id, "a rollback to a file that is gone holds nothing back"


def test_a_clock_set_back_changes_no_order(world: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Early(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2020, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(publishing, "datetime", Early)
    runs = [published_run(world) or ""]
    runs += [publish_again(world).run_id for _ in range(3)]
    assert sorted(runs) == runs
    assert len({run[:15] for run in runs}) == 4
    assert published_run(world) == runs[-1]
    assert published_runs(world) == runs[:0:-1], "the oldest is the one that is dropped"
    with open_build(world) as connection:
        assert publishing.last_recorded(connection) == runs[-1]


def test_a_damaged_ledger_stops_a_run_with_the_words_of_the_doctor(
    kept: Path, world: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert to_mend(world, capsys) == {}
    path = ledger.ledger_file(world)
    damaged = random.Random(1).randbytes(9_000)
    path.write_bytes(damaged)
    assert f"{path} is damaged" in to_mend(world, capsys)["alert ledger"]
    assert ledger.WAY_OUT in to_mend(world, capsys)["alert ledger"]
    assert command("analyze", kept / "in", "--out", world.data_dir) == 1
    said = capsys.readouterr().err
    assert str(path) in said
    assert ledger.WAY_OUT in said
    assert path.read_bytes() == damaged


def test_a_ledger_that_is_locked_fails_no_run_and_is_told_later(kept: Path, world: Settings) -> None:
    hurried = world.with_changes(warehouse={"lock_timeout_seconds": 0})
    with ledger.ledger_file(world).with_suffix(".lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = publish_again(hurried)
        assert "the alert ledger" in result.delivery.errors["ledger"]
        assert published_run(world) == result.run_id
        assert not load_again(hurried, kept / "in").is_new, "what can not be told yet is no reason to publish again"
    assert load_again(hurried, kept / "in").is_new
    assert publish_again(hurried).delivery.errors == {}
    assert not load_again(hurried, kept / "in").is_new


def test_a_read_only_data_directory_is_named(kept: Path, world: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with mounted(world.data_dir, "--bind", str(world.data_dir)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(world.data_dir)], check=True)
        assert f"{world.data_dir} can not be written" in to_mend(world, capsys)["data directory"]
        for words in (("analyze", kept / "in", "--out", world.data_dir), ("--data-dir", world.data_dir, "run")):
            assert command(*words) == 1
            said = capsys.readouterr().err
            assert (str(world.data_dir) in said, "Read-only file system" in said) == (True, True)
        assert command("--data-dir", world.data_dir, "netflow") == 0


def test_the_doctor_opens_what_it_speaks_of(world: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(world.build_file, "middle")
    for name in ("agent/memory.json", "models/mlflow.db"):
        (world.data_dir / name).parent.mkdir()
        (world.data_dir / name).write_bytes(b"neither JSON nor SQLite")
    assert to_mend(world, capsys).keys() == {"build file", "agent's memory", "smart-money models"}
    with pytest.raises(FlowError, match="can not be read"):
        remembered(world)
    (world.data_dir / "netraflow.toml").write_text("not = [toml")
    assert command("--data-dir", world.data_dir, "doctor") == 1
    assert "netraflow.toml is not valid TOML" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["docs", "metrics", "ui"])
def test_a_busy_port_is_said_before_anything_starts(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert command("--data-dir", tmp_path / "data", verb, "--port", port) == 2
    assert f"--port {port} on 127.0.0.1: Address already in use" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
