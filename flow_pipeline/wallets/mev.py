"""Value taken by the order of transactions (MEV), found by pattern: sandwiches, arbitrage, liquidations.

The definitions follow Qin, Zhou, Gervais, "Quantifying Blockchain Extractable Value" (2022), and Torres et al.,
"Frontrunner Jones and the Raiders of the Dark Forest" (2021), restated for token transfers: a pool is whoever gives one
token and gets another in a transaction and has never sent one itself.
"""

from __future__ import annotations

from datetime import date

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import SmartMoneySettings
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def find_mev(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    """Replace detection.mev_events from a day on, from the relations PARTIES, PARTY_TRANSACTIONS and SWAPS.

    Args:
        connection: The build.
        settings: Tolerance of a sandwich, methods that liquidate.
        first: First day, inclusive.
    """
    connection.execute(sql("mev_pool_swaps"), {"first": first})
    connection.execute(
        sql("mev_patterns"),
        {"tolerance": settings.sandwich_tolerance, "liquidations": list(settings.liquidation_methods)},
    )
    connection.execute("delete from detection.mev_events where block_date >= $first", {"first": first})
    connection.execute(sql("mev_events"))
    for table in ("pool_swaps", "mev_patterns"):
        connection.execute(f"drop table temp.{table}")
