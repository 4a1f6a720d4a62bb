"""Findings that stand at the tip: what comes and what falls, judged by the kernels of the batch on what they need.

What lives here: which findings of one source stand, and how they change. What must not: definitions (detectors),
messages, files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pyarrow as pa

from flow_pipeline.detectors.advance import Advance, OfAddresses
from flow_pipeline.detectors.typology import Hits, Typology, parameters_of, typologies
from flow_pipeline.domain.identity import finding_id, transfer_identity, transfer_key
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.tip import Taken, Window
from flow_pipeline.settings import TypologySettings

_SMALL = 64
"""Transfers of an address that are judged at once; beyond them a finding that only grows may wait its turn."""


@dataclass(frozen=True, eq=False)
class Standing:
    """A finding that stands.

    Attributes:
        finding_id: Its name, as the batch names it.
        typology: Which.
        focus: Vertex of the window it is about, -1 for none.
        vertex: One of its vertices, which tells the token.
        serials: Its transfers, in the order of the typology.
        part: Side of the pattern per transfer.
        first: The serial number of the transfer that comes first.
        last_time: Microseconds of the last one.
        hop_count: Transfers on its longest way.
        strength: Token units.
        facts: More numbers.
        told: What its transfers say.
    """

    finding_id: str
    typology: str
    focus: int
    vertex: int
    serials: np.ndarray
    part: np.ndarray
    first: int
    last_time: int
    hop_count: int
    strength: float
    facts: dict[str, Any]
    told: pa.Table


@dataclass(frozen=True)
class Change:
    """What became of a finding: `after` is None for one that is withdrawn, `before` is None for a new one."""

    before: Standing | None
    after: Standing | None


@dataclass
class _Kind:
    """A typology and what stands of it."""

    detector: Typology
    parameters: Any
    advance: Advance
    standing: dict[str, Standing] = field(default_factory=dict)
    of_focus: dict[int, set[str]] = field(default_factory=dict)
    of_transfer: dict[int, set[str]] = field(default_factory=dict)
    waiting: dict[int, None] = field(default_factory=dict)


@dataclass(frozen=True)
class _Judged:
    """What a look at some transfers gave: findings in question until now, and what is found in their place."""

    asked: set[str]
    graph: TransferGraph
    hits: Hits


class Findings:
    """The findings of one source."""

    def __init__(self, window: Window, chain: str, common: TypologySettings, judged_edges: int) -> None:
        self._window, self._chain, self._common, self._judged_edges = window, chain, common, judged_edges
        self._kinds: dict[str, _Kind] = {}
        for name, detector in typologies().items():
            if (advance := getattr(detector, "advance", None)) is not None:
                parameters = parameters_of(name, common)
                self._kinds[name] = _Kind(detector, parameters, cast(Advance, advance(parameters, common)))

    @property
    def standing(self) -> Iterable[Standing]:
        """Every finding that stands."""
        return (finding for kind in self._kinds.values() for finding in kind.standing.values())

    @property
    def waiting(self) -> int:
        """Addresses whose findings grew and are judged again later."""
        return sum(len(kind.waiting) for kind in self._kinds.values())

    def take(self, came: Taken) -> list[Change]:
        """What transfers that came change."""
        self._forget(came.freed)
        return [change for kind in self._kinds.values() for change in self._advance(kind, came)]

    def fall(self, fallen: np.ndarray, left: Taken) -> list[Change]:
        """What changes without the transfers that fell."""
        return [change for kind in self._kinds.values() for change in self._go_back(kind, fallen, left)]

    def settle(self) -> list[Change]:
        """Judge everything that waits."""
        changes = []
        for kind in self._kinds.values():
            if kind.waiting:
                vertices = np.array(list(kind.waiting), np.int64)
                kind.waiting.clear()
                changes += self._apply(kind, self._judge_addresses(kind, cast(OfAddresses, kind.advance), vertices))
        return changes

    def _forget(self, freed: np.ndarray) -> None:
        """Findings of which no transfer is held any more stand for good; their vertices are others' now."""
        oldest = self._window.first + self._window.base
        for kind in self._kinds.values():
            for vertex in freed.tolist() if kind.of_focus or kind.waiting else ():
                kind.waiting.pop(vertex, None)
                for name in list(kind.of_focus.get(vertex, ())):
                    self._remove(kind, kind.standing[name])
            for finding in [item for item in kind.standing.values() if item.serials.max() < oldest]:
                self._remove(kind, finding)

    def _advance(self, kind: _Kind, came: Taken) -> list[Change]:
        advance = kind.advance
        vertices = np.unique(np.concatenate((advance.look(self._window, came), came.changed)))
        return self._apply(kind, self._judge_addresses(kind, advance, self._now(kind, vertices)))

    def _now(self, kind: _Kind, vertices: np.ndarray) -> np.ndarray:
        """The vertices to judge at once: those without a finding, small ones, and of the others as many as fit."""
        columns = self._window.vertices
        size = columns.outs[vertices] + columns.ins[vertices]
        grows = np.array([vertex in kind.of_focus for vertex in vertices.tolist()], np.bool_) & (size > _SMALL)
        kind.waiting.update(dict.fromkeys(vertices[grows].tolist()))
        now, room = vertices[~grows].tolist(), self._judged_edges
        for vertex in list(kind.waiting):
            room -= int(columns.outs[vertex] + columns.ins[vertex])
            if room < 0 and len(now) > int((~grows).sum()):
                break
            del kind.waiting[vertex]
            now.append(vertex)
        return np.unique(np.array(now, np.int64))

    def _go_back(self, kind: _Kind, fallen: np.ndarray, left: Taken) -> list[Change]:
        advance = kind.advance
        vertices = np.unique(np.concatenate((left.ends, left.changed)))
        return self._apply(kind, self._judge_addresses(kind, advance, vertices), fallen)

    def _judge_addresses(self, kind: _Kind, advance: OfAddresses, vertices: np.ndarray) -> _Judged | None:
        if not len(vertices):
            return None
        graph = self._window.graph(self._window.of_vertices(vertices, advance.is_out, advance.is_in))
        hits = kind.detector.find(graph, kind.parameters, self._common)
        asked = {name for vertex in vertices.tolist() for name in kind.of_focus.get(vertex, ())}
        is_asked = np.isin(graph.address[hits.focus], vertices) if len(hits) else np.zeros(0, np.bool_)
        return _Judged(asked, graph, hits.chosen(is_asked))

    def _apply(self, kind: _Kind, judged: _Judged | None, fallen: np.ndarray = np.empty(0, np.int64)) -> list[Change]:
        """Put what was found in the place of what was asked."""
        if judged is None:
            return []
        oldest = self._window.first + self._window.base
        before = {name: kind.standing[name] for name in judged.asked}
        found = self._named(kind, judged, before, oldest)
        gone = {name: item for name, item in before.items() if name not in found}
        changes = []
        for finding in gone.values():
            self._remove(kind, finding)
        for name, finding in found.items():
            known = kind.standing.get(name)
            if known is not None:
                self._remove(kind, known)
            self._add(kind, finding)
            replaced = known or _replaced(finding, gone)
            if replaced is not None:
                gone.pop(replaced.finding_id, None)
            if replaced is None or not np.array_equal(replaced.serials, finding.serials):
                changes.append(Change(replaced, finding))
        is_fallen = set(fallen.tolist())
        for finding in gone.values():
            # What began before the window can not be judged by what the window holds.
            if finding.serials.min() >= oldest or is_fallen.intersection(finding.serials.tolist()):
                changes.append(Change(finding, None))
        return changes

    def _named(self, kind: _Kind, judged: _Judged, before: dict[str, Standing], oldest: int) -> dict[str, Standing]:
        """Findings by their names."""
        graph, hits = judged.graph, judged.hits
        if not len(hits):
            return {}
        strength = kind.detector.strength(graph, hits, kind.parameters)
        last_time = np.maximum.reduceat(graph.time[hits.edges], hits.start[:-1])
        by_first = kind.detector.IDENTITY == "first"
        cut = [item for item in before.values() if by_first and item.serials.min() < oldest]
        found: dict[str, Standing] = {}
        for number in range(len(hits)):
            edges = hits.edges[hits.start[number] : hits.start[number + 1]]
            serials = graph.row[edges]
            focus = int(graph.address[hits.focus[number]]) if hits.focus[number] >= 0 else -1
            first = int(graph.row[edges.min()])
            told = self._window.told(self._window.position(serials))
            begun = next((item for item in cut if item.focus == focus and np.isin(item.serials, serials).any()), None)
            vertex = int(graph.address[graph.sender[edges[0]]])
            name = begun.finding_id if begun else self._name(kind, told, edges, focus, vertex)
            found.setdefault(
                name,
                Standing(
                    name,
                    kind.detector.NAME,
                    focus,
                    vertex,
                    serials,
                    hits.part[hits.start[number] : hits.start[number + 1]],
                    begun.first if begun else first,
                    int(last_time[number]),
                    int(hits.hop_count[number]),
                    float(strength[number]),
                    {fact: column[number] for fact, column in hits.facts.items()},
                    told,
                ),
            )
        return found

    def _name(self, kind: _Kind, told: pa.Table, edges: np.ndarray, focus: int, vertex: int) -> str:
        """The finding's name; the order of its transfers is the order of its edges."""
        if kind.detector.IDENTITY == "first":
            told = told.slice(int(np.argmin(edges)), 1)
        keys = [
            transfer_key(
                transfer_identity(
                    row["tx_hash"], row["transfer_index"], row["from_address"], row["to_address"], row["amount"]
                )
            )
            for row in told.to_pylist()
        ]
        contract, symbol = self._window.tokens[self._window.vertices.token[vertex]]
        named = self._window.texts(np.array([focus]))[0].as_py() if focus >= 0 else None
        return finding_id(kind.detector.NAME, self._chain, contract, symbol, named, keys)

    def _add(self, kind: _Kind, finding: Standing) -> None:
        kind.standing[finding.finding_id] = finding
        if finding.focus >= 0:
            kind.of_focus.setdefault(finding.focus, set()).add(finding.finding_id)
        if not isinstance(kind.advance, OfAddresses):
            for serial in finding.serials.tolist():
                kind.of_transfer.setdefault(serial, set()).add(finding.finding_id)

    def _remove(self, kind: _Kind, finding: Standing) -> None:
        del kind.standing[finding.finding_id]
        if finding.focus >= 0:
            _take_out(kind.of_focus, finding.focus, finding.finding_id)
        if not isinstance(kind.advance, OfAddresses):
            for serial in finding.serials.tolist():
                _take_out(kind.of_transfer, serial, finding.finding_id)


def _take_out(index: dict[int, set[str]], key: int, name: str) -> None:
    index[key].discard(name)
    if not index[key]:
        del index[key]


def _replaced(finding: Standing, gone: dict[str, Standing]) -> Standing | None:
    """The finding of before that this one stands for: about the same address, with a transfer of it."""
    for item in gone.values():
        if item.focus == finding.focus and np.isin(item.serials, finding.serials).any():
            return item
    return None
