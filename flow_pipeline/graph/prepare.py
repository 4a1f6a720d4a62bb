"""From columns of transfers to the graph: order, ids, labels, hubs, adjacency. Linear in the edges but for the sort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from flow_pipeline.graph import BURN, UNLABELLED, TransferGraph


@dataclass(frozen=True)
class Transfers:
    """Columns as they are read, any order. Amounts must be above zero and ends differ.

    `tie_break(rows)` gives the tx_hash texts of rows that are equal in time, block and index; it is asked for those
    only.
    """

    time: np.ndarray
    block: np.ndarray
    index: np.ndarray
    sender: np.ndarray
    receiver: np.ndarray
    token: np.ndarray
    amount: np.ndarray
    amount_usd: np.ndarray
    tie_break: Callable[[np.ndarray], np.ndarray]


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


def build(
    transfers: Transfers,
    labels: Labels,
    hubs: Hubs,
    chain_of_token: np.ndarray,
    symbols: tuple[str | None, ...],
    address_count: int,
) -> TransferGraph:
    """The graph of all tokens.

    Args:
        transfers: Columns of the transfers.
        labels: Roles in time.
        hubs: Who is a hub, and since when.
        chain_of_token: Chain number per token position.
        symbols: Symbol per token position.
        address_count: Largest address id plus one.
    """
    order, rank = time_order(transfers.time, transfers.block, transfers.index, transfers.tie_break)
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
    out_start, out_edges = _adjacency(source, len(vertex_address))
    in_start, in_edges = _adjacency(target, len(vertex_address))
    hub_since = _hub_since(hubs, vertex_token, vertex_address, address_count)
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
        is_sender_terminal=(sender_role != UNLABELLED) | (time >= hub_since[source]),
        is_receiver_terminal=(receiver_role != UNLABELLED) | (time >= hub_since[target]),
        token=vertex_token,
        address=vertex_address,
        out_start=out_start,
        out_edges=out_edges,
        in_start=in_start,
        in_edges=in_edges,
        symbols=symbols,
        row=order,
    )


def time_order(
    time: np.ndarray, block: np.ndarray, index: np.ndarray, tie_break: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Row positions in time order, and their rank. Rows in order cost one pass; hashes are read for ties only."""
    order = np.arange(len(time)) if _is_ordered(time, block, index) else np.lexsort((index, block, time))
    same = np.zeros(len(order), bool)
    if len(order):
        a, b = order[1:], order[:-1]
        same[1:] = (time[a] == time[b]) & (block[a] == block[b]) & (index[a] == index[b])
    tied = np.flatnonzero(same | np.append(same[1:], False))
    if len(tied):
        hashes = tie_break(order[tied])
        group = np.cumsum(~same)[tied]
        inner = np.lexsort((hashes, group))
        order[tied] = order[tied][inner]
        hashes, group = hashes[inner], group[inner]
        same[tied[1:]] = (group[1:] == group[:-1]) & (hashes[1:] == hashes[:-1])
        same[tied[0]] = False
    return order, np.cumsum(~same).astype(np.int32)


@njit(cache=True, nogil=True)
def _is_ordered(time, block, index):
    for i in range(1, len(time)):
        if time[i] < time[i - 1]:
            return False
        if time[i] == time[i - 1] and (
            block[i] < block[i - 1] or (block[i] == block[i - 1] and index[i] < index[i - 1])
        ):
            return False
    return True


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
def _adjacency(end, vertex_count):
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


def _hub_since(hubs: Hubs, token: np.ndarray, address: np.ndarray, address_count: int) -> np.ndarray:
    """Per vertex the time from which it is a hub; the end of time for the others."""
    found = np.full(len(address), np.iinfo(np.int64).max)
    wanted = hubs.token.astype(np.int64) * address_count + hubs.address
    order = np.argsort(wanted)
    key = token.astype(np.int64) * address_count + address
    place = np.minimum(np.searchsorted(wanted[order], key), len(order) - 1)
    if len(order):
        met = wanted[order][place] == key
        found[met] = hubs.since[order][place[met]]
    return found
