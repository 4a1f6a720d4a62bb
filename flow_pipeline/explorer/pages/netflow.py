"""Netflow: the exchanges, and one with its chart and the days that stand out. Positive = coins moving onto it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from flow_pipeline.domain.windows import Window
from flow_pipeline.explorer import charts
from flow_pipeline.explorer.answers import Answer
from flow_pipeline.explorer.pages import csv_of, next_page, render
from flow_pipeline.explorer.shown import Cell, Table, path, table
from flow_pipeline.explorer.state import Days, Page, Read, Shared, Token
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions import netflow as questions
from flow_pipeline.questions.asked import ask
from flow_pipeline.questions.history import history
from flow_pipeline.questions.places import place_of
from flow_pipeline.questions.rows import Rows, fetched
from flow_pipeline.questions.saved import saved

router = APIRouter()
Chain = Annotated[str, Path(max_length=100)]
_TOTALS = {
    "exchange": "exchange",
    "chain": "chain",
    "token_symbol": "token",
    "netflow": "netflow",
    "inflow": "inflow",
    "outflow": "outflow",
}
_DAYS = {
    "block_date": "day",
    "netflow": "netflow",
    "inflow": "inflow",
    "outflow": "outflow",
    "e_value": "days a year that move as far",
    "is_anomalous": "stands out",
}
_ANOMALIES = {
    "block_date": "day",
    "scope": "exchange",
    "token_symbol": "token",
    "netflow": "netflow",
    "e_value": "days a year that move as far",
    "direction": "way",
    "severity": "severity",
}


@router.get("/netflow")
def exchanges(
    request: Request, who: Reader, read: Read, shared: Shared, page: Page, days: Days, token: Token = None
) -> Response:
    """What came onto each exchange and left it, and the days that stand out."""
    given = {"token": token or None, "first": days.first, "last": days.last}
    one = saved("netflow_totals")
    values = one.bound({name: str(value) for name, value in given.items() if value})
    part = {"part_limit": page.part.limit, "part_after": page.part.after}
    statement = f"{one.statement}\nlimit $part_limit offset $part_after"
    found = ask(read.connection, statement, {**values, **part}, fetched)
    shown = page.shown(found)
    heads = table(shown, _TOTALS)
    for cells, row in zip(heads.rows, shown[1], strict=True):
        known = dict(zip(shown[0], row, strict=True))
        cells[0] = cells[0].leading_to(_series(known, known["exchange"]))
    rules, method = questions.judged_by(shared.settings, None)
    anomalies = questions.anomalous_days(read.connection, rules, method, days, token or None)
    return render(
        request,
        "netflow.html.j2",
        "Netflow of exchanges",
        run=read.run,
        found=heads,
        next=next_page(request, page, read.run, found),
        anomalies=_linked(Rows(anomalies[0], anomalies[1][:_SHOWN], anomalies.types)),
        anomalies_total=len(anomalies[1]),
        csv=csv_of(request, "/questions/netflow_totals"),
        asked={"token": token, "first": days.first, "last": days.last},
    )


def _series(row: Mapping[str, Any], exchange: str) -> str:
    """Where the series of a token on an exchange is."""
    token = row["token_address"] or row["token_symbol"] or ""
    return f"{path('netflow', row['chain'], exchange)}?{urlencode({'token': token})}"


def _linked(anomalies: Rows) -> Table:
    """Days that stand out, each leading to its series; that of all exchanges has no page."""
    made = table(anomalies, _ANOMALIES)
    at = [head.text for head in made.heads].index("exchange") if made.rows else 0
    for cells, row in zip(made.rows, anomalies[1], strict=True):
        known = dict(zip(anomalies[0], row, strict=True))
        is_total = known["scope_type"] == "total"
        cells[at] = Cell("all exchanges") if is_total else cells[at].leading_to(_series(known, known["scope"]))
    return made


_SHOWN = 25
"""Anomalies beside the exchanges; the read API has all."""


@router.get("/netflow/{chain}/{exchange:path}")
def exchange(
    request: Request,
    who: Reader,
    read: Read,
    chain: Chain,
    exchange: Annotated[str, Path(max_length=300)],
    token: Token = None,
) -> Response:
    """One exchange: a token's daily netflow with its usual range and the days that stand out."""
    tokens = questions.exchange_tokens(read.connection, chain, exchange)
    chosen = token or tokens[0]["token_address"] or tokens[0]["token_symbol"]
    found = questions.exchange_series(read.connection, chain, exchange, chosen)
    name = tokens[0]["exchange"]
    linked = table(tokens, {name: words for name, words in _TOTALS.items() if name not in ("exchange", "chain")})
    for cells, row in zip(linked.rows, tokens, strict=True):
        key = row["token_address"] or row["token_symbol"] or ""
        cells[0] = cells[0].leading_to(f"?{urlencode({'token': key})}")
    shown = found[0]["token_symbol"] or found[0]["token_address"] if found else chosen
    return render(
        request,
        "exchange.html.j2",
        f"Netflow of {name}",
        run=read.run,
        exchange=name,
        chain=tokens[0]["chain"],
        token=shown,
        source=f"/charts/netflow/{path(tokens[0]['chain'], name)[1:]}?{urlencode({'token': chosen})}",
        tokens=linked,
        days=table([row for row in reversed(found) if row["is_anomalous"]], _DAYS),
        all_days=table(list(reversed(found)), _DAYS),
    )


@router.get("/charts/netflow/{chain}/{exchange:path}")
def netflow_chart(
    who: Reader,
    read: Read,
    chain: Chain,
    exchange: Annotated[str, Path(max_length=300)],
    token: Annotated[str, Query(max_length=200)],
) -> Response:
    """The chart of an exchange's netflow."""
    return Answer(charts.netflow(questions.exchange_series(read.connection, chain, exchange, token)))


@router.get("/charts/change/{chain}/{address}")
def change_chart(who: Reader, read: Read, chain: Chain, address: Annotated[str, Path(max_length=200)]) -> Response:
    """The chart of what changed at an address: the five tokens with the most days."""
    found = history(read.connection, chain, place_of(read.connection, chain, address), Window())
    return Answer(charts.change(charts.busiest(found)))


@router.get("/charts/vega.js")
def vega(request: Request, who: Reader, shared: Shared) -> Response:
    """The script that draws charts."""
    mark, text = charts.script(shared.settings)
    headers = {"ETag": f'"{mark}"', "Cache-Control": "private, max-age=86400"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="text/javascript", headers=headers)
