"""The head of Bitcoin or a sister: whole blocks, polled; who paid whom in them by the rule of sources/bitcoin.py.

What lives here: which questions follow a head. What must not: how blocks are read (`nodes.bitcoin`), what a
reorganisation means (`live.heads`). A node's ZMQ is left out: it would only wake earlier, once in ten minutes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pyarrow as pa

from flow_pipeline.domain.chains import canonical_chain, family_of
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.live.feeds import FeedOptions
from flow_pipeline.live.heads import Moved, follow_head
from flow_pipeline.live.steps import Cursor, Feed, Step
from flow_pipeline.loading.inputs_outputs import InputsOutputs
from flow_pipeline.nodes import TRANSFERS, Block
from flow_pipeline.nodes.bitcoin import BitcoinNode
from flow_pipeline.nodes.rpc import Rpc, RpcError
from flow_pipeline.settings import Settings

NAME = "bitcoin"
SAYS = "the head of Bitcoin or a sister, from bitcoind's or litecoind's JSON-RPC"


async def open_feed(options: FeedOptions, settings: Settings) -> Feed:
    """A node that answers."""
    if options.rpc is None:
        raise UsageError("bitcoin needs the address of a node", "give it with --rpc http://127.0.0.1:8332")
    chain = canonical_chain(options.chain or "bitcoin")
    if family_of(chain) != "bitcoin":
        raise UsageError(f"--chain {chain} is none of Bitcoin's family", "leave it out for Bitcoin, or name a sister")
    if options.tokens or options.with_native:
        raise UsageError("a node of Bitcoin's family has one coin, which is always followed", "leave the option out")
    node = BitcoinNode(Rpc(options.rpc, settings.nodes))
    try:
        await node.network()
    except BaseException:
        await node.rpc.close()
        raise
    return BitcoinFeed(node, chain, options, settings)


class BitcoinFeed:
    """One chain, and where its node is."""

    def __init__(self, node: BitcoinNode, chain: str, options: FeedOptions, settings: Settings) -> None:
        self.source, self.chain = f"bitcoin:{chain}", chain
        self._node, self._options, self._settings = node, options, settings
        self._engine = InputsOutputs()

    async def follow(self, cursor: Cursor) -> AsyncIterator[Step]:
        """Steps from the cursor on."""
        try:
            first = self._options.first_block
            async for step in follow_head(self, self.source, self.chain, cursor, self._settings, first):
                yield step
        finally:
            self._engine.close()
            await self._node.rpc.close()

    async def head(self) -> Block:
        """The newest block."""
        return (await self._node.block(await self._node.head()))[0]

    async def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        """Blocks by height; None where the chain is shorter."""
        found: list[Block | None] = []
        for number in numbers:
            try:
                found.append((await self._node.block(number))[0])
            except RpcError:
                if number <= await self._node.head():
                    raise
                found.append(None)
        return found

    async def transfers(self, blocks: Sequence[Block]) -> list[pa.Table]:
        """The transfers of each block."""
        return [table for _, table in await self._read(blocks)]

    async def history(self, first: int, last: int) -> list[tuple[Block, pa.Table]]:
        """A stretch that can not fall, in small parts: a block has thousands of transactions."""
        at_once = self._settings.nodes.bitcoin_blocks_per_request
        heads = [block for block in await self.blocks(range(first, min(last, first + at_once - 1) + 1)) if block]
        return await self._read(heads)

    async def _read(self, wanted: Sequence[Block]) -> list[tuple[Block, pa.Table]]:
        try:
            blocks = await self._node.blocks([block.number for block in wanted])
        except RpcError as error:
            now = await self.blocks([block.number for block in wanted])
            if list(wanted) != now:
                raise Moved(f"block {wanted[0].number:,} or a later one fell") from None
            raise error
        if [block.hash for block, _ in blocks] != [block.hash for block in wanted]:
            raise Moved(f"block {wanted[0].number:,} or a later one fell")
        found = []
        for block, document in blocks:
            table = await asyncio.to_thread(self._engine.transfers, [document], self.chain)
            found.append((block, table.cast(TRANSFERS)))
        return found

    async def finality(self, head: Block) -> tuple[int, int]:
        """So many blocks behind the head: the chain has no word for it."""
        final = head.number - self._settings.nodes.bitcoin_final_blocks
        return max(head.number - self._settings.nodes.bitcoin_final_blocks // 2, final, -1), max(final, -1)

    async def wait(self, seconds: float) -> None:
        """So many seconds."""
        await asyncio.sleep(seconds)

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()
