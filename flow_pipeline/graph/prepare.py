"""From columns of transfers to the graph: order, ids, labels, hubs, adjacency. Linear in the edges but for the sort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from flow_pipeline.graph import BURN, UNLABELLED, TransferGraph
from flow_pipeline.graph.order import TieBreak, known_places, time_order

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Transfers:
    """Columns as they are read, any order. Amounts must be above zero and ends differ.

    `place` is the transaction's place in its block, -1 where the source has none. `tie_break(rows)` gives two texts per
    row: the tx_hash, and what tells rows of one tx_hash apart. It is asked only for rows that are equal in all else.
    """

    time: np.ndarray
    block: np.ndarray
    place: np.ndarray
    index: np.ndarray
    sender: np.ndarray
    receiver: np.ndarray
    token: np.ndarray
    amount: np.ndarray
    amount_usd: np.ndarray
    tie_break: TieBreak


@dataclass(frozen=True)
class Labels:
    """Stretches of time in which an address has a role, per chain; they never overlap for one address and chain."""

    address: np.ndarray
    chain: np.ndarray
    start: np.ndarray
    end: np.ndarray
    role: np.ndarray
    entity: np.ndarray


@dataclass(frozen=True)
class Hubs:
    """Addresses that are hubs of a token (its position) from a time on, microseconds."""

    token: np.ndarray
    address: np.ndarray
    since: np.ndarray


@dataclass(frozen=True)
class Crowds:
    """Since when an address of a token was paid by many, and paid many, microseconds; NEVER is not yet."""

    token: np.ndarray
    address: np.ndarray
    paid_by_many: np.ndarray
    pays_many: np.ndarray


_NOBODY = np.empty(0, np.int64)
NO_CROWDS = Crowds(_NOBODY, _NOBODY, _NOBODY, _NOBODY)


def build(
    transfers: Transfers,
    labels: Labels,
    hubs: Hubs,
    chain_of_token: np.ndarray,
    symbols: tuple[str | None, ...],
    address_count: int,
    crowds: Crowds = NO_CROWDS,
) -> TransferGraph:
    """The graph of all tokens.

    Args:
        transfers: Columns of the transfers.
        labels: Roles in time.
        hubs: Who is a hub, and since when.
        chain_of_token: Chain number per token position.
        symbols: Symbol per token position.
        address_count: Largest address id plus one.
        crowds: Who is paid by many or pays many.
    """
    place = known_places(transfers.time, transfers.block, transfers.token, transfers.place)
    order, rank = time_order(
        (transfers.time, transfers.block, place, transfers.index), (transfers.amount,), transfers.tie_break
    )
    time, token = transfers.time[order], transfers.token[order].astype(np.int32)
    sender, receiver = transfers.sender[order].astype(np.int32), transfers.receiver[order].astype(np.int32)
    start, table = _by_address(labels, address_count)
    role_of = (
        start,
        labels.chain[table],
        labels.start[table],
        labels.end[table],
        labels.role[table],
        labels.entity[table],
    )
    sender_role, sender_entity = _roles(sender, token, time, chain_of_token, *role_of)
    receiver_role, receiver_entity = _roles(receiver, token, time, chain_of_token, *role_of)
    keep = np.flatnonzero((sender_role != BURN) & (receiver_role != BURN))
    if len(keep) < len(time):
        order, rank, time, token, sender, receiver = (
            column[keep] for column in (order, rank, time, token, sender, receiver)
        )
        sender_role, sender_entity, receiver_role, receiver_entity = (
            column[keep] for column in (sender_role, sender_entity, receiver_role, receiver_entity)
        )
    source, target, vertex_token, vertex_address = _vertices(token, sender, receiver, len(symbols), address_count)
    out_start, out_edges = adjacency(source, len(vertex_address))
    in_start, in_edges = adjacency(target, len(vertex_address))
    vertex = _VertexLookup(vertex_token, vertex_address, address_count)
    paid_by_many = vertex.since(crowds.token, crowds.address, crowds.paid_by_many)
    pays_many = vertex.since(crowds.token, crowds.address, crowds.pays_many)
    service_since = np.minimum(vertex.since(hubs.token, hubs.address, hubs.since), np.maximum(paid_by_many, pays_many))
    usd = transfers.amount_usd
    return TransferGraph(
        time=time,
        rank=rank,
        sender=source,
        receiver=target,
        amount=transfers.amount[order],
        amount_usd=usd[order] if len(usd) else usd,
        sender_role=sender_role,
        receiver_role=receiver_role,
        sender_entity=sender_entity,
        receiver_entity=receiver_entity,
        is_sender_terminal=(sender_role != UNLABELLED) | (time >= service_since[source]),
        is_receiver_terminal=(receiver_role != UNLABELLED) | (time >= service_since[target]),
        token=vertex_token,
        address=vertex_address,
        out_start=out_start,
        out_edges=out_edges,
        in_start=in_start,
        in_edges=in_edges,
        symbols=symbols,
        row=order,
    )


def first_crowds(
    token: np.ndarray, address: np.ndarray, time: np.ndarray, other: np.ndarray, counterparties: int, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Who had enough distinct counterparties within a trailing window, and since when.

    Args:
        token, address, time: Of each payment on one side of an address, in their order; microseconds.
        other: Address at the other end.
        counterparties: How many are enough.
        window: Microseconds back from a payment, inclusive.

    Returns:
        The row of the payment that made the first crowd of each that had one, and their times.
    """
    is_first = np.ones(len(token), bool)
    is_first[1:] = (token[1:] != token[:-1]) | (address[1:] != address[:-1])
    start = np.append(np.flatnonzero(is_first), len(token))
    # Pages of zeros that nobody writes to take no memory.
    inside = np.zeros(int(other.max(initial=-1)) + 1, np.int32)
    row = _first_crowds(start, time, other, counterparties, window, inside)
    row = row[row >= 0]
    return row, time[row]


