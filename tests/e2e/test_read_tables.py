"""Tables that the explorer reads: one answer with and without them, whichever days came together."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.domain.errors import AuditFailed, FlowError, UsageError
from flow_pipeline.domain.tables import READ_TABLES, STORE_ADDRESS_TRANSFERS
from flow_pipeline.domain.windows import Window
from flow_pipeline.pipeline import RunResult, audit, sort_for_readers, transform
from flow_pipeline.questions.counterparties import counterparties, counterparty_count
from flow_pipeline.questions.pairs import address_transfers, pair_tokens, pair_transfers, tokens_among
from flow_pipeline.questions.places import place_of
from flow_pipeline.settings import ExplorerSettings, Settings, load_settings
from flow_pipeline.warehouse import read_tables
from flow_pipeline.warehouse.audit import audit_stage
from flow_pipeline.warehouse.content import content_hashes
from flow_pipeline.warehouse.days import mark_built
from flow_pipeline.warehouse.read_tables import fill_read_tables, sorted_through
from flow_pipeline.warehouse.stages import check_publishable
from flow_pipeline.warehouse.store import Connection, open_build, open_published
from tests.conftest import ask, build, label_file, load_only, transfer, write_csv
from tests.worlds import address

A, B, C, D = (address(name) for name in ("ada", "bob", "cleo", "dan"))
FAKE = "0x" + "f" * 40


def pay(
    n: int, sender: str, receiver: str, amount: object, day: int = 1, symbol: str = "ETH", chain: str = "ethereum"
) -> list[object]:
    """A transfer on a day of May."""
    return transfer(n, sender, receiver, amount, f"2025-05-{day:02d}T12:00:{n % 60:02d}Z", 0, symbol, chain)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published world: prices of ETH, a spoof, a self-transfer, a zero amount, an amount that nobody knows."""
    folder = tmp_path_factory.mktemp("read")
    rows = [
        pay(1, A, B, 3),
        pay(2, A, B, 2, day=2),
        pay(3, B, A, 1, day=3),
        pay(4, A, C, 9, symbol="PLAY"),
        pay(5, A, C, 1, symbol="PLAY", day=2),
        pay(6, C, A, 7, symbol="PLAY", day=3),
        pay(7, A, A, 5),
        pay(8, D, A, 0),
        pay(9, A, D, 4, chain="polygon"),
        pay(10, A, B, 1_000, symbol="EТH", day=3),  # the second letter is Cyrillic
    ]
    rows[-1][5] = FAKE
    write_csv(folder / "in" / "a.csv", rows)
    write_csv(folder / "prices.csv", [["ETH", f"2025-05-0{day}", 2_000] for day in (1, 2, 3)], ["token", "date", "usd"])
    labels = [
        ["ethereum", B, name, "exchange", "hot", sure, "test", "", ""] for name, sure in (("Bobs", 0.9), ("X", 0.5))
    ]
    label_file(folder / "labels.csv", labels)
    settings = load_settings(folder / "data").with_changes(
        sources={"prices": (str(folder / "prices.csv"),)},
        labels={"files": (folder / "labels.csv",)},
        explorer={"busy_transfers": 4},
    )
    build(settings, folder / "in")
    return settings


@contextmanager
def without_tables() -> Iterator[None]:
    """Questions are answered from every transfer."""
    with mock.patch("flow_pipeline.questions.places.sorted_through", return_value=None):
        yield


