"""What the stages share: settings, partitions, and the words Dagster shows on every asset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import dagster as dg

from flow_pipeline.domain.tables import ALL_TABLES, READ_TABLES
from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.column_lineage import column_lineage
from flow_pipeline.warehouse.publish import first_published_day

POOL = "duckdb_write"
FOLLOW = dg.AutomationCondition.eager()
"""Nothing happens by it before its sensor is switched on."""
_BEFORE_DATA = date(2015, 7, 30)
"""The first day of Ethereum, while nothing is published."""
OWNERS = ["team:netraflow"]


@cache
def settings() -> Settings:
    """Settings of this code location, read once when it loads."""
    return load_settings()


@cache
def daily() -> dg.DailyPartitionsDefinition:
    """One partition per UTC day, from the first of the data on; a code location that loads again sees earlier ones."""
    return dg.DailyPartitionsDefinition(start_date=_first_day().isoformat(), timezone="UTC")


def _first_day() -> date:
    """The setting, else the first published day; a day that is not over has no partition yet."""
    if given := settings().schedule.first_day:
        return given
    return min(first_published_day(settings()) or _BEFORE_DATA, last_day())


def last_day() -> date:
    """Yesterday, the last day that is over."""
    return datetime.now(UTC).date() - timedelta(days=1)


def window_of(context: Any) -> Window:
    """The days of a run: its partition, its range of partitions, or all when it has none."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return Window()
    span = context.partition_key_range
    first, last = date.fromisoformat(span.start), date.fromisoformat(span.end)
    # Partitions begin with what is published; a file may begin before.
    is_open = settings().schedule.first_day is None and span.start == daily().get_first_partition_key()
    return Window(None if is_open else first, last)


def columns_of(relation: str) -> dict[str, Any]:
    """The columns of a table, with type and meaning, as Dagster shows them; nothing for a part of a table."""
    found = [table.columns for table in ALL_TABLES if table.relation == relation]
    columns = [dg.TableColumn(column.name, column.type, column.meaning) for table in found for column in table]
    return {"dagster/column_schema": dg.TableSchema(columns)} if columns else {}


def facts_of(relation: str, count: int | None) -> dict[str, Any]:
    """What an event of a table says: its rows, and the columns that each of its columns is made of."""
    rows = {} if count is None else {"dagster/row_count": count}
    return rows | ({"dagster/column_lineage": lineage} if (lineage := _lineages().get(relation)) else {})


@cache
def _lineages() -> dict[str, dg.TableColumnLineage]:
    found = column_lineage(settings())
    # The physical store is shown as raw.transfers, which holds it under names that people read.
    shown: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for column, sources in found.pop("raw.transfers").items():
        for source in sources:
            shown.setdefault((source[0], source[1]), []).append(("raw.transfers", column))
    made = {}
    for relation, columns in found.items():
        deps = {
            column: [
                dg.TableColumnDep(dg.AssetKey(table.split(".")), name)
                for source in sources
                for table, name in shown.get((source[0], source[1]), [(source[0], source[1])])
                if not table.startswith("store.") or table in _ASSETS_OF_THE_STORE
            ]
            for column, sources in columns.items()
        }
        made[relation] = dg.TableColumnLineage({column: found for column, found in deps.items() if found})
    return made


_ASSETS_OF_THE_STORE = ("store.wallet_features", *(table.relation for table in READ_TABLES))


def show(context: dg.AssetExecutionContext, key: list[str], facts: Mapping[str, str]) -> None:
    """Markdown on the event of the run's last day alone: a range has one event per day, and pictures are large."""
    is_daily = context.has_partition_key or context.has_partition_key_range
    last = context.partition_key_range.end if is_daily else None
    if facts:
        shown = {title: dg.MetadataValue.md(text) for title, text in facts.items()}
        context.add_asset_metadata(shown, asset_key=dg.AssetKey(key), partition_key=last)


def spec(
    relation: str, description: str, group: str, kinds: set[str], deps: list[dg.AssetKey] | None = None, **more: Any
) -> dg.AssetSpec:
    """An asset whose key is its DuckDB relation. With something above it, it can follow that."""
    return dg.AssetSpec(
        dg.AssetKey(relation.split(".")),
        description=description,
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        deps=deps or [],
        metadata=columns_of(relation),
        automation_condition=FOLLOW if deps else None,
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
        metadata=columns_of(".".join(key)),
        automation_condition=FOLLOW,
        partitions_def=daily(),
        backfill_policy=dg.BackfillPolicy.single_run(),
        freshness_policy=FRESH,
        pool=POOL,
        **more,
    )
    return decorator
