"""Transfers as the flow kernel takes them: in their order, amounts in whole units and 1e-18 parts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from flow_pipeline.graph.order import known_places, time_order
from flow_pipeline.tracing.kernel import Moves, split_decimals

COLUMNS = (
    *("day", "time", "block", "place", "transfer_index", "clock", "token", "sender", "receiver"),
    *("from_group", "to_group", "ref"),
)
"""Whole numbers, of which `time`, `block`, `place` and `transfer_index` say the order; -1 for what is not known."""


def in_order(rows: pa.Table, tie_break: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Moves:
    """Moves of transfers in any order.

    Args:
        rows: COLUMNS, and `amount` as DECIMAL(38, 18).
        tie_break: Gives hash and content of rows at some positions, for those that nothing else orders.
    """
    column = {name: np.asarray(rows[name].to_numpy()) for name in COLUMNS}
    units, parts = _exact(rows["amount"])
    place = known_places(column["time"], column["block"], column["token"], column["place"])
    keys = (column["time"], column["block"], place, column["transfer_index"])
    order, rank = time_order(keys, (units, parts), tie_break)
    return Moves(
        column["day"][order], rank.astype(np.int64), column["clock"][order], column["token"][order].astype(np.int32),
        column["sender"][order].astype(np.int32), column["receiver"][order].astype(np.int32), units[order],
        parts[order], column["from_group"][order].astype(np.int32), column["to_group"][order].astype(np.int32),
        column["ref"][order],
    )  # fmt: skip


def _exact(amount: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Whole units and 1e-18 parts of a DECIMAL(38, 18) column, without a float."""
    units, parts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for chunk in amount.chunks:
        words = np.frombuffer(chunk.buffers()[1], np.uint64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
        whole, rest = split_decimals(words)
        units.append(whole)
        parts.append(rest)
    return np.concatenate(units), np.concatenate(parts)
