"""The watching agent: one Markdown report per change in the anomalies of the totals, and a memory of what was told.

The memory is one JSON file, replaced whole. A report is announced in it before it is written, so that a process killed
at any point neither loses a report nor writes it twice.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.markdown import plain
from flow_pipeline.domain.markdown import row as row_of
from flow_pipeline.domain.vocabulary import TOTAL_SCOPE
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.netflow import anomalous_days
from flow_pipeline.questions.rows import named
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection, hold, open_published

COLUMNS = ("date", "zscore", "netflow", "inflow", "outflow", "roll_mean", "roll_std")
_RANK_COLUMNS = ("date", "e_value", "netflow", "inflow", "outflow", "roll_median")
_MEMORY = "memory.json"


@dataclass(frozen=True)
class Told:
    """What one look came to: rows of the report, and the report's path, None when there was nothing to tell."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    withdrawn: list[dict[str, Any]] = field(default_factory=list)
    report: Path | None = None

    @property
    def line(self) -> str:
        """The line for the terminal."""
        if self.report is None:
            return "[OK] No new anomalies."
        more = [
            f"{len(rows)} {word}" for word, rows in (("changed", self.changed), ("withdrawn", self.withdrawn)) if rows
        ]
        return f"[ALERT] {', '.join([f'{len(self.new)} new anomalies', *more])}. Report: {self.report}"


def look(settings: Settings, method: str, token: str | None = None, now: datetime | None = None) -> Told:
    """Compare the published anomalies of the totals with what was told, and tell the difference.

    Args:
        settings: Settings in force; the reports lie in `<data dir>/agent`.
        method: rank, trailing, robust or inclusive, with its threshold of the settings.
        token: Only this token: symbol or contract address.
        now: Time that names the report; else the present.

    Raises:
        FlowError: the memory can not be read, or another agent is at work.
        UsageError: nothing is published.
    """
    with hold(_folder(settings) / "agent.lock", settings):
        return _look(settings, method, token, now)


def _look(settings: Settings, method: str, token: str | None, now: datetime | None) -> Told:
    folder = _folder(settings)
    memory = _read(folder / _MEMORY)
    leftover = _finish(folder, memory)
    if leftover is not None:
        return leftover
    watched = f"{method}|{token or ''}"
    with open_published(settings) as connection:
        found = _flagged(connection, settings, method, token)
    known: dict[str, dict[str, Any]] = memory["told"].get(watched, {})
    new = [row for key, row in found.items() if key not in known]
    changed = [{**row, "was": known[key]} for key, row in found.items() if key in known and known[key] != row]
    withdrawn = [row for key, row in known.items() if key not in found]
    if not (new or changed or withdrawn):
        return Told()
    moment = now or datetime.now(UTC)
    told = Told(new, changed, withdrawn, _unused(folder, moment))
    memory["pending"] = {
        "report": told.report.name if told.report else "",
        "text": _markdown(told, settings, method, moment),
        "watched": watched,
        "told": found,
        "counts": [new, changed, withdrawn],
    }
    _replace(folder / _MEMORY, memory)
    return _finish(folder, memory) or Told()


def remembered(settings: Settings) -> tuple[Path, int]:
    """The agent's memory, and how many anomalous days it holds.

    Raises:
        FlowError: it can not be read.
    """
    path = _folder(settings) / _MEMORY
    return path, sum(len(days) for days in _read(path)["told"].values())


def rotate(settings: Settings, now: datetime | None = None) -> list[Path]:
    """Move reports of earlier months to `agent/archive/YYYY-MM/`; the memory stays, so nothing is told again."""
    folder, month, moved = _folder(settings), (now or datetime.now(UTC)).strftime("%Y-%m"), []
    for report in sorted(folder.glob("agent_report_*.md")):
        written = report.name.removeprefix("agent_report_")[:7]
        if written < month:
            target = folder / "archive" / written / report.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(report, target)
            moved.append(target)
    return moved


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "agent"


