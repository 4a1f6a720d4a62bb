"""`netraflow demo`: the committed sample through the whole pipeline, offline."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import (
    DEMO,
    RUN_STEPS,
    JsonOption,
    counted,
    progress,
    put,
    settings_of,
    tell_memory,
    tell_next,
)
from flow_pipeline.cli.tables import pretty, table
from flow_pipeline.domain.shipped import shipped

SAMPLE = shipped("data/sample")
LEAST_FOUND = 0.9
"""Of what is planted above the budget's size. A tail is estimated from few findings, so all can not be promised."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo", epilog="Example: netraflow demo --out /tmp/demo")(demo)


def demo(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", help="Data directory; else <data dir>/demo.")] = None,
    planted: Annotated[
        bool, typer.Option("--planted", help="Also what was planted in the sample, beside what was found of it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the sample and tell what was found; exit 1 when what can be found of what was planted is missed.

    Netflow days are missed when any day before was as far from its level: sixty days are too few to flag all of them.
    """
    started = time.monotonic()
    with progress(RUN_STEPS) as say:
        summary = _run(context, out, say, started)
    days, scores = summary["planted"], summary["typologies"]
    typologies = [row for row in scores if "above" in row]
    above, right = (sum(row[name] for row in typologies) for name in ("above", "above_right"))
    missed = [row for row in days if row["place"] != 1]
    flows = [(row["right"], row["planted"]) for row in scores if "above" not in row]
    if as_json or not sys.stdout.isatty():
        put(json.dumps(summary, indent=1, default=str))
    else:
        _tell(
            summary,
            f"{right} of {above} findings, {len(days) - len(missed)} of {len(days)} netflow days, "
            + ", ".join(f"{found} of {of} group flows" for found, of in flows),
        )
        if planted:
            _tell_planted(days, scores)
    if missed or any(found < of for found, of in flows) or right < LEAST_FOUND * above:
        raise typer.Exit(1)


def _run(context: typer.Context, out: Path | None, say: Any, started: float) -> dict[str, Any]:
    """The run's summary, with what was planted and found."""
    from flow_pipeline.cli.analyze import summarise
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.loading.ingest import LoadOptions
    from flow_pipeline.pipeline import run
    from flow_pipeline.questions.findings import findings
    from flow_pipeline.questions.wallets import wallet_counts
    from flow_pipeline.reports.truth import compare_anomalies, score_flows, score_typologies
    from flow_pipeline.warehouse.store import open_published

    settings = settings_of(context, out or settings_of(context, builds=True).data_dir / DEMO)
    settings = settings.with_files(labels=[SAMPLE / "labels.csv"], prices=[str(SAMPLE / "prices.csv")])
    tell_memory(settings)
    result = run(settings, SAMPLE / "transfers", Window(), LoadOptions(), say)
    summary = summarise(settings, result, time.monotonic() - started)
    with open_published(settings) as connection:
        summary["wallets"] = vars(wallet_counts(connection))
        summary["first_findings"] = [row[0] for row in findings(connection, None, Window(), None, None, False)[1][:5]]
    summary["planted"] = compare_anomalies(settings, SAMPLE / "netflow_anomalies.json")
    scores = [*score_typologies(settings, SAMPLE / "typologies.json"), score_flows(settings, SAMPLE / "flows.json")]
    return {**summary, "typologies": scores}


def _tell(summary: dict[str, Any], planted: str) -> None:
    """What was found, in ten lines, and what to ask next."""
    counts, wallets = summary["warehouse"], summary["wallets"]
    put(
        f"{counted(counts['transfers'], 'transfer')} of {counted(counts['tokens'], 'token')} between "
        f"{counted(counts['exchanges'], 'exchange')} and "
        f"others, {counts['first_day']} to {counts['last_day']}, in {summary['seconds']:.0f} s\n"
    )
    rarest = "".join(
        f"; the rarest: {pretty(abs(row['netflow']))} {row['token_symbol']} {'onto' if row['netflow'] > 0 else 'off'} "
        f"{row['scope']} on {row['block_date']}"
        for row in summary["anomalies"][:1]
    )
    suspicious, fitting = (sum(row[name] for row in summary["findings"]) for name in ("suspicious", "fitting"))
    lines = [
        ("netflow", f"{counts['anomalies']:,} days stand out{rarest}"),
        (
            "suspicion",
            f"{suspicious:,} of {fitting:,} findings are rare enough to look at",
        ),
        ("smart money", f"{wallets['listed']:,} of {wallets['wallets']:,} wallets are listed"),
        ("alerts", ", ".join(f"{count:,} {change}" for change, count in summary["alerts"].items()) or "none"),
        ("planted", f"found {planted}"),
        ("audit", f"passed, {summary['audit']['checked']} expectations"),
        ("report", next((path for path in summary["reports"] if path.endswith(".html")), "none")),
    ]
    for name, text in lines:
        put(f"  {name:<12} {text}")
    first = [f"finding {finding}" for finding in summary["first_findings"][:1]]
    tell_next(("findings --limit 5", *first, "netflow --exchange Northbank --token USDT", "serve"))


def _tell_planted(days: list[dict[str, Any]], scores: list[dict[str, Any]]) -> None:
    names = [
        "block_date",
        "scope",
        "token_symbol",
        "netflow",
        "netflow_added",
        "place",
        "e_value",
        "found",
        "direction",
    ]
    first = sum(row["place"] == 1 for row in days)
    print()
    table(
        names,
        [[row[name] for name in names] for row in days],
        f"Planted netflow days that are the farthest of their series so far: {first} of {len(days)}; "
        f"flagged: {sum(row['found'] for row in days)}",
    )
    names = ["typology", "planted", "found", "right", "precision", "recall", "above", "recall_above"]
    table(
        names,
        [[row.get(name) for name in names] for row in scores],
        "Planted typologies and flows found; a third is too small to be, near misses and decoys stand between them",
    )
