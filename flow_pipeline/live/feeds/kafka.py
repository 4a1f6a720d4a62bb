"""A topic of Kafka, each partition read in its order from the stored offset on.

What lives here: the consumer, partitions, a broker that is away. What must not: the format of messages; consumer
groups, whose offsets are not in the transaction of the rows.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from flow_pipeline.domain.brokers import kafka_settings, missing
from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions
from flow_pipeline.live.messages import Reader
from flow_pipeline.live.rows import rules_of
from flow_pipeline.live.steps import Cursor, Feed, Step
from flow_pipeline.live.streams import Follower, Pace, Patience, Received, address_of, in_thread
from flow_pipeline.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

NAME = "kafka"
SAYS = "a topic of Kafka whose messages are batches of transfers, or changes of a table as Debezium writes them"

_ANSWER_SECONDS = 10.0
"""Seconds for a broker's answer to a question of our own; a broker that runs answers in milliseconds."""
_LOOK_SECONDS = 30.0
"""Seconds between two looks for new partitions; producers need minutes to hear of them."""


async def open_feed(options: FeedOptions, settings: Settings) -> Feed:
    """A feed of one topic.

    Raises:
        UsageError: no broker or topic is named, or the client is not installed.
        FlowError: the broker does not answer, or has no such topic.
    """
    try:
        import confluent_kafka  # noqa: F401
    except ImportError:
        raise missing("confluent-kafka") from None
    if not options.topic:
        raise UsageError("no topic is named", "give --topic TOPIC")
    broker = kafka_settings(address_of(options, "127.0.0.1:9092"))
    feed = KafkaFeed(broker, options.topic, canonical_chain(options.chain or settings.sources.chain), settings)
    consumer = feed.consumer()
    try:
        await in_thread(feed.partitions, consumer)
    except _Away as away:
        raise FlowError(
            f"the Kafka broker at {broker['bootstrap.servers']} does not answer: {away}", "check --server"
        ) from None
    finally:
        await in_thread(consumer.close)
    return feed


