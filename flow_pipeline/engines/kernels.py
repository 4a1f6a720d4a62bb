"""Kernels on workers: what typologies find on stretches of days and in groups of tokens, searched side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Any

from flow_pipeline.detection.past import pasts_of
from flow_pipeline.detection.search import Found, search
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.engines.session import cores, session
from flow_pipeline.engines.tasks import fill, side_by_side
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

READS = (
    "store.addresses",
    "store.tokens",
    "store.hubs",
    "store.services",
    "store.prices",
    "intermediate.int_tokens__canonical",
    "intermediate.int_address_labels__intervals",
)
"""What the search of typologies reads beside the transfers."""
_ROOM = 4
"""Tasks for each core: the largest one is not the last to begin. What they find waits here until it is stored."""


def search_on_workers(
    connection: Connection, stretches: list[list[Stretch]], settings: Settings
) -> Iterator[list[dict[str, Found]]]:
    """Per stretch what each typology finds in each of its groups of tokens, some stretches beside one another.

    No task knows what another one finds: it looks for itself how far findings that grow reach back.

    Args:
        connection: The build file; its transfers are in the lake, and hubs and services are known.
        stretches: Per stretch of days its groups of tokens.
        settings: In force.
    """
    spark = session(settings)
    shelf = fill(connection, settings, f"{settings.lake_path}/work/search", READS)
    room = _ROOM * cores(spark)
    each = -(-room // min(len(stretches), room))
    tasks = [[part for group in groups for part in _parts(connection, group, each)] for groups in stretches]
    # As many stretches at a time as give every core its tasks.
    times = [before // room for before in accumulate((len(parts) for parts in tasks), initial=0)]
    for time in sorted({*times[:-1]}):
        together = [parts for parts, one in zip(tasks, times, strict=False) if one == time]
        found = iter(side_by_side(spark, shelf, _search, [part for parts in together for part in parts]))
        for parts in together:
            yield [next(found) for _ in parts]


def _search(connection: Connection, settings: Settings, stretch: Stretch) -> dict[str, Found]:
    common = settings.typologies
    parameters: dict[str, Any] = {name: parameters_of(name, common) for name in typologies()}
    return search(connection, stretch, parameters, pasts_of(common), common, knows_before=False)


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
