"""Exposure of an address: whose money came to it, and to whom its money went, directly and over hops, by category.

The shares over hops are the tracer's (docs/detectors.md, "Group flows"): its kernel follows the money of the address,
as if it were a group, with the attribution, age and rest that the settings give group flows, from and to everybody
who is known. For this all transfers of the addresses within reach are read, up to the last one that can matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.known import known_chain
from flow_pipeline.questions.places import relations
from flow_pipeline.questions.rows import Records, Rows, records
from flow_pipeline.questions.walks import asked_for, left_out, lent
from flow_pipeline.settings import ExplorerSettings, TracingSettings
from flow_pipeline.tracing.kernel import ATTRIBUTIONS, PARTS, Completed, Rules, State, advance
from flow_pipeline.tracing.moves import in_order
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

UNKNOWN = "unknown"
"""Category of what came from, or went to, nobody known within the hops asked for."""
_SECONDS_OF_A_BLOCK = 600
_SLOW_BLOCKS = 3
"""Blocks may be late: so many times as long is looked ahead, where rest is counted in blocks."""
_FEW = 500
"""Addresses whose transfers are read one address after the other: a millisecond each, the whole table a second."""
_NAMES = 5
"""Entities of a category that are named, those of most dollars."""
_BEGIN, _END = datetime(1970, 1, 1), datetime(9999, 12, 31)
_WALKED = pa.schema(
    [
        ("address_id", pa.int32()),
        ("since", pa.timestamp("us")),
        ("until", pa.timestamp("us")),
        ("only_out", pa.bool_()),
    ]
)
_CATEGORY_COLUMNS = {
    "direction": "VARCHAR",
    "category": "VARCHAR",
    "entities": "BIGINT",
    "names": "VARCHAR[]",
    "nearest_hops": "INTEGER",
    "transfers": "BIGINT",
    "usd_direct": "DECIMAL(38,6)",
    "share_direct": "DOUBLE",
    "flows": "BIGINT",
    "usd_indirect": "DECIMAL(38,6)",
    "share_indirect": "DOUBLE",
    "usd": "DECIMAL(38,6)",
    "share": "DOUBLE",
}
_TOKEN_COLUMNS = {
    "direction": "VARCHAR",
    "token_symbol": "VARCHAR",
    "token_address": "VARCHAR",
    "category": "VARCHAR",
    "transfers": "BIGINT",
    "amount_direct": "DECIMAL(38,18)",
    "share_direct": "DOUBLE",
    "flows": "BIGINT",
    "amount_indirect": "DECIMAL(38,18)",
    "share_indirect": "DOUBLE",
    "amount": "DECIMAL(38,18)",
    "share": "DOUBLE",
}


@dataclass(frozen=True)
class Exposure:
    """What an address is exposed to.

    Attributes:
        categories: A row per direction (`in`, `out`) and category, in dollars: entities and the first names of them;
            nearest_hops; transfers, usd_direct and share_direct of what came from or went to it in one transfer; flows,
            usd_indirect and share_indirect of what did within the hops asked for; usd and share of both. The row of
            category `unknown` is the rest: shares of a direction sum to 1. Shares are of the dollars that are known,
            and NULL where none are.
        tokens: The same per token, in its units: what has no price is here alone.
        totals: Per direction, a row: transfers, those of them with known dollars, the dollars.
        attribution: fifo or haircut: the rule by which shares move on.
        hops: Most transfers of a flow.
        left_out: What bounds left out, in words: so much more may be somebody's than is shown.
    """

    categories: Records
    tokens: Records
    totals: Records
    attribution: str
    hops: int
    left_out: tuple[str, ...] = ()


@dataclass
class _Sum:
    """What is counted under one heading.

    Attributes:
        transfers, flows: How many are direct and indirect.
        direct, indirect: Their sums.
        hops: The fewest transfers.
        names: Sum per entity.
    """

    transfers: int = 0
    flows: int = 0
    direct: Decimal = Decimal(0)
    indirect: Decimal = Decimal(0)
    hops: int | None = None
    names: dict[str, Decimal] = field(default_factory=dict)

    def add(self, hops: int, count: int, value: Decimal, name: str | None) -> None:
        """Count transfers (one hop) or flows, and their value."""
        if hops == 1:
            self.transfers += count
            self.direct += value
        else:
            self.flows += count
            self.indirect += value
        self.hops = min(self.hops or hops, hops)
        if name is not None:
            self.names[name] = self.names.get(name, Decimal(0)) + value


@dataclass(frozen=True)
class _Share:
    """A part of what an address paid or got that was somebody's: amount in token units, dollars where known."""

    is_out: bool
    party: int
    token: int
    hops: int
    count: int
    amount: Decimal
    usd: Decimal | None


