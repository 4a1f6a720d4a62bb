"""Typologies on the build file: every detector looks at a stretch, what it found is stored, and all of it is judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby
from typing import Any

import pyarrow as pa

from flow_pipeline.detection.graph import number_tokens, refresh_hubs
from flow_pipeline.detection.measures import Count, measure
from flow_pipeline.detection.past import list_replaced, pasts_of
from flow_pipeline.detection.relations import (
    CHOSEN_FINDINGS,
    CHOSEN_TRANSFERS,
    DESCRIPTIONS,
    EARLIER_TRANSFERS,
    GRAPH_TOKENS,
    MEASURES,
    REPLACED_FINDINGS,
    VERDICTS,
)
from flow_pipeline.detection.search import Found, joined, search
from flow_pipeline.detection.services import refresh_services
from flow_pipeline.detection.stretches import Stretch, plan
from flow_pipeline.detection.verdicts import judge, remember_traffic, unjudged
from flow_pipeline.detectors.typology import Past, parameters_of, typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.graph.parallel import on_threads
from flow_pipeline.scoring.rules import rule_set_hash
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.content import forget_hashes, keeping_hash, write_changes
from flow_pipeline.warehouse.days import first_new_day, remember_days
from flow_pipeline.warehouse.relations import dropped_after
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, held_beside, threads, transaction

sql = statements(__package__)

_WRITTEN = (
    "finding_id in (select finding_id from replaced_findings union all select finding_id from chosen_findings "
    "union all select finding_id from verdicts)"
)
"""Findings that a run may write."""
_WRITTEN_AT_ONCE = 50_000
"""Findings whose statements are made together: lists of transfers in order can not be spilled, some kilobytes each."""
Searcher = Callable[[Connection, list[list[Stretch]], Settings], Iterator[dict[str, Count]]]
"""Gives per stretch, in order, how much each typology found in its groups of tokens, and makes the temp tables of what
is to be stored of it. That is stored before the next stretch is asked for.
"""


def search_here(
    connection: Connection, stretches: list[list[Stretch]], settings: Settings
) -> Iterator[dict[str, Count]]:
    """One stretch after the other, in this process."""
    for groups in stretches:
        yield measure(connection, _found_here(connection, groups, settings), groups[0], settings, knows_before=True)


def _found_here(connection: Connection, groups: list[Stretch], settings: Settings) -> dict[str, Found]:
    common, found = settings.typologies, []
    parameters: dict[str, Any] = {name: parameters_of(name, common) for name in typologies()}
    for stretch in groups:
        size = stretch.transfers * settings.warehouse.bytes_per_transfer
        with held_beside(connection, settings, size), on_threads(threads(settings.warehouse)):
            found.append(search(connection, stretch, parameters, pasts_of(common), common, knows_before=True))
    number_tokens(connection)
    return joined(found)


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
    pasts = pasts_of(common)
    day = first_new_day(connection, "typologies")
    with dropped_after(
        connection,
        GRAPH_TOKENS,
        EARLIER_TRANSFERS,
        MEASURES,
        CHOSEN_FINDINGS,
        CHOSEN_TRANSFERS,
        DESCRIPTIONS,
        REPLACED_FINDINGS,
        VERDICTS,
    ):
        number_tokens(connection)
        stretches = plan(connection, day, pasts.values(), settings)
        with transaction(connection):
            refresh_hubs(connection, common.hub_degree, day)
        refresh_services(connection, stretches, settings)
        groups = [list(group) for _, group in groupby(stretches, key=lambda stretch: stretch.until)]
        for stretch, *_ in groups:
            remember_traffic(connection, stretch)
        changed: date | None = None
        for (stretch, *_), counts in zip(groups, searcher(connection, groups, settings), strict=True):
            is_last = stretch.until == stretches[-1].until
            changed = _store(connection, settings, counts, pasts, stretch, changed, is_last)
        return _counts(connection)


def _store(
    connection: Connection,
    settings: Settings,
    counts: dict[str, Count],
    pasts: dict[str, Past],
    stretch: Stretch,
    changed: date | None,
    is_last: bool,
) -> date | None:
    """Store what a stretch gave; with the last one everything is judged that changed.

    Args:
        connection: The build file.
        settings: In force.
        counts: How much was found.
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
    connection.register("searched", _searched(settings))
    with transaction(connection):
        with keeping_hash(connection, "detection.findings", _WRITTEN):
            connection.execute(
                "delete from detection.findings where finding_id in (select finding_id from replaced_findings)"
            )
            _insert_chosen(connection)
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
        _count(connection, settings, counts)
        if is_last:
            remember_days(connection, "typologies")
    connection.unregister("searched")
    return changed


def _insert_chosen(connection: Connection) -> None:
    row = connection.execute("select count(*) from chosen_findings").fetchone()
    for first in range(0, row[0] if row else 0, _WRITTEN_AT_ONCE):
        connection.execute(sql("findings_rows"), {"first": first, "last": first + _WRITTEN_AT_ONCE - 1})


def _searched(settings: Settings) -> pa.Table:
    """typology (its number), parameters, detector_version."""
    parameters = [parameters_of(name, settings.typologies).model_dump(mode="json") for name in typologies()]
    return pa.table(
        {
            "typology": pa.array(range(len(parameters)), pa.int32()),
            "parameters": [json.dumps(given, sort_keys=True) for given in parameters],
            "detector_version": [typology.VERSION for typology in typologies().values()],
        }
    )


def _count(connection: Connection, settings: Settings, counts: dict[str, Count]) -> None:
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
    for name, found in counts.items():
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
