"""A server on loopback that answers as a node or an explorer does, and lies where it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
TOKEN = "0x" + "c" * 40


class Refuse(Exception):
    """The answer is a JSON-RPC error."""

    def __init__(self, message: str, code: int = -32000, data: object = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, **({"data": data} if data is not None else {})}


@dataclass
class Reply:
    """An answer as bytes: of a status, with headers, after a wait, cut, or drip by drip."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    stall: float = 0.0
    length: int | None = None
    repeats: int = 1


class Server:
    """What a test sees of it: its URL, and every question that came."""

    def __init__(self, answer: Callable[[dict[str, Any]], Reply]) -> None:
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16

            def _answer(self, body: bytes) -> None:
                url = urlsplit(self.path)
                asked = {
                    "path": url.path,
                    "params": dict(parse_qsl(url.query)),
                    "headers": dict(self.headers),
                    "body": json.loads(body) if body else None,
                }
                outer.asked.append(asked)
                reply = answer(asked)
                time.sleep(reply.wait)
                with suppress(ConnectionError):
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    size = len(reply.body) * reply.repeats if reply.length is None else reply.length
                    self.send_header("content-length", str(size))
                    self.end_headers()
                    for _ in range(reply.repeats):
                        self.wfile.write(reply.body)
                    self.wfile.flush()
                    time.sleep(reply.stall)
                    self.close_connection = size != len(reply.body) * reply.repeats

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

            def do_GET(self) -> None:
                self._answer(b"")

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.host = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def methods(self) -> list[str]:
        """Methods of JSON-RPC in the order asked."""
        calls = [one["body"] for one in self.asked if one["body"]]
        return [call["method"] for body in calls for call in (body if isinstance(body, list) else [body])]


@contextmanager
def serving(answer: Callable[[dict[str, Any]], Reply]) -> Iterator[Server]:
    server = Server(answer)
    try:
        yield server
    finally:
        server.close()


def block_hash(number: int, branch: str = "") -> str:
    return "0x" + sha256(f"{branch}{number}".encode()).hexdigest() if number >= 0 else "0x" + "0" * 64


def log(number: int, index: int = 0, amount: int = 10**18, **changes: Any) -> dict[str, Any]:
    """A Transfer log as nodes give it."""
    return {
        "address": TOKEN,
        "topics": [TOPIC, "0x" + "0" * 24 + "1" * 40, "0x" + "0" * 24 + "2" * 40],
        "data": f"0x{amount:064x}",
        "blockNumber": hex(number),
        "blockHash": block_hash(number),
        "transactionHash": "0x" + sha256(f"tx{number}-{index}".encode()).hexdigest(),
        "transactionIndex": "0x0",
        "logIndex": hex(index),
        "removed": False,
        **changes,
    }


@dataclass
class Chain:
    """A chain of `height` blocks with `per_block` logs each, as a node answers; tests put other answers in its place.

    Attributes:
        lies: Per method what answers instead; takes the parameters and the honest answer.
    """

    height: int = 100
    per_block: int = 1
    chain_id: int = 1
    lies: dict[str, Callable[[list[Any], Callable[[], Any]], Any]] = field(default_factory=dict)
    before: Callable[[dict[str, Any]], Reply | None] = lambda asked: None

    def head(self, number: int) -> dict[str, Any] | None:
        if not 0 <= number <= self.height:
            return None
        return {
            "number": hex(number),
            "hash": block_hash(number),
            "parentHash": block_hash(number - 1),
            "timestamp": hex(1_746_057_600 + 12 * number),
            "transactions": [],
        }

    def logs(self, first: int, last: int) -> list[dict[str, Any]]:
        return [log(n, i) for n in range(first, min(last, self.height) + 1) for i in range(self.per_block)]

    def honest(self, method: str, params: list[Any]) -> Any:
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_getBlockByNumber":
            tags = {"latest": self.height, "finalized": self.height, "safe": self.height}
            return self.head(tags[params[0]] if params[0] in tags else int(params[0], 16))
        if method == "eth_getBlockByHash":
            return next((self.head(n) for n in range(self.height + 1) if block_hash(n) == params[0]), None)
        if method == "eth_getLogs":
            if "blockHash" in params[0]:
                number = next(n for n in range(self.height + 1) if block_hash(n) == params[0]["blockHash"])
                return self.logs(number, number)
            return self.logs(int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16))
        if method == "eth_call":
            return "0x" + f"{18:064x}" if params[0]["data"] == "0x313ce567" else "0x" + b"TUSD".ljust(32, b"\0").hex()
        raise Refuse(f"the method {method} does not exist/is not available", -32601)

    def result(self, call: dict[str, Any]) -> dict[str, Any]:
        method, params = call["method"], call["params"]
        try:
            lie = self.lies.get(method)
            found = lie(params, lambda: self.honest(method, params)) if lie else self.honest(method, params)
            return {"jsonrpc": "2.0", "id": call["id"], "result": found}
        except Refuse as refused:
            return {"jsonrpc": "2.0", "id": call["id"], "error": refused.error}

    def answer(self, asked: dict[str, Any]) -> Reply:
        if reply := self.before(asked):
            return reply
        body = asked["body"]
        found = [self.result(call) for call in body] if isinstance(body, list) else self.result(body)
        return Reply(json.dumps(found).encode())
