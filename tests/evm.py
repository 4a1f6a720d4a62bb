"""A real EVM node (anvil) for tests, and a token in raw EVM that needs no compiler."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[1]
TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
SYMBOL, DECIMALS = "TUSD", 18
ZERO = "0x" + "0" * 40
# Fixtures take the variables of the program out of the environment, so that it is read here.
_NAMED = os.environ.get("NETRAFLOW_ANVIL")


def anvil() -> str | None:
    """The program: NETRAFLOW_ANVIL, else on the path, else what `make tools` put into .tools; None where none is."""
    installed = sorted((ROOT / ".tools/node_modules/@foundry-rs").glob("anvil-*/bin/anvil"))
    return _NAMED or shutil.which("anvil") or (str(installed[0]) if installed else None)


needs_anvil = pytest.mark.skipif(
    anvil() is None, reason="no anvil: `make tools` installs it by npm, or NETRAFLOW_ANVIL names it"
)


_OPS = {
    "STOP": 0x00, "SUB": 0x03, "EQ": 0x14, "SHR": 0x1C, "CALLER": 0x33, "CALLDATALOAD": 0x35, "CODECOPY": 0x39,
    "MSTORE": 0x52, "JUMPI": 0x57, "JUMPDEST": 0x5B, "DUP1": 0x80, "SWAP1": 0x90, "LOG3": 0xA3, "LOG4": 0xA4,
    "RETURN": 0xF3, "REVERT": 0xFD,
}  # fmt: skip


def assembled(source: str) -> bytes:
    """Bytes of a program: words are operations, hexadecimal numbers are pushed, `name:` marks and `@name` pushes it."""
    marks: dict[str, int] = {}
    for _ in range(2):
        code = bytearray()
        for word in source.split():
            if word.endswith(":"):
                marks[word[:-1]] = len(code)
                code.append(_OPS["JUMPDEST"])
            elif word.startswith("@"):
                code += b"\x61" + marks.get(word[1:], 0).to_bytes(2, "big")
            elif word in _OPS:
                code.append(_OPS[word])
            else:
                pushed = bytes.fromhex(word)
                code += bytes([0x5F + len(pushed)]) + pushed
    return bytes(code)


def token_code(decimals: int = DECIMALS, symbol: str = SYMBOL, is_old: bool = False) -> bytes:
    """A contract that emits Transfer logs and keeps no balances; one of old tells its symbol in 32 bytes."""
    text = symbol.encode().ljust(32, b"\0").hex()
    told = (
        f"{text} 00 MSTORE 20 00 RETURN"
        if is_old
        else f"20 00 MSTORE {len(symbol.encode()):02x} 20 MSTORE {text} 40 MSTORE 60 00 RETURN"
    )
    return assembled(f"""
        00 CALLDATALOAD e0 SHR
        DUP1 a9059cbb EQ @transfer JUMPI
        DUP1 23b872dd EQ @from JUMPI
        DUP1 313ce567 EQ @decimals JUMPI
        DUP1 95d89b41 EQ @symbol JUMPI
        DUP1 00000001 EQ @bulk JUMPI
        DUP1 00000002 EQ @nft JUMPI
        00 DUP1 REVERT
        transfer: 24 CALLDATALOAD 00 MSTORE 04 CALLDATALOAD CALLER {TRANSFER} 20 00 LOG3 01 @yes JUMPI
        from: 44 CALLDATALOAD 00 MSTORE 24 CALLDATALOAD 04 CALLDATALOAD {TRANSFER} 20 00 LOG3 01 @yes JUMPI
        yes: 01 00 MSTORE 20 00 RETURN
        decimals: {decimals:02x} 00 MSTORE 20 00 RETURN
        symbol: {told}
        bulk: 04 CALLDATALOAD
        more: DUP1 00 MSTORE DUP1 CALLER {TRANSFER} 20 00 LOG3 01 SWAP1 SUB DUP1 @more JUMPI STOP
        nft: 04 CALLDATALOAD 24 CALLDATALOAD CALLER {TRANSFER} 00 00 LOG4 STOP
    """)


def init_code(runtime: bytes) -> str:
    """What deploys a contract: it copies the code behind itself."""
    size = f"{len(runtime):04x}"
    head = assembled(f"{size} DUP1 0000 00 CODECOPY 00 RETURN")
    head = assembled(f"{size} DUP1 {len(head):04x} 00 CODECOPY 00 RETURN")
    return "0x" + (head + runtime).hex()


def _word(value: int | str) -> str:
    return f"{value:064x}" if isinstance(value, int) else value.removeprefix("0x").rjust(64, "0")


class Refused(Exception):
    """The node answered with an error."""


class Node:
    """A chain of its own; `url` and `ws` are where it listens, `accounts` have coins.

    Args:
        options: Of anvil, such as `--block-time`, `--chain-id`, `--slots-in-an-epoch`.
    """

    def __init__(self, *options: str) -> None:
        program = anvil()
        assert program is not None, "guard the test with needs_anvil"
        self.port = free_port()
        self.url, self.ws = f"http://127.0.0.1:{self.port}", f"ws://127.0.0.1:{self.port}"
        self._command = [program, "--host", "127.0.0.1", "--port", str(self.port), "--silent", *options]
        self._http, self._ids = httpx.Client(timeout=60, trust_env=False), itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.accounts: list[str] = []
        self.token = ""

    def __enter__(self) -> Node:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._http.close()

    def start(self) -> Node:
        """The node, once it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(400):
            try:
                self.accounts = self("eth_accounts")
                return self
            except httpx.HTTPError:
                assert self._process.poll() is None, "anvil ended"
                time.sleep(0.025)
        raise AssertionError("anvil does not answer")

    def stop(self) -> None:
        """Ends it; a chain that was not kept with --state is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def __call__(self, method: str, *params: Any) -> Any:
        question = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        answer = json.loads(self._http.post(self.url, json=question).content)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def send(self, to: str | None, data: str = "0x", sender: str = "", value: int = 0, gas: int = 200_000) -> str:
        """Hash of a transaction that is in a block."""
        call = {"from": sender or self.accounts[0], "data": data, "gas": hex(gas), "value": hex(value)}
        # The node's pool loses one now and then when a reorganisation went before; what lies in it then is sent anew.
        for _ in range(3):
            sent = self("eth_sendTransaction", {**call, **({"to": to} if to else {})})
            for _ in range(400):
                if self("eth_getTransactionReceipt", sent) is not None:
                    return str(sent)
                time.sleep(0.025)
            self("anvil_dropAllTransactions")
        raise AssertionError("the transaction is in no block")

    def deploy(self, decimals: int = DECIMALS, symbol: str = SYMBOL, is_old: bool = False) -> str:
        """Address of a new token, lower case; the first one is that of later transfers."""
        sent = self.send(None, init_code(token_code(decimals, symbol, is_old)), gas=2_000_000)
        receipt = self("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1", receipt
        address = str(receipt["contractAddress"]).lower()
        self.token = self.token or address
        return address

    def transfer(self, receiver: str, amount: int, sender: str = "", token: str = "") -> str:
        """Hash of a transfer by one of the accounts."""
        return self.send(token or self.token, transfer_data(receiver, amount), sender)

    def move(self, sender: str, receiver: str, amount: int, token: str = "") -> str:
        """Hash of a transfer between any addresses: the token asks nobody."""
        return self.send(token or self.token, move_data(sender, receiver, amount))

    def bulk(self, count: int, token: str = "") -> str:
        """Hash of a transaction with so many logs: the smallest unit n times to address n, from `count` down to 1."""
        return self.send(token or self.token, "0x00000001" + _word(count), gas=50_000 + 2_500 * count)

    def nft(self, receiver: str, number: int) -> str:
        """Hash of a transaction with a log of ERC-721."""
        return self.send(self.token, "0x00000002" + _word(receiver) + _word(number))

    def pay(self, receiver: str, value: int, sender: str = "") -> str:
        """Hash of a payment in the chain's own coin."""
        return self.send(receiver, "0x", sender, value)

    def mine(self, count: int = 1) -> None:
        """So many empty blocks."""
        self("anvil_mine", hex(count))

    def at(self, time: int) -> None:
        """The next block's time, in seconds since 1970."""
        self("evm_setNextBlockTimestamp", hex(time))

    def reorg(self, depth: int, calls: Sequence[tuple[str, int]] = ()) -> None:
        """The last blocks are replaced by others.

        Args:
            depth: How many.
            calls: Data of calls to the token, and in which of the new blocks they are, from 0 on.
        """
        sent = [
            [{"from": self.accounts[0], "to": self.token, "data": data, "gas": hex(200_000)}, at] for data, at in calls
        ]
        self("anvil_reorg", depth, sent)

    @property
    def height(self) -> int:
        """Number of the last block."""
        return int(self("eth_blockNumber"), 16)

    def block(self, which: int | str = "latest") -> dict[str, Any]:
        """A block as the node gives it."""
        found: dict[str, Any] = self("eth_getBlockByNumber", hex(which) if isinstance(which, int) else which, False)
        return found


def transfer_data(receiver: str, amount: int) -> str:
    """The call transfer(receiver, amount)."""
    return "0xa9059cbb" + _word(receiver) + _word(amount)


def move_data(sender: str, receiver: str, amount: int) -> str:
    """The call transferFrom(sender, receiver, amount)."""
    return "0x23b872dd" + _word(sender) + _word(receiver) + _word(amount)
