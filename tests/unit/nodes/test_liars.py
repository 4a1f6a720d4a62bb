"""Nodes that lie, stumble or refuse: never a wrong row, always the reason, no key anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.nodes.evm import EvmNode
from flow_pipeline.nodes.rpc import Address, Rate, Rpc, Unanswered, is_rate, is_too_much
from flow_pipeline.pipeline.fetch import Asked, Outcome, fetch_into_landing
from flow_pipeline.settings import Settings, load_settings
from tests.liar import TOKEN, Chain, Refuse, Reply, block_hash, log, serving

FAST = {
    "first_wait_seconds": 0.001,
    "requests_per_second": 100_000.0,
    "explorer_requests_per_second": 100_000.0,
    "timeout_seconds": 2.0,
    "answer_seconds": 4.0,
    "tries": 3,
}
KEY = "s3cr3t-k3y-0123456789abcdef"


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.with_changes(nodes=FAST)


def fetched(settings: Settings, of: Chain, first: int = 0, last: int | None = None, **more: Any) -> Outcome:
    with serving(of.answer) as server:
        return fetch_into_landing(settings, Asked("evm", server.host, first=first, last=last, **more))


def rows(settings: Settings) -> list[dict[str, Any]]:
    found = [pq.read_table(path, partitioning=None) for path in sorted(settings.landing.rglob("*.parquet"))]
    return [row for table in found for row in table.to_pylist()]


def places(settings: Settings) -> list[tuple[int, int]]:
    return [(row["block_number"], row["transfer_index"]) for row in rows(settings)]


def every(chain: Chain, first: int = 0) -> list[tuple[int, int]]:
    return [(n, i) for n in range(first, chain.height + 1) for i in range(chain.per_block)]


def on_log(which: int, /, **changes: Any) -> Chain:
    """A chain one of whose logs is otherwise."""

    def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
        return [{**one, **changes} if one["blockNumber"] == hex(which) else one for one in honest()]

    return Chain(lies={"eth_getLogs": lie})


def on_block(which: int, /, **changes: Any) -> Chain:
    """A chain one of whose blocks is otherwise; None for a change is no block at all."""

    def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
        found = honest()
        if params[0] != hex(which):
            return found
        return {**found, **changes} if changes else None

    return Chain(lies={"eth_getBlockByNumber": lie})


def test_an_honest_chain_is_landed_whole(quick: Settings) -> None:
    chain = Chain(per_block=3)
    outcome = fetched(quick, chain)
    assert outcome.fetched.faults == []
    assert places(quick) == every(chain)
    row = rows(quick)[0]
    assert (row["block_hash"], row["parent_hash"]) == (block_hash(0), block_hash(-1))
    assert (str(row["amount"]), row["token_symbol"]) == ("1.000000000000000000", "TUSD")


LIES: dict[str, tuple[Chain, str]] = {
    "another chain": (Chain(chain_id=56), r"is of chain bsc \(56\), not of ethereum"),
    "a log of another range": (on_log(50, blockNumber=hex(500)), "it answered with others"),
    "a log of another block": (on_log(50, blockHash="0x" + "a" * 64), "another hash than the block"),
    "a log twice": (
        Chain(lies={"eth_getLogs": lambda params, honest: [*honest(), honest()[-1]]}),
        "log 0 of block 100 comes twice",
    ),
    "a block of two hashes": (
        Chain(
            lies={
                "eth_getLogs": lambda params, honest: [*honest(), log(100, 7, blockHash="0x" + "b" * 64)],
            }
        ),
        "disagree on the hash",
    ),
    "a block that is not there": (on_block(50), "it has no block 50"),
    "a block without a parent": (on_block(50, parentHash="0x" + "d" * 64), "block 50 is no child of block 49"),
    "a block with null as its parent": (on_block(50, parentHash=7), "a block without number, hash, parent or time"),
    "another block than asked": (on_block(50, number=hex(51)), "asked for block 50, it answered with 51"),
    "no logs but words": (Chain(lies={"eth_getLogs": lambda params, honest: "none"}), "gave no list of logs"),
    "a log without data": (on_log(50, data=None), "a log that is none"),
    "a hash that is none": (on_log(50, transactionHash="0x12"), "a log that is none"),
    "an address of 32 bytes": (
        on_log(50, topics=[log(1)["topics"][0], "0x" + "1" * 64, "0x" + "2" * 64]),
        "an address of more than 20 bytes",
    ),
    "a log of another token": (on_log(50, address="0x" + "d" * 40), "asked for the logs of some tokens"),
    "digits that are none": (on_log(50, data="0x" + "g" * 64), "a log that is none"),
    "a head before its final block": (
        Chain(
            lies={
                "eth_getBlockByNumber": lambda params, honest: (
                    {**honest(), "number": hex(5), "hash": block_hash(5)} if params[0] == "latest" else honest()
                )
            }
        ),
        "block 100 is final, and the head is 5",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_lands_nothing_and_is_told(quick: Settings, name: str) -> None:
    chain, reason = LIES[name]
    with pytest.raises(FlowError, match=reason):
        fetched(quick, chain, chain="ethereum", tokens=(TOKEN,))
    assert rows(quick) == []


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (lambda params, honest: [log(5), log(5)], "a log comes twice in one answer"),
        (lambda params, honest: [log(5)], "asked for the logs of some addresses"),
    ],
)
def test_lies_about_addresses_are_told(
    quick: Settings, lie: Callable[[list[Any], Callable[[], Any]], Any], reason: str
) -> None:
    with pytest.raises(FlowError, match=reason):
        fetched(quick, Chain(lies={"eth_getLogs": lie}), addresses=("0x" + "7" * 40,))
    assert rows(quick) == []


def test_a_log_that_answers_two_questions_is_one_transfer(quick: Settings) -> None:
    chain = Chain(height=20)
    fetched(quick, chain, addresses=("0x" + "1" * 40, "0x" + "2" * 40))
    assert places(quick) == every(chain)


def test_logs_in_any_order_are_put_in_theirs(quick: Settings) -> None:
    chain = Chain(per_block=3, lies={"eth_getLogs": lambda params, honest: list(reversed(honest()))})
    fetched(quick, chain)
    assert places(quick) == every(chain)


def test_withdrawn_logs_and_those_of_other_things_become_no_transfer(quick: Settings) -> None:
    def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
        found = honest()
        found[3]["removed"] = True
        found[4]["topics"].append("0x" + "0" * 63 + "7")
        found[5]["data"] = "0x"
        found[6]["data"] = "0x" + "f" * 64
        return found

    outcome = fetched(quick, Chain(height=9, lies={"eth_getLogs": lie}))
    assert [number for number, _ in places(quick)] == [0, 1, 2, 6, 7, 8, 9]
    assert [row["amount"] for row in rows(quick)].count(None) == 1
    said = " ".join(outcome.notes)
    assert all(
        words in said for words in ("1 withdrawn", "1 of NFTs", "1 in another form", "1 without an amount, as it")
    )


def test_a_chain_that_changes_between_two_answers_is_told(quick: Settings) -> None:
    one = Chain(height=59, per_block=0)
    fetched(quick.with_changes(nodes={"blocks_per_request": 20}), one)
    other = Chain(height=100, per_block=0)
    other.lies["eth_getBlockByNumber"] = lambda params, honest: (
        {**honest(), "parentHash": "0x" + "e" * 64} if params[0] == hex(60) else honest()
    )
    with pytest.raises(FlowError, match="block 60 is no child of block 59 as it was given before"):
        fetched(quick.with_changes(nodes={"blocks_per_request": 20}), other)
    assert [path.name for path in quick.landing.rglob("*.parquet")] == ["000000000000-000000000059.parquet"]


def test_a_chain_with_another_beginning_is_another_chain(quick: Settings) -> None:
    fetched(quick, Chain(height=10))
    other = Chain(height=20)
    other.lies["eth_getBlockByNumber"] = lambda params, honest: (
        {**honest(), "hash": "0x" + "9" * 64} if params[0] == "0x0" else honest()
    )
    with pytest.raises(FlowError, match="tells of another question"):
        fetched(quick, other)


# ------------------------------------------------------------------------------------------------ stumbling


def stumbles(*replies: Reply) -> Callable[[dict[str, Any]], Reply | None]:
    waiting = list(replies)

    def before(asked: dict[str, Any]) -> Reply | None:
        is_logs = isinstance(asked["body"], dict) and asked["body"]["method"] == "eth_getLogs"
        return waiting.pop(0) if waiting and is_logs else None

    return before


WRONG_ID = json.dumps({"jsonrpc": "2.0", "id": 999_999, "result": []}).encode()
STUMBLES = {
    "HTTP 500": Reply(b"oops", 500),
    "HTTP 500 in JSON of its own": Reply(b'{"message":"Internal Server Error"}', 500),
    "HTTP 502 with a page": Reply(b"<html>bad gateway</html>", 502),
    "too often": Reply(b"", 429, {"retry-after": "0"}),
    "too often, with a date": Reply(b"", 429, {"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}),
    "too often, in JSON": Reply(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"rate limit exceeded"}}'),
    "cut JSON": Reply(b'{"jsonrpc":"2.0","id":1,"result":[{"addre'),
    "a body shorter than it says": Reply(b'{"jsonrpc"', length=5_000),
    "another's answer": Reply(WRONG_ID),
    "a list": Reply(b"[]"),
    "neither result nor error": Reply(b'{"jsonrpc":"2.0","id":1}'),
    "an internal error": Reply(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"internal error"}}'),
}


@pytest.mark.parametrize("name", STUMBLES)
def test_a_stumble_is_tried_again(quick: Settings, name: str) -> None:
    chain = Chain(height=20)
    chain.before = stumbles(STUMBLES[name], STUMBLES[name])
    fetched(quick, chain)
    assert places(quick) == every(chain)


@pytest.mark.parametrize("name", STUMBLES)
def test_a_server_that_goes_on_stumbling_is_given_up_with_its_reason(quick: Settings, name: str) -> None:
    chain = Chain(height=20)
    chain.before = stumbles(*[STUMBLES[name]] * 50)
    with pytest.raises(FlowError, match=r"^http://127.0.0.1:\d+: eth_getLogs: .* in 3 tries$"):
        fetched(quick, chain)
    assert rows(quick) == []


def test_a_stalled_socket_is_a_smaller_question_then_the_reason(quick: Settings) -> None:
    chain = Chain(height=20)
    chain.before = stumbles(Reply(b'{"json', length=100, stall=1.0))
    slow = quick.with_changes(nodes={**FAST, "timeout_seconds": 0.2, "tries": 1})
    fetched(slow, chain)
    assert places(quick) == every(chain)


def test_an_answer_that_drips_is_no_answer(quick: Settings) -> None:
    def dripping(asked: dict[str, Any]) -> Reply:
        return Reply(b" ", length=1_000_000, stall=2.0)

    async def go(host: str) -> None:
        async with Rpc(host, quick.with_changes(nodes={**FAST, "answer_seconds": 0.3, "tries": 1}).nodes) as rpc:
            await rpc.call("eth_chainId")

    with serving(dripping) as server, pytest.raises(Unanswered, match=r"no whole answer within 0.3 s"):
        asyncio.run(go(server.host))


def test_a_server_that_asks_for_hours_is_given_up(quick: Settings) -> None:
    chain = Chain()
    chain.before = stumbles(Reply(b"", 429, {"retry-after": "7200"}))
    with pytest.raises(FlowError, match=r"asked too often \(HTTP 429\), and asks to wait 7,200 s"):
        fetched(quick, chain)


def test_retry_after_is_honoured(quick: Settings) -> None:
    chain = Chain(height=5)
    chain.before = stumbles(Reply(b"", 429, {"retry-after": "1"}))
    started = time.monotonic()
    fetched(quick, chain)
    assert time.monotonic() - started > 1.0


def test_a_rate_holds_in_any_second() -> None:
    async def go() -> list[float]:
        rate, loop = Rate(20), asyncio.get_running_loop()
        sent: list[float] = []

        async def one() -> None:
            await rate.turn()
            sent.append(loop.time())

        await asyncio.gather(*(one() for _ in range(45)))
        return sent

    sent = asyncio.run(go())
    assert all(later - earlier >= 0.99 for earlier, later in zip(sent, sent[20:], strict=False))
    assert sent[-1] - sent[0] < 3.0


# ------------------------------------------------------------------------------------------------ too much


def test_a_huge_answer_is_refused_while_it_comes(quick: Settings) -> None:
    """200 MB, none of which is kept; of smaller ranges there is less."""
    peak: list[int] = []

    def before(asked: dict[str, Any]) -> Reply | None:
        body = asked["body"]
        if isinstance(body, dict) and body["method"] == "eth_getLogs":
            span = int(body["params"][0]["toBlock"], 16) - int(body["params"][0]["fromBlock"], 16)
            return Reply(b" " * 1_000_000, repeats=200) if span > 5 else None
        return None

    import resource

    chain = Chain(height=20, before=before)
    small = quick.with_changes(nodes={**FAST, "max_answer_bytes": 200_000})
    earlier = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fetched(small, chain)
    peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - earlier)
    assert places(quick) == every(chain)
    assert peak[0] < 100_000, "kilobytes more than before"


TOO_MUCH = [
    "query returned more than 10000 results. Try with this block range [0xBDE5F8, 0x102DBCC].",
    "query returned more than 10000 results",
    "range 1000000 exceeds limit of 10000",
    "range 9009594 is bigger than range limit 2000",
    "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the "
    "response size, or you can request any block range with a cap of 10K logs in the response.",
    "You can make eth_getLogs requests with up to a 500 block range. Based on your parameters, this block range should "
    "work: [0x123c9b2, 0x123cba5]",
    "block range is larger than max block range, block range = 5120, max block range = 5000",
    "exceed maximum block range: 5000",
    "block range too high",
    "eth_getLogs is limited to a 10,000 range",
    "query exceeds max results 20000, retry with the range 24383075-24383096",
    "logs.too_many_results",
    "logs.range_too_large",
    "requested too many blocks from 1 to 9000, maximum is set to 2048",
    "eth_getLogs block range limit exceeded",
    "ranges over 10000 blocks are not supported on freetier",
    "block range is too wide",
    "query timeout exceeded",
    "request timed out",
    "context deadline exceeded",
    "Response is too big",
    "response size should not greater than 10000000 bytes",
    "query block range exceeds server limit",
    "Query Timeout. Please select a smaller result dataset",
    "max range is 5000 blocks, block range greater than 5000",
]
TOO_OFTEN = [
    "Your app has exceeded its compute units per second capacity. If you have retries enabled, you can ignore this.",
    "credits limited to 6000/sec",
    "Too Many Requests",
    "rate limit exceeded",
    "Max rate limit reached",
    "Max calls per sec rate limit reached (5/sec)",
    "project ID request rate exceeded",
    "daily request count exceeded, request rate limited",
]


@pytest.mark.parametrize("words", TOO_MUCH)
def test_the_words_for_too_much(words: str) -> None:
    assert is_too_much(words)
    assert not is_rate(words)


@pytest.mark.parametrize("words", TOO_OFTEN)
def test_the_words_for_too_often(words: str) -> None:
    assert is_rate(words)


@pytest.mark.parametrize(
    "words", ["execution reverted", "header not found", "invalid argument 0: hex string", "missing trie node", "nonce"]
)
def test_other_words_are_neither(words: str) -> None:
    assert not is_too_much(words)
    assert not is_rate(words)


@pytest.mark.parametrize("code", [-32005, -32602])
def test_ranges_halve_until_they_are_answered_and_grow_again(quick: Settings, code: int) -> None:
    spans: list[int] = []

    def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
        first, last = (int(params[0][end], 16) for end in ("fromBlock", "toBlock"))
        if last - first + 1 > (40 if first > 300 else 7):
            raise Refuse("invalid params", code, {"payload": f"range {last - first} is bigger than range limit"})
        spans.append(last - first + 1)
        return honest()

    chain = Chain(height=1_000, lies={"eth_getLogs": lie})
    fetched(quick, chain)
    assert places(quick) == every(chain)
    assert min(spans) < 8
    assert max(spans) > 20
    assert len(spans) < 120


def test_a_block_alone_that_is_too_much_says_so(quick: Settings) -> None:
    def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
        raise Refuse("query returned more than 10000 results")

    with pytest.raises(FlowError, match="block 0 alone is more than is answered"):
        fetched(quick, Chain(lies={"eth_getLogs": lie}))
    assert rows(quick) == []


def test_batches_shrink_where_a_server_takes_few_or_none(quick: Settings) -> None:
    for most in (3, 1):
        chain = Chain(height=30)

        def before(asked: dict[str, Any], most: int = most) -> Reply | None:
            if isinstance(asked["body"], list) and len(asked["body"]) > most:
                return Reply(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch too large"}}')
            return None

        chain.before = before
        again = load_settings(quick.data_dir / str(most)).with_changes(nodes=FAST)
        fetched(again, chain)
        assert places(again) == every(chain)


def test_answers_of_a_batch_are_told_apart_by_their_ids(quick: Settings) -> None:
    def shuffled(asked: dict[str, Any]) -> Reply | None:
        if isinstance(asked["body"], list):
            return Reply(json.dumps([chain.result(call) for call in reversed(asked["body"])]).encode())
        return None

    chain = Chain(height=30)
    chain.before = shuffled
    fetched(quick, chain)
    assert places(quick) == every(chain)


@pytest.mark.parametrize("lie", ["fewer", "twice", "other", "none"])
def test_a_batch_of_other_answers_is_asked_again(quick: Settings, lie: str) -> None:
    chain, lied = Chain(height=30), list[bool]()

    def before(asked: dict[str, Any]) -> Reply | None:
        if not isinstance(asked["body"], list) or len(lied) == 2:
            return None
        lied.append(True)
        found = [chain.result(call) for call in asked["body"]]
        told = {
            "fewer": found[1:],
            "twice": [*found, found[0]],
            "other": [*found[1:], {**found[0], "id": 999_999}],
            "none": [*found[1:], {**found[0], "id": None}],
        }
        return Reply(json.dumps(told[lie]).encode())

    chain.before = before
    fetched(quick, chain)
    assert places(quick) == every(chain)
    assert len(lied) == 2


# ------------------------------------------------------------------------------------------------ secrets


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"no such key " + KEY.encode(), 401),
        Reply(KEY.encode(), 500),
        Reply(b"", 302, {"location": f"http://elsewhere/{KEY}"}),
        Reply(json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": f"bad {KEY}"}}).encode()),
        Reply(b"<html>", 404),
    ],
)
def test_a_key_is_in_no_error_and_in_no_log(
    quick: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda asked: reply) as server:
        monkeypatch.setenv("MY_NODE", f"{server.host}/v3/{KEY}?token={KEY}")
        with pytest.raises(FlowError) as stopped:
            fetch_into_landing(quick, Asked("evm", "env:MY_NODE", first=0))
    said = stopped.value.message + stopped.value.hint
    assert server.host in said
    assert KEY not in said
    assert KEY not in caplog.text
    assert server.asked[0]["path"] == f"/v3/{KEY}"


def test_a_key_is_in_no_file(quick: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRAFLOW_RPC_USER", "someone")
    monkeypatch.setenv("NETRAFLOW_RPC_PASSWORD", "pass-" + KEY)
    with serving(Chain(height=5).answer) as server:
        monkeypatch.setenv("MY_NODE", f"{server.host}/v3/{KEY}")
        fetch_into_landing(quick, Asked("evm", "env:MY_NODE", first=0))
    assert server.asked[0]["headers"]["Authorization"].startswith("Basic ")
    files = [path for path in quick.data_dir.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert not [path for path in files if KEY.encode() in path.read_bytes() or KEY in str(path)]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (f"http://user:{KEY}@127.0.0.1:1", "holds a user or a password"),
        ("ftp://host", "no URL of http or https"),
        ("host:8545", "no URL of http or https"),
        ("http://host:port", "no URL of http or https"),
        ("env:NOT_THERE", "NOT_THERE is not set"),
    ],
)
def test_an_address_that_is_none_is_refused(given: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as refused:
        Address.of(given)
    assert KEY not in refused.value.message + refused.value.hint
    assert KEY not in repr(Address.of(f"http://host/{KEY}"))


# ------------------------------------------------------------------------------------------------ contracts


def asked(chain: Chain, settings: Settings, question: Callable[[EvmNode], Awaitable[Any]]) -> Any:
    async def go(host: str) -> Any:
        async with Rpc(host, settings.nodes) as rpc:
            return await question(EvmNode(rpc))

    with serving(chain.answer) as server:
        return asyncio.run(go(server.host))


STRING = "0x" + f"{32:064x}" + f"{4:064x}" + b"USDC".ljust(32, b"\0").hex()


@pytest.mark.parametrize(
    ("decimals", "symbol", "expected"),
    [
        (f"0x{6:064x}", STRING, (6, "USDC")),
        (f"0x{6:064x}", "0x" + b"MKR".ljust(32, b"\0").hex(), (6, "MKR")),
        ("0x", "0x", (None, None)),
        (f"0x{2**200:064x}", "0x" + "ff" * 32, (None, None)),
        (f"0x{256:064x}", STRING[:-10], (None, "USDC")),
        (f"0x{255:064x}", "0x" + f"{10**9:064x}" * 3, (255, None)),
        ("nonsense", 7, (None, None)),
        (None, STRING[:136], (None, None)),
        (f"0x{18:064x}", "0x" + f"{32:064x}" + f"{2000:064x}" + "41" * 2000, (18, None)),
    ],
)
def test_what_contracts_say_of_themselves(
    quick: Settings, decimals: object, symbol: object, expected: tuple[object, object]
) -> None:
    def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
        return decimals if params[0]["data"] == "0x313ce567" else symbol

    chain = Chain(lies={"eth_call": lie})
    contract = "0x" + "c" * 40

    async def told(node: EvmNode) -> tuple[int | None, str | None]:
        await node.know([contract])
        return node.tokens[contract].decimals, node.tokens[contract].symbol

    assert asked(chain, quick, told) == expected


def test_a_contract_that_reverts_is_unknown(quick: Settings) -> None:
    def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
        raise Refuse("execution reverted", 3)

    outcome = fetched(quick, Chain(height=3, lies={"eth_call": lie}))
    assert [row["amount"] for row in rows(quick)] == [None] * 4
    assert "4 without an amount, as the decimals are unknown" in outcome.notes


def test_a_node_without_tags_knows_nothing_final(quick: Settings) -> None:
    def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
        if params[0] in ("safe", "finalized"):
            raise Refuse("invalid block tag", -32602)
        return honest()

    chain = Chain(lies={"eth_getBlockByNumber": lie})
    assert asked(chain, quick, lambda node: node.final_number()) is None
    outcome = fetched(quick, chain)
    assert outcome.last == chain.height - quick.live.final_blocks
    assert "does not say which blocks are final" in outcome.notes[0]


def test_a_path_that_is_landed_is_never_asked_again(quick: Settings, tmp_path: Path) -> None:
    chain = Chain(height=50)
    with serving(chain.answer) as server:
        question = Asked("evm", server.host, first=10, last=20)
        fetch_into_landing(quick, question)
        before = len(server.methods())
        assert fetch_into_landing(quick, question).fetched.asked == 0
        assert "eth_getLogs" not in server.methods()[before:]
        fetch_into_landing(quick, Asked("evm", server.host, first=5, last=30))
    assert places(quick) == [(n, 0) for n in range(5, 31)]
    assert len(list(quick.landing.rglob("*.parquet"))) == 3
