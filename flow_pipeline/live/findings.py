"""Findings that stand at the tip: what comes and what falls, judged by the kernels of the batch on what they need.

What lives here: which findings of one source stand, and how they change. What must not: definitions (detectors),
messages, files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

import numpy as np

from flow_pipeline.detectors.advance import Advance, OfAddresses, OfCircles, OfDays, OfPaths, OfRoutes, OfTargets
from flow_pipeline.detectors.typology import Hits, Typology, parameters_of, typologies
from flow_pipeline.domain.identity import finding_id, transfer_identity, transfer_key
from flow_pipeline.graph import TransferGraph, nearby
from flow_pipeline.graph.paths import DAY
from flow_pipeline.graph.tip import Taken, Window
from flow_pipeline.settings import TypologySettings

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Bounds:
    """What a look may cost.

    Attributes:
        judged: Transfers per second and typology with which findings that only grow are judged anew; the others are
            never held back.
        region: Transfers around what came in which paths and circles are searched.
    """

    judged: int
    region: int


@dataclass(frozen=True, eq=False)
class Standing:
    """A finding that stands.

    Attributes:
        finding_id: Its name, as the batch names it.
        typology: Which.
        token: Contract and symbol of its token.
        focus: The address it is about.
        key: What it is judged by: a vertex of the window, a token, or a token and a day; None for paths.
        serials: Its transfers, in the order of the typology.
        part: Side of the pattern per transfer.
        is_order: Position of each in time order.
        last_time: Microseconds of the last one.
        hop_count: Transfers on its longest way.
        strength: Token units.
        facts: More numbers.
        opening: Hash and place of the transfer it began with, which the window may no longer hold.
    """

    finding_id: str
    typology: str
    token: tuple[str | None, str | None]
    focus: str | None
    key: object
    serials: np.ndarray
    part: np.ndarray
    order: np.ndarray
    last_time: int
    hop_count: int
    strength: float
    facts: dict[str, Any]
    opening: tuple[str | None, int | None]

    @property
    def first(self) -> int:
        """Serial number of the first transfer that the window held."""
        return int(self.serials[self.order[0]])


@dataclass(frozen=True)
class Change:
    """What became of a finding: `after` is None for one that is withdrawn, `before` is None for a new one."""

    before: Standing | None
    after: Standing | None


@dataclass
class _Kind:
    """A typology, what stands of it, and what it remembers."""

    detector: Typology
    parameters: Any
    advance: Advance
    standing: dict[str, Standing] = field(default_factory=dict)
    of_key: dict[object, set[str]] = field(default_factory=dict)
    of_transfer: dict[int, set[str]] = field(default_factory=dict)
    waiting: dict[int, None] = field(default_factory=dict)
    room: float = 0.0
    last_time: int = 0

    @property
    def name(self) -> str:
        """The typology's."""
        return self.detector.NAME

    def add(self, finding: Standing) -> None:
        """One more stands."""
        self.standing[finding.finding_id] = finding
        if finding.key is not None:
            self.of_key.setdefault(finding.key, set()).add(finding.finding_id)
        if not isinstance(self.advance, OfAddresses):
            for serial in finding.serials.tolist():
                self.of_transfer.setdefault(serial, set()).add(finding.finding_id)

    def remove(self, finding: Standing) -> None:
        """It stands no longer."""
        del self.standing[finding.finding_id]
        if finding.key is not None:
            _take_out(self.of_key, finding.key, finding.finding_id)
        if not isinstance(self.advance, OfAddresses):
            for serial in finding.serials.tolist():
                _take_out(self.of_transfer, serial, finding.finding_id)

    def with_transfers(self, serials: np.ndarray) -> set[str]:
        """Findings that hold one of some transfers."""
        if not self.of_transfer:
            return set()
        return {name for serial in serials.tolist() for name in self.of_transfer.get(serial, ())}


