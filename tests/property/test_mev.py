"""Sandwiches, arbitrage and liquidations: worked cases, and random blocks against the plain definition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest
from Crypto.Hash import keccak
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flow_pipeline.settings import SmartMoneySettings
from flow_pipeline.wallets.trades import run_trades
from flow_pipeline.warehouse.store import Connection, create_tables
from tests.mev_oracle import Tx, mev

RULES = SmartMoneySettings()
PEOPLE, POOLS, TOKENS = ("ann", "ben", "cat", "bot"), ("pool", "lake"), ("USD", "ETH", "CAT")
LIQUIDATES = "0x00a718a9"
NAMES = (*PEOPLE, *POOLS, "router")


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Connection]:
    with duckdb.connect() as connection:
        create_tables(connection)
        connection.execute("CREATE SCHEMA intermediate")
        connection.execute(
            "CREATE TABLE intermediate.int_address_labels__intervals (chain VARCHAR, address_id INTEGER)"
        )
        connection.execute(
            "CREATE TABLE intermediate.int_tokens__canonical (token_id INTEGER, token_key INTEGER, chain VARCHAR, "
            "token_address VARCHAR, token_symbol VARCHAR, price_token VARCHAR, spoof_suspected BOOLEAN)"
        )
        connection.execute(
            "CREATE VIEW intermediate.int_tokens__keys AS SELECT token_key, chain, token_address, token_symbol "
            "FROM intermediate.int_tokens__canonical"
        )
        connection.executemany(
            "INSERT INTO intermediate.int_tokens__canonical VALUES (?, ?, 'ethereum', NULL, ?, ?, false)",
            [(n, n, t, t) for n, t in enumerate(TOKENS)],
        )
        connection.executemany("INSERT INTO store.addresses VALUES (?, ?)", list(enumerate(NAMES)))
        connection.execute("INSERT INTO store.dirty_days VALUES (DATE '2025-05-01')")
        yield connection


def found(connection: Connection, transactions: list[Tx]) -> set[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    at = datetime(2025, 5, 1, 12, tzinfo=UTC).replace(tzinfo=None)
    connection.execute("DELETE FROM store.transfers")
    connection.execute("DELETE FROM raw.transactions")
    index = 0
    for tx in transactions:
        for source, target, token, amount in tx.moves:
            index += 1
            connection.execute(
                "INSERT INTO store.transfers BY NAME SELECT $block AS block_number, $at AS block_timestamp, "
                "$at::DATE AS block_date, $tx AS tx_hash, $index AS transfer_index, "
                "$token AS token_id, $source AS from_id, $target AS to_id, $amount AS amount, true AS is_edge",
                {"block": tx.block, "at": at, "tx": tx.name, "index": index, "token": TOKENS.index(token),
                 "source": NAMES.index(source), "target": NAMES.index(target), "amount": amount},
            )  # fmt: skip
        connection.execute(
            "INSERT INTO raw.transactions BY NAME SELECT 'ethereum' AS chain, $block AS block_number, "
            "$at AS block_timestamp, $place AS transaction_index, $tx AS tx_hash, "
            "$sender AS from_address, $called AS to_address, true AS is_success, $method AS method_id",
            {
                "block": tx.block,
                "at": at,
                "place": tx.place,
                "tx": tx.name,
                "sender": tx.sender,
                "called": tx.called,
                "method": tx.method,
            },
        )
    run_trades(connection, RULES)
    rows = connection.execute("SELECT kind, wallet, tx_hashes, victim_tx_hashes FROM detection.mev_events").fetchall()
    return {(kind, wallet, tuple(own), tuple(victims)) for kind, wallet, own, victims in rows}


def swap(
    who: str, pool: str, gives: str, amount: float, gets: str, got: float
) -> tuple[tuple[str, str, str, float], ...]:
    return (who, pool, gives, amount), (pool, who, gets, got)


def buy(name: str, place: int, who: str, dollars: float, coins: float, pool: str = "pool", block: int = 1) -> Tx:
    return Tx(name, block, place, who, "router", "0x1", swap(who, pool, "USD", dollars, "CAT", coins))


def sell(name: str, place: int, who: str, coins: float, dollars: float, pool: str = "pool", block: int = 1) -> Tx:
    return Tx(name, block, place, who, "router", "0x1", swap(who, pool, "CAT", coins, "USD", dollars))


SANDWICH = {("sandwich", "bot", ("a", "c"), ("b",))}
CASES: dict[str, tuple[list[Tx], set[tuple[str, str, tuple[str, ...], tuple[str, ...]]]]] = {
    "sandwich": ([buy("a", 1, "bot", 100, 10), buy("b", 2, "ann", 500, 40), sell("c", 3, "bot", 10, 130)], SANDWICH),
    "two victims": (
        [buy("a", 1, "bot", 100, 10), buy("b", 2, "ann", 500, 40), buy("b2", 5, "ben", 50, 3),
         sell("c", 9, "bot", 10, 130)],
        {("sandwich", "bot", ("a", "c"), ("b", "b2"))},
    ),
    "sold a tenth less": ([buy("a", 1, "bot", 100, 10), buy("b", 2, "ann", 500, 40), sell("c", 3, "bot", 9, 130)],
                          SANDWICH),
    "sold less than that": ([buy("a", 1, "bot", 100, 10), buy("b", 2, "ann", 500, 40), sell("c", 3, "bot", 8.9, 130)],
                            set()),
    "nobody in between": ([buy("a", 1, "bot", 100, 10), sell("c", 3, "bot", 10, 130), buy("b", 4, "ann", 500, 40)],
                          set()),
    "a seller in between": ([buy("a", 1, "bot", 100, 10), sell("b", 2, "ann", 40, 500), sell("c", 3, "bot", 10, 90)],
                            set()),
    "another pool": ([buy("a", 1, "bot", 100, 10), buy("b", 2, "ann", 500, 40, "lake"), sell("c", 3, "bot", 10, 130)],
                     set()),
    "the next block": ([buy("a", 1, "bot", 100, 10), buy("b", 2, "ann", 500, 40),
                        sell("c", 3, "bot", 10, 130, block=2)], set()),
    "somebody else sells": ([buy("a", 1, "bot", 100, 10), buy("b", 2, "ann", 500, 40), sell("c", 3, "ben", 10, 130)],
                            set()),
    "busy and honest": ([buy(f"t{n}", n, "bot", 100, 10, block=n) if n % 2
                         else sell(f"t{n}", n, "bot", 10, 101, block=n) for n in range(1, 30)], set()),
    "between two friends' wallets": (
        [
            Tx("a", 1, 1, "bot", "router", "0x1", swap("bot", "ben", "USD", 100, "CAT", 10)),
            Tx("b", 1, 2, "ann", "router", "0x1", swap("ann", "ben", "USD", 100, "CAT", 10)),
            Tx("c", 1, 3, "bot", "router", "0x1", swap("bot", "ben", "CAT", 10, "USD", 130)),
            Tx("d", 2, 1, "ben", "router", "0x1", (("ben", "cat", "USD", 1),)),
        ],
        set(),
    ),
    "arbitrage": (
        [Tx("a", 1, 1, "bot", "router", "0x1",
            (*swap("bot", "pool", "USD", 100, "CAT", 10), *swap("bot", "lake", "CAT", 10, "USD", 103)))],
        {("arbitrage", "bot", ("a",), ())},
    ),
    "arbitrage by a contract": (
        [Tx("a", 1, 1, "ann", "bot", "0x1",
            (*swap("bot", "pool", "USD", 100, "CAT", 10), *swap("bot", "lake", "CAT", 10, "USD", 103)))],
        {("arbitrage", "bot", ("a",), ())},
    ),
    "a round that loses": (
        [Tx("a", 1, 1, "bot", "router", "0x1",
            (*swap("bot", "pool", "USD", 100, "CAT", 10), *swap("bot", "lake", "CAT", 10, "USD", 97)))],
        set(),
    ),
    "one pool only": (
        [Tx("a", 1, 1, "bot", "router", "0x1",
            (*swap("bot", "pool", "USD", 100, "CAT", 10), *swap("bot", "pool", "CAT", 9, "USD", 103)))],
        set(),
    ),
    "two pools on the way to another token": (
        [Tx("a", 1, 1, "bot", "router", "0x1",
            (*swap("bot", "pool", "USD", 100, "CAT", 10), *swap("bot", "lake", "CAT", 10, "ETH", 1)))],
        set(),
    ),
    "liquidation": (
        [Tx("a", 1, 1, "bot", "router", LIQUIDATES, (("bot", "router", "USD", 100), ("pool", "bot", "ETH", 1)))],
        {("liquidation", "bot", ("a",), ())},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_worked_cases(case: str, warehouse: Connection) -> None:
    transactions, expected = CASES[case]
    assert found(warehouse, transactions) == expected
    assert mev(transactions, RULES.sandwich_tolerance, set(RULES.liquidation_methods)) == expected


AMOUNT = st.sampled_from([1.0, 1.0, 1.05, 2.0])
COIN = st.sampled_from(("USD", "CAT", "USD", "CAT", "ETH"))
STEP = st.tuples(st.sampled_from(("pool", "pool", "pool", "lake", "cat")), COIN, AMOUNT, COIN, AMOUNT).filter(
    lambda step: step[1] != step[3]
)
# most transactions are one swap, so that sandwiches come about
ROUTE = st.one_of(
    st.lists(STEP, min_size=1, max_size=1),
    st.lists(STEP, min_size=1, max_size=1),
    st.lists(STEP, min_size=2, max_size=3),
)


@st.composite
def blocks(draw: st.DrawFn) -> list[Tx]:
    made = []
    for n in range(draw(st.integers(3, 12))):
        sender = draw(st.sampled_from(("ann", "bot", "bot")))
        called = draw(st.sampled_from(("router", "router", "bot", "pool")))
        who = draw(st.sampled_from((sender, sender, called)))
        moves = tuple(
            move
            for pool, gives, amount, gets, got in draw(ROUTE)
            if pool != who
            for move in swap(who, pool, gives, amount, gets, got)
        )
        method = draw(st.sampled_from(("0x1", "0x1", "0x1", LIQUIDATES)))
        made.append(Tx(f"t{n}", draw(st.sampled_from((1, 1, 1, 2))), n, sender, called, method, moves))
    return made


@hypothesis_settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks())
def test_random_blocks_as_the_definition_says(warehouse: Connection, transactions: list[Tx]) -> None:
    assert found(warehouse, transactions) == mev(transactions, RULES.sandwich_tolerance, set(RULES.liquidation_methods))


def test_selectors_are_those_of_their_signatures() -> None:
    for selector, signature in RULES.liquidation_methods.items():
        assert "0x" + keccak.new(digest_bits=256, data=signature.encode()).hexdigest()[:8] == selector
