"""How wallets behave, on the build file: what each did per day, and in windows of 7, 30 and 90 days."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import CHAINS
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import STORE_WALLET_FEATURES, WALLET_SUMS
from flow_pipeline.scoring.trailing import (
    first_rows,
    rows_of,
    running_falls,
    trailing_distinct,
    wallet_order,
    window_max,
    window_sums,
)
from flow_pipeline.settings import SmartMoneySettings
from flow_pipeline.warehouse.days import first_dirty_day
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, table_counts

WINDOWS = (7, 30, 90)
"""Days of the windows: a week, a month, a quarter."""
_DEFI = ("dex", "lending", "bridge")
_WEEK = 7
_LOOK_BACK = max(WINDOWS) + _WEEK - 1
_NEVER = 9_999_999
"""A day that does not come."""
_REAL = {column.name for column in STORE_WALLET_FEATURES.columns if column.type != "INTEGER"}
_ROWS_AT_ONCE = 3_000_000
"""Wallet days whose windows are held in memory together: about two gigabytes."""
_SUMS = [column.name for column in WALLET_SUMS]

sql = statements(__package__)


@detects("wallet_features")
def run_wallet_features(connection: Connection, settings: SmartMoneySettings) -> dict[str, int]:
    """Bring the features up to date from the first dirty day on; rows of store.wallet_features.

    A day looks back 90 days at most, and only wallets that did something since the first dirty day are looked at, so
    that a new day costs a day. Every part is committed on its own, which frees its memory; killed in between, the days
    are still dirty and the next run does them again.
    """
    first = first_dirty_day(connection)
    if first is not None:
        _add_wallets(connection, settings, first)
        _add_days(connection, settings, first)
        _add_features(connection, first)
        connection.execute("drop table temp.acts")
    return {"wallet_features": table_counts(connection, ("store.wallet_features",))["store.wallet_features"]}


def _add_wallets(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    """The temp table acts from a day on, one row per wallet and transaction, and store.wallets."""
    connection.execute(
        sql("wallet_acts"), {"first": first, "least": settings.gas_block_transactions, "defi": list(_DEFI)}
    )
    connection.execute("delete from store.wallets where first_day >= $first", {"first": first})
    connection.execute(sql("wallet_arrivals"))


def _add_days(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    """store.wallet_days and store.wallet_contacts from a day on; in parts of the wallets, so that memory is bounded."""
    acts, transfers, wallets = connection.execute(
        "select (select count(*) from acts), (select count(*) from store.transfers where block_date >= $first), "
        "(select count(*) from store.wallets)",
        {"first": first},
    ).fetchone() or (0, 0, 0)
    parts = (acts + transfers) // (2 * _ROWS_AT_ONCE) + 1 if wallets else 0
    rules = {
        "back": first - timedelta(days=ceil(settings.round_trip_hours / 24)),
        "seconds": settings.round_trip_hours * 3600,
        "loss": settings.round_trip_loss,
        "chains": [chain.name for chain in CHAINS],
        "coins": [chain.native_symbol.lower() for chain in CHAINS],
    }
    for table in ("wallet_days", "wallet_contacts"):
        connection.execute(f"delete from store.{table} where block_date >= $first", {"first": first})
    for part in range(parts):
        values = {"first": first, "parts": parts, "part": part}
        connection.execute(sql("wallet_days"), {**values, **rules})
        connection.execute(sql("wallet_contacts"), values)


def _add_features(connection: Connection, first: date) -> None:
    """store.wallet_features from a day on, of wallets that did something since; in parts, so that memory is bounded."""
    connection.execute("delete from store.wallet_features where block_date >= $first", {"first": first})
    connection.execute(sql("wallet_window_wallets"), {"first": first})
    closed = _numbers(
        connection,
        "select w.wallet, d.block_date - date '1970-01-01' as day, d.realised_usd "
        "from store.wallet_days as d inner join active_wallets as w using (wallet_id) "
        "where d.closed_count > 0 order by all",
        {},
    )
    falls = {
        "wallet": closed["wallet"],
        "day": closed["day"],
        "fall": running_falls(closed["wallet"], closed["realised_usd"]),
    }
    rows = connection.execute(
        "select count(*) from store.wallet_days as d inner join active_wallets as w using (wallet_id) "
        "where d.block_date > $first::date - $look_back",
        {"first": first, "look_back": _LOOK_BACK},
    ).fetchone() or (0,)
    parts = int(rows[0]) // _ROWS_AT_ONCE + 1
    for part in range(parts):
        values = {"first": first, "look_back": _LOOK_BACK, "parts": parts, "part": part}
        _add_features_of_part(connection, values, falls)
    connection.execute("drop table temp.active_wallets")


def _numbers(connection: Connection, select: str, values: dict[str, Any]) -> dict[str, np.ndarray]:
    """Columns of numbers without NULL."""
    return {name: np.ma.getdata(column) for name, column in connection.execute(select, values).fetchnumpy().items()}


def _next_meeting(wallet: np.ndarray, contact: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The day on which a wallet meets the same contact next; rows are sorted by wallet, contact and day."""
    following = np.full(len(day), _NEVER)
    same = np.flatnonzero((wallet[1:] == wallet[:-1]) & (contact[1:] == contact[:-1]))
    following[same] = day[same + 1]
    return following