def answers(connection: Connection, most: int = 2) -> dict[str, Any]:
    """All that can be asked about every place, page by page."""
    found: dict[str, Any] = {}
    statement = "select distinct chain, address_id from intermediate.int_transfers__ends order by all"
    places = connection.execute(statement).fetchall()
    for chain, one in places:
        pages, after = [], 0
        while page := counterparties(connection, chain, one, most, after):
            pages += page
            after = page[-1]["rank"]
        assert [row["rank"] for row in pages] == list(range(1, len(pages) + 1))
        assert counterparty_count(connection, chain, one) == len(pages)
        found[f"counterparties {chain} {one}"] = pages
        found[f"window {chain} {one}"] = counterparties(
            connection, chain, one, most, first=date(2025, 5, 2), last=date(2025, 5, 3)
        )
        rows: list[dict[str, Any]] = []
        last = None
        while page := address_transfers(connection, chain, one, most, last):
            rows += page
            last = (page[-1]["block_timestamp"], page[-1]["load_id"], page[-1]["source_row"])
        found[f"transfers {chain} {one}"] = rows
        for other in pages:
            pair = (one, other["address_id"])
            between = pair_transfers(connection, chain, *pair, 1_000)
            assert len(between) == other["transfers_out"]
            tokens = pair_tokens(connection, chain, [pair])
            assert sum(row["transfers"] for row in tokens) == other["transfers_out"]
            found[f"pair {chain} {pair}"] = [*between, *tokens]
        ids = [number for name, number in places if name == chain]
        found[f"among {chain}"] = tokens_among(connection, chain, ids, first=date(2025, 5, 2))
    return found


def missing_or_odd(connection: Connection) -> list[tuple[object, ...]]:
    """Rows that only one of store.address_transfers and intermediate.int_transfers__ends has, how often they stand."""
    columns = ", ".join(column.name for column in STORE_ADDRESS_TRANSFERS.columns)
    kept, every = (
        f"(select {columns} from {relation})"
        for relation in ("store.address_transfers", "intermediate.int_transfers__ends")
    )
    return connection.execute(f"({kept} except all {every}) union all ({every} except all {kept})").fetchall()


def test_one_answer_with_the_tables_and_without(world: Settings) -> None:
    with open_published(world) as connection:
        kept = answers(connection)
        with without_tables():
            assert answers(connection) == kept
        assert sorted_through(connection) == date(2025, 5, 3)


def test_what_counts_and_what_it_is_worth(world: Settings) -> None:
    with open_published(world) as connection:
        one = place_of(connection, "eth", A.upper().replace("0X", "0x"))
        found = counterparties(connection, "ethereum", one, 10)
        assert found.rows[0] == [
            "rank", "address_id", "address", "entity", "category", "transfers_out", "transfers_in", "usd_out", "usd_in",
            "first_at", "last_at",
        ]  # fmt: skip
        # Neither itself, nor who sent it nothing, nor what it paid on another chain; a spoof counts and has no dollars.
        known = {name: [row[name] for row in found] for name in found[0]}
        assert known["address"] == [B, C]
        assert (known["entity"], known["category"]) == (["Bobs", None], ["exchange", None])
        assert (known["transfers_out"], known["transfers_in"]) == ([3, 2], [1, 1])
        assert known["usd_out"] == [Decimal("10000.000000"), None]
        assert known["usd_in"] == [Decimal("2000.000000"), None]
        assert known["first_at"][0] == datetime(2025, 5, 1, 12, 0, 1)
        assert known["last_at"][0] == datetime(2025, 5, 3, 12, 0, 10)
        assert counterparty_count(connection, "ethereum", one) == 2
        assert counterparty_count(connection, "polygon", place_of(connection, "polygon", A)) == 1
        by_token = counterparties(connection, "ethereum", one, 10, token="play")
        assert [(row["address"], row["transfers_out"], row["rank"]) for row in by_token] == [(C, 2, 1)]
        in_window = counterparties(connection, "ethereum", one, 10, first=date(2025, 5, 2), last=date(2025, 5, 2))
        assert [(row["address"], row["transfers_out"], row["usd_out"]) for row in in_window] == [
            (B, 1, Decimal("4000.000000")),
            (C, 1, None),
        ]


