"""The application: routes, who may ask them, and how refusals are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from flow_pipeline import __version__
from flow_pipeline.domain.errors import Conflict, FlowError, NotThere, UsageError
from flow_pipeline.explorer import api, pages
from flow_pipeline.explorer.answers import NotAcceptable, problem
from flow_pipeline.explorer.reading import Gone, Reading, TooLong
from flow_pipeline.explorer.safety import HEADERS, Allowance, Guard
from flow_pipeline.explorer.state import State
from flow_pipeline.explorer.store import people
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.explorer.who import Forbidden, NotSignedIn, asks_for_people
from flow_pipeline.settings import Settings

_STATUS: dict[type[FlowError], tuple[int, str]] = {
    Gone: (410, "Gone"),
    TooLong: (503, "The question took too long"),
    NotAcceptable: (406, "Not acceptable"),
    NotSignedIn: (401, "Not signed in"),
    Forbidden: (403, "Forbidden"),
    Conflict: (409, "Conflict"),
    NotThere: (404, "Not found"),
    UsageError: (400, "Bad request"),
    FlowError: (503, "Not available"),
}
"""Status and title of a refusal, the most special first."""
_NAMES = 10
"""Names under which an address may try to sign in as often as under one."""


def create_app(settings: Settings, host: str = "127.0.0.1") -> FastAPI:
    """The explorer over one data directory.

    Args:
        settings: Settings in force.
        host: Address it listens on, which is a name it goes by.

    Raises:
        UsageError: others than this machine could reach it, and nobody could sign in.
    """
    tries = settings.explorer.logins_per_minute
    allowances = Allowance(tries), Allowance(_NAMES * tries)
    state = State(settings, Reading(settings), Store(settings), host, *allowances)
    if asks_for_people(state) and not (people.is_anybody(state.store) or settings.explorer.trusted_header):
        state.close()
        raise UsageError(
            f"--host {host}: others than this machine would reach it, and nobody could sign in",
            "`netraflow people add NAME --role investigator` lets somebody in; or set explorer.trusted_header",
        )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.netraflow.close()

    app = FastAPI(
        title="netraflow",
        version=__version__,
        description="The published warehouse: who moved what, what was found, what was told. Times are UTC, amounts "
        "are token units and exact, `usd` is null where no price is believed.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.netraflow = state
    described = app.openapi
    app.openapi = cache(lambda: api.describe(described()))  # type: ignore[method-assign]
    app.include_router(api.router())
    app.include_router(pages.router())
    app.mount("/static", StaticFiles(directory=Path(__file__).with_name("static")), name="static")
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Guard, settings=settings.explorer, host=host)
    app.add_exception_handler(FlowError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unrouted)
    app.add_exception_handler(Exception, _failed)
    return app


def _told(request: Request, status: int, title: str, detail: str, way_out: str = "") -> Response:
    """A refusal as whoever asks reads it: a page for a browser, else a problem."""
    if request.url.path.startswith("/api/"):
        return problem(status, title, detail, way_out, instance=request.url.path)
    return pages.refusal(request, status, title, detail, way_out)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, FlowError)
    if isinstance(error, NotSignedIn) and not request.url.path.startswith("/api/") and request.method == "GET":
        return RedirectResponse(pages.login_address(request), 303)
    status, title = next(told for kind, told in _STATUS.items() if isinstance(error, kind))
    answer = _told(request, status, title, error.message, error.hint)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors())
    return _told(request, 422, "Not understood", said, "see /api/v1/openapi.json")


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = _told(request, error.status_code, str(error.detail), f"{request.method} {request.url.path[:200]}")
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _failed(request: Request, error: Exception) -> Response:
    """What nobody foresaw: its type alone leaves, the rest is in the log."""
    answer = _told(
        request, 500, "Failed", f"{type(error).__name__}: the explorer failed", "its log on the terminal says where"
    )
    answer.headers.update(HEADERS)  # what fails is told outside of the guard
    return answer
