"""Pictures: netflow with its baseline band, z-scores, inflow against outflow, top destinations.

Altair draws, vl-convert renders PNG and SVG without a browser or the network. Each title says the sign.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from flow_pipeline.settings import AnomalySettings, Settings
from flow_pipeline.warehouse.store import Connection, open_published

if TYPE_CHECKING:
    import pandas as pd

_SIGN = "positive = coins moving onto exchanges"
_WIDTH, _HEIGHT = 760, 260
_INK, _ONTO, _OFF, _BAND = "#1f2933", "#2a7f9e", "#c2571a", "#b8c4cc"


def pictures_of(connection: Connection, detector: str, settings: AnomalySettings) -> dict[str, str]:
    """Markdown pictures by title for a detector's assets: the busiest token's total series."""
    scores = _busiest(connection, settings.trailing_threshold)
    if detector != "netflow_anomaly" or scores is None or scores.empty:
        return {}
    return {"netflow": _markdown(netflow_with_band(scores, settings)), "z-scores": _markdown(zscore_chart(scores, settings))}


def published_pictures(settings: Settings) -> dict[str, str]:
    """Markdown pictures by title for the published warehouse."""
    with open_published(settings) as connection:
        scores = _busiest(connection, settings.anomalies.trailing_threshold)
        destinations = _destinations(connection)
    if scores is None or scores.empty:
        return {}
    charts = {"netflow": netflow_with_band(scores, settings.anomalies), "inflow and outflow": inflow_outflow(scores)}
    if not destinations.empty:
        charts["top destinations"] = top_destinations(destinations)
    return {title: _markdown(chart) for title, chart in charts.items()}


def netflow_with_band(scores: pd.DataFrame, settings: AnomalySettings) -> Any:
    """Daily netflow as bars, and the trailing mean with the band inside which a day is no anomaly."""
    import altair as alt

    base = alt.Chart(
        scores, title=f"{_name(scores)}: daily netflow ({_SIGN}), grey = mean of the previous {settings.window_days} days ± {settings.trailing_threshold:g} std"
    ).encode(x=alt.X("block_date:T", title=None))
    band = base.mark_area(color=_BAND, opacity=0.6).encode(y=alt.Y("low:Q", title="token units"), y2="high:Q")
    bars = base.mark_bar(opacity=0.9).encode(y="netflow:Q", color=alt.condition("datum.netflow >= 0", alt.value(_ONTO), alt.value(_OFF)))
    marks = (
        base.transform_filter(f"abs(datum.z_trailing) >= {settings.trailing_threshold}").mark_point(color=_INK, size=70, strokeWidth=2).encode(y="netflow:Q")
    )
    return (band + bars + marks).properties(width=_WIDTH, height=_HEIGHT)


def zscore_chart(scores: pd.DataFrame, settings: AnomalySettings) -> Any:
    """The trailing z-score of each day with the lines of the threshold."""
    import altair as alt

    base = alt.Chart(scores, title=f"{_name(scores)}: trailing z-score ({_SIGN})")
    line = base.mark_bar(color=_ONTO).encode(x=alt.X("block_date:T", title=None), y=alt.Y("z_trailing:Q", title="z"))
    rules = (
        alt.Chart(alt.Data(values=[{"z": settings.trailing_threshold}, {"z": -settings.trailing_threshold}]))
        .mark_rule(color=_OFF, strokeDash=[5, 4])
        .encode(y="z:Q")
    )
    return (line + rules).properties(width=_WIDTH, height=_HEIGHT)


def inflow_outflow(scores: pd.DataFrame) -> Any:
    """Inflow above and outflow below the line."""
    import altair as alt

    title = f"{_name(scores)}: inflow (up) and outflow (down) of all exchanges"
    base = alt.Chart(scores, title=title).encode(x=alt.X("block_date:T", title=None))
    up = base.mark_bar(color=_ONTO).encode(y=alt.Y("inflow:Q", title="token units"))
    down = base.transform_calculate(down="-datum.outflow").mark_bar(color=_OFF).encode(y="down:Q")
    return (up + down).properties(width=_WIDTH, height=_HEIGHT)


def top_destinations(rows: pd.DataFrame) -> Any:
    """The largest receivers of the busiest token."""
    import altair as alt

    chart = alt.Chart(rows, title=f"{rows['token'].iloc[0]}: top destinations by amount received").mark_bar()
    return chart.encode(
        x=alt.X("amount:Q", title="token units"), y=alt.Y("receiver:N", sort="-x", title=None), color=alt.Color("category:N", title=None)
    ).properties(width=_WIDTH - 200, height=_HEIGHT)


def png(chart: Any) -> bytes:
    """A chart as PNG."""
    import vl_convert as vlc

    return bytes(vlc.vegalite_to_png(chart.to_json(), scale=1.5))


def svg(chart: Any) -> str:
    """A chart as SVG."""
    import vl_convert as vlc

    return str(vlc.vegalite_to_svg(chart.to_json()))


def _markdown(chart: Any) -> str:
    return f"![chart](data:image/png;base64,{base64.b64encode(png(chart)).decode()})"


def _name(scores: pd.DataFrame) -> str:
    return f"{scores['token'].iloc[0]}, all exchanges"


def _busiest(connection: Connection, threshold: float) -> pd.DataFrame | None:
    """The total series of the token with the most active days, its last 180 days."""
    return connection.execute(
        """
        WITH token AS (
            SELECT chain, token_symbol, token_address FROM detection.netflow_scores WHERE scope_type = 'total'
            GROUP BY ALL ORDER BY count(*) FILTER (WHERE is_active) DESC, token_symbol LIMIT 1)
        SELECT s.block_date::TIMESTAMP AS block_date, coalesce(s.token_symbol, s.token_address) AS token, s.netflow::DOUBLE AS netflow, s.inflow::DOUBLE AS inflow,
               s.outflow::DOUBLE AS outflow, s.z_trailing, s.trailing_mean - $band * s.trailing_std AS low, s.trailing_mean + $band * s.trailing_std AS high
        FROM detection.netflow_scores s JOIN token t ON s.chain = t.chain AND s.token_symbol IS NOT DISTINCT FROM t.token_symbol
            AND s.token_address IS NOT DISTINCT FROM t.token_address
        WHERE s.scope_type = 'total' QUALIFY row_number() OVER (ORDER BY s.block_date DESC) <= 180 ORDER BY block_date
    """,
        {"band": threshold},
    ).df()


def _destinations(connection: Connection) -> pd.DataFrame:
    return connection.execute("""
        WITH token AS (SELECT chain, token_symbol, token_address FROM marts.dim_tokens ORDER BY transfer_count DESC LIMIT 1)
        SELECT coalesce(d.token_symbol, d.token_address) AS token, coalesce(d.entity || ' ', '') || left(d.to_address, 10) || '…' AS receiver,
               coalesce(d.category, 'unlabelled') AS category, d.amount::DOUBLE AS amount
        FROM marts.top_destinations d JOIN token t ON d.chain = t.chain AND d.token_symbol IS NOT DISTINCT FROM t.token_symbol
            AND d.token_address IS NOT DISTINCT FROM t.token_address
        WHERE d.window_days = 0 AND d.rank_by_amount <= 10
    """).df()
