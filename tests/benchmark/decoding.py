"""Transfer logs as columns against web3.py, on the same bytes: `make bench-decoding`.

CPU seconds of a log, from the parsed answer to its columns, and from the bytes; web3.py is asked where it is installed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from flow_pipeline.nodes.evm import TRANSFER_TOPIC, Token, decode_logs
from flow_pipeline.nodes.rpc import parsed

ABI = [
    {
        "anonymous": False,
        "name": "Transfer",
        "type": "event",
        "inputs": [
            {"indexed": True, "name": "from", "type": "address"},
            {"indexed": True, "name": "to", "type": "address"},
            {"indexed": False, "name": "value", "type": "uint256"},
        ],
    }
]


def answer(count: int) -> bytes:
    """An answer of eth_getLogs with transfers of 200 tokens between any addresses, 150 a block."""
    rng = np.random.default_rng(1)

    def some(width: int) -> list[str]:
        digits = rng.bytes(count * width).hex()
        return [digits[place * width * 2 : (place + 1) * width * 2] for place in range(count)]

    tokens = some(20)[:200]
    senders, receivers, hashes, amounts = some(20), some(20), some(32), some(10)
    logs = [
        {
            "address": f"0x{tokens[place % 200]}",
            "topics": [TRANSFER_TOPIC, "0x" + "0" * 24 + senders[place], "0x" + "0" * 24 + receivers[place]],
            "data": "0x" + amounts[place].rjust(64, "0"),
            "blockHash": f"0x{place // 150:064x}",
            "blockNumber": hex(20_000_000 + place // 150),
            "blockTimestamp": hex(1_746_057_600 + place // 150 * 12),
            "transactionHash": f"0x{hashes[place]}",
            "transactionIndex": hex(place % 150),
            "logIndex": hex(place % 150),
            "removed": False,
        }
        for place in range(count)
    ]
    return orjson.dumps({"jsonrpc": "2.0", "id": 1, "result": logs})


def cpu_seconds(work: Callable[[], Any], rounds: int) -> float:
    """The least of some rounds."""
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def main() -> None:
    """Both, and their ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--logs", type=int, default=100_000)
    given = parser.parse_args()
    body = answer(given.logs)
    logs = parsed(body)["result"]
    tokens = {log["address"]: Token(18, "T") for log in logs[:200]}
    own = given.logs / cpu_seconds(lambda: decode_logs(logs, tokens), 5)
    from_bytes = given.logs / cpu_seconds(lambda: decode_logs(parsed(body)["result"], tokens), 5)
    print(f"netraflow, of parsed logs    {own:10,.0f} logs per CPU second")
    print(f"netraflow, of bytes          {from_bytes:10,.0f}")
    try:
        from web3 import Web3
        from web3._utils.method_formatters import log_entry_formatter
    except ImportError:
        print("web3.py is not there: pip install web3 beside it, and run again for the ratio")
        return
    event = Web3().eth.contract(address=Web3.to_checksum_address("0x" + "c" * 40), abi=ABI).events.Transfer()
    some = logs[:5_000]
    theirs = len(some) / cpu_seconds(lambda: [event.process_log(log_entry_formatter(log)) for log in some], 3)
    print(f"web3.py, of parsed logs      {theirs:10,.0f}")
    print(
        f"ratio                        {own / theirs:10,.0f}, and {from_bytes / theirs:,.0f} with the parsing of JSON"
    )


if __name__ == "__main__":
    main()
