"""`netraflow analyze`: the main job."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flow_pipeline.cli.common import (
    RUN_STEPS,
    AcceptCollapseOption,
    ForgetOption,
    FromOption,
    JsonOption,
    PriceFilesOption,
    TokenFilesOption,
    ToOption,
    counted,
    note,
    progress,
    put,
    settings_of,
    tell_memory,
    tell_next,
)
from flow_pipeline.cli.tables import table

if TYPE_CHECKING:
    from flow_pipeline.pipeline import RunResult
    from flow_pipeline.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("analyze", epilog="Example: netraflow analyze data/sample/transfers --out /tmp/flows")(analyze)


def analyze(
    context: typer.Context,
    input_dir: Annotated[
        str,
        typer.Argument(
            help="Folder of transfer files, each loaded once; a Delta or Iceberg table, s3://bucket/folder, "
            "postgresql://user@host/database?table=schema.name."
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Data directory of this run.")] = None,
    first: FromOption = None,
    last: ToOption = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels",
            help="Label lists beside the shipped packs, several may follow: CSV, Parquet, JSON, TagPack, OFAC's SDN, "
            "plain addresses.",
        ),
    ] = None,
    label_category: Annotated[
        str | None,
        typer.Option("--label-category", help="What the addresses of a list are that does not say it: sanctioned …"),
    ] = None,
    chain: Annotated[
        list[str] | None,
        typer.Option("--chain", help="Chain of files that do not name theirs: NAME, or PATTERN=NAME for some files."),
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="Format of every file, instead of recognising it.")
    ] = None,
    tokens: TokenFilesOption = None,
    prices: PriceFilesOption = None,
    as_known_on: Annotated[
        str | None, typer.Option("--as-known-on", help="Use the labels that were known on this day, YYYY-MM-DD.")
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option("--groups", help="YAML or JSON file with groups of addresses whose flows are followed."),
    ] = None,
    time_unit: Annotated[
        str | None, typer.Option("--time-unit", help="Step of an edge list: second, minute, hour or day.")
    ] = None,
    epoch: Annotated[str | None, typer.Option("--epoch", help="Day of step 0 of an edge list, YYYY-MM-DD.")] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="Map file: columns to fields, and constants, for what no format fits.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", help="Also load the files of subfolders.")] = False,
    forget: ForgetOption = None,
    accept_collapse: AcceptCollapseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load a folder, build the marts, detect, audit, publish, export.

    The data directory remembers labels, groups, tokens, prices, map, chains and changed settings for its next runs.
    """
    from flow_pipeline.domain.windows import Window

    settings = settings_of(context, out, forget, builds=True)
    settings, options = input_options(
        settings, chain, file_format, tokens, prices, labels, time_unit, epoch, map_file, recursive, must_have_rows=True
    )
    if label_category is not None:
        settings = settings.with_changes(labels={"default_category": label_category})
    if as_known_on is not None:
        settings = settings.with_changes(labels={"as_known_on": as_known_on})
    if groups is not None:
        settings = settings.with_changes(tracing={"groups": groups})
    run_and_tell(settings, input_dir, Window.parse(first, last), options, as_json, accept_collapse)


def input_options(
    settings: Settings,
    chain: list[str] | None,
    file_format: str | None,
    tokens: list[Path] | None = None,
    prices: list[str] | None = None,
    labels: list[Path] | None = None,
    time_unit: str | None = None,
    epoch: str | None = None,
    map_file: Path | None = None,
    recursive: bool = False,
    must_have_rows: bool = False,
) -> tuple[Settings, Any]:
    """Settings and load options with what the command line adds."""
    from flow_pipeline.domain.chains import canonical_chain
    from flow_pipeline.loading.ingest import LoadOptions
    from flow_pipeline.places import brought
    from flow_pipeline.sources.maps import mapped, read_map

    changes: dict[str, Any] = {"time_unit": time_unit, "epoch": epoch}
    changes |= {
        "map": read_map(brought(map_file, settings.data_dir)) if map_file else None,
        "recursive": recursive or None,
    }
    patterns = {}
    for given in chain or []:
        pattern, equals, name = given.rpartition("=")
        if equals:
            patterns[pattern] = name
        else:
            changes["chain"] = canonical_chain(name)
    if patterns:  # those of this call are asked before those that are remembered
        changes["chains"] = patterns | {p: name for p, name in settings.sources.chains.items() if p not in patterns}
    settings = settings.with_changes(sources={key: value for key, value in changes.items() if value is not None})
    settings = settings.with_files(labels or (), tokens or (), prices or ())
    mapped(settings.sources)
    return settings, LoadOptions(format=file_format, must_have_rows=must_have_rows)


