"""The transfer graph (dense vertices, time order, adjacency), prepared once for every detector, and kernels to walk it.

What lives here: numpy arrays and compiled loops over them. What must not: what is suspicious (detectors), SQL, files.
Read more: docs/detectors.md, "Common rules".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# What a labelled address is to a path. Services are terminal: a path may begin or end there and never passes through.
UNLABELLED, SERVICE, EXCHANGE, BRIDGE, MIXER, BURN = range(6)
ROLE_BY_CATEGORY = {
    "exchange": EXCHANGE,
    "bridge": BRIDGE,
    "mixer": MIXER,
    "burn": BURN,
    "dex": SERVICE,
    "lending": SERVICE,
    "contract": SERVICE,
}

HOUR = 3_600_000_000
"""Microseconds."""


@dataclass(frozen=True)
class TransferGraph:
    """Transfers as edges, in time order; a vertex is an address within one chain and token.

    Self-transfers, zero and unknown amounts, mints and burns are no edges.

    Attributes:
        time: Microseconds since 1970, ascending (edges).
        rank: Order of (block_timestamp, block_number, transaction_index, transfer_index, amount, tx_hash); equal where
            all of them are equal. "Before" is a smaller rank (edges).
        sender, receiver: Vertex ids (edges).
        amount: Token units as float (edges). Verdicts use the exact amounts of the warehouse.
        amount_usd: US dollars, NaN where unknown (edges), or empty when no transfer has any.
        sender_role, receiver_role: What the end was labelled as at that time (edges).
        sender_entity, receiver_entity: Number of the entity, -1 without a label (edges).
        is_sender_terminal, is_receiver_terminal: Service at that time by its label or by what it did, or hub (edges).
        token: Position in `symbols` (vertices).
        address: Id of the warehouse's address dictionary (vertices).
        out_start, out_edges: Edges leaving a vertex, in time order: out_edges[out_start[v]:out_start[v + 1]].
        in_start, in_edges: Edges reaching a vertex, the same way.
        symbols: Token symbol per token position.
        row: Position of the edge's row in the table it was read from (edges).
    """

    time: np.ndarray
    rank: np.ndarray
    sender: np.ndarray
    receiver: np.ndarray
    amount: np.ndarray
    amount_usd: np.ndarray
    sender_role: np.ndarray
    receiver_role: np.ndarray
    sender_entity: np.ndarray
    receiver_entity: np.ndarray
    is_sender_terminal: np.ndarray
    is_receiver_terminal: np.ndarray
    token: np.ndarray
    address: np.ndarray
    out_start: np.ndarray
    out_edges: np.ndarray
    in_start: np.ndarray
    in_edges: np.ndarray
    symbols: tuple[str | None, ...]
    row: np.ndarray

    @property
    def edge_count(self) -> int:
        """Number of edges."""
        return len(self.time)

    @property
    def vertex_count(self) -> int:
        """Number of (token, address) pairs."""
        return len(self.address)
