"""Cases: the list, and one with what it is about, its notes, its timeline, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from starlette.responses import RedirectResponse

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.explorer.api.cases import CaseId, Opening, opened, zipped
from flow_pipeline.explorer.evidence.bundle import bundle
from flow_pipeline.explorer.evidence.dossier import dossier
from flow_pipeline.explorer.evidence.narrative import narrative_of
from flow_pipeline.explorer.pages import next_page, render
from flow_pipeline.explorer.shown import Cell, address_path, facts, path, short, table
from flow_pipeline.explorer.state import Page, Read, Shared, part_of
from flow_pipeline.explorer.store import asking, cases, closing
from flow_pipeline.explorer.store.changing import PRIORITIES, STATUSES
from flow_pipeline.explorer.who import INVESTIGATOR, Fields, Form, Reader, Writer

router = APIRouter(prefix="/cases")
_LISTED = {
    "case_id": "case",
    "title": "title",
    "status": "status",
    "priority": "priority",
    "assignee": "assignee",
    "alerts": "alerts",
    "findings": "findings",
    "addresses": "addresses",
    "verdict": "verdict",
    "changed_at": "changed",
}
_FACTS = {
    "status": "status",
    "priority": "priority",
    "assignee": "assignee",
    "verdict": "verdict",
    "closed_by": "closed by",
    "closed_at": "closed",
    "created_by": "opened by",
    "created_at": "opened",
    "changed_at": "changed",
    "version": "version",
}
_PLURALS = {"alert": "alerts", "finding": "findings", "address": "addresses", "entity": "entities", "view": "views"}


@router.get("")
def listing(
    request: Request,
    who: Reader,
    shared: Shared,
    page: Page,
    status: Annotated[str | None, Query(max_length=20)] = None,
    assignee: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Cases, those last changed first."""
    found = part_of(asking.listed(shared.store, status or None, assignee or None), page.part)
    shown = page.shown(found)
    rows = [{"case_id": one["id"], **one} for one in (dict(zip(shown[0], row, strict=True)) for row in shown[1])]
    return render(
        request,
        "cases.html.j2",
        "Cases",
        found=table(rows, _LISTED),
        next=next_page(request, page, None, found),
        statuses=("open", *[name for name in STATUSES if name != "open"], "all"),
        asked={"status": status, "assignee": assignee},
    )


@router.post("")
def open_one(who: Writer, shared: Shared, read: Read, fields: Fields) -> Response:
    """Open a case from what the form names, and show it."""
    named: dict[str, list[str]] = {kinds: [] for kinds in _PLURALS.values()}
    title = None
    for name, value in fields:
        if name in _PLURALS:
            named[_PLURALS[name]].append(value)
        elif name == "title":
            title = value.strip() or None
    if not title and not any(named.values()):
        raise UsageError("there is nothing to open a case from", "choose an alert, or give the case a title")
    try:
        opening = Opening.model_validate({"title": title, **named})
    except ValidationError as error:
        told = error.errors()[0]
        what = " ".join(str(part) for part in told["loc"])
        raise UsageError(f"{what}: {told['msg']}", "choose fewer things, or shorten the title") from None
    return RedirectResponse(path("cases", str(opened(shared, read, who.person.name, opening))), 303)


@router.post("/add")
def put_into(who: Writer, shared: Shared, read: Read, form: Form) -> Response:
    """Put something into the case that the form names: a saved view of the graph knows no case."""
    case_id = _number(form.get("case", ""))
    cases.add(shared.store, case_id, who.person.name, form.get("kind", ""), [form.get("key", "")], read)
    return RedirectResponse(path("cases", str(case_id)), 303)