@dataclass(frozen=True)
class _Judged:
    """What a look at some transfers gave: findings in question until now, and what is found in their place."""

    asked: set[str]
    graph: TransferGraph | None
    hits: Hits | None


class Findings:
    """The findings of one source.

    `beyond` counts searches that were given up because too many transfers were around: the daily build judges those.
    `rested` names findings that stand for good, since nothing is held of them any more; whoever reads it empties it.
    """

    def __init__(self, window: Window, chain: str, common: TypologySettings, bounds: Bounds) -> None:
        self._window, self._chain, self._common, self._bounds = window, chain, common, bounds
        self._kinds: dict[str, _Kind] = {}
        self._swept, self._last = 0, monotonic() - 1.0
        self.beyond = 0
        self.rested: list[str] = []
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

    @property
    def _oldest(self) -> int:
        return self._window.first + self._window.base

    def of_day(self, finding: Standing) -> list[Standing]:
        """The findings of its typology that share a transfer with one and end on the same day."""
        kind = self._kinds[finding.typology]
        others = [kind.standing[name] for name in kind.with_transfers(finding.serials)]
        return [other for other in others if other.last_time // DAY == finding.last_time // DAY]

    def parameters(self, typology: str) -> Any:
        """The parameters of a typology."""
        return self._kinds[typology].parameters

    def take(self, came: Taken) -> list[Change]:
        """What transfers that came change."""
        self._forget(came.freed)
        now = monotonic()
        for kind in self._kinds.values():
            kind.room = min(kind.room + self._bounds.judged * (now - self._last), self._bounds.judged)
        self._last = now
        return [change for kind in self._kinds.values() for change in self._changes(kind, came, _NONE)]

    def fall(self, fallen: np.ndarray, left: Taken) -> list[Change]:
        """What changes without the transfers that fell."""
        return [change for kind in self._kinds.values() for change in self._changes(kind, left, fallen)]

    def settle(self) -> list[Change]:
        """Judge everything that waits."""
        changes = []
        for kind in self._kinds.values():
            if kind.waiting:
                vertices = np.array(list(kind.waiting), np.int64)
                kind.waiting.clear()
                changes += self._apply(kind, self._of_addresses(kind, cast(OfAddresses, kind.advance), vertices), _NONE)
        return changes

    def _forget(self, freed: np.ndarray) -> None:
        """Findings of which no transfer is held any more stand for good; their vertices are others' now."""
        for kind in self._kinds.values():
            if isinstance(kind.advance, OfAddresses):
                for vertex in freed.tolist():
                    kind.waiting.pop(vertex, None)
                    for name in list(kind.of_key.get(vertex, ())):
                        kind.remove(kind.standing[name])
                        self.rested.append(name)
        if self._oldest > self._swept + max(len(self._window) // 8, 1_000):
            self._swept = self._oldest
            for kind in self._kinds.values():
                for finding in [item for item in kind.standing.values() if item.serials.max() < self._oldest]:
                    kind.remove(finding)
                    self.rested.append(finding.finding_id)

    def _changes(self, kind: _Kind, came: Taken, fallen: np.ndarray) -> list[Change]:
        """What a typology says of transfers that came, or that fell."""
        advance = kind.advance
        match advance:
            case OfAddresses():
                ends = came.ends if len(fallen) else self._now(kind, advance.look(self._window, came))
                vertices = np.unique(np.concatenate((ends, came.changed)))
                judged = self._of_addresses(kind, advance, vertices)
            case OfPaths():
                judged = self._of_paths(kind, advance, came, fallen)
            case OfRoutes():
                judged = self._of_routes(kind, advance, came, fallen)
            case OfCircles():
                judged = self._of_circles(kind, advance, came, fallen)
            case OfTargets():
                judged = self._of_targets(kind, advance, came, fallen)
            case OfDays():
                return [
                    change
                    for judged in self._of_days(kind, advance, came, fallen)
                    for change in self._apply(kind, judged, fallen)
                ]
        return self._apply(kind, judged, fallen)

    # Addresses.

    def _now(self, kind: _Kind, vertices: np.ndarray) -> np.ndarray:
        """The vertices to judge at once: those without a finding, and of the others as many as there is room for."""
        vertices = np.unique(vertices)
        columns = self._window.vertices
        grows = np.array([vertex in kind.of_key for vertex in vertices.tolist()], np.bool_)
        kind.waiting.update(dict.fromkeys(vertices[grows].tolist()))
        now = vertices[~grows].tolist()
        while kind.waiting and kind.room > 0:
            vertex = next(iter(kind.waiting))
            kind.room -= float(columns.outs[vertex] + columns.ins[vertex])
            del kind.waiting[vertex]
            now.append(vertex)
        return np.unique(np.array(now, np.int64))

    def _of_addresses(self, kind: _Kind, advance: OfAddresses, vertices: np.ndarray) -> _Judged | None:
        if not len(vertices):
            return None
        graph = self._window.graph(self._window.of_vertices(vertices, advance.is_out, advance.is_in))
        hits = kind.detector.find(graph, kind.parameters, self._common)
        asked = {name for vertex in vertices.tolist() for name in kind.of_key.get(vertex, ())}
        is_asked = np.isin(graph.address[hits.focus], vertices) if len(hits) else np.zeros(0, np.bool_)
        return _Judged(asked, graph, hits.chosen(is_asked))

    # Paths.

    def _of_paths(self, kind: _Kind, advance: OfPaths, came: Taken, fallen: np.ndarray) -> _Judged | None:
        """Paths through what came, what it lengthens, and what it was lengthened by."""
        window, step, limit = self._window, advance.step, self._bounds.region
        depth = window.column(f"{kind.name} depth", np.int8, 0)
        new = np.arange(came.first, came.last)
        depth[new] = 0
        others = nearby.since_of(window, came.changed, came.since)
        if len(fallen):
            others = np.union1d(others, self._beside(fallen, step))
        nearby.deepen(window, depth, np.concatenate((new, others)), step, advance.max_hops)
        loose = np.union1d(new[came.late], others)
        seeds = np.concatenate((new[depth[new] >= advance.min_hops], loose))
        if not len(seeds):
            return _Judged(kind.with_transfers(fallen), None, None) if len(fallen) else None
        seeds = nearby.before(window, seeds, step, 1, limit)
        if len(loose):
            seeds = np.union1d(seeds, nearby.behind(window, loose, step, 1, limit))
        asked = kind.with_transfers(np.concatenate((seeds + window.base, fallen)))
        return self._through(kind, asked, seeds, step, advance.max_hops + 1, fallen)

    def _of_routes(self, kind: _Kind, advance: OfRoutes, came: Taken, fallen: np.ndarray) -> _Judged | None:
        """Routes through what came."""
        window = self._window
        hops = window.vertex_column(f"{kind.name} hops", np.int8, 0)
        may = nearby.reach_from(window, hops, came.first, came.last, advance.origin, advance.max_hops)
        new = np.arange(came.first, came.last)
        if came.late.any():
            # What follows a transfer that came late was looked at without it.
            followed = nearby.behind(window, new[came.late], advance.step, advance.max_hops, self._bounds.region)
            hops[window.edges.receiver[followed]] = 1
        is_end = window.edges.receiver_role[new] == advance.target
        others = nearby.since_of(window, came.changed, came.since)
        seeds = np.union1d(new[(may & is_end) | came.late], others)
        asked = kind.with_transfers(np.concatenate((seeds + window.base, fallen)))
        if not len(seeds):
            return _Judged(asked, None, None) if asked else None
        return self._through(kind, asked, seeds, advance.step, advance.max_hops, fallen)

    def _through(
        self, kind: _Kind, asked: set[str], seeds: np.ndarray, step: nearby.Step, layers: int, fallen: np.ndarray
    ) -> _Judged | None:
        """Paths through some transfers, in what leads up to them and what follows them."""
        window, limit = self._window, self._bounds.region
        region = nearby.before(window, seeds, step, layers, limit)
        if len(region) <= limit:
            region = np.union1d(region, nearby.behind(window, seeds, step, layers, limit))
        if len(region) > limit:
            return self._given_up(kind, fallen)
        graph = window.graph(region)
        hits = kind.detector.find(graph, kind.parameters, self._common)
        if not len(hits):
            return _Judged(asked, None, None)
        is_through = np.logical_or.reduceat(np.isin(graph.row, seeds + window.base)[hits.edges], hits.start[:-1])
        return _Judged(asked, graph, hits.chosen(is_through))

    def _given_up(self, kind: _Kind, fallen: np.ndarray) -> _Judged | None:
        self.beyond += 1
        gone = kind.with_transfers(fallen)
        return _Judged(gone, None, None) if gone else None

    def _beside(self, fallen: np.ndarray, step: nearby.Step) -> np.ndarray:
        """What is held of the transfers before and after those that fell."""
        window = self._window
        positions = window.position(fallen)
        ends = window.edges
        begin = int(ends.time[positions].min()) - step.gap
        vertices = np.unique(np.concatenate((ends.sender[positions], ends.receiver[positions])))
        return nearby.since_of(window, vertices, np.full(len(vertices), begin))

    # Circles.

    def _of_circles(self, kind: _Kind, advance: OfCircles, came: Taken, fallen: np.ndarray) -> _Judged | None:
        """Circles among the addresses of those that what came may close, or that it broke."""
        window, step, limit = self._window, advance.step, self._bounds.region
        new = np.arange(came.first, came.last)
        loose = np.union1d(new[came.late], nearby.since_of(window, came.changed, came.since))
        last = np.union1d(new, nearby.behind(window, loose, step, advance.max_hops, limit)) if len(loose) else new
        vertices, cut = nearby.circling(window, last, step, advance.max_hops, limit)
        self.beyond += cut
        broken = kind.with_transfers(np.concatenate((fallen, loose + window.base)))
        columns = window.edges
        times = [columns.time[last]]
        for name in broken:
            at = window.position(kind.standing[name].serials)
            at = at[at >= window.first]
            vertices = np.union1d(vertices, columns.sender[at])
            times.append(columns.time[at])
        if not len(vertices):
            return _Judged(broken, None, None) if broken else None
        day = int(np.concatenate(times).min()) // DAY
        region = np.unique(nearby.among(window, vertices, day * DAY - step.gap))
        if len(region) > limit:
            return self._given_up(kind, fallen)
        held = set((region + window.base).tolist())
        asked = {
            name
            for name in kind.with_transfers(region + window.base)
            if kind.standing[name].last_time // DAY >= day and held.issuperset(kind.standing[name].serials.tolist())
        }
        if not len(region):
            return _Judged(broken, None, None)
        graph = window.graph(region)
        hits = kind.detector.find(graph, kind.parameters, self._common)
        if len(hits):
            hits = hits.chosen(np.maximum.reduceat(graph.time[hits.edges], hits.start[:-1]) // DAY >= day)
        return _Judged(asked | broken, graph, hits)

    # Targets.

    def _of_targets(self, kind: _Kind, advance: OfTargets, came: Taken, fallen: np.ndarray) -> _Judged | None:
        """All of the tokens for which something reached the role, or changes what leads there."""
        window, limit = self._window, self._bounds.region
        columns, vertices = window.edges, window.vertices
        new = np.arange(came.first, came.last)
        is_arrival = columns.receiver_role[new] == advance.target
        others = bool(len(fallen) or len(came.changed) or came.late.any())
        if not (is_arrival.any() or others or (len(new) and columns.time[new].min() <= kind.last_time)):
            return None
        ends = nearby.arrivals(window, advance.target)
        kind.last_time = int(columns.time[ends].max()) if len(ends) else 0
        tokens = np.unique(vertices.token[came.ends if others else columns.receiver[new]])
        ends = ends[np.isin(vertices.token[columns.sender[ends]], tokens)]
        asked = {name for token in tokens.tolist() for name in kind.of_key.get(token, ())}
        if not len(ends):
            return _Judged(asked, None, None) if asked else None
        region = nearby.before(window, ends, advance.step, advance.max_hops - 1, limit)
        if len(region) <= limit:
            region = window.of_vertices(np.unique(columns.sender[region]), is_out=True, is_in=False)
        if len(region) > limit:
            return self._given_up(kind, fallen)
        graph = window.graph(region)
        return _Judged(asked, graph, kind.detector.find(graph, kind.parameters, self._common))

    # Days.

    def _of_days(self, kind: _Kind, advance: OfDays, came: Taken, fallen: np.ndarray) -> Iterator[_Judged]:
        """The largest of each token and day that something came for, or was taken from."""
        window = self._window
        columns, vertices = window.edges, window.vertices
        new = np.arange(came.first, came.last)
        new = new[nearby.is_plain(window, new)]
        others = nearby.since_of(window, came.changed, came.since)
        lost = {kind.standing[name].key for name in kind.with_transfers(np.concatenate((fallen, others + window.base)))}
        if len(fallen):
            of_others = vertices.token[columns.sender[others]].tolist()
            lost |= set(zip(of_others, (columns.time[others] // DAY).tolist(), strict=True))
        token, day = vertices.token[columns.sender[new]].astype(np.int64), columns.time[new] // DAY
        keys, of = np.unique(np.column_stack((token, day)), axis=0, return_inverse=True)
        for number, (of_token, of_day) in enumerate(keys.tolist()):
            key = (of_token, of_day)
            if key in lost:
                continue
            asked = set(kind.of_key.get(key, ()))
            held = [kind.standing[name] for name in asked]
            mine = new[of.reshape(-1) == number]
            if len(held) >= advance.per_day:
                mine = mine[columns.amount[mine] >= min(item.strength for item in held)]
            if len(mine):
                known = [window.position(item.serials) for item in held]
                yield self._largest(kind, asked, np.unique(np.concatenate((mine, *known))))
        for again in lost:
            of_token, of_day = cast(tuple[int, int], again)
            edges = nearby.of_day(window, of_token, of_day * DAY, (of_day + 1) * DAY)
            edges = _largest_of(columns.sender[edges], columns.amount[edges], edges, advance.per_day)
            yield self._largest(kind, set(kind.of_key.get(again, ())), edges)

    def _largest(self, kind: _Kind, asked: set[str], edges: np.ndarray) -> _Judged:
        graph = self._window.graph(edges[edges >= self._window.first])
        return _Judged(asked, graph, kind.detector.find(graph, kind.parameters, self._common))

    # What became of it.

    def _apply(self, kind: _Kind, judged: _Judged | None, fallen: np.ndarray) -> list[Change]:
        """Put what was found in the place of what was asked."""
        if judged is None:
            return []
        before = {name: kind.standing[name] for name in judged.asked}
        found = self._named(kind, judged, before)
        gone = _Gone({name: item for name, item in before.items() if name not in found})
        changes = []
        for finding in gone.left.values():
            kind.remove(finding)
        for name, finding in found.items():
            known = kind.standing.get(name)
            if known is finding:
                continue
            if known is not None:
                kind.remove(known)
            kind.add(finding)
            replaced = known or gone.replaced_by(finding)
            if replaced is None or not np.array_equal(replaced.serials, finding.serials):
                changes.append(Change(replaced, finding))
        is_fallen = set(fallen.tolist())
        for finding in gone.left.values():
            # What began before the window can not be judged by what the window holds.
            if finding.serials.min() >= self._oldest or is_fallen.intersection(finding.serials.tolist()):
                changes.append(Change(finding, None))
        return changes

    def _named(self, kind: _Kind, judged: _Judged, before: dict[str, Standing]) -> dict[str, Standing]:
        """Findings by their names."""
        graph, hits = judged.graph, judged.hits
        if graph is None or hits is None or not len(hits):
            return {}
        strength = kind.detector.strength(graph, hits, kind.parameters)
        last_time = np.maximum.reduceat(graph.time[hits.edges], hits.start[:-1])
        is_first = kind.detector.IDENTITY == "first"
        cut = [item for item in before.values() if is_first and item.serials.min() < self._oldest]
        same = {(item.key, item.serials.tobytes()): item for item in before.values()}
        grown = {(item.focus, item.first): item for item in before.values()} if is_first else {}
        found: dict[str, Standing] = {}
        for number in range(len(hits)):
            edges = hits.edges[hits.start[number] : hits.start[number + 1]]
            serials = graph.row[edges].astype(np.int64)
            vertex = int(graph.address[hits.focus[number]]) if hits.focus[number] >= 0 else None
            token_number = int(graph.token[graph.sender[edges[0]]])
            key: object = vertex
            if isinstance(kind.advance, OfDays):
                key = (token_number, int(last_time[number]) // DAY)
            elif isinstance(kind.advance, OfTargets):
                key = token_number
            elif not isinstance(kind.advance, OfAddresses):
                key = None
            # One's payments may be another's receipts: the same transfers are a finding of each.
            if (known := same.get((key, serials.tobytes()))) is not None:
                found.setdefault(known.finding_id, known)
                continue
            token = self._window.tokens[token_number]
            focus = self._window.text(vertex) if vertex is not None else None
            begun = grown.get((focus, int(graph.row[edges.min()])))
            if begun is None:
                begun = next((i for i in cut if i.focus == focus and np.isin(i.serials, serials).any()), None)
            if begun is not None:
                name, opening = begun.finding_id, begun.opening
            else:
                own = edges[[np.argmin(edges)]] if is_first else np.sort(edges)
                told = self._window.told(self._window.position(graph.row[own]))
                opening = (told[0]["tx_hash"], told[0]["transfer_index"])
                name = finding_id(kind.name, self._chain, *token, focus, _keys(told))
            finding = Standing(
                name,
                kind.name,
                token,
                focus,
                key,
                serials,
                hits.part[hits.start[number] : hits.start[number + 1]],
                np.argsort(edges, kind="stable"),
                int(last_time[number]),
                int(hits.hop_count[number]),
                float(strength[number]),
                {fact: column[number] for fact, column in hits.facts.items()},
                opening,
            )
            found.setdefault(name, finding)
        return found


def _keys(told: list[dict[str, Any]]) -> list[int]:
    """What transfers are told by."""
    names = ("tx_hash", "transfer_index", "from_address", "to_address", "amount")
    return [transfer_key(transfer_identity(*(row[name] for name in names))) for row in told]


def _take_out(index: dict[Any, set[str]], key: Any, name: str) -> None:
    index[key].discard(name)
    if not index[key]:
        del index[key]


def _largest_of(sender: np.ndarray, amount: np.ndarray, edges: np.ndarray, count: int) -> np.ndarray:
    """Edges at least as large as the largest of the sender that comes last of so many."""
    order = np.argsort(-amount, kind="stable")
    _, first = np.unique(sender[order], return_index=True)
    if len(first) <= count:
        return edges
    return np.asarray(edges[amount >= amount[order[np.sort(first)[count - 1]]]])


class _Gone:
    """Findings of before that are no more, to be looked for by what they were about."""

    def __init__(self, findings: dict[str, Standing]) -> None:
        self.left = findings
        self._of = {(item.focus, serial): name for name, item in findings.items() for serial in item.serials.tolist()}

    def replaced_by(self, finding: Standing) -> Standing | None:
        """The one that a finding stands for: about the same address, with a transfer of it; each is taken once."""
        for serial in finding.serials.tolist() if self.left else ():
            name = self._of.get((finding.focus, serial))
            if name is not None and name in self.left:
                return self.left.pop(name)
        return None
