"""`netraflow rollback`: readers see an earlier publication."""

from __future__ import annotations

from typing import Annotated

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, emit, note, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("rollback", epilog="Example: netraflow rollback")(rollback)


def rollback(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(help="Run to go back to; without it, the list of those kept.")] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List the publications that are kept, or let readers see the one of a RUN, earlier or later; nothing is deleted.

    It stays until a run has something new: that publishes all that is loaded, under its own name. No alert is told
    twice.
    """
    from flow_pipeline.warehouse.rollback import publications

    settings = settings_of(context, asks=run is None)
    if run is None:
        rows = [
            [
                one.run_id,
                one.published_at,
                one.first,
                one.last,
                f"{one.size / 1e6:,.1f} MB",
                " ".join([*(["in force"] if one.is_in_force else []), *([one.damage.message] if one.damage else [])]),
            ]
            for one in publications(settings)
        ]
        emit(["run", "published_at", "first_day", "last_day", "size", "state"], rows, as_json, as_csv, "Publications")
        return
    from flow_pipeline.pipeline import rollback as stages
    from flow_pipeline.reports.targets import export_after_run

    before, exports = stages.rollback(settings, run)
    note(
        f"netraflow: readers see run {run}, before: {before or 'none'}; {len(exports)} exports written anew; "
        "the next run with something new publishes on top of it, `netraflow report` writes its report"
    )
    failures = export_after_run(settings)
    for failure in failures:
        note(f"netraflow: {failure}")
    if failures:
        raise typer.Exit(1)
