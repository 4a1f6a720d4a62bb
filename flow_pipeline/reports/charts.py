"""Pictures: netflow with the range it seldom leaves, how rare each day is, inflow against outflow, top destinations.

Altair describes them, vl-convert draws PNG and SVG without a browser or the network, in a process of its own. Each
title says the sign. What a stranger wrote, such as a symbol, goes into a chart as data alone, also in its title: other
texts of a chart may become part of an expression that is run.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from flow_pipeline.domain.markdown import plain
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.vocabulary import TOTAL_SCOPE
from flow_pipeline.questions.publications import sample
from flow_pipeline.reports.drawing import ChartFailed, Painter
from flow_pipeline.reports.page import in_words
from flow_pipeline.settings import AnomalySettings, Settings
from flow_pipeline.warehouse.store import Connection, open_published

if TYPE_CHECKING:
    import pandas as pd

_SIGN = "positive = coins moving onto exchanges"
_WIDTH, _HEIGHT = 760, 260
_INK, _ONTO, _OFF, _BAND = "#1f2933", "#2a7f9e", "#c2571a", "#b8c4cc"

_TITLE = "chart-title"
_ID = re.compile(r'(id="|url\(#)')

sql = statements(__package__)


def pictures_of(connection: Connection, detector: str, settings: Settings) -> dict[str, str]:
    """Markdown pictures by title for a detector's assets: the busiest token's total series."""
    scores = _busiest(connection)
    if detector != "netflow_anomaly" or scores is None or scores.empty:
        return {}
    rules = settings.anomalies
    return _markdown(
        settings,
        {"netflow": lambda: netflow_with_band(scores, rules), "rarity": lambda: rarity_chart(scores, rules)},
    )


def published_pictures(settings: Settings) -> dict[str, str]:
    """Markdown pictures by title for the published warehouse."""
    with open_published(settings) as connection:
        scores = _busiest(connection)
        destinations = largest_destinations(connection)
    if scores is None or scores.empty:
        return {}
    charts: dict[str, Callable[[], Any]] = {
        "netflow": lambda: netflow_with_band(scores, settings.anomalies),
        "inflow and outflow": lambda: inflow_outflow(scores),
    }
    if not destinations.empty:
        charts["top destinations"] = lambda: top_destinations(destinations)
    return _markdown(settings, charts)


_NETFLOW = {
    "marts.fct_daily_netflow": "null",
    "marts.fct_daily_exchange_netflow": "exchange",
    "marts.fct_daily_wallet_netflow": "coalesce(exchange || ' ', '') || wallet",
}
"""Marts of daily flows, and how the statement names whose they are."""


def shown_marts(connection: Connection, settings: Settings) -> dict[str, dict[str, str]]:
    """Markdown by title for each mart: some of its rows, and of a netflow mart its busiest series."""
    marts = connection.execute(
        "select 'marts.' || table_name from duckdb_tables() where schema_name = 'marts' union all "
        "select 'marts.' || view_name from duckdb_views() where schema_name = 'marts' and view_name = 'fct_transfers'"
    ).fetchall()
    found = {name: {"sample rows": sample(connection, name)} for (name,) in marts}
    series = {
        relation: connection.execute(sql("chart_mart", mart=relation, whose=who, total=TOTAL_SCOPE)).df()
        for relation, who in _NETFLOW.items()
        if relation in found
    }
    charts: dict[str, Callable[[], Any]] = {
        relation: partial(inflow_outflow, rows) for relation, rows in series.items() if not rows.empty
    }
    for relation, picture in _markdown(settings, charts).items():
        found[relation]["inflow and outflow"] = picture
    return found


def band_in_words(settings: AnomalySettings) -> str:
    """What the grey band is, and what a ring marks."""
    budget = settings.alarms_per_year
    often = "once a year" if budget == 1 else f"{budget:g} times a year"
    by = "" if settings.method == "rank" else f" by {settings.method}"
    return (
        f"grey = range (cut at the frame) that the series leaves {often}, around the median of the previous "
        f"{settings.rank_level_days} days; a ring marks an anomalous day{by}"
    )


def netflow_with_band(scores: pd.DataFrame, settings: AnomalySettings) -> Any:
    """Daily netflow as bars, the range that the series leaves as seldom as the budget says, and rings on flagged days.

    With little history that range is many times wider than any bar: it is cut to the height that the bars need.
    """
    import altair as alt

    reach = 0.17 * float(scores["netflow"].abs().max()) or 1.0
    bottom, top = min(0.0, float(scores["netflow"].min())) - reach, max(0.0, float(scores["netflow"].max())) + reach
    base = alt.Chart(scores.assign(low=scores["low"].clip(bottom, top), high=scores["high"].clip(bottom, top))).encode(
        x=_days()
    )
    scale = alt.Scale(domain=[bottom, top], nice=False)
    band = base.mark_area(color=_BAND, opacity=0.6).encode(
        y=alt.Y("low:Q", title="token units (+ = onto)", scale=scale), y2="high:Q"
    )
    bars = base.mark_bar(opacity=0.9).encode(
        y="netflow:Q", color=alt.condition("datum.netflow >= 0", alt.value(_ONTO), alt.value(_OFF))
    )
    marks = (
        base.transform_filter("datum.is_anomalous").mark_point(color=_INK, size=70, strokeWidth=2).encode(y="netflow:Q")
    )
    title = f"{_name(scores)}: daily netflow ({_SIGN})"
    return _titled([band, bars, marks], _WIDTH, _HEIGHT, title, band_in_words(settings))


def _days() -> Any:
    """The axis of days: a day and its month at each mark, as many as there is room for."""
    import altair as alt

    return alt.X("block_date:T", title=None, axis=alt.Axis(format="%d %b", labelOverlap="greedy", labelSeparation=8))


def rarity_chart(scores: pd.DataFrame, settings: AnomalySettings) -> Any:
    """How many days a year move at least as far as each day, rare ones low, with the line of the budget."""
    import altair as alt

    base = alt.Chart(scores)
    points = base.mark_circle(color=_ONTO, size=40).encode(
        x=_days(),
        y=alt.Y("e_value:Q", title="days a year", scale=alt.Scale(type="log")),
    )
    rule = (
        alt.Chart(alt.Data(values=[{"e": settings.alarms_per_year}]))
        .mark_rule(color=_OFF, strokeDash=[5, 4])
        .encode(y="e:Q")
    )
    title = f"{_name(scores)}: days a year that move as far; dashed = anomalous below"
    return _titled([points, rule], _WIDTH, _HEIGHT, title)


def inflow_outflow(scores: pd.DataFrame) -> Any:
    """Inflow above and outflow below the line."""
    import altair as alt

    base = alt.Chart(scores).encode(x=_days())
    up = base.mark_bar(color=_ONTO).encode(y=alt.Y("inflow:Q", title="token units (in up, out down)"))
    down = base.transform_calculate(down="-datum.outflow").mark_bar(color=_OFF).encode(y="down:Q")
    title = f"{_name(scores)}: inflow (up) and outflow (down)"
    return _titled([up, down], _WIDTH, _HEIGHT, title)


def top_destinations(rows: pd.DataFrame) -> Any:
    """The largest receivers of the busiest token."""
    import altair as alt

    bars = alt.Chart(rows).mark_bar()
    bars = bars.encode(
        x=alt.X("amount:Q", title="token units received"),
        y=alt.Y("receiver:N", sort="-x", title=None),
        color=alt.Color("category:N", title=None, legend=alt.Legend(orient="bottom")),
    )
    title = f"{rows['token'].iloc[0]}: top destinations by amount received"
    return _titled([bars], _WIDTH - 200, _HEIGHT, title)


def evidence_pictures(connection: Connection, settings: Settings) -> dict[str, str]:
    """Markdown pictures by typology: the evidence graph of its top finding, by score and gross amount."""
    top = connection.execute(sql("chart_top_findings")).fetchall()
    return _markdown(
        settings, {typology: partial(evidence_graph, connection, finding_id) for typology, finding_id in top}
    )


def evidence_graph(connection: Connection, finding_id: str, most: int = 40) -> Any:
    """The transfers of a finding as arrows between its addresses, numbered in their order.

    Beyond `most` the title says how many are left out.
    """
    rows = connection.execute(
        """
        select ordinal, from_address, to_address, amount::double as amount, coalesce(token_symbol, '') as token
        from detection.finding_transfers where finding_id = ? order by ordinal
        """,
        [finding_id],
    ).df()
    typology, total = connection.execute(
        "select typology, transfer_count from detection.findings where finding_id = ?", [finding_id]
    ).fetchone() or ("", 0)
    names = dict(connection.execute(sql("chart_finding_names"), {"finding_id": finding_id}).fetchall())
    title = f"{typology} {finding_id}" + (f": first {most} of {total} transfers" if total > most else "")
    return transfers_graph(rows.head(most), names, title)


def transfers_graph(rows: pd.DataFrame, names: Mapping[str, str], title: str) -> Any:
    """Transfers as arrows between addresses.

    Args:
        rows: ordinal, from_address, to_address, amount, token: in their order.
        names: What stands beside an address, in lines; one without a name stands by its ends.
        title: Above the picture.
    """
    import altair as alt
    import igraph
    import pandas as pd

    pairs = rows.groupby(["from_address", "to_address"], sort=False).agg(
        amount=("amount", lambda values: values.sum(min_count=1)),
        numbers=("ordinal", lambda values: ", ".join(map(str, values[:4])) + (" …" if len(values) > 4 else "")),
    )
    pairs = pairs.reset_index()
    addresses = list(dict.fromkeys(pairs[["from_address", "to_address"]].to_numpy().ravel()))
    place = {address: number for number, address in enumerate(addresses)}
    graph = igraph.Graph(
        len(addresses),
        [(place[a], place[b]) for a, b in zip(pairs["from_address"], pairs["to_address"], strict=True)],
        directed=True,
    )
    at = graph.layout_sugiyama(hgap=1, vgap=1).coords[: len(addresses)]
    nodes = pd.DataFrame(
        {
            "x": [y for _, y in at],
            "y": [x for x, _ in at],
            "name": [names.get(a) or f"{a[:6]}…{a[-4:]}" for a in addresses],
        }
    )
    lines = pd.DataFrame(
        {
            "x": [at[place[a]][1] for a in pairs["from_address"]],
            "y": [at[place[a]][0] for a in pairs["from_address"]],
            "x2": [at[place[b]][1] for b in pairs["to_address"]],
            "y2": [at[place[b]][0] for b in pairs["to_address"]],
        }
    )
    # What goes both ways has two sets of words on one line.
    both = set(zip(pairs["from_address"], pairs["to_address"], strict=True))
    on = pd.Series(
        [0.66 if (b, a) in both else 0.5 for a, b in zip(pairs["from_address"], pairs["to_address"], strict=True)]
    )
    middle_x, middle_y = lines["x"] * (1 - on) + lines["x2"] * on, lines["y"] * (1 - on) + lines["y2"] * on
    texts = [
        f"{numbers}: {'an unknown amount of' if math.isnan(amount) else in_words(amount)} {rows['token'].iloc[0]}"
        for numbers, amount in zip(pairs["numbers"], pairs["amount"], strict=True)
    ]
    words = pd.DataFrame({"x": middle_x, "y": middle_y, "said": texts})
    heads = lines.assign(x=lines["x"] * 0.2 + lines["x2"] * 0.8, y=lines["y"] * 0.2 + lines["y2"] * 0.8)
    wide, high = max(nodes["x"].max() - nodes["x"].min(), 1), max(nodes["y"].max() - nodes["y"].min(), 1)
    height = min(120 + 55 * high, 640)
    angle = [
        float(90 + _degrees((x2 - x) / (1.5 * wide) * _WIDTH, (y2 - y) / (1.4 * high) * height))
        for x, y, x2, y2 in zip(lines["x"], lines["y"], lines["x2"], lines["y2"], strict=True)
    ]
    across = alt.X(
        "x:Q", axis=None, scale=alt.Scale(domain=[nodes["x"].min() - 0.25 * wide, nodes["x"].max() + 0.25 * wide])
    )
    down = alt.Y(
        "y:Q", axis=None, scale=alt.Scale(domain=[nodes["y"].min() - 0.2 * high, nodes["y"].max() + 0.2 * high])
    )
    layers = [
        alt.Chart(lines).mark_rule(color=_BAND, strokeWidth=1.5).encode(x=across, y=down, x2="x2:Q", y2="y2:Q"),
        alt.Chart(heads.assign(angle=angle))
        .mark_point(shape="triangle", filled=True, color=_ONTO, size=90, opacity=1)
        .encode(x=across, y=down, angle=alt.Angle("angle:Q", scale=None)),
        alt.Chart(nodes).mark_circle(color=_INK, size=130, opacity=1).encode(x=across, y=down),
        alt.Chart(words)
        .mark_text(dy=9, fontSize=10, stroke="white", strokeWidth=3)
        .encode(x=across, y=down, text="said:N"),
        alt.Chart(words).mark_text(dy=9, fontSize=10, color=_OFF).encode(x=across, y=down, text="said:N"),
        alt.Chart(nodes)
        .mark_text(dy=-28, fontSize=11, stroke="white", strokeWidth=3, lineBreak="\n")
        .encode(x=across, y=down, text="name:N"),
        alt.Chart(nodes)
        .mark_text(dy=-28, fontSize=11, fontWeight="bold", color=_INK, lineBreak="\n")
        .encode(x=across, y=down, text="name:N"),
    ]
    return _titled(layers, _WIDTH, height, title).configure_view(stroke=None)


def flow_picture(connection: Connection, settings: Settings) -> str | None:
    """Markdown picture of the largest flows; None without a flow."""
    pairs = largest_flow_pairs(connection)
    return None if pairs.empty else _markdown(settings, {"flows": lambda: sankey(pairs)})["flows"]


def largest_flow_pairs(connection: Connection, most: int = 14) -> pd.DataFrame:
    """The largest pairs of groups of the token with the most flows."""
    return connection.execute(sql("chart_flow_pairs"), {"most": most}).df()


def sankey(rows: pd.DataFrame) -> Any:
    """Bands from source groups on the left to destination groups on the right, as thick as the amount; red for risk."""
    import altair as alt
    import numpy as np
    import pandas as pd

    total, gap = float(rows["amount"].sum()), 0.03
    places: dict[tuple[str, str], tuple[float, float]] = {}
    for side, name in (("left", "source_group"), ("right", "destination_group")):
        sums = rows.groupby(name)["amount"].sum().sort_values(ascending=False)
        at = 0.0
        for group, amount in sums.items():
            places[side, str(group)] = (at, at + amount / total)
            at += amount / total + gap
    filled = {key: start for key, (start, _) in places.items()}
    bands, x = [], np.linspace(0, 1, 25)
    bend = x * x * (3 - 2 * x)
    for n, row in enumerate(rows.to_dict("records")):
        height = float(row["amount"]) / total
        left, right = ("left", str(row["source_group"])), ("right", str(row["destination_group"]))
        low = filled[left] + (filled[right] - filled[left]) * bend
        filled[left] += height
        filled[right] += height
        bands.append(pd.DataFrame({"band": n, "x": x, "low": -low, "high": -(low + height), "risk": row["risk"]}))
    blocks = pd.DataFrame(
        [
            {
                "x": 0.0 if side == "left" else 1.0,
                "low": -low,
                "high": -high,
                "middle": -(low + high) / 2,
                "side": side,
                "said": group,
            }
            for (side, group), (low, high) in places.items()
        ]
    )
    frame = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.35, 1.35]))
    layers = [
        alt.Chart(pd.concat(bands))
        .mark_area(opacity=0.55)
        .encode(
            x=frame,
            y=alt.Y("low:Q", axis=None),
            y2="high:Q",
            detail="band:N",
            color=alt.condition("datum.risk > 0", alt.value(_OFF), alt.value(_ONTO)),
        ),
        alt.Chart(blocks).mark_rule(color=_INK, strokeWidth=7).encode(x=frame, y="low:Q", y2="high:Q"),
        alt.Chart(blocks[blocks["side"] == "left"])
        .mark_text(align="right", dx=-9, color=_INK)
        .encode(x=frame, y="middle:Q", text="said:N"),
        alt.Chart(blocks[blocks["side"] == "right"])
        .mark_text(align="left", dx=9, color=_INK)
        .encode(x=frame, y="middle:Q", text="said:N"),
    ]
    title = f"{rows['token'].iloc[0]}: largest flows between groups, {total:,.6g} in all (red = risk)"
    return _titled(layers, _WIDTH, _HEIGHT + 80, title).configure_view(stroke=None)


def _titled(layers: list[Any], width: int, height: float, title: str, subtitle: str = "") -> Any:
    """Layers as one chart with a title, which is data like any other."""
    import altair as alt

    texts = [(title, 13, "bold")] + ([(subtitle, 11, "normal")] if subtitle else [])
    heads = [
        alt.Chart(alt.Data(values=[{"said": said}]))
        .mark_text(align="left", baseline="bottom", fontSize=size, fontWeight=weight, color=_INK, style=_TITLE)
        .encode(x=alt.value(0), y=alt.value(-8 - 16 * (len(texts) - 1 - n)), text="said:N")
        for n, (said, size, weight) in enumerate(texts)
    ]
    # Descriptions for screen readers are expressions made of titles and fields; the caption says the same.
    return alt.layer(*layers, *heads).properties(width=width, height=height).configure(aria=False)


def _degrees(right: float, up: float) -> float:
    """Clockwise angle on the page of a direction, from pointing right."""
    return -math.degrees(math.atan2(up, right))


def embedded(chart: Any, width: int | None = None, height: int | None = None) -> dict[str, Any]:
    """A chart to stand in a page: without its title, because the page has a caption, and without a background."""
    spec = dict(chart.to_dict(validate=False))
    spec["layer"] = [layer for layer in spec["layer"] if layer["mark"].get("style") != _TITLE]
    spec["background"] = "transparent"
    return spec | {key: value for key, value in (("width", width), ("height", height)) if value}


def with_own_ids(drawn: str, name: str) -> str:
    """An SVG whose ids are its own, because several stand on one page."""
    return _ID.sub(rf"\g<1>{name}-", drawn)


def _markdown(settings: Settings, charts: dict[str, Callable[[], Any]]) -> dict[str, str]:
    """Pictures for Dagster by title; one that can not be drawn says so."""
    found = {}
    with Painter(settings.reports.chart_seconds) as painter:
        for title, make in charts.items():
            try:
                png = painter.draw(lambda make=make: make().to_dict(validate=False), png=True).png  # type: ignore[misc]
                found[title] = f"![chart](data:image/png;base64,{base64.b64encode(png).decode()})"
            except ChartFailed as failure:
                found[title] = f"The chart could not be drawn: {plain(str(failure))}"
    return found


def _name(scores: pd.DataFrame) -> str:
    scope = scores["scope"].iloc[0]
    return f"{scores['token'].iloc[0]}, {'all exchanges' if scope == TOTAL_SCOPE else scope}"


def series_values(scope_type: str, most: int, last: date, days: int) -> dict[str, Any]:
    """What the statement `chart_series` takes.

    Args:
        scope_type: exchange or total.
        most: Series returned.
        last: Last day.
        days: Days up to it.
    """
    return {
        "scope_type": scope_type,
        "most": most,
        "first_day": last - timedelta(days=days - 1),
        "last_day": last,
    }


def _busiest(connection: Connection) -> pd.DataFrame | None:
    """The total series of the token with the most active days, its last 180 days; None when there is no series."""
    row = connection.execute(
        "select max(block_date) from detection.netflow_scores where scope_type = 'total'"
    ).fetchone()
    last = row[0] if row else None
    values = series_values("total", 1, last, 180) if last else None
    return connection.execute(sql("chart_series"), values).df() if values else None


def largest_destinations(connection: Connection) -> pd.DataFrame:
    """The ten largest receivers of the busiest token."""
    return connection.execute(sql("chart_destinations")).df()
