"""Nodes of Bitcoin and its sisters: whole blocks with the values and addresses of their inputs.

What lives here: questions to bitcoind and its descendants, and checks of the chain. What must not: who paid whom, which
is the rule of sources/bitcoin.py; the caller brings it. Read more: docs/live.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.chains import canonical_chain, family_of, native_of
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.nodes import LOGS, TRANSFERS, Block, Part
from flow_pipeline.nodes.evm import WrongAnswer
from flow_pipeline.nodes.fetching import first_at
from flow_pipeline.nodes.rpc import Rpc, RpcError

Transfers = Callable[[Sequence[bytes], str], pa.Table]
"""Gives the transfers (columns of `nodes.TRANSFERS`) of blocks as JSON on a chain: the rule of sources/bitcoin.py."""
_CLOCK = 3 * 3_600_000_000
"""A block's time may lie so far from the times around it: nodes take blocks of up to two hours ahead."""


class BitcoinNode:
    """A node of Bitcoin or one of its sisters."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        self._gives_inputs: bool | None = None

    async def network(self) -> str:
        """What the node calls its chain: main, test, regtest …"""
        answer = await self.rpc.call("getblockchaininfo")
        if not isinstance(answer, dict) or not isinstance(answer.get("chain"), str):
            raise self._wrong("it does not say which chain it is of")
        if answer.get("pruned"):
            # Heads are there all the same; a block that is gone answers with an error of its own.
            return f"{answer['chain']} (pruned)"
        return str(answer["chain"])

    async def head(self) -> int:
        """Height of the last block."""
        answer = await self.rpc.call("getblockcount")
        if not isinstance(answer, int):
            raise self._wrong("it gave no number as its height")
        return answer

    async def block(self, number: int) -> tuple[Block, int]:
        """The head of a block, and the median time of the blocks up to it, which never falls."""
        block_hash = await self.rpc.call("getblockhash", number)
        answer = await self.rpc.call("getblockheader", block_hash, True)
        block = self._block(answer)
        if block.number != number or block.hash != block_hash:
            raise self._wrong(f"asked for block {number:,}, it answered with {block.number:,}")
        return block, int(answer.get("mediantime") or answer["time"]) * 1_000_000

    async def blocks(self, numbers: Iterable[int]) -> list[tuple[Block, bytes]]:
        """Blocks with all that their inputs spent, as JSON that sources/bitcoin.py reads.

        Raises:
            RpcError: the node lacks a block, or transactions that were spent.
            WrongAnswer: it answers with other blocks, or they are of no one chain.
        """
        asked = list(numbers)
        hashes = await self.rpc.batch([("getblockhash", (number,)) for number in asked])
        found: list[tuple[Block, bytes]] = []
        for number, block_hash in zip(asked, hashes, strict=True):
            answer = await self._whole(block_hash)
            block = self._block(answer)
            if block.number != number or block.hash != block_hash:
                raise self._wrong(f"asked for block {number:,}, it answered with {block.number:,}")
            if found and found[-1][0].number == number - 1 and found[-1][0].hash != block.parent:
                raise self._wrong(f"block {number:,} is no child of block {number - 1:,}")
            if not isinstance(answer.get("tx"), list) or len(answer["tx"]) != answer.get("nTx", len(answer["tx"])):
                raise self._wrong(f"block {number:,} has other transactions than it says")
            await self._fill_inputs(answer)
            found.append((block, orjson.dumps(answer)))
        return found

    async def _whole(self, block_hash: str) -> dict[str, Any]:
        """The block in the most words that the node has; old ones give less, or refuse to."""
        if self._gives_inputs is not False:
            try:
                answer = await self.rpc.call("getblock", block_hash, 3, is_exact=True)
                return self._object(answer)
            except RpcError as error:
                if self._gives_inputs or error.is_too_much or "erbosity" not in error.text:
                    raise
                self._gives_inputs = False
        return self._object(await self.rpc.call("getblock", block_hash, 2, is_exact=True))

    async def _fill_inputs(self, block: dict[str, Any]) -> None:
        """Put into each input what it spends, where the node did not."""
        try:
            inputs = [put for tx in block["tx"] for put in tx["vin"] if "coinbase" not in put]
            bare = [put for put in inputs if "prevout" not in put]
            if inputs and self._gives_inputs is None:
                self._gives_inputs = not bare
            if not bare:
                return
            spent = {tx["txid"]: tx for tx in block["tx"]}
            wanted = sorted({put["txid"] for put in bare} - set(spent))
            try:
                answers = await self.rpc.batch([("getrawtransaction", (txid, True)) for txid in wanted], is_exact=True)
            except RpcError as error:
                raise FlowError(
                    f"{error.message}: an input's transaction is not to be had, and without it nobody knows who paid",
                    "start the node with -txindex=1, or use one that gives inputs with getblock (Bitcoin Core 23)",
                ) from None
            spent |= {answer["txid"]: answer for answer in answers}
            for put in bare:
                by_place = {out["n"]: out for out in spent[put["txid"]]["vout"]}
                put["prevout"] = by_place[put["vout"]]
        except (KeyError, TypeError, AttributeError) as error:
            raise self._wrong(
                f"block {block.get('height')}: an input or output that is none ({type(error).__name__})"
            ) from None

    def _block(self, answer: Any) -> Block:
        try:
            parent = answer.get("previousblockhash")
            if len(answer["hash"]) != 64 or (parent is None) != (answer["height"] == 0):
                raise ValueError("no hash")
            return Block(int(answer["height"]), str(answer["hash"]), parent, int(answer["time"]) * 1_000_000)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._wrong("it gave a block without height, hash, parent or time") from None

    def _object(self, answer: Any) -> dict[str, Any]:
        if not isinstance(answer, dict):
            raise self._wrong("it gave a block that is no object")
        return answer

    def _wrong(self, reason: str) -> WrongAnswer:
        return WrongAnswer(f"{self.rpc.shown}: {reason}", "nothing of it was taken; ask again, or another node")


class BitcoinSource:
    """What a node of Bitcoin's family tells, of all addresses or of some."""

    def __init__(
        self,
        node: BitcoinNode,
        transfers: Transfers,
        chain: str,
        network: str,
        genesis: str,
        addresses: Sequence[str],
        final_blocks: int,
    ) -> None:
        self.node, self.chain, self._transfers = node, chain, transfers
        self.addresses = sorted(addresses)
        self.question: Mapping[str, Any] = {"source": "bitcoin", "chain": chain, "addresses": self.addresses}
        self.origin: Mapping[str, Any] = {"network": network, "genesis": genesis}
        self.most_blocks = node.rpc.settings.bitcoin_blocks_per_request
        self._final_blocks = final_blocks

    @classmethod
    async def opened(
        cls, rpc: Rpc, transfers: Transfers, chain: str | None, addresses: Sequence[str], final_blocks: int
    ) -> BitcoinSource:
        """A source, once the node has answered; the node does not say which coin it is of.

        Raises:
            UsageError: the chain is none of Bitcoin's family.
        """
        name = canonical_chain(chain or "bitcoin")
        if family_of(name) != "bitcoin" or native_of(name) is None:
            raise UsageError(
                f"--chain {name} is none of Bitcoin's family", "leave it out for Bitcoin, or name a sister"
            )
        node = BitcoinNode(rpc)
        network = (await node.network()).removesuffix(" (pruned)")
        genesis, _ = await node.block(0)
        return cls(node, transfers, name, network, genesis.hash, addresses, final_blocks)

    async def last_block(self, only_final: bool) -> int:
        """The head, less the blocks that everybody waits for."""
        head = await self.node.head()
        return head - self._final_blocks if only_final else head

    async def first_block_at(self, moment: int) -> int:
        """By the median times of blocks, in halves, as early as clocks of miners allow."""
        return await first_at(moment - _CLOCK, await self.node.head(), self._median_time)

    async def part(self, first: int, last: int) -> Part:
        """Whole blocks, and who paid whom in them."""
        blocks = await self.node.blocks(range(first, last + 1))
        table = self._transfers([document for _, document in blocks], self.chain).cast(TRANSFERS)
        if self.addresses:
            wanted = pa.array(self.addresses, pa.string())
            is_wanted = pc.or_(pc.is_in(table["from_address"], wanted), pc.is_in(table["to_address"], wanted))
            table = table.filter(is_wanted)
        heads = [block for block, _ in blocks]
        for one, other in pairwise(heads):
            if other.parent != one.hash:
                raise WrongAnswer(f"block {other.number:,} is no child of block {one.number:,}", "ask again")
        hashes = pa.array([block.hash for block in heads], pa.string())
        places = pc.subtract(table["block_number"].combine_chunks(), first)
        return Part(table.append_column("block_hash", hashes.take(places)).cast(LOGS), tuple(heads))

    def notes(self) -> list[str]:
        """What the rule is."""
        return ["who puts in more than comes back pays, in proportion; change is no transfer; fees go to `fees`"]

    async def _median_time(self, number: int) -> int:
        return (await self.node.block(number))[1]
