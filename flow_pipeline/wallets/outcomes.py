"""What came of wallets later: features up to a cutoff, and the profit of the days after it."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from flow_pipeline.wallets.smart_money import WINDOW
from flow_pipeline.warehouse.store import Connection

_WEEK = 7


def examples(connection: Connection, horizon: int) -> pa.Table:
    """Every wallet that trades, at every weekly cutoff whose outcome is over.

    Args:
        connection: The published file, or the build.
        horizon: Days of the outcome.

    Returns:
        The columns of marts.fct_wallet_features of the 30 days up to the wallet's last active day on or before the cutoff, if that is within 30 days and has
        a trade or an arbitrage in them;
        cutoff, outcome_first_day, and outcome_usd: profit of the closed trades in the days after the cutoff, 0 without one. Cutoffs go back from the
        last day in weeks.
    """
    row = connection.execute("SELECT min(block_date), max(block_date) FROM store.wallet_days").fetchone()
    first, last = row or (None, None)
    cutoffs: list[date] = []
    if first is not None:
        at = last - timedelta(days=horizon)
        while at >= first + timedelta(days=WINDOW - 1):
            cutoffs.append(at)
            at -= timedelta(days=_WEEK)
    return connection.execute(
        """
        WITH cutoffs AS (SELECT unnest($cutoffs::DATE[]) AS cutoff),
        latest AS (
            SELECT c.cutoff, f.chain, f.address_id, max(f.block_date) AS block_date
            FROM cutoffs c JOIN store.wallet_features f ON f.block_date <= c.cutoff AND f.block_date > c.cutoff - $window WHERE f.window_days = $window GROUP BY ALL
        ),
        outcomes AS (
            SELECT c.cutoff, w.chain, w.address_id, sum(d.realised_usd::DECIMAL(38, 6))::DOUBLE AS outcome_usd
            FROM cutoffs c JOIN store.wallet_days d ON d.block_date > c.cutoff AND d.block_date <= c.cutoff + $horizon JOIN store.wallets w USING (wallet_id)
            WHERE d.closed_count > 0 GROUP BY ALL
        )
        SELECT f.*, l.cutoff, l.cutoff + 1 AS outcome_first_day, coalesce(o.outcome_usd, 0) AS outcome_usd
        FROM latest l JOIN store.addresses a USING (address_id)
        JOIN marts.fct_wallet_features f ON f.chain = l.chain AND f.wallet = a.address AND f.block_date = l.block_date AND f.window_days = $window AND f.trade_count + f.mev_tx_count > 0
        LEFT JOIN outcomes o ON o.cutoff = l.cutoff AND o.chain = l.chain AND o.address_id = l.address_id
        ORDER BY l.cutoff, f.chain, f.wallet
    """,
        {"cutoffs": cutoffs, "window": WINDOW, "horizon": horizon},
    ).to_arrow_table()
