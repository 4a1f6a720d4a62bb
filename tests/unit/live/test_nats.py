"""The feed `nats` on a real NATS server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
import pytest

from flow_pipeline.live.feeds import FeedOptions, discover
from flow_pipeline.live.steps import Batch, Cursor, Feed, Step
from flow_pipeline.settings import Settings
from tests.conftest import U, V
from tests.servers import Server, nats_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with nats_server(tmp_path) as running:
        yield running


def row(n: int, **more: object) -> dict[str, object]:
    return {
        "tx_hash": f"0x{n:064x}",
        "transfer_index": 0,
        "from_address": U,
        "to_address": V,
        "amount": f"{n}.5",
    } | more


def loose(*numbers: int) -> bytes:
    return orjson.dumps({"timestamp": 1746057600, "transfers": [row(n) for n in numbers]})


def block(number: int, parent: str | None, *numbers: int, name: str = "a") -> bytes:
    said = {"block": number, "hash": f"0x{name}{number}", "parent": parent, "timestamp": 1746057600 + number}
    return orjson.dumps(said | {"transfers": [row(n) for n in numbers]})


async def publish(server: Server, bodies: list[bytes], subject: str = "transfers") -> None:
    import nats

    connection = await nats.connect(f"nats://127.0.0.1:{server.port}")
    try:
        stream = connection.jetstream()
        await stream.add_stream(name="T", subjects=["transfers", "other"])
        for body in bodies:
            await stream.publish(subject, body)
    finally:
        await connection.close()


async def opened(server: Server, settings: Settings) -> Feed:
    options = FeedOptions(server=f"nats://127.0.0.1:{server.port}", topic="transfers")
    return await discover()["nats"].open_feed(options, settings)


async def steps(feed: Feed, cursor: Cursor, until: int) -> list[Step]:
    """Steps until so many batches have come."""
    found: list[Step] = []
    source: AsyncIterator[Step] = feed.follow(cursor)
    try:
        async with asyncio.timeout(20):
            async for step in source:
                found.append(step)
                until -= isinstance(step, Batch)
                if not until:
                    return found
    finally:
        await source.aclose()  # type: ignore[attr-defined]
    return found


def test_messages_come_in_order_from_the_cursor_on(server: Server, settings: Settings) -> None:
    async def main() -> list[Step]:
        await publish(server, [loose(1, 2), loose(3), loose(4)])
        feed = await opened(server, settings)
        assert (feed.source, feed.chain) == ("nats:transfers", "ethereum")
        return await steps(feed, Cursor(positions={"": 2}), 2)

    first, second = asyncio.run(main())
    assert isinstance(first, Batch)
    assert isinstance(second, Batch)
    assert (first.position, second.position, first.block) == (3, 4, None)
    assert first.transfers.column("tx_hash").to_pylist() == [f"0x{3:064x}"]
    assert str(first.transfers.column("amount")[0]) == "3.500000000000000000"
