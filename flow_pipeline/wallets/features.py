"""How wallets behave, on the build file: what each did per day, and what that came to over windows of 7, 30 and 90 days."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import CHAINS
from flow_pipeline.domain.tables import STORE_WALLET_DAYS, STORE_WALLET_FEATURES
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
_SUMS = [column for column in STORE_WALLET_FEATURES.columns if column.meaning.startswith("sum of store.wallet_days.")]
_DAY_SUMS = [column for column in STORE_WALLET_DAYS.columns if column.name in {name.name for name in _SUMS}]


def run_wallet_features(connection: Connection, settings: SmartMoneySettings) -> dict[str, int]:
    """Bring the features up to date from the first dirty day on; rows of marts.fct_wallet_features.

    A day looks back 90 days at most, and only wallets that did something since the first dirty day are looked at, so that a new day costs a day. Every part
    is committed on its own, which frees its memory; killed in between, the days are still dirty and the next run does them again.
    """
    first = first_dirty_day(connection)
    if first is not None:
        _acts(connection, settings, first)
        _wallet_days(connection, settings, first)
        _windows(connection, first)
        connection.execute("DROP TABLE temp.acts")
    return {"fct_wallet_features": table_counts(connection, ("store.wallet_features",))["store.wallet_features"]}


def _acts(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    """The temp table acts from a day on, one row per wallet and transaction, and store.wallets."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE acts AS
        WITH blocks AS (
            SELECT chain, block_number, quantile_cont(gas_price::DOUBLE, [0.5, 0.9]) AS q FROM raw.transactions
            WHERE block_timestamp >= $first AND gas_price > 0 GROUP BY ALL HAVING count(*) >= $least
        ),
        defi AS (SELECT chain, address_id, valid_from, valid_to FROM intermediate.int_address_labels__intervals WHERE list_contains($defi, category)),
        called AS (
            SELECT t.chain, t.tx_hash, a.address_id, t.block_timestamp FROM marts.fct_wallet_trades t JOIN store.addresses a ON a.address = t.wallet
            WHERE t.block_date >= $first AND t.wallet_basis <> 'sender'
            UNION
            SELECT m.chain, unnest(m.tx_hashes), a.address_id, m.block_timestamp FROM detection.mev_events m JOIN store.addresses a ON a.address = m.wallet
            WHERE m.block_date >= $first AND m.wallet <> m.sender
        )
        SELECT x.chain, s.address_id, x.block_timestamp::DATE AS block_date, x.block_timestamp, r.address_id AS called_id, x.is_success,
               x.method_id IS NOT NULL OR x.created_contract IS NOT NULL AS is_contract, d.address_id IS NOT NULL AS is_defi, CASE WHEN x.gas_price > 0 THEN try_cast(x.gas_price::DOUBLE / b.q[1] AS DECIMAL(18, 6)) END AS gas_ratio,
               x.gas_price > b.q[2] AS is_over, try_cast(x.gas_price::DOUBLE * x.gas_used / 1e18 AS DECIMAL(38, 18)) AS gas
        FROM raw.transactions x JOIN store.addresses s ON s.address = x.from_address LEFT JOIN store.addresses r ON r.address = x.to_address
        LEFT JOIN blocks b ON b.chain = x.chain AND b.block_number = x.block_number
        LEFT JOIN defi d ON d.chain = x.chain AND d.address_id = r.address_id AND d.valid_from <= x.block_timestamp AND d.valid_to > x.block_timestamp
        WHERE x.block_timestamp >= $first
        UNION ALL BY NAME
        SELECT chain, address_id, block_timestamp::DATE AS block_date, block_timestamp, true AS is_contract, false AS is_defi FROM called
    """,
        {"first": first, "least": settings.gas_block_transactions, "defi": list(_DEFI)},
    )
    connection.execute("DELETE FROM store.wallets WHERE first_day >= $first", {"first": first})
    connection.execute("""
        INSERT INTO store.wallets
        SELECT (SELECT coalesce(max(wallet_id), 0) FROM store.wallets) + row_number() OVER (ORDER BY a.chain, a.address_id), a.chain, a.address_id, min(a.block_date)
        FROM acts a ANTI JOIN store.wallets w ON w.chain = a.chain AND w.address_id = a.address_id GROUP BY a.chain, a.address_id
    """)


def _wallet_days(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    """store.wallet_days and store.wallet_contacts from a day on; so many wallets at a time that memory stays bounded.

    What is added up is decimal, so that the sums do not depend on the order of the rows.
    """
    # an arbitrage is no trade, because nothing is given, but its gain is profit like theirs
    made = {
        "closed_count": ("sold_count", "round_count"),
        "won_count": ("sold_well_count", "round_won_count"),
        "realised_usd": ("sold_usd", "round_usd"),
    }
    sums = ", ".join(
        " + ".join(f"coalesce({part}, 0)" for part in made.get(column.name, (column.name,))) + f" AS {column.name}"
        for column in _DAY_SUMS
    )
    rows, wallets = connection.execute(
        "SELECT (SELECT count(*) FROM acts) + (SELECT count(*) FROM store.transfers WHERE block_date >= $first), (SELECT count(*) FROM store.wallets)",
        {"first": first},
    ).fetchone() or (0, 0)
    parts = rows // (2 * _ROWS_AT_ONCE) + 1 if wallets else 0
    rules = {
        "back": first - timedelta(days=ceil(settings.round_trip_hours / 24)),
        "seconds": settings.round_trip_hours * 3600,
        "loss": settings.round_trip_loss,
        "chains": [chain.name for chain in CHAINS],
        "coins": [chain.native_symbol.lower() for chain in CHAINS],
    }
    for table in ("wallet_days", "wallet_contacts"):
        connection.execute(f"DELETE FROM store.{table} WHERE block_date >= $first", {"first": first})
    for part in range(parts):
        values = {"first": first, "parts": parts, "part": part}
        connection.execute(_DAYS_SQL.format(sums=sums), {**values, **rules})
        connection.execute(_CONTACTS_SQL, values)


_DAYS_SQL = """
        INSERT INTO store.wallet_days BY NAME
        WITH chains AS (SELECT unnest($chains) AS chain, unnest($coins) AS coin),
        done AS (
            SELECT a.chain, a.address_id, a.block_date, count(*) AS tx_count, count(a.is_success) AS status_count, count(*) FILTER (WHERE a.is_success) AS success_count,
                   count(*) FILTER (WHERE a.is_contract) AS contract_count, count(*) FILTER (WHERE a.is_defi) AS defi_count, count(*) FILTER (WHERE isodow(a.block_date) < 6) AS weekday_count,
                   sum(cos(2 * pi() * (epoch(a.block_timestamp) % 86400) / 86400)::DECIMAL(9, 6)) AS hour_cos,
                   sum(sin(2 * pi() * (epoch(a.block_timestamp) % 86400) / 86400)::DECIMAL(9, 6)) AS hour_sin,
                   count(a.gas_ratio) AS gas_count, sum(a.gas_ratio) AS gas_ratio, sum(least(1, 1 / a.gas_ratio::DOUBLE)::DECIMAL(9, 6)) FILTER (WHERE a.gas_ratio > 0) AS gas_saved, count(*) FILTER (WHERE a.is_over) AS gas_over_count,
                   sum(a.gas)::DOUBLE * any_value(p.usd) AS gas_usd
            FROM acts a LEFT JOIN chains v USING (chain) LEFT JOIN store.prices p ON p.token = v.coin AND p.price_date = a.block_date
            WHERE a.address_id % $parts = $part GROUP BY ALL
        ),
        tokens AS (SELECT token_id, token_key, chain, price_token FROM intermediate.int_tokens__canonical),
        moved AS (
            SELECT k.chain, k.token_key, k.price_token, f.block_timestamp, f.block_date, f.block_number, f.transfer_index, f.from_id, f.to_id, f.amount, f.amount_usd
            FROM (FROM store.transfers WHERE block_date >= $back AND is_edge AND $part IN (from_id % $parts, to_id % $parts)
                    AND (from_id IN (SELECT address_id FROM store.wallets) OR to_id IN (SELECT address_id FROM store.wallets))) f
            JOIN tokens k USING (token_id)
        ),
        paid AS (
            SELECT m.chain, m.from_id AS address_id, m.block_date, count(*) AS sent_count, count(m.usd) AS priced_count, sum(m.usd) AS volume_usd, sum(try_cast(m.usd::DOUBLE * m.usd::DOUBLE AS DECIMAL(38, 2))) AS volume_squares
            FROM (
                SELECT m.chain, m.from_id, m.block_date, try_cast(coalesce(m.amount::DOUBLE * p.usd, m.amount_usd::DOUBLE) AS DECIMAL(38, 6)) AS usd
                FROM moved m LEFT JOIN store.prices p ON p.price_date = m.block_date AND p.token = m.price_token
                WHERE m.block_date >= $first AND m.from_id % $parts = $part) m
            JOIN store.wallets w ON w.chain = m.chain AND w.address_id = m.from_id AND w.first_day <= m.block_date
            GROUP BY ALL
        ),
        ends AS (
            SELECT m.chain, m.token_key, m.from_id AS address_id, m.block_timestamp, m.block_date, m.block_number, m.transfer_index, m.amount, true AS is_paid FROM moved m
            WHERE m.from_id % $parts = $part
            UNION ALL SELECT chain, token_key, to_id, block_timestamp, block_date, block_number, transfer_index, amount, false FROM moved WHERE to_id % $parts = $part
        ),
        turns AS (
            SELECT e.*, w.first_day, lag({{'is_paid': e.is_paid, 'amount': e.amount, 'at': e.block_timestamp}}) OVER own AS before
            FROM ends e JOIN store.wallets w ON w.chain = e.chain AND w.address_id = e.address_id
            WINDOW own AS (PARTITION BY e.chain, e.address_id, e.token_key ORDER BY e.block_timestamp, e.block_number, e.transfer_index, e.is_paid DESC, e.amount)
        ),
        returned AS (
            SELECT chain, address_id, block_date, count(*) AS returned_count FROM turns
            WHERE NOT is_paid AND before.is_paid AND block_timestamp - before['at'] <= to_seconds($seconds) AND block_date >= greatest($first, first_day)
                AND amount::DOUBLE BETWEEN before.amount::DOUBLE * (1 - $loss) AND before.amount::DOUBLE
            GROUP BY ALL
        ),
        traded AS (
            SELECT t.chain, a.address_id, t.block_date, count(*) AS trade_count, count(t.value_usd) AS priced_trade_count, count(t.realised_usd) AS sold_count,
                   count(*) FILTER (WHERE t.realised_usd > 0) AS sold_well_count, sum(try_cast(t.realised_usd AS DECIMAL(38, 6))) AS sold_usd, sum(try_cast(t.held_seconds AS DECIMAL(38, 3))) AS held_seconds, count(t.held_seconds) AS held_count
            FROM marts.fct_wallet_trades t JOIN store.addresses a ON a.address = t.wallet WHERE t.block_date >= $first AND a.address_id % $parts = $part GROUP BY ALL
        ),
        taken AS (
            SELECT m.chain, a.address_id, m.block_date, len(list_distinct(flatten(list(m.tx_hashes)))) AS mev_tx_count, count(*) FILTER (WHERE m.kind = 'sandwich') AS sandwich_count,
                   count(*) FILTER (WHERE m.kind = 'arbitrage') AS arbitrage_count, count(*) FILTER (WHERE m.kind = 'liquidation') AS liquidation_count, sum(try_cast(m.gain_usd AS DECIMAL(38, 6))) AS mev_usd,
                   count(m.gain_usd) FILTER (WHERE m.kind = 'arbitrage') AS round_count, count(*) FILTER (WHERE m.kind = 'arbitrage' AND m.gain_usd > 0) AS round_won_count,
                   sum(try_cast(m.gain_usd AS DECIMAL(38, 6))) FILTER (WHERE m.kind = 'arbitrage') AS round_usd
            FROM detection.mev_events m JOIN store.addresses a ON a.address = m.wallet WHERE m.block_date >= $first AND a.address_id % $parts = $part GROUP BY ALL
        )
        SELECT wallet_id, block_date, {sums}
        FROM done FULL JOIN paid USING (chain, address_id, block_date) FULL JOIN returned USING (chain, address_id, block_date)
        FULL JOIN traded USING (chain, address_id, block_date) FULL JOIN taken USING (chain, address_id, block_date)
        JOIN store.wallets USING (chain, address_id)
