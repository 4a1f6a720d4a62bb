"""Which days must be rebuilt: days that a load touched, days the calendar gained, or all of them.

All of them are when an input of every day changed.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.tokens import lookalike_form
from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import QualitySettings, Settings
from flow_pipeline.tracing import VERSION as TRACING
from flow_pipeline.warehouse import dbt
from flow_pipeline.warehouse.store import Connection, get_state, macros, number, set_state, transaction

sql = statements(__package__)

_ALL_CHANGED, _AUDITED = "all_days_changed", "every_day_audited"
"""State: whether a stage wrote rows of any day since the last publication, and when all were audited last."""


def plan_rebuild(connection: Connection, window: Window, settings: Settings) -> bool:
    """Complete store.dirty_days before the models run.

    Returns:
        True when every day is to be rebuilt: a changed model, label set, price, region or token name reaches them all.
    """
    last = connection.execute("select max(block_date) from store.transfers").fetchone()
    last_transfer: date | None = last[0] if last else None
    before, asked = get_state(connection, "last_day"), get_state(connection, "last_asked")
    # No day is built before it has begun, whatever was asked for.
    wanted = min(window.last, datetime.now(UTC).date()) if window.last else None
    asked_for = max(filter(None, (wanted, date.fromisoformat(asked) if asked else None)), default=None)
    last_day = max(filter(None, (last_transfer, asked_for)), default=None)
    _refresh_token_days(connection)
    _refresh_symbol_forms(connection)
    mark = inputs_of_every_day(connection, settings)
    shrinks = bool(before and last_day and last_day < date.fromisoformat(before))
    full = get_state(connection, "built_with") != mark or shrinks or _token_names_changed(connection)
    with transaction(connection):
        if asked_for:
            set_state(connection, "last_asked", asked_for.isoformat())
        if last_day:
            set_state(connection, "last_day", last_day.isoformat())
        set_state(connection, "building_with", mark)
        if full:
            add_dirty_days(connection, "select distinct block_date as day from store.transfers")
        elif before and last_day and last_day > date.fromisoformat(before):
            gained = [
                date.fromisoformat(before) + timedelta(days=n + 1)
                for n in range((last_day - date.fromisoformat(before)).days)
            ]
            add_dirty_days(connection, "select unnest($gained::date[]) as day", {"gained": gained})
    return full


def add_dirty_days(connection: Connection, days: str, values: dict[str, Any] | None = None) -> None:
    """Days that a query gives, each once as `day`, must be rebuilt before the next publish."""
    new = f"select day from ({days}) where day not in (select block_date from store.dirty_days)"
    connection.execute(f"insert into store.dirty_days {new}", values or {})


def first_dirty_day(connection: Connection) -> date | None:
    """The first day that waits to be rebuilt, None when none does."""
    row = connection.execute("select min(block_date) from store.dirty_days").fetchone()
    return row[0] if row else None


def first_new_day(connection: Connection, stage: str) -> date | None:
    """The first day a stage must look at when every day that waits follows those it has seen.

    None when it must look at all again. Until `remember_days` the stage counts as having seen nothing, so that what a
    killed run left half done is done again from the start.
    """
    seen = get_state(connection, f"{stage}_through")
    set_state(connection, f"{stage}_through", "")
    first = first_dirty_day(connection)
    if seen and first and first.isoformat() > seen:
        return first
    set_state(connection, _ALL_CHANGED, "yes")
    return None


def remember_days(connection: Connection, stage: str) -> None:
    """A stage has seen every day; called in the transaction that stores what it found."""
    row = connection.execute("select max(block_date) from store.transfers").fetchone()
    set_state(connection, f"{stage}_through", str(row[0]) if row and row[0] else "")


def first_day_to_audit(connection: Connection, settings: QualitySettings) -> date:
    """The first day that changed; the first of all where a stage looked at all again or all are due to be audited."""
    today, before = datetime.now(UTC).date(), get_state(connection, _AUDITED)
    is_due = not before or today - date.fromisoformat(before) >= timedelta(settings.full_audit_days)
    if is_due or get_state(connection, _ALL_CHANGED) == "yes":
        return date.min
    return first_dirty_day(connection) or date.max


def adds_few(connection: Connection, transfers: int) -> bool:
    """True when every day that waits follows those that detection has seen, and all bring at most so many transfers."""
    first = first_dirty_day(connection)
    seen = [get_state(connection, f"{stage}_through") or "9999-12-31" for stage in ("typologies", "address_clusters")]
    if first is None or first.isoformat() <= max(seen):
        return False
    new = "select count(*) from store.transfers where block_date >= $first"
    return number(connection, new, {"first": first}) <= transfers


def dirty_days(connection: Connection) -> int:
    """Days that wait to be rebuilt or published."""
    return number(connection, "select count(*) from store.dirty_days")


def mark_built(connection: Connection, settings: QualitySettings) -> None:
    """Nothing is dirty any more, and what was audited is; called in the transaction that records a publication."""
    if first_day_to_audit(connection, settings) == date.min:
        set_state(connection, _AUDITED, datetime.now(UTC).date().isoformat())
    set_state(connection, _ALL_CHANGED, "")
    connection.execute("delete from store.dirty_days")
    set_state(connection, "built_with", get_state(connection, "building_with") or "")


def needs_build(connection: Connection, settings: Settings) -> bool:
    """True when a run would change what is published."""
    return dirty_days(connection) > 0 or get_state(connection, "built_with") != inputs_of_every_day(
        connection, settings
    )


def inputs_of_every_day(connection: Connection, settings: Settings) -> str:
    """A mark of what every day is built with: models, rules, labels, prices, names."""
    # Rules bring compiled kernels along, which whoever only reads a warehouse can do without.
    from flow_pipeline.scoring.rules import rule_set

    facts = {
        "models": dbt.project_fingerprint(),
        "macros": macros(),
        "variables": dbt.variables(settings),
        "labels": get_state(connection, "labels"),
        "prices": get_state(connection, "prices_sha256"),
        "tokens": get_state(connection, "token_decimals_sha256"),
        "rules": [settings.rules.name, rule_set(settings)],
        # What a group file says counts, not where it lies: a data directory can be moved.
        "tracing": [
            TRACING,
            settings.tracing.model_dump(mode="json", exclude={"groups"}),
            get_state(connection, "groups"),
        ],
        "smart_money": settings.smart_money.model_dump(mode="json"),
        "clusters": settings.clusters.model_dump(mode="json"),
        "read_tables": settings.explorer.read_tables,
        "wallets": connection.execute(
            "select count(*), coalesce(sum(hash(wallet, category)), 0)::varchar from raw.wallet_reports"
        ).fetchone(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _token_names_changed(connection: Connection) -> bool:
    """True when a token that was built has now another name, price or verdict, or stops being summable.

    dbt's view tells what is, the table that it built what was.
    """
    is_built = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'dim_tokens'"
    if not connection.execute(is_built).fetchone():
        return True
    return number(connection, sql("days_changed_tokens")) > 0


def _refresh_symbol_forms(connection: Connection) -> None:
    """What a reader takes each symbol for that sources wrote."""
    new = connection.execute(
        "select distinct token_symbol from store.tokens where token_symbol is not null "
        "and token_symbol not in (select token_symbol from store.symbol_forms)"
    ).fetchall()
    if new:
        symbols = [symbol for (symbol,) in new]
        connection.execute(
            "insert into store.symbol_forms select unnest($symbols::varchar[]), unnest($forms::varchar[])",
            {"symbols": symbols, "forms": [lookalike_form(symbol) or None for symbol in symbols]},
        )


def _refresh_token_days(connection: Connection) -> None:
    """Counts and a bound of the sum per token and day.

    Only where count times maximum could overflow is the sum itself taken.
    """
    with transaction(connection):
        connection.execute("delete from store.token_days where block_date in (select block_date from store.dirty_days)")
        connection.execute(sql("days_token_days"))
        connection.execute(sql("days_token_sums"))
