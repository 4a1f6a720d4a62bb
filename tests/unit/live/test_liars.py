"""Nodes that lie or stumble while they are followed: never a wrong row, always the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.live.feeds import FeedOptions
from flow_pipeline.live.feeds.evm import open_feed
from flow_pipeline.live.steps import Batch, Cursor, Fall, Step
from flow_pipeline.settings import Settings
from tests.liar import Chain, Refuse, Reply, block_hash, serving

NODES = {"first_wait_seconds": 0.001, "requests_per_second": 100_000.0, "tries": 3, "timeout_seconds": 2.0}


@pytest.fixture
def quick(settings: Settings) -> Settings:
    live = {"poll_seconds": 0.01, "away_seconds": 0.5, "most_contradictions": 4, "blocks_at_once": 1_000}
    return settings.with_changes(nodes=NODES, live=live)


def followed(settings: Settings, chain: Chain, count: int, first: int = 80, cursor: Cursor | None = None) -> list[Step]:
    """So many steps along a chain that a server tells of."""

    async def run(url: str) -> list[Step]:
        feed = await open_feed(FeedOptions(rpc=url, first_block=first), settings)
        found: list[Step] = []
        steps = feed.follow(cursor or Cursor())
        try:
            async with asyncio.timeout(20):
                async for step in steps:
                    found.append(step)
                    if len(found) == count:
                        break
        finally:
            await steps.aclose()  # type: ignore[attr-defined]
        return found

    with serving(chain.answer) as server:
        return asyncio.run(run(server.host))


def places(steps: list[Step]) -> list[tuple[int, int]]:
    rows = [row for step in steps if isinstance(step, Batch) for row in step.transfers.to_pylist()]
    return [(row["block_number"], row["transfer_index"]) for row in rows]


def on(method: str, lie: Callable[[list[Any], Callable[[], Any]], Any]) -> Chain:
    return Chain(lies={method: lie}, per_block=2)


def of_logs(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Chain:
    return on("eth_getLogs", lambda params, honest: change(honest()))


def test_an_honest_node_is_read_block_by_block(quick: Settings) -> None:
    steps = followed(quick, Chain(per_block=2), 23)
    assert places(steps)[:40] == [(n, i) for n in range(80, 100) for i in range(2)][: len(places(steps))]


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        (of_logs(lambda logs: [{**one, "blockHash": block_hash(7)} for one in logs]), "another block's"),
        (of_logs(lambda logs: [*logs, *logs]), "comes twice"),
        (of_logs(lambda logs: [{**one, "blockNumber": "0x7"} for one in logs]), "are of another"),
        (of_logs(lambda logs: [{**one, "data": "0x12" + "zz" * 31} for one in logs]), "a log that is none"),
        (
            on("eth_getBlockByNumber", lambda params, honest: None if params[0] == hex(82) else honest()),
            "a block is missing",
        ),
        (
            on(
                "eth_getBlockByNumber",
                lambda params, honest: {**honest(), "parentHash": block_hash(1)} if params[0] == hex(82) else honest(),
            ),
            "is no child",
        ),
    ],
    ids=["other hash", "twice", "other number", "no number", "gap", "no parent"],
)
def test_what_can_not_be_is_never_taken(chain: Chain, why: str, quick: Settings) -> None:
    with pytest.raises(FlowError) as refusal:
        followed(quick, chain, 100)
    assert why in refusal.value.message


def test_logs_in_any_order_are_put_in_theirs(quick: Settings) -> None:
    steps = followed(quick, of_logs(lambda logs: logs[::-1]), 5)
    assert places(steps) == [(n, i) for n in range(80, 85) for i in range(2)]


def test_stumbles_cost_only_time(quick: Settings) -> None:
    asked = {"count": 0}

    def stumbles(request: dict[str, Any]) -> Reply | None:
        asked["count"] += 1
        kinds = [Reply(b"busy", status=500), Reply(b'{"jsonrpc": "2.0", "id": 1, "resu'), None, None]
        return kinds[asked["count"] % len(kinds)]

    chain = Chain(per_block=2)
    chain.before = stumbles
    steps = followed(quick.with_changes(nodes={"tries": 8}), chain, 10)
    assert places(steps) == [(n, i) for n in range(80, 100) for i in range(2)][: len(places(steps))]
    assert len(places(steps)) >= 8


def test_a_node_that_stays_away_is_told(quick: Settings) -> None:
    chain = Chain()
    calls = {"count": 0}

    def dies(request: dict[str, Any]) -> Reply | None:
        calls["count"] += 1
        return Reply(b"gone", status=502) if calls["count"] > 12 else None

    chain.before = dies
    with pytest.raises(FlowError, match=r"has not answered for 0\.5 s") as refusal:
        followed(quick, chain, 1_000)
    assert "nothing was lost" in refusal.value.hint


def test_a_block_that_the_node_does_not_know_yet_is_asked_for_again(quick: Settings) -> None:
    tries = {"count": 0}

    def once(params: list[Any], honest: Callable[[], Any]) -> Any:
        tries["count"] += 1
        if tries["count"] == 1:
            raise Refuse("failed to get logs for unknown block", -32000)
        return honest()

    assert places(followed(quick, on("eth_getLogs", once), 6))[:2] == [(80, 0), (80, 1)]


def test_a_branch_that_changes_under_the_cursor_falls_first(quick: Settings) -> None:
    steps = followed(quick, Chain(per_block=1), 9)
    blocks = [step.block for step in steps if isinstance(step, Batch) and step.block]
    changed = [*blocks[:-2], *(type(one)(one.number, "0x" + "9" * 64, one.parent, one.time) for one in blocks[-2:])]
    again = followed(quick, Chain(per_block=1), 2, cursor=Cursor(tuple(changed)))
    assert again[0] == Fall("evm:ethereum", "ethereum", blocks[-3].number)
    assert isinstance(again[1], Batch)
    assert again[1].block == blocks[-2]


def test_a_list_of_tokens_comes_before_the_registry_and_the_contract(quick: Settings, tmp_path: Path) -> None:
    usdt = "0xdac17f958d2ee523a2206206994597c13d831ec7"
    listed = tmp_path / "tokens.csv"
    listed.write_text(f"address,symbol,name,decimals\n{usdt},MINE,Mine,3\n0x{'9' * 40},OTHER,Other,7\n")

    async def known(url: str, *files: Path) -> list[tuple[int | None, str | None]]:
        feed = await open_feed(FeedOptions(rpc=url, token_files=files), quick)
        found = [feed.node.tokens.get(name) for name in (usdt, "0x" + "9" * 40)]  # type: ignore[attr-defined]
        await feed.node.rpc.close()  # type: ignore[attr-defined]
        return [(token.decimals, token.symbol) for token in found if token]

    with serving(Chain().answer) as server:
        assert asyncio.run(known(server.host)) == [(6, "USDT")]
        assert asyncio.run(known(server.host, listed)) == [(3, "MINE"), (7, "OTHER")]
    with serving(Chain(chain_id=137).answer) as server:
        assert asyncio.run(known(server.host, listed)) == [(3, "MINE"), (7, "OTHER")], "of the chain that is followed"
