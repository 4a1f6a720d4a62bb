"""Typologies on the build file: prepare the graph, let every detector look, measure exactly, store with evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.detection.graph import microseconds_of, number_tokens, read_graph, refresh_hubs
from flow_pipeline.detection.past import list_replaced, read_histories, read_recent
from flow_pipeline.detection.relations import (
    CHOSEN_FINDINGS,
    CHOSEN_TRANSFERS,
    EARLIER_TRANSFERS,
    GRAPH_TOKENS,
    MEASURES,
    REPLACED_FINDINGS,
    VERDICTS,
)
from flow_pipeline.detection.verdicts import SUSPECT_CATEGORIES, judge, remember_traffic
from flow_pipeline.detectors.typology import Hits, Measured, Past, Typology, parameters_of, typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.disjoint import stories
from flow_pipeline.graph.paths import DAY
from flow_pipeline.scoring.rules import rule_set_hash
from flow_pipeline.settings import Settings, TypologySettings, VerdictSettings
from flow_pipeline.warehouse.days import first_new_day, remember_days
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, transaction, write_changes

sql = statements(__package__)


@detects("typologies")
def run_typologies(connection: Connection, settings: Settings) -> dict[str, dict[str, int]]:
    """Bring detection.findings and what belongs to it up to date: new days are added, else every day is searched again.

    Returns:
        Per typology: found, kept, suspicious, is_truncated.
    """
    common = settings.typologies
    parameters = {name: parameters_of(name, common) for name in typologies()}
    pasts = {name: typologies()[name].past(parameters[name], common) for name in parameters}
    day = first_new_day(connection, "typologies")
    with dropped_after(
        connection,
        GRAPH_TOKENS,
        EARLIER_TRANSFERS,
        MEASURES,
        CHOSEN_FINDINGS,
        CHOSEN_TRANSFERS,
        REPLACED_FINDINGS,
        VERDICTS,
    ):
        number_tokens(connection)
        with transaction(connection):
            refresh_hubs(connection, common.hub_degree, day)
        graph = read_graph(connection, services=common) if day is None else read_recent(connection, pasts, day, common)
        remember_traffic(connection, graph, day)
        searched = _search(connection, graph, parameters, pasts, common, day)
        found = {name: _told(name, *searched[name], parameters[name], common) for name in parameters}
        hits = {name: found[name].hits for name in parameters}
        _register(connection, found, day)
        del searched, found, graph
        _measure(connection, {name: (typologies()[name], parameters[name]) for name in parameters}, settings.verdicts)
        described = [
            _describe(connection, number, name, hits[name], parameters[name]) for number, name in enumerate(hits)
        ]
        _choose(connection, pa.concat_tables(described), common)
        return _store(connection, settings, hits, pasts, day)


def _search(
    connection: Connection,
    graph: TransferGraph,
    parameters: dict[str, Any],
    pasts: dict[str, Past],
    common: TypologySettings,
    day: date | None,
) -> dict[str, tuple[TransferGraph, Hits]]:
    """Per typology what it found, and in which graph: everywhere, or what ends on the new days."""
    if day is None:
        return {name: (graph, typologies()[name].find(graph, parameters[name], common)) for name in parameters}
    found = {}
    for name, past in pasts.items():
        hits = _ending(
            graph,
            typologies()[name].find(graph, past.alone or parameters[name], common),
            microseconds_of(day) - past.open,
        )
        found[name] = (graph, hits)
        if past.alone is not None and len(hits):
            own = read_histories(connection, graph, np.unique(hits.focus))
            found[name] = (
                own,
                _ending(own, typologies()[name].find(own, parameters[name], common), microseconds_of(day)),
            )
    return found


@dataclass(frozen=True)
class _Told:
    """What a typology found and tells: its graph, the findings, per finding its strength and instances left out."""

    graph: TransferGraph
    hits: Hits
    strength: np.ndarray
    unstored: np.ndarray


def _told(name: str, graph: TransferGraph, hits: Hits, parameters: Any, common: TypologySettings) -> _Told:
    """Every finding, but of paths that share a transfer with a stronger one of their day only the first few.

    Where many pay the same sums to one another, as at a pool that no label shows, paths are more than can be stored.
    """
    detector = typologies()[name]
    strength = detector.strength(graph, hits, parameters).astype(np.float64)
    unstored = np.zeros(len(hits), np.int64)
    if not detector.IS_PATH or not len(hits):
        return _Told(graph, hits, strength, unstored)
    day = np.maximum.reduceat(graph.time[hits.edges], hits.start[:-1]) // DAY
    order = np.lexsort((-strength, day))
    lengths = np.diff(hits.start)[order]
    start = np.concatenate(([0], np.cumsum(lengths)))
    edges = hits.edges[np.repeat(hits.start[:-1][order] - start[:-1], lengths) + np.arange(start[-1])]
    # A transfer may be in paths of several days, and those are different stories.
    _, things = np.unique(np.repeat(day[order] - day.min(), lengths) * len(graph.time) + edges, return_inverse=True)
    is_kept, left_out = stories(start, things, common.max_instances)
    kept = np.zeros(len(hits), bool)
    kept[order], unstored[order] = is_kept, left_out
    return _Told(graph, hits.chosen(kept), strength[kept], unstored[kept])


def _ending(graph: TransferGraph, hits: Hits, since: int) -> Hits:
    """The findings whose last transfer is not before a time."""
    if not len(hits):
        return hits
    return hits.chosen(np.maximum.reduceat(graph.time[hits.edges], hits.start[:-1]) >= since)


def _register(
    connection: Connection,
    found: dict[str, _Told],
    day: date | None,
) -> None:
    """The temp tables `hits`, a narrow row per finding and transfer, `hit_transfers`, and `strengths`."""
    rows, transfers, strengths = [], [], []
    for number, told in enumerate(found.values()):
        graph, hits = told.graph, told.hits
        strengths.append(
            pa.table(
                {
                    "typology": np.full(len(hits), number, np.int32),
                    "finding": np.arange(len(hits), dtype=np.int32),
                    "strength": told.strength,
                    "unstored_instances": told.unstored,
                }
            )
        )
        lengths = np.diff(hits.start)
        focus = np.repeat(hits.focus, lengths).astype(np.int64)
        once = np.unique(hits.edges)
        transfers.append(
            pa.table(
                {
                    "row": graph.row[once],
                    "time": graph.time[once],
                    "from_is_terminal": graph.is_sender_terminal[once],
                    "to_is_terminal": graph.is_receiver_terminal[once],
                }
            )
        )
        rows.append(
            pa.table(
                {
                    "typology": np.full(len(hits.edges), number, np.int32),
                    "finding": np.repeat(np.arange(len(hits), dtype=np.int32), lengths),
                    "part": hits.part.astype(np.int8),
                    "row": graph.row[hits.edges],
                    "focus_id": np.where(focus < 0, -1, graph.address[focus]).astype(np.int64) if len(focus) else focus,
                }
            )
        )
    _read_transfers(connection, pa.concat_tables(transfers), day)
    connection.register("hits_in", pa.concat_tables(rows))
    connection.execute(
        "create or replace temp table hits as "
        "select h.* exclude (row), t.position from hits_in as h inner join hit_transfers as t using (row)"
    )
    connection.unregister("hits_in")
    connection.register("strengths_in", pa.concat_tables(strengths))
    connection.execute("create or replace temp table strengths as select * from strengths_in")
    connection.unregister("strengths_in")


def _read_transfers(connection: Connection, transfers: pa.Table, day: date | None) -> None:
    """The temp table `hit_transfers`: transfers with what they say, each once and in order.

    Args:
        connection: The build file.
        transfers: row, time (microseconds), from_is_terminal, to_is_terminal; may repeat.
        day: The first new one; None when all are.
    """
    connection.register("transfers_read", transfers)
    connection.execute(sql("findings_transfers"), {"since": pc.min(transfers["time"]).as_py() or 0})
    connection.unregister("transfers_read")
    connection.execute(sql("findings_known_contents"), {"day": day or date.min})
    row = connection.execute(
        "select min(block_timestamp) from transfers_of_findings anti join transfer_contents using (row)"
    ).fetchone()
    connection.execute(sql("findings_new_contents"), {"since": row[0] if row and row[0] else datetime.max})
    connection.execute(sql("findings_hit_transfers"))
    connection.execute("drop table temp.transfers_of_findings")
    connection.execute("drop table temp.transfer_contents")


def _measure(connection: Connection, detectors: dict[str, tuple[Typology, Any]], verdicts: VerdictSettings) -> None:
    """The temp table `measures`: exact amounts, times and counts per finding, what makes it suspicious by itself."""
    rules = [
        {
            "typology": number,
            "name": name,
            "moved": detector.MOVED,
            "limited_by": detector.LIMITED_BY,
            "identity": detector.IDENTITY,
            "is_path": detector.IS_PATH,
            "is_proof": detector.IS_PROOF,
            "own_rate": getattr(detector, "OWN_RATE", None),
            "amount_usd": getattr(parameters, "amount_usd", None),
        }
        for number, (name, (detector, parameters)) in enumerate(detectors.items())
    ]
    thresholds = [
        {"typology": number, "token_symbol": symbol, "amount": repr(amount)}
        for number, (_, parameters) in enumerate(detectors.values())
        for symbol, amount in getattr(parameters, "amount_by_token", {}).items()
    ]
    types = {"amount_usd": pa.float64(), "own_rate": pa.string(), "is_path": pa.bool_(), "is_proof": pa.bool_()}
    columns = {key: pa.array([rule[key] for rule in rules], types.get(key)) for key in rules[0]}
    connection.register("typology_rules", pa.table(columns))
    schema = pa.schema([("typology", pa.int64()), ("token_symbol", pa.string()), ("amount", pa.string())])
    connection.register("token_thresholds", pa.Table.from_pylist(thresholds, schema))
    _look_at_own_rates(connection, verdicts)
    connection.execute(sql("findings_measures"), {"suspect_categories": list(SUSPECT_CATEGORIES)})
    connection.execute("drop table temp.own_rates")
    connection.execute("drop table temp.strengths")
    connection.unregister("typology_rules")
    connection.unregister("token_thresholds")


def _look_at_own_rates(connection: Connection, verdicts: VerdictSettings) -> None:
    """The temp table `own_rates`: how likely each burst is at the rate of its address."""
    days = float(verdicts.own_rate_days)
    connection.execute(sql("findings_own_rate_sides"), {"own_rate_days": days})
    since, until = connection.execute(
        "select date_trunc('day', min(since)), max(first_at) from own_rate_sides"
    ).fetchall()[0]
    looked_at = {"since": since or datetime.max, "until": until or datetime.min}
    history_days = verdicts.own_rate_history_days
    connection.execute(
        sql("findings_own_rates"), {"own_rate_days": days, "own_rate_history_days": history_days, **looked_at}
    )
    connection.execute("drop table temp.own_rate_sides")


def _describe(connection: Connection, number: int, name: str, hits: Hits, parameters: Any) -> pa.Table:
    """What happened, per finding."""
    detector = typologies()[name]
    rows = connection.execute(
        "select token_symbol, duration, transfer_count, address_count, moved_amount, gross_amount, "
        "focus_address from measures where typology = ? order by finding",
        [number],
    ).to_arrow_table()
    measured = Measured(
        rows["token_symbol"].to_pylist(),
        rows["duration"].to_numpy(),
        hits.hop_count,
        rows["transfer_count"].to_numpy(),
        rows["address_count"].to_numpy(),
        rows["moved_amount"].to_pylist(),
        rows["gross_amount"].to_pylist(),
        rows["focus_address"].to_pylist(),
    )
    reasons = detector.describe(measured, hits, parameters)
    facts = [
        dict(zip(hits.facts, values, strict=True))
        for values in zip(*(_shown(column).tolist() for column in hits.facts.values()), strict=True)
    ]
    count = len(hits)
    return pa.table(
        {
            "typology": pa.array(np.full(count, number, np.int32)),
            "finding": pa.array(np.arange(count, dtype=np.int32)),
            "hop_count": pa.array(hits.hop_count.astype(np.int32)),
            "reason": pa.array(reasons, pa.string()),
            "evidence": pa.array([json.dumps(fact) for fact in facts] if facts else ["{}"] * count, pa.string()),
            "parameters": pa.array(
                [json.dumps(parameters.model_dump(mode="json"), sort_keys=True)] * count, pa.string()
            ),
            "detector_version": pa.array([detector.VERSION] * count, pa.string()),
        }
    )


def _shown(column: np.ndarray) -> np.ndarray:
    """Six digits, for people to read."""
    return column.round(6) if column.dtype.kind == "f" else column


def _choose(connection: Connection, described: pa.Table, common: TypologySettings) -> None:
    """The temp tables `chosen_findings` and `chosen_transfers`: what is stored of what was found."""
    connection.register("described_findings", described)
    connection.execute(sql("findings_chosen"), {"max_findings": common.max_findings})
    connection.unregister("described_findings")
    connection.execute(sql("findings_chosen_transfers"))
    connection.execute("drop table temp.hits")
    connection.execute("drop table temp.hit_transfers")


def _store(
    connection: Connection, settings: Settings, hits: dict[str, Hits], pasts: dict[str, Past], day: date | None
) -> dict[str, dict[str, int]]:
    with transaction(connection):
        if day is None:
            for table in ("detection.findings", "detection.finding_transfers", "detection.finding_addresses"):
                connection.execute(f"delete from {table}")
            connection.execute("delete from ops.detections")
            connection.execute("create or replace temp table replaced_findings (finding_id varchar)")
        else:
            list_replaced(connection, pasts, day)
        judge(connection, settings.verdicts)
        connection.execute(
            "delete from detection.findings where finding_id in (select finding_id from replaced_findings)"
        )
        connection.execute(sql("findings_rows"))
        connection.execute(sql("findings_judged_again"))
        write_changes(
            connection,
            "detection.finding_transfers",
            f"({sql('findings_transfer_rows')})",
            "o.finding_id in (select finding_id from replaced_findings)",
            ("finding_id", "ordinal"),
            ("part", "block_timestamp", "source_file", "source_row"),
        )
        write_changes(
            connection,
            "detection.finding_addresses",
            f"({sql('findings_address_rows')})",
            "o.finding_id in (select finding_id from replaced_findings)",
            ("finding_id", "chain", "address"),
        )
        unstored = dict(connection.execute("select typology, found - kept from ops.detections").fetchall())
        capped = {
            name for (name,) in connection.execute("select typology from ops.detections where is_truncated").fetchall()
        }
        added = dict(connection.execute("select name, count(*) from chosen_findings group by name").fetchall())
        rows = connection.execute(
            "select typology, count(*), count(*) filter (where is_suspicious) from detection.findings group by typology"
        ).fetchall()
        stored = {name: (count, suspicious) for name, count, suspicious in rows}
        counts: dict[str, dict[str, int]] = {}
        connection.execute("delete from ops.detections")
        rules = rule_set_hash(settings)
        for name, found in hits.items():
            kept, suspicious = stored.get(name, (0, 0))
            beyond = unstored.get(name, 0) + found.found - added.get(name, 0)
            is_truncated = found.is_capped or beyond > 0 or name in capped
            connection.execute(
                "insert into ops.detections values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    name,
                    typologies()[name].VERSION,
                    kept + beyond,
                    kept,
                    suspicious,
                    settings.typologies.max_findings,
                    is_truncated,
                    settings.rules.name,
                    rules,
                ],
            )
            counts[name] = {
                "found": kept + beyond,
                "kept": kept,
                "suspicious": suspicious,
                "is_truncated": is_truncated,
            }
        remember_days(connection, "typologies")
    return counts