def exposure(
    connection: Connection,
    chain: str,
    address_id: int,
    limits: ExplorerSettings,
    tracing: TracingSettings,
    hops: int | None = None,
) -> Exposure:
    """Whose money came to an address, and to whom its money went.

    Somebody is who has a label, a group of the group file or, where `tracing.use_derived` says so, an exchange by its
    deposit address; and services and hubs without a label, as a category of their own. Money stops with them. Between
    them and the address it passes through others as group flows do: the line of an address begins with the first flow
    that reaches it, from whomever; `fifo` takes the oldest money first, `haircut` the same share of all; what rests
    longer than a flow may is nobody's. `poison` gives every payment all of it, of which there are no shares: `haircut`
    is used then, which reaches the same addresses. Dust counts, which group flows leave out. A flow that takes more
    than `hops` to come near is other money in a line, and begins none. A dollar is that of the transfer with which the
    money left or reached the address.

    Args:
        connection: The published file.
        chain: Any spelling.
        address_id: Whose exposure.
        limits: Bounds.
        tracing: The rules of group flows.
        hops: Most transfers between the address and somebody; 1 for direct ones alone.

    Raises:
        UsageError: there is no such chain, or the hops are too many.
    """
    hops = limits.exposure_hops if hops is None else hops
    if not 1 <= hops <= limits.max_hops:
        raise UsageError(
            f"exposure over {hops} hops is not followed", f"give 1 to {limits.max_hops} (explorer.max_hops)"
        )
    name = known_chain(connection, chain)
    attribution = "haircut" if tracing.attribution == "poison" else tracing.attribution
    follow = _Following(connection, name, address_id, limits, tracing, ATTRIBUTIONS[attribution], hops)
    direct = follow.direct()
    shares = [*direct, *follow.indirect(True), *follow.indirect(False)]
    return Exposure(
        _by_category(shares, follow.parties), _by_token(shares, follow), _totals(follow), attribution, hops,
        tuple(dict.fromkeys(follow.cuts)),
    )  # fmt: skip


