"""What all requests of the application share, and the dependencies that hand it to routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import BeforeValidator

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.explorer.answers import (
    NAMES,
    Cursor,
    filters_of,
    page,
    read_cursor,
    single,
    whole_number,
)
from flow_pipeline.explorer.reading import Reading, Snapshot
from flow_pipeline.explorer.safety import Allowance
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.questions.rows import Part, Rows
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection


@dataclass
class State:
    """Settings, the published files, what people write, the address listened on, how often one may sign in.

    Attributes:
        logins: Under a name.
        guesses: Under any.
    """

    settings: Settings
    reading: Reading
    store: Store
    host: str
    logins: Allowance
    guesses: Allowance

    def close(self) -> None:
        """Let go of files."""
        self.reading.close()
        self.store.close()


def state_of(request: Request) -> State:
    """The shared state."""
    state: State = request.app.state.netraflow
    return state


def snapshot(request: Request) -> Iterator[Snapshot]:
    """The published file for this request: that of the cursor of a list, else the current one."""
    cursor = request.query_params.get("cursor")
    run = read_cursor(cursor)[0] if cursor else None
    with state_of(request).reading.snapshot(run or None) as found:
        yield found


Read = Annotated[Snapshot, Depends(snapshot)]
Shared = Annotated[State, Depends(state_of)]
Limit = Annotated[int | None, Query(ge=1, description="rows of a page; unset is explorer.page_rows")]
Format = Annotated[
    str | None, Query(alias="format", max_length=20, description=f"{', '.join(NAMES)}: instead of the Accept header")
]
Token = Annotated[str | None, Query(max_length=200, description="only this token: symbol or contract address")]


UNSET = BeforeValidator(lambda value: value or None)
"""A field of a form that was left empty asks for nothing."""


def window(
    first: Annotated[date | None, UNSET, Query(description="first day, UTC")] = None,
    last: Annotated[date | None, UNSET, Query(description="last day, included")] = None,
) -> Window:
    """The days asked for."""
    return Window(first, last)


Days = Annotated[Window, Depends(window)]


def part_of(found: Rows, part: Part) -> Rows:
    """A part of rows that are all there."""
    return Rows(found[0], found[1][part.after : part.after + part.limit], found.types)


@dataclass(frozen=True)
class Paging:
    """Which rows of a list a request asks for.

    Attributes:
        limit: Rows of the page.
        key: Place behind which they are, as the cursor has it; empty for the first page.
    """

    request: Request
    limit: int
    key: list[Any]

    @property
    def part(self) -> Part:
        """The same of a list that is counted, and one row more, which says whether there is another page."""
        return Part(self.limit + 1, whole_number(self.key) if self.key else 0)

    def counted(self, run: str | None, found: Rows, **more: Any) -> Response:
        """The page of a list that was asked for `part`."""
        shown = self.shown(found)
        return page(
            self.request, run, shown, [self.part.after + self.limit] if len(found[1]) > self.limit else None, more
        )

    def keyed(self, run: str | None, found: Rows, *columns: str, **more: Any) -> Response:
        """The page of a list that goes on behind a row, named by some of its columns."""
        shown = self.shown(found)
        places = [found[0].index(name) for name in columns]
        key = [shown[1][-1][place] for place in places] if len(found[1]) > self.limit else None
        return page(self.request, run, shown, key, more)

    def shown(self, found: Rows) -> Rows:
        """The rows of the page, without the one that says whether there is another."""
        return Rows(found[0], found[1][: self.limit], found.types)


def paging(request: Request, shared: Shared, limit: Limit = None, cursor: Cursor = None, form: Format = None) -> Paging:
    """Which page is asked for.

    Raises:
        UsageError: more rows than a page may have, or a cursor of another list.
    """
    most = shared.settings.explorer.max_page_rows
    if limit and limit > most:
        raise UsageError(f"limit={limit}: a page has at most {most:,} rows", "take them page by page with next_cursor")
    _, mark, key = read_cursor(cursor) if cursor else ("", "", [])
    if cursor and mark != filters_of(request):
        raise UsageError("the cursor is of another list", "take next_cursor of the page before, with the same filters")
    return Paging(request, limit or shared.settings.explorer.page_rows, key)


Page = Annotated[Paging, Depends(paging)]


@dataclass(frozen=True)
class AskingForOne:
    """A question to the published file of a request, about one thing."""

    request: Request
    read: Snapshot

    def single(self, ask: Callable[[Connection], Any]) -> Response:
        """What the question gives."""
        return single(self.request, self.read.run, ask(self.read.connection))


@dataclass(frozen=True)
class Asking:
    """A question to the published file of a request, for a page of a list."""

    request: Request
    read: Snapshot
    paging: Paging

    def listing(self, ask: Callable[[Connection, Part], Rows], **more: Any) -> Response:
        """A page of what a question gives."""
        return self.paging.counted(self.read.run, ask(self.read.connection, self.paging.part), **more)

    def whole(self, ask: Callable[[Connection], Rows], **more: Any) -> Response:
        """A page of what a question gives at once, because it is short."""

        return self.listing(lambda connection, part: part_of(ask(connection), part), **more)


def asking_for_one(request: Request, read: Read) -> AskingForOne:
    """The question of this request about one thing."""
    return AskingForOne(request, read)


def asking(request: Request, read: Read, page: Page) -> Asking:
    """The question of this request."""
    return Asking(request, read, page)


Ask = Annotated[Asking, Depends(asking)]
AskOne = Annotated[AskingForOne, Depends(asking_for_one)]
