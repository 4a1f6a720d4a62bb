"""Logs as columns against plain Python integers, and coins that moved inside contracts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_pipeline.loading.ingest import make_words
from flow_pipeline.nodes import LOGS, Block
from flow_pipeline.nodes.evm import EvmNode, Token, WrongAnswer, decode_logs, path_number
from flow_pipeline.nodes.rpc import Rpc
from flow_pipeline.settings import Settings
from tests.liar import TOKEN, TOPIC, Chain, Refuse, block_hash, log, serving
from tests.unit.nodes.test_liars import FAST

WIDE = Context(prec=100)
MOST = Decimal(10) ** 20


def expected(value: int, decimals: int | None) -> Decimal | None:
    """The amount in token units, where DECIMAL(38, 18) holds it without loss."""
    if decimals is None or decimals > 38:
        return None
    units = WIDE.divide(Decimal(value), Decimal(10) ** decimals)
    fits = units < MOST and units == units.quantize(Decimal(1).scaleb(-18), context=WIDE) and value < 10**38
    return units.quantize(Decimal(1).scaleb(-18), context=WIDE) if fits else None


edges = st.sampled_from(
    [0, 1, 10**18, 2**63, 2**64 - 1, 2**64, 2**127, 2**128 - 1, 2**128, 2**192 + 5, 2**256 - 1]
    + [10**power + step for power in (20, 26, 37, 38) for step in (-1, 0, 1)]
)
values = st.one_of(edges, st.integers(0, 2**256 - 1), st.integers(0, 2**130), st.integers(0, 10**24))


@given(
    st.lists(
        st.tuples(values, st.one_of(st.none(), st.integers(0, 40), st.just(255)), st.binary(min_size=20, max_size=20)),
        max_size=30,
    )
)
def test_amounts_and_addresses_are_exact(rows: list[tuple[int, int | None, bytes]]) -> None:
    logs, tokens = [], {}
    for place, (value, decimals, who) in enumerate(rows):
        contract = f"0x{place:040x}"
        tokens[contract] = Token(decimals, None if place % 3 else f"T{place}")
        topics = [TOPIC, "0x" + "0" * 24 + who.hex().upper(), "0x" + "0" * 24 + who[::-1].hex()]
        logs.append(log(place // 4, place % 4, value, address=contract, topics=topics))
    decoded = decode_logs(logs, tokens)
    table = decoded.transfers
    assert table.schema == LOGS
    assert table["amount"].to_pylist() == [expected(value, decimals) for value, decimals, _ in rows]
    assert table["from_address"].to_pylist() == ["0x" + who.hex() for *_, who in rows]
    assert table["to_address"].to_pylist() == ["0x" + who[::-1].hex() for *_, who in rows]
    assert table["token_symbol"].to_pylist() == [None if n % 3 else f"T{n}" for n in range(len(rows))]
    assert table["tx_hash"].to_pylist() == [one["transactionHash"] for one in logs]
    assert sum(decoded.counts.values()) == table["amount"].null_count


@pytest.mark.parametrize("decimals", range(40))
def test_amounts_at_the_edges_of_what_has_room(decimals: int) -> None:
    least, most = 10 ** (20 + decimals), 10**38
    values = [0, 1, least - 1, least, most - 1, most, 2**127, 2**128 - 1, 2**128, 2**192 + 5, 2**255]
    logs = [log(1, place, value) for place, value in enumerate(values)]
    found = decode_logs(logs, {TOKEN: Token(decimals, None)}).transfers["amount"].to_pylist()
    assert found == [expected(value, decimals) for value in values]


def test_times_come_from_the_blocks_or_the_logs() -> None:
    logs = [log(1, 0, blockTimestamp="0x10"), log(1, 1, blockTimestamp="0x10"), log(3, 0)]
    seconds = [
        None if at is None else at.timestamp() for at in decode_logs(logs).transfers["block_timestamp"].to_pylist()
    ]
    assert seconds[:2] == [16.0, 16.0]
    assert seconds[2] is None
    times = {block_hash(1): 5_000_000, block_hash(3): 7_000_000}
    found = decode_logs(logs, times=times).transfers["block_timestamp"].cast(pa.int64()).to_pylist()
    assert found == [5_000_000, 5_000_000, 7_000_000]


def test_no_logs_are_no_rows() -> None:
    assert decode_logs([]).transfers.num_rows == 0


# ------------------------------------------------------------------------------------------------ coins

A, B, C = ("0x" + digit * 40 for digit in "abc")
ETH = 10**18
HASHES = ["0x" + f"{place:064x}" for place in range(4)]


def tx(place: int, value: int, to: str | None = B) -> dict[str, Any]:
    return {"hash": HASHES[place], "from": A, "to": to, "value": hex(value), "transactionIndex": hex(place)}


def receipt(place: int, status: str | None = "0x1", made: str | None = None) -> dict[str, Any]:
    told = {"transactionHash": HASHES[place], "contractAddress": made}
    return told if status is None else {**told, "status": status}


def frame(kind: str, sender: str, receiver: str, value: int, *calls: Any, error: str | None = None) -> dict[str, Any]:
    return {
        "type": kind,
        "from": sender,
        "to": receiver,
        "value": hex(value),
        **({"calls": list(calls)} if calls else {}),
        **({"error": error} if error else {}),
    }


TREES = [
    frame(
        "CALL",
        A,
        B,
        2 * ETH,
        frame("CALL", B, C, ETH, frame("DELEGATECALL", C, A, ETH, frame("CALL", C, A, 5))),
        frame("CALL", B, C, 7, frame("CALL", C, A, 8), error="execution reverted"),
        frame("STATICCALL", B, C, 0),
        frame("CREATE2", B, C, 9),
        frame("SELFDESTRUCT", B, A, 4),
    ),
    frame("CALL", A, B, ETH, frame("CALL", B, C, ETH), error="out of gas"),
    frame("CREATE", A, C, ETH),
    frame("CALL", A, B, 0),
]
INSIDE = [((0,), C, ETH), ((0, 0, 0), A, 5), ((3,), C, 9), ((4,), A, 4)]


def parity(position: int, path: list[int], kind: str, error: bool = False, **action: Any) -> dict[str, Any]:
    return {
        "transactionPosition": position,
        "traceAddress": path,
        "type": kind,
        "blockHash": block_hash(5),
        "action": action,
        "result": {"address": C},
        **({"error": "Reverted"} if error else {}),
    }


def pcall(
    position: int, path: list[int], sender: str, to: str, value: int, how: str = "call", error: bool = False
) -> Any:
    return parity(position, path, "call", error, **{"from": sender, "to": to, "value": hex(value), "callType": how})


TRACES = [
    pcall(0, [], A, B, 2 * ETH),
    pcall(0, [0], B, C, ETH),
    pcall(0, [0, 0], C, A, ETH, "delegatecall"),
    pcall(0, [0, 0, 0], C, A, 5),
    pcall(0, [1], B, C, 7, error=True),
    pcall(0, [1, 0], C, A, 8),
    pcall(0, [2], B, C, 0, "staticcall"),
    parity(0, [3], "create", **{"from": B, "value": "0x9"}),
    parity(0, [4], "suicide", address=B, refundAddress=A, balance="0x4"),
    pcall(1, [], A, B, ETH, error=True),
    pcall(1, [0], B, C, ETH),
    parity(2, [], "create", **{"from": A, "value": hex(ETH)}),
    pcall(3, [], A, B, 0),
    {"type": "reward", "traceAddress": [], "action": {"value": "0x1"}, "blockHash": block_hash(5)},
]


def node_with(**lies: Any) -> Chain:
    """A chain whose block 5 has transactions, as nodes that trace in some way give them."""
    chain = Chain(height=10, per_block=0)

    def constant(value: Any) -> Callable[[list[Any], Callable[[], Any]], Any]:
        def lie(params: list[Any], honest: Callable[[], Any]) -> Any:
            if isinstance(value, Exception):
                raise value
            return value

        return lie

    transactions = [tx(0, 2 * ETH), tx(1, ETH), tx(2, ETH, None), tx(3, 0)]
    receipts = [receipt(0), receipt(1, "0x0"), receipt(2, made=C), receipt(3)]
    block = {**(chain.head(5) or {}), "transactions": transactions}
    chain.lies["eth_getBlockByHash"] = constant(block)
    chain.lies["eth_getBlockReceipts"] = constant(receipts)
    chain.lies["eth_getTransactionReceipt"] = lambda params, honest: receipts[HASHES.index(params[0])]
    chain.lies |= {name: constant(value) for name, value in lies.items()}
    return chain


def coins(chain: Chain, settings: Settings) -> tuple[list[tuple[int, int | None, str, int]], bool]:
    head = chain.head(5) or {}
    block = Block(5, head["hash"], head["parentHash"], int(head["timestamp"], 16) * 1_000_000)

    async def go(host: str) -> tuple[pa.Table, bool]:
        async with Rpc(host, settings.with_changes(nodes=FAST).nodes) as rpc:
            node = EvmNode(rpc)
            return (await node.native_of_blocks([block], "ETH"))[0], node.lacks_traces

    with serving(chain.answer) as server:
        table, lacks = asyncio.run(go(server.host))
    assert set(table["token_symbol"].to_pylist()) <= {"ETH"}
    rows = table.to_pylist()
    return [
        (row["transaction_index"], row["transfer_index"], row["to_address"], int(row["amount"] * ETH)) for row in rows
    ], lacks


PAID = [(0, None, B, 2 * ETH), (2, None, C, ETH)]
NO = Refuse("the method debug_traceBlockByNumber does not exist/is not available", -32601)


def with_inside(*traced: Any) -> list[tuple[int, int | None, str, int]]:
    return PAID + [(0, path_number(path), who, value) for path, who, value in INSIDE]


@pytest.mark.parametrize("way", ["callTracer", "trace_block"])
def test_coins_inside_contracts_are_those_that_did_not_go_back(settings: Settings, way: str) -> None:
    trees = [{"txHash": hash_, "result": tree} for hash_, tree in zip(HASHES, TREES, strict=True)]
    ways = {"callTracer": {"debug_traceBlockByNumber": trees}, "trace_block": {"trace_block": TRACES}}
    found, lacks = coins(node_with(**ways[way]), settings)
    assert (sorted(found, key=str), lacks) == (sorted(with_inside(), key=str), False)


def test_a_node_that_can_not_trace_says_so_and_gives_payments(settings: Settings) -> None:
    assert coins(node_with(), settings) == (PAID, True)


def test_a_node_without_receipts_of_blocks_is_asked_for_each(settings: Settings) -> None:
    chain = node_with(eth_getBlockReceipts=Refuse("method not found", -32601))
    assert coins(chain, settings) == (PAID, True)


@pytest.mark.parametrize(
    ("lies", "reason"),
    [
        ({"eth_getBlockByHash": None}, "it has block 5 no more"),
        ({"eth_getBlockReceipts": [receipt(0)]}, "the receipts of block 5 are those of another"),
        ({"eth_getBlockReceipts": [receipt(n) for n in (0, 1, 3, 3)]}, "the receipts of block 5 are those of another"),
        ({"debug_traceBlockByNumber": [{"result": TREES[0]}]}, "the traces of block 5 are those of another"),
        (
            {"debug_traceBlockByNumber": [{"txHash": HASHES[0], "result": tree} for tree in TREES]},
            "the traces of block 5 are those of another",
        ),
        ({"debug_traceBlockByNumber": [{"result": 7}] * 4}, "transactions of block 5 that are none"),
        ({"trace_block": [{**TRACES[0], "blockHash": "0x12"}]}, "the traces of block 5 are those of another"),
    ],
)
def test_receipts_and_traces_that_do_not_fit_are_told(settings: Settings, lies: dict[str, Any], reason: str) -> None:
    with pytest.raises(WrongAnswer, match=reason):
        coins(node_with(**lies), settings)


def test_receipts_that_do_not_say_what_failed_are_refused(settings: Settings) -> None:
    chain = node_with(eth_getBlockReceipts=[receipt(n, None) for n in range(4)])
    with pytest.raises(Exception, match="do not say which payments failed"):
        coins(chain, settings)


def test_places_of_calls_have_the_numbers_that_files_of_traces_have() -> None:
    with duckdb.connect() as connection:
        make_words(connection)

        @given(st.lists(st.integers(0, 4_094), min_size=1, max_size=5))
        def check(path: list[int]) -> None:
            told = "_".join(map(str, path))
            assert connection.execute("select flow_path(?)", [told]).fetchone() == (path_number(path),)

        check()


def test_places_that_are_too_deep_have_numbers_of_their_own() -> None:
    deep = {path_number([1] * depth) for depth in range(1, 60)} | {path_number([5_000, n]) for n in range(60)}
    assert len(deep) == 119
    assert all(0 <= number < 2**63 for number in deep)