"""
_CONTACTS_SQL = """
        INSERT INTO store.wallet_contacts
        SELECT wallet_id, block_date, contact_id, bool_or(is_called) FROM (
            SELECT w.wallet_id, a.block_date, a.called_id AS contact_id, a.is_contract AS is_called FROM acts a JOIN store.wallets w USING (chain, address_id)
            WHERE a.called_id IS NOT NULL AND a.address_id % $parts = $part
            UNION ALL
            SELECT w.wallet_id, f.block_date, f.to_id, false FROM store.transfers f JOIN intermediate.int_tokens__canonical k USING (token_id)
            JOIN store.wallets w ON w.chain = k.chain AND w.address_id = f.from_id AND w.first_day <= f.block_date
            WHERE f.block_date >= $first AND f.is_edge AND f.from_id % $parts = $part)
        GROUP BY ALL
"""


def _windows(connection: Connection, first: date) -> None:
    """store.wallet_features from a day on, for the wallets that did something since; so many wallets at a time that memory stays bounded."""
    connection.execute("DELETE FROM store.wallet_features WHERE block_date >= $first", {"first": first})
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE wanted AS
        SELECT row_number() OVER () - 1 AS wallet, w.* FROM store.wallets w
        SEMI JOIN (FROM store.wallet_days WHERE block_date >= $first AND tx_count + sent_count > 0) d USING (wallet_id)
    """,
        {"first": first},
    )
    closed = _numbers(
        connection,
        "SELECT w.wallet, d.block_date - DATE '1970-01-01' AS day, d.realised_usd FROM store.wallet_days d JOIN wanted w USING (wallet_id) "
        "WHERE d.closed_count > 0 ORDER BY ALL",
        {},
    )
    falls = {
        "wallet": closed["wallet"],
        "day": closed["day"],
        "fall": running_falls(closed["wallet"], closed["realised_usd"]),
    }
    rows = connection.execute(
        "SELECT count(*) FROM store.wallet_days d JOIN wanted w USING (wallet_id) WHERE d.block_date > $first::DATE - $most",
        {"first": first, "most": _LOOK_BACK},
    ).fetchone() or (0,)
    parts = int(rows[0]) // _ROWS_AT_ONCE + 1
    for part in range(parts):
        _add_windows(connection, {"first": first, "most": _LOOK_BACK, "parts": parts, "part": part}, falls)
    connection.execute("DROP TABLE temp.wanted")


