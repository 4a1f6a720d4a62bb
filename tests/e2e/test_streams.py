"""Streams through real brokers, with consumers that are killed and servers that restart: no row is lost or doubled."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT
from tests.servers import Server, kafka_broker, nats_server, postgres_server

PER_MESSAGE = 500


def message(first: int) -> bytes:
    rows = ",".join(
        f'{{"tx_hash":"0x{n:064x}","transfer_index":0,"from_address":"0x{n % 997:040x}",'
        f'"to_address":"0x{n % 1009:040x}","amount":"{n}.5"}}'
        for n in range(first, first + PER_MESSAGE)
    )
    return f'{{"timestamp":1746057600,"transfers":[{rows}]}}'.encode()


def fill_nats(server: Server, count: int) -> None:
    import nats

    async def fill() -> None:
        connection = await nats.connect(f"nats://127.0.0.1:{server.port}", pending_size=64 * 1024 * 1024)
        stream = connection.jetstream(publish_async_max_pending=200)
        await stream.add_stream(name="T", subjects=["transfers"])
        for first in range(0, count, PER_MESSAGE):
            await stream.publish_async("transfers", message(first), wait_stall=60)
        await stream.publish_async_completed()
        assert (await stream.stream_info("T")).state.messages == count // PER_MESSAGE
        await connection.close()

    asyncio.run(fill())


def fill_kafka(server: Server, count: int) -> None:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    broker = {"bootstrap.servers": f"127.0.0.1:{server.port}", "log_level": 0}
    admin = AdminClient(broker)
    admin.create_topics([NewTopic("transfers", 2, 1)])["transfers"].result(20)
    producer = Producer({**broker, "enable.idempotence": True, "linger.ms": 5})
    for place, first in enumerate(range(0, count, PER_MESSAGE)):
        producer.produce("transfers", message(first), partition=place % 2)
        producer.poll(0)
        if place % 50 == 49:
            producer.flush(60)
    assert producer.flush(60) == 0


def at_once(count: int) -> int:
    """Messages of one commit: few enough that every consumer is killed before it is done."""
    return max(1, count // PER_MESSAGE // 250)


@contextmanager
def consumer(kind: str, where: str, folder: Path, count: int) -> Iterator[subprocess.Popen[str]]:
    small = {"MESSAGES_AT_ONCE": 4 * at_once(count), "ROWS_AT_ONCE": PER_MESSAGE, "PART_BYTES": 100_000}
    more = {f"NETRAFLOW_LIVE__{name}": str(value) for name, value in small.items()}
    command = [sys.executable, "-m", "tests.stream_sink", kind, where, "transfers"]
    process = subprocess.Popen(
        [*command, str(folder), str(count), str(at_once(count))],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **more}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def commits(process: subprocess.Popen[str], count: int) -> bool:
    """Wait until so many commits were made; false where the process ends before."""
    assert process.stdout is not None
    return all(process.stdout.readline() for _ in range(count))


def freeze(server: Server) -> None:
    """A broker that answers nobody for seconds."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    server.process.send_signal(signal.SIGCONT)


