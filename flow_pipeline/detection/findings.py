"""Typologies on the build file: prepare the graph, let every detector look, measure exactly, store with evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
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


Searcher = Callable[[Connection, list[Stretch], Settings], list[dict[str, Found]]]
"""Gives per group of tokens what each typology finds on the days of a stretch, which is that of all groups."""


def search_here(connection: Connection, groups: list[Stretch], settings: Settings) -> list[dict[str, Found]]:
    """One group after the other, in this process."""
    common = settings.typologies
    parameters: dict[str, Any] = {name: parameters_of(name, common) for name in typologies()}
    pasts, found = pasts_of(common), []
    for stretch in groups:
        with held_beside(connection, settings, stretch.transfers * settings.warehouse.bytes_per_transfer):
            found.append(search(connection, stretch, parameters, pasts, common))
    return found


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
        changed: date | None = None
        for _, group in groupby(stretches, key=lambda stretch: stretch.until):
            groups = list(group)
            is_last = groups[-1] is stretches[-1]
            hits = _find(connection, settings, searcher, groups, parameters)
            changed = _store(connection, settings, hits, pasts, groups[0], changed, is_last)
        return _counts(connection)


def _find(
    connection: Connection,
    settings: Settings,
    searcher: Searcher,
    groups: list[Stretch],
    parameters: dict[str, Any],
) -> dict[str, Hits]:
    """The temp tables of what is to be stored of a stretch, in all its groups of tokens."""
    remember_traffic(connection, groups[0])
    found = joined(searcher(connection, groups, settings))
    number_tokens(connection)
    size = sum(table.nbytes for one in found.values() for table in (one.strengths, one.rows, one.transfers))
    with held_beside(connection, settings, size):
        _register(connection, found, groups[0])
    hits = {name: one.hits for name, one in found.items()}
    del found
    _measure(connection, {name: (typologies()[name], parameters[name]) for name in parameters}, settings.verdicts)
    described = [_describe(connection, number, name, hits[name], parameters[name]) for number, name in enumerate(hits)]
    _choose(connection, pa.concat_tables(described), settings.typologies)
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