def test_transfers_of_an_address_are_all_of_them(world: Settings) -> None:
    with open_published(world) as connection:
        one, other = place_of(connection, "ethereum", A), place_of(connection, "ethereum", B)
        found = address_transfers(connection, "ethereum", one, 20)
        assert len(found) == 9
        assert [row["block_timestamp"] for row in found] == sorted(
            (row["block_timestamp"] for row in found), reverse=True
        )
        odd = {(row["way"], row["amount"], row["is_counted"]) for row in found if not row["is_counted"]}
        assert odd == {("self", Decimal(5), False), ("in", Decimal(0), False)}
        assert [row["token_symbol"] for row in found if row["spoof_suspected"]] == [
            "EТH (0xffff…ffff, not the known ETH)"
        ]
        received = address_transfers(connection, "ethereum", one, 20, way="in", token="PLAY", first=date(2025, 5, 3))
        assert [(row["address"], row["amount"]) for row in received] == [(C, Decimal(7))]
        between = pair_transfers(connection, "ethereum", one, other, 2)
        assert [row["amount"] for row in between] == [Decimal(3), Decimal(2)]
        last = between[-1]
        behind = (last["block_timestamp"], last["load_id"], last["source_row"])
        assert [row["amount"] for row in pair_transfers(connection, "ethereum", one, other, 2, behind)] == [
            Decimal(1_000)
        ]
        tokens = pair_tokens(connection, "ethereum", [(one, other), (other, one)], last=date(2025, 5, 2))
        assert [(row["from_id"], row["token_symbol"], row["amount"], row["usd"]) for row in tokens] == [
            (one, "ETH", Decimal(5), Decimal(10_000))
        ]


def test_what_is_not_there_is_refused(world: Settings) -> None:
    with open_published(world) as connection:
        for chain, text in (("polygon", B), ("ethereum", "0x' or 1=1 --"), ("ethereum", "0x" + "9" * 40)):
            with pytest.raises(UsageError, match="stands in no transfer of"):
                place_of(connection, chain, text)
        with pytest.raises(UsageError, match="there is no token DOGE on ethereum"):
            counterparties(connection, "ethereum", place_of(connection, "ethereum", A), 10, token="DOGE")


ROW = st.tuples(st.integers(1, 4), st.sampled_from("ABCD"), st.sampled_from("ABCD"), st.sampled_from([0, 1, 2, 2.5]))
FILES = st.lists(st.tuples(st.integers(0, 3), st.lists(ROW, max_size=6), st.booleans()), min_size=1, max_size=5)
"""Files by number, the same number again with other rows; and whether what is built then is published."""


