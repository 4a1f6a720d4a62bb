"""A real browser for tests of pages: whatever leaves the machine is stopped and told, and so is every error.

`Page.wait_for_function` evaluates text in the page, which the pages' policy forbids: wait with `expect` and locators.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Route, WebError

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
NARROW = 500
"""Width of a phone, CSS pixels."""
_WORDS = Path(__file__).with_suffix(".js").read_text()


@contextmanager
def launched() -> Iterator[Browser]:
    """Debian's chromium; skips where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine; Debian has it as package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser,
    address: str,
    width: int = 1280,
    scheme: Literal["light", "dark"] = "light",
    refused: tuple[int, ...] = (),
    asked: list[str] | None = None,
) -> Iterator[Page]:
    """A page of a browser that nobody used before; fails at the end for any error and any request to the outside.

    Args:
        browser: Which.
        address: Of the server, to which paths are relative.
        width: Of the window.
        scheme: Light or dark.
        refused: Statuses that the test brings about; a browser calls each an error.
        asked: Takes what the page asks in dialogs, which are all declined; without it each is a fault.
    """
    faults: list[str] = []

    def route(route: Route) -> None:
        if route.request.url.startswith((f"{address}/", "blob:", "data:")):
            route.continue_()
        else:
            faults.append(f"asked the outside: {route.request.url}")
            route.abort()

    def heard(message: ConsoleMessage) -> None:
        is_meant = any(f"status of {status}" in message.text for status in refused)
        if message.type in ("error", "warning") and not is_meant:
            faults.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def failed(error: WebError) -> None:
        faults.append(f"page error: {error.error}")

    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    context.route("**/*", route)
    context.on("console", heard)
    context.on("weberror", failed)
    dialogs = faults if asked is None else asked
    context.on("dialog", lambda dialog: (dialogs.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    try:
        yield context.new_page()
    finally:
        context.close()
    assert not faults, "\n".join(faults)


def faults_of(page: Page) -> list[str]:
    """What keeps somebody from using a page: controls without a name, text of too little contrast, sideways scroll."""
    found: list[str] = page.evaluate(
        f"() => {{ {_WORDS} return [...unnamed(), ...faint(), ...beyond(), ...loose()]; }}"
    )
    return found


def tab_stops(page: Page, most: int = 400) -> list[str]:
    """Names of what the Tab key reaches, in order; fails where the focus can not be seen or goes back."""
    page.evaluate("() => { document.body.tabIndex = -1; document.body.focus(); window.lastStop = null; }")
    stops: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop: dict[str, Any] | None = page.evaluate(f"() => {{ {_WORDS} return stop(); }}")
        if stop is None:
            break
        assert stop["seen"], f"the focus on {stop['name']} can not be seen"
        assert stop["follows"], f"the focus goes back to {stop['name']}"
        stops.append(stop["name"])
    return stops
