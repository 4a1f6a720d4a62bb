"""The feed `postgres` on a real server: its copy, then its log, each row once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions, discover
from flow_pipeline.live.steps import Batch, Cursor, Hears, Step
from flow_pipeline.settings import Settings
from tests.conftest import ROOT, U, V
from tests.servers import Server, postgres_server

TABLE = """
    create table "Odd Schema"."odd ""table" (
        id serial primary key, "when" timestamptz, block_time timestamp, tx_hash text, log_index int,
        "From" varchar(80), "to" text, amount numeric(38, 18), token_symbol text, success boolean, note text
    )
"""
INSERT = (
    'insert into "Odd Schema"."odd ""table" (block_time, tx_hash, log_index, "From", "to", amount, token_symbol, '
    "success, note) select timestamp '2025-05-01' + n * interval '1 second', 'hash' || n, 0, %s, %s, n + 0.5, "
    "'it''s', true, "
    "'a ''quoted'' [text]:' || chr(10) || chr(9) || chr(92) || ' null' from generate_series(%s::int, %s::int) as n"
)
TOPIC = 'Odd Schema.odd "table'


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with postgres_server() as server:
        yield server


def address(server: Server, name: str = "postgres") -> str:
    return f"postgresql://flow@127.0.0.1:{server.port}/{name}"


def run(server: Server, statement: Any, values: Any = None) -> list[tuple[Any, ...]]:
    import psycopg

    with closing(psycopg.connect(address(server), autocommit=True)) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def server(running: Server) -> Server:
    for (slot,) in run(running, "select slot_name from pg_replication_slots"):
        run(running, "select pg_drop_replication_slot(%s)", [slot])
    run(running, 'drop schema if exists "Odd Schema" cascade')
    run(running, 'create schema "Odd Schema"')
    run(running, TABLE)
    return running


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.with_changes(live={"poll_seconds": 0.05, "part_bytes": 2000})


class Reader:
    """Takes steps and says that they are stored, as the tip does."""

    def __init__(self, server: Server, settings: Settings, cursor: Cursor = Cursor()) -> None:
        self.server, self.settings, self.cursor = server, settings, cursor
        self.hashes: list[str] = []
        self.steps: AsyncIterator[Step] | None = None
        self.does_tell = True

    async def take(self, until: int) -> None:
        """Steps until so many rows have come."""
        if self.steps is None:
            options = FeedOptions(server=address(self.server), topic=TOPIC)
            self.feed = await discover()["postgres"].open_feed(options, self.settings)
            self.steps = self.feed.follow(self.cursor)
        async with asyncio.timeout(30):
            while len(self.hashes) < until:
                step = await anext(self.steps)
                assert isinstance(step, Batch)
                self.hashes += step.transfers.column("tx_hash").to_pylist()
                places = {**self.cursor.positions, step.partition: step.position or 0}
                self.cursor = replace(self.cursor, positions=places)
                assert isinstance(self.feed, Hears)
                if self.does_tell:
                    self.feed.committed(self.cursor)

    async def stop(self) -> None:
        if self.steps is not None:
            await self.steps.aclose()  # type: ignore[attr-defined]
        self.steps = None


def names(first: int, last: int) -> list[str]:
    return [f"hash{n}" for n in range(first, last + 1)]


def test_a_copy_and_then_the_log_each_row_once(server: Server, quick: Settings) -> None:
    async def main() -> None:
        run(server, INSERT, [U, V, 1, 60])
        reader = Reader(server, quick)
        await reader.take(20)
        assert reader.cursor.positions.keys() == {"copy"}
        # What comes while the copy is taken comes out of the log.
        run(server, INSERT, [U, V, 61, 70])
        await reader.stop()
        await reader.take(70)
        run(server, 'insert into "Odd Schema"."odd ""table" (note) select \'x\' where false')
        run(server, "create table other as select 1 as one")
        await reader.stop()
        run(server, INSERT, [U, V, 71, 75])
        server.restart()
        await reader.take(75)
        run(server, INSERT, [U, V, 76, 80])
        await reader.take(80)
        server.restart()
        run(server, INSERT, [U, V, 81, 82])
        await reader.take(82)
        await reader.stop()
        assert sorted(reader.hashes) == sorted(names(1, 82))
        assert not list(quick.live_dir.glob("*.copy"))

    asyncio.run(main())


def test_what_is_taken_and_not_stored_yet_is_not_taken_twice(server: Server, quick: Settings) -> None:
    async def main() -> list[str]:
        reader = Reader(server, quick)
        reader.does_tell = False
        for last in range(2, 12, 2):
            run(server, INSERT, [U, V, last - 1, last])
            await reader.take(last)
        await reader.stop()
        return reader.hashes

    assert asyncio.run(main()) == names(1, 10)


def test_what_was_not_stored_is_read_again(server: Server, quick: Settings) -> None:
    async def main() -> None:
        run(server, INSERT, [U, V, 1, 2])
        reader = Reader(server, quick)
        await reader.take(2)
        run(server, INSERT, [U, V, 3, 4])
        await reader.take(4)
        stored = reader.cursor
        run(server, INSERT, [U, V, 5, 6])
        assert reader.steps is not None
        step = await anext(reader.steps)
        assert isinstance(step, Batch)
        await reader.stop()
        again = Reader(server, quick, stored)
        await again.take(2)
        await again.stop()
        assert again.hashes == names(5, 6)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ('update "Odd Schema"."odd ""table" set amount = 2', "UPDATE"),
        ('delete from "Odd Schema"."odd ""table"', "DELETE"),
        ('truncate "Odd Schema"."odd ""table"', "TRUNCATE"),
        ('insert into "Odd Schema"."odd ""table" ("From") values (\'x\')', "row 1: missing_column_value"),
    ],
)
def test_what_is_no_new_transfer_is_refused(statement: str, said: str, server: Server, quick: Settings) -> None:
    run(server, INSERT, [U, V, 1, 1])

    async def main(settings: Settings) -> Reader:
        reader = Reader(server, settings)
        await reader.take(1)
        while "" not in reader.cursor.positions:
            await reader.take(len(reader.hashes))
            step = await anext(reader.steps)  # type: ignore[arg-type]
            assert isinstance(step, Batch)
            reader.cursor = Cursor(positions={**reader.cursor.positions, step.partition: step.position or 0})
        run(server, statement)
        run(server, INSERT, [U, V, 2, 2])
        await reader.take(2)
        await reader.stop()
        return reader

    with pytest.raises(FlowError, match=said):
        asyncio.run(main(quick))
    run(server, 'truncate "Odd Schema"."odd ""table"')
    for (slot,) in run(server, "select slot_name from pg_replication_slots where not active"):
        run(server, "select pg_drop_replication_slot(%s)", [slot])
    run(server, INSERT, [U, V, 1, 1])
    aside = quick.with_changes(live={"refused": "aside"})
    assert asyncio.run(main(aside)).hashes == ["hash1", "hash2"]
    (line,) = (quick.live_dir / "refused.jsonl").read_text().splitlines()
    assert said in json.loads(line)["reason"]


def test_a_slot_that_is_gone_or_read_by_others_is_refused(server: Server, quick: Settings) -> None:
    async def main() -> None:
        run(server, INSERT, [U, V, 1, 2])
        reader = Reader(server, quick)
        await reader.take(2)
        run(server, INSERT, [U, V, 3, 3])
        await reader.take(3)
        await reader.stop()
        run(server, INSERT, [U, V, 4, 4])
        ((slot,),) = run(server, "select slot_name from pg_replication_slots")
        run(server, "select * from pg_logical_slot_get_changes(%s, null, null)", [slot])
        with pytest.raises(FlowError, match="somebody else has read"):
            await reader.take(4)
        await reader.stop()
        run(server, "select pg_drop_replication_slot(%s)", [slot])
        with pytest.raises(FlowError, match="was dropped"):
            await reader.take(4)
        await reader.stop()

    asyncio.run(main())


def test_refusals_hold_no_password(server: Server, quick: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened(where: str | None, topic: str | None = TOPIC) -> None:
        await discover()["postgres"].open_feed(FeedOptions(server=where, topic=topic), quick)

    with pytest.raises(UsageError, match="no table"):
        asyncio.run(opened(address(server), None))
    with pytest.raises(UsageError, match="holds a password"):
        asyncio.run(opened(f"postgresql://flow:hunter2@127.0.0.1:{server.port}/postgres"))
    with pytest.raises(FlowError, match=r"no table public\.nobody"):
        asyncio.run(opened(address(server), "nobody"))
    run(server, "create table if not exists lacks (a int)")
    with pytest.raises(FlowError, match="no column for sender, receiver, time, amount among a"):
        asyncio.run(opened(address(server), "lacks"))
    for value in (f"postgresql://nobody:hunter2@127.0.0.1:{server.port}/nowhere", "password=hunter2 host", "hunter2"):
        monkeypatch.setenv("NETRAFLOW_SECRET_PG", value)
        with pytest.raises(FlowError) as refusal:
            asyncio.run(opened("env:NETRAFLOW_SECRET_PG"))
        assert "hunter2" not in str(refusal.value) + refusal.value.hint


def test_a_watch_lets_the_server_forget_its_log(server: Server, tmp_path: Path) -> None:
    run(server, INSERT, [U, V, 1, 3])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NETRAFLOW_SECRET_PG": address(server)}
    command = [sys.executable, "-m", "flow_pipeline", "--data-dir", str(tmp_path / "data"), "watch", "postgres"]
    command += ["--server", "env:NETRAFLOW_SECRET_PG", "--topic", TOPIC]
    watch = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        # A first watch compiles its kernels.
        until = time.monotonic() + 180
        while not (slots := run(server, "select confirmed_flush_lsn from pg_replication_slots")):
            assert watch.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        run(server, INSERT, [U, V, 4, 6])
        while run(server, "select confirmed_flush_lsn from pg_replication_slots") == slots:
            assert watch.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        watch.send_signal(signal.SIGTERM)
        _, said = watch.communicate(timeout=30)
    finally:
        watch.kill()
        watch.wait(20)
    assert watch.returncode == 0
    assert "6 transfers" in said
    assert not list((tmp_path / "data" / "live").glob("*.copy"))
