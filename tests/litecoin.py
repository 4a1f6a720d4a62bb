"""A real node of Bitcoin's family (litecoind) for tests, on a chain of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.evm import free_port

needs_litecoind = pytest.mark.skipif(
    shutil.which("litecoind") is None, reason="no litecoind: `make tools` installs Debian's package of that name"
)
USER, PASSWORD = "someone", "a-word-that-nobody-may-see"


class Refused(Exception):
    """The node answered with an error."""


class LitecoinNode:
    """A chain of its own with a wallet; it has every transaction by its hash (-txindex)."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            "litecoind", "-regtest", f"-datadir={folder}", "-server", "-listen=0", "-dnsseed=0", "-connect=0",
            f"-rpcuser={USER}", f"-rpcpassword={PASSWORD}", "-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1",
            f"-rpcport={self.port}", "-txindex=1", "-fallbackfee=0.0001", *options,
        ]  # fmt: skip
        self._http = httpx.Client(timeout=60, auth=(USER, PASSWORD), trust_env=False)

    def __enter__(self) -> LitecoinNode:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                self("getblockcount")
                break
            except (httpx.HTTPError, Refused):
                assert self._process.poll() is None, "litecoind ended"
                time.sleep(0.05)
        self("createwallet", "w")
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        self._process.wait(60)

    def __call__(self, method: str, *params: Any) -> Any:
        question = {"jsonrpc": "1.0", "id": 1, "method": method, "params": params}
        answer = json.loads(self._http.post(self.url, json=question).content)
        if answer.get("error"):
            raise Refused(answer["error"])
        return answer["result"]

    def mine(self, count: int = 1, address: str = "") -> list[str]:
        """Hashes of new blocks."""
        found: list[str] = self("generatetoaddress", count, address or self("getnewaddress", "", "bech32"))
        return found

    def pay(self, address: str, amount: float) -> str:
        """Hash of a payment, which waits for the next block."""
        return str(self("sendtoaddress", address, amount))
