"""What came of wallets later: features up to a cutoff, and the profit of the days after it."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from flow_pipeline.domain.sql import statements
from flow_pipeline.wallets.smart_money import WINDOW
from flow_pipeline.warehouse.store import Connection

_WEEK = 7

sql = statements(__package__)


def examples(connection: Connection, horizon: int) -> pa.Table:
    """Every wallet that trades, at every weekly cutoff whose outcome is over.

    Args:
        connection: The published file, or the build.
        horizon: Days of the outcome.

    Returns:
        The columns of marts.fct_wallet_features of the 30 days up to the wallet's last active day on or before the
        cutoff, if that is within 30 days and has a trade or an arbitrage in them;
        cutoff, outcome_first_day, and outcome_usd: profit of the closed trades in the days after the cutoff, 0 without
        one. Cutoffs go back from the last day in weeks.
    """
    row = connection.execute("select min(block_date), max(block_date) from store.wallet_days").fetchone()
    first, last = row or (None, None)
    cutoffs: list[date] = []
    if first is not None:
        at = last - timedelta(days=horizon)
        while at >= first + timedelta(days=WINDOW - 1):
            cutoffs.append(at)
            at -= timedelta(days=_WEEK)
    values = {"cutoffs": cutoffs, "days": WINDOW, "horizon": horizon}
    return connection.execute(sql("outcome_examples"), values).to_arrow_table()
