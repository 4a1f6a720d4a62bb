"""What the stages share: settings, partitions, and the words Dagster shows on every asset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any

import dagster as dg

from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import Settings, load_settings

POOL = "duckdb_write"
OWNERS = ["team:netraflow"]


@cache
def settings() -> Settings:
    """Settings of this code location, read once when it loads."""
    return load_settings()


def daily() -> dg.DailyPartitionsDefinition:
    """One partition per UTC day."""
    return dg.DailyPartitionsDefinition(start_date=settings().schedule.first_day.isoformat(), timezone="UTC")


def window_of(context: Any) -> Window:
    """The days of a run: its partition, its range of partitions, or all when it has none."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return Window()
    span = context.partition_key_range
    return Window(date.fromisoformat(span.start), date.fromisoformat(span.end))


def spec(
    relation: str, description: str, group: str, kinds: set[str], deps: list[dg.AssetKey] | None = None, **more: Any
) -> dg.AssetSpec:
    """An asset whose key is its DuckDB relation."""
    return dg.AssetSpec(
        dg.AssetKey(relation.split(".")),
        description=description,
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        deps=deps or [],
        skippable=True,
        **more,
    )


FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
"""A daily product is late after 26 hours and stale after two missed runs."""


def ops_asset(
    key: list[str], description: str, kinds: set[str], deps: list[dg.AssetKey], **more: Any
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Decorator of an asset behind the build: a run materializes it whole, whatever days it has."""
    decorator: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        key=key,
        description=description,
        group_name="ops",
        kinds=kinds,
        owners=OWNERS,
        deps=deps,
        partitions_def=daily(),
        backfill_policy=dg.BackfillPolicy.single_run(),
        freshness_policy=FRESH,
        pool=POOL,
        **more,
    )
    return decorator
