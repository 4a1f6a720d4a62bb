"""What is published, and what people may know of the file behind the pages."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from flow_pipeline.explorer.pages import render
from flow_pipeline.explorer.shown import facts, table
from flow_pipeline.explorer.state import Read, Shared
from flow_pipeline.explorer.who import Reader
from flow_pipeline.questions.publications import about
from flow_pipeline.questions.tip import tip_status
from flow_pipeline.warehouse.publish import published_runs

router = APIRouter()
_PUBLICATION = {
    "run_id": "run",
    "published_at": "published",
    "window_first": "first day",
    "window_last": "last day",
    "last_transfer_at": "last transfer",
    "transfers": "transfers",
}
_AUDITS = {
    "stage": "stage",
    "expectations": "expectations",
    "met": "met",
    "not_met": "only warned",
    "checked_at": "checked",
}
_LABELS = {
    "label_set": "label set",
    "labels": "labels",
    "addresses": "addresses",
    "last_known_from": "last known from",
    "sources": "sources",
}
_SOURCES = {"source": "source", "last_block": "block", "head": "head", "final": "final", "transfers": "transfers"}


@router.get("/about")
def published(request: Request, who: Reader, read: Read, shared: Shared) -> Response:
    """The run, its audits, labels, freshness; the tip where a chain is followed."""
    found = about(read.connection)
    tip = tip_status(shared.settings)
    return render(
        request,
        "about.html.j2",
        "About what is shown",
        run=read.run,
        publication=facts(found["publication"], _PUBLICATION),
        audits=table(found["audits"], _AUDITS, "Audits of this publication; what is blocking stops a publication"),
        labels=table(found["labels"], _LABELS, "Label sets in force"),
        runs=published_runs(shared.settings),
        tip=tip,
        sources=table(tip["sources"], _SOURCES, "Followed") if tip else None,
    )
