"""What stands between a network and the explorer: which host is asked, from where, how often, what a page may load.

A browser that shows a stranger's page can be made to ask servers of its own machine. So a request names a host that is
ours (against names that lead here), one that changes something comes from a page of ours, and pages load and run what
comes from here alone.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response

from flow_pipeline.explorer.answers import problem
from flow_pipeline.settings import ExplorerSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_MOST_CALLERS = 10_000
"""Callers whose requests are counted; beyond, the one that was quiet longest is forgotten."""
_DRAINED = 4
"""How many times the largest body is read and thrown away before a sender is cut off."""
HEADERS = {
    # Without a script of strangers, forms that lead away, or frames; pictures of charts are made in the page.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_loopback(host: str) -> bool:
    """True for an address of this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Allowance:
    """How often each caller may come: so many at once, filled up again evenly over a minute."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Seconds until the caller may come again; 0 where it may, and then this one is counted."""
        now = time.monotonic()
        left, then = self._left.pop(caller, (self._most, now))
        left = min(self._most, left + (now - then) * self._most / 60)
        is_in = left >= 1
        self._left[caller] = (left - 1 if is_in else left, now)
        if len(self._left) > _MOST_CALLERS:
            self._left.popitem(last=False)
        return 0.0 if is_in else (1 - left) * 60 / self._most


class Guard:
    """Refuses requests before anything reads them, and gives every answer its headers.

    Args:
        app: What is guarded.
        settings: Limits, and further names of this server.
        host: Address it listens on.
    """

    def __init__(self, app: App, settings: ExplorerSettings, host: str) -> None:
        self._app, self._settings = app, settings
        self._hosts = {name.lower() for name in (*LOOPBACK, *settings.hosts)}
        if not is_loopback(host):
            self._hosts.add(f"[{host}]" if ":" in host else host.lower())
        self._allowance = Allowance(settings.requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await self._drain(receive)
            await refusal(scope, receive, self._with_headers(scope, send))
            return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._settings.max_body_bytes:
                if message.get("more_body"):
                    await self._drain(receive)
                raise HTTPException(413, self._too_large_in_words())
            return message

        await self._app(scope, bounded, self._with_headers(scope, send))

    async def _drain(self, receive: Receive) -> None:
        """Let a sender finish, within bounds: who is cut off while sending does not read why."""
        left = _DRAINED * self._settings.max_body_bytes
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                return

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            return problem(
                421,
                "Misdirected request",
                f"Host: {host[:200]}: this server does not go by that name",
                "add the name to explorer.hosts where it is yours",
            )
        if scope["method"] not in SAFE and not _is_from_here(headers, host):
            return problem(403, "Forbidden", "the request comes from a page of another site", "use the explorer's own")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > self._settings.max_body_bytes:
            return self._too_large()
        wait = self._allowance.wait(caller_of(scope, self._settings))
        if wait:
            answer = problem(
                429, "Too many requests", f"more than {self._settings.requests_per_minute} requests in a minute",
                "wait, or raise explorer.requests_per_minute",
            )  # fmt: skip
            answer.headers["Retry-After"] = str(int(wait) + 1)
            return answer
        return None

    def _too_large(self) -> Response:
        told = self._too_large_in_words()
        return problem(413, "Content too large", told, "send less, or raise explorer.max_body_bytes")

    def _too_large_in_words(self) -> str:
        return f"the body has more than {self._settings.max_body_bytes:,} bytes"

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        return sending


def client_of(scope: Scope) -> str:
    """The address at the other end of the wire."""
    return str(scope["client"][0]) if scope.get("client") else ""


def caller_of(scope: Scope, settings: ExplorerSettings) -> str:
    """Whose requests are counted: the address at the other end, or whom a trusted proxy there speaks for."""
    client = client_of(scope)
    told = Headers(scope=scope).get("x-forwarded-for", "") if client in settings.trusted_proxies else ""
    # The proxy adds the address that it saw behind what it was told.
    return told.rpartition(",")[2].strip()[:64] or client


def is_https(scope: Scope, settings: ExplorerSettings) -> bool:
    """True where the browser speaks HTTPS, to a trusted proxy or to this server."""
    told = Headers(scope=scope).get("x-forwarded-proto", "") if client_of(scope) in settings.trusted_proxies else ""
    return (told or scope["scheme"]) == "https"


def _name_of(host: str) -> str:
    """A Host header without its port, in lower case; empty for what is none."""
    try:
        found = urlsplit(f"//{host}")
        _ = found.port
    except ValueError:
        return ""
    if found.path or found.query or found.fragment or found.username is not None:
        return ""
    name = found.hostname or ""
    return f"[{name}]" if ":" in name else name


def _is_from_here(headers: Headers, host: str) -> bool:
    """True unless a browser says that another site's page made the request; what is no browser says nothing."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site not in (None, "same-origin", "none"):
        return False
    return origin is None or (origin != "null" and urlsplit(origin).netloc.lower() == host.lower())


def csrf_of(session: str) -> str:
    """The token that forms of a session carry: whoever can neither read its cookie nor its pages can not make it."""
    return hmac.new(session.encode(), b"forms", "sha256").hexdigest()
