"""The last hours of transfers in memory: appended as they come, walked back from the newest, taken back when they fall.

What lives here: columns that grow at one end, a chain of transfers per vertex and side with the newest first, what the
window shows of its vertices (crowds, hubs), and the small graphs that the kernels of the batch judge. What must not:
what is suspicious, files, the database.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from flow_pipeline.graph import BURN, UNLABELLED, TransferGraph
from flow_pipeline.graph.order import known_places, time_order
from flow_pipeline.graph.paths import DAY
from flow_pipeline.graph.prepare import NEVER, adjacency

NOBODY = -1
_VERTEX_BYTES = 600
"""What a vertex and its address cost beside its columns: two entries of dictionaries and a text."""
_DROPPED_AT_ONCE = 8
"""The part of the window, one in so many, that is dropped when memory is short: seldom, and not all at once."""


class Edges(NamedTuple):
    """Columns by position in the window; `before_out` and `before_in` lead to the transfer before at that end."""

    time: np.ndarray
    block: np.ndarray
    place: np.ndarray
    log: np.ndarray
    sender: np.ndarray
    receiver: np.ndarray
    amount: np.ndarray
    amount_usd: np.ndarray
    sender_role: np.ndarray
    receiver_role: np.ndarray
    sender_entity: np.ndarray
    receiver_entity: np.ndarray
    before_out: np.ndarray
    before_in: np.ndarray
    mark: np.ndarray


class Vertices(NamedTuple):
    """Columns by vertex: ends of its chains, transfers held, since when it is what, and when to look at it again."""

    last_out: np.ndarray
    last_in: np.ndarray
    outs: np.ndarray
    ins: np.ndarray
    hub_since: np.ndarray
    paid_by_many: np.ndarray
    pays_many: np.ndarray
    known_hub: np.ndarray
    known_paid_by_many: np.ndarray
    known_pays_many: np.ndarray
    came_out: np.ndarray
    came_in: np.ndarray
    look_hub: np.ndarray
    look_paid_by_many: np.ndarray
    look_pays_many: np.ndarray
    token: np.ndarray
    address: np.ndarray
    stamp: np.ndarray


_EDGE_TYPES = (
    np.int64, np.int64, np.int64, np.int64, np.int32, np.int32, np.float64, np.float64, np.int8, np.int8, np.int32,
    np.int32, np.int32, np.int32, np.int64,
)  # fmt: skip
_VERTEX_FILL = (
    (np.int32, -1), (np.int32, -1), (np.int32, 0), (np.int32, 0), (np.int64, NEVER), (np.int64, NEVER),
    (np.int64, NEVER), (np.int64, NEVER), (np.int64, NEVER), (np.int64, NEVER), (np.int64, 0), (np.int64, 0),
    (np.int64, 0), (np.int64, 0), (np.int64, 0), (np.int32, -1), (np.int32, -1), (np.int64, 0),
)  # fmt: skip


@dataclass(frozen=True)
class KnownAddresses:
    """What is known before the first transfer, by text.

    Attributes:
        stretches: Per address where its labels of this chain stand in the arrays: first, and one behind the last.
        start, end, role, entity: Stretches of time in which an address has a role; they never overlap for one address.
        hubs: Since when an address is a hub, per token and address.
        crowds: Since when it is paid by many, and pays many, per token and address; NEVER is not yet.
    """

    stretches: dict[str, tuple[int, int]]
    start: np.ndarray
    end: np.ndarray
    role: np.ndarray
    entity: np.ndarray
    hubs: dict[tuple[str, str], int]
    crowds: dict[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True)
class Limits:
    """What bounds a window, and what makes an address a service in it.

    Attributes:
        age: Microseconds that are looked back on.
        bytes: Memory for the window.
        counterparties: So many within `crowd_window` are many.
        crowd_window: Microseconds.
        hub_degree: Distinct counterparties from which an address is a hub, since the day on which it has them.
    """

    age: int
    bytes: int
    counterparties: int
    crowd_window: int
    hub_degree: int


@dataclass(frozen=True)
class Taken:
    """What came or fell.

    Attributes:
        first, last: Positions of the transfers that came: [first, last), in the order of transfers.
        late: Per transfer that came whether one of its ends had a later one before.
        changed: Vertices that became a service or a hub, or are none any more.
        since: Per changed vertex, from when on its transfers are other ones.
        freed: Vertices that have no transfer any more; their numbers are given again.
        ends: Vertices of the transfers that came or fell.
    """

    first: int
    last: int
    late: np.ndarray
    changed: np.ndarray
    since: np.ndarray
    freed: np.ndarray
    ends: np.ndarray


class Window:
    """The last hours of one source's transfers.

    Positions change when the window is worked together; a transfer's serial number is its own for good.
    """

    def __init__(self, known: KnownAddresses, limits: Limits) -> None:
        self._known, self._limits = known, limits
        self.first, self.size, self.base, self.mark = 0, 0, 0, 0
        self.dropped = 0
        self.newest = np.iinfo(np.int64).min
        self._names = list(Edges._fields)
        self._columns = {name: np.empty(4_096, kind) for name, kind in zip(Edges._fields, _EDGE_TYPES, strict=True)}
        self._columns["mark"][:] = 0
        self._columns |= {name: np.empty(4_096, np.int64) for name in _WORDS}
        self._vertex_columns = {
            name: np.full(4_096, fill, kind) for name, (kind, fill) in zip(Vertices._fields, _VERTEX_FILL, strict=True)
        }
        self._vertex_count, self._free_vertices = 0, np.empty(0, np.int64)
        self._vertex_of: dict[int, int] = {}
        self._address_of: dict[str, int] = {}
        self._addresses: list[str] = []
        self._uses, self._free_addresses = np.zeros(4_096, np.int64), list[int]()
        self._first_label, self._last_label = np.zeros(4_096, np.int64), np.zeros(4_096, np.int64)
        self._token_of: dict[str, int] = {}
        self.tokens: list[tuple[str | None, str | None]] = []
        self._symbols: list[str | None] = []
        self._batches: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._tables: list[pa.Array] = []
        self._table_bytes = 0

    @property
    def edges(self) -> Edges:
        """The columns; positions from `first` to `size` hold transfers."""
        return Edges(*(self._columns[name] for name in Edges._fields))

    @property
    def vertices(self) -> Vertices:
        """The columns of vertices."""
        return Vertices(*(self._vertex_columns[name] for name in Vertices._fields))

    def __len__(self) -> int:
        """Transfers held."""
        return self.size - self.first

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        columns = (*self._columns.values(), *self._vertex_columns.values(), self._uses, self._first_label)
        own = len(self._vertex_of) * _VERTEX_BYTES
        return sum(column.nbytes for column in columns) + self._table_bytes + own

    def column(self, name: str, kind: type, fill: int) -> np.ndarray:
        """One more column by position, made when it is first asked for; it moves with the others."""
        if name not in self._columns:
            self._columns[name] = np.full(len(self._columns["time"]), fill, kind)
        return self._columns[name]

    def vertex_column(self, name: str, kind: type, fill: int) -> np.ndarray:
        """One more column by vertex."""
        if name not in self._vertex_columns:
            self._vertex_columns[name] = np.full(len(self._vertex_columns["token"]), fill, kind)
        return self._vertex_columns[name]

    def share(self, nbytes: int) -> None:
        """Change the memory it may take, from the next transfers on."""
        self._limits = replace(self._limits, bytes=nbytes)

    def next_mark(self) -> int:
        """A number that no transfer and no vertex is marked with."""
        self.mark += 1
        return self.mark

    def take(self, transfers: pa.Table, block: int | None) -> Taken:
        """Append transfers; those that are no edges (loops, zero, unknown amounts, mints, burns) are left out.

        Args:
            transfers: Columns of `nodes.TRANSFERS`.
            block: Number of the block they came with; None where they can not fall.
        """
        freed = self._drop_old(transfers)
        count = self._append(transfers)
        first = self.size - count
        if block is not None:
            self._batches.append((block, first + self.base))
        late = np.zeros(self.size - first, np.bool_)
        _link(self.edges, self.vertices, self.first, first, self.size, late)
        ends = self._ends(first, self.size)
        changed, since = self._look_at(first, self.size, late, ends)
        if self.size > first:
            self.newest = max(self.newest, int(self._columns["time"][first : self.size].max()))
        return Taken(first, self.size, late, changed, since, freed, ends)

    def fall(self, number: int) -> tuple[np.ndarray, Taken]:
        """Take back the transfers of every block above a number.

        Returns:
            Serial numbers of those that fell, and what changed by it.
        """
        last = self.size
        cut = last + self.base
        while self._batches and self._batches[-1][0] > number:
            cut = min(cut, self._batches.pop()[1])
        first = max(cut - self.base, self.first)
        columns, ends = self.edges, self._ends(first, last)
        begin = int(columns.time[first:last].min()) if last > first else NEVER
        _unlink(columns, self.vertices, self.first, first, last)
        self.size = first
        self.newest = int(columns.time[self.first : first].max()) if first > self.first else np.iinfo(np.int64).min
        while self._starts and self._starts[-1] >= first + self.base:
            self._starts.pop()
            self._table_bytes -= self._tables.pop().nbytes
        changed, since = self._look_back(ends, begin)
        fallen = np.arange(first, last) + self.base
        return fallen, Taken(first, first, np.zeros(0, np.bool_), changed, since, np.empty(0, np.int64), ends)

    def position(self, serials: np.ndarray) -> np.ndarray:
        """Positions of serial numbers; those below `first` are no longer held."""
        return serials - self.base

    def graph(self, positions: np.ndarray) -> TransferGraph:
        """Some transfers as the graph that kernels judge; `row` is the serial number.

        Its vertices are as the window knows them, however few of their transfers are asked for; `address` is the
        vertex of the window.
        """
        columns, vertices = self.edges, self.vertices
        keys = tuple(column[positions] for column in (columns.time, columns.block, columns.place, columns.log))

        def tie_break(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            told = self.told(positions[rows])
            ends = [f"{row['from_address']} {row['to_address']}" for row in told]
            return np.asarray([row["tx_hash"] or "" for row in told], str), np.asarray(ends, str)

        order, rank = time_order(keys, (columns.amount[positions],), tie_break)
        at = positions[order]
        own, ends = np.unique(np.concatenate((columns.sender[at], columns.receiver[at])), return_inverse=True)
        source, target = ends[: len(at)].astype(np.int32), ends[len(at) :].astype(np.int32)
        paid, pays = vertices.paid_by_many[own], vertices.pays_many[own]
        service = np.minimum(vertices.hub_since[own], np.maximum(paid, pays))
        time, usd = columns.time[at], columns.amount_usd[at]
        out_start, out_edges = adjacency(source, len(own))
        in_start, in_edges = adjacency(target, len(own))
        sender_role, receiver_role = columns.sender_role[at], columns.receiver_role[at]
        return TransferGraph(
            time=time,
            rank=rank,
            sender=source,
            receiver=target,
            amount=columns.amount[at],
            amount_usd=usd if not np.isnan(usd).all() else np.empty(0),
            sender_role=sender_role,
            receiver_role=receiver_role,
            sender_entity=columns.sender_entity[at],
            receiver_entity=columns.receiver_entity[at],
            is_sender_terminal=(sender_role != UNLABELLED) | (time >= service[source]),
            is_receiver_terminal=(receiver_role != UNLABELLED) | (time >= service[target]),
            token=vertices.token[own],
            address=own.astype(np.int32),
            out_start=out_start,
            out_edges=out_edges,
            in_start=in_start,
            in_edges=in_edges,
            symbols=tuple(self._symbols),
            row=at + self.base,
        )

    def told(self, positions: np.ndarray) -> list[dict[str, Any]]:
        """What the transfers at some positions say: hash, place, exact amounts, ends, block and time."""
        columns, hashes = self.edges, self._hashes(positions)
        names = self._vertex_columns["address"]
        ends = (names[columns.sender[positions]], names[columns.receiver[positions]])
        high, low = (self._columns[name][positions].tolist() for name in _WORDS)
        log, usd = columns.log[positions].tolist(), columns.amount_usd[positions].tolist()
        block, time = columns.block[positions].tolist(), columns.time[positions].tolist()
        return [
            {
                "tx_hash": hashes[n],
                "transfer_index": log[n] if log[n] >= 0 else None,
                "from_address": self._addresses[sender],
                "to_address": self._addresses[receiver],
                "amount": Decimal((high[n] << 64) + (low[n] & _LOW)).scaleb(-_PLACES, EXACT),
                "amount_usd": None if usd[n] != usd[n] else usd[n],
                "block_number": block[n],
                "time": time[n],
            }
            for n, (sender, receiver) in enumerate(zip(*(end.tolist() for end in ends), strict=True))
        ]

    def _hashes(self, positions: np.ndarray) -> list[str | None]:
        found = []
        for serial in (positions + self.base).tolist():
            number = bisect_right(self._starts, serial) - 1
            found.append(self._tables[number][serial - self._starts[number]].as_py())
        return found

    def text(self, vertex: int) -> str:
        """The address of a vertex."""
        return str(self._addresses[self._vertex_columns["address"][vertex]])

    def of_vertices(self, vertices: np.ndarray, is_out: bool, is_in: bool) -> np.ndarray:
        """Positions of the transfers of some vertices, each once."""
        columns, of = self.edges, self.vertices
        mark = self.next_mark()
        return np.sort(_of_vertices(columns, of, self.first, vertices.astype(np.int64), is_out, is_in, mark))

    def _ends(self, first: int, last: int) -> np.ndarray:
        columns = self.edges
        return np.unique(np.concatenate((columns.sender[first:last], columns.receiver[first:last]))).astype(np.int64)

    # What comes in.

    def _append(self, transfers: pa.Table) -> int:
        """Put them behind the last; how many there are. Positions may be other ones afterwards."""
        rows = transfers.combine_chunks()
        amount = numbers(rows["amount"])
        senders, receivers = _encoded(rows["from_address"]), _encoded(rows["to_address"])
        token = self._tokens(rows)
        is_edge = (amount > 0) & (senders[0] >= 0) & (receivers[0] >= 0) & (token >= 0)
        from_id, to_id = self._intern(senders), self._intern(receivers)
        is_edge &= from_id != to_id
        time = rows["block_timestamp"].cast(pa.int64()).to_numpy()
        block, place, log = (
            pc.fill_null(rows[name], -1).to_numpy() for name in ("block_number", "transaction_index", "transfer_index")
        )
        labels = (self._first_label, self._last_label, self._known.start, self._known.end)
        sides = [
            _roles(np.where(is_edge, end, -1), time, *labels, self._known.role, self._known.entity)
            for end in (from_id, to_id)
        ]
        is_edge &= (sides[0][0] != BURN) & (sides[1][0] != BURN)
        place = known_places(time, block, token, place)
        kept = np.flatnonzero(is_edge)
        texts = _hashes_of(rows)

        def tie_break(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            at = kept[positions]
            ends = [[self._addresses[n] for n in end[at].tolist()] for end in (from_id, to_id)]
            return texts(at), np.asarray([f"{a} {b}" for a, b in zip(*ends, strict=True)], str)

        order, _ = time_order(tuple(key[kept] for key in (time, block, place, log)), (amount[kept],), tie_break)
        kept = kept[order]
        count = len(kept)
        self._make_room(count)
        new = slice(self.size, self.size + count)
        usd = numbers(rows["amount_usd"])
        for name, column in (
            ("time", time), ("block", block), ("place", place), ("log", log), ("amount", amount),
            ("amount_usd", usd), ("sender_role", sides[0][0]), ("receiver_role", sides[1][0]),
            ("sender_entity", sides[0][1]), ("receiver_entity", sides[1][1]),
        ):  # fmt: skip
            self._columns[name][new] = column[kept]
        for name, words in zip(_WORDS, halves(rows["amount"]), strict=True):
            self._columns[name][new] = words[kept]
        self._columns["sender"][new] = self._vertices_of(token[kept], from_id[kept])
        self._columns["receiver"][new] = self._vertices_of(token[kept], to_id[kept])
        self._columns["mark"][new] = 0
        self._free_unused(np.unique(np.concatenate((from_id, to_id))))
        if count:
            told = rows["tx_hash"].combine_chunks().take(pa.array(kept))
            self._starts.append(self.size + self.base)
            self._tables.append(told)
            self._table_bytes += told.nbytes
        self.size += count
        return count

    def _tokens(self, rows: pa.Table) -> np.ndarray:
        """Token number per row, -1 where the row names none."""
        contract, symbol = _encoded(rows["token_address"]), _encoded(rows["token_symbol"])
        pair = contract[0].astype(np.int64) * (len(symbol[1]) + 1) + symbol[0] + 1
        found = np.full(len(pair), -1, np.int64)
        for value in np.unique(pair).tolist():
            which, named = divmod(value, len(symbol[1]) + 1) if value >= 0 else (-1, value + len(symbol[1]) + 1)
            address = contract[1][which] if which >= 0 else None
            name = symbol[1][named - 1] if named > 0 else None
            key = address or name
            if key is None:
                continue
            if key not in self._token_of:
                self._token_of[key] = len(self.tokens)
                self.tokens.append((address, name))
                self._symbols.append(name)
            found[pair == value] = self._token_of[key]
        return found

    def _intern(self, encoded: tuple[np.ndarray, list[str]]) -> np.ndarray:
        """Numbers of addresses, -1 where there is none; new ones get what is known of them."""
        codes, texts = encoded
        numbers_of = np.empty(len(texts) + 1, np.int64)
        numbers_of[-1] = NOBODY
        for place, text in enumerate(texts):
            number = self._address_of.get(text, NOBODY)
            if number < 0:
                number = self._free_addresses.pop() if self._free_addresses else len(self._addresses)
                if number == len(self._addresses):
                    self._addresses.append(text)
                    if number == len(self._uses):
                        self._uses, self._first_label, self._last_label = (
                            np.concatenate((column, np.zeros_like(column)))
                            for column in (self._uses, self._first_label, self._last_label)
                        )
                self._addresses[number] = text
                self._address_of[text] = number
                self._first_label[number], self._last_label[number] = self._known.stretches.get(text, (0, 0))
            numbers_of[place] = number
        return np.asarray(numbers_of[codes])

    def _vertices_of(self, token: np.ndarray, address: np.ndarray) -> np.ndarray:
        keys, of = np.unique(token << 32 | address, return_inverse=True)
        found = np.array([self._vertex_of.get(key, NOBODY) for key in keys.tolist()], np.int64)
        new = np.flatnonzero(found < 0)
        if len(new):
            found[new] = self._new_vertices(keys[new])
        return found[of]

    def _new_vertices(self, keys: np.ndarray) -> np.ndarray:
        again = min(len(keys), len(self._free_vertices))
        count = self._vertex_count + len(keys) - again
        made = np.concatenate((self._free_vertices[:again], np.arange(self._vertex_count, count)))
        self._free_vertices, self._vertex_count = self._free_vertices[again:], count
        if count > len(self._vertex_columns["token"]):
            for name, column in self._vertex_columns.items():
                larger = np.empty(max(2 * len(column), count), column.dtype)
                larger[: len(column)], larger[len(column) :] = column, 0
                self._vertex_columns[name] = larger
        for column in self._vertex_columns.values():
            column[made] = 0
        for name, (_, fill) in zip(Vertices._fields, _VERTEX_FILL, strict=True):
            self._vertex_columns[name][made] = fill
        columns, token, address = self.vertices, keys >> 32, keys & 0xFFFFFFFF
        columns.token[made], columns.address[made] = token, address
        np.add.at(self._uses, address, 1)
        self._vertex_of.update(zip(keys.tolist(), made.tolist(), strict=True))
        if self._known.hubs or self._known.crowds:
            self._recall(made, token, address)
        return made

    def _recall(self, made: np.ndarray, tokens: np.ndarray, addresses: np.ndarray) -> None:
        """Give new vertices what is known of them."""
        columns = self.vertices
        for vertex, token, address in zip(made.tolist(), tokens.tolist(), addresses.tolist(), strict=True):
            contract, symbol = self.tokens[token]
            named = (contract or symbol or "", self._addresses[address])
            hub = self._known.hubs.get(named, NEVER)
            paid, pays = self._known.crowds.get(named, (NEVER, NEVER))
            columns.known_hub[vertex], columns.hub_since[vertex] = hub, hub
            columns.known_paid_by_many[vertex], columns.paid_by_many[vertex] = paid, paid
            columns.known_pays_many[vertex], columns.pays_many[vertex] = pays, pays

    def _free_unused(self, addresses: np.ndarray) -> None:
        for number in addresses[addresses >= 0].tolist():
            text = self._addresses[number]
            if self._uses[number] == 0 and text:
                del self._address_of[text]
                self._addresses[number] = ""
                self._free_addresses.append(number)

    # What goes out.

    def _drop_old(self, transfers: pa.Table) -> np.ndarray:
        """Drop what is too old beside what comes, and the oldest where memory is short."""
        first = self.first
        if transfers.num_rows and len(self):
            newest = pc.max(transfers["block_timestamp"]).cast(pa.int64()).as_py() or self.newest
            first = _first_since(self.edges.time, first, self.size, max(newest, self.newest) - self._limits.age)
        freed = [self._drop(first)] if first > self.first else []
        while self.nbytes > self._limits.bytes and len(self) > 1:
            count = max(len(self) // _DROPPED_AT_ONCE, 1)
            self.dropped += count
            freed.append(self._drop(self.first + count))
            self._work_together()
        return np.concatenate(freed) if freed else np.empty(0, np.int64)

    def _drop(self, first: int) -> np.ndarray:
        """Let go of everything before a position; the vertices that nothing is left of."""
        freed = _release(self.edges, self.vertices, self.first, first)
        self.first = first
        gone = max(bisect_right(self._starts, first + self.base) - 1, 0)
        self._table_bytes -= sum(rows.nbytes for rows in self._tables[:gone])
        del self._starts[:gone], self._tables[:gone]
        while self._batches and len(self._batches) > 1 and self._batches[1][1] <= first + self.base:
            self._batches.pop(0)
        columns = self.vertices
        addresses = columns.address[freed]
        for token, address in zip(columns.token[freed].tolist(), addresses.tolist(), strict=True):
            del self._vertex_of[token << 32 | address]
            self._uses[address] -= 1
        self._free_vertices = np.concatenate((self._free_vertices, freed))
        self._free_unused(np.unique(addresses))
        return np.asarray(freed)

    def _make_room(self, count: int) -> None:
        if self.size + count <= len(self._columns["time"]):
            return
        if self.first > len(self._columns["time"]) // 2:
            self._work_together()
        while self.size + count > len(self._columns["time"]):
            for name, column in self._columns.items():
                larger = np.zeros(len(column) * 3 // 2 + count, column.dtype)
                larger[: self.size] = column[: self.size]
                self._columns[name] = larger

    def _work_together(self) -> None:
        """Move what is held to the front of the columns, which shrink where they are mostly empty."""
        shift, held = self.first, len(self)
        room = max(held * 5 // 4, 4_096)
        for name, column in self._columns.items():
            smaller = np.zeros(room, column.dtype) if room < len(column) else column
            smaller[:held] = column[shift : self.size]
            self._columns[name] = smaller
        for column in (self.edges.before_out[:held], self.edges.before_in[:held]):
            column[:] = np.where(column >= shift, column - shift, -1)
        for column in (self.vertices.last_out, self.vertices.last_in):
            column[:] = np.where(column >= shift, column - shift, -1)
        self.first, self.size, self.base = 0, held, self.base + shift

    # What the window shows of its vertices.

    def _look_at(self, first: int, last: int, late: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Crowds and hubs by what came."""
        limits, columns, vertices = self._limits, self.edges, self.vertices
        before = _service_since(vertices, ends)
        mark = np.array([self.mark], np.int64)
        _crowds(
            columns, vertices, self.first, first, last, late, limits.counterparties, limits.crowd_window,
            limits.hub_degree, mark,
        )  # fmt: skip
        self.mark = int(mark[0])
        return _differences(ends, before, _service_since(vertices, ends))

    def _look_back(self, ends: np.ndarray, begin: int) -> tuple[np.ndarray, np.ndarray]:
        """Crowds and hubs without what fell: those found at or after its first moment are looked for again."""
        limits, columns, vertices = self._limits, self.edges, self.vertices
        before = _service_since(vertices, ends)
        mark = np.array([self.mark], np.int64)
        _look_again(
            columns, vertices, self.first, ends.astype(np.int64), begin, limits.counterparties, limits.crowd_window,
            limits.hub_degree, mark,
        )  # fmt: skip
        self.mark = int(mark[0])
        return _differences(ends, before, _service_since(vertices, ends))


