"""Typologies on the build file: prepare the graph, let every detector look, measure exactly, store with evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.detection.graph import number_tokens, refresh_hubs
from flow_pipeline.detection.past import list_replaced, pasts_of
from flow_pipeline.detection.relations import (
    CHOSEN_FINDINGS,
    CHOSEN_TRANSFERS,
    EARLIER_TRANSFERS,
    GRAPH_TOKENS,
    MEASURES,
    REPLACED_FINDINGS,
    VERDICTS,
)
from flow_pipeline.detection.search import Found, joined, search
from flow_pipeline.detection.services import refresh_services
from flow_pipeline.detection.stretches import Stretch, plan
from flow_pipeline.detection.verdicts import SUSPECT_CATEGORIES, judge, remember_traffic, unjudged
from flow_pipeline.detectors.typology import Hits, Measured, Past, Typology, parameters_of, typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.scoring.rules import rule_set_hash
from flow_pipeline.settings import Settings, TypologySettings, VerdictSettings
from flow_pipeline.warehouse.content import forget_hashes, keeping_hash, write_changes
from flow_pipeline.warehouse.days import first_new_day, remember_days
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, held_beside, transaction

sql = statements(__package__)

_WRITTEN = (
    "finding_id in (select finding_id from replaced_findings union all select finding_id from chosen_findings "
    "union all select finding_id from verdicts)"
)
"""Findings that a run may write."""
_DESCRIBED_AT_ONCE = 50_000
"""Findings whose words are made at once: some hundred bytes each, and as much for the numbers in them."""


Searcher = Callable[[Connection, list[list[Stretch]], Settings], Iterator[list[dict[str, Found]]]]
"""Gives per stretch, in order, what each typology finds in each of its groups of tokens.

