"""JSON-RPC over HTTP: questions to a node, alone or many at once, with patience, a rate, and a bound on what is read.

What lives here: addresses of servers and their secrets, retries, and the sentences for what a server does wrong. What
must not: what the answers mean. Read more: docs/live.md.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import random
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import httpx
import orjson

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.text import harmless
from flow_pipeline.settings import NodeSettings, credential, secret

USER, PASSWORD = "NETRAFLOW_RPC_USER", "NETRAFLOW_RPC_PASSWORD"
_MOST_TEXT = 300
_SHORTEST_KEY = 8
"""Shorter pieces of a path are words such as `rpc` and `v3`, which errors may say."""
_RATE = re.compile(
    r"rate.?limit|too many requests|request (rate|count) exceeded|exceeded.*(per second|throughput|capacity)|throttl|"
    r"units per second|credits limited|\b429\b|calls per sec|requests? per (second|sec\b|minute)|/sec\b",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"(more|greater|larger|bigger|higher) than [\d,.]+ ?[kmg]?b?\b|too.many.(results|logs|blocks|entries|matches)|"
    r"block range|range.{0,20}(too.(large|wide|big|high)|exceed|limit|bigger)|ranges? over|exceed.{0,30}range|"
    r"(results?|response|content|body|payload|dataset).{0,40}(too (large|big)|exceed|limit|smaller|larger)|"
    r"(exceed|limit).{0,40}\b(results?|response|logs|blocks)\b|limited to( a| at most)? ?[\d,]+|"
    r"max(imum)?( is| allowed| number of)?( set to)?:? ?[\d,]+|up to( a)? ?[\d,]+ blocks?|too many blocks|"
    r"time(d)?[ -]?out|deadline exceeded|query.{0,20}(too (expensive|complex|heavy|large)|took too long)|"
    r"entity too large|context canceled|logs matched|\blimit exceeded",
    re.IGNORECASE,
)
_LIMIT_EXCEEDED, _NO_METHOD = -32005, -32601
_UNKNOWN = re.compile(r"method.{0,80}(not (found|available|supported|exist|enabled|allowed)|disabled)", re.IGNORECASE)
_TRANSIENT_CODES = {-32603, -28, 429, 503}
"""Internal error, a node that still reads its blocks, and HTTP's codes: the next try may succeed."""


class RpcError(FlowError):
    """The server answered the question with an error.

    Attributes:
        code: Its number, 0 where it gave none.
        text: What it said, without secrets.
    """

    def __init__(self, shown: str, method: str, code: int, text: str, hint: str = "") -> None:
        super().__init__(f"{shown}: {method}: the server says: {text} ({code})", hint)
        self.code, self.text = code, text

    @property
    def is_too_much(self) -> bool:
        """True where less might have been answered: a smaller range of blocks, fewer questions at once."""
        return (self.code == _LIMIT_EXCEEDED or is_too_much(self.text)) and not is_rate(self.text)

    @property
    def is_unknown_method(self) -> bool:
        """True where the server has no such method."""
        return self.code == _NO_METHOD or bool(_UNKNOWN.search(self.text))


class TooLarge(FlowError):
    """An answer of more bytes than are read; less might have been answered."""


class Unanswered(FlowError):
    """No valid answer in all tries.

    Attributes:
        is_timeout: True where the last try ran out of time: a smaller question might have been answered.
    """

    def __init__(self, message: str, hint: str = "", is_timeout: bool = False) -> None:
        super().__init__(message, hint)
        self.is_timeout = is_timeout


def is_for_less(error: FlowError) -> bool:
    """True where less might have been answered."""
    return (
        isinstance(error, TooLarge)
        or (isinstance(error, RpcError) and error.is_too_much)
        or (isinstance(error, Unanswered) and error.is_timeout)
    )


def is_too_much(text: str) -> bool:
    """True for the words in which servers say that a question asks for too much."""
    return bool(_TOO_MUCH.search(text))


def is_rate(text: str) -> bool:
    """True for the words in which servers say that they are asked too often."""
    return bool(_RATE.search(text))


