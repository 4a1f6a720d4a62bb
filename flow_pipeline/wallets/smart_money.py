"""Smart money on the build file: every wallet scored as of its last active day, and the history of those listed."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tables import SMART_MONEY_DRIFT, SMART_MONEY_HISTORY, SMART_MONEY_WALLETS, Table
from flow_pipeline.scoring.profit_model import drift, matrix
from flow_pipeline.scoring.registry import Production, production
from flow_pipeline.scoring.smart_money import FORMULA, score
from flow_pipeline.settings import Settings, SmartMoneySettings
from flow_pipeline.warehouse.days import first_dirty_day
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, table_counts, transaction

WINDOW = 30
"""Days of the features that are scored."""
_HORIZON = 90
"""Days after which an idle wallet is no longer ranked, and days of its own past that an active day is compared with."""
_LEAST_PAST = 10
"""Active days before the last one that a comparison with a wallet's own past needs."""
_ROWS_AT_ONCE = 1_000_000

sql = statements(__package__)


@detects("smart_money")
def run_smart_money(connection: Connection, settings: Settings) -> dict[str, int]:
    """Bring detection.smart_money_wallets, smart_money_history and smart_money_drift up to date; their row counts.

    Wallets are ranked by the model in production; without one, or when it can not be loaded, by the formula, and
    `scored_by` says which.
    """
    first = first_dirty_day(connection)
    if first is not None:
        with transaction(connection):
            _add_history(connection, settings.smart_money, first)
            rank_wallets(connection, settings)
    return {
        table.name: table_counts(connection, (table.relation,))[table.relation]
        for table in (SMART_MONEY_WALLETS, SMART_MONEY_HISTORY, SMART_MONEY_DRIFT)
    }


def _add_history(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    connection.execute("delete from detection.smart_money_history where block_date >= $first", {"first": first})
    days = "window_days = $days and block_date >= $first"
    values = {"days": WINDOW, "first": first}
    row = connection.execute(f"select count(*) from store.wallet_features where {days}", values).fetchone() or (0,)
    parts = int(row[0]) // _ROWS_AT_ONCE + 1
    features = f"select * from marts.fct_wallet_features where {days} and hash(wallet) % $parts = $part"
    for part in range(parts):
        _score(connection, settings, features, {**values, "parts": parts, "part": part})
        _insert_scored(connection, "smart_money_history", SMART_MONEY_HISTORY, {})


def rank_wallets(connection: Connection, settings: Settings) -> None:
    """Score and rank every wallet anew, as of its last active day; within a transaction of the caller's."""
    row = connection.execute("select max(block_date) from store.wallet_days").fetchone()
    values = {"last": row[0] if row else None, "horizon": _HORIZON, "days": WINDOW}
    features = _score(connection, settings.smart_money, sql("smart_money_latest"), values)
    model, scorer = what_scores(settings)
    predicted = model.predict(features) if model else np.full(len(features), np.nan)
    probabilities = pa.table(
        {
            "chain": features["chain"],
            "wallet": features["wallet"],
            "probability": pa.array(predicted, from_pandas=True),
        }
    )
    connection.execute("delete from detection.smart_money_wallets")
    connection.register("probabilities", probabilities)
    _insert_scored(connection, "smart_money_ranks", SMART_MONEY_WALLETS, {"scorer": scorer})
    connection.unregister("probabilities")
    connection.execute("delete from detection.smart_money_drift")
    if model and len(features):
        connection.executemany(
            "insert into detection.smart_money_drift values (?, ?, ?)",
            [[model.version, name, index] for name, index in drift(matrix(features), model.reference).items()],
        )


def what_scores(settings: Settings) -> tuple[Production | None, str]:
    """The model in production, None for the formula; and what scored_by says of it."""
    try:
        model = production(settings.data_dir / "models")
    except FlowError as error:
        return None, f"{FORMULA}: {error.message}"
    return model, f"model {model.version}" if model else FORMULA


def _score(connection: Connection, settings: SmartMoneySettings, select: str, values: dict[str, Any]) -> pa.Table:
    """Features that a SELECT gives; with their scores they are registered as `scored`."""
    features = connection.execute(select, values).to_arrow_table()
    scored, scores = features, score(features, settings)
    for name in scores.column_names:
        scored = scored.append_column(name, scores[name])
    connection.register("scored", scored)
    return features


def _insert_scored(connection: Connection, statement: str, table: Table, values: dict[str, Any]) -> None:
    """Insert what a statement makes of `scored`, and of how each day compares with its wallet's own past."""
    connection.execute(sql("smart_money_comparisons"), {"horizon": _HORIZON, "least_past": _LEAST_PAST})
    columns = ", ".join(column.name for column in table.columns)
    connection.execute(sql(statement, columns=columns), values)
    connection.execute("drop table temp.comparisons")
    connection.unregister("scored")
