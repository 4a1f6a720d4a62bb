"""Pages: server-rendered HTML that can be linked to, works without scripts but for charts and the graph.

What lives here: routes of pages, one file per kind, and how they are rendered. What must not: questions, decisions
about alerts, the words of a case. Templates escape everything that they show.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

import jinja2
from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from flow_pipeline import __version__
from flow_pipeline.domain.plugs import files_of
from flow_pipeline.domain.text import harmless
from flow_pipeline.explorer.answers import cursor_of, with_cursor
from flow_pipeline.explorer.markup import as_html
from flow_pipeline.explorer.safety import is_https
from flow_pipeline.explorer.shown import address_path, entity_path, path, short
from flow_pipeline.explorer.state import Paging, state_of
from flow_pipeline.explorer.store.asking import cases_with
from flow_pipeline.explorer.store.asking import listed as cases_listed
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.explorer.who import COOKIE, INVESTIGATOR, Caller, reader
from flow_pipeline.questions.rows import Rows
from flow_pipeline.reports.page import in_words

_TYPED = ("reason", "body", "narrative", "title")
"""Fields whose text a refusal gives back."""
_OPEN_CASES = 50
"""Open cases that are offered, those changed last."""
_TITLE = 60
"""Letters of a title in a list to choose from."""


def router() -> APIRouter:
    """Every page, for who may read but those of `IS_OPEN` files; a new file is found without any other edit."""
    pages = APIRouter(include_in_schema=False)
    for module in files_of(__name__):
        is_open = getattr(module, "IS_OPEN", False)
        pages.include_router(module.router, dependencies=[] if is_open else [Depends(reader)])
    return pages


@cache
def environment() -> jinja2.Environment:
    """Templates of the room, which escape what they show and refuse what they are not given."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("flow_pipeline.explorer", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {"show": in_words, "marked": marked, "markdown": as_html}
    made.globals |= {
        "version": __version__,
        "short": short,
        "address_path": address_path,
        "entity_path": entity_path,
        "route": path,
    }
    return made


def marked(text: str) -> Markup:
    """A sentence whose commands, between backticks, are set as code."""
    parts = harmless(text).split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def render(request: Request, template: str, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page.

    Args:
        request: Whose page it is.
        template: File of the room.
        title: Of the page.
        status: Of HTTP.
        values: What the template shows; `run` is the publication that the page is about.
    """
    who: Caller | None = getattr(request.state, "caller", None)
    text = (
        environment()
        .get_template(template)
        .render(
            {
                "title": title,
                "who": who,
                "csrf": who.csrf if who else "",
                "csv": csv_of(request),
                "may_write": bool(who and who.person.role == INVESTIGATOR),
                "run": None,
                "here": request.url.path,
                "query": request.query_params.get("q", ""),
                **values,
            }
        )
    )
    answer = HTMLResponse(text, status)
    if who and who.is_new:
        set_session(request, answer, who.session)
    return answer


def set_session(request: Request, answer: Response, session: str) -> None:
    """Have the browser keep a session: no script reads it, and other sites send it with links alone.

    Links from a mail or a ticket are to work; what changes something has its own token and origin.
    """
    is_secure = is_https(request.scope, state_of(request).settings.explorer)
    answer.set_cookie(COOKIE, session, httponly=True, samesite="lax", secure=is_secure, path="/")


def csv_of(request: Request, path: str = "") -> dict[str, Any]:
    """Where the read API has the rows of a list as CSV, and how many of them at most.

    Args:
        request: Of the page, whose filters hold.
        path: Of the list, where it is not that of the page.
    """
    most = state_of(request).settings.explorer.max_page_rows
    asked = {name: value for name, value in request.query_params.items() if name not in ("cursor", "limit") and value}
    query = urlencode({**asked, "format": "csv", "limit": most})
    return {"href": f"/api/v1{path or request.scope['raw_path'].decode('ascii')}?{query}", "most": most}


@dataclass(frozen=True)
class InCases:
    """The cases that a thing is in, and the open ones that it may be put into: their ids and titles.

    Attributes:
        kind, key: What names the thing in a case.
        more: Open ones that are not offered.
    """

    kind: str
    key: str
    having: list[int]
    open_ones: list[tuple[int, str]]
    more: int


def in_cases(store: Store, kind: str, key: str) -> InCases:
    """Which cases a thing is in, and which of the open ones, those changed last, it is not in."""
    having = cases_with(store, kind, [key]).get(key, [])
    columns, rows = cases_listed(store)
    places = columns.index("id"), columns.index("title")
    found = [(row[places[0]], harmless(row[places[1]], _TITLE)) for row in rows[:_OPEN_CASES]]
    return InCases(kind, key, having, [one for one in found if one[0] not in having], len(rows) - len(found))


def next_page(request: Request, paging: Paging, run: str | None, found: Rows, *columns: str) -> str:
    """Where the next page of a list is; empty behind the last one.

    Args:
        request: Of this page.
        paging: Which page it is.
        run: Of the file that was asked; None for what no run published.
        found: Rows as `paging.part` asked for them, one more than are shown.
        columns: Those that name a row, where the list goes on behind one; else it is counted.
    """
    if len(found[1]) <= paging.limit:
        return ""
    last = dict(zip(found[0], found[1][paging.limit - 1], strict=True))
    key = [last[name] for name in columns] if columns else [paging.part.after + paging.limit]
    return with_cursor(request, cursor_of(request, run, key))


def refusal(request: Request, status: int, title: str, detail: str, way_out: str) -> HTMLResponse:
    """A refusal as a page."""
    typed = [value for name, value in getattr(request.state, "fields", ()) if name in _TYPED and value.strip()]
    back = request.scope["raw_path"].decode("ascii") if request.method == "POST" and status in (400, 409) else ""
    login = login_address(request) if status == 401 else ""
    told = {"detail": detail, "way_out": way_out, "typed": typed, "back": back, "login": login}
    return render(request, "refusal.html.j2", title, status, **told)


def login_address(request: Request) -> str:
    """Where to sign in, and the page to come back to."""
    back = request.scope["raw_path"].decode("ascii") + (f"?{request.url.query}" if request.url.query else "")
    return f"/login?{urlencode({'back': back})}"
