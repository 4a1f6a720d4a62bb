"""What the typologies find in a stretch: the graph is read, every detector looks, and tables of what it saw remain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.detection.graph import microseconds_of, number_tokens, read_graph
from flow_pipeline.detection.past import first_times, reach, read_histories, read_recent
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.detectors.typology import Hits, Past, typologies
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.disjoint import stories
from flow_pipeline.graph.paths import DAY
from flow_pipeline.settings import TypologySettings
from flow_pipeline.warehouse.store import Connection

_NOTHING = np.empty(0, np.int64)
_BEGINNING = microseconds_of(datetime.min)


@dataclass(frozen=True)
class Found:
    """What one typology found; it needs no graph.

    Attributes:
        hits: The findings, without their edges.
        strengths: typology (its number), finding, strength, unstored_instances.
        rows: typology, finding, part, row (of store.transfers), focus_id: a row per finding and transfer.
        transfers: row, time (microseconds), from_is_terminal, to_is_terminal; may repeat.
    """

    hits: Hits
    strengths: pa.Table
    rows: pa.Table
    transfers: pa.Table


def search(
    connection: Connection,
    stretch: Stretch,
    parameters: dict[str, Any],
    pasts: dict[str, Past],
    common: TypologySettings,
    knows_before: bool,
) -> dict[str, Found]:
    """Per typology what ends in a stretch.

    Args:
        connection: The build file; the hubs and services of its days are known.
        stretch: Where to look.
        parameters: Per typology.
        pasts: How far each reaches back.
        common: What typologies share.
        knows_before: Whether what was found before the stretch is stored: it tells how far findings that grow reach
            back. Else that is looked for, further and further.
    """
    number_tokens(connection, stretch.tokens)
    if stretch.first is None:
        graph = read_graph(connection, until=stretch.end)
    else:
        graph = read_recent(connection, pasts, stretch.first, stretch.end, knows_before)
    found = {}
    for number, (name, given) in enumerate(parameters.items()):
        looked = _Looked(connection, stretch, name, given, pasts, common)
        parts = [_told(own, hits, number, name, given, common) for own, hits in looked.hits(graph, knows_before)]
        found[name] = _joined(parts)
    return found


def joined(groups: list[dict[str, Found]]) -> dict[str, Found]:
    """What was found in several groups of tokens, as one."""
    return {name: _joined([group[name] for group in groups]) for name in groups[0]}


def _joined(groups: list[Found]) -> Found:
    """As one, with the findings of each group numbered behind those of the groups before it."""
    if len(groups) == 1:
        return groups[0]
    before = np.cumsum([0, *(len(group.hits) for group in groups)])
    strengths, rows = (
        pa.concat_tables(
            [_numbered_from(int(n), getattr(group, part)) for n, group in zip(before, groups, strict=False)]
        )
        for part in ("strengths", "rows")
    )
    transfers = pa.concat_tables([group.transfers for group in groups])
    return Found(_joined_hits([group.hits for group in groups]), strengths, rows, transfers)


def _numbered_from(first: int, table: pa.Table) -> pa.Table:
    at = table.column_names.index("finding")
    return table.set_column(at, "finding", pa.array(table["finding"].to_numpy() + np.int32(first)))


def _joined_hits(hits: list[Hits]) -> Hits:
    facts = {key: np.concatenate([one.facts[key] for one in hits]) for key in hits[0].facts}
    columns = {key: np.concatenate([getattr(one, key) for one in hits]) for key in ("focus", "hop_count")}
    found, is_capped = sum(one.found for one in hits), any(one.is_capped for one in hits)
    return _without_edges(facts=facts, found=found, is_capped=is_capped, **columns)


def _without_edges(
    focus: np.ndarray, hop_count: np.ndarray, facts: dict[str, np.ndarray], found: int, is_capped: bool
) -> Hits:
    start = np.zeros(len(focus) + 1, np.int64)
    return Hits(start, _NOTHING, _NOTHING, focus, hop_count, facts, found, is_capped)


@dataclass(frozen=True)
class _Looked:
    """One typology on a stretch."""

    connection: Connection
    stretch: Stretch
    name: str
    parameters: Any
    pasts: dict[str, Past]
    common: TypologySettings

    def hits(self, graph: TransferGraph, knows_before: bool) -> Iterator[tuple[TransferGraph, Hits]]:
        """What it finds, and in which graph: that of the stretch, or that of the whole histories of some addresses.

        Args:
            graph: Of the new days and what lies before them, as far as every typology reaches.
            knows_before: As in `search`.
        """
        first = self.stretch.first
        if first is None:
            yield graph, self._find(graph, self.parameters)
            return
        start, past = microseconds_of(first), self.pasts[self.name]
        since = start - past.open
        hits = _ending(graph, self._find(graph, past.alone or self.parameters), since)
        if not past.merges or past.closure is not None or not len(hits):
            yield graph, hits
            return
        read = start - reach(self.pasts.values())
        is_cut = hits.focus >= 0
        if past.alone is None:
            is_cut &= _first_times(graph, hits) < read + past.span + past.merges
        foci = np.unique(hits.focus[is_cut])
        is_whole = ~np.isin(hits.focus, foci)
        yield graph, hits.chosen(is_whole)
        if len(foci):
            who = _members(graph, hits.chosen(~is_whole), past)
            yield from self._grown(graph, foci, who, since, knows_before)

    def _grown(
        self, graph: TransferGraph, foci: np.ndarray, who: np.ndarray, since: int, knows_before: bool
    ) -> Iterator[tuple[TransferGraph, Hits]]:
        """Findings about vertices that may have begun before the graph does, in the histories of all who take part.

        Args:
            graph: Where the vertices are from.
            foci: Whom they are about, ascending.
            who: focus, vertex: whose transfers belong to the findings of which.
            since: Findings that ended before are none of these days.
            knows_before: As in `search`.
        """
        first = self.stretch.first or date.min
        past = self.pasts[self.name]
        back = 2 * (past.merges + past.span)
        while len(foci):
            if knows_before:
                begins = first_times(self.connection, self.name, past, graph, foci, first) - past.span
            else:
                begins = np.full(len(foci), microseconds_of(first) - back)
            begins = np.maximum(begins, _BEGINNING)
            at = np.searchsorted(foci, who[0])
            addresses = {"position": graph.token[who[1]], "address_id": graph.address[who[1]], "since": begins[at]}
            own = read_histories(self.connection, pa.table(addresses), self.stretch.end)
            hits = _ending(own, self._find(own, self.parameters), since)
            # The same address of the same token in both graphs.
            named, wanted = _names(own, hits.focus), _names(graph, foci)
            is_asked = np.isin(named, wanted)
            hits, named = hits.chosen(is_asked), named[is_asked]
            unsettled = np.empty(0, np.int64)
            if not knows_before and self._is_anything_before(int(begins[0])):
                is_cut = _first_times(own, hits) - past.span - past.merges < begins[0]
                unsettled = np.unique(named[is_cut])
            yield own, hits.chosen(~np.isin(named, unsettled))
            left = np.isin(wanted, unsettled)
            who = who[:, left[at]]
            foci, back = foci[left], 2 * back

    def _find(self, graph: TransferGraph, parameters: Any) -> Hits:
        return typologies()[self.name].find(graph, parameters, self.common)

    def _is_anything_before(self, moment: int) -> bool:
        row = self.connection.execute(
            "select 1 where exists (from store.transfers where block_timestamp < make_timestamp(?))", [moment]
        ).fetchone()
        return row is not None


def _first_times(graph: TransferGraph, hits: Hits) -> np.ndarray:
    return np.asarray(np.minimum.reduceat(graph.time[hits.edges], hits.start[:-1])) if len(hits) else _NOTHING


def _names(graph: TransferGraph, vertices: np.ndarray) -> np.ndarray:
    """A number per vertex that is that of the same address and token in every graph of a stretch."""
    token, address = (column[vertices].astype(np.int64) for column in (graph.token, graph.address))
    return np.asarray(token << 32 | address)


def _members(graph: TransferGraph, hits: Hits, past: Past) -> np.ndarray:
    """Whose transfers make findings what they are, each pair of focus and vertex once: two rows, focus and vertex."""
    pairs = [np.stack((hits.focus, hits.focus)).astype(np.int64)]
    if "target" in past.history:
        of = np.repeat(np.arange(len(hits)), np.diff(hits.start)).astype(np.int64) << 32
        received, sent = of | graph.receiver[hits.edges], of | graph.sender[hits.edges]
        targets = np.setdiff1d(received, sent)
        pairs.append(np.stack((hits.focus[targets >> 32], targets & 0xFFFFFFFF)).astype(np.int64))
    return np.unique(np.concatenate(pairs, axis=1), axis=1)


def _ending(graph: TransferGraph, hits: Hits, since: int) -> Hits:
    """The findings whose last transfer is not before a time."""
    if not len(hits):
        return hits
    return hits.chosen(np.maximum.reduceat(graph.time[hits.edges], hits.start[:-1]) >= since)


def _told(
    graph: TransferGraph,
    hits: Hits,
    number: int,
    name: str,
    parameters: Any,
    common: TypologySettings,
) -> Found:
    """Every finding as tables, but of paths that share a transfer with a stronger one of their day only the first few.

    Where many pay the same sums to one another, as at a pool that no label shows, paths are more than can be stored.
    """
    detector = typologies()[name]
    strength = detector.strength(graph, hits, parameters).astype(np.float64)
    unstored = np.zeros(len(hits), np.int64)
    if detector.IS_PATH and len(hits):
        kept, unstored = _first_instances(graph, hits, strength, common.max_instances)
        hits, strength, unstored = hits.chosen(kept), strength[kept], unstored[kept]
    count, lengths = len(hits), np.diff(hits.start)
    finding = np.arange(count, dtype=np.int32)
    focus = np.repeat(hits.focus, lengths).astype(np.int64)
    once = np.unique(hits.edges)
    return Found(
        _without_edges(hits.focus, hits.hop_count, hits.facts, hits.found, hits.is_capped),
        pa.table(
            {
                "typology": np.full(count, number, np.int32),
                "finding": finding,
                "strength": strength,
                "unstored_instances": unstored,
            }
        ),
        pa.table(
            {
                "typology": np.full(len(hits.edges), number, np.int32),
                "finding": np.repeat(finding, lengths),
                "part": hits.part.astype(np.int8),
                "row": graph.row[hits.edges],
                "focus_id": np.where(focus < 0, -1, graph.address[focus]).astype(np.int64) if len(focus) else focus,
            }
        ),
        pa.table(
            {
                "row": graph.row[once],
                "time": graph.time[once],
                "from_is_terminal": graph.is_sender_terminal[once],
                "to_is_terminal": graph.is_receiver_terminal[once],
            }
        ),
    )


def _first_instances(
    graph: TransferGraph, hits: Hits, strength: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which paths to keep, and per path how many of its instances are left out."""
    kept, unstored = np.zeros(len(hits), bool), np.zeros(len(hits), np.int64)
    day = np.maximum.reduceat(graph.time[hits.edges], hits.start[:-1]) // DAY
    order = np.lexsort((-strength, day))
    lengths = np.diff(hits.start)[order]
    start = np.concatenate(([0], np.cumsum(lengths)))
    edges = hits.edges[np.repeat(hits.start[:-1][order] - start[:-1], lengths) + np.arange(start[-1])]
    # A transfer may be in paths of several days, and those are different stories.
    _, things = np.unique(np.repeat(day[order] - day.min(), lengths) * len(graph.time) + edges, return_inverse=True)
    kept[order], unstored[order] = stories(start, things, most)
    return kept, unstored
