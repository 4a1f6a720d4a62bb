"""Services by what they do: addresses of a token that many pay and that pay many, each within a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

from flow_pipeline.detection.graph import number_tokens, numbers, payments
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph.prepare import first_crowds
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection, held_beside, transaction

sql = statements(__package__)
_SIDES = (
    ("to_id", "from_id", "paid_by_many_at", "pays_many_at"),
    ("from_id", "to_id", "pays_many_at", "paid_by_many_at"),
)
"""The address, the other end, since when it has many of them, and since when it has many on its other side."""


def refresh_services(connection: Connection, stretches: list[Stretch], settings: Settings) -> None:
    """Bring store.services up to date: since when who is paid by many, pays many, and is a service by both.

    It is known before anything is searched, so that no stretch waits for what another one sees.

    Args:
        connection: The build file; refresh_hubs was called.
        stretches: The new days, in order.
        settings: In force.
    """
    for stretch in stretches:
        size = stretch.transfers * settings.warehouse.bytes_per_transfer
        with held_beside(connection, settings, size), transaction(connection):
            _refresh(connection, stretch, settings)
    number_tokens(connection)


def _refresh(connection: Connection, stretch: Stretch, settings: Settings) -> None:
    common = settings.typologies
    number_tokens(connection, stretch.tokens)
    since = datetime.min
    if stretch.first is not None:
        start = datetime.combine(stretch.first, datetime.min.time())
        since = start - min(timedelta(microseconds=common.service_window), start - datetime.min)
    values = {"since": since, "until": stretch.end, "counterparties": common.service_counterparties}
    for side, other, moment, other_moment in _SIDES:
        asked = sql("services_payments", payments=payments(), side=side, other=other, moment=moment)
        rows = connection.execute(asked, values).to_arrow_table()
        column = {name: numbers(rows[name]) for name in rows.column_names}
        row, time = first_crowds(
            column["position"],
            column["address_id"],
            column["time"],
            column["counterparty"],
            common.service_counterparties,
            common.service_window,
        )
        crowds = {"position": column["position"][row], "address_id": column["address_id"][row], "time": time}
        connection.register("crowds", pa.table(crowds))
        connection.execute(sql("services_crowds", moment=moment, other_moment=other_moment))
        connection.unregister("crowds")
