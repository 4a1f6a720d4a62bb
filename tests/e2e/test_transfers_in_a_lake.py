"""Transfers in a Delta lake: whatever is loaded, taken out and killed, the build is that of a file that holds them."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from flow_pipeline.detection.findings import search_here
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import rebuild, run
from flow_pipeline.questions.publications import counted
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse import dbt
from flow_pipeline.warehouse.store import open_build, open_published
from flow_pipeline.warehouse.transfers import delta_of, lake_of
from tests.conftest import ROOT, U, V, hashes, transfer, write_csv
from tests.worlds import environment

W = "0x" + "3" * 40
KILLS = int(os.environ.get("KILLS", "3"))
KILLED = """
import sys
from pathlib import Path
from flow_pipeline import pipeline
from flow_pipeline.detection.findings import search_here
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.settings import load_settings
from flow_pipeline.warehouse import dbt
pipeline.searcher, pipeline.builder = (lambda settings: search_here), (lambda settings: dbt.transform)
settings = load_settings(Path(sys.argv[1])).model_copy(update={"engine": "spark"})
print("ready", flush=True)
pipeline.run(settings, Path(sys.argv[2]), Window(), LoadOptions(), accepts_collapse=True)
"""


@pytest.fixture
def in_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The storage of the second engine with the models and kernels of this process: no Java is needed."""
    monkeypatch.setattr("flow_pipeline.pipeline.searcher", lambda settings: search_here)
    monkeypatch.setattr("flow_pipeline.pipeline.builder", lambda settings: dbt.transform)
    return load_settings(tmp_path / "lake-data").model_copy(update={"engine": "spark"})


def build(settings: Settings, folder: Path) -> None:
    """A run, however much a changed file takes out."""
    run(settings, folder, Window(), LoadOptions(), accepts_collapse=True)


def fill(folder: Path) -> Path:
    """Two files; a transfer stands in both, and better in the second."""
    write_csv(folder / "a.csv", [transfer(n, U, V, n, f"2025-05-0{1 + n % 3}T12:00:00Z") for n in range(1, 9)])
    write_csv(
        folder / "b.csv", [transfer(20, V, W, 3, "2025-05-03T13:00:00Z"), transfer(8, U, V, 8, "2025-05-03T12:00:00Z")]
    )
    return folder


def test_every_table_is_that_of_a_build_in_one_file(in_lake: Settings, settings: Settings, tmp_path: Path) -> None:
    folder = fill(tmp_path / "in")
    for step in ("first", "another day", "a changed file", "a file less"):
        if step == "another day":
            write_csv(folder / "c.csv", [transfer(30, W, U, 5, "2025-05-05T10:00:00Z")])
        if step == "a changed file":
            write_csv(folder / "a.csv", [transfer(n, U, W, n, f"2025-05-0{1 + n % 3}T12:00:00Z") for n in range(1, 6)])
        if step == "a file less":
            write_csv(folder / "b.csv", [transfer(21, V, W, 3, "2025-05-01T13:00:00Z")])
        for made in (in_lake, settings):
            build(made, folder)
        assert hashes(in_lake) == hashes(settings), step
    with open_build(in_lake) as connection:
        assert connection.execute("select count(*) from store.fresh_transfers").fetchall() == [(0,)]
        place, version = delta_of(connection)
        shown = connection.execute("select count(*) from store.transfers").fetchall()[0][0]
    assert DeltaTable(place, version=version).to_pyarrow_dataset().count_rows() == shown


def test_a_published_file_keeps_its_version_of_the_lake(in_lake: Settings, tmp_path: Path) -> None:
    folder = fill(tmp_path / "in")
    build(in_lake, folder)
    before = in_lake.published_link.resolve()
    write_csv(folder / "a.csv", [transfer(1, U, W, 5)])
    build(in_lake, folder)
    with open_published(in_lake, before) as connection:
        assert connection.execute("select count(*) from raw.transfers").fetchall() == [(9,)]
        assert counted(connection)["raw.transfers"] == 9
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"from read_text('{tmp_path / 'in' / 'a.csv'}')")
    with open_published(in_lake) as connection:
        assert connection.execute("select count(*) from raw.transfers").fetchall() == [(3,)]