class _Following:
    """One address, everybody known, and the money between them."""

    def __init__(
        self,
        connection: Connection,
        chain: str,
        address_id: int,
        limits: ExplorerSettings,
        tracing: TracingSettings,
        attribution: int,
        hops: int,
    ) -> None:
        self.connection, self.limits, self.tracing = connection, limits, tracing
        self.attribution, self.hops = attribution, hops
        self.ends = relations(connection).ends
        self.values: dict[str, Any] = {"chain": chain, "address_id": address_id}
        self.is_bitcoin = chain in chains_of("bitcoin")
        self.cuts: list[str] = []
        given = {"chain": chain, "use_derived": tracing.use_derived}
        self.party_table = connection.execute(sql("exposure_parties"), given).to_arrow_table()
        self.parties: dict[int, tuple[str, str | None]] = {0: (UNKNOWN, None)}
        for number, category, party in zip(
            *(self.party_table[column].to_pylist() for column in ("number", "category", "name")), strict=True
        ):
            self.parties[number] = (category, party)
        self.tokens = {row["token_id"]: row for row in records(connection, sql("exposure_tokens"), {"chain": chain})}
        self.counts: list[dict[str, Any]] = []

    def direct(self) -> list[_Share]:
        """What it paid and got, per token and party."""
        with lent(self.connection, parties=self.party_table):
            self.counts = list(records(self.connection, sql("exposure_direct", ends=self.ends), self.values))
        return [
            _Share(
                row["is_out"],
                row["party"],
                self.tokens[row["token_id"]]["token_key"],
                1,
                row["transfers"],
                row["amount"] or Decimal(0),
                row["usd"],
            )
            for row in self.counts
        ]

    def indirect(self, is_out: bool) -> list[_Share]:
        """What went to somebody, or came from somebody, over more than one transfer."""
        if self.hops == 1:
            return []
        rows = self._moves(self._walk(is_out))
        if not len(rows):
            return []
        moves = in_order(rows, lambda positions: self._ties(rows, positions))
        rules = self._rules(rows, is_out)
        arrived = advance(State.empty(self.hops), moves, rules).completed
        own = (arrived.source if is_out else arrived.destination) == 0
        return [self._share(rows, arrived, int(n), is_out) for n in np.flatnonzero(own & (arrived.hops > 1))]

    def _walk(self, is_out: bool) -> pa.Table:
        """Addresses that money of this one, or for this one, can pass, and when it matters what they did."""
        rest = timedelta(days=self.tracing.max_idle_days)
        if self.is_bitcoin:
            rest = timedelta(seconds=self.tracing.max_idle_blocks * _SECONDS_OF_A_BLOCK * _SLOW_BLOCKS)
        address_id: int = self.values["address_id"]
        windows: dict[int, tuple[datetime, datetime]] = {}
        frontier: dict[int, tuple[datetime, datetime]] = {address_id: (_BEGIN, _END)}
        statement = sql("exposure_step", ends=self.ends)
        for _ in range(1, self.hops):
            asked = _table((address, *window, None) for address, window in frontier.items())
            values = {**self.values, "is_out": is_out, "most": self.limits.max_frontier + 1}
            with lent(self.connection, parties=self.party_table, frontier=asked):
                found = self.connection.execute(statement, values).fetchall()
            if len(found) > self.limits.max_frontier:
                self.cuts.append(left_out(self.limits.max_frontier, "addresses one hop further", "max_frontier"))
            frontier = {}
            for address, first, last in found[: self.limits.max_frontier]:
                since, until = (first, last + rest) if is_out else (first - rest, last)
                known = windows.get(address)
                if known is None or since < known[0] or until > known[1]:
                    since, until = (min(since, known[0]), max(until, known[1])) if known else (since, until)
                    windows[address] = frontier[address] = (since, until)
            if not frontier:
                break
        # What somebody held when the money left is a matter of all that came before.
        own = (address_id, _BEGIN, _END, is_out)
        others = ((one, _BEGIN, until, None) for one, (_, until) in windows.items())
        return _table([own, *others])

    def _moves(self, walked: pa.Table) -> pa.Table:
        """The transfers of these addresses with their places in their blocks; a transfer's ref is its row."""
        most = self.limits.max_exposure_transfers
        asked = walked.to_pylist()
        # A few addresses are few stretches of a sorted table; for many it is read once, whole.
        parts = [[one] for one in asked] if len(asked) <= _FEW else [asked]
        statement = sql("exposure_rows", ends=self.ends)
        found = []
        for part in parts:
            wanted = {name: [one[name] for one in part] for name in ("since", "until", "only_out")}
            values = {"chain": self.values["chain"], "ids": [one["address_id"] for one in part], "most": most + 1}
            found.append(self.connection.execute(statement, {**values, **wanted}).to_arrow_table())
        values = {"address_id": self.values["address_id"], "most": most + 1}
        with lent(self.connection, parties=self.party_table, rows_found=pa.concat_tables(found)):
            seconds = _SECONDS_OF_A_BLOCK * self.is_bitcoin
            rows = self.connection.execute(
                sql("exposure_moves"), {**values, "seconds_of_a_block": seconds}
            ).to_arrow_table()
        if len(rows) > most:
            self.cuts.append(left_out(most, "transfers of addresses on the way", "max_exposure_transfers"))
            rows = rows.slice(0, most)
        rows = rows.append_column("ref", pa.array(np.arange(len(rows))))
        tied = np.arange(len(rows)) if self.is_bitcoin else _tied(rows)
        columns = {name: np.full(len(rows), -1, np.int64) for name in ("block", "place", "transfer_index")}
        clock = np.array(rows["clock"].to_numpy())
        if len(tied):
            names = ("block_number", "transaction_index", "transfer_index")
            places = asked_for(self.connection, rows, tied.tolist(), sql("walk_places"), {})
            for row in places:
                for column, name in zip(columns.values(), names, strict=True):
                    column[row["n"]] = row[name]
        if self.is_bitcoin:
            clock = np.where(columns["block"] >= 0, columns["block"], clock)
        rows = rows.set_column(rows.column_names.index("clock"), "clock", pa.array(clock))
        for name, column in columns.items():
            rows = rows.append_column(name, pa.array(column))
        return rows

    def _ties(self, rows: pa.Table, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hash and content of transfers that nothing else orders."""
        found = asked_for(self.connection, rows, positions.tolist(), sql("exposure_ties"), {})
        by_row = {row["n"]: row for row in found}
        texts = [by_row[int(n)] for n in positions]
        return np.array([row["tx_hash"] for row in texts]), np.array([row["content"] for row in texts])

    def _rules(self, rows: pa.Table, is_out: bool) -> Rules:
        """The limits of group flows; the address is group 0, and everybody known a group, whose flows stand in line."""
        tokens, groups = int(pc.max(rows["token"]).as_py()) + 1, max(self.parties) + 1
        own = np.arange(groups) == 0
        age, rest = self.tracing.max_age_days, self.tracing.max_idle_days
        ticks = (self.tracing.max_age_blocks, self.tracing.max_idle_blocks) if self.is_bitcoin else (
            round(age * 86_400), round(rest * 86_400)
        )  # fmt: skip
        return Rules(
            attribution=self.attribution,
            max_hops=self.hops,
            decay=self.tracing.decay,
            min_confidence=self.tracing.min_confidence,
            max_flows=self.limits.max_exposure_transfers,
            max_age=np.full(tokens, ticks[0]),
            max_idle=np.full(tokens, ticks[1]),
            day_ticks=np.full(tokens, 0 if self.is_bitcoin else 86_400),
            min_units=np.zeros(tokens, np.int64),
            min_parts=np.zeros(tokens, np.int64),
            is_source=np.full(groups, True) if is_out else ~own,
            is_destination=~own if is_out else own,
        )

    def _share(self, rows: pa.Table, arrived: Completed, n: int, is_out: bool) -> _Share:
        """An arrival, valued by the transfer with which the money left or reached the address."""
        hops = int(arrived.hops[n])
        ref = int(arrived.path[n, 0 if is_out else hops - 1])
        party = int(arrived.destination[n] if is_out else arrived.source[n])
        whole, usd = rows["amount"][ref].as_py(), rows["amount_usd"][ref].as_py()
        with localcontext(prec=76):
            amount = Decimal(int(arrived.units[n])) + Decimal(int(arrived.parts[n])) / PARTS
            part = None if usd is None else (usd * amount / whole).quantize(Decimal("1e-6"), ROUND_DOWN)
        return _Share(is_out, party, int(rows["token_key"][ref].as_py()), hops, 1, amount, part)


def _table(rows: Iterable[tuple[int, datetime, datetime, bool | None]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(_WALKED)
    return pa.table(
        [pa.array(column, kind.type) for column, kind in zip(columns, _WALKED, strict=True)], schema=_WALKED
    )


def _tied(rows: pa.Table) -> np.ndarray:
    """Transfers that share an address and a moment with another one: their order in it counts."""
    time, sender, receiver = (np.asarray(rows[name].to_numpy()) for name in ("time", "sender", "receiver"))
    ends = np.concatenate([np.column_stack([time, sender]), np.column_stack([time, receiver])])
    _, inverse, counts = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    is_shared = counts[inverse.reshape(-1)] > 1
    return np.flatnonzero(is_shared[: len(rows)] | is_shared[len(rows) :])


def _by_category(shares: list[_Share], parties: dict[int, tuple[str, str | None]]) -> Records:
    """Sums in dollars, and the rest."""
    sums: dict[tuple[bool, str], _Sum] = defaultdict(_Sum)
    for share in shares:
        category, name = parties[share.party]
        sums[share.is_out, category].add(share.hops, share.count, share.usd or Decimal(0), name)
    known = {way: any(share.usd is not None for share in shares if share.is_out is way) for way in (True, False)}
    rows = []
    for is_out, category, one, total, rest in _with_rest(sums):
        names = sorted(one.names, key=lambda name: (-one.names[name], name))
        values = _values(one, total, rest, known[is_out])
        hops = None if category == UNKNOWN else one.hops
        rows.append((_way(is_out), category, len(names), names[:_NAMES], hops, *values))
    return Records(Rows(list(_CATEGORY_COLUMNS), rows, list(_CATEGORY_COLUMNS.values())))


def _by_token(shares: list[_Share], follow: _Following) -> Records:
    """Sums in units of each token, and the rest."""
    shown = {row["token_key"]: (row["token_symbol"], row["token_address"]) for row in follow.tokens.values()}
    by_token: dict[int, dict[tuple[bool, str], _Sum]] = defaultdict(lambda: defaultdict(_Sum))
    for share in shares:
        category, name = follow.parties[share.party]
        by_token[share.token][share.is_out, category].add(share.hops, share.count, share.amount, name)
    rows = [
        (_way(is_out), *shown[token], category, *_values(one, total, rest, total > 0))
        for token, sums in by_token.items()
        for is_out, category, one, total, rest in _with_rest(sums)
    ]
    rows.sort(key=lambda row: (row[0], str(row[1]), str(row[2])))
    return Records(Rows(list(_TOKEN_COLUMNS), rows, list(_TOKEN_COLUMNS.values())))


def _with_rest(
    sums: dict[tuple[bool, str], _Sum],
) -> Iterable[tuple[bool, str, _Sum, Decimal, Decimal | None]]:
    """Each heading of a direction with the direction's total, the largest first, and last what is nobody's.

    What went to nobody known stands under `unknown` at first; what of it arrived with somebody later is taken out.
    """
    for is_out in (False, True):
        own = {category: one for (way, category), one in sums.items() if way is is_out}
        if not own:
            continue
        with localcontext(prec=76):
            total = sum((one.direct for one in own.values()), Decimal(0))
            found = sum((one.direct + one.indirect for name, one in own.items() if name != UNKNOWN), Decimal(0))
            named = sorted(
                (name for name in own if name != UNKNOWN),
                key=lambda name: (-(own[name].direct + own[name].indirect), name),
            )
            for name in named:
                yield is_out, name, own[name], total, None
            yield is_out, UNKNOWN, own.get(UNKNOWN, _Sum()), total, total - found


def _values(one: _Sum, total: Decimal, rest: Decimal | None, is_known: bool) -> tuple[Any, ...]:
    """Counts, sums and shares as they stand in a row."""
    if not is_known:
        return (one.transfers, None, None, one.flows, None, None, None, None)

    def share(value: Decimal) -> float | None:
        return float(value / total) if total else None

    if rest is not None:
        return (one.transfers, None, None, 0, None, None, rest, share(rest))
    both = one.direct + one.indirect
    return (
        one.transfers, one.direct, share(one.direct), one.flows, one.indirect, share(one.indirect), both, share(both)
    )  # fmt: skip


def _totals(follow: _Following) -> Records:
    """Per direction, how many transfers there are, how many with dollars, and the dollars."""
    rows = []
    for is_out in (False, True):
        own = [row for row in follow.counts if row["is_out"] is is_out]
        dollars = [row["usd"] for row in own if row["usd"] is not None]
        priced = sum(row["priced"] for row in own)
        rows.append((_way(is_out), sum(row["transfers"] for row in own), priced, sum(dollars) if dollars else None))
    return Records(
        Rows(
            ["direction", "transfers", "priced_transfers", "usd"],
            rows,
            ["VARCHAR", "BIGINT", "BIGINT", "DECIMAL(38,6)"],
        )
    )


def _way(is_out: bool) -> str:
    return "out" if is_out else "in"
