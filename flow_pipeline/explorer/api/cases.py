"""Cases: opened from alerts, findings or addresses, worked on, merged, closed with a verdict, handed in as a bundle.

Every change takes the `version` of the case that was seen; where somebody else was faster, it is refused (409) and
nothing is lost.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from flow_pipeline.explorer.answers import Answer, single
from flow_pipeline.explorer.evidence.bundle import bundle
from flow_pipeline.explorer.state import Page, Read, Shared, part_of
from flow_pipeline.explorer.store import asking, cases, closing
from flow_pipeline.explorer.who import Reader, Writer

router = APIRouter(prefix="/cases", tags=["cases"])
CaseId = Annotated[int, Path(ge=1, lt=2**31)]
Version = Annotated[int | None, Body(ge=0, lt=2**31, description="version of the case that was seen")]
Reason = Annotated[str, Body(min_length=1, max_length=100_000)]
Keys = Annotated[list[Annotated[str, Field(min_length=1, max_length=400)]], Field(max_length=500)]


class Opening(BaseModel):
    """What a case is opened from; at least one thing or a title."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(None, max_length=300)
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    assignee: str | None = Field(None, max_length=64)
    alerts: Keys = []
    findings: Keys = []
    addresses: Keys = Field([], description="chain:address")
    entities: Keys = []
    views: Keys = []

    def others(self) -> dict[str, list[str]]:
        """What is not an alert, by kind."""
        every = {
            "finding": self.findings,
            "address": self.addresses,
            "entity": self.entities,
            "view": self.views,
        }
        return {kind: keys for kind, keys in every.items() if keys}


class Changes(BaseModel):
    """What is changed of a case; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(None, max_length=300)
    status: Literal["open", "waiting"] | None = None
    priority: str | None = Field(None, max_length=16)
    assignee: str | None = Field(None, max_length=64)
    narrative: str | None = Field(None, max_length=100_000)
    version: int | None = Field(None, ge=0, lt=2**31, description="version of the case that was seen")


@router.get("")
def listing(
    who: Reader,
    shared: Shared,
    page: Page,
    status: Annotated[str | None, Query(max_length=20, description="unset: open and waiting ones; or all")] = None,
    assignee: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Cases, those last changed first."""
    return page.counted(None, part_of(asking.listed(shared.store, status, assignee), page.part))


@router.post("", status_code=201)
def open_one(who: Writer, shared: Shared, read: Read, opening: Opening) -> Response:
    """Open a case, with copies of what it is about, each with its run and hash."""
    case_id = opened(shared, read, who.person.name, opening)
    return Answer(asking.shown(shared.store, case_id), 201, {"Location": f"/api/v1/cases/{case_id}"})


def opened(shared: Shared, read: Read, author: str, opening: Opening) -> int:
    """Open a case from all that it is to be about; its id."""
    told = (opening.alerts, opening.title, opening.priority, opening.assignee)
    return cases.open_case(shared.store, author, *told, published=read, others=opening.others())


@router.get("/{case_id}")
def one(request: Request, who: Reader, shared: Shared, case_id: CaseId) -> Response:
    """A case with `items` (copies with run and SHA-256), `notes` and `timeline`."""
    return single(request, None, asking.shown(shared.store, case_id))


@router.patch("/{case_id}")
def edit(who: Writer, shared: Shared, case_id: CaseId, changes: Changes) -> Response:
    """Change title, status, priority, assignee or narrative; null takes an assignee or a narrative away."""
    given: dict[str, Any] = changes.model_dump(exclude_unset=True, exclude={"version"})
    cases.edit(shared.store, case_id, who.person.name, given, changes.version)
    return Answer(asking.shown(shared.store, case_id))


@router.post("/{case_id}/items")
def add(
    who: Writer,
    shared: Shared,
    read: Read,
    case_id: CaseId,
    kind: Annotated[Literal["alert", "finding", "address", "entity", "view"], Body()],
    keys: Annotated[Keys, Body(min_length=1)],
    version: Version = None,
) -> Response:
    """Add things to a case; `added` are those that were new."""
    added = cases.add(shared.store, case_id, who.person.name, kind, keys, read, version)
    return Answer({"added": added, **asking.shown(shared.store, case_id)})


@router.delete("/{case_id}/items/{kind}/{key:path}")
def drop(
    who: Writer,
    shared: Shared,
    case_id: CaseId,
    kind: Annotated[str, Path(max_length=16)],
    key: Annotated[str, Path(max_length=400)],
    version: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
) -> Response:
    """Take something out of a case; the timeline keeps that it was there, and its hash."""
    cases.drop(shared.store, case_id, who.person.name, kind, key, version)
    return Answer(asking.shown(shared.store, case_id))


@router.post("/{case_id}/notes", status_code=201)
def note(
    who: Writer,
    shared: Shared,
    case_id: CaseId,
    body: Annotated[str, Body(max_length=100_000)],
    version: Version = None,
) -> Response:
    """Add a note, Markdown."""
    cases.add_note(shared.store, case_id, who.person.name, body, version)
    return Answer(asking.shown(shared.store, case_id), 201)


@router.post("/{case_id}/merge")
def merge(
    who: Writer,
    shared: Shared,
    case_id: CaseId,
    into: Annotated[int, Body(ge=1, lt=2**31, description="the case that it becomes part of")],
    version: Version = None,
) -> Response:
    """Make a case part of another, which gets all that it is about."""
    cases.merge(shared.store, case_id, into, who.person.name, version)
    return Answer(asking.shown(shared.store, into))


@router.post("/{case_id}/close")
def close(
    who: Writer,
    shared: Shared,
    case_id: CaseId,
    verdict: Annotated[Literal["true", "known", "noise"] | None, Body()] = None,
    reason: Annotated[str | None, Body(max_length=100_000)] = None,
    version: Version = None,
) -> Response:
    """Close a case and judge its alerts so; `netraflow verdicts review` counts them."""
    judged = closing.close(shared.store, case_id, who.person.name, verdict, reason, version)
    return Answer({"judged": judged, **asking.shown(shared.store, case_id)})


@router.post("/{case_id}/bundle", responses={200: {"content": {"application/zip": {}}}}, response_class=Response)
def evidence(who: Writer, shared: Shared, case_id: CaseId) -> Response:
    """The case as a ZIP that can be handed in and proved again (`netraflow case verify ZIP`); the timeline keeps it."""
    return zipped(bundle(shared.store, case_id, who.person.name), case_id)


def zipped(content: bytes, case_id: int) -> Response:
    """A bundle as a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="case-{case_id}.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/{case_id}/reopen")
def reopen(who: Writer, shared: Shared, case_id: CaseId, reason: Reason, version: Version = None) -> Response:
    """Open a closed case again."""
    closing.reopen(shared.store, case_id, who.person.name, reason, version)
    return Answer(asking.shown(shared.store, case_id))
