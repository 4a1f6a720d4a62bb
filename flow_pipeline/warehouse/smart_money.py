"""Smart money on the build file: every wallet scored as of its last active day, and the history of those that are listed."""

from __future__ import annotations

from datetime import date
from typing import Any

from flow_pipeline.domain.tables import SMART_MONEY_HISTORY, SMART_MONEY_WALLETS, Table
from flow_pipeline.scoring.smart_money import FORMULA, score
from flow_pipeline.settings import SmartMoneySettings
from flow_pipeline.warehouse.store import Connection, table_counts, transaction

WINDOW = 30
"""Days of the features that are scored."""
_HORIZON = 90
"""Days after which a wallet that does nothing is no longer ranked, and days of its own past that an active day is compared with."""
_LEAST_PAST = 10
"""Active days before the last one that a comparison with a wallet's own past needs."""
_ROWS_AT_ONCE = 1_000_000

# rows of the Arrow table `scored`, with how the day compares with the wallet's own past
_COMPARED = """
    SELECT s.*, p.day_usd, p.usual_day_usd, CASE WHEN p.days >= $least THEN (p.day_usd - p.usual_day_usd) / nullif(p.spread, 0) END AS activity_zscore
    FROM scored s LEFT JOIN (
        SELECT s.chain, s.wallet, s.block_date, max(d.volume_usd) FILTER (WHERE d.block_date = s.block_date) AS day_usd,
               avg(d.volume_usd::DECIMAL(38, 6)) FILTER (WHERE d.block_date < s.block_date) AS usual_day_usd,
               round(stddev_samp(d.volume_usd) FILTER (WHERE d.block_date < s.block_date), 6) AS spread, count(*) FILTER (WHERE d.block_date < s.block_date) AS days
        FROM scored s JOIN store.addresses a ON a.address = s.wallet JOIN store.wallet_days d ON d.address_id = a.address_id AND d.chain = s.chain AND d.tx_count + d.sent_count > 0
            AND d.block_date <= s.block_date AND d.block_date > s.block_date - $horizon
        WHERE s.is_smart GROUP BY ALL) p USING (chain, wallet, block_date)
"""


def run_smart_money(connection: Connection, settings: SmartMoneySettings) -> dict[str, int]:
    """Bring detection.smart_money_wallets and detection.smart_money_history up to date; their row counts."""
    row = connection.execute("SELECT min(block_date), (SELECT max(block_date) FROM store.wallet_days) FROM store.dirty_days").fetchone()
    if row and row[0] is not None:
        with transaction(connection):
            _history(connection, settings, row[0])
            _wallets(connection, settings, row[1])
    return {table.name: table_counts(connection, (table.relation,))[table.relation] for table in (SMART_MONEY_WALLETS, SMART_MONEY_HISTORY)}


def _history(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    connection.execute("DELETE FROM detection.smart_money_history WHERE block_date >= ?", [first])
    row = connection.execute("SELECT count(*) FROM store.wallet_features WHERE window_days = ? AND block_date >= ?", [WINDOW, first]).fetchone() or (0,)
    parts = int(row[0]) // _ROWS_AT_ONCE + 1
    select = "SELECT f.* FROM marts.fct_wallet_features f WHERE window_days = $window AND block_date >= $first AND hash(wallet) % $parts = $part"
    for part in range(parts):
        _score(connection, settings, select, {"window": WINDOW, "first": first, "parts": parts, "part": part})
        _insert(connection, SMART_MONEY_HISTORY, f"SELECT * FROM ({_COMPARED}) WHERE is_smart ORDER BY block_date, wallet, chain", {})


def _wallets(connection: Connection, settings: SmartMoneySettings, last: date | None) -> None:
    connection.execute("DELETE FROM detection.smart_money_wallets")
    select = """
        SELECT f.* FROM marts.fct_wallet_features f
        JOIN (SELECT a.address AS wallet, d.chain, max(d.block_date) AS block_date FROM store.wallet_days d JOIN store.addresses a USING (address_id)
              WHERE d.block_date > $last::DATE - $horizon AND d.tx_count + d.sent_count > 0 GROUP BY ALL) l
            ON l.wallet = f.wallet AND l.chain = f.chain AND l.block_date = f.block_date
        WHERE f.window_days = $window AND f.block_date > $last::DATE - $horizon
    """
    _score(connection, settings, select, {"last": last, "horizon": _HORIZON, "window": WINDOW})
    ranked = f"""
        SELECT s.*, l.entity, rank() OVER (ORDER BY s.formula_score DESC) AS rank, s.formula_score AS score, $formula AS scored_by,
               s.block_date - s.age_days + 1 AS first_seen, s.block_date AS last_active
        FROM ({_COMPARED}) s JOIN store.addresses a ON a.address = s.wallet
        LEFT JOIN intermediate.int_address_labels__intervals l ON l.chain = s.chain AND l.address_id = a.address_id AND l.valid_from <= s.block_date AND l.valid_to > s.block_date
        ORDER BY rank, s.wallet, s.chain
    """
    _insert(connection, SMART_MONEY_WALLETS, ranked, {"formula": FORMULA})


def _score(connection: Connection, settings: SmartMoneySettings, select: str, values: dict[str, Any]) -> None:
    """Register the features that a SELECT gives, with their scores, as `scored`."""
    features = connection.execute(select, values).to_arrow_table()
    found = score(features, settings)
    for name in found.column_names:
        features = features.append_column(name, found[name])
    connection.register("scored", features)


def _insert(connection: Connection, table: Table, select: str, values: dict[str, Any]) -> None:
    """Insert what a SELECT on `scored` gives."""
    names = ", ".join(column.name for column in table.columns)
    connection.execute(f"INSERT INTO {table.relation} ({names}) SELECT {names} FROM ({select})", {**values, "least": _LEAST_PAST, "horizon": _HORIZON})
    connection.unregister("scored")