def test_versions_that_nothing_reads_are_dropped(in_lake: Settings, tmp_path: Path) -> None:
    settings, folder = in_lake.with_changes(warehouse={"keep_published": 1}), fill(tmp_path / "in")
    for amount in (1, 2, 3):
        write_csv(folder / "a.csv", [transfer(n, U, V, amount) for n in range(50)])
        build(settings, folder)
    with open_build(settings) as connection:
        place, version = delta_of(connection)
    read = {os.path.relpath(path, place) for path in DeltaTable(place, version=version).file_uris()}
    assert {str(path.relative_to(place)) for path in Path(place).rglob("*.parquet")} == read


@pytest.mark.parametrize("moment", ["engines.lake._add", "engines.lake._replace", "warehouse.transfers.show"])
def test_a_write_that_is_killed_is_done_again(
    moment: str, in_lake: Settings, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "in")
    build(in_lake, folder)
    published = hashes(in_lake)
    write_csv(
        folder / "b.csv", [transfer(21, V, W, 3, "2025-05-01T13:00:00Z"), transfer(22, V, W, 1, "2025-05-06T13:00:00Z")]
    )

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"flow_pipeline.{moment}", killed)
        with pytest.raises(KeyboardInterrupt):
            build(in_lake, folder)
    assert hashes(in_lake) == published
    build(in_lake, folder)
    build(settings, folder)
    assert hashes(in_lake) == hashes(settings)


def test_readers_of_a_run_that_is_killed_see_the_run_before_or_the_new_one(
    in_lake: Settings, settings: Settings, tmp_path: Path
) -> None:
    folder, kept = fill(tmp_path / "in"), tmp_path / "kept"
    build(in_lake, folder)
    shutil.copytree(in_lake.data_dir, kept, symlinks=True)
    before = hashes(in_lake)
    write_csv(
        folder / "b.csv", [transfer(21, V, W, 3, "2025-05-01T13:00:00Z"), transfer(22, V, W, 1, "2025-05-06T13:00:00Z")]
    )
    started = time.monotonic()
    build(settings, folder)
    took, after, rng, seen = time.monotonic() - started, hashes(settings), random.Random(5), []
    for _ in range(KILLS):
        command = [sys.executable, "-c", KILLED, str(in_lake.data_dir), str(folder)]
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0, took))
        process.kill()
        process.wait()
        process.stdout.close()
        seen.append(hashes(in_lake))
        assert seen[-1] in (before, after)
        if seen[-1] == after:
            shutil.rmtree(in_lake.data_dir)
            shutil.copytree(kept, in_lake.data_dir, symlinks=True)
    assert before in seen
    build(in_lake, folder)
    assert hashes(in_lake) == after


def test_the_engine_is_changed_back_and_forth(
    in_lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "in")
    build(in_lake, folder)
    first = hashes(in_lake)
    here = in_lake.model_copy(update={"engine": "duckdb"})
    write_csv(folder / "c.csv", [transfer(30, W, U, 5, "2025-05-05T10:00:00Z")])
    build(here, folder)
    with open_build(here) as connection:
        assert lake_of(connection) is None
        assert connection.execute("select count(*) from store.transfers").fetchall() == [(10,)]
    (folder / "c.csv").unlink()
    write_csv(folder / "d.csv", [transfer(31, W, U, 5, "2025-05-04T10:00:00Z")])
    build(in_lake, folder)
    assert hashes(in_lake)["raw.transfers"] != first["raw.transfers"]
    with open_build(in_lake) as connection:
        assert connection.execute("select count(*) from store.transfers").fetchall() == [(11,)]


def test_a_rebuild_begins_another_table(in_lake: Settings, tmp_path: Path) -> None:
    settings = in_lake.with_changes(warehouse={"keep_published": 1})
    folder = fill(tmp_path / "in")
    build(settings, folder)
    before = hashes(settings)
    tables = set((settings.data_dir / "lake" / "store").iterdir())
    rebuild.rebuild(settings, without_gone=False, accepts_collapse=True)
    assert hashes(settings) == before
    after = set((settings.data_dir / "lake" / "store").iterdir())
    assert len(after) == 1
    assert not after & tables
