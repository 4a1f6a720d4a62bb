"""Following the head of a chain: what is new, what fell, how final it is; whatever the node says, or leaves unsaid.

What lives here: the walk along parent hashes. What must not: how a node is asked (`nodes`), stores, detection.

A node may replace blocks without a word: its socket sends no removed logs after a reorganisation, and nothing at all
after a rollback. So the last block taken is asked for again before each step, and on a timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.live.steps import Batch, Cursor, Fall, Finality, Step
from flow_pipeline.live.streams import Patience
from flow_pipeline.nodes import Block
from flow_pipeline.nodes.rpc import Unanswered
from flow_pipeline.settings import Settings

Answer = TypeVar("Answer")


class Moved(Exception):
    """The chain changed between two questions; look again."""


class Chain(Protocol):
    """A node of one chain, as far as following it needs."""

    async def head(self) -> Block:
        """The newest block."""

    async def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        """Blocks by height; None where the chain is shorter."""

    async def transfers(self, blocks: Sequence[Block]) -> list[pa.Table]:
        """The transfers of each of some blocks, asked for by hash.

        Raises:
            Moved: one of them is no longer of the chain.
        """

    async def history(self, first: int, last: int) -> list[tuple[Block, pa.Table]]:
        """Blocks of a stretch that can not fall any more, those without a transfer left out but for the last one."""

    async def finality(self, head: Block) -> tuple[int, int]:
        """The last safe block and the last final one; -1 before the first."""

    async def wait(self, seconds: float) -> None:
        """Until there may be a new block, at most so many seconds."""

    def now(self) -> float:
        """Seconds since 1970, to note when a block came."""


async def follow_head(
    chain: Chain, source: str, name: str, cursor: Cursor, settings: Settings, first: int | None = None
) -> AsyncIterator[Step]:
    """Steps along a chain, from the cursor on, else from `first`, else from the head.

    Args:
        chain: The node.
        source: Name of the cursor.
        name: Canonical name of the chain.
        cursor: Where the source is read up to.
        settings: How often to look, how many blocks to remember, and at a time.
        first: First block of a source that was never followed.

    Raises:
        FlowError: more blocks fell than are remembered; the node contradicts itself, or was away for too long.
    """
    live, patience = settings.live, Patience(source, settings)
    known, settled = list(cursor.blocks), cursor.final
    told: Finality | None = None
    misses = 0
    while True:
        try:
            head = await chain.head()
            patience.is_back()
            # Asked before the blocks are: what is of the chain afterwards and not above the final one can not fall. The
            # other way round, a block that fell meanwhile would count as final once the node is far ahead of it.
            safe, final = await chain.finality(head)
            # A block is asked for by its height: a node whose chain is another now, or shorter, does not have it.
            while known:
                again = (await chain.blocks([known[-1].number]))[0]
                if again is not None and again.hash == known[-1].hash:
                    break
                is_last_look = misses + 1 >= live.most_contradictions
                if not is_last_look:
                    await _still_final(chain, known, settled)
                ancestor = await _ancestor(chain, known)
                if ancestor is None:
                    raise _too_deep(source, known)
                if ancestor < settled and not is_last_look:
                    raise Moved(f"blocks above {ancestor:,} fell, and they were final up to {settled:,}")
                known = [block for block in known if block.number <= ancestor]
                yield Fall(source, name, ancestor)
            start = known[-1].number + 1 if known else head.number if first is None else first
            if start > head.number:
                last = known[-1].number if known else -1
                state = Finality(source, name, min(safe, last), min(final, last), head.number, head.time)
                settled = max(settled, state.final)
                if state != told:
                    yield state
                    told = state
                misses = 0
                await chain.wait(live.poll_seconds)
                continue
            if final - start >= live.blocks_at_once:
                last = min(final, start + live.history_blocks - 1)
                found = await chain.history(start, last)
            else:
                last = min(head.number, start + live.blocks_at_once - 1)
                blocks = await _connected(chain, known, start, last)
                found = list(zip(blocks, await chain.transfers(blocks), strict=True))
            arrived = chain.now()
            for block, transfers in found:
                yield Batch(source, name, block, transfers, arrived=arrived)
                known.append(block)
            # Blocks before the final one stay for a node that answers from behind another.
            known = known[-max(live.kept_blocks, sum(block.number >= final for block in known)) :]
            settled = max(settled, min(final, last))
            yield Finality(source, name, min(safe, last), min(final, last), head.number, head.time)
            misses = 0
        except Unanswered as away:
            # A node that is started anew costs nothing but time.
            await patience.after(away.message)
        except Moved as moved:
            misses += 1
            if misses >= live.most_contradictions:
                raise FlowError(
                    f"{source}: the node's answers contradict each other, {misses} times in a row: {moved}",
                    "ask another node; live.most_contradictions says how often we look again",
                ) from None
            await chain.wait(min(live.poll_seconds, 0.2))


async def _still_final(chain: Chain, known: list[Block], settled: int) -> None:
    """Nothing where the last block taken that was final is of the chain.

    A node in the middle of a reorganisation, or behind others that share its address, says for a moment that it is not.

    Raises:
        Moved: it is not.
    """
    last = next((block for block in reversed(known) if block.number <= settled), None)
    if last is None:
        return
    again = (await chain.blocks([last.number]))[0]
    if again is None or again.hash != last.hash:
        raise Moved(f"block {last.number:,} fell, and it was final")


async def _connected(chain: Chain, known: list[Block], first: int, last: int) -> list[Block]:
    """The blocks of a stretch, each the parent of the next."""
    blocks: list[Block] = []
    before = known[-1] if known else None
    for block in await chain.blocks(range(first, last + 1)):
        if block is None or (before and before.number == block.number - 1 and block.parent not in (None, before.hash)):
            raise Moved(f"block {block.number:,} is no child of the one before" if block else "a block is missing")
        blocks.append(block)
        before = block
    return blocks


async def _ancestor(chain: Chain, known: list[Block]) -> int | None:
    """The last block taken that is still of the chain, looked for in steps that double; -1 when the chain is empty."""
    step, reached = 1, len(known) - 1
    while reached > 0:
        start = max(reached - step, 0)
        part = known[start:reached]
        now = await chain.blocks([block.number for block in part])
        for block, other in zip(reversed(part), reversed(now), strict=True):
            if other is not None and other.hash == block.hash:
                return block.number
        reached, step = start, step * 2
    return known[0].number - 1 if known[0].number == 0 else None


def _too_deep(source: str, known: list[Block]) -> FlowError:
    return FlowError(
        f"{source}: none of the {len(known):,} blocks kept, {known[0].number:,} to {known[-1].number:,}, is of the "
        "node's chain",
        "ask a node of the chain that was followed before, or move data/live/tip.duckdb away to begin anew",
    )


async def together(questions: Iterable[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """The answers to questions asked at once; where one fails, the others are ended before it is told."""
    tasks = [asyncio.ensure_future(question) for question in questions]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
