"""Paths between two addresses that money can have gone in the order of time.

Two walks, from the source with the money and from the target against it, say which addresses can lie between, half of
the hops each; then the transfers among these are searched exactly. What is held in memory is bounded, and what a bound
leaves out is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import pyarrow as pa

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.graph.timed_paths import Step, timed_paths
from flow_pipeline.questions.known import check_window, known_chain
from flow_pipeline.questions.places import names_of, relations, tokens_of
from flow_pipeline.questions.walks import asked_for, left_out, lent, stops_of
from flow_pipeline.settings import ExplorerSettings
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

_DAY = 86_400_000_000
"""Microseconds."""
_REACHED = pa.schema([("address_id", pa.int32()), ("moment", pa.timestamp("us"))])
_NEAR = pa.schema([("address_id", pa.int32()), ("hops", pa.int32())])


@dataclass(frozen=True)
class Paths:
    """Paths from one address to another.

    Attributes:
        paths: Per path `hops`, `first_at`, `last_at`, `legs`. A leg: from_address, from_entity, from_category,
            to_address, to_entity, to_category, block_timestamp, block_number, tx_hash, transfer_index, token_symbol,
            token_address, spoof_suspected, amount, amount_usd.
        left_out: What bounds left out, in words; empty where the answer is whole.
    """

    paths: list[dict[str, Any]] = field(default_factory=list)
    left_out: tuple[str, ...] = ()


@dataclass
class _Walk:
    """How one walk goes.

    Attributes:
        is_out: With the money, or against it.
        start: Where it begins.
        values: What statements take.
        stops: Addresses that are not passed through.
        hops: Per address how many hops away it is.
        moments: Per address from when on money can go on, or until when it can have come.
        frontier: Addresses reached last, with their moments.
    """

    is_out: bool
    start: int
    values: dict[str, Any]
    stops: set[int]
    hops: dict[int, int] = field(default_factory=dict)
    moments: dict[int, datetime] = field(default_factory=dict)
    frontier: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.frontier = {self.start: datetime.min if self.is_out else datetime.max}
        self.moments, self.hops = dict(self.frontier), {self.start: 0}


def paths(
    connection: Connection,
    chain: str,
    from_id: int,
    to_id: int,
    limits: ExplorerSettings,
    hops: int | None = None,
    days: float | None = None,
    window: Window = Window(),
    token: str | None = None,
) -> Paths:
    """Paths from one address to another, the fewest hops first, of as many the first to arrive.

    A path is a sequence of distinct addresses; no leg is before the one before it, as far as the order of transfers is
    known (time, then block, transaction and transfer index), and all lie within `days`. It is shown by its first
    passage. It may change tokens on its way. Labelled services, hubs and what behaves like a service are not passed
    through; the two ends may be such. Legs are counted transfers: of an amount above zero or unknown.

    Args:
        connection: The published file.
        chain: Any spelling.
        from_id: The address that paid.
        to_id: The address that was paid.
        limits: Bounds, and what holds where nothing is said.
        hops: Most transfers of a path.
        days: Most days from the first transfer of a path to the last.
        window: Only transfers of these days.
        token: Only transfers of this token, by symbol or contract.

    Raises:
        UsageError: there is no such chain, token or day; or the bounds asked for are wider than the settings.
    """
    hops, days = hops or limits.path_hops, days or limits.path_days
    _check(from_id, to_id, hops, days, limits)
    name = known_chain(connection, chain)
    check_window(connection, window)
    values = {"chain": name, "tokens": tokens_of(connection, name, token), "first": window.first, "last": window.last}
    cuts: list[str] = []
    near = _between(connection, from_id, to_id, hops, values, limits, cuts)
    steps = _steps(connection, near, hops, values, limits, cuts)
    within = round(days * _DAY)
    found = timed_paths(steps.ordered, from_id, to_id, hops, within, limits.max_paths + 1, limits.max_path_effort)
    if found.is_cut:
        cuts.append(left_out(limits.max_path_effort, "transfers tried on", "max_path_effort"))
    if len(found.paths) > limits.max_paths:
        cuts.append(left_out(limits.max_paths, "paths", "max_paths"))
    return Paths(_shown(connection, name, steps, found.paths[: limits.max_paths]), tuple(dict.fromkeys(cuts)))


def _check(from_id: int, to_id: int, hops: int, days: float, limits: ExplorerSettings) -> None:
    if from_id == to_id:
        raise UsageError("a path leads from one address to another, and both are the same", "give two addresses")
    if not 1 <= hops <= limits.max_hops:
        raise UsageError(f"paths of {hops} hops are not searched", f"give 1 to {limits.max_hops} (explorer.max_hops)")
    if not 0 < days <= limits.max_path_days:
        raise UsageError(
            f"paths of {days:g} days are not searched",
            f"give more than 0 and at most {limits.max_path_days:g} (explorer.max_path_days)",
        )


def _between(
    connection: Connection,
    from_id: int,
    to_id: int,
    hops: int,
    values: dict[str, Any],
    limits: ExplorerSettings,
    cuts: list[str],
) -> pa.Table:
    """Addresses that can lie on a path, with their hops from the source and to the target."""
    stops = {*stops_of(connection, values["chain"]).to_pylist(), from_id, to_id}
    onward, back = _Walk(True, from_id, values, stops), _Walk(False, to_id, values, stops)
    half = (hops + 1) // 2
    for hop in range(1, half + 1):
        _go(connection, onward, hop, None, limits, cuts)
    for hop in range(1, hops - half + 1):
        _go(connection, back, hop, None, limits, cuts)
    # Each walk now goes on where the other one has been: only there can the two meet.
    met = dict(onward.hops)
    for hop in range(hops - half + 1, hops + 1):
        _go(connection, back, hop, (met, hops - hop), limits, cuts)
    met = dict(back.hops)
    for hop in range(half + 1, hops + 1):
        _go(connection, onward, hop, (met, hops - hop), limits, cuts)
    passed = [
        (address, onward.hops[address], back.hops[address])
        for address in onward.hops.keys() & back.hops.keys()
        if onward.hops[address] + back.hops[address] <= hops and (address not in stops or address in (from_id, to_id))
    ]
    columns = list(zip(*sorted(passed), strict=True)) or [(), (), ()]
    names = ("address_id", "hops_from", "hops_to")
    return pa.table({name: pa.array(column, pa.int32()) for name, column in zip(names, columns, strict=True)})


def _go(
    connection: Connection,
    walk: _Walk,
    hop: int,
    within: tuple[dict[int, int], int] | None,
    limits: ExplorerSettings,
    cuts: list[str],
) -> None:
    """One hop further, over all addresses or those that the other walk has met, with the hops that are left."""
    asked = {address: moment for address, moment in walk.frontier.items() if hop == 1 or address not in walk.stops}
    if not asked:
        walk.frontier = {}
        return
    met, hops_left = within or ({}, 0)
    frontier = pa.table([pa.array(list(asked), pa.int32()), pa.array(list(asked.values()))], schema=_REACHED)
    places = pa.table([pa.array(list(met), pa.int32()), pa.array(list(met.values()), pa.int32())], schema=_NEAR)
    bounds = {"is_out": walk.is_out, "is_open": within is None, "hops_left": hops_left}
    statement = sql("paths_step", ends=relations(connection).ends)
    with lent(connection, frontier=frontier, within=places):
        found = connection.execute(statement, {**walk.values, **bounds, "most": limits.max_frontier + 1}).fetchall()
    if len(found) > limits.max_frontier:
        cuts.append(left_out(limits.max_frontier, "addresses one hop further", "max_frontier"))
    walk.frontier = {}
    for address, moment, _ in found[: limits.max_frontier]:
        known = walk.moments.get(address)
        if known is None or (moment < known if walk.is_out else moment > known):
            walk.moments[address] = walk.frontier[address] = moment
            walk.hops.setdefault(address, hop)


@dataclass(frozen=True)
class _Steps:
    """Transfers among addresses, and the same as a search takes them: their place is their ref."""

    rows: pa.Table
    ordered: Sequence[Step]


def _steps(
    connection: Connection,
    near: pa.Table,
    hops: int,
    values: dict[str, Any],
    limits: ExplorerSettings,
    cuts: list[str],
) -> _Steps:
    """The transfers that can be legs, in their order."""
    statement = sql("paths_steps", ends=relations(connection).ends)
    bounds = {"hops": hops, "most": limits.max_path_transfers + 1}
    with lent(connection, near=near):
        rows = connection.execute(statement, {**values, **bounds}).to_arrow_table()
    if len(rows) > limits.max_path_transfers:
        cuts.append(left_out(limits.max_path_transfers, "transfers that can be legs", "max_path_transfers"))
        rows = rows.slice(0, limits.max_path_transfers)
    columns = [rows[name].to_pylist() for name in ("time", "from_id", "to_id")]
    places = _places(connection, rows, *columns)
    keys = [(time, *places.get(n, ())) for n, time in enumerate(columns[0])]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ordered: list[Step] = []
    for rank, (_, same) in enumerate(groupby(order, key=keys.__getitem__)):
        ordered += [Step(rank, columns[0][n], columns[1][n], columns[2][n], n) for n in same]
    return _Steps(rows, ordered)


def _places(
    connection: Connection, rows: pa.Table, times: list[int], senders: list[int], receivers: list[int]
) -> dict[int, tuple[int, int, int]]:
    """Block, transaction and transfer index of transfers of a moment in which an address was paid and paid.

    What only some of a moment, block or transaction have orders none of them.
    """
    paid = set(zip(receivers, times, strict=True))
    moments = {time for sender, time in zip(senders, times, strict=True) if (sender, time) in paid}
    tied = [n for n, time in enumerate(times) if time in moments]
    if not tied:
        return {}
    found = asked_for(connection, rows, tied, sql("walk_places"), {})
    known = {row["n"]: (row["block_number"], row["transaction_index"], row["transfer_index"]) for row in found}
    for depth in range(3):
        groups: dict[tuple[int, ...], list[int]] = {}
        for n, place in known.items():
            groups.setdefault((times[n], *place[:depth]), []).append(n)
        for members in groups.values():
            if any(known[n][depth] < 0 for n in members):
                for n in members:
                    known[n] = (*known[n][:depth], -1, *known[n][depth + 1 :])
    return known


def _shown(connection: Connection, chain: str, steps: _Steps, found: list[tuple[int, ...]]) -> list[dict[str, Any]]:
    """Paths with the names of addresses and what stands of each leg."""
    if not found:
        return []
    read = relations(connection)
    places = sorted({ref for refs in found for ref in refs})
    statement = sql("paths_legs", ends=read.ends, tokens=read.tokens)
    legs = {row.pop("n"): row for row in asked_for(connection, steps.rows, places, statement, {"chain": chain})}
    names = names_of(connection, chain, {leg[end] for leg in legs.values() for end in ("from_id", "to_id")})
    for leg in legs.values():
        for end in ("from", "to"):
            name = names[leg.pop(f"{end}_id")]
            leg |= {f"{end}_{what}": name[what] for what in ("address", "entity", "category")}
    return [
        {
            "hops": len(refs),
            "first_at": legs[refs[0]]["block_timestamp"],
            "last_at": legs[refs[-1]]["block_timestamp"],
            "legs": [legs[ref] for ref in refs],
        }
        for refs in found
    ]
