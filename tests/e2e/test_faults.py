"""Broken input, killed processes, readers during publishes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.publish import copy_file
from tests.conftest import U, V, ask, build, hashes, load_only, transfer, write_csv
from tests.worlds import environment

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
