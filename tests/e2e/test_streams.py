"""Streams through real brokers, with consumers that are killed and servers that restart: no row is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT
from tests.servers import Server, kafka_broker, nats_server

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
def consumer(kind: str, server: Server, folder: Path, count: int) -> Iterator[subprocess.Popen[str]]:
    scheme = "nats://" if kind == "nats" else ""
    address = f"{scheme}127.0.0.1:{server.port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.stream_sink", kind, address, "transfers", str(folder)]
        + [str(count // PER_MESSAGE), str(at_once(count))],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "NETRAFLOW_LIVE__MESSAGES_AT_ONCE": str(4 * at_once(count))}, stdout=subprocess.PIPE, text=True,
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
    kind: str, server: Server, folder: Path, count: int, kills: int, upset: Callable[[Server], None], upsets: int
) -> None:
    """Take the stream with so many killed consumers and upset brokers; every row must be there, once."""
    chance = random.Random(7)
    per_run = count // PER_MESSAGE // at_once(count) // (kills + upsets + 1)
    killed, is_small = 0, count < 100_000 and kind == "kafka"
    for kill in range(kills):
        with consumer(kind, server, folder, count) as process:
            is_upset = kill % (kills // upsets + 1) == 0
            if is_upset and is_small:
                # In the time that a broker is frozen, all would be taken that the client has already.
                upset(server)
            if not commits(process, chance.randint(1, per_run)):
                break
            if is_upset and not is_small:
                upset(server)
                assert commits(process, 1)
            time.sleep(chance.random() * 0.05)
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait(20)
            killed += 1
    assert killed == kills
    with consumer(kind, server, folder, count) as process:
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
        check("nats", server, tmp_path / "data", count, kills, Server.restart, restarts)


@pytest.mark.parametrize(
    ("count", "kills", "freezes"), [(20_000, 2, 1), pytest.param(1_000_000, 20, 2, marks=pytest.mark.slow)]
)
def test_kafka_loses_and_doubles_nothing(count: int, kills: int, freezes: int, tmp_path: Path) -> None:
    """The broker of the tests keeps its topics in memory: it is frozen for seconds, where NATS is restarted."""
    with kafka_broker(tmp_path) as server:
        fill_kafka(server, count)
        check("kafka", server, tmp_path / "data", count, kills, freeze, freezes)