def _numbers(connection: Connection, sql: str, values: dict[str, Any]) -> dict[str, np.ndarray]:
    """Columns of numbers without NULL."""
    return {name: np.ma.getdata(column) for name, column in connection.execute(sql, values).fetchnumpy().items()}


def _again(wallet: np.ndarray, contact: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The day on which a wallet meets the same contact next; rows are sorted by wallet, contact and day."""
    again = np.full(len(day), _NEVER)
    same = np.flatnonzero((wallet[1:] == wallet[:-1]) & (contact[1:] == contact[:-1]))
    again[same] = day[same + 1]
    return again


def _add_windows(connection: Connection, values: dict[str, Any], falls: dict[str, np.ndarray]) -> None:
    """Features of some of the wallets in the temp table wanted."""
    names = [column.name for column in _SUMS]
    columns = _numbers(
        connection,
        f"""
        SELECT w.wallet, d.block_date - DATE '1970-01-01' AS day, d.tx_count + d.sent_count > 0 AS is_active, is_active AND d.block_date >= $first AS is_wanted,
               {", ".join(f"d.{name}" for name in names)}
        FROM store.wallet_days d JOIN wanted w USING (wallet_id)
        WHERE d.block_date > $first::DATE - $most AND w.wallet % $parts = $part
    """,
        values,
    )
    if not len(columns["day"]):
        return
    order = wallet_order(columns["wallet"], columns["day"])
    wallet, day, wanted = columns["wallet"][order], columns["day"][order], np.flatnonzero(columns["is_wanted"][order])
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
    met = _numbers(
        connection,
        """
        SELECT w.wallet, c.contact_id, c.block_date - DATE '1970-01-01' AS day, c.is_called FROM store.wallet_contacts c
        JOIN wanted w USING (wallet_id) WHERE c.block_date > $first::DATE - $most AND w.wallet % $parts = $part ORDER BY ALL
    """,
        values,
    )
    called = {name: column[met["is_called"]] for name, column in met.items()}
    contacts = {
        name: trailing_distinct(
            start,
            day,
            rows_of(wallet, day, some["wallet"], some["day"]),
            _again(some["wallet"], some["contact_id"], some["day"]),
            WINDOWS,
            wanted,
        )
        for name, some in (("recipient_count", met), ("called_count", called))
    }
    whose = connection.execute(
        "SELECT chain, address_id, first_day - DATE '1970-01-01' AS first_day FROM wanted WHERE wallet % $parts = $part ORDER BY wallet",
        {name: values[name] for name in ("parts", "part")},
    )
    known = whose.to_arrow_table().take(pa.array(wallet[wanted] // values["parts"]))
    last = day[wanted]
    keys = {
        "chain": known["chain"].combine_chunks().dictionary_encode(),
        "address_id": known["address_id"],
        "block_date": pa.array(last.astype("datetime64[D]")),
        "age_days": pa.array(last - known["first_day"].to_numpy() + 1, pa.int32()),
    }
    firsts = np.stack([first_rows(wanted, start, day, days) for days in WINDOWS])
    made = {
        "active_days": columns["is_active"][order],
        "trade_days": is_closed,
        "good_days": is_good,
        "volume_usd_squares": columns["volume_usd"][order] ** 2,
    }
    sums = {name: window_sums(firsts, wanted, column) for name, column in made.items()} | {
        name: window_sums(firsts, wanted, columns.pop(name)[order]) for name in names
    }
    for n, days in enumerate(WINDOWS):
        window = {
            **keys,
            "window_days": pa.repeat(pa.scalar(days, pa.int32()), len(wanted)),
            **{
                name: pa.array(column[n], pa.float64() if name in _REAL else pa.int32())
                for name, column in sums.items()
            },
            "drawdown_usd": pa.array(window_max(firsts[n], wanted, fall), from_pandas=True),
            **{name: pa.array(column[n], pa.int32()) for name, column in contacts.items()},
        }
        connection.register("window_sums", pa.table(window))
        connection.execute("INSERT INTO store.wallet_features BY NAME FROM window_sums")
        connection.unregister("window_sums")
