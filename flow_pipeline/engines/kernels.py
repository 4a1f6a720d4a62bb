"""Kernels on workers: what typologies find in groups of tokens, searched side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from flow_pipeline.detection.past import pasts_of
from flow_pipeline.detection.search import Found, search
from flow_pipeline.detection.stretches import Stretch
from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.domain.sql import statements
from flow_pipeline.engines.session import cores, session
from flow_pipeline.engines.tasks import fill, side_by_side
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection, transaction

sql = statements(__package__)

READS = (
    "store.addresses",
    "store.tokens",
    "store.hubs",
    "store.services",
    "store.prices",
    "intermediate.int_tokens__canonical",
    "intermediate.int_address_labels__intervals",
    "detection.findings",
    "detection.finding_transfers",
    "detection.finding_addresses",
)
"""What the search of typologies reads beside the transfers."""
_ROOM = 4
"""Groups for each core: the largest one is not the last to begin."""


@dataclass(frozen=True)
class _Seen:
    """What a task gives back: findings, and the services that it came to know."""

    found: dict[str, Found]
    services: pa.Table


def search_on_workers(connection: Connection, groups: list[Stretch], settings: Settings) -> list[dict[str, Found]]:
    """Per group of tokens what each typology finds on the days of a stretch; services are remembered.

    Args:
        connection: The build file; its transfers are in the lake.
        groups: Of tokens, all of the same days.
        settings: In force.
    """
    spark = session(settings)
    shelf = fill(connection, settings, f"{settings.lake_path}/work/search", READS)
    parts = [part for group in groups for part in _parts(connection, group, _ROOM * cores(spark))]
    seen = side_by_side(spark, shelf, _search, parts)
    with transaction(connection):
        for part, one in zip(parts, seen, strict=True):
            connection.register("services_seen", one.services)
            connection.execute(
                "delete from store.services where token_key in (select unnest($tokens::integer[]))",
                {"tokens": list(part.tokens or ())},
            )
            connection.execute("insert into store.services by name select * from services_seen")
            connection.unregister("services_seen")
    return [one.found for one in seen]


def _search(connection: Connection, settings: Settings, stretch: Stretch) -> _Seen:
    common = settings.typologies
    parameters: dict[str, Any] = {name: parameters_of(name, common) for name in typologies()}
    found = search(connection, stretch, parameters, pasts_of(common), common)
    services = connection.execute(
        "select * from store.services where token_key in (select unnest($tokens::integer[]))",
        {"tokens": list(stretch.tokens or ())},
    ).to_arrow_table()
    return _Seen(found, services)


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