def run_and_tell(
    settings: Settings, folder: str | Path, window: Any, options: Any, as_json: bool, accept_collapse: bool
) -> None:
    """Run the pipeline, say what it remembers and changes, and print its summary."""
    tell_memory(settings)
    started = datetime.now()
    with progress(RUN_STEPS) as say:
        from flow_pipeline.pipeline import run

        result = run(settings, folder, window, options, say, accepts_collapse=accept_collapse)
    tell_result(settings, result, (datetime.now() - started).total_seconds(), as_json)


def tell_result(settings: Settings, result: RunResult, seconds: float, as_json: bool) -> None:
    """Print the summary of a run; exit with 1 when a file was refused or the report failed."""
    summary = summarise(settings, result, seconds)
    if as_json or not sys.stdout.isatty():
        put(json.dumps(summary, indent=1, default=str))
    else:
        show_summary(summary)
    for file in result.load.refused:
        note(f"netraflow: refused: {'; '.join(file.notes)}")
    for failure in result.tell_failures:
        note(f"netraflow: {failure}")
    if result.load.refused or result.tell_failures:
        raise typer.Exit(1)


def summarise(settings: Settings, result: RunResult, seconds: float) -> dict[str, Any]:
    """The run in plain values, for a table or for JSON."""
    from flow_pipeline.detectors.daily import short_history
    from flow_pipeline.questions.overview import overview
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings) as connection:
        found = overview(connection)
    load = result.load
    return {
        "run_id": result.run_id,
        "nothing_new": not result.is_new,
        "seconds": round(seconds, 1),
        "files": [
            {
                "file": f.path.name,
                "status": f.status,
                "format": f.format,
                "read": f.rows_read,
                "loaded": f.rows_loaded,
                "duplicate": f.rows_duplicate,
                "rejected": f.rows_rejected,
                "reasons": f.reasons,
                "is_truncation_suspected": f.is_truncation_suspected,
                "notes": f.notes,
                "decisions": [str(decision) for decision in f.decisions],
            }
            for f in load.files
        ],
        "rows": {name: load.total(f"rows_{name}") for name in ("read", "loaded", "duplicate", "rejected")},
        "notes": load.notes,
        "label_sets": [
            {
                "set": s.name,
                "read": s.read,
                "loaded": len(s.rows),
                "duplicate": s.duplicates,
                "rejected": len(s.rejects),
                "notes": s.notes,
            }
            for s in result.labels
        ],
        **found,
        "short_history": short_history(found["warehouse"]["ranked_days"], settings.anomalies),
        "audit": {
            "checked": len(result.verdicts),
            "warnings": [
                f"{v.stage}.{v.expectation.name}: {v.shown or v.expectation.says} (measured {v.observed:g})"
                for v in result.verdicts
                if not v.is_success
            ],
        },
        "alerts": result.told,
        "delivery": {
            "sent": result.delivery.sent,
            "errors": result.delivery.errors,
            "waiting": result.delivery.waiting,
        },
        "reports": [str(path) for path in result.reports],
        "tell_failures": result.tell_failures,
        "published": str(settings.published_link),
        "exports": str(settings.exports_dir),
    }


