"""Average cost, by hand and against a plain restatement of the definition."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flow_pipeline.scoring.profit import Positions, average_cost

NAN = float("nan")


def walk(trades: list[tuple[int, int, float, float, float, float]], places: int = 4) -> list[tuple[float, ...]]:
    """Profits' fields per trade (gave, got, gave_amount, got_amount, value, gas); trades are 100 microseconds apart."""
    columns = [np.array(column) for column in zip(*trades, strict=True)]
    found = average_cost(*columns, np.arange(len(trades)) * 100, Positions.nothing(places))
    return list(zip(*(values.tolist() for values in vars(found).values()), strict=True))


def test_bought_low_sold_high() -> None:
    usd, coin = 0, 1
    first, second = walk([(usd, coin, 1_000, 10, 1_000, 5), (coin, usd, 5, 750, 750, 5)])
    assert first[0] == 0
    assert math.isnan(first[2]), "where the dollars came from is not known"
    assert first[5:7] == (10, 1_005), "the gas of a purchase is part of what it cost"
    assert second[:3] == (1.0, 502.5, 750 - 502.5 - 5)
    assert second[3:5] == (5, 502.5)


def test_two_purchases_are_averaged_and_the_rest_has_no_cost() -> None:
    usd, coin = 0, 1
    rows = walk([(usd, coin, 100, 10, 100, 0), (usd, coin, 300, 10, 300, 0), (coin, usd, 40, 1_600, 1_600, 0)])
    assert rows[1][5:7] == (20, 400)
    assert rows[2][7] == 150, "bought at 0 and 100 in equal parts, sold at 200"
    share, cost, realised, left, left_cost = rows[2][:5]
    assert (share, cost, realised, left, left_cost) == (0.5, 400, 1_600 * 0.5 - 400, 0, 0)


def test_a_trade_without_a_believable_value_claims_nothing() -> None:
    usd, coin, other = 0, 1, 2
    rows = walk([(usd, coin, 100, 10, 100, 0), (coin, other, 5, 7, NAN, 1), (other, usd, 7, 900, 900, 0)])
    assert (rows[1][0], rows[1][1]) == (1.0, 50)
    assert math.isnan(rows[1][2])
    assert rows[1][5:7] == (0, 0)
    assert rows[2][0] == 0, "its cost is not known, so there is no profit to claim"


def test_round_trips_at_one_price_lose_the_gas() -> None:
    usd, coin = 0, 1
    rows = walk([(usd, coin, 100, 10, 100, 1), (coin, usd, 10, 100, 100, 1)] * 5)
    assert sum(row[2] for row in rows[1:]) == -10, "gas counts once"
    assert all(row[2] < 0 for row in rows[1:])


def plainly(trades: list[tuple[int, int, float, float, float, float]]) -> list[float]:
    """Realised profits, written from the definition with a lot per purchase at the running mean."""
    held: dict[int, tuple[float, float]] = {}
    out = []
    for gave, got, gave_amount, got_amount, value, gas in trades:
        amount, cost = held.get(gave, (0.0, 0.0))
        covered = min(amount, gave_amount)
        realised = NAN
        if covered > 0:
            unit = cost / amount
            realised = value * covered / gave_amount - covered * unit - gas
            held[gave] = (amount - covered, (amount - covered) * unit) if covered < amount else (0.0, 0.0)
        if not math.isnan(value):
            have, paid = held.get(got, (0.0, 0.0))
            held[got] = (have + got_amount, paid + value + (0 if covered > 0 else gas))
        out.append(realised)
    return out


AMOUNTS = st.floats(0.01, 1_000)
TRADE = st.tuples(
    st.integers(0, 3), st.integers(0, 3), AMOUNTS, AMOUNTS, st.one_of(AMOUNTS, st.just(NAN)), st.floats(0, 5)
).filter(lambda trade: trade[0] != trade[1])


@settings(deadline=None)
@given(st.lists(TRADE, min_size=1, max_size=40), st.integers(0, 40))
def test_any_trades_as_the_definition_says_and_in_two_parts_as_in_one(
    trades: list[tuple[int, int, float, float, float, float]], cut: int
) -> None:
    whole = walk(trades)
    np.testing.assert_allclose([row[2] for row in whole], plainly(trades), rtol=1e-6, atol=1e-6)
    if not 0 < cut < len(trades):
        return
    start = Positions.nothing(4)
    for trade, row in zip(trades[:cut], whole, strict=False):
        start.amount[trade[0]], start.cost[trade[0]], start.since[trade[0]] = *row[3:5], row[8]
        start.amount[trade[1]], start.cost[trade[1]], start.since[trade[1]] = *row[5:7], row[9]
    columns = [np.array(column) for column in zip(*trades[cut:], strict=True)]
    rest = average_cost(*columns, np.arange(cut, len(trades)) * 100, start)
    np.testing.assert_array_equal(rest.held, [row[7] for row in whole[cut:]])
    np.testing.assert_array_equal(rest.realised, [row[2] for row in whole[cut:]])
