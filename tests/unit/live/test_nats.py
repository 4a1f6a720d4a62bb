"""The feed `nats` on a real NATS server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
import pytest

from flow_pipeline.alerts.channels import NotDelivered, send
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions, discover
from flow_pipeline.live.steps import Batch, Cursor, Fall, Feed, Finality, Step
from flow_pipeline.nodes import Block
from flow_pipeline.settings import AlertSettings, ChannelSettings, Settings
from tests.conftest import U, V
from tests.servers import Server, free_port, nats_server


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


async def publish(server: Server, bodies: list[bytes], subject: str = "transfers", purge: int = 0) -> None:
    import nats

    connection = await nats.connect(f"nats://127.0.0.1:{server.port}")
    try:
        stream = connection.jetstream()
        await stream.add_stream(name="T", subjects=["transfers", "other"])
        for body in bodies:
            await stream.publish(subject, body)
        if purge:
            await stream.purge_stream("T", seq=purge)
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


def batches(found: list[Step]) -> list[Batch]:
    return [step for step in found if isinstance(step, Batch)]


def hashes(found: list[Step]) -> list[int]:
    return [int(text, 16) for step in batches(found) for text in step.transfers.column("tx_hash").to_pylist()]


def follow(
    server: Server, settings: Settings, bodies: list[bytes], until: int, cursor: Cursor = Cursor(), **more: int
) -> list[Step]:
    """Publish, then the steps from the cursor on until so many batches have come."""

    async def main() -> list[Step]:
        await publish(server, bodies, **more)  # type: ignore[arg-type]
        return await steps(await opened(server, settings), cursor, until)

    return asyncio.run(main())


def test_messages_come_in_order_from_the_cursor_on(server: Server, settings: Settings) -> None:
    first, second = batches(follow(server, settings, [loose(1, 2), loose(3), loose(4)], 2, Cursor(positions={"": 2})))
    assert (first.source, first.chain, first.block) == ("nats:transfers", "ethereum", None)
    assert (first.position, second.position) == (3, 4)
    assert hashes([first, second]) == [3, 4]
    assert str(first.transfers.column("amount")[0]) == "3.500000000000000000"


def test_a_parent_that_is_not_the_last_block_lets_blocks_fall(server: Server, settings: Settings) -> None:
    bodies = [block(1, "0xa0", 1), block(2, "0xa1", 2), block(2, "0xa1", 2), block(3, "0xa2", 3)]
    bodies += [block(2, "0xa1", 4, name="b"), block(3, "0xb2", name="b"), b'{"fall": 1}', b'{"safe": 1, "final": 0}']
    bodies += [block(2, "0xa1", 5, name="c")]
    found = follow(server, settings, bodies, 9)
    kinds = [(type(step).__name__, getattr(step, "number", None) or getattr(step, "position", None)) for step in found]
    assert [kind for kind in kinds if kind[0] != "Finality"] == [
        ("Batch", 2), ("Batch", 3), ("Batch", 4), ("Batch", 5), ("Fall", 1), ("Batch", 6), ("Batch", 7), ("Fall", 1),
        ("Batch", 8), ("Batch", 9), ("Batch", 10),
    ]  # fmt: skip
    assert hashes(found) == [1, 2, 3, 4, 5]
    ends = [(step.safe, step.final, step.head) for step in found if isinstance(step, Finality)]
    assert ends[0] == (1 - settings.live.safe_blocks, 1 - settings.live.final_blocks, 1)
    assert (1, 0, 1) in ends


def test_a_reorganisation_is_found_from_the_stored_blocks_on(server: Server, settings: Settings) -> None:
    known = Cursor((Block(1, "0xa1", None, 1), Block(2, "0xa2", "0xa1", 2)), {"": 1})
    fall, taken, *_ = follow(server, settings, [block(2, "0xa1", 2, name="b")], 1, known)
    assert fall == Fall("nats:transfers", "ethereum", 1)
    assert isinstance(taken, Batch)


@pytest.mark.parametrize(
    ("bodies", "said"),
    [
        ([block(1, "0xa0"), block(3, "0xa2")], "block 3, whose parent 0xa2 is none of the last 1 blocks"),
        ([block(1, "0xa0"), block(1, "0xa1", name="b")], "block 1, and the block before it is 1"),
        ([loose(1), b"{}"], "message 2 does not fit: it says nothing"),
    ],
)
def test_what_does_not_follow_stops_the_feed(
    bodies: list[bytes], said: str, server: Server, settings: Settings
) -> None:
    with pytest.raises(FlowError, match=said):
        follow(server, settings, bodies, 3)


def test_what_does_not_fit_is_set_aside_where_settings_say_so(server: Server, settings: Settings) -> None:
    aside = settings.with_changes(live={"refused": "aside"})
    found = follow(server, aside, [loose(1), b"\xff", loose(2)], 3)
    assert (hashes(found), [step.position for step in batches(found)]) == ([1, 2], [2, 3, 4])
    (line,) = (aside.live_dir / "refused.jsonl").read_text().splitlines()
    assert orjson.loads(line) | {"reason": ""} == {
        "source": "nats:transfers", "partition": "", "position": 2, "reason": "", "body_base64": "/w==",
    }  # fmt: skip


def test_what_was_dropped_before_it_was_read_is_an_error(server: Server, settings: Settings) -> None:
    with pytest.raises(FlowError, match="has dropped messages 1 to 2, which were not read"):
        follow(server, settings, [loose(1), loose(2), loose(3)], 1, Cursor(positions={"": 1}), purge=3)
    assert hashes(follow(server, settings, [loose(4)], 2)) == [3, 4]
    with pytest.raises(FlowError, match="another stream than before"):
        follow(server, settings, [], 1, Cursor(positions={"": 9}))


def test_a_message_that_was_deleted_is_an_error_and_one_of_another_subject_is_not(
    server: Server, settings: Settings
) -> None:
    import nats

    async def delete(number: int) -> None:
        connection = await nats.connect(f"nats://127.0.0.1:{server.port}")
        await connection.jetstream().delete_msg("T", number)
        await connection.close()

    async def other() -> None:
        await publish(server, [loose(1)])
        await publish(server, [b"x"], "other")
        await publish(server, [loose(2), loose(3), loose(4)])

    asyncio.run(other())
    assert hashes(follow(server, settings, [], 4)) == [1, 2, 3, 4]
    asyncio.run(delete(4))
    with pytest.raises(FlowError, match="messages 4 to 4 of stream T are missing"):
        follow(server, settings, [], 4)


def test_a_server_that_restarts_is_waited_for(server: Server, settings: Settings) -> None:
    async def main() -> list[Step]:
        await publish(server, [loose(1)])
        feed = await opened(server, settings)
        source = feed.follow(Cursor())
        found = [await anext(source)]
        pending = asyncio.ensure_future(anext(source))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(server.restart)
        await publish(server, [loose(2)])
        async with asyncio.timeout(20):
            found.append(await pending)
        await source.aclose()  # type: ignore[attr-defined]
        return found

    assert hashes(asyncio.run(main())) == [1, 2]


def test_a_server_that_stays_away_ends_the_feed(server: Server, settings: Settings) -> None:
    async def main() -> None:
        await publish(server, [loose(1)])
        feed = await opened(server, settings.with_changes(live={"away_seconds": 1}))
        await asyncio.to_thread(server.stop)
        with pytest.raises(FlowError, match="has not answered for 1 s"):
            await steps(feed, Cursor(), 1)

    asyncio.run(main())


def test_what_can_not_be_opened_says_why(server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(where: str | None, topic: str | None = "transfers") -> None:
        asyncio.run(discover()["nats"].open_feed(FeedOptions(server=where, topic=topic), settings))

    address = f"nats://127.0.0.1:{server.port}"
    with pytest.raises(UsageError, match="no subject"):
        opening(address, None)
    with pytest.raises(UsageError, match="no server"):
        opening(None)
    with pytest.raises(UsageError, match="holds a password"):
        opening(f"nats://user:hunter2@127.0.0.1:{server.port}")
    with pytest.raises(FlowError, match="holds the subject transfers"):
        opening(address)
    monkeypatch.setenv("NETRAFLOW_SECRET_NATS", f"nats://user:hunter2@127.0.0.1:{free_port()}")
    with pytest.raises(FlowError, match="does not answer") as refusal:
        opening("env:NETRAFLOW_SECRET_NATS")
    assert "hunter2" not in str(refusal.value)
    monkeypatch.setitem(sys.modules, "nats", None)
    with pytest.raises(UsageError, match="nats-py is not installed") as usage:
        opening(address)
    assert "netraflow[streams]" in usage.value.hint


def test_a_password_comes_from_the_environment(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nats_server(tmp_path, "--user", "me", "--pass", "hunter2") as closed:
        for user, said in (
            ("", "does not let us in"),
            ("me:wrong@", "does not let us in"),
            ("me:hunter2@", "no stream"),
        ):
            monkeypatch.setenv("NETRAFLOW_SECRET_NATS", f"nats://{user}127.0.0.1:{closed.port}")
            options = FeedOptions(server="env:NETRAFLOW_SECRET_NATS", topic="transfers")
            with pytest.raises(FlowError, match=said) as refusal:
                asyncio.run(discover()["nats"].open_feed(options, settings))
            assert "hunter2" not in str(refusal.value) + refusal.value.hint
        monkeypatch.setenv("NETRAFLOW_SECRET_NATS", f"nats://me:wrong@127.0.0.1:{closed.port}")
        channel = ChannelSettings(kind="nats", url_env="NETRAFLOW_SECRET_NATS", topic="alerts")
        with pytest.raises(NotDelivered, match="Authorization Violation"):
            send(channel, {"id": "m1", "made_at": "2030-01-01T12:00:00Z"}, AlertSettings())