def _add_features_of_part(connection: Connection, values: dict[str, Any], falls: dict[str, np.ndarray]) -> None:
    """Features of some of the wallets in the temp table active_wallets."""
    columns = _numbers(connection, sql("wallet_window_days", sums=", ".join(f"d.{name}" for name in _SUMS)), values)
    if not len(columns["day"]):
        return
    order = wallet_order(columns["wallet"], columns["day"])
    wallet, day, ends = columns["wallet"][order], columns["day"][order], np.flatnonzero(columns["is_last"][order])
    start = np.searchsorted(wallet, wallet)
    is_closed = columns["closed_count"][order] > 0
    closed = np.flatnonzero(is_closed)
    is_good = np.zeros(len(day), bool)
    is_good[closed] = (
        window_sums(first_rows(closed, start, day, _WEEK)[None], closed, columns["realised_usd"][order])[0] > 0
    )
    fall = np.full(len(day), np.nan)
    own = np.flatnonzero((falls["wallet"] % values["parts"] == values["part"]) & (falls["day"] >= day.min()))
    fall[rows_of(wallet, day, falls["wallet"][own], falls["day"][own])] = falls["fall"][own]
    contacts = _numbers(connection, sql("wallet_window_contacts"), values)
    called = {name: column[contacts["is_called"]] for name, column in contacts.items()}
    distinct = {
        name: trailing_distinct(
            start,
            day,
            rows_of(wallet, day, some["wallet"], some["day"]),
            _next_meeting(some["wallet"], some["contact_id"], some["day"]),
            WINDOWS,
            ends,
        )
        for name, some in (("recipient_count", contacts), ("called_count", called))
    }
    of_part = connection.execute(
        "select chain, address_id, first_day - date '1970-01-01' as first_day "
        "from active_wallets where wallet % $parts = $part order by wallet",
        {name: values[name] for name in ("parts", "part")},
    )
    wallets = of_part.to_arrow_table().take(pa.array(wallet[ends] // values["parts"]))
    last = day[ends]
    keys = {
        "chain": wallets["chain"].combine_chunks().dictionary_encode(),
        "address_id": wallets["address_id"],
        "block_date": pa.array(last.astype("datetime64[D]")),
        "age_days": pa.array(last - wallets["first_day"].to_numpy() + 1, pa.int32()),
    }
    firsts = np.stack([first_rows(ends, start, day, days) for days in WINDOWS])
    daily = {
        "active_days": columns["is_active"][order],
        "trade_days": is_closed,
        "good_days": is_good,
        "volume_usd_squares": columns["volume_usd"][order] ** 2,
    }
    sums = {name: window_sums(firsts, ends, column) for name, column in daily.items()} | {
        name: window_sums(firsts, ends, columns.pop(name)[order]) for name in _SUMS
    }
    for n, days in enumerate(WINDOWS):
        window = {
            **keys,
            "window_days": pa.repeat(pa.scalar(days, pa.int32()), len(ends)),
            **{
                name: pa.array(column[n], pa.float64() if name in _REAL else pa.int32())
                for name, column in sums.items()
            },
            "drawdown_usd": pa.array(window_max(firsts[n], ends, fall), from_pandas=True),
            **{name: pa.array(column[n], pa.int32()) for name, column in distinct.items()},
        }
        connection.register("window_sums", pa.table(window))
        connection.execute("insert into store.wallet_features by name select * from window_sums")
        connection.unregister("window_sums")
