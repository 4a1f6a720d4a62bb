"""The daily and the weekly report: one HTML page that opens anywhere, the same as Markdown, charts as PNG and SVG.

Every number comes from a query that stands on the page and can be run again on the published file. Charts are SVG
inside the page: no script, no request, a tenth of an interactive page, and they print.
"""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from flow_pipeline import __version__
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.known import check_token
from flow_pipeline.reports.builder import Builder
from flow_pipeline.reports.drawing import Painter
from flow_pipeline.reports.exports import write_text, write_whole
from flow_pipeline.reports.page import render
from flow_pipeline.reports.parts import parts_of
from flow_pipeline.reports.top_files import write_top_files
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_run
from flow_pipeline.warehouse.store import open_published

Kind = Literal["daily", "weekly"]
DAYS = {"daily": 1, "weekly": 7}
_MARK = ".published"

sql = statements(__package__)


def write_report(
    settings: Settings,
    kind: Kind,
    day: date | None = None,
    token: str | None = None,
    folder: Path | None = None,
    now: datetime | None = None,
) -> list[Path]:
    """Write a report of the published file: HTML, Markdown, charts, and the LPT study's top-K files.

    Args:
        settings: Settings in force.
        kind: daily, or weekly for the seven days up to the day.
        day: Its last day; else the last day built.
        token: Token of the top-K files, symbol or contract; else the most active one.
        folder: Where it goes; else `<data dir>/reports`.
        now: Time it is made; else the present.

    Returns:
        The page, the Markdown file and the folder of charts and top-K files.

    Raises:
        UsageError: nothing is published, or the day is not built.
    """
    target = folder or settings.reports_dir
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    with open_published(settings) as connection:
        row = connection.execute("select min(block_date), max(block_date) from marts.fct_daily_region_flow").fetchone()
        first, last = row or (None, None)
        if first is None:
            raise UsageError("there is no transfer to report on", "load some: `netraflow analyze INPUT_DIR`")
        chosen = day or last
        if not first <= chosen <= last:
            raise UsageError(f"--day {chosen}: that day is not built", f"choose one from {first} to {last}")
        check_token(connection, token)
        name = f"{kind}-{chosen}"
        target.mkdir(parents=True, exist_ok=True)
        files = target / f".{name}.incoming"
        shutil.rmtree(files, ignore_errors=True)
        files.mkdir()
        try:
            run_id = published_run(settings)
            known_days = {"first_day": chosen - timedelta(days=settings.reports.days - 1), "last_day": chosen}
            state = connection.execute(sql("report_state"), known_days).to_arrow_table()
            before = _last_state(target, kind, name, run_id or "")
            with Painter(settings.reports.chart_seconds) as painter:
                builder = Builder(connection, settings, chosen - timedelta(days=DAYS[kind] - 1), chosen, files, painter)
                parts = list(parts_of(builder, kind == "weekly", state, before))
            write_top_files(connection, settings.anomalies, token, files)
            pq.write_table(
                state.replace_schema_metadata({"run_id": run_id or "", "made_at": moment.isoformat()}),
                files / "state.parquet",
            )
            values = {
                "kind": kind,
                "when": builder.when,
                "parts": parts,
                "queries": builder.queries,
                "made_at": moment.strftime("%Y-%m-%d %H:%M UTC"),
                "name": name,
                "run_id": run_id,
                "version": __version__,
                "data_days": (first, last),
            }
            pages = {kind_of_file: render(f"report.{kind_of_file}.j2", values) for kind_of_file in ("html", "md")}
            charts_folder = target / name
            shutil.rmtree(charts_folder, ignore_errors=True)
            files.replace(charts_folder)
        finally:
            shutil.rmtree(files, ignore_errors=True)
    written = [
        write_whole(target / f"{name}.{kind_of_file}", partial(write_text, text))
        for kind_of_file, text in pages.items()
    ]
    return [*written, charts_folder]


def _last_state(folder: Path, kind: str, name: str, run_id: str) -> pa.Table | None:
    """What the last report of this kind knew: the same day's of another run, else that of the latest day before."""
    own = folder / name / "state.parquet"
    if own.is_file():
        known = pq.read_table(own)
        if (known.schema.metadata or {}).get(b"run_id", b"").decode() != run_id:
            return known
    earlier = sorted(path for path in folder.glob(f"{kind}-*/state.parquet") if path.parent.name < name)
    return pq.read_table(earlier[-1]) if earlier else None


def write_reports(settings: Settings) -> list[Path]:
    """The reports that a run writes: the daily one, and the weekly one when its last day is a Sunday.

    Nothing is written when nothing was built.
    """
    with open_published(settings) as connection:
        row = connection.execute("select max(block_date) from marts.fct_daily_region_flow").fetchone()
    last = row[0] if row else None
    written = [] if last is None else write_report(settings, "daily")
    if last is not None and last.isoweekday() == 7:
        written += write_report(settings, "weekly")
    write_whole(settings.reports_dir / _MARK, partial(write_text, published_run(settings) or ""))
    return written


def reports_are_of(settings: Settings, run_id: str) -> bool:
    """True when a run's reports are written: it may have been killed between publishing and reporting."""
    mark = settings.reports_dir / _MARK
    return mark.is_file() and mark.read_text(encoding="utf-8") == run_id
