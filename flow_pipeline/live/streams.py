"""What the feeds of streams share: messages become steps, one after the other, exactly once from a cursor on.

What lives here: reorganisations told by parents, finality, refused messages, addresses of servers, waiting for a server
that is away. What must not: any broker's own protocol.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flow_pipeline.domain.brokers import has_password
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions
from flow_pipeline.live.messages import Message, Misfit, Reader
from flow_pipeline.live.steps import Batch, Cursor, Fall, Finality, Step
from flow_pipeline.nodes import TRANSFERS, Block
from flow_pipeline.settings import Settings, secret

Result = TypeVar("Result")

LONGEST_WAIT = 10.0
"""Seconds between two tries to reach a server that is away: it is found soon, and not hammered."""


@dataclass(frozen=True)
class Received:
    """A message as it came.

    Attributes:
        partition: Part of the stream that has an order of its own.
        position: Its place there.
        body: Its bytes; None for a message that has none.
        arrived: Seconds since 1970 at which it came.
    """

    partition: str
    position: int
    body: bytes | None
    arrived: float


class Refusals:
    """Messages and rows that do not fit: the feed stops, or they are kept beside the store and counted."""

    def __init__(self, source: str, settings: Settings) -> None:
        self.source, self.does_stop = source, settings.live.refused == "stop"
        self.file = settings.live_dir / "refused.jsonl"
        self.count = 0

    def refuse(self, partition: str, position: int, reason: str, body: bytes) -> None:
        """Stop at a message that does not fit, or set it aside.

        Raises:
            FlowError: names the message and the reason, where settings say so.
        """
        if self.does_stop:
            where = f" of partition {partition}" if partition else ""
            raise FlowError(
                f"{self.source}: message {position}{where} does not fit: {reason}",
                'mend what writes the stream; live.refused = "aside" keeps such messages in live/refused.jsonl',
            )
        self.keep([(partition, position, reason, body)])

    def keep(self, refused: Sequence[tuple[str, int, str, bytes]]) -> None:
        """Write what was refused to the file. A process killed after it writes the same again: places tell."""
        if not refused:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as lines:
                for partition, position, reason, body in refused:
                    line = {"source": self.source, "partition": partition, "position": position, "reason": reason}
                    lines.write(json.dumps(line | _body(body)) + "\n")
                lines.flush()
                os.fsync(lines.fileno())
        except OSError as error:
            raise FlowError(
                f"{self.file}: can not be written: {error.strerror or error}", "check the folder and the space left"
            ) from None
        self.count += len(refused)


class Follower:
    """Turns the messages of one source into steps."""

    def __init__(self, source: str, reader: Reader, settings: Settings, cursor: Cursor, has_order: bool = True) -> None:
        self.source, self.reader, self.settings, self.has_order = source, reader, settings, has_order
        self.chain = reader.rules.chain
        self.blocks = list(cursor.blocks)
        self.refusals = Refusals(source, settings)

    async def take(self, received: Sequence[Received]) -> AsyncIterator[Step]:
        """The steps that messages lead to. Every message moves its position, whatever it says.

        Raises:
            FlowError: a message does not fit and settings say to stop, or its parent is not known; what came before it
                has been handed on.
        """
        said = await in_thread(self.reader.read, [one.body or b"" for one in received])
        for one, message in zip(received, said, strict=True):
            for step in self._steps(one, message):
                yield step

    def _steps(self, one: Received, message: Message | Misfit) -> Iterator[Step]:
        if isinstance(message, Misfit):
            self.refusals.refuse(one.partition, one.position, str(message), one.body or b"")
            yield self._moved(one)
            return
        if not self.has_order and (message.block is not None or message.fall is not None):
            raise FlowError(
                f"{self.source}: message {one.position} of partition {one.partition} is of a block, and partitions "
                "have no order among them",
                "write a chain's blocks into a topic of one partition",
            )
        if message.fall is not None:
            yield from self._fall(message.fall)
        if message.block is not None and self.blocks and message.block.hash == self.blocks[-1].hash:
            # A producer that heard no answer sends its message again.
            yield self._moved(one)
            return
        if message.block is not None:
            yield from self._linked(one, message.block)
        yield Batch(
            self.source, self.chain, message.block, message.transfers, one.partition, one.position + 1, one.arrived
        )
        yield from self._finality(message)

    def _moved(self, one: Received) -> Batch:
        return Batch(
            self.source, self.chain, None, TRANSFERS.empty_table(), one.partition, one.position + 1, one.arrived
        )

    def _fall(self, number: int) -> Iterator[Step]:
        self.blocks = [block for block in self.blocks if block.number <= number]
        yield Fall(self.source, self.chain, number)

    def _linked(self, one: Received, block: Block) -> Iterator[Step]:
        """What falls before a block is taken.

        Raises:
            FlowError: its parent is none of the blocks that are remembered.
        """
        if self.blocks and block.parent is not None and block.parent != self.blocks[-1].hash:
            parent = next((known for known in reversed(self.blocks) if known.hash == block.parent), None)
            if parent is None:
                raise FlowError(
                    f"{self.source}: message {one.position} is of block {block.number}, whose parent {block.parent} is "
                    f"none of the last {len(self.blocks)} blocks",
                    "a message of every block, in order, is needed, also of those without transfers; publish those "
                    'between, or where the fork begins a message {"fall": NUMBER}',
                )
            yield from self._fall(parent.number)
        if self.blocks and block.number <= self.blocks[-1].number:
            raise FlowError(
                f"{self.source}: message {one.position} is of block {block.number}, and the block before it is "
                f"{self.blocks[-1].number}",
                "publish blocks in order, each with its parent's hash; a reorganisation is told by parents or by "
                '{"fall": NUMBER}',
            )
        self.blocks = [*self.blocks, block][-self.settings.live.kept_blocks :]

    def _finality(self, message: Message) -> Iterator[Step]:
        if not self.blocks:
            return
        head, live = self.blocks[-1], self.settings.live
        if message.safe is None and message.final is None and message.block is None:
            return
        final = head.number - live.final_blocks if message.final is None else message.final
        safe = head.number - live.safe_blocks if message.safe is None else message.safe
        yield Finality(self.source, self.chain, max(safe, final), final, head.number, head.time)


class Pace:
    """Keeps readings of a stream apart, so that what comes meanwhile is read together."""

    def __init__(self, settings: Settings) -> None:
        self._least, self._last = settings.live.gather_seconds, 0.0

    async def next(self) -> None:
        """Wait until the next reading may begin; at once after a pause."""
        if (wait := self._last + self._least - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        self._last = time.monotonic()


async def in_thread(function: Callable[..., Result], *values: Any) -> Result:
    """What a function gives that would hold up the loop; whoever is cancelled meanwhile waits for its end."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *values))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