_WORDS = ("amount high", "amount low")
"""The halves of the exact amount."""
_LOW, _PLACES = 2**64 - 1, 18
EXACT = Context(prec=76)
"""Arithmetic that keeps every digit of amounts and of their sums."""


def halves(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The upper and the lower 64 bits of decimals; anything where there is none."""
    words = [
        np.frombuffer(chunk.buffers()[1], np.int64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
        for chunk in column.chunks
    ]
    both = np.concatenate(words) if words else np.empty(0, np.int64)
    return both[1::2], both[::2]


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Decimals as floats, NaN where there is none."""
    high, low = halves(column)
    found = (high * 2.0**64 + np.ascontiguousarray(low).view(np.uint64)) / 10.0**column.type.scale
    if column.null_count:
        found[column.is_null().to_numpy()] = np.nan
    return np.asarray(found)


def _encoded(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Codes per row, -1 where there is no text, and the texts."""
    whole = column.combine_chunks().dictionary_encode()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.combine_chunks()
    codes = pc.fill_null(whole.indices, -1).to_numpy(zero_copy_only=False)
    return codes, whole.dictionary.to_pylist()


def _hashes_of(rows: pa.Table) -> Callable[[np.ndarray], np.ndarray]:
    def hashes(at: np.ndarray) -> np.ndarray:
        return np.asarray(pc.fill_null(rows["tx_hash"].take(pa.array(at)), "").to_pylist(), str)

    return hashes


def _differences(ends: np.ndarray, before: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    changed = np.flatnonzero(before != now)
    return ends[changed], np.minimum(before[changed], now[changed])


def _service_since(vertices: Vertices, of: np.ndarray) -> np.ndarray:
    crowded = np.maximum(vertices.paid_by_many[of], vertices.pays_many[of])
    return np.asarray(np.minimum(vertices.hub_since[of], crowded))


@njit(cache=True, nogil=True)
def _roles(address, time, first, last, start, end, role, entity):
    found, who = np.zeros(len(address), np.int8), np.full(len(address), -1, np.int32)
    for i in range(len(address)):
        if address[i] < 0:
            continue
        for k in range(first[address[i]], last[address[i]]):
            if start[k] <= time[i] < end[k]:
                found[i], who[i] = role[k], entity[k]
                break
    return found, who


@njit(cache=True, nogil=True)
def _link(E, V, held, first, last, late):
    """Put transfers into the chains of their ends, by time; the newest is the last one of its vertex."""
    for e in range(first, last):
        u, v = E.sender[e], E.receiver[e]
        late[e - first] = (
            _is_before(E, e, V.last_out[u], held)
            or _is_before(E, e, V.last_in[u], held)
            or _is_before(E, e, V.last_out[v], held)
            or _is_before(E, e, V.last_in[v], held)
        )
        _insert(e, E.time, E.before_out, V.last_out, u, held)
        _insert(e, E.time, E.before_in, V.last_in, v, held)
        V.outs[u] += 1
        V.ins[v] += 1


@njit(cache=True, nogil=True)
def _insert(e, time, before, last, v, held):
    p = last[v]
    if p < held or time[p] <= time[e]:
        before[e] = p if p >= held else -1
        last[v] = e
        return
    while before[p] >= held and time[before[p]] > time[e]:
        p = before[p]
    before[e] = before[p]
    before[p] = e


@njit(cache=True, nogil=True, inline="always")
def _is_before(E, e, other, held):
    """True when a transfer that was there comes after one that came."""
    if other < held:
        return False
    return E.time[other] > E.time[e] or (E.time[other] == E.time[e] and E.block[other] > E.block[e])


@njit(cache=True, nogil=True)
def _unlink(E, V, held, first, last):
    for e in range(last - 1, first - 1, -1):
        u, v = E.sender[e], E.receiver[e]
        _remove(e, E.before_out, V.last_out, u)
        _remove(e, E.before_in, V.last_in, v)
        V.outs[u] -= 1
        V.ins[v] -= 1


@njit(cache=True, nogil=True)
def _remove(e, before, last, v):
    p = last[v]
    if p == e:
        last[v] = before[e]
        return
    while before[p] != e:
        p = before[p]
    before[p] = before[e]


@njit(cache=True, nogil=True)
def _release(E, V, held, first):
    """Count transfers out; the vertices that have none left."""
    freed, size = np.empty(2 * (first - held), np.int64), 0
    for e in range(held, first):
        u, v = E.sender[e], E.receiver[e]
        V.outs[u] -= 1
        V.ins[v] -= 1
        for end in (u, v):
            if V.outs[end] + V.ins[end] == 0:
                freed[size] = end
                size += 1
    return freed[:size].copy()


@njit(cache=True, nogil=True)
def _first_since(time, first, last, moment):
    while first < last and time[first] < moment:
        first += 1
    return first


@njit(cache=True, nogil=True)
def _of_vertices(E, V, held, vertices, is_out, is_in, mark):
    count = 0
    for v in vertices:
        count += (V.outs[v] if is_out else 0) + (V.ins[v] if is_in else 0)
    found, size = np.empty(count, np.int64), 0
    for v in vertices:
        for side in range(2):
            if (side == 0 and not is_out) or (side == 1 and not is_in):
                continue
            e = V.last_out[v] if side == 0 else V.last_in[v]
            while e >= held:
                if E.mark[e] != mark:
                    E.mark[e] = mark
                    found[size] = e
                    size += 1
                e = E.before_out[e] if side == 0 else E.before_in[e]
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _crowds(E, V, held, first, last, late, many, window, degree, mark):
    """What transfers that came make of their ends; whoever can not be one yet is not looked at."""
    for e in range(first, last):
        u, v = E.sender[e], E.receiver[e]
        V.came_out[u] += 1
        V.came_in[v] += 1
        if late[e - first]:
            for end in (u, v):
                _again(E, V, held, end, many, window, degree, mark)
            continue
        if V.paid_by_many[v] == NEVER and V.ins[v] >= many and V.came_in[v] >= V.look_paid_by_many[v]:
            met = _met_lately(e, E.time, E.before_in, E.sender, V.stamp, held, window, many, mark)
            if met >= many:
                V.paid_by_many[v] = E.time[e]
            else:
                V.look_paid_by_many[v] = V.came_in[v] + many - met
        if V.pays_many[u] == NEVER and V.outs[u] >= many and V.came_out[u] >= V.look_pays_many[u]:
            met = _met_lately(e, E.time, E.before_out, E.receiver, V.stamp, held, window, many, mark)
            if met >= many:
                V.pays_many[u] = E.time[e]
            else:
                V.look_pays_many[u] = V.came_out[u] + many - met
        for end in (u, v):
            came = V.came_out[end] + V.came_in[end]
            if V.hub_since[end] == NEVER and V.outs[end] + V.ins[end] >= degree and came >= V.look_hub[end]:
                met = _met(E, V, held, end, degree, mark)
                if met >= degree:
                    V.hub_since[end] = _hub_since(E, V, held, end, degree, mark)
                else:
                    V.look_hub[end] = came + degree - met


@njit(cache=True, nogil=True)
def _met_lately(e, time, before, other, stamp, held, window, enough, mark):
    """Distinct counterparties of the chain from a transfer back, within a window."""
    mark[0] += 1
    since, met = time[e] - window, 0
    while e >= held and time[e] >= since and met < enough:
        if stamp[other[e]] != mark[0]:
            stamp[other[e]] = mark[0]
            met += 1
        e = before[e]
    return met


@njit(cache=True, nogil=True)
def _met(E, V, held, v, enough, mark):
    """Distinct counterparties of a vertex in the window."""
    mark[0] += 1
    met = 0
    for side in range(2):
        e = V.last_out[v] if side == 0 else V.last_in[v]
        while e >= held and met < enough:
            other = E.receiver[e] if side == 0 else E.sender[e]
            if V.stamp[other] != mark[0]:
                V.stamp[other] = mark[0]
                met += 1
            e = E.before_out[e] if side == 0 else E.before_in[e]
    return met


@njit(cache=True, nogil=True)
def _look_again(E, V, held, ends, begin, many, window, degree, mark):
    for v in ends:
        V.look_hub[v], V.look_paid_by_many[v], V.look_pays_many[v] = 0, 0, 0
        if V.paid_by_many[v] >= begin or V.pays_many[v] >= begin or V.hub_since[v] >= begin // DAY * DAY:
            _again(E, V, held, v, many, window, degree, mark)


@njit(cache=True, nogil=True)
def _again(E, V, held, v, many, window, degree, mark):
    """Since when a vertex is paid by many, pays many and is a hub, by its whole chains.

    What was found in transfers that are too old to be held stands.
    """
    oldest = E.time[held]
    for side in range(2):
        since = V.paid_by_many[v] if side == 0 else V.pays_many[v]
        found = V.known_paid_by_many[v] if side == 0 else V.known_pays_many[v]
        if since < oldest:
            continue
        e = V.last_in[v] if side == 0 else V.last_out[v]
        while e >= held:
            before, other = (E.before_in, E.sender) if side == 0 else (E.before_out, E.receiver)
            if _met_lately(e, E.time, before, other, V.stamp, held, window, many, mark) >= many:
                found = min(found, E.time[e])
            e = before[e]
        if side == 0:
            V.paid_by_many[v] = found
        else:
            V.pays_many[v] = found
    if V.hub_since[v] >= oldest // DAY * DAY:
        V.hub_since[v] = min(V.known_hub[v], _hub_since(E, V, held, v, degree, mark))
        V.look_hub[v] = 0


@njit(cache=True, nogil=True)
def _hub_since(E, V, held, v, degree, mark):
    """The day of the transfer with which a vertex had so many counterparties."""
    count = V.outs[v] + V.ins[v]
    if count < degree:
        return NEVER
    time, other, size = np.empty(count, np.int64), np.empty(count, np.int64), 0
    for side in range(2):
        e = V.last_out[v] if side == 0 else V.last_in[v]
        while e >= held:
            time[size], other[size] = E.time[e], (E.receiver[e] if side == 0 else E.sender[e])
            size += 1
            e = E.before_out[e] if side == 0 else E.before_in[e]
    mark[0] += 1
    met = 0
    for k in np.argsort(time[:size]):
        if V.stamp[other[k]] != mark[0]:
            V.stamp[other[k]] = mark[0]
            met += 1
            if met == degree:
                return time[k] // DAY * DAY
    return NEVER
