"""The head of an EVM chain: Transfer logs block by block, each asked for by the block's hash.

What lives here: which questions follow a head, and the socket that wakes us. What must not: how answers are decoded
(`nodes.evm`), what a reorganisation means (`live.heads`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import md5

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.chains import native_of
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions
from flow_pipeline.live.heads import Moved, follow_head, together
from flow_pipeline.live.steps import Cursor, Feed, Step
from flow_pipeline.nodes import TRANSFERS, Block
from flow_pipeline.nodes.evm import EvmNode, Token, WrongAnswer
from flow_pipeline.nodes.evm_source import chain_named
from flow_pipeline.nodes.rpc import Address, Rpc, RpcError
from flow_pipeline.settings import Settings

NAME = "evm"
NATIVE = "native"
"""The coin of a chain whose coin nobody has told us."""
SAYS = "the head of an Ethereum-like chain, from a node's JSON-RPC; its socket, where given, wakes earlier"


async def open_feed(options: FeedOptions, settings: Settings) -> Feed:
    """A node that answers, of the chain that was asked for."""
    if options.rpc is None:
        raise UsageError(
            "evm needs the address of a node", "give it with --rpc http://127.0.0.1:8545 or --rpc env:NAME"
        )
    rpc = Rpc(options.rpc, settings.nodes)
    node = EvmNode(rpc)
    try:
        chain_id = await node.chain_id()
        name = chain_named(chain_id, options.chain, rpc.shown)
        node.tokens |= {
            contract: Token(token.decimals, token.token_symbol)
            for contract, token in options.known(name).items()
            if token.decimals is not None
        }
        options = replace(options, tokens=options.contracts(name))
        await node.know(options.tokens)
        socket = Address.of(options.ws, "--ws", ("ws", "wss")) if options.ws else None
    except BaseException:
        await rpc.close()
        raise
    return EvmFeed(node, name, options, settings, socket)


class EvmFeed:
    """One chain, its tokens, and where its node is."""

    def __init__(
        self, node: EvmNode, chain: str, options: FeedOptions, settings: Settings, socket: Address | None
    ) -> None:
        # Other tokens are another cursor: what the one has read the other has not.
        chosen = sorted(options.tokens) + (["native"] if options.with_native else [])
        mark = f":{md5(','.join(chosen).encode()).hexdigest()[:8]}" if chosen else ""
        self.source, self.chain = f"evm:{chain}{mark}", chain
        self.node, self._options, self._settings, self._socket = node, options, settings, socket
        self._woken = asyncio.Event()

    async def follow(self, cursor: Cursor) -> AsyncIterator[Step]:
        """Steps from the cursor on."""
        listener = asyncio.create_task(self._listen()) if self._socket else None
        try:
            steps = follow_head(self, self.source, self.chain, cursor, self._settings, self._options.first_block)
            async for step in steps:
                yield step
        finally:
            if listener:
                listener.cancel()
                with suppress(asyncio.CancelledError):
                    await listener
            await self.node.rpc.close()

    async def head(self) -> Block:
        """The newest block."""
        found = await self.node.block("latest")
        if found is None:
            raise FlowError(f"{self.node.rpc.shown}: the node has no block", "wait until it has some")
        return found

    async def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        """Blocks by height; None where the chain is shorter."""
        return await together(self.node.block(number) for number in numbers)

    async def transfers(self, blocks: Sequence[Block]) -> list[pa.Table]:
        """The transfers of each block, by its hash."""
        try:
            return await together(self._transfers_of(block) for block in blocks)
        except WrongAnswer as wrong:
            raise Moved(wrong.message) from None

    async def _transfers_of(self, block: Block) -> pa.Table:
        try:
            table = await self.node.logs_of_block(block.hash, self._options.tokens)
        except RpcError as error:
            # The block fell, or a node behind the same address has not heard of it yet.
            raise Moved(error.message) from None
        if not pc.all(pc.equal(table["block_number"], block.number), min_count=0).as_py():
            raise Moved(f"logs of block {block.number:,} say that they are of another")
        if not self._options.with_native:
            return table
        coin = native_of(self.chain)
        [coins] = await self.node.native_of_blocks([block], coin.native_symbol if coin else NATIVE)
        return pa.concat_tables([table, coins.select(TRANSFERS.names)]).sort_by("transaction_index")

    async def history(self, first: int, last: int) -> list[tuple[Block, pa.Table]]:
        """A stretch that can not fall: logs by range, halved where the node refuses; coins block by block."""
        if self._options.with_native:
            blocks = await self.node.blocks(range(first, last + 1))
            return list(zip(blocks, await self.transfers(blocks), strict=True))
        try:
            table = await self.node.logs_of_range(first, last, self._options.tokens)
        except FlowError as error:
            is_small = first == last or isinstance(error, WrongAnswer)
            if is_small:
                raise
            middle = (first + last) // 2
            return [*await self.history(first, middle), *await self.history(middle + 1, last)]
        numbers = table["block_number"].unique().to_pylist()
        heads = await self.node.blocks([*numbers, *([] if numbers and numbers[-1] == last else [last])])
        starts = {number: place for place, number in reversed(list(enumerate(table["block_number"].to_pylist())))}
        found = []
        for place, head in enumerate(heads):
            start = starts.get(head.number, table.num_rows)
            stop = starts.get(heads[place + 1].number, table.num_rows) if place + 1 < len(heads) else table.num_rows
            found.append((head, table.slice(start, stop - start).select(TRANSFERS.names)))
        return found

    async def finality(self, head: Block) -> tuple[int, int]:
        """What the node says is safe and final, else what is so many blocks behind the head."""
        safe, final = await together([self.node.safe_number(), self.node.final_number()])
        live = self._settings.live
        final = head.number - live.final_blocks if final is None else final
        safe = head.number - live.safe_blocks if safe is None else safe
        return max(safe, final, -1), max(final, -1)

    async def wait(self, seconds: float) -> None:
        """Until the socket says that there is a new head, at most so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    async def _listen(self) -> None:
        """Wake at each head; a socket that fails or is silent costs nothing but time: the head is polled as well."""
        import websockets

        wait = self._settings.nodes.first_wait_seconds
        while self._socket:
            try:
                async with websockets.connect(self._socket.url, max_size=2**20, open_timeout=10) as socket:
                    await socket.send(
                        orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})
                    )
                    async for _ in socket:
                        self._woken.set()
                        wait = self._settings.nodes.first_wait_seconds
            except (OSError, TimeoutError, websockets.WebSocketException):
                await asyncio.sleep(wait)
                wait = min(wait * 2, self._settings.nodes.longest_wait_seconds)
