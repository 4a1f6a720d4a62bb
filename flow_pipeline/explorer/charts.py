"""Charts of pages, as Vega-Lite says them, and the script that draws them, which this machine makes for itself.

What a stranger wrote stands in a chart as data alone: other texts of a chart may become part of an expression. A page
draws with Vega's interpreter, which runs no text as code. Sums over a window are changes, never balances.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from flow_pipeline.explorer.answers import jsonable
from flow_pipeline.settings import Settings

_ONTO, _OFF, _BAND, _MARK = "#2a7f9e", "#c2571a", "#8896a4", "#a61b1b"
_MOST_LINES = 5
_FEW_DAYS = 40
_MAKING = threading.Lock()


def script(settings: Settings) -> tuple[str, bytes]:
    """Vega with what embeds it, as a module, and its mark; made once per version in a few seconds, then kept."""
    mark = version("vl-convert-python")
    kept = settings.data_dir / "explorer" / f"vega-{mark}.js"
    with _MAKING:
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            made = kept.with_suffix(".incoming")
            import vl_convert

            made.write_text(vl_convert.javascript_bundle("export { vegaEmbed as embed };"), encoding="utf-8")
            made.replace(kept)
        return mark, kept.read_bytes()


def netflow(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Daily netflow as bars, the range that it leaves as seldom as the budget says, and marks on days that stand out.

    Args:
        rows: block_date, netflow, low, high, e_value, is_anomalous.
    """
    shown = [_day(row, ("netflow", "inflow", "outflow", "low", "high", "e_value", "is_anomalous")) for row in rows]
    moved = [abs(row["netflow"]) for row in shown if row["netflow"] is not None]
    reach = 1.2 * max(moved, default=1.0) or 1.0
    for row in shown:  # with little history the range is many times wider than any bar
        for end in ("low", "high"):
            row[end] = None if row[end] is None else max(-reach, min(reach, row[end]))
    days = _days(shown)
    amount = {"field": "netflow", "type": "quantitative", "title": "netflow, token units (+ = onto)"}
    tip = [
        {"field": "day", "type": "temporal", "title": "day", "format": "%Y-%m-%d"},
        {"field": "netflow", "type": "quantitative", "format": ",.6~g"},
        {"field": "inflow", "type": "quantitative", "format": ",.6~g"},
        {"field": "outflow", "type": "quantitative", "format": ",.6~g"},
        {"field": "e_value", "type": "quantitative", "title": "days a year that move as far", "format": ".3~g"},
    ]
    colour = {"condition": {"test": "datum.netflow >= 0", "value": _ONTO}, "value": _OFF}
    layers: list[dict[str, Any]] = []
    if any(row["low"] is not None for row in shown):
        ends = {"y": {"field": "low", "type": "quantitative", "title": amount["title"]}, "y2": {"field": "high"}}
        mark: dict[str, Any] = {"type": "area", "color": _BAND, "opacity": 0.35, "interpolate": "step"}
        layers.append({"mark": mark, "encoding": {"x": days, **ends}})
    layers.append({"mark": {"type": "bar"}, "encoding": {"x": days, "y": amount, "color": colour, "tooltip": tip}})
    if any(row["is_anomalous"] for row in shown):
        mark = {"type": "point", "color": _MARK, "size": 110, "strokeWidth": 2.5}
        encoding = {"x": days, "y": amount, "tooltip": tip}
        layers.append({"transform": [{"filter": "datum.is_anomalous"}], "mark": mark, "encoding": encoding})
    return _whole(shown, layers)


def change(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How far what an address holds has changed since the window began, a line per token.

    Args:
        rows: block_date, token_symbol, token_address, change.
    """
    shown = []
    for row in rows:
        token = row["token_symbol"] or row["token_address"] or "?"
        shown.append({**_day(row, ("change", "inflow", "outflow")), "token": token})
    tip = [
        {"field": "day", "type": "temporal", "title": "day", "format": "%Y-%m-%d"},
        {"field": "token", "type": "nominal"},
        *({"field": name, "type": "quantitative", "format": ",.6~g"} for name in ("change", "inflow", "outflow")),
    ]
    encoding = {
        "x": _days(shown),
        "y": {"field": "change", "type": "quantitative", "title": "change since the first day, token units"},
        "color": {"field": "token", "type": "nominal", "title": None, "legend": {"orient": "bottom"}},
        "tooltip": tip,
    }
    return _whole(shown, [{"mark": {"type": "line", "interpolate": "step-after", "point": True}, "encoding": encoding}])


def busiest(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of the tokens with the most days, as many as a chart can tell apart."""
    found = list(rows)
    days = Counter((row["token_symbol"], row["token_address"]) for row in found if row["change"] is not None)
    kept = {token for token, _ in days.most_common(_MOST_LINES)}
    return [row for row in found if (row["token_symbol"], row["token_address"]) in kept]


def _days(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The axis of days; of few days each has its mark, as times between them would look like days."""
    days = sorted({row["day"] for row in rows})
    spans_years = bool(days) and days[0][:4] != days[-1][:4]
    axis: dict[str, Any] = {"labelOverlap": "greedy", "labelSeparation": 8, "grid": False}
    axis["format"] = "%b %Y" if spans_years and len(days) > _FEW_DAYS else "%d %b %Y" if spans_years else "%d %b"
    if len(days) <= _FEW_DAYS and not spans_years:
        axis["tickCount"] = "day"
    return {"field": "day", "type": "temporal", "title": None, "axis": axis}


def _whole(rows: list[dict[str, Any]], layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "width": "container",
        "height": 260,
        "background": "transparent",
        "data": {"values": rows},
        "layer": layers,
        # Descriptions for screen readers would be expressions made of fields; the caption says the same.
        "config": {"aria": False, "view": {"stroke": None}},
    }


def _day(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A row as a chart reads it: floats draw as well as exact decimals."""
    return {"day": jsonable(row["block_date"])} | {name: _drawn(row.get(name)) for name in names}


def _drawn(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) else float(value)
