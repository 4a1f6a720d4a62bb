"""The page of a bundle: all of it in one file that opens offline, runs no script, and prints."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from flow_pipeline.explorer.evidence import tables
from flow_pipeline.explorer.evidence.dossier import Dossier
from flow_pipeline.explorer.evidence.filing import filing
from flow_pipeline.explorer.evidence.narrative import narrative_of
from flow_pipeline.explorer.evidence.pictures import Picture
from flow_pipeline.explorer.markup import as_html
from flow_pipeline.reports.page import in_words

_ROWS = 200
"""Transfers of a finding on the page; the table beside it has all."""


def page(told: Dossier, drawn: list[Picture]) -> str:
    """The page as HTML."""
    by_name = {one.name: one for one in drawn}
    runs = {copy.key: copy.run for copy in told.copies if copy.kind == "finding"}
    columns = ("ordinal", "block_timestamp", "from_address", "to_address", "amount", "amount_usd", "tx_hash")
    shown = ("chain", "address", "entity", "labels", "has_conflict", "risk", "components")
    reported = filing(told)["fincen_sar"]["SuspiciousActivity"]
    values = {
        "case": told.case,
        "fields": [(name, value) for name, value in reported.items() if isinstance(value, str)],
        "narrative": as_html(narrative_of(told)),
        "alerts": [
            (one["alert_id"], one["severity"], one["rule"], one["block_date"], one["title"])
            for one in told.contents("alert")
        ],
        "findings": [
            {
                **one,
                "run": runs[one["finding_id"]],
                "picture": by_name[f"finding-{one['finding_id']}"],
                "columns": columns,
                "rows": [[_amount(name, row[name]) for name in columns] for row in one["transfers"][:_ROWS]],
                "more": max(len(one["transfers"]) - _ROWS, 0),
            }
            for one in told.findings
        ],
        "address_columns": shown,
        "addresses": tables.address_rows(told, shown),
        "views": [one for one in drawn if one.name.startswith("view-")],
        "notes": [{**note, "html": as_html(note["body"])} for note in told.case["notes"]],
        "timeline": [
            (event["made_at"], event["author"], event["case_id"], event["act"], event["detail"] or None)
            for event in told.timeline
        ],
        "runs": [
            {
                **run,
                "label_rows": [
                    (one["label_set"], one["labels"], one["sources"], one["content_hash"]) for one in run["label_sets"]
                ],
                "detector_rows": [
                    (one["typology"], one["detector_version"], f"{one['rule_set']} {one['rule_set_hash']}")
                    for one in run["detectors"]
                ],
            }
            for run in told.runs
        ],
    }
    return _environment().get_template("bundle.html.j2").render(values)


def _amount(name: str, value: Any) -> Any:
    if value is None or name not in ("amount", "amount_usd", "block_timestamp"):
        return value
    return str(value).replace("T", " ") if name == "block_timestamp" else in_words(float(value))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(__package__ or ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {"show": in_words, "base64": lambda text: base64.b64encode(text.encode()).decode()}
    return made