What one stretch gives is stored before the next is asked for.
"""


def search_here(
    connection: Connection, stretches: list[list[Stretch]], settings: Settings
) -> Iterator[list[dict[str, Found]]]:
    """One group after the other, in this process."""
    common = settings.typologies
    parameters: dict[str, Any] = {name: parameters_of(name, common) for name in typologies()}
    pasts = pasts_of(common)
    for groups in stretches:
        found = []
        for stretch in groups:
            with held_beside(connection, settings, stretch.transfers * settings.warehouse.bytes_per_transfer):
                found.append(search(connection, stretch, parameters, pasts, common, knows_before=True))
        yield found


@detects("typologies")
def run_typologies(
    connection: Connection, settings: Settings, searcher: Searcher = search_here
) -> dict[str, dict[str, int]]:
    """Bring detection.findings and what belongs to it up to date: new days are added, else every day is searched again.

    The days are searched stretch by stretch, and what one finds is stored before the next. All are judged at the end.

    Returns:
        Per typology: found, kept, suspicious, is_truncated.

    Raises:
        FlowError: one day does not fit into the memory of a run.
    """
    common = settings.typologies
    parameters = {name: parameters_of(name, common) for name in typologies()}
    pasts = pasts_of(common)
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
        stretches = plan(connection, day, pasts.values(), settings)
        with transaction(connection):
            refresh_hubs(connection, common.hub_degree, day)
        refresh_services(connection, stretches, settings)
        groups = [list(group) for _, group in groupby(stretches, key=lambda stretch: stretch.until)]
        changed: date | None = None
        for (stretch, *_), found in zip(groups, searcher(connection, groups, settings), strict=True):
            hits = _take_in(connection, settings, stretch, found, parameters)
            is_last = stretch.until == stretches[-1].until
            changed = _store(connection, settings, hits, pasts, stretch, changed, is_last)
        return _counts(connection)


def _take_in(
    connection: Connection,
    settings: Settings,
    stretch: Stretch,
    groups: list[dict[str, Found]],
    parameters: dict[str, Any],
) -> dict[str, Hits]:
    """The temp tables of what is to be stored of a stretch; what was found in its groups of tokens is let go."""
    number_tokens(connection)
    remember_traffic(connection, stretch)
    found = joined(groups)
    groups.clear()
    size = sum(table.nbytes for one in found.values() for table in (one.strengths, one.rows, one.transfers))
    with held_beside(connection, settings, size):
        _register(connection, found, stretch)
    hits = {name: one.hits for name, one in found.items()}
    del found
    _measure(connection, {name: (typologies()[name], parameters[name]) for name in parameters}, settings.verdicts)
    _choose(connection, settings.typologies)
    _describe(connection, hits, parameters)
    return hits


def _register(connection: Connection, found: dict[str, Found], stretch: Stretch) -> None:
    """The temp tables `hits`, a narrow row per finding and transfer, `hit_transfers`, and `strengths`."""
    _read_transfers(connection, pa.concat_tables([one.transfers for one in found.values()]), stretch)
    connection.register("hits_in", pa.concat_tables([one.rows for one in found.values()]))
    connection.execute(
        "create or replace temp table hits as "
        "select h.* exclude (row), t.position from hits_in as h inner join hit_transfers as t using (row)"
    )
    connection.unregister("hits_in")
    connection.register("strengths_in", pa.concat_tables([one.strengths for one in found.values()]))
    connection.execute("create or replace temp table strengths as select * from strengths_in")
    connection.unregister("strengths_in")


def _read_transfers(connection: Connection, transfers: pa.Table, stretch: Stretch) -> None:
    """The temp table `hit_transfers`: transfers with what they say, each once and in order.

    Args:
        connection: The build file.
        transfers: row, time (microseconds), from_is_terminal, to_is_terminal; may repeat.
        stretch: Where they were found.
    """
    connection.register("transfers_read", transfers)
    values = {"since": pc.min(transfers["time"]).as_py() or 0, "until": stretch.end}
    connection.execute(sql("findings_transfers"), values)
    connection.unregister("transfers_read")
    connection.execute(sql("findings_known_contents"), {"day": stretch.first or date.min})
    row = connection.execute(
        "select min(block_timestamp) from transfers_of_findings anti join transfer_contents using (row)"
    ).fetchone()
    values = {"since": row[0] if row and row[0] else datetime.max, "until": stretch.end}
    connection.execute(sql("findings_new_contents"), values)
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


def _choose(connection: Connection, common: TypologySettings) -> None:
    """The temp tables `chosen_findings` and `chosen_transfers`: what is stored of what was found."""
    connection.execute(sql("findings_chosen"), {"max_findings": common.max_findings})
    connection.execute(sql("findings_chosen_transfers"))
    connection.execute("drop table temp.hits")
    connection.execute("drop table temp.hit_transfers")


def _describe(connection: Connection, hits: dict[str, Hits], parameters: dict[str, Any]) -> None:
    """The temp tables `descriptions`, what happened per chosen finding, and `searched`, how each typology looked."""
    connection.execute(
        "create or replace temp table descriptions "
        "(typology integer, finding integer, hop_count integer, reason varchar, evidence varchar)"
    )
    for number, (name, found) in enumerate(hits.items()):
        rows = connection.execute(
            "select finding from chosen_findings where typology = ? order by finding", [number]
        ).fetchnumpy()
        chosen = np.asarray(rows["finding"])
        for begin in range(0, len(chosen), _DESCRIBED_AT_ONCE):
            part = chosen[begin : begin + _DESCRIBED_AT_ONCE]
            connection.register("described", _described(connection, number, name, found, parameters[name], part))
            connection.execute("insert into descriptions by name select * from described")
            connection.unregister("described")
    searched = {
        "typology": pa.array(range(len(hits)), pa.int32()),
        "parameters": [json.dumps(parameters[name].model_dump(mode="json"), sort_keys=True) for name in hits],
        "detector_version": [typologies()[name].VERSION for name in hits],
    }
    connection.register("searched_in", pa.table(searched))
    connection.execute("create or replace temp table searched as select * from searched_in")
    connection.unregister("searched_in")


def _described(
    connection: Connection, number: int, name: str, hits: Hits, parameters: Any, chosen: np.ndarray
) -> pa.Table:
    """Some findings of a typology in words.

    Args:
        connection: The build file, with what was measured.
        number, name: The typology.
        hits: All that it found.
        parameters: Its own.
        chosen: Which to describe, ascending.
    """
    values = {"typology": number, "first": int(chosen[0]), "last": int(chosen[-1])}
    rows = connection.execute(sql("findings_to_describe"), values).to_arrow_table()
    some = replace(
        hits,
        start=np.zeros(len(chosen) + 1, np.int64),
        focus=hits.focus[chosen],
        hop_count=hits.hop_count[chosen],
        facts={key: column[chosen] for key, column in hits.facts.items()},
    )
    measured = Measured(
        rows["token_symbol"].to_pylist(),
        rows["duration"].to_numpy(),
        some.hop_count,
        rows["transfer_count"].to_numpy(),
        rows["address_count"].to_numpy(),
        rows["moved_amount"].to_pylist(),
        rows["gross_amount"].to_pylist(),
        rows["focus_address"].to_pylist(),
    )
    facts = [
        dict(zip(some.facts, values, strict=True))
        for values in zip(*(_shown(column).tolist() for column in some.facts.values()), strict=True)
    ]
    return pa.table(
        {
            "typology": np.full(len(chosen), number, np.int32),
            "finding": chosen,
            "hop_count": some.hop_count.astype(np.int32),
            "reason": pa.array(typologies()[name].describe(measured, some, parameters), pa.string()),
            "evidence": pa.array([json.dumps(fact) for fact in facts] if facts else ["{}"] * len(chosen), pa.string()),
        }
    )


def _shown(column: np.ndarray) -> np.ndarray:
    """Six digits, for people to read."""
    return column.round(6) if column.dtype.kind == "f" else column


def _store(
    connection: Connection,
    settings: Settings,
    hits: dict[str, Hits],
    pasts: dict[str, Past],
    stretch: Stretch,
    changed: date | None,
    is_last: bool,
) -> date | None:
    """Store what a stretch gave; with the last one everything is judged that changed.

    Args:
        connection: The build file.
        settings: In force.
        hits: What was found.
        pasts: How far each typology reaches back.
        stretch: Where it was found.
        changed: The first day with findings that changed in the stretches before.
        is_last: Whether no other follows.

    Returns:
        The first day with findings that changed so far.
    """
    if stretch.first is None:
        with transaction(connection):
            for table in ("detection.findings", "detection.finding_transfers", "detection.finding_addresses"):
                connection.execute(f"delete from {table}")
                forget_hashes(connection, table)
            connection.execute("delete from ops.detections")
        connection.execute("create or replace temp table replaced_findings (finding_id varchar)")
    else:
        list_replaced(connection, pasts, stretch.first)
    row = connection.execute(sql("findings_changed"), {"before": changed}).fetchone()
    changed = row[0] if row else None
    if is_last:
        judge(connection, settings, changed)
    else:
        connection.execute(unjudged())
    with transaction(connection):
        with keeping_hash(connection, "detection.findings", _WRITTEN):
            connection.execute(
                "delete from detection.findings where finding_id in (select finding_id from replaced_findings)"
            )
            connection.execute(sql("findings_rows"))
            connection.execute("drop table temp.descriptions")
            connection.execute("drop table temp.searched")
            if is_last:
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
        _count(connection, settings, hits)
        if is_last:
            remember_days(connection, "typologies")
    return changed


def _count(connection: Connection, settings: Settings, hits: dict[str, Hits]) -> None:
    """Bring ops.detections up to date: what was found so far, stored or not."""
    beyond = dict(connection.execute("select typology, found - kept from ops.detections").fetchall())
    capped = {
        name for (name,) in connection.execute("select typology from ops.detections where is_truncated").fetchall()
    }
    added = dict(connection.execute("select name, count(*) from chosen_findings group by name").fetchall())
    rows = connection.execute(
        "select typology, count(*), count(*) filter (where is_suspicious) from detection.findings group by typology"
    ).fetchall()
    stored = {name: (count, suspicious) for name, count, suspicious in rows}
    connection.execute("delete from ops.detections")
    rules = rule_set_hash(settings)
    for name, found in hits.items():
        kept, suspicious = stored.get(name, (0, 0))
        unstored = beyond.get(name, 0) + found.found - added.get(name, 0)
        connection.execute(
            "insert into ops.detections values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                name,
                typologies()[name].VERSION,
                kept + unstored,
                kept,
                suspicious,
                settings.typologies.max_findings,
                found.is_capped or unstored > 0 or name in capped,
                settings.rules.name,
                rules,
            ],
        )


def _counts(connection: Connection) -> dict[str, dict[str, int]]:
    rows = connection.execute("select typology, found, kept, suspicious, is_truncated from ops.detections").fetchall()
    names = ("found", "kept", "suspicious", "is_truncated")
    return {name: dict(zip(names, counts, strict=True)) for name, *counts in rows}
