"""A subject of NATS JetStream, read in its order from the stored sequence on.

What lives here: the consumer, gaps in sequences, a server that restarts. What must not: the format of messages.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flow_pipeline.domain.brokers import missing, without_password
from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions
from flow_pipeline.live.messages import Reader
from flow_pipeline.live.rows import rules_of
from flow_pipeline.live.steps import Cursor, Feed, Step
from flow_pipeline.live.streams import Follower, Pace, Patience, Received, address_of
from flow_pipeline.settings import Settings

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

NAME = "nats"
SAYS = "a subject of NATS JetStream whose messages are batches of transfers"


async def open_feed(options: FeedOptions, settings: Settings) -> Feed:
    """A feed of one subject.

    Raises:
        UsageError: no server or subject is named, or the client is not installed.
        FlowError: the server does not answer, or no stream holds the subject.
    """
    try:
        import nats  # noqa: F401
    except ImportError:
        raise missing("nats-py") from None
    if not options.topic:
        raise UsageError("no subject is named", "give --topic SUBJECT")
    address = address_of(options, "nats://127.0.0.1:4222")
    chain = canonical_chain(options.chain or settings.sources.chain)
    feed = NatsFeed(address, options.topic, chain, settings)
    try:
        connection = await feed.connect()
        try:
            await feed.stream_of(connection.jetstream())
        finally:
            await connection.close()
    except _faults() as error:
        raise FlowError(
            f"the NATS server at {without_password(address)} does not answer: {type(error).__name__}",
            "check --server, and that the server runs with JetStream (-js)",
        ) from None
    return feed


class NatsFeed:
    """One subject. The position is the sequence of the next message."""

    def __init__(self, address: str, subject: str, chain: str, settings: Settings) -> None:
        self.address, self.subject, self.chain, self.settings = address, subject, chain, settings
        self.source = f"nats:{subject}"
        self._shown = without_password(address)

    async def follow(self, cursor: Cursor) -> AsyncIterator[Step]:
        """Steps from the cursor on; see `Feed`."""
        patience = Patience(f"the NATS server at {self._shown}", self.settings)
        with rules_of(self.chain, self.settings) as rules:
            follower = Follower(self.source, Reader(rules), self.settings, cursor)
            place = _Place(cursor.positions.get(""))
            while True:
                connection = None
                try:
                    connection = await self.connect()
                    async for received in self._received(connection, place):
                        patience.is_back()
                        async for step in follower.take(received):
                            yield step
                        place.next = received[-1].position + 1
                except FlowError:
                    raise
                except _faults() as error:
                    await patience.after(type(error).__name__)
                finally:
                    if connection is not None:
                        with suppress(*_faults()):
                            await connection.close()

    async def connect(self) -> Client:
        """A connection.

        Raises:
            FlowError: the server refuses us; waiting would not help.
        """
        import nats.errors
        from nats.aio.client import Client

        async def unheard(error: Exception) -> None:
            """What it hears comes as an error of the call, too."""

        client = Client()
        try:
            await client.connect(
                self.address,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=5,
                error_cb=unheard,
                pending_size=64 * 1024 * 1024,
            )
        except (nats.errors.Error, OSError, TimeoutError) as error:
            await _ended(client)
            if "authorization" in str(error).lower():
                raise self._refused() from None
            raise
        return client

    def _refused(self) -> FlowError:
        return FlowError(
            f"the NATS server at {self._shown} does not let us in",
            "put its address with user and password into a variable of the environment and give --server env:NAME",
        )

    async def stream_of(self, stream: JetStreamContext) -> str:
        """The stream that holds the subject.

        Raises:
            FlowError: there is none.
        """
        from nats.js.errors import NotFoundError

        try:
            return await stream.find_stream_name_by_subject(self.subject)
        except NotFoundError:
            raise FlowError(
                f"no stream of the NATS server at {self._shown} holds the subject {self.subject}",
                f"create one: `nats stream add --subjects {self.subject}`",
            ) from None

    async def _received(self, connection: Client, place: _Place) -> AsyncIterator[list[Received]]:
        """Messages from a place on, several at once, as long as the connection holds."""
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        stream = connection.jetstream()
        name = await self.stream_of(stream)
        await self._check(stream, name, place)
        subscription = await stream.pull_subscribe(
            self.subject,
            stream=name,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=place.next, ack_policy=AckPolicy.NONE
            ),
        )
        pace = Pace(self.settings)
        while True:
            await pace.next()
            try:
                messages = await subscription.fetch(
                    self.settings.live.messages_at_once, timeout=self.settings.live.poll_seconds
                )
            except TimeoutError:
                if connection.is_closed:
                    raise ConnectionError("connection lost") from None
                continue
            now = time.time()
            await self._check_gaps(stream, name, [message.metadata.sequence.stream for message in messages], place)
            yield [Received("", message.metadata.sequence.stream, message.data, now) for message in messages]

    async def _check(self, stream: JetStreamContext, name: str, place: _Place) -> None:
        """Begin at the first message, or refuse a stream that no longer has what comes next.

        Raises:
            FlowError: it was dropped, or the stream is younger than the position.
        """
        state = (await stream.stream_info(name)).state
        first = max(state.first_seq, 1)
        if place.next is None:
            place.next = first
        if place.next < first:
            raise FlowError(
                f"{self.source}: stream {name} has dropped messages {place.next} to {first - 1}, which were not read",
                "load them from where they are kept, or move data/live/tip.duckdb away; longer "
                "retention (max_age, max_msgs) keeps them for later outages",
            )
        if place.next > state.last_seq + 1:
            raise FlowError(
                f"{self.source}: message {place.next} comes next, and stream {name} ends with {state.last_seq}: it "
                "is another stream than before",
                "was it created anew? Then follow it under another subject, or move data/live/tip.duckdb away",
            )

    async def _check_gaps(self, stream: JetStreamContext, name: str, sequences: list[int], place: _Place) -> None:
        """Refuse to go on behind a message that was deleted.

        Raises:
            FlowError: names the first one.
        """
        before = [(place.next or 1) - 1, *sequences]
        gaps = [(one + 1, other - 1) for one, other in zip(before, sequences, strict=False) if other != one + 1]
        if not gaps:
            return
        if any(last < first for first, last in gaps):
            raise ConnectionError("messages came twice")
        # Between two messages may be those of other subjects: a gap is one whose messages are gone.
        state = (await stream.stream_info(name)).state
        detail = await self._deleted(stream, name)
        for first, last in gaps:
            if first < state.first_seq or any(first <= one <= last for one in detail):
                raise FlowError(
                    f"{self.source}: messages {first} to {last} of stream {name} are missing: they were deleted",
                    "load them from where they are kept; then move data/live/tip.duckdb away",
                )

    async def _deleted(self, stream: JetStreamContext, name: str) -> list[int]:
        info: Any = await stream._api_request(f"{stream._prefix}.STREAM.INFO.{name}", b'{"deleted_details": true}')
        return list(info["state"].get("deleted") or ())


class _Place:
    """The sequence of the next message; None before the first."""

    def __init__(self, sequence: int | None) -> None:
        self.next = sequence


async def _ended(client: Client) -> None:
    """A client that could not connect leaves its socket open."""
    with suppress(*_faults()):
        await client.close()
    if client._transport is not None:
        client._transport.close()  # type: ignore[no-untyped-call]


def _faults() -> tuple[type[Exception], ...]:
    """What a server that is away or restarts leads to."""
    import nats.errors
    import nats.js.errors

    return (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError)
