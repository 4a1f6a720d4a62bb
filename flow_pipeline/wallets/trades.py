"""Trades of wallets: transactions in which a wallet gives one token and gets another, their value and their profit."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import CHAINS
from flow_pipeline.domain.sql import statements
from flow_pipeline.scoring.profit import Positions, average_cost
from flow_pipeline.settings import SmartMoneySettings
from flow_pipeline.wallets.mev import find_mev
from flow_pipeline.wallets.relations import PARTIES, PARTY_TRANSACTIONS, SWAPS
from flow_pipeline.warehouse.days import first_dirty_day
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, number, table_counts, transaction

sql = statements(__package__)
_SWAPS_AT_ONCE = 2_000_000
"""Swaps whose profits are held in memory together: about half a gigabyte."""


@detects("trades")
def run_trades(connection: Connection, settings: SmartMoneySettings) -> dict[str, int]:
    """Bring marts.fct_wallet_trades and detection.mev_events up to date from the first dirty day on; their row counts.

    Positions go on from the last trade before that day, so that a new day costs a day.
    """
    first = first_dirty_day(connection)
    if first is not None:
        with dropped_after(connection, PARTIES, PARTY_TRANSACTIONS, SWAPS):
            _find_swaps(connection, settings, first)
            with transaction(connection):
                connection.execute("delete from marts.fct_wallet_trades where block_date >= $first", {"first": first})
                _add_trades(connection)
                find_mev(connection, settings, first)
    return {
        name.split(".")[1]: count
        for name, count in table_counts(connection, ("marts.fct_wallet_trades", "detection.mev_events")).items()
    }


def _find_swaps(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    """Temp tables from a day on: what each party of a transaction gave and got, the transactions, and the swaps."""
    connection.execute(sql("trade_parties"), {"first": first})
    connection.execute(
        sql("trade_transactions"),
        {
            "first": first,
            "chains": [chain.name for chain in CHAINS],
            "coins": [chain.native_symbol.lower() for chain in CHAINS],
        },
    )
    connection.execute(sql("trade_swaps"), {"price_ratio": settings.price_ratio})


def _add_trades(connection: Connection) -> None:
    """The swaps into marts.fct_wallet_trades, in parts in time order."""
    count = number(connection, "select count(*) from swaps")
    last = number(connection, "select coalesce(max(trade_number), 0) from marts.fct_wallet_trades")
    for first in range(0, count, _SWAPS_AT_ONCE):
        _add_part(connection, {"first": first, "until": first + _SWAPS_AT_ONCE}, last)


def _add_part(connection: Connection, part: dict[str, int], last_number: int) -> None:
    """Some of the swaps, with profits walked in time order from the positions before them."""
    connection.execute(sql("trade_positions"), part)
    before = connection.execute(sql("trade_positions_before")).fetchnumpy()
    start = Positions.nothing(number(connection, "select count(*) from positions"))
    start.amount[before["place"]], start.cost[before["place"]], start.since[before["place"]] = (
        before["amount"],
        before["cost"],
        before["since"],
    )
    legs: dict[str, Any] = connection.execute(sql("trade_legs"), part).fetchnumpy()
    numbers = legs.pop("n")
    columns = {name: np.ma.filled(leg) if np.ma.isMaskedArray(leg) else leg for name, leg in legs.items()}
    profits = average_cost(**columns, start=start)
    table = pa.table(
        {"n": numbers, **{name: pa.array(values, from_pandas=True) for name, values in vars(profits).items()}}
    )
    connection.register("profits", table)
    connection.execute(sql("trade_profits"), {"last_number": last_number})
    connection.unregister("profits")
    connection.execute("drop table temp.positions")
