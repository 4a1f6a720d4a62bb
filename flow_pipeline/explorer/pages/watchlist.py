"""The watch list: what is watched, for whom and why."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from flow_pipeline.alerts import watchlist
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.explorer.pages import next_page, render
from flow_pipeline.explorer.shown import Cell, address_path, table
from flow_pipeline.explorer.state import Page, Read, Shared, part_of
from flow_pipeline.explorer.who import Form, Reader, Writer
from flow_pipeline.questions.known import check_watch
from flow_pipeline.warehouse.publish import last_day

router = APIRouter(prefix="/watchlist")
_LONGEST = 2_000
"""Letters of a reason, and more than any name has."""
_LISTED = {
    "kind": "kind",
    "key": "which",
    "chain": "chain",
    "owner": "owner",
    "reason": "reason",
    "first_day": "from",
    "watch_id": "watch",
}


@router.get("")
def listing(request: Request, who: Reader, shared: Shared, page: Page) -> Response:
    """What is watched, the latest first."""
    found = part_of(watchlist.listed(shared.settings), page.part)
    shown = page.shown(found)
    made = table(shown, _LISTED)
    names = [head.text for head in made.heads]
    for cells, row in zip(made.rows, shown[1], strict=True):
        known = dict(zip(shown[0], row, strict=True))
        if known["kind"] == "address" and known["chain"]:
            cells[names.index("which")] = Cell(known["key"], href=address_path(known["chain"], known["key"]))
        elif len(known["key"]) > 2:
            cells[names.index("which")] = cells[names.index("which")].searching()
    return render(
        request,
        "watchlist.html.j2",
        "Watch list",
        found=made,
        ids=[row[found[0].index("watch_id")] for row in shown[1]],
        next=next_page(request, page, None, found),
    )


@router.post("")
def change(who: Writer, shared: Shared, read: Read, form: Form) -> Response:
    """Add to the list, or end a watch, as the form says."""
    day = last_day(read.connection)
    if "end" in form:
        watchlist.unwatch(shared.settings, form["end"], day)
    else:
        key, chain = form.get("key", "").strip(), form.get("chain") or None
        if max(map(len, (key, form.get("reason", ""), chain or ""))) > _LONGEST:
            raise UsageError(f"a text has more than {_LONGEST:,} letters", "shorten it")
        check_watch(read.connection, form.get("kind", ""), key, chain)
        owner = form.get("owner") or who.person.name
        watchlist.watch(shared.settings, form.get("kind", ""), key, owner, form.get("reason", ""), chain, first_day=day)
    return RedirectResponse("/watchlist", 303)