@dataclass(frozen=True)
class Address:
    """Where a server is.

    Attributes:
        url: With whatever key its path or query holds.
        shown: What people may see of it: scheme and host.
        secrets: Texts that nobody may see.
    """

    url: str = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, text: str, option: str = "--rpc", schemes: Sequence[str] = ("http", "https")) -> Address:
        """An address as a person gave it: a URL, or `env:NAME` for a URL in a variable of the environment.

        Raises:
            UsageError: no URL, another scheme, or a user and password in it.
        """
        is_hidden = text.startswith("env:")
        url = secret(text.removeprefix("env:")) if is_hidden else text
        told = text if is_hidden else "the address"
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme not in schemes or not host:
            raise UsageError(
                f"{option}: {told} is no URL of {' or '.join(schemes)}",
                f"write it as {schemes[0]}://HOST:PORT, or env:NAME for a variable that holds it",
            )
        if "@" in parts.netloc:
            raise UsageError(
                f"{option}: {told} holds a user or a password",
                f"secrets come from the environment alone: set {USER} and {PASSWORD}, and give the URL without them",
            )
        pieces = (*parts.path.split("/"), *re.split(r"[&=]", parts.query))
        keys = {form for piece in pieces if len(piece) >= _SHORTEST_KEY for form in (piece, unquote(piece))}
        name = f"[{host}]" if ":" in host else host
        shown = f"{parts.scheme}://{name}{f':{port}' if port else ''}"
        return cls(url.strip(), shown, tuple(sorted(keys, key=len, reverse=True)))


class Rate:
    """At most so many requests in any second, also where many ask at once."""

    def __init__(self, per_second: float) -> None:
        self._count = max(1, int(per_second))
        self._window = self._count / per_second
        self._sent: deque[float] = deque(maxlen=self._count)
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Waits until one more may be sent."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if len(self._sent) == self._count and (wait := self._sent[0] + self._window - now) > 0:
                await asyncio.sleep(wait)
            self._sent.append(asyncio.get_running_loop().time())


