"""Alerts: the inbox, and what people decide about them. They stand in the alert ledger, which outlives every build."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query, Request, Response

from flow_pipeline.alerts import ledger
from flow_pipeline.explorer.answers import Answer, single, text_of
from flow_pipeline.explorer.state import Page, Shared
from flow_pipeline.explorer.who import Writer

router = APIRouter(prefix="/alerts", tags=["alerts"])
AlertId = Annotated[str, Path(min_length=4, max_length=32, description="the alert's id, or its first letters")]
Reason = Annotated[str, Body(min_length=1, max_length=2_000, description="why, for whoever reads it later")]
Seen = Annotated[
    str | None, Body(description="`state` of the alert as it was seen; where it moved since, nothing is written (409)")
]
Day = Annotated[date, Body(description="until this day begins, UTC")]


@router.get("")
def listing(
    shared: Shared,
    page: Page,
    severity: Annotated[Literal["CRITICAL", "HIGH", "MEDIUM"] | None, Query()] = None,
    rule: Annotated[str | None, Query(max_length=60)] = None,
    status: Annotated[str | None, Query(description=f"one of {', '.join(ledger.STATUSES)}, all; unset is open")] = None,
    first: Annotated[date | None, Query(description="only of this day and later")] = None,
) -> Response:
    """Alerts, the one to read first first."""
    after = text_of(page.key)
    found = ledger.listed(shared.settings, severity, rule, status, first, after, page.limit + 1)
    return page.keyed(None, found, "alert_id")


@router.get("/{alert_id}")
def one(request: Request, shared: Shared, alert_id: AlertId) -> Response:
    """An alert with its content, explanation, events, actions and messages."""
    return single(request, None, ledger.shown(shared.settings, alert_id))


@router.post("/{alert_id}/acknowledge")
def acknowledge(
    shared: Shared,
    who: Writer,
    alert_id: AlertId,
    reason: Reason,
    verdict: Annotated[Literal["true", "known", "noise"] | None, Body(description="what it turned out to be")] = None,
    seen: Seen = None,
) -> Response:
    """Say that it is taken care of; `netraflow verdicts review` counts the verdict."""
    found = ledger.acknowledge(shared.settings, alert_id, who.person.name, reason, verdict, seen=seen)
    return Answer(ledger.shown(shared.settings, found))


@router.post("/{alert_id}/snooze")
def snooze(shared: Shared, who: Writer, alert_id: AlertId, reason: Reason, until: Day, seen: Seen = None) -> Response:
    """Hold back what happens to it until a day begins."""
    found = ledger.snooze(shared.settings, alert_id, until, who.person.name, reason, seen=seen)
    return Answer(ledger.shown(shared.settings, found))


@router.post("/allow-list")
def allow(
    shared: Shared,
    who: Writer,
    sender: Annotated[str, Body(min_length=1, max_length=200, description="address or entity that pays")],
    receiver: Annotated[str, Body(min_length=1, max_length=200, description="address or entity that is paid")],
    reason: Reason,
    until: Day,
) -> Response:
    """Send nothing about transfers from one to the other until a day begins; they stay in the ledger."""
    ledger.allow(shared.settings, sender, receiver, until, who.person.name, reason)
    return Answer({"sender": sender, "receiver": receiver, "until": until, "author": who.person.name})