def _flagged(connection: Connection, settings: Settings, method: str, token: str | None) -> dict[str, dict[str, Any]]:
    """Flagged days of the totals by series and day, oldest first."""
    columns, rows = anomalous_days(connection, settings.anomalies, method, Window(), token)
    totals = connection.execute(
        "select chain, token_symbol, token_address, block_date, inflow, outflow from marts.fct_daily_netflow"
    ).fetchall()
    amounts = {tuple(row[:4]): row[4:] for row in totals}
    found = {}
    for row in sorted(named(columns, rows), key=lambda item: (item["block_date"], item["chain"])):
        if row["scope"] == TOTAL_SCOPE:
            series = tuple(row[name] for name in ("chain", "token_symbol", "token_address"))
            inflow, outflow = amounts[(*series, row["block_date"])]
            shown: dict[str, Any] = _ranked(row) if method == "rank" else _scored(row)
            found["|".join(str(part or "") for part in (*series, row["block_date"]))] = {
                "series": f"{row['token_symbol'] or row['token_address'] or '?'} on {row['chain']}",
                "date": str(row["block_date"]),
                **shown,
                **{
                    name: str(value)
                    for name, value in (("netflow", row["netflow"]), ("inflow", inflow), ("outflow", outflow))
                },
            }
    return found


def _ranked(row: dict[str, Any]) -> dict[str, float | None]:
    return {"e_value": float(row["e_value"]), "roll_median": _number(row["baseline_mean"])}


def _scored(row: dict[str, Any]) -> dict[str, float | None]:
    return {
        "zscore": _number(row["zscore"]),
        "roll_mean": _number(row["baseline_mean"]),
        "roll_std": _number(row["baseline_std"]),
    }


def _number(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)


def _markdown(told: Told, settings: Settings, method: str, now: datetime) -> str:
    lines = [f"# Netflow Agent Report — {now:%Y-%m-%d_%H%M%SZ} (UTC)", ""]
    columns = _RANK_COLUMNS if method == "rank" else COLUMNS
    score = columns[1]
    several = len({row["series"] for row in (*told.new, *told.changed, *told.withdrawn)}) > 1
    for title, rows in (
        ("", told.new),
        ("Changed since it was told", told.changed),
        ("Withdrawn: no anomaly any more", told.withdrawn),
    ):
        if title and rows:
            lines += [f"## {title}", ""]
        for series in sorted({row["series"] for row in rows}):
            own = [row for row in rows if row["series"] == series]
            lines += [f"### {plain(series)}", ""] if several else []
            lines += [
                row_of(columns),
                row_of(["---"] * len(columns)),
                *(row_of([_shown(row[name]) for name in columns]) for row in own),
                "",
            ]
            lines += [
                f"- {row['date']} was told with netflow {_shown(row['was']['netflow'])}, "
                f"{score} {_shown(row['was'][score])}"
                for row in own
                if "was" in row
            ]
            lines += [""] if any("was" in row for row in own) else []
    rule = settings.anomalies
    compared, days = ("e_value <", rule.rank_level_days) if method == "rank" else ("|zscore| >=", rule.window_days)
    lines.append(
        f"> Rule: {compared} {rule.threshold(method):g} triggers an alert "
        f"(method {method}, window {days} days; netflow above 0 = onto exchanges). "
        "This file was generated automatically by `netraflow agent`."
    )
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    try:
        number = float(value)
        return f"{number:.2g}" if 0 < abs(number) < 0.001 else f"{number:,.3f}".rstrip("0").rstrip(".")
    except ValueError:
        return str(value)


def _unused(folder: Path, moment: datetime) -> Path:
    """The report's path; a second report of the same second gets a number."""
    stem, number = f"agent_report_{moment:%Y-%m-%d_%H%M%SZ}", 1
    path = folder / f"{stem}.md"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.md"
    return path


def _finish(folder: Path, memory: dict[str, Any]) -> Told | None:
    """Write the announced report and remember it; None when none is announced."""
    pending = memory.get("pending")
    if not pending:
        return None
    report = folder / pending["report"]
    if not report.exists():
        incoming = report.with_name(f".{report.name}.incoming")
        incoming.write_text(pending["text"], encoding="utf-8")
        incoming.replace(report)
    memory["told"][pending["watched"]] = pending["told"]
    del memory["pending"]
    _replace(folder / _MEMORY, memory)
    new, changed, withdrawn = pending["counts"]
    return Told(new, changed, withdrawn, report)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"told": {}}
    try:
        memory = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        memory = None
    if not isinstance(memory, dict) or not isinstance(memory.get("told"), dict):
        raise FlowError(
            f"the agent's memory {path} can not be read",
            "restore it from a backup, or move it away: everything is told once more",
        )
    return memory


def _replace(path: Path, memory: dict[str, Any]) -> None:
    incoming = path.with_name(f".{path.name}.incoming")
    with incoming.open("w", encoding="utf-8") as handle:
        json.dump(memory, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    incoming.replace(path)
