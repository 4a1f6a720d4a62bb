"""Wallets: who is smart money, and one wallet with its trades, behaviour and score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flow_pipeline.domain.errors import one_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.known import known_address
from flow_pipeline.questions.rows import Part, Rows, records, rows
from flow_pipeline.scoring.smart_money import CATEGORIES
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


@dataclass(frozen=True)
class WalletCounts:
    """How many wallets are known and listed, and the highest confidence of a score; None where nothing has a price."""

    wallets: int
    listed: int
    confidence: float | None


def one_wallet(connection: Connection, address: str) -> dict[str, Any]:
    """A wallet: totals per chain, what it still holds of what it bought, its trades, behaviour, score and MEV.

    The latest come first.

    Raises:
        UsageError: no transfer names it.
    """
    wallet = known_address(connection, address)
    labels = """
        select distinct entity || ' (' || category || ')' from marts.dim_address_labels where address = $wallet
        order by 1
    """
    scores = "select * exclude (wallet) from detection.smart_money_wallets where wallet = $wallet order by chain"
    mev = "select * from detection.mev_events where wallet = $wallet order by block_timestamp desc, event_id"
    values = {"wallet": wallet}
    return {
        "address": wallet,
        "labels": [row[0] for row in connection.execute(labels, values).fetchall()],
        "totals": records(connection, sql("wallet_totals"), values),
        "positions": records(connection, sql("wallet_positions"), values),
        "trades": records(connection, sql("wallet_trades"), values),
        "smart_money": records(connection, scores, values),
        "features": records(connection, sql("wallet_features"), values),
        "past": records(connection, sql("wallet_past"), values),
        "mev": records(connection, mev, values),
    }


def smart_wallets(connection: Connection, part: Part, category: str | None, every: bool) -> Rows:
    """The best ranked wallets of detection.smart_money_wallets: listed ones, or all.

    Raises:
        UsageError: there is no such category.
    """
    if category is not None:
        one_of("category", category, CATEGORIES)
    return rows(connection, sql("wallets_smart"), {"category": category, "every": every}, part)


def wallet_counts(connection: Connection) -> WalletCounts:
    """How many wallets are known, and how many are listed."""
    row = connection.execute(
        "select count(*), count(*) filter (where is_smart), max(confidence) from detection.smart_money_wallets"
    ).fetchone()
    return WalletCounts(*(row or (0, 0, None)))


def scorers(connection: Connection) -> list[str]:
    """What ranked the wallets: the formula or a version of the model."""
    statement = "select distinct scored_by from detection.smart_money_wallets"
    return [str(row[0]) for row in connection.execute(statement).fetchall()]
