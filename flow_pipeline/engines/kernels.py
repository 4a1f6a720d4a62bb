"""Kernels on workers: what typologies find on stretches of days and in groups of tokens, searched side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from flow_pipeline.detection.measures import Count, choose, counted, measure
from flow_pipeline.detection.past import pasts_of
from flow_pipeline.detection.relations import CHOSEN_TRANSFERS, DESCRIPTIONS, MEASURES
from flow_pipeline.detection.search import search
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.engines.session import cores, session
from flow_pipeline.engines.tables import file_system
from flow_pipeline.engines.tasks import fill, side_by_side
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.relations import Relation
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

READS = (
    "store.addresses",
    "store.tokens",
    "store.hubs",
    "store.services",
    "store.prices",
    "store.traffic_days",
    "raw.loads",
    "intermediate.int_tokens__canonical",
    "intermediate.int_address_labels__intervals",
)
"""What searching and measuring read beside the transfers."""
_GIVES = (MEASURES, CHOSEN_TRANSFERS, DESCRIPTIONS)
"""What a task writes down of what is to be stored."""
_ROOM = 4
"""Tasks for each core: the largest one is not the last to begin. What they find waits here until it is stored."""


@dataclass(frozen=True)
class _Task:
    """A stretch of days in a group of tokens, and where what is to be stored of it is written."""

    stretch: Stretch
    folder: str

    def file(self, relation: Relation) -> str:
        """Of what a relation holds of it, quoted."""
        return f"{self.folder}-{relation.name}.parquet".replace("'", "''")


@dataclass(frozen=True)
class _Answer:
    """How much a task found of each typology, and the number behind the largest of its findings."""

    counts: dict[str, Count]
    end: int


def search_on_workers(
    connection: Connection, stretches: list[list[Stretch]], settings: Settings
) -> Iterator[dict[str, Count]]:
    """Groups of tokens and stretches of days beside one another: each task searches, measures and describes.

    No task knows what another one finds: it looks for itself how far findings that grow reach back.

    Args:
        connection: The build file; its transfers are in the lake, and hubs and services are known.
        stretches: Per stretch of days its groups of tokens.
        settings: In force.
    """
    spark = session(settings)
    folder = f"{settings.lake_path}/work/search"
    _clear(folder)
    shelf = fill(connection, settings, folder, READS)
    room = _ROOM * cores(spark)
    each = -(-room // min(len(stretches), room))
    parts = [[part for group in groups for part in _parts(connection, group, each)] for groups in stretches]
    tasks = [
        [_Task(part, f"{folder}/{place}-{number}") for number, part in enumerate(own)]
        for place, own in enumerate(parts)
    ]
    # As many stretches at a time as give every core its tasks.
    times = [before // room for before in accumulate((len(own) for own in tasks), initial=0)]
    for time in sorted({*times[:-1]}):
        together = [own for own, one in zip(tasks, times, strict=False) if one == time]
        answers = iter(side_by_side(spark, shelf, _search, [task for own in together for task in own]))
        for own in together:
            yield _gathered(connection, own, [next(answers) for _ in own], settings)
    _clear(folder)


def _clear(folder: str) -> None:
    """What a run that was killed left, and what this one no longer needs."""
    system, path = file_system(folder)
    system.delete_dir_contents(path, missing_dir_ok=True)


def _search(connection: Connection, settings: Settings, task: _Task) -> _Answer:
    common, stretch = settings.typologies, task.stretch
    parameters: dict[str, Any] = {name: parameters_of(name, common) for name in typologies()}
    found = search(connection, stretch, parameters, pasts_of(common), common, knows_before=False)
    end = max(len(one.hits) for one in found.values())
    counts = measure(connection, found, stretch, settings, knows_before=False)
    for relation in _GIVES:
        kept = "semi join chosen_findings using (typology, finding)" if relation is MEASURES else ""
        connection.execute(f"copy (from {relation.name} {kept}) to '{task.file(relation)}' (format parquet)")
    return _Answer(counts, end)


def _gathered(
    connection: Connection, tasks: list[_Task], answers: list[_Answer], settings: Settings
) -> dict[str, Count]:
    """The temp tables of what is to be stored of a stretch, from the files of its tasks."""
    before = list(accumulate((answer.end for answer in answers), initial=0))
    for relation in _GIVES:
        texts = [
            f"select * replace ((finding + {first})::integer as finding) from read_parquet('{task.file(relation)}')"
            for task, first in zip(tasks, before, strict=False)
        ]
        connection.execute(f"create or replace temp table {relation.name} as {' union all by name '.join(texts)}")
    # Each task chose among its own tokens; a day has no more places for all of them.
    choose(connection, settings.typologies)
    connection.execute(
        "delete from chosen_transfers as t where not exists "
        "(select 1 from chosen_findings as c where c.typology = t.typology and c.finding = t.finding)"
    )
    return counted(answer.counts for answer in answers)


def _parts(connection: Connection, stretch: Stretch, count: int) -> list[Stretch]:
    """A stretch in so many groups of tokens of about the same number of transfers; at least one, if without tokens."""
    rows = connection.execute(
        sql("kernels_tokens"), {"tokens": None if stretch.tokens is None else list(stretch.tokens)}
    ).fetchall()
    sizes = [0] * max(min(count, len(rows)), 1)
    tokens: list[list[int]] = [[] for _ in sizes]
    for token, transfers in rows:
        least = sizes.index(min(sizes))
        sizes[least] += transfers
        tokens[least].append(token)
    return [replace(stretch, tokens=tuple(group), transfers=size) for group, size in zip(tokens, sizes, strict=True)]
