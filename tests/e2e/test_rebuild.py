"""Any order, any split, any interruption: the same content."""

from __future__ import annotations

import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import AuditFailed, FlowError
from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.ordinary import ALL_TOKENS, SPOOF
from flow_pipeline.simulation.world import World, generate, write
from flow_pipeline.warehouse.store import run_lock
from tests.conftest import U, V, ask, build, hashes, transfer, write_csv

DAYS = 21
FALSE_USDT = ALL_TOKENS[SPOOF][1]
"""Its marts call it by its contract, not by the symbol that it claims."""


@pytest.fixture(scope="module")
def world() -> World:
    return generate(1_500, seed=5, days=DAYS)


@pytest.fixture
def settings(tmp_path: Path, world: World) -> Settings:
    write(world, tmp_path / "world")
    return load_settings(tmp_path / "data").with_changes(labels={"files": (tmp_path / "world" / "labels.csv",)})


def elsewhere(settings: Settings, name: str) -> Settings:
    return type(settings)(**{**settings.model_dump(), "data_dir": settings.data_dir.parent / name})


def test_top_destinations_are_those_of_a_plain_ranking(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "world" / "transfers"
    listed = settings.with_changes(destinations={"top_n": 5, "windows_days": [7, 0]})
    first = date(2025, 3, 1)
    for start, end in ((0, 13), (14, 14), (15, DAYS - 1)):
        build(listed, folder, Window(first + timedelta(days=start), first + timedelta(days=end)))
        for days in (7, 0):
            found = ask(
                listed,
                "SELECT chain, token_symbol, to_address, amount, transfer_count, rank_by_amount, rank_by_count "
                "FROM marts.top_destinations "
                f"WHERE window_days = {days} AND token_address IS DISTINCT FROM '{FALSE_USDT}' ORDER BY ALL",
            )
            plain = ask(
                listed,
                "SELECT chain, token_symbol, to_address, amount, n, CASE WHEN a <= 5 THEN a END AS by_amount, "
                "CASE WHEN c <= 5 THEN c END AS by_count FROM ("
                "  SELECT *, row_number() OVER (PARTITION BY chain, token_symbol, token_address"
                "            ORDER BY amount DESC, n DESC, to_address) AS a,"
                "         row_number() OVER (PARTITION BY chain, token_symbol, token_address"
                "            ORDER BY n DESC, amount DESC, to_address) AS c"
                "  FROM (SELECT chain, token_symbol, token_address, to_address, sum(amount) AS amount, count(*) AS n"
                "        FROM raw.transfers WHERE from_address <> to_address AND amount > 0"
                f"       AND token_address IS DISTINCT FROM '{FALSE_USDT}'"
                f"       AND ({days} = 0 OR block_timestamp >= DATE '{first + timedelta(days=end - 6)}') GROUP BY ALL)"
                ") WHERE least(a, c) <= 5 ORDER BY ALL",
            )
            assert found
            assert found == plain


@pytest.mark.slow
def test_day_by_day_equals_all_at_once(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "world" / "transfers"
    first, last = date(2025, 3, 1), date(2025, 3, DAYS)
    build(settings, folder, Window(first, last))
    daily = elsewhere(settings, "daily")
    order = [
        (first, first + timedelta(days=9)),
        (first + timedelta(days=12), first + timedelta(days=14)),
        (first + timedelta(days=10), first + timedelta(days=11)),
    ]
    order += [(first + timedelta(days=n),) * 2 for n in range(15, DAYS)]
    for start, end in order:
        build(daily, folder, Window(start, end))
    assert hashes(daily) == hashes(settings)


def test_order_of_rows_and_files_changes_nothing(settings: Settings, tmp_path: Path, world: World) -> None:
    build(settings, tmp_path / "world" / "transfers")
    rows = list(range(world.transfers.num_rows))
    random.Random(1).shuffle(rows)
    shuffled = world.transfers.take(rows)
    parts = tmp_path / "parts"
    parts.mkdir()
    for n in range(4):
        pq.write_table(shuffled.slice(n * 500, 700 if n < 3 else 10_000), parts / f"{3 - n}.parquet")
    other = elsewhere(settings, "other")
    build(other, parts)
    changed = {name for name, mark in hashes(other).items() if mark != hashes(settings)[name]}
    assert not changed


def test_a_second_run_publishes_nothing_new_and_changed_inputs_rebuild(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "world" / "transfers"
    first = build(settings, folder)
    again = build(settings, folder)
    assert (again.is_new, again.published) == (False, first.published)
    moved = settings.with_changes(regions={"home": ("SG",)})
    assert build(moved, folder).is_new
    assert hashes(moved)["marts.fct_daily_outflow"] != ()


def test_late_rows_rebuild_their_day_and_every_later_calendar_day(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "b.csv", [transfer(1, U, "0x28c6c06298d514db089934071355e5743bf21d60", 5, at="2025-05-05")])
    build(settings, folder)
    write_csv(
        folder / "a.csv",
        [
            transfer(2, U, "0x28c6c06298d514db089934071355e5743bf21d60", 7, at="2025-05-02"),
            transfer(3, U, V, 7, at="2025-05-07"),
        ],
    )
    build(settings, folder)
    rows = ask(settings, "SELECT day(block_date), netflow::INT FROM marts.fct_daily_exchange_netflow ORDER BY 1")
    assert rows == [(2, 7), (3, 0), (4, 0), (5, 5), (6, 0), (7, 0)]
    fresh = elsewhere(settings, "fresh")
    build(fresh, folder)
    assert hashes(fresh) == hashes(settings)


def test_a_failed_audit_leaves_the_published_file_as_it_was(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "a.csv", [transfer(1, U, V, 1)])
    build(settings, folder)
    before, target = settings.published_link.read_bytes(), settings.published_link.resolve()
    write_csv(folder / "b.csv", [transfer(2, U, V, 1), transfer(3, U, V, -1)])
    strict = settings.with_changes(quality={"max_reject_share": 0.0})
    with pytest.raises(AuditFailed, match="reject_share_is_allowed") as failure:
        build(strict, folder)
    assert failure.value.exit_code == 3
    assert (settings.published_link.resolve(), settings.published_link.read_bytes()) == (target, before)
    assert ask(
        settings, "SELECT count(*) FROM ops.audits WHERE NOT is_success AND severity = 'blocking'", is_build=True
    ) == [(1,)]
    assert build(settings, folder).published != target


def test_old_published_files_stay_as_many_as_set_and_stay_readable(settings: Settings, tmp_path: Path) -> None:
    folder, kept = tmp_path / "in", settings.with_changes(warehouse={"keep_published": 2})
    for n in range(4):
        write_csv(folder / f"{n}.csv", [transfer(n, U, V, 1)])
        build(kept, folder)
    files = sorted(kept.published_dir.iterdir())
    assert len(files) == 2
    import duckdb

    with duckdb.connect(str(files[0]), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM marts.fct_transfers").fetchall() == [(3,)]


def test_two_runs_at_once_are_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    quick = settings.with_changes(warehouse={"lock_timeout_seconds": 0.2})
    with run_lock(quick), pytest.raises(FlowError, match="another run holds"):
        build(quick, tmp_path / "world" / "transfers")


def test_an_interrupted_swap_is_finished_by_the_next_run(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "world" / "transfers"
    first = build(settings, folder)
    assert first.published
    settings.published_link.unlink()
    shutil.rmtree(settings.published_dir)
    again = build(settings, folder)
    assert not again.is_new
    assert ask(settings, "SELECT count(*) > 0 FROM marts.fct_transfers") == [(True,)]
