"""Expectations on what a run leaves of what is published: a list or a folder that was left out is no news."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.quality import Expectation
from flow_pipeline.settings import QualitySettings

sql = statements(__package__)

_PUBLISHED = "{published}"
_WAY_OUT = "give back what is missing, or publish without it: --accept-collapse"
_ABOUT = {
    "labels": "marts.dim_address_labels",
    "exchanges": "marts.fct_daily_exchange_netflow",
    "tokens": "marts.dim_tokens",
    "transfers": "marts.fct_transfers",
}
_COUNTED = {
    "labels": "select count(*) from {catalog}raw.labels",
    "exchanges": "select count(distinct exchange) from {catalog}marts.fct_daily_exchange_netflow",
    "tokens": "select count(*) from {catalog}marts.dim_tokens",
}


def expectations(settings: QualitySettings) -> list[Expectation]:
    """The suite against what is published; what grows is never judged."""
    counts = {name: (text.format(catalog=f"{_PUBLISHED}."), text.format(catalog="")) for name, text in _COUNTED.items()}
    days = f"select sum(row_count) from {_PUBLISHED}.store.day_hashes"
    counts["transfers"] = (days, sql("collapse_transfers", published=_PUBLISHED))
    return [_expectation(name, *pair, settings.max_collapse) for name, pair in counts.items()]


def _expectation(name: str, before: str, now: str, allowed: float) -> Expectation:
    whose = " of the days published" if name == "transfers" else " published"
    return Expectation(
        f"{name}_stand",
        _ABOUT[name],
        f"the share of {name}{whose} that is lost stays within quality.max_collapse",
        f"select coalesce(greatest(1 - ({now}) / nullif(({before}), 0), 0), 0)",
        high=allowed,
        shown=f"select format('{name} fell from {{:,}} to {{:,}}', ({before})::bigint, ({now})::bigint)",
        way_out=_WAY_OUT,
    )
