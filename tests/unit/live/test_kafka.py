"""The feed `kafka` on a real broker, whose store is its memory."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flow_pipeline.domain.brokers import kafka_settings
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions, discover
from flow_pipeline.live.steps import Batch, Cursor, Step
from flow_pipeline.settings import Settings
from tests.servers import Server, free_port, kafka_broker
from tests.unit.live.test_messages import AFTER, change
from tests.unit.live.test_nats import batches, block, hashes, loose, steps


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with kafka_broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    return f"t{abs(hash(request.node.name))}"


def publish(server: Server, topic: str, bodies: list[bytes | None], partitions: int = 1, is_new: bool = True) -> None:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    broker = {"bootstrap.servers": f"127.0.0.1:{server.port}", "log_level": 0}
    if is_new:
        admin = AdminClient(broker)
        admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(20)
    producer = Producer(broker)
    for place, body in enumerate(bodies):
        producer.produce(topic, body, partition=place % partitions)
    assert producer.flush(20) == 0


def follow(server: Server, topic: str, settings: Settings, until: int, cursor: Cursor = Cursor()) -> list[Step]:
    async def main() -> list[Step]:
        options = FeedOptions(server=f"127.0.0.1:{server.port}", topic=topic)
        feed = await discover()["kafka"].open_feed(options, settings)
        assert (feed.source, feed.chain) == (f"kafka:{topic}", "ethereum")
        return await steps(feed, cursor, until)

    return asyncio.run(main())


def places(found: list[Step]) -> dict[str, int | None]:
    return {step.partition: step.position for step in batches(found)}


def test_each_partition_goes_on_where_it_was(server: Server, topic: str, settings: Settings) -> None:
    publish(server, topic, [loose(n) for n in range(1, 9)], partitions=2)
    found = follow(server, topic, settings, 8)
    assert sorted(hashes(found)) == list(range(1, 9))
    assert places(found) == {"0": 4, "1": 4}
    found = follow(server, topic, settings, 5, Cursor(positions={"0": 1, "1": 2}))
    assert sorted(hashes(found)) == [3, 5, 6, 7, 8]


def test_blocks_come_in_one_partition(server: Server, topic: str, settings: Settings) -> None:
    publish(server, topic, [block(1, "0xa0", 1), block(2, "0xa1", 2), block(2, "0xa1", 3, name="b")])
    found = follow(server, topic, settings, 3)
    assert [type(step).__name__ for step in found if type(step).__name__ != "Finality"] == [
        "Batch", "Batch", "Fall", "Batch",
    ]  # fmt: skip
    other = f"{topic}x"
    publish(server, other, [block(1, "0xa0", 1)], partitions=2)
    with pytest.raises(FlowError, match="partitions have no order among them"):
        follow(server, other, settings, 1)


def test_changes_of_a_table_are_read_and_others_refused(server: Server, topic: str, settings: Settings) -> None:
    rows = [json.dumps(change(tx_hash=f"0x{n}")).encode() for n in (1, 2)]
    publish(server, topic, [rows[0], json.dumps(change("d")).encode(), None, rows[1]])
    with pytest.raises(FlowError, match="message 1 of partition 0 does not fit: it is a delete"):
        follow(server, topic, settings, 2)
    aside = settings.with_changes(live={"refused": "aside"})
    assert hashes(follow(server, topic, aside, 4)) == [1, 2]
    lines = (aside.live_dir / "refused.jsonl").read_text().splitlines()
    assert [json.loads(line)["reason"][:14] for line in lines] == ["it is a delete", "it is empty"]
    assert AFTER


def test_a_topic_that_is_another_one_is_refused(server: Server, topic: str, settings: Settings) -> None:
    publish(server, topic, [loose(1)])
    with pytest.raises(FlowError, match="message 5 of partition 0 comes next, and the partition ends at 1"):
        follow(server, topic, settings, 1, Cursor(positions={"0": 5}))
    with pytest.raises(FlowError, match="partition 3 was read before and is no more"):
        follow(server, topic, settings, 1, Cursor(positions={"3": 0}))


def test_a_broker_that_forgot_its_topics_is_told_from_one_that_is_away(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker of the tests forgets all when it restarts; a topic of another content is not read on."""
    monkeypatch.setattr("flow_pipeline.live.feeds.kafka._ANSWER_SECONDS", 1.0)
    quick = settings.with_changes(live={"away_seconds": 2, "poll_seconds": 0.2})

    async def main(has_returned: bool) -> None:
        with kafka_broker(tmp_path) as server:
            publish(server, "t", [loose(1)])
            feed = await discover()["kafka"].open_feed(FeedOptions(server=f"127.0.0.1:{server.port}", topic="t"), quick)
            source = feed.follow(Cursor())
            assert isinstance(await anext(source), Batch)
            await asyncio.to_thread(server.restart if has_returned else server.stop)
            async with asyncio.timeout(60):
                with pytest.raises(FlowError, match="has no topic t" if has_returned else "has not answered for 2 s"):
                    await anext(source)

    asyncio.run(main(True))
    asyncio.run(main(False))


def test_what_can_not_be_opened_says_why(server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(where: str | None, topic: str | None = "nothing") -> None:
        asyncio.run(discover()["kafka"].open_feed(FeedOptions(server=where, topic=topic), settings))

    address = f"127.0.0.1:{server.port}"
    with pytest.raises(UsageError, match="no topic is named"):
        opening(address, None)
    with pytest.raises(FlowError, match="has no topic nothing"):
        opening(address)
    with pytest.raises(UsageError, match="holds a password"):
        opening(f"sasl_ssl://user:hunter2@{address}")
    with pytest.raises(UsageError, match="begins with http://"):
        opening(f"http://{address}")
    monkeypatch.setenv("NETRAFLOW_SECRET_KAFKA", f"sasl_plaintext://user:hunter2@127.0.0.1:{free_port()}")
    monkeypatch.setattr("flow_pipeline.live.feeds.kafka._ANSWER_SECONDS", 1.0)
    with pytest.raises(FlowError, match="does not answer") as refusal:
        opening("env:NETRAFLOW_SECRET_KAFKA")
    assert "hunter2" not in str(refusal.value)
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(UsageError, match="confluent-kafka is not installed"):
        opening(address)


def test_an_address_says_how_to_get_in() -> None:
    assert kafka_settings("a:1,b:2") == {"bootstrap.servers": "a:1,b:2"}
    assert kafka_settings("sasl_ssl://me:p%40ss@a:1,b:2?mechanism=SCRAM-SHA-512") == {
        "bootstrap.servers": "a:1,b:2", "security.protocol": "SASL_SSL", "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "me", "sasl.password": "p@ss",
    }  # fmt: skip