class Patience:
    """Waits for a server that is away, longer each time, until settings say that it is gone."""

    def __init__(self, what: str, settings: Settings) -> None:
        self.what, self.most = what, settings.live.away_seconds
        self.since, self.wait = 0.0, 0.1

    def is_back(self) -> None:
        """It answered."""
        self.since, self.wait = 0.0, 0.1

    async def after(self, why: str) -> None:
        """Wait before the next try.

        Raises:
            FlowError: it has been away for too long.
        """
        now = time.monotonic()
        self.since = self.since or now
        if now - self.since > self.most:
            raise FlowError(
                f"{self.what} has not answered for {self.most:g} s: {why}",
                "look after the server, then start again: nothing was lost; live.away_seconds waits longer",
            )
        await asyncio.sleep(self.wait)
        self.wait = min(self.wait * 2, LONGEST_WAIT)


def address_of(options: FeedOptions, example: str) -> str:
    """The address of the server as `--server` gives it: a URL, or `env:NAME` for a variable that holds one.

    Raises:
        UsageError: there is none, or a password stands on the command line.
    """
    if not options.server:
        raise UsageError("no server is named", f"give --server {example}, or --server env:NAME")
    if options.server.startswith("env:"):
        return secret(options.server.removeprefix("env:"))
    if has_password(options.server):
        raise UsageError(
            "the address of --server holds a password, which others see in the list of processes",
            "put the address into a variable of the environment and give --server env:NAME",
        )
    return options.server


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}