def check(
    kind: str,
    where: str,
    folder: Path,
    count: int,
    kills: int,
    upset: Callable[[], None] = lambda: None,
    upsets: int = 0,
) -> None:
    """Take the stream with so many killed consumers and upset servers; every row must be there, once."""
    chance = random.Random(7)
    per_run = count // PER_MESSAGE // at_once(count) // (kills + upsets + 1)
    killed, is_small = 0, count < 100_000 and kind == "kafka"
    for kill in range(kills):
        with consumer(kind, where, folder, count) as process:
            is_upset = upsets > 0 and kill % (kills // upsets + 1) == 0
            if is_upset and is_small:
                # In the time that a broker is frozen, all would be taken that the client has already.
                upset()
            if not commits(process, chance.randint(1, per_run)):
                break
            if is_upset and not is_small:
                upset()
                assert commits(process, 1)
            time.sleep(chance.random() * 0.05)
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait(20)
            killed += 1
    assert killed == kills
    with consumer(kind, where, folder, count) as process:
        assert process.stdout is not None
        process.stdout.read()
        assert process.wait(60) == 0
    with duckdb.connect(str(folder / "live" / "tip.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select count(*), count(distinct tx_hash), sum(amount), max(tx_hash) from live.rows"
        ).fetchone()
    assert found is not None
    total = count * (count - 1) // 2 + count // 2
    assert (*found[:2], int(found[2]), int(found[3], 16)) == (count, count, total, count - 1)


@pytest.mark.parametrize(
    ("count", "kills", "restarts"), [(20_000, 2, 1), pytest.param(1_000_000, 20, 2, marks=pytest.mark.slow)]
)
def test_nats_loses_and_doubles_nothing(count: int, kills: int, restarts: int, tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        fill_nats(server, count)
        check("nats", f"nats://127.0.0.1:{server.port}", tmp_path / "data", count, kills, server.restart, restarts)


@pytest.mark.parametrize(
    ("count", "kills", "freezes"), [(20_000, 2, 1), pytest.param(1_000_000, 20, 2, marks=pytest.mark.slow)]
)
def test_kafka_loses_and_doubles_nothing(count: int, kills: int, freezes: int, tmp_path: Path) -> None:
    """The broker of the tests keeps its topics in memory: it is frozen for seconds, where NATS is restarted."""
    with kafka_broker(tmp_path) as server:
        fill_kafka(server, count)
        where = f"127.0.0.1:{server.port}"
        check("kafka", where, tmp_path / "data", count, kills, lambda: freeze(server), freezes)


def test_postgres_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Half of the table is copied, half comes out of its log; the server restarts while the copy is taken."""
    import psycopg

    count = 20_000
    with postgres_server() as server:
        address = f"postgresql://flow@127.0.0.1:{server.port}/postgres"
        insert = (
            "insert into transfers select n, '0x' || lpad(to_hex(n), 64, '0'), '2025-05-01', "
            "'0x' || lpad(to_hex(mod(n, 997)), 40, '0'), '0x' || lpad(to_hex(mod(n, 1009)), 40, '0'), n + 0.5 "
            "from generate_series(%s::int, %s::int) as n"
        )
        with closing(psycopg.connect(address, autocommit=True)) as connection:
            connection.execute(
                "create table transfers (id int, tx_hash text, block_time timestamptz, sender text, receiver text, "
                "amount numeric)"
            )
            connection.execute(insert, [0, count // 2 - 1])

        def fill_and_restart() -> None:
            with closing(psycopg.connect(address, autocommit=True)) as connection:
                for first in range(count // 2, count, PER_MESSAGE):
                    connection.execute(insert, [first, first + PER_MESSAGE - 1])
            server.restart()

        check("postgres", address, tmp_path / "data", count, 3, fill_and_restart, 1)


def test_files_lose_and_double_nothing(tmp_path: Path) -> None:
    """Each transfer stands in the lists of both of its wallets, in two files."""
    count = 10_000
    folder = tmp_path / "scans"
    folder.mkdir()
    for name, shift in (("a.jsonl", 0), ("b.jsonl", 250)):
        with (folder / name).open("w") as file:
            for first in range(0, count, PER_MESSAGE):
                rows = [
                    {
                        "from": f"0x{n % 997:040x}", "to": f"0x{n % 1009:040x}", "token_symbol": "ETH",
                        "time_stamp": "1746057600", "value": f"{n}500000000000000000", "hash": f"0x{n:064x}",
                    }
                    for n in ((first + shift + place) % count for place in range(PER_MESSAGE))
                ]  # fmt: skip
                file.write(json.dumps({"wallet": "0x" + "a" * 40, "score": 1, "category": "x", "txs": rows}) + "\n")
    check("files", str(folder), tmp_path / "data", count, 2)
