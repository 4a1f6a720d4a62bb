"""Entities over time on the build file: what each took in and paid out, and which exchange wallets are hot or cold."""

from __future__ import annotations

from datetime import date, timedelta

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import ClusterSettings
from flow_pipeline.warehouse.days import first_dirty_day
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, table_counts, transaction

sql = statements(__package__)


@detects("entity_clusters")
def run_entity_clusters(connection: Connection, settings: ClusterSettings) -> dict[str, int]:
    """Bring marts.fct_daily_wallet_roles and marts.fct_entity_clusters up to date from the first dirty day on.

    Reads store.address_clusters, which comes first: a deposit address belongs to its exchange from when it is known on.

    Returns:
        Row count per table.
    """
    first = first_dirty_day(connection)
    names = ("fct_daily_wallet_roles", "fct_entity_clusters")
    if first is not None:
        connection.execute(sql("entity_clusters_members"))
        connection.execute(sql("entity_clusters_transfers"), {"first": first})
        stretch = timedelta(days=settings.cold_days - 1)
        with transaction(connection):
            for name in names:
                connection.execute(f"delete from marts.{name} where block_date >= ?", [first])
            connection.execute(
                sql("entity_clusters_wallet_roles"),
                {
                    "first": first,
                    "since": first - min(stretch, first - date.min),
                    "hot": settings.hot_degree,
                    "payments": settings.cold_payments,
                    "stretch": stretch,
                },
            )
            connection.execute(sql("entity_clusters_days"))
        for table in ("cluster_members", "entity_transfers"):
            connection.execute(f"drop table temp.{table}")
    counts = table_counts(connection, [f"marts.{name}" for name in names])
    return {name: counts[f"marts.{name}"] for name in names}