class _Retry(Exception):
    """This try failed, and the next may not; `wait` is what the server asks for."""

    def __init__(self, reason: str, wait: float | None = None, is_timeout: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.wait, self.is_timeout = reason, wait, is_timeout


class Http:
    """Requests to one server: its rate, its tries, its bound of bytes; nothing secret in what it says."""

    def __init__(
        self,
        address: Address,
        settings: NodeSettings,
        per_second: float | None = None,
        user: tuple[str, str] | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        # They write whole URLs into the log, and with them the keys.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.address, self.settings = address, settings
        self._secrets = (*address.secrets, *(user or ()), *secrets)
        self._rate = Rate(per_second or settings.requests_per_second)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.timeout_seconds),
            auth=httpx.BasicAuth(*user) if user else None,
            headers={"accept-encoding": "gzip", "user-agent": "netraflow"},
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.aclose()

    @property
    def shown(self) -> str:
        """The server as people may see it."""
        return self.address.shown

    def said(self, text: object) -> str:
        """What a server said, short, harmless and without secrets."""
        words = str(text)
        for key in self._secrets:
            if key:
                words = words.replace(key, "…")
        words = harmless(" ".join(words.split()))
        return words if len(words) <= _MOST_TEXT else words[:_MOST_TEXT] + "…"

    async def ask(self, what: str, read: Callable[[int, bytes], Any], can_be_less: bool = False, **request: Any) -> Any:
        """An answer that `read` accepts, in as many tries as the settings allow.

        Args:
            what: The question, in words for errors.
            read: Takes status and bytes and gives the answer; raises what `again` gives to have it asked once more.
            can_be_less: Less can be asked for: running out of time is told at once, and not tried again.
            request: Of httpx: method, content, headers, params.

        Raises:
            TooLarge: the answer has more bytes than the settings allow.
            Unanswered: no try brought a valid one.
            FlowError: what the server refuses for good.
        """
        most = self.settings.tries
        for count in range(1, most + 1):
            try:
                await self._rate.turn()
                status, headers, body = await self._exchange(what, **request)
                self._refuse(what, status, headers, body)
                return read(status, body)
            except _Retry as failed:
                asked = failed.wait or 0.0
                if asked > self.settings.longest_wait_seconds:
                    raise Unanswered(
                        f"{self.shown}: {what}: {failed.reason}, and asks to wait {asked:,.0f} s",
                        "try again later, lower nodes.requests_per_second, or raise nodes.longest_wait_seconds",
                    ) from None
                if count == most or (can_be_less and failed.is_timeout):
                    raise Unanswered(
                        f"{self.shown}: {what}: {failed.reason}, in {count} {'try' if count == 1 else 'tries'}",
                        "see that the server is up; nodes.tries and nodes.timeout_seconds say how long we wait",
                        failed.is_timeout,
                    ) from None
                own = min(self.settings.first_wait_seconds * 2 ** (count - 1), self.settings.longest_wait_seconds)
                await asyncio.sleep(asked + own * random.uniform(0.5, 1.0))
        raise AssertionError("there is at least one try")

    @staticmethod
    def again(reason: str) -> Exception:
        """What `read` raises for an answer that is not valid and may be on the next try."""
        return _Retry(reason)

    async def _exchange(self, what: str, **request: Any) -> tuple[int, httpx.Headers, bytes]:
        """One request; its answer is read in pieces, and no further than the bound."""
        most = self.settings.max_answer_bytes
        request = {"method": "POST", "url": self.address.url, **request}
        try:
            async with (
                asyncio.timeout(self.settings.answer_seconds),
                self._client.stream(**request) as response,
            ):
                parts, size = [], 0
                async for part in response.aiter_bytes():
                    size += len(part)
                    if size > most:
                        raise TooLarge(
                            f"{self.shown}: {what}: the answer has more than {most:,} bytes",
                            "ask for fewer blocks or tokens; nodes.max_answer_bytes is the bound",
                        )
                    parts.append(part)
                return response.status_code, response.headers, b"".join(parts)
        except TimeoutError:
            reason = f"no whole answer within {self.settings.answer_seconds:g} s"
            raise _Retry(reason, is_timeout=True) from None
        except httpx.TimeoutException:
            raise _Retry(f"no answer within {self.settings.timeout_seconds:g} s", is_timeout=True) from None
        except httpx.HTTPError as error:
            raise _Retry(f"{self.said(error) or type(error).__name__}") from None

    def _refuse(self, what: str, status: int, headers: httpx.Headers, body: bytes) -> None:
        """What HTTP's status says, where the body is no answer in its own right."""
        if status == 429 or (status == 503 and "retry-after" in headers):
            raise _Retry(f"asked too often (HTTP {status})", _wait_of(headers))
        if 200 <= status < 300 or body.lstrip()[:1] in (b"{", b"["):
            return
        said = self.said(body[:_MOST_TEXT].decode("utf-8", "replace"))
        told = f"{self.shown}: {what}: HTTP {status}{f': {said}' if said else ''}"
        if 300 <= status < 400:
            raise FlowError(f"{told}: it sends us elsewhere", "give the address that answers itself, often https")
        if status in (401, 403):
            raise FlowError(told, f"check the key of the address, or {USER} and {PASSWORD}; keys come from env:NAME")
        if status == 413:
            raise TooLarge(told, "ask for fewer blocks or tokens")
        if status >= 500 or status == 408:
            raise _Retry(f"HTTP {status}{f': {said}' if said else ''}", is_timeout=status in (408, 504, 524))
        raise FlowError(told, "see that the address is that of the server's API")


def _wait_of(headers: httpx.Headers) -> float | None:
    """Seconds that Retry-After asks for: a number, or a date."""
    told = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", told):
        return float(told)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    wait: float = (at - datetime.now(UTC)).total_seconds()
    return max(0.0, wait)


class Rpc:
    """A node's JSON-RPC."""

    def __init__(self, address: Address | str, settings: NodeSettings) -> None:
        """Opens nothing yet.

        Raises:
            UsageError: the address is no URL of http or https, or holds a user and password.
        """
        address = Address.of(address) if isinstance(address, str) else address
        user, password = credential(USER), credential(PASSWORD)
        self.http = Http(address, settings, user=(user, password) if user or password else None)
        self.settings = settings
        self._next_id = 0
        self._at_once: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends its connections."""
        await self.http.close()

    @property
    def shown(self) -> str:
        """The node as people may see it."""
        return self.http.shown

    async def call(self, method: str, *params: Any, can_be_less: bool = False, is_exact: bool = False) -> Any:
        """The result of one call.

        Args:
            method: Its name.
            params: In their order.
            can_be_less: Less can be asked for: running out of time is told at once, and not tried again.
            is_exact: Numbers with a fraction stay the text that they are.

        Raises:
            RpcError: the node answers with an error.
            TooLarge: the answer has more bytes than the settings allow.
            Unanswered: no try brought a valid answer.
        """
        number = self._number()
        question = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}

        def read(status: int, body: bytes) -> Any:
            answer = self._parsed(status, body, is_exact)
            if not isinstance(answer, dict):
                raise Http.again("the answer is no JSON object")
            # A server that refuses before it reads the question does not know its id.
            if answer.get("id") != number and not (answer.get("error") and answer.get("id") is None):
                told = f"HTTP {status}: {self.http.said(body.decode('utf-8', 'replace'))}"
                raise Http.again(told if status >= 400 else "the answer is that of another question: its id is wrong")
            return self._result(method, answer)

        return await self._ask(method, read, question, can_be_less)

    async def batch(
        self, calls: Sequence[tuple[str, Sequence[Any]]], keeps_errors: bool = False, is_exact: bool = False
    ) -> list[Any]:
        """Results of many calls, in their order, some of them in one request.

        Args:
            calls: Method and parameters of each.
            keeps_errors: An error that answers one call stands in its place, instead of being raised.
            is_exact: Numbers with a fraction stay the text that they are.

        Raises:
            RpcError: the node answers one of them with an error.
            TooLarge: the answer to a single call has more bytes than the settings allow.
            Unanswered: no try brought a valid answer.
        """
        results: list[Any] = []
        while len(results) < len(calls):
            method = calls[len(results)][0]
            most = self._at_once.get(method, self.settings.calls_per_batch)
            some = calls[len(results) : len(results) + most]
            try:
                found = await self._some(some, is_exact)
            except (TooLarge, _NoBatch, RpcError, Unanswered) as error:
                if len(some) == 1 or not (isinstance(error, _NoBatch) or is_for_less(error)):
                    raise
                self._at_once[method] = max(1, len(some) // 2)
                continue
            errors = [one for one in found if isinstance(one, RpcError)]
            if errors and not keeps_errors:
                if len(some) > 1 and any(error.is_too_much for error in errors):
                    self._at_once[method] = max(1, len(some) // 2)
                    continue
                raise errors[0]
            results += found
        return results

    async def _some(self, calls: Sequence[tuple[str, Sequence[Any]]], is_exact: bool) -> list[Any]:
        """Results of calls in one request, an error in the place of each that has one."""
        if len(calls) == 1:
            try:
                return [await self.call(calls[0][0], *calls[0][1], is_exact=is_exact)]
            except RpcError as error:
                return [error]
        methods = {self._number(): method for method, _ in calls}
        numbers = list(methods)
        question = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in zip(numbers, calls, strict=True)
        ]

        def read(status: int, body: bytes) -> list[Any]:
            answers = self._parsed(status, body, is_exact)
            if isinstance(answers, dict) and answers.get("error"):
                try:
                    self._result("batch", answers)
                except RpcError as error:
                    raise _NoBatch(error.message, error.hint) from None
            if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
                raise Http.again("the answer is no list of JSON objects")
            by_number = {answer.get("id"): answer for answer in answers if isinstance(answer.get("id"), int)}
            if len(answers) != len(numbers) or set(by_number) != set(numbers):
                raise Http.again("the answers are those of other questions: their ids are wrong")
            return [self._result_or_error(methods[number], by_number[number]) for number in numbers]

        found: list[Any] = await self._ask(f"{calls[0][0]} and {len(calls) - 1} more", read, question)
        return found

    async def _ask(self, what: str, read: Callable[[int, bytes], Any], question: Any, can_be_less: bool = False) -> Any:
        content = orjson.dumps(question)
        return await self.http.ask(
            what, read, can_be_less, content=content, headers={"content-type": "application/json"}
        )

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id

    def _parsed(self, status: int, body: bytes, is_exact: bool = False) -> Any:
        try:
            return json.loads(body, parse_float=str) if is_exact else parsed(body)
        except (ValueError, RecursionError):
            raise Http.again(f"the answer of {len(body):,} bytes is cut short or no JSON (HTTP {status})") from None

    def _result_or_error(self, method: str, answer: dict[str, Any]) -> Any:
        try:
            return self._result(method, answer)
        except RpcError as error:
            return error

    def _result(self, method: str, answer: dict[str, Any]) -> Any:
        error = answer.get("error")
        if not error:
            if "result" not in answer:
                raise Http.again("the answer has neither a result nor an error")
            return answer["result"]
        code, text = (error.get("code"), error.get("message")) if isinstance(error, dict) else (0, error)
        told = self.http.said(": ".join(filter(None, (str(text), _more_words(error)))))
        number = code if isinstance(code, int) else 0
        found = RpcError(self.shown, method, number, told)
        if is_rate(told) or (number in _TRANSIENT_CODES and not found.is_too_much):
            raise Http.again(f"the server says: {told} ({number})")
        raise found


def _more_words(error: Any) -> str:
    """What some servers say beside the message: the reason, which the message does not tell."""
    more = error.get("data") if isinstance(error, dict) else None
    if isinstance(more, dict):
        more = next((more[key] for key in ("payload", "message", "reason", "details") if key in more), None)
    return more if isinstance(more, str) and not more.startswith("0x") else ""


def parsed(body: bytes) -> Any:
    """JSON as objects. None of them can be garbage yet: a collector that looks for some takes half of the time.

    Raises:
        ValueError: the bytes are no JSON.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        return orjson.loads(body)
    finally:
        if was_on:
            gc.enable()


class _NoBatch(FlowError):
    """The server takes no list of calls, or not so long a one."""
