"""What the typologies find in a stretch: the graph is read, every detector looks, and tables of what it saw remain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.detection.graph import microseconds_of, number_tokens, read_graph
from flow_pipeline.detection.past import read_histories, read_recent
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.detectors.typology import Hits, Past, typologies
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.disjoint import stories
from flow_pipeline.graph.paths import DAY
from flow_pipeline.settings import TypologySettings
from flow_pipeline.warehouse.store import Connection

_NOTHING = np.empty(0, np.int64)
Histories = Callable[[str, Past, np.ndarray], TransferGraph]


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
) -> dict[str, Found]:
    """Per typology what ends in a stretch.

    Args:
        connection: The build file; the hubs of its days are known, and what was found before it is stored.
        stretch: Where to look.
        parameters: Per typology.
        pasts: How far each reaches back.
        common: What typologies share.
    """
    number_tokens(connection, stretch.tokens)
    if stretch.first is None:
        graph = read_graph(connection, until=stretch.end, services=common)
    else:
        graph = read_recent(connection, pasts, stretch.first, stretch.end, common)

    def histories(name: str, past: Past, vertices: np.ndarray) -> TransferGraph:
        return read_histories(connection, name, past, graph, vertices, stretch.first or date.min, stretch.end)

    return look(graph, histories, stretch.first, parameters, common)


def look(
    graph: TransferGraph,
    histories: Histories,
    first: date | None,
    parameters: dict[str, Any],
    common: TypologySettings,
) -> dict[str, Found]:
    """Per typology what ends in a stretch, from its graph alone: no database is asked, whoever read the transfers.

    Args:
        graph: What the stretch reads.
        histories: The graph of all that findings of a typology may hold of some of its vertices.
        first: First day of the stretch; None for the first of all.
        parameters: Per typology.
        common: What typologies share.
    """
    found = {}
    for number, (name, given) in enumerate(parameters.items()):
        own, hits = _hits(graph, histories, first, name, given, common)
        found[name] = _told(own, hits, number, name, given, common)
    return found


def joined(groups: list[dict[str, Found]]) -> dict[str, Found]:
    """What was found in several groups of tokens, as one."""
    first, *others = groups
    if not others:
        return first
    return {name: _joined([group[name] for group in groups]) for name in first}


def _joined(groups: list[Found]) -> Found:
    """As one, with the findings of each group numbered behind those of the groups before it."""
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


def _hits(
    graph: TransferGraph, histories: Histories, first: date | None, name: str, parameters: Any, common: TypologySettings
) -> tuple[TransferGraph, Hits]:
    """What a typology finds, and in which graph: everywhere, or what ends on the new days."""
    detector = typologies()[name]
    if first is None:
        return graph, detector.find(graph, parameters, common)
    past = detector.past(parameters, common)
    since = microseconds_of(first) - past.open
    hits = _ending(graph, detector.find(graph, past.alone or parameters, common), since)
    if past.alone is None or not len(hits):
        return graph, hits
    own = histories(name, past, np.unique(hits.focus))
    return own, _ending(own, detector.find(own, parameters, common), since)


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
