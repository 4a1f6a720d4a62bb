"""Netflow by day, the days that stand out in it, where money went, between which regions. Positive = onto exchanges."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from flow_pipeline.detectors import discover
from flow_pipeline.domain.windows import Window
from flow_pipeline.explorer.state import Ask, Asking, Days, Shared, Token
from flow_pipeline.questions import netflow as questions
from flow_pipeline.questions.asked import ask as asked
from flow_pipeline.questions.rows import fetched
from flow_pipeline.questions.saved import listing as all_saved
from flow_pipeline.questions.saved import saved
from flow_pipeline.settings import ANOMALY_METHODS

router = APIRouter(tags=["netflow"])
Exchange = Annotated[str | None, Query(max_length=200, description="only this exchange")]


@router.get("/netflow")
def netflow(
    ask: Ask,
    days: Days,
    scope: Literal["exchange", "wallet", "total"] = "exchange",
    token: Token = None,
    exchange: Exchange = None,
) -> Response:
    """A row per day, token and exchange, wallet or none; latest first. netflow = inflow - outflow of the exchange."""
    return ask.listing(lambda c, part: questions.daily_netflow(c, scope, days, token, exchange, part))


@router.get("/anomalies")
def anomalies(
    ask: Ask,
    shared: Shared,
    days: Days,
    method: Annotated[str | None, Query(description=f"{', '.join(ANOMALY_METHODS)}; unset is that in force")] = None,
    token: Token = None,
    wallets: Annotated[bool, Query(description="of single wallets instead of exchanges")] = False,
) -> Response:
    """Days whose netflow stands out."""
    rules, chosen = questions.judged_by(shared.settings, method)
    return ask.listing(lambda c, part: questions.anomalous_days(c, rules, chosen, days, token, wallets, part))


@router.get("/surges")
def surges(ask: Ask, days: Days, token: Token = None) -> Response:
    """Days with a surge of the outflow, latest first."""
    return ask.listing(lambda c, part: questions.outflow_surges(c, days, token, part))


@router.get("/daily-findings/{detector}")
def daily_findings(
    ask: Ask,
    days: Days,
    detector: Annotated[str, Path(max_length=60, description=f"one of {', '.join(sorted(discover()))}")],
    token: Token = None,
) -> Response:
    """Days that a daily detector flagged, latest first."""
    return ask.listing(lambda c, part: questions.daily_findings(c, detector, days, token, part))


@router.get("/destinations")
def destinations(
    ask: Ask,
    days: Days,
    token: Token = None,
    top: Annotated[int, Query(ge=1, le=100_000, description="receivers per token")] = 20,
    by: Literal["amount", "count"] = "amount",
) -> Response:
    """The first receivers of each token, the busiest tokens first."""
    return ask.listing(lambda c, part: questions.top_destinations(c, days, token, top, by, part))


@router.get("/regions")
def regions(ask: Ask, days: Days, token: Token = None) -> Response:
    """What moved between regions, per token."""
    return _saved(ask, "region_flows", {"token": token, **_texts(days)})


@router.get("/weeks")
def weeks(ask: Ask, token: Token = None) -> Response:
    """What moved per ISO week and token, and its change on the week before."""
    return _saved(ask, "weekly_volume", {"token": token})


@router.get("/questions")
def questions_there_are(ask: Ask) -> Response:
    """Every saved question: its name, parameters (those in brackets optional), what it gives."""
    return ask.whole(lambda c: all_saved())


@router.get("/questions/{name}")
def question(ask: Ask, name: Annotated[str, Path(max_length=60)]) -> Response:
    """The answer to a saved question; its parameters are those of the address."""
    own = {"limit", "cursor", "format"}
    return _saved(ask, name, {key: value for key, value in ask.request.query_params.items() if key not in own})


def _texts(days: Window) -> dict[str, str | None]:
    return {"first": str(days.first) if days.first else None, "last": str(days.last) if days.last else None}


def _saved(ask: Asking, name: str, given: dict[str, str | None]) -> Response:
    one = saved(name)
    values = one.bound({key: value for key, value in given.items() if value is not None})
    return ask.listing(
        lambda c, part: asked(
            c,
            f"{one.statement}\nlimit $part_limit offset $part_after",
            {**values, "part_limit": part.limit, "part_after": part.after},
            fetched,
        )
    )
