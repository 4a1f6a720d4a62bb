"""Transfers of an EVM chain for `netraflow fetch`, from a node.

What lives here: which chain a node is of, and what of it is final. What must not: decoding, files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flow_pipeline.domain.chains import canonical_chain, is_known_chain, native_of
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.nodes import Block, Part
from flow_pipeline.nodes.evm import EvmNode, Token, WrongAnswer
from flow_pipeline.nodes.fetching import first_at
from flow_pipeline.nodes.rpc import Rpc


def chain_named(chain_id: int, told: str | None, where: str) -> str:
    """The canonical name of the chain with a number.

    Args:
        chain_id: EIP-155 number that the source says.
        told: The name that a person gave; None for none.
        where: The source, for errors.

    Raises:
        UsageError: the source is of another chain than was told, or of one that nobody knows and nobody named.
    """
    own = canonical_chain(str(chain_id))
    name = canonical_chain(told) if told else own
    if is_known_chain(own):
        if name != own:
            raise UsageError(
                f"{where} is of chain {own} ({chain_id}), not of {name}", "leave --chain out, or give another address"
            )
        return own
    if told is None:
        raise UsageError(f"{where} is of chain {chain_id}, which has no name here", "name it with --chain")
    if is_known_chain(name):
        raise UsageError(f"{where} is of chain {chain_id}, which is not {name}", "give it a name of its own")
    return name


class EvmSource:
    """What a node tells of tokens, addresses and the chain's own coin."""

    def __init__(
        self,
        node: EvmNode,
        chain: str,
        chain_id: int,
        genesis: str,
        tokens: Sequence[str],
        addresses: Sequence[str],
        coin: str | None,
        final_blocks: int,
    ) -> None:
        self.node, self.chain = node, chain
        self.tokens, self.addresses, self.coin = sorted(tokens), sorted(addresses), coin
        self.question: Mapping[str, Any] = {
            "source": "evm",
            "chain": chain,
            "tokens": self.tokens,
            "addresses": self.addresses,
            "coin": coin,
        }
        self.origin: Mapping[str, Any] = {"chain_id": chain_id, "genesis": genesis}
        self.most_blocks = node.rpc.settings.most_blocks_per_request
        self._final_blocks = final_blocks
        self._notes: list[str] = []

    @classmethod
    async def opened(
        cls,
        rpc: Rpc,
        chain: str | None,
        tokens: Sequence[str],
        addresses: Sequence[str],
        with_coin: bool,
        known: Mapping[str, Token],
        final_blocks: int,
    ) -> EvmSource:
        """A source, once the node has said which chain it is of.

        Raises:
            UsageError: it is of another chain than was told, or the chain has no coin that is known.
            FlowError: it does not answer, or has no first block.
        """
        node = EvmNode(rpc, known)
        chain_id = await node.chain_id()
        name = chain_named(chain_id, chain, rpc.shown)
        native = native_of(name)
        if with_coin and native is None:
            raise UsageError(f"nothing is known of the own coin of chain {name}", "leave --native out")
        genesis = await node.block(0)
        if genesis is None:
            raise FlowError(f"{rpc.shown} has no block 0", "ask a node that has its chain from the beginning")
        coin = native.native_symbol if with_coin and native else None
        return cls(node, name, chain_id, genesis.hash, tokens, addresses, coin, final_blocks)

    async def last_block(self, only_final: bool) -> int:
        """The last final block, or the head."""
        head = await self._head("latest")
        if not only_final:
            return head.number
        final = await self.node.final_number()
        if final is None:
            self._notes.append(
                f"{self.node.rpc.shown} does not say which blocks are final: those {self._final_blocks} behind the "
                "head are taken for it (live.final_blocks)"
            )
            return head.number - self._final_blocks
        if final > head.number:
            raise WrongAnswer(
                f"{self.node.rpc.shown}: block {final:,} is final, and the head is {head.number:,}", "ask another node"
            )
        return final

    async def first_block_at(self, moment: int) -> int:
        """By the times of blocks, in halves."""
        return await first_at(moment, (await self._head("latest")).number, self._time)

    async def part(self, first: int, last: int) -> Part:
        """Logs by range, coins by block."""
        return await self.node.part(first, last, self.tokens, self.addresses, self.coin)

    def notes(self) -> list[str]:
        """Counts of what became no transfer, and what the node could not say."""
        said = [f"{count:,} {words}" for words, count in sorted(self.node.counts.items()) if count]
        if self.coin and self.node.lacks_traces:
            said.append(
                f"{self.node.rpc.shown} can not trace: {self.coin} that contracts sent on is missing where it could "
                "not, payments of transactions are all there"
            )
        return self._notes + said

    async def _head(self, tag: str) -> Block:
        block = await self.node.block(tag)
        if block is None:
            raise FlowError(f"{self.node.rpc.shown} has no {tag} block", "wait until the node has read its chain")
        return block

    async def _time(self, number: int) -> int:
        return (await self.node.blocks([number]))[0].time
