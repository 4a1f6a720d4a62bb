"""The alert inbox: ranked, filtered, and what people decide about each."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from flow_pipeline.alerts import ledger
from flow_pipeline.alerts.kinds import does
from flow_pipeline.alerts.rules import WITHOUT_RULE, discover
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.explorer.answers import text_of
from flow_pipeline.explorer.pages import in_cases, next_page, render
from flow_pipeline.explorer.shown import Cell, cell, facts, path, table
from flow_pipeline.explorer.state import UNSET, Page, Shared
from flow_pipeline.explorer.who import Form, Reader, Writer

router = APIRouter()
_LONGEST_REASON = 2_000
"""Letters of a reason; what is longer is a note of a case."""
_LISTED = {
    "severity": "severity",
    "block_date": "day",
    "title": "what",
    "rule": "kind",
    "status": "status",
    "alert_id": "alert",
}
_FACTS = {
    "severity": "severity",
    "status": "status",
    "rule": "kind",
    "block_date": "day",
    "chain": "chain",
    "stake_usd": "stake, USD",
    "rarity": "rarity (1 = once per budget)",
    "revision": "revision",
    "first_told_at": "first told",
    "changed_at": "changed",
    "finality": "finality",
    "from_address": "from",
    "to_address": "to",
    "from_entity": "from entity",
    "to_entity": "to entity",
}
_EVENTS = {"revision": "revision", "change": "change", "made_at": "when", "severity": "severity", "title": "what"}
_ACTIONS = {
    "made_at": "when",
    "action": "what",
    "author": "who",
    "verdict": "verdict",
    "until": "until",
    "reason": "reason",
}
_PARTS = {"severity": "severity", "rule": "kind", "title": "what", "alert_id": "alert"}


@router.get("/alerts")
def inbox(
    request: Request,
    who: Reader,
    shared: Shared,
    page: Page,
    severity: Annotated[str | None, Query(max_length=20)] = None,
    rule: Annotated[str | None, Query(max_length=60)] = None,
    status: Annotated[str | None, Query(max_length=20)] = None,
    first: Annotated[date | None, UNSET, Query()] = None,
) -> Response:
    """Alerts, the one to read first first; open ones unless asked for others."""
    after = text_of(page.key)
    found = ledger.listed(shared.settings, severity or None, rule or None, status or None, first, after, page.limit + 1)
    shown = page.shown(found)
    return render(
        request,
        "alerts.html.j2",
        "Alerts",
        found=table(shown, _LISTED),
        ids=[row[found[0].index("alert_id")] for row in shown[1]],
        next=next_page(request, page, None, found, "alert_id"),
        severities=ledger.SEVERITIES,
        rules=(*discover(), *WITHOUT_RULE),
        statuses=(*ledger.STATUSES, "all"),
        asked={"severity": severity, "rule": rule, "status": status or "open", "first": first},
    )


@router.get("/alerts/{alert_id}")
def one(request: Request, who: Reader, shared: Shared, alert_id: str) -> Response:
    """An alert: why it was told, what happened to it, and what can be decided."""
    found = ledger.shown(shared.settings, alert_id)
    content: dict[str, Any] = found["content"]
    parts = content.get("parts", [])
    return render(
        request,
        "alert.html.j2",
        f"Alert {found['alert_id']}",
        alert=found,
        cases=in_cases(shared.store, "alert", found["alert_id"]),
        facts=facts(found, _FACTS),
        numbers=[
            (name.replace("_", " "), _shown(name, value)) for name, value in content.items() if _is_number(name, value)
        ],
        self_parts=table(parts, _PARTS),
        parts_count=content.get("parts_count", len(parts)),
        events=table(found["events"], _EVENTS, "What happened to it"),
        actions=table(found["actions"], _ACTIONS, "What people decided"),
        finding_id=content.get("finding_id"),
        do=does(found["rule"]),
        verdicts=ledger.VERDICTS,
        ends=_ends(found),
    )


def _is_number(name: str, value: Any) -> bool:
    """Whether a value of an alert's content is one that people read; parts have their own table."""
    return value is not None and not isinstance(value, list | dict) and not name.startswith("parts_")


def _shown(name: str, value: Any) -> Cell:
    if name in ("finding_id", "day"):
        return cell(name, value, {})
    try:
        return cell(name, float(value), {}) if isinstance(value, str) else cell(name, value, {})
    except ValueError:
        return cell(name, value, {})


def _ends(found: dict[str, Any]) -> tuple[str, str]:
    """Payer and payee as an allow-list names them: entities before addresses."""
    return (
        found["from_entity"] or found["from_address"] or "",
        found["to_entity"] or found["to_address"] or "",
    )


@router.post("/alerts/{alert_id}")
def decide(request: Request, who: Writer, shared: Shared, alert_id: str, form: Form) -> Response:
    """Acknowledge, snooze or allow, as the form says; where the alert moved since, the page says so and keeps it."""
    author, reason, seen = who.person.name, form.get("reason", "").strip(), form.get("seen")
    decision = form.get("decision", "")
    if len(reason) > _LONGEST_REASON:
        raise UsageError(f"the reason has {len(reason):,} letters", f"give at most {_LONGEST_REASON:,}")
    if decision == "acknowledge":
        verdict = form.get("verdict") or None
        if verdict is not None and verdict not in ledger.VERDICTS:
            raise UsageError(f"there is no verdict {verdict[:40]}", f"choose from {', '.join(ledger.VERDICTS)}")
        ledger.acknowledge(shared.settings, alert_id, author, reason, verdict, seen=seen)
    elif decision == "snooze":
        ledger.snooze(shared.settings, alert_id, _until(form), author, reason, seen=seen)
    elif decision == "allow":
        ends = form.get("sender", ""), form.get("receiver", "")
        ledger.allow(shared.settings, *ends, _until(form), author, reason)
    else:
        raise UsageError(f"there is no decision {decision[:40]}", "choose from acknowledge, snooze, allow")
    return RedirectResponse(path("alerts", alert_id), 303)


def _until(form: dict[str, str]) -> date:
    text = form.get("until", "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"until {text[:40]}: that is no day", "write it as YYYY-MM-DD") from None