def show_summary(summary: dict[str, Any]) -> None:
    """The summary for people."""
    names = ["file", "status", "loaded", "rejected", "duplicate", "read", "format"]
    table(names, [[f[name] for name in names] for f in summary["files"]], "Files")
    for f in summary["files"]:
        remarks = [*(f"{count:,} rejected as {reason}" for reason, count in f["reasons"].items()), *f["notes"]]
        if remarks and f["status"] != "refused":
            put(f"{f['file']}: {'; '.join(remarks)}")
        for decision in f["decisions"]:
            put(f"  decided: {decision}")
    for remark in summary["notes"]:
        put(f"note: {remark}")
    for s in summary["label_sets"]:
        if s["rejected"] or s["notes"]:
            put(
                f"{s['set']}: {s['loaded']:,} of {s['read']:,} labels; "
                f"{s['rejected']} refused (raw.rejects has their lines); {'; '.join(s['notes'])}"
            )
    counts = summary["warehouse"]
    put(
        f"\n{counted(counts['transfers'], 'transfer')} of {counted(counts['tokens'], 'token')}, "
        f"{counted(counts['exchanges'], 'exchange')}, {counts['first_day']} to {counts['last_day']}\n"
    )
    if summary["anomalies"]:
        names = ["block_date", "token_symbol", "scope", "netflow", "e_value", "direction", "severity"]
        title = (
            f"Netflow anomalies: the rarest of {counts['anomalies']} "
            "(high = onto the exchange; e_value = days a year that move as far)"
        )
        table(
            [name.removesuffix("_symbol") for name in names],
            [[row[name] for name in names] for row in summary["anomalies"]],
            title,
        )
    if summary["short_history"]:
        put(f"note: {summary['short_history']}")
    if any(summary["daily_findings"].values()):
        put(
            "Days flagged, those of single wallets with them: "
            + ", ".join(f"{count:,} by {detector}" for detector, count in summary["daily_findings"].items())
            + "; `netraflow anomalies --detector NAME` lists them\n"
        )
    if summary["findings"]:
        names = ["typology", "suspicious", "fitting", "score", "first"]
        table(
            names,
            [[row[name] for name in names] for row in summary["findings"]],
            "Typologies: suspicious findings, and all that fit the definition",
        )
    for row in summary["truncated"]:
        put(f"truncated: {row['found']:,} {row['typology']} found, {row['kept']:,} kept; raise typologies.max_findings")
    if summary["risks"]:
        names = ["address", "score", "category", "finding_count", "components"]
        table(
            names,
            [[row[name] for name in names] for row in summary["risks"]],
            "Riskiest addresses; `netraflow risk ADDRESS` explains",
        )
    if summary["top_destinations"]:
        names = ["token_symbol", "to_address", "entity", "amount", "transfer_count", "amount_share"]
        heads = ["token", "to_address", "entity", "amount", "count", "share"]
        table(
            heads,
            [[row[name] for name in names] for row in summary["top_destinations"]],
            "Top destinations of the busiest tokens",
        )
    for warning in summary["audit"]["warnings"]:
        put(f"warning: {warning}")
    if summary["alerts"]:
        changes = ", ".join(f"{count:,} {change}" for change, count in summary["alerts"].items())
        put(f"Alerts: {changes}; `netraflow alerts list` shows the open ones")
    for path in summary["reports"]:
        if path.endswith(".html"):
            put(f"Report: {path}")
    for name, error in summary["delivery"]["errors"].items():
        put(
            f"warning: {error}: what this run has to tell is told by the next one"
            if name == "ledger"
            else f"warning: channel {name}: {error}; its alerts wait in the ledger"
        )
    if summary["nothing_new"]:
        put(f"Nothing new: {summary['published']} stands as it was ({summary['seconds']} s)")
    else:
        put(
            f"Audit passed ({summary['audit']['checked']} expectations). "
            f"Published {summary['published']} in {summary['seconds']} s; CSV exports in {summary['exports']}"
        )
    tell_next(
        question
        for question, is_answered in (
            ("anomalies", counts["anomalies"]),
            ("findings --limit 5", any(row["suspicious"] for row in summary["findings"])),
            ("alerts list --limit 5", summary["alerts"]),
            ("netflow --limit 5", counts["exchanges"]),
            ("destinations --top 3", True),
        )
        if is_answered
    )
