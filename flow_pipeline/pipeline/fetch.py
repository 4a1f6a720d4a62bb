"""Fetch transfers from a node or an explorer into landing files, which the load reads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from flow_pipeline.domain.chains import canonical_chain, family_of
from flow_pipeline.domain.errors import FlowError, UsageError, one_of
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.inputs_outputs import InputsOutputs
from flow_pipeline.loading.token_lists import read_token_files
from flow_pipeline.nodes.bitcoin import BitcoinSource
from flow_pipeline.nodes.evm import Token
from flow_pipeline.nodes.evm_source import EvmSource
from flow_pipeline.nodes.explorer import ETHERSCAN, ExplorerSource
from flow_pipeline.nodes.fetching import Fetched, Progress, Source, fetch
from flow_pipeline.nodes.rpc import Address, Rpc
from flow_pipeline.settings import Settings

SOURCES = {
    "evm": "a node of an EVM chain, by JSON-RPC",
    "etherscan": "Etherscan's API, of every chain that it knows",
    "blockscout": "the API of a Blockscout",
    "bitcoin": "a node of Bitcoin or a sister (bitcoind, litecoind)",
}


@dataclass(frozen=True)
class Asked:
    """What is to be fetched.

    Attributes:
        source: One of `SOURCES`.
        rpc: Address of the node or of the API, or env:NAME.
        chain: Its name, where the source does not say it.
        tokens: Contracts; none is all.
        addresses: Senders or receivers; none is all.
        window: Days, both inclusive.
        first: First block, instead of a day.
        last: Last block, instead of a day.
        with_native: The chain's own coin too.
        only_final: Leave out blocks that may still fall.
    """

    source: str
    rpc: str | None = None
    chain: str | None = None
    tokens: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    window: Window = field(default_factory=Window)
    first: int | None = None
    last: int | None = None
    with_native: bool = False
    only_final: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        chain: Canonical name.
        first: First block of the range.
        last: Last block of the range.
        fetched: Files, and whether they are a whole answer.
        notes: What a person must know of the answer.
    """

    chain: str
    first: int
    last: int
    fetched: Fetched
    notes: list[str]


def fetch_into_landing(
    settings: Settings, asked: Asked, say: Callable[[Progress], None] = lambda progress: None
) -> Outcome:
    """Land what is asked for, as far as it is not there yet, and prove that it is whole.

    Args:
        settings: Settings in force.
        asked: What is to be fetched.
        say: Called with each answer.

    Raises:
        UsageError: the question does not fit its source.
        FlowError: the source does not answer, or says what can not be.
    """
    one_of("source", asked.source, SOURCES)
    _check_range(asked)
    return asyncio.run(_fetched(settings, _in_form(asked), say))


async def _fetched(settings: Settings, asked: Asked, say: Callable[[Progress], None]) -> Outcome:
    async with _opened(settings, asked) as source:
        last_final = await source.last_block(asked.only_final)
        first, last, notes = await _range(source, asked, last_final)
        fetched = await fetch(asked.source, source, settings.landing, first, last, settings.nodes, say)
        return Outcome(source.chain, first, last, fetched, notes + source.notes())


def _check_range(asked: Asked) -> None:
    window = asked.window
    if (window.first and asked.first is not None) or (window.last and asked.last is not None):
        raise UsageError("--from and --from-block exclude each other, and so do --to and --to-block", "give one of two")
    if window.first is None and asked.first is None:
        raise UsageError("nothing says where to begin", "give --from with a day, or --from-block")


async def _range(source: Source, asked: Asked, end: int) -> tuple[int, int, list[str]]:
    """First and last block, and what is left out as it is not final yet."""
    first = asked.first
    if asked.window.first is not None:
        first = await source.first_block_at(_moment(asked.window.first))
    last, notes, more = asked.last, list[str](), "" if asked.only_final else ", the head"
    if asked.window.last is not None:
        last = await source.first_block_at(_moment(asked.window.last + timedelta(days=1))) - 1
    if last is None or last > end:
        if last is not None:
            notes.append(f"blocks {end + 1:,} to {last:,} are not final yet{more}: fetch again later")
        last = end
    first = first or 0
    if first > last:
        raise FlowError(
            f"no block to fetch: the first one is {first:,}, the last {'final ' * asked.only_final}one is {last:,}",
            "wait until the blocks are final, or take others too with --with-unfinal",
        )
    return first, last, notes


def _moment(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def _in_form(asked: Asked) -> Asked:
    """The question with contracts and addresses in the form of their chain.

    Raises:
        UsageError: one is of no such form, or the source has no such question.
    """
    if asked.source == "bitcoin":
        if asked.tokens or asked.with_native:
            raise UsageError("a node of Bitcoin's family has one coin, which is always fetched", "leave the option out")
        return asked
    for option, values in (("--token", asked.tokens), ("--address", asked.addresses)):
        for value in values:
            if not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
                raise UsageError(f"{option}: '{value}' is no address of an EVM chain", "write 0x and 40 digits")
    return Asked(
        **{
            **asked.__dict__,
            "tokens": tuple(sorted({value.lower() for value in asked.tokens})),
            "addresses": tuple(sorted({value.lower() for value in asked.addresses})),
        }
    )


@asynccontextmanager
async def _opened(settings: Settings, asked: Asked) -> AsyncIterator[Source]:
    final = settings.live.final_blocks
    if asked.source in ("etherscan", "blockscout"):
        chain = canonical_chain(asked.chain or "ethereum")
        if asked.rpc is None and asked.source == "blockscout":
            raise UsageError("every chain has a Blockscout of its own", "give its API: --rpc https://HOST/api")
        if asked.chain is None and asked.source == "blockscout":
            raise UsageError("a Blockscout does not say of which chain it is", "name it with --chain")
        address = Address.of(asked.rpc or ETHERSCAN)
        explorer = ExplorerSource(
            asked.source,
            address,
            settings.nodes,
            chain,
            asked.tokens,
            asked.addresses,
            asked.with_native,
            _known_tokens(settings, chain),
            final,
        )
        try:
            yield explorer
        finally:
            await explorer.close()
        return
    if asked.rpc is None:
        raise UsageError(f"nothing says where the node is that {asked.source} asks", "give --rpc URL, or env:NAME")
    async with Rpc(asked.rpc, settings.nodes) as rpc:
        if asked.source == "bitcoin":
            engine = InputsOutputs()
            try:
                yield await BitcoinSource.opened(
                    rpc, engine.transfers, asked.chain, asked.addresses, settings.nodes.bitcoin_final_blocks
                )
            finally:
                engine.close()
        else:
            known = _known_tokens(settings, canonical_chain(asked.chain or settings.sources.chain))
            yield await EvmSource.opened(
                rpc, asked.chain, asked.tokens, asked.addresses, asked.with_native, known, final
            )


def _known_tokens(settings: Settings, chain: str) -> Mapping[str, Token]:
    """Tokens of the user's files, whose word comes before the contract's."""
    tokens = read_token_files(settings.sources.token_files, chain)
    return {
        token.token_address: Token(token.decimals, token.token_symbol)
        for token in tokens
        if token.token_address
        and token.decimals is not None
        and (token.chain == chain or family_of(token.chain) == "evm")
    }