class KafkaFeed:
    """One topic. Positions are the offsets of the next messages, one per partition."""

    def __init__(self, broker: dict[str, str], topic: str, chain: str, settings: Settings) -> None:
        self.broker, self.topic, self.chain, self.settings = broker, topic, chain, settings
        self.source = f"kafka:{topic}"
        self.heard = ""

    async def follow(self, cursor: Cursor) -> AsyncIterator[Step]:
        """Steps from the cursor on; see `Feed`."""
        patience = Patience(f"the Kafka broker at {self.broker['bootstrap.servers']}", self.settings)
        places = dict(cursor.positions)
        with rules_of(self.chain, self.settings) as rules:
            follower = Follower(self.source, Reader(rules), self.settings, cursor)
            while True:
                consumer = self.consumer()
                try:
                    is_many = await in_thread(self.assign, consumer, places)
                    follower.has_order = not is_many
                    looked, pace = time.monotonic(), Pace(self.settings)
                    while True:
                        await pace.next()
                        if time.monotonic() > looked + _LOOK_SECONDS:
                            if len(await in_thread(self.partitions, consumer)) > len(places):
                                break
                            looked = time.monotonic()
                        received = await in_thread(self._received, consumer, places)
                        if not received:
                            continue
                        patience.is_back()
                        async for step in follower.take(received):
                            yield step
                        places |= {one.partition: one.position + 1 for one in received}
                except _Away as away:
                    await patience.after(str(away))
                finally:
                    await in_thread(consumer.close)

    def consumer(self) -> Consumer:
        """A consumer that belongs to no group and commits nothing."""
        from confluent_kafka import Consumer

        return Consumer(
            {
                **self.broker,
                "group.id": "netraflow",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                # A message is hundreds of rows: what waits in memory is bounded by what is read together.
                "queued.min.messages": self.settings.live.messages_at_once,
                # Some brokers answer when the wait is over, not when a message has come.
                "fetch.wait.max.ms": 100,
                "isolation.level": "read_committed",
                "error_cb": self._hear,
                "log_level": 0,
                "reconnect.backoff.max.ms": 2_000,
            }
        )

    def partitions(self, consumer: Consumer) -> list[int]:
        """Partitions of the topic.

        Raises:
            FlowError: there is no such topic, or the broker lets nobody in.
            _Away: the broker does not answer.
        """
        from confluent_kafka import KafkaException

        try:
            topics = consumer.list_topics(self.topic, timeout=_ANSWER_SECONDS).topics
        except KafkaException as error:
            raise self._fault(error.args[0]) from None
        found = topics.get(self.topic)
        if found is None or found.error is not None or not found.partitions:
            raise FlowError(
                f"the Kafka broker at {self.broker['bootstrap.servers']} has no topic {self.topic}",
                "check --topic, or create it; a topic that was deleted and created anew is another one",
            )
        return sorted(found.partitions)

    def assign(self, consumer: Consumer, places: dict[str, int]) -> bool:
        """Begin at the places; a partition without one begins at its first message.

        Returns:
            True for several partitions.

        Raises:
            FlowError: a partition no longer has what comes next.
            _Away: the broker does not answer.
        """
        from confluent_kafka import KafkaException, TopicPartition

        numbers = self.partitions(consumer)
        if gone := [name for name in places if int(name) not in numbers]:
            raise FlowError(
                f"{self.source}: partition {gone[0]} was read before and is no more",
                "is the topic another one now? Then move data/live/tip.duckdb away",
            )
        for number in numbers:
            try:
                low, _ = consumer.get_watermark_offsets(TopicPartition(self.topic, number), timeout=_ANSWER_SECONDS)
            except KafkaException as error:
                raise self._fault(error.args[0]) from None
            if places.setdefault(str(number), low) < low:
                raise self._dropped(str(number), places[str(number)], low)
        consumer.assign([TopicPartition(self.topic, number, places[str(number)]) for number in numbers])
        return len(numbers) > 1

    def _received(self, consumer: Consumer, places: dict[str, int]) -> list[Received]:
        """Messages that are there; waits for the first one."""
        first = consumer.poll(min(self.settings.live.poll_seconds, 1.0))
        if first is None:
            self._check_ends(consumer, places)
            if self.heard:
                why, self.heard = self.heard, ""
                raise _Away(why)
            return []
        more = consumer.consume(self.settings.live.messages_at_once - 1, 0) if first.error() is None else []
        return [self._as_received(consumer, message, places, time.time()) for message in (first, *more)]

    def _check_ends(self, consumer: Consumer, places: dict[str, int]) -> None:
        """Refuse a topic that ends before what comes next. Its end is what came with the last answer to a fetch.

        Raises:
            FlowError: it is another topic than before.
        """
        from confluent_kafka import TopicPartition

        for name, place in places.items():
            _, end = consumer.get_watermark_offsets(TopicPartition(self.topic, int(name)), cached=True)
            if 0 <= end < place:
                raise self._other_topic(name, place, end)

    def _dropped(self, partition: str, place: int, low: int) -> FlowError:
        return FlowError(
            f"{self.source}: partition {partition} has dropped messages {place} to {low - 1}, which were not read",
            "load them from where they are kept, then move data/live/tip.duckdb away; longer "
            "retention (retention.ms, retention.bytes) keeps them for later outages",
        )

    def _other_topic(self, partition: str, place: int, end: int) -> FlowError:
        return FlowError(
            f"{self.source}: message {place} of partition {partition} comes next, and the partition ends at {end}: it "
            "is another topic than before",
            "was it created anew? Then move data/live/tip.duckdb away",
        )

    def _as_received(self, consumer: Consumer, message: Message, places: dict[str, int], now: float) -> Received:
        if error := message.error():
            raise self._out_of_range(consumer, message, places) or self._fault(error)
        self.heard = ""
        partition, offset, body = message.partition(), message.offset(), message.value()
        assert partition is not None
        assert offset is not None
        return Received(str(partition), offset, body if body is None else bytes(body), now)

    def _out_of_range(self, consumer: Consumer, message: Message, places: dict[str, int]) -> FlowError | None:
        """The refusal where the broker no longer has, or never had, what was asked for."""
        from confluent_kafka import KafkaError as Codes
        from confluent_kafka import KafkaException, TopicPartition

        error, number = message.error(), message.partition()
        code: Any = error.code() if error else None
        if number is None or code not in (Codes._AUTO_OFFSET_RESET, Codes.OFFSET_OUT_OF_RANGE):
            return None
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(self.topic, number), timeout=_ANSWER_SECONDS)
        except KafkaException:
            return None
        place = places[str(number)]
        return self._dropped(str(number), place, low) if place < low else self._other_topic(str(number), place, high)

    def _fault(self, error: KafkaError) -> Exception:
        """What an error of the client means: the broker is away, or something that waiting does not mend."""
        from confluent_kafka import KafkaError as Codes

        code: Any = error.code()
        if code in (Codes._AUTHENTICATION, Codes.SASL_AUTHENTICATION_FAILED, Codes.TOPIC_AUTHORIZATION_FAILED):
            return FlowError(
                f"the Kafka broker at {self.broker['bootstrap.servers']} does not let us in: {error.name()}",
                "put its address with user and password into a variable of the environment and give --server env:NAME",
            )
        return _Away(error.name())

    def _hear(self, error: KafkaError) -> None:
        self.heard = error.name()


class _Away(Exception):
    """The broker does not answer, or answers that it can not now."""
