"""Smart money on the build file: every wallet scored as of its last active day, and the history of those that are listed."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.tables import SMART_MONEY_DRIFT, SMART_MONEY_HISTORY, SMART_MONEY_WALLETS, Table
from flow_pipeline.scoring.profit_model import drift, matrix
from flow_pipeline.scoring.registry import Production, production
from flow_pipeline.scoring.smart_money import FORMULA, score
from flow_pipeline.settings import Settings, SmartMoneySettings
from flow_pipeline.warehouse.days import first_dirty_day
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
        FROM scored s JOIN store.addresses a ON a.address = s.wallet JOIN store.wallets w ON w.address_id = a.address_id AND w.chain = s.chain
        JOIN store.wallet_days d ON d.wallet_id = w.wallet_id AND d.tx_count + d.sent_count > 0 AND d.block_date <= s.block_date AND d.block_date > s.block_date - $horizon
        WHERE s.is_smart GROUP BY ALL) p USING (chain, wallet, block_date)
"""


def run_smart_money(connection: Connection, settings: Settings) -> dict[str, int]:
    """Bring detection.smart_money_wallets, smart_money_history and smart_money_drift up to date; their row counts.

    Wallets are ranked by the model in production; without one, or when it can not be loaded, by the formula, and `scored_by` says which.
    """
    first = first_dirty_day(connection)
    if first is not None:
        with transaction(connection):
            _history(connection, settings.smart_money, first)
            rank_wallets(connection, settings)
    return {
        table.name: table_counts(connection, (table.relation,))[table.relation]
        for table in (SMART_MONEY_WALLETS, SMART_MONEY_HISTORY, SMART_MONEY_DRIFT)
    }


def _history(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    connection.execute("DELETE FROM detection.smart_money_history WHERE block_date >= ?", [first])
    row = connection.execute(
        "SELECT count(*) FROM store.wallet_features WHERE window_days = ? AND block_date >= ?", [WINDOW, first]
    ).fetchone() or (0,)
    parts = int(row[0]) // _ROWS_AT_ONCE + 1
    select = "SELECT f.* FROM marts.fct_wallet_features f WHERE window_days = $window AND block_date >= $first AND hash(wallet) % $parts = $part"
    for part in range(parts):
        _score(connection, settings, select, {"window": WINDOW, "first": first, "parts": parts, "part": part})
        _insert(
            connection,
            SMART_MONEY_HISTORY,
            f"SELECT * FROM ({_COMPARED}) WHERE is_smart ORDER BY block_date, wallet, chain",
            {},
        )


def rank_wallets(connection: Connection, settings: Settings) -> None:
    """Score and rank every wallet anew, as of its last active day; within a transaction of the caller's."""
    row = connection.execute("SELECT max(block_date) FROM store.wallet_days").fetchone()
    select = """
        SELECT f.* FROM marts.fct_wallet_features f
        JOIN (SELECT a.address AS wallet, w.chain, max(d.block_date) AS block_date
              FROM store.wallet_days d JOIN store.wallets w USING (wallet_id) JOIN store.addresses a USING (address_id) WHERE d.block_date > $last::DATE - $horizon AND d.tx_count + d.sent_count > 0 GROUP BY ALL) l
            ON l.wallet = f.wallet AND l.chain = f.chain AND l.block_date = f.block_date
        WHERE f.window_days = $window AND f.block_date > $last::DATE - $horizon
    """
    features = _score(
        connection,
        settings.smart_money,
        select,
        {"last": row[0] if row else None, "horizon": _HORIZON, "window": WINDOW},
    )
    model, said = what_scores(settings)
    told = pa.table(
        {
            "chain": features["chain"],
            "wallet": features["wallet"],
            "probability": pa.array(_told(model, features), from_pandas=True),
        }
    )
    connection.register("told", told)
    ranked = f"""
        SELECT s.*, l.entity, coalesce(t.probability, s.formula_score) AS score, rank() OVER (ORDER BY coalesce(t.probability, s.formula_score) DESC) AS rank, $said AS scored_by,
               s.block_date - s.age_days + 1 AS first_seen, s.block_date AS last_active
        FROM ({_COMPARED}) s JOIN store.addresses a ON a.address = s.wallet JOIN told t ON t.chain = s.chain AND t.wallet = s.wallet
        LEFT JOIN intermediate.int_address_labels__intervals l ON l.chain = s.chain AND l.address_id = a.address_id AND l.valid_from <= s.block_date AND l.valid_to > s.block_date
        ORDER BY rank, s.wallet, s.chain
    """
    connection.execute("DELETE FROM detection.smart_money_wallets")
    _insert(connection, SMART_MONEY_WALLETS, ranked, {"said": said})
    connection.unregister("told")
    connection.execute("DELETE FROM detection.smart_money_drift")
    if model and len(features):
        found = drift(matrix(features), model.reference)
        connection.executemany(
            "INSERT INTO detection.smart_money_drift VALUES (?, ?, ?)",
            [[model.version, name, index] for name, index in found.items()],
        )


def what_scores(settings: Settings) -> tuple[Production | None, str]:
    """The model in production, None for the formula; and what scored_by says of it."""
    try:
        model = production(settings.data_dir / "models")
    except FlowError as error:
        return None, f"{FORMULA}: {error.message}"
    return model, f"model {model.version}" if model else FORMULA


def _told(model: Production | None, features: pa.Table) -> np.ndarray:
    return model.predict(features) if model else np.full(len(features), np.nan)


def _score(connection: Connection, settings: SmartMoneySettings, select: str, values: dict[str, Any]) -> pa.Table:
    """Features that a SELECT gives; with their scores they are registered as `scored`."""
    features = connection.execute(select, values).to_arrow_table()
    scored, found = features, score(features, settings)
    for name in found.column_names:
        scored = scored.append_column(name, found[name])
    connection.register("scored", scored)
    return features


def _insert(connection: Connection, table: Table, select: str, values: dict[str, Any]) -> None:
    """Insert what a SELECT on `scored` gives."""
    names = ", ".join(column.name for column in table.columns)
    connection.execute(
        f"INSERT INTO {table.relation} ({names}) SELECT {names} FROM ({select})",
        {**values, "least": _LEAST_PAST, "horizon": _HORIZON},
    )
    connection.unregister("scored")
