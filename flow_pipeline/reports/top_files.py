"""The LPT study's files, with its columns: days of the largest |z| of the inclusive score.

What the study calls exchanges are single wallets, internal moves counted.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from flow_pipeline.domain.markdown import plain
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.text import csv_cell
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.netflow import top_days
from flow_pipeline.settings import AnomalySettings
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

_COLUMNS = ["inflow", "outflow", "netflow", "roll_mean", "roll_std", "zscore"]
_ALL = 1_000_000
_SERIES = ("chain", "token_symbol", "token_address")


def write_top_files(connection: Connection, rules: AnomalySettings, token: str | None, folder: Path) -> None:
    """Write the CSV files of the study and its Markdown page.

    Args:
        connection: The published file.
        rules: How many days are listed, and from which |z| on a day is an anomaly.
        token: Symbol or contract; else the most active token.
        folder: Where the files go.
    """
    series = _busiest(connection, token)

    def days(scope: str, most: int) -> list[dict[str, Any]]:
        columns, rows = top_days(connection, "inclusive", most, scope, Window(), token)
        named = (dict(zip(columns, row, strict=True)) for row in rows)
        return [row for row in named if tuple(row[name] for name in _SERIES) == series]

    listed = {scope: days(scope, rules.top_k) for scope in ("total", "exchange", "wallet")}
    every_day = days("total", _ALL)
    flagged = sorted(
        (row for row in every_day if abs(row["zscore"]) >= rules.inclusive_threshold), key=lambda row: row["block_date"]
    )
    for name, rows, scope in (
        ("top_netflow_anomalies_z2", flagged, ""),
        ("topk_netflow_total", listed["total"], ""),
        ("topk_netflow_by_exchange", listed["exchange"], "exchange"),
        ("topk_netflow_by_wallet", listed["wallet"], "wallet"),
    ):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(["date", *([scope] if scope else []), *_COLUMNS])
            writer.writerows(
                [row["block_date"], *([csv_cell(row["scope"])] if scope else []), *(row[column] for column in _COLUMNS)]
                for row in rows
            )
    named = (row["token_symbol"] for rows in (*listed.values(), every_day) for row in rows if row["token_symbol"])
    lines = [
        f"# Top-K days of netflow by |z|: {plain(next(named, token or series[2] or ''))}",
        "",
        "## Total",
        "",
        "| date | netflow | zscore |",
        "|:---|---:|---:|",
    ]
    lines += [f"| {row['block_date']} | {_figures(row)} |" for row in listed["total"]]
    lines += ["", "---", "", "## By exchange", "", "| date | exchange | netflow | zscore |", "|:---|:---|---:|---:|"]
    lines += [f"| {row['block_date']} | {plain(row['scope'])} | {_figures(row)} |" for row in listed["exchange"]]
    (folder / "top_netflow_zscore.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _figures(row: dict[str, Any]) -> str:
    return f"{float(row['netflow']):.6g} | {row['zscore']:.6g}"


def _busiest(connection: Connection, token: str | None) -> tuple[str | None, ...]:
    """The one token of a name, else of all, with the most active days: chain, symbol and contract; of none, nothing."""
    row = connection.execute(sql("top_files_busiest"), {"token": token}).fetchone()
    return tuple(row) if row else (None, None, None)