@njit(cache=True, nogil=True)
def _first_crowds(start, time, other, counterparties, window, inside):
    """Per group of rows the one that makes enough distinct counterparties within a trailing window, or -1.

    Args:
        start: First row of each group, and the end of the last one.
        inside: How many of an address are in the window: zeros, and zeros again at the end.
    """
    found = np.full(len(start) - 1, -1, np.int64)
    for v in range(len(start) - 1):
        if start[v + 1] - start[v] < counterparties:
            continue
        first, last, held = start[v], start[v], 0
        while last < start[v + 1]:
            while time[first] < time[last] - window:
                inside[other[first]] -= 1
                held -= inside[other[first]] == 0
                first += 1
            inside[other[last]] += 1
            held += inside[other[last]] == 1
            last += 1
            if held >= counterparties:
                found[v] = last - 1
                break
        while first < last:
            inside[other[first]] = 0
            first += 1
    return found


def _by_address(labels: Labels, address_count: int) -> tuple[np.ndarray, np.ndarray]:
    table = np.argsort(labels.address, kind="stable")
    start = np.zeros(address_count + 1, np.int64)
    np.cumsum(np.bincount(labels.address, minlength=address_count), out=start[1:])
    return start, table


@njit(cache=True, nogil=True)
def _roles(address, token, time, chain_of_token, start, chain, begin, end, role, entity):
    found, who = np.zeros(len(address), np.int8), np.full(len(address), -1, np.int32)
    for i in range(len(address)):
        for k in range(start[address[i]], start[address[i] + 1]):
            if chain[k] == chain_of_token[token[i]] and begin[k] <= time[i] < end[k]:
                found[i], who[i] = role[k], entity[k]
                break
    return found, who


@njit(cache=True, nogil=True)
def _vertices(token, sender, receiver, token_count, address_count):
    """Dense ids, token by token, with one address table used again for each."""
    start = np.zeros(token_count + 1, np.int64)
    for t in token:
        start[t + 1] += 1
    start = np.cumsum(start)
    order, at = np.empty(len(token), np.int32), start[:-1].copy()
    for i in range(len(token)):
        order[at[token[i]]] = i
        at[token[i]] += 1
    source, target = np.empty(len(token), np.int32), np.empty(len(token), np.int32)
    stamp, known = np.full(address_count, -1, np.int32), np.empty(address_count, np.int32)
    vertex_token, vertex_address = np.empty(2 * len(token), np.int32), np.empty(2 * len(token), np.int32)
    count = 0
    for t in range(token_count):
        for k in range(start[t], start[t + 1]):
            i = order[k]
            for end in range(2):
                a = sender[i] if end == 0 else receiver[i]
                if stamp[a] != t:
                    stamp[a], known[a] = t, count
                    vertex_token[count], vertex_address[count] = t, a
                    count += 1
                if end == 0:
                    source[i] = known[a]
                else:
                    target[i] = known[a]
    return source, target, vertex_token[:count].copy(), vertex_address[:count].copy()


@njit(cache=True, nogil=True)
def adjacency(end, vertex_count):
    """Counting sort: edges per vertex keep their time order."""
    start = np.zeros(vertex_count + 1, np.int64)
    for v in end:
        start[v + 1] += 1
    start = np.cumsum(start)
    at, edges = start[:-1].copy(), np.empty(len(end), np.int32)
    for i in range(len(end)):
        edges[at[end[i]]] = i
        at[end[i]] += 1
    return start, edges


class _VertexLookup:
    """Moments per token and address as moments per vertex."""

    def __init__(self, token: np.ndarray, address: np.ndarray, address_count: int) -> None:
        self._address_count = address_count
        self._key = token.astype(np.int64) * address_count + address

    def since(self, token: np.ndarray, address: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Per vertex the moment given for it, NEVER for the others."""
        found = np.full(len(self._key), NEVER)
        if len(token):
            wanted = token.astype(np.int64) * self._address_count + address
            order = np.argsort(wanted)
            place = np.minimum(np.searchsorted(wanted[order], self._key), len(order) - 1)
            met = wanted[order][place] == self._key
            found[met] = moment[order][place[met]]
        return found