@router.get("/{case_id}")
def one(request: Request, who: Reader, shared: Shared, case_id: CaseId) -> Response:
    """One case."""
    found = asking.shown(shared.store, case_id)
    return render(
        request,
        "case.html.j2",
        found["title"],
        case=found,
        facts=facts(found, _FACTS),
        items=[_item(item) for kind in _PLURALS for item in found["items"] if item["kind"] == kind],
        runs=[item["key"] for item in found["items"] if item["kind"] == "run"],
        timeline=[(event, _detail(event["detail"])) for event in found["timeline"]],
        narrative=narrative_of(dossier(shared.store, case_id)),
        priorities=PRIORITIES,
        is_open=found["status"] in ("open", "waiting", "closing") and who.person.role == INVESTIGATOR,
    )


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """Something that a case is about, with where its page is and what it is in a sentence."""
    kind, key, content = item["kind"], item["key"], item["content"]
    says = ""
    if kind == "address":
        chain, _, address = key.partition(":")
        link, says = Cell(short(address), key, address_path(chain, address), "hash"), _known(content)
    elif kind == "view":
        link, says = Cell(content.get("title") or key, href=path("views", key)), "a saved view of the graph"
    elif kind == "entity":
        link = Cell(key).searching() if len(key) > 2 else Cell(key)
    else:
        link, says = (
            Cell(key, href=path(f"{kind}s", key), kind="hash"),
            content.get("title") or content.get("reason") or "",
        )
    return {**item, "link": link, "says": says}


def _known(address: dict[str, Any]) -> str:
    """Whose an address is by its labels, and its risk, as they were copied."""
    labels = dict.fromkeys(f"{label['entity']} ({label['category']})" for label in address.get("labels") or [])
    level = address.get("risk_category")
    return ", ".join([*labels] or ["no label"]) + (f"; {level} risk" if level else "")


def _detail(detail: dict[str, Any]) -> str:
    """What an event says beside what was done, in a line."""
    parts = []
    for name, value in detail.items():
        if value in (None, [], {}, ""):
            continue
        if isinstance(value, list):
            value = ", ".join("nobody" if one is None else str(one) for one in value)
        parts.append(f"{name.replace('_', ' ')}: {value}")
    return "; ".join(parts)


@router.post("/{case_id}")
def change(who: Writer, shared: Shared, read: Read, case_id: CaseId, form: Form) -> Response:
    """Do what the form says."""
    store, author, seen = shared.store, who.person.name, _version(form)
    does: dict[str, Callable[[], object]] = {
        "note": lambda: cases.add_note(store, case_id, author, form.get("body", ""), seen),
        "edit": lambda: cases.edit(store, case_id, author, _edited(form), seen),
        "narrative": lambda: cases.edit(store, case_id, author, {"narrative": form.get("narrative") or None}, seen),
        "add": lambda: cases.add(
            store, case_id, author, form.get("kind", ""), [form.get("key", "").strip()], read, seen
        ),
        "drop": lambda: cases.drop(store, case_id, author, form.get("kind", ""), form.get("key", ""), seen),
        "merge": lambda: cases.merge(store, case_id, _number(form.get("into", "")), author, seen),
        "close": lambda: closing.close(
            store, case_id, author, form.get("verdict") or None, form.get("reason") or None, seen
        ),
        "reopen": lambda: closing.reopen(store, case_id, author, form.get("reason", ""), seen),
    }
    chosen = does.get(form.get("do", ""))
    if chosen is None:
        raise UsageError(f"a case can not be made to {form.get('do', '')[:40]}", f"choose from {', '.join(does)}")
    chosen()
    to = form["into"] if form.get("do") == "merge" else str(case_id)
    return RedirectResponse(path("cases", to), 303)


@router.post("/{case_id}/bundle")
def evidence(who: Writer, shared: Shared, case_id: CaseId) -> Response:
    """The case as a file to hand in."""
    return zipped(bundle(shared.store, case_id, who.person.name), case_id)


def _edited(form: dict[str, str]) -> dict[str, str | None]:
    given = {name: form[name] for name in ("title", "status", "priority", "assignee") if name in form}
    return {name: value.strip() or None for name, value in given.items()}


def _version(form: dict[str, str]) -> int | None:
    return _number(form["version"]) if form.get("version") else None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise UsageError(f"{text[:40]} is no number of a case", "the list of cases has them")
    return int(text)
