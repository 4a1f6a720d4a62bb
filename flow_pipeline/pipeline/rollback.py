"""Readers back to an earlier publication, and the exports with them."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.reports.exports import export_run
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_run
from flow_pipeline.warehouse.rollback import roll_back
from flow_pipeline.warehouse.store import run_lock


def rollback(settings: Settings, run_id: str) -> tuple[str | None, list[Path]]:
    """Show readers the publication of a run and export it; the ledger of alerts keeps what it told.

    Returns:
        The run that readers saw before, and the CSV files written.

    Raises:
        UsageError: there is no such publication.
        FlowError: its file is damaged, or another run is at work.
    """
    with run_lock(settings):
        before = published_run(settings)
        roll_back(settings, run_id)
        return before, export_run(settings)
