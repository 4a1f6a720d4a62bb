"""The window of the last transfers: what is old goes, memory is bounded, what fell leaves no trace."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from flow_pipeline.graph.tip import KnownAddresses, Limits, Window
from flow_pipeline.nodes import TRANSFERS

SECOND = 1_000_000
NOTHING = KnownAddresses(
    {},
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.int8),
    np.empty(0, np.int32),
    {},
    {},
)


def window(age: int, nbytes: int = 10**9) -> Window:
    return Window(NOTHING, Limits(age * SECOND, nbytes, 30, 60 * SECOND, 1_000))


def rows(number: int, ends: np.ndarray) -> pa.Table:
    """One block a second; `ends` are pairs of people."""
    count = len(ends)
    amounts = pa.array(np.arange(1, count + 1)).cast(pa.decimal128(20, 0)).cast(pa.decimal128(38, 18))
    return pa.table(
        {
            "block_number": pa.array(np.full(count, number)),
            "block_timestamp": pa.array(np.full(count, number * SECOND), pa.timestamp("us")),
            "transaction_index": pa.array(np.arange(count)),
            "tx_hash": pa.array([f"{number}:{n}" for n in range(count)]),
            "transfer_index": pa.array(np.zeros(count, np.int64)),
            "token_address": pa.nulls(count, pa.string()),
            "token_symbol": pa.array(["ETH"] * count),
            "from_address": pa.array([str(a) for a in ends[:, 0]]),
            "to_address": pa.array([str(b) for b in ends[:, 1]]),
            "amount": amounts,
            "amount_usd": pa.nulls(count, pa.decimal128(38, 6)),
        },
        schema=TRANSFERS,
    )


def people(rng: np.random.Generator, number: int, count: int = 500) -> np.ndarray:
    """Pairs of different people; others come as time goes by."""
    first = rng.integers(0, 40, count) + number
    return np.column_stack((first, first + rng.integers(1, 20, count)))


def of_each(held: Window) -> dict[str, list[str]]:
    """The transfers of each address, by their hashes."""
    columns, found = held.edges, dict[str, list[str]]()
    ends = np.unique(np.concatenate((columns.sender[held.first : held.size], columns.receiver[held.first : held.size])))
    for vertex in ends.tolist():
        at = held.of_vertices(np.array([vertex]), is_out=True, is_in=True)
        found[held.text(vertex)] = sorted(str(row["tx_hash"]) for row in held.told(at))
    return found


def test_the_window_holds_what_is_not_too_old_whatever_is_moved_or_given_again() -> None:
    rng, held = np.random.default_rng(1), window(age=10)
    pairs: dict[int, np.ndarray] = {}
    for number in range(80):
        pairs[number] = people(rng, number)
        held.take(rows(number, pairs[number]), number)
        if number % 17 == 16:
            fallen, _ = held.fall(number - 3)
            assert len(fallen) == 1_500
            for gone in range(number - 2, number + 1):
                pairs[gone] = people(rng, gone)
                held.take(rows(gone, pairs[gone]), gone)
    expected: dict[str, list[str]] = {}
    for number in range(69, 80):
        for n, ends in enumerate(pairs[number].tolist()):
            for end in ends:
                expected.setdefault(str(end), []).append(f"{number}:{n}")
    assert of_each(held) == {name: sorted(found) for name, found in expected.items()}
    assert held.dropped == 0
    assert held.base > 0, "the columns were worked together"


def test_what_memory_has_no_room_for_is_dropped_from_the_oldest_and_counted() -> None:
    rng, held = np.random.default_rng(2), window(age=10**6, nbytes=2_500_000)
    for number in range(60):
        held.take(rows(number, people(rng, number)), number)
    assert held.dropped > 0
    assert held.dropped + len(held) == 60 * 500
    assert held.nbytes < 4_000_000
    newest = held.told(np.array([held.size - 1]))[0]
    assert newest["tx_hash"] == "59:499"


def test_an_exact_amount_keeps_its_digits() -> None:
    held = window(age=10)
    made = rows(1, np.array([[1, 2]])).to_pylist()[0]
    for n, text in enumerate(("0.000000000000000001", "79228162514264337593.543950336000000001")):
        made |= {"amount": pa.scalar(text).cast(pa.decimal128(38, 18)).as_py(), "tx_hash": str(n)}
        held.take(pa.Table.from_pylist([made], TRANSFERS), n)
        (row,) = held.told(np.array([held.size - 1]))
        assert f"{row['amount']:f}" == text
