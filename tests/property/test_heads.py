"""Following a head along a chain that changes between any two questions: the store ends as a clean sync would."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.live.heads import Moved, follow_head
from flow_pipeline.live.steps import Batch, Cursor, Fall, Finality, Step
from flow_pipeline.live.tip import TipStore, open_tip
from flow_pipeline.nodes import TRANSFERS, Block
from flow_pipeline.settings import Settings, load_settings

START = 1_700_000_000_000_000
SOURCE = "evm:test"


class World:
    """A chain of blocks with transfers, which grows, loses its end without a word, and takes other branches."""

    def __init__(self, seed: int, length: int) -> None:
        self.random = random.Random(seed)
        self.made = 0
        self.blocks: list[Block] = []
        self.rows: dict[str, pa.Table] = {}
        self.grow(length)

    def grow(self, count: int) -> None:
        for _ in range(count):
            number = len(self.blocks)
            self.made += 1
            block = Block(
                number, f"h{self.made}", self.blocks[-1].hash if number else None, START + number * 12_000_000
            )
            self.blocks.append(block)
            self.rows[block.hash] = pa.Table.from_pylist(
                [
                    {
                        "block_number": number,
                        "block_timestamp": datetime.fromtimestamp(block.time / 1e6),
                        "tx_hash": f"{block.hash}-{n}",
                        "transfer_index": n,
                        "from_address": "a",
                        "to_address": "b",
                        "amount": Decimal(self.random.randrange(1, 1000)),
                    }
                    for n in range(self.random.randrange(4))
                ],
                TRANSFERS,
            )

    def fall(self, depth: int) -> None:
        del self.blocks[len(self.blocks) - min(depth, len(self.blocks) - 1) :]


class Node:
    """The world as a node tells of it; it may change before each answer."""

    def __init__(self, world: World, changes: float, deepest: int) -> None:
        self.world, self.changes, self.deepest = world, changes, deepest
        self.final = 0

    def _change(self) -> None:
        world = self.world
        if world.random.random() < self.changes:
            world.fall(world.random.choice([0, 1, 1, 2, 7, self.deepest]))
            world.grow(world.random.choice([0, 0, 1, 3]))
        self.final = max(self.final, len(world.blocks) - 1 - 2 * self.deepest)

    async def head(self) -> Block:
        self._change()
        return self.world.blocks[-1]

    async def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        self._change()
        return [self.world.blocks[n] if n < len(self.world.blocks) else None for n in numbers]

    async def transfers(self, blocks: Sequence[Block]) -> list[pa.Table]:
        self._change()
        if any(block not in self.world.blocks for block in blocks):
            raise Moved("gone")
        return [self.world.rows[block.hash] for block in blocks]

    async def history(self, first: int, last: int) -> list[tuple[Block, pa.Table]]:
        found = self.world.blocks[first : last + 1]
        return [(block, self.world.rows[block.hash]) for block in found if self.world.rows[block.hash].num_rows] + (
            [] if self.world.rows[found[-1].hash].num_rows else [(found[-1], self.world.rows[found[-1].hash])]
        )

    async def finality(self, head: Block) -> tuple[int, int]:
        return self.final, self.final

    async def wait(self, seconds: float) -> None:
        if not self.changes:
            raise Done
        self.world.grow(self.world.random.randrange(3))

    def now(self) -> float:
        return 0.0


class Done(Exception):
    """Everything is read, and nothing changes any more."""


async def followed(node: Node, store: TipStore, settings: Settings, most: int) -> None:
    """So many steps, committed in groups of any size; what is not committed is lost, as by a kill."""
    pending: list[Step] = []
    steps = follow_head(node, SOURCE, "ethereum", store.cursor(SOURCE), settings, first=0)
    try:
        async for step in steps:
            pending.append(step)
            if node.world.random.random() < 0.3 or not node.changes:
                store.commit(pending)
                pending = []
            most -= 1
            if most == 0:
                return
    except Done:
        store.commit(pending)
    finally:
        await steps.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_falls_the_store_ends_as_a_clean_sync(seed: int, tmp_path: Path) -> None:
    world = World(seed, 5 + seed * 3)
    settings = load_settings(tmp_path).with_changes(
        live={"kept_blocks": 300, "blocks_at_once": 1 + seed % 9, "history_blocks": 17}
    )
    node = Node(world, 0.15, 64)
    with open_tip(settings) as store:
        for _ in range(6):
            asyncio.run(followed(node, store, settings, world.random.randrange(1, 60)))
        node.changes = 0.0
        asyncio.run(followed(node, store, settings, -1))
        rows = store.window(SOURCE, datetime.min)
        found = [(b.block.number, b.block.hash, b.transfers["amount"].to_pylist()) for b in rows if b.block]
        assert found == [
            (block.number, block.hash, world.rows[block.hash]["amount"].to_pylist())
            for block in world.blocks
            if world.rows[block.hash].num_rows
        ]
        assert store.cursor(SOURCE).blocks[-1].hash == world.blocks[-1].hash


def steps_of(node: Node, cursor: Cursor, settings: Settings, most: int) -> list[Step]:
    async def run() -> list[Step]:
        found = []
        steps = follow_head(node, SOURCE, "ethereum", cursor, settings, first=0)
        async for step in steps:
            found.append(step)
            if len(found) == most:
                break
        await steps.aclose()  # type: ignore[attr-defined]
        return found

    return asyncio.run(run())


def test_a_rollback_is_seen_before_anything_new_comes(settings: Settings) -> None:
    world = World(1, 20)
    node = Node(world, 0.0, 64)
    taken = [step for step in steps_of(node, Cursor(), settings, 20) if isinstance(step, Batch)]
    world.fall(5)
    first = steps_of(node, Cursor(tuple(step.block for step in taken if step.block)), settings, 1)
    assert first == [Fall(SOURCE, "ethereum", 14)]


class Forgetful(Node):
    """A node that, once it told of everything, forgets for some answers what lies above a block, as it starts anew."""

    def __init__(self, world: World, left: int) -> None:
        super().__init__(world, 0.0, 64)
        self.final, self.left, self.is_forgetting = 30, left, False

    async def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        answers = await super().blocks(numbers)
        if not self.is_forgetting or self.left == 0:
            return answers
        self.left -= 1
        return [block if block and block.number <= 10 else None for block in answers]

    async def wait(self, seconds: float) -> None:
        if not self.is_forgetting:
            self.is_forgetting = True
            self.world.grow(1)


@pytest.mark.parametrize("left", [1, 7, 40])
def test_final_blocks_that_a_node_forgets_for_a_moment_stand(left: int, settings: Settings) -> None:
    steps = steps_of(Forgetful(World(1, 60), left), Cursor(), settings, 66)
    assert all(step.number >= 30 for step in steps if isinstance(step, Fall))
    batches = [step for step in steps if isinstance(step, Batch) and step.block]
    assert batches[-1].block == World(1, 61).blocks[60]


def test_final_blocks_that_fall_are_told_once_the_node_was_asked_often(settings: Settings) -> None:
    steps = steps_of(Forgetful(World(1, 60), 10**6), Cursor(), settings, 64)
    assert steps[-1] == Fall(SOURCE, "ethereum", 10)


def test_what_was_final_before_a_restart_is_final_after_it(settings: Settings) -> None:
    world = World(1, 61)
    node = Forgetful(world, 7)
    node.is_forgetting = True
    cursor = Cursor(tuple(world.blocks[:60]), final=30)
    (first,) = steps_of(node, cursor, settings, 1)
    assert isinstance(first, Batch) or (isinstance(first, Fall) and first.number >= 30)


class Hasty(Node):
    """While it is asked what is final, its last blocks fall, and more come than it takes to be final."""

    def __init__(self, world: World, falls: int) -> None:
        super().__init__(world, 0.0, 64)
        self.falls, self.is_read = falls, False

    async def finality(self, head: Block) -> tuple[int, int]:
        if self.is_read and self.final == 0:
            self.world.fall(self.falls)
            self.world.grow(100)
            self.final = len(self.world.blocks) - 65
        return self.final, self.final

    async def transfers(self, blocks: Sequence[Block]) -> list[pa.Table]:
        self.is_read = True
        return await super().transfers(blocks)


def test_a_block_that_falls_while_its_finality_is_asked_for_is_not_final(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    node = Hasty(World(1, 20), 1)
    with open_tip(settings) as store:
        asyncio.run(followed(node, store, settings, -1))
        assert store.cursor(SOURCE).blocks[-1] == node.world.blocks[-1]
        assert store.cursor(SOURCE).final == len(node.world.blocks) - 65


def test_a_node_that_is_far_ahead_by_its_answer_makes_nothing_final_that_was_not_read(settings: Settings) -> None:
    *_, last = steps_of(Hasty(World(1, 20), 0), Cursor(), settings, 22)
    assert isinstance(last, Finality)
    assert last.final == 19


def test_another_chain_is_refused(settings: Settings) -> None:
    world, other = World(1, 20), World(2, 20)
    other.blocks = [Block(b.number, "x" + b.hash, b.parent, b.time) for b in other.blocks]
    cursor = Cursor(tuple(world.blocks[5:]))
    with pytest.raises(FlowError, match="none of the 15 blocks kept, 5 to 19, is of the node's chain"):
        steps_of(Node(other, 0.0, 1), cursor, settings, 1)


def test_a_node_that_contradicts_itself_is_given_up(settings: Settings) -> None:
    class Liar(Node):
        async def transfers(self, blocks: Sequence[Block]) -> list[pa.Table]:
            raise Moved("block 0 fell")

        async def wait(self, seconds: float) -> None:
            return

    with pytest.raises(FlowError, match="contradict each other, 50 times in a row: block 0 fell"):
        steps_of(Liar(World(1, 3), 0.0, 1), Cursor(), settings, 5)


def test_finality_never_says_more_than_was_read(settings: Settings) -> None:
    node = Node(World(1, 400), 0.0, 64)
    node.final = 271
    reached = -1
    for step in steps_of(node, Cursor(), settings, 200):
        if isinstance(step, Batch) and step.block:
            reached = step.block.number
        if isinstance(step, Finality):
            assert step.final <= reached
    assert reached > 100