@budget(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, max_unsorted=st.sampled_from([0.05, 0.5, 1.0]), busy=st.integers(1, 5))
def test_days_one_by_one_are_days_at_once(
    world: Settings,
    files: list[tuple[int, list[tuple[int, str, str, float]], bool]],
    max_unsorted: float,
    busy: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Files come, change and lose rows, runs are killed before they publish: every answer is that of all transfers."""
    folder = tmp_path_factory.mktemp("days")
    settings = load_settings(folder / "data").with_changes(
        sources={"prices": world.sources.prices}, explorer={"max_unsorted": max_unsorted, "busy_transfers": busy}
    )
    settings.build_file.parent.mkdir(parents=True)
    shutil.copy(world.published_link.resolve(), settings.build_file)
    settings.build_file.chmod(0o644)
    people = dict(zip("ABCD", (A, B, C, D), strict=True))
    for step, (number, rows, is_published) in enumerate(files):
        made = [
            pay(100 * number + n, people[one], people[other], amount, day)
            for n, (day, one, other, amount) in enumerate(rows)
        ]
        write_csv(folder / "in" / f"{number}.csv", [*made, pay(100 * number + 50 + step, C, D, 1, 4)])
        load_only(settings, folder / "in")
        with open_build(settings) as connection:
            fill_read_tables(connection, settings.explorer)
            assert missing_or_odd(connection) == []
            verdicts = audit_stage(connection, "reading", "test", settings)
            failed = {verdict.expectation.name for verdict in verdicts if not verdict.is_success}
            assert failed <= {"dollars_are_those_of_transfers"}  # the marts that it compares with are not built here
            if is_published:
                mark_built(connection, settings.quality)
    with open_build(settings) as connection:
        kept = answers(connection)
        with without_tables():
            assert answers(connection) == kept


def test_a_new_day_stands_behind_the_sorted_rows(world: Settings, tmp_path: Path) -> None:
    settings = copied(world, tmp_path, max_unsorted=0.9, busy_transfers=1)
    with open_build(settings) as connection:
        before = connection.execute("from store.counterparties order by all").fetchall()
    write_csv(tmp_path / "in" / "new.csv", [pay(200, B, A, 1, 4), pay(201, A, C, 1, 4)])
    load_only(settings, tmp_path / "in")
    sort_for_readers(settings)
    with open_build(settings) as connection:
        assert sorted_through(connection) == date(2025, 5, 3)
        assert connection.execute("from store.counterparties order by all").fetchall() == before
        places = connection.execute("select address_id, block_timestamp from store.address_transfers").fetchall()
        assert places[:-4] == sorted(places[:-4])
        assert places[-4:] == sorted(places[-4:])
        assert {at.date() for _, at in places[-4:]} == {date(2025, 5, 4)}
    load_only(settings, tmp_path / "in")
    sort_for_readers(settings)  # the day still waits: the same rows take the place of the same rows
    sorted_anew = settings.with_changes(explorer={"max_unsorted": 0.1})
    with open_build(settings) as connection:
        assert connection.execute("select count(*) from store.address_transfers").fetchone() == (len(places),)
    sort_for_readers(sorted_anew)
    with open_build(settings) as connection:
        assert sorted_through(connection) == date(2025, 5, 4)
        places = connection.execute("select address_id, block_timestamp from store.address_transfers").fetchall()
        assert places == sorted(places)


def test_a_setting_leaves_them_out(world: Settings, tmp_path: Path) -> None:
    settings = copied(world, tmp_path)
    indexes = "select count(*) from duckdb_indexes() where table_name = 'addresses'"
    assert ask(settings, indexes, is_build=True) == [(1,)]
    without = settings.with_changes(explorer={"read_tables": False})
    write_csv(tmp_path / "in" / "new.csv", [pay(200, B, A, 1, 4)])
    build(without, tmp_path / "in")
    assert ask(without, indexes) == [(0,)]
    for table in READ_TABLES:
        assert ask(without, f"select count(*) from {table.relation}") == [(0,)]
    with open_published(without) as connection:
        found = answers(connection)
    assert build(settings, tmp_path / "in").is_new  # nothing was loaded, and they are wanted again
    with open_published(settings) as connection:
        assert sorted_through(connection) == date(2025, 5, 4)
        assert answers(connection) == found


def test_a_killed_run_is_completed_by_the_next(
    world: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copied(world, tmp_path, max_unsorted=0.01)
    write_csv(tmp_path / "in" / "new.csv", [pay(200, B, A, 1, 4)])
    load_only(settings, tmp_path / "in")
    transform(settings, Window())
    for fails_at in (1, 2):  # while the day is added, while all are sorted again
        calls = iter(range(1, 9))

        def name_tokens(connection: Connection) -> None:
            if next(calls) == fails_at:  # noqa: B023
                raise KeyboardInterrupt

        with monkeypatch.context() as patch, open_build(settings) as connection:
            patch.setattr(read_tables, "_name_tokens", name_tokens)
            with pytest.raises(KeyboardInterrupt):
                fill_read_tables(connection, settings.explorer)
        with open_build(settings) as connection, pytest.raises(FlowError, match="read_tables did not run"):
            check_publishable(connection, settings)
    sort_for_readers(settings)
    with open_build(settings) as connection:
        assert sorted_through(connection) == date(2025, 5, 4)
        assert missing_or_odd(connection) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("delete from store.address_transfers where rowid = 0", "both_ends_have_each_transfer"),
        ("update store.address_transfers set other_id = 99 where rowid = 0", "both_ends_have_each_transfer"),
        ("update store.address_transfers set amount = 99 where rowid = 0", "both_ways_mirror_each_other"),
        ("update store.address_transfers set amount_usd = amount_usd + 1", "dollars_are_those_of_transfers"),
        ("update store.counterparties set usd_out = 1 where usd_out is null", "counterparties_add_up"),
        ("update store.counterparties set rank = rank + 1", "counterparties_add_up"),
        ("delete from store.address_texts where rowid = 0", "every_address_has_its_text"),
        ("update store.address_texts set address = 'x' where rowid = 0", "every_address_has_its_text"),
    ],
)
def test_the_audit_sees_what_is_wrong(world: Settings, tmp_path: Path, damage: str, named: str) -> None:
    settings = copied(world, tmp_path)
    with open_build(settings) as connection:
        connection.execute("insert into store.dirty_days select distinct block_date from store.transfers")
        assert all(verdict.is_success for verdict in audit_stage(connection, "reading", "test", settings))
        connection.execute(damage)
    result = RunResult("test", load_only(settings, tmp_path / "in"))
    with pytest.raises(AuditFailed, match=named):
        audit(settings, result, ("reading",))


def test_a_run_audits_the_days_that_changed_and_every_day_when_it_is_due(world: Settings, tmp_path: Path) -> None:
    settings = copied(world, tmp_path)
    due = settings.with_changes(quality={"full_audit_days": 0})
    with open_build(settings) as connection:
        first, last = connection.execute("select min(block_date), max(block_date) from store.transfers").fetchall()[0]
        connection.execute("insert into store.dirty_days values (?)", [last])
        connection.execute("update store.state set value = ''  where key = 'all_days_changed'")
        assert failed(connection, settings) == failed(connection, due) == set()
        for day, is_seen in ((last, True), (first, False)):
            connection.execute("begin")
            for damage in (
                "update marts.fct_daily_region_flow set amount = amount + 1 where block_date = ?",
                "update store.address_transfers set amount = 99 where is_out and block_timestamp::date = ?",
                "update detection.netflow_scores set netflow = netflow + 1 where block_date = ?",
            ):
                connection.execute(damage, [day])
            named = {"regions_sum_to_the_volume", "both_ways_mirror_each_other", "every_exchange_day_is_scored"}
            assert failed(connection, settings) == (named if is_seen else set())
            assert failed(connection, due) == named
            connection.execute("rollback")
        content_hashes(connection)
        connection.execute("update detection.findings set score = score / 2")
        assert failed(connection, settings) == set()
        assert failed(connection, due) == {"kept_hashes_are_those_of_rows"}


def failed(connection: Connection, settings: Settings) -> set[str]:
    """The expectations that do not hold on the days that a run would audit."""
    verdicts = [
        v for stage in ("marts", "detection", "reading") for v in audit_stage(connection, stage, "test", settings)
    ]
    return {verdict.expectation.name for verdict in verdicts if not verdict.is_success}


def copied(world: Settings, folder: Path, **explorer: Any) -> Settings:
    """A data directory of its own with what the world has built."""
    settings = load_settings(folder / "data").with_changes(
        sources={"prices": world.sources.prices},
        labels={"files": world.labels.files},
        explorer={"busy_transfers": world.explorer.busy_transfers, **explorer},
    )
    settings.build_file.parent.mkdir(parents=True)
    shutil.copy(world.build_file, settings.build_file)
    (folder / "in").mkdir()
    return settings


def test_settings_have_bounds() -> None:
    assert ExplorerSettings().read_tables
    with pytest.raises(ValueError, match="max_unsorted"):
        ExplorerSettings(max_unsorted=0)
