"""What walks over transfers share: addresses that none passes through, and what a bound left out, in words."""

from __future__ import annotations

import pyarrow as pa

from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import ROLE_BY_CATEGORY
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

SERVICES = (*ROLE_BY_CATEGORY, "miner")
"""Categories of labels that no walk passes through: what a service pays out is not what somebody paid in."""


def stops_of(connection: Connection, chain: str) -> pa.Array:
    """The addresses of a chain that no walk passes through: services by labels or by what they did, hubs."""
    rows = connection.execute(sql("walk_stops"), {"chain": chain, "services": list(SERVICES)}).fetchall()
    return pa.array([row[0] for row in rows], pa.int32())


def left_out(most: int, what: str, setting: str) -> str:
    """That a bound cut a walk, by which setting."""
    return f"more than {most:,} {what}: the others were left out (explorer.{setting})"
