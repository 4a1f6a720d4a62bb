"""`netraflow fetch` against real nodes: whole, exact, once, also when it is killed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flow_pipeline.cli import command
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.settings import load_settings
from tests.conftest import ROOT, ask, load_only, write_csv
from tests.evm import Node, needs_anvil
from tests.litecoin import PASSWORD, USER, LitecoinNode, needs_litecoind
from tests.worlds import environment

X, Y = "0x" + "11" * 20, "0x" + "22" * 20


def call(data: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flow_pipeline", "--data-dir", str(data), *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(NETRAFLOW_NODES__REQUESTS_PER_SECOND="1000", **more),
        check=False,
    )


def rows_of(data: Path) -> list[dict[str, Any]]:
    paths = sorted((data / "landing").rglob("*.parquet"))
    return [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with Node("--chain-id", "1", "--slots-in-an-epoch", "2", "--gas-limit", "60000000") as node:
        node.deploy()
        six = node.deploy(6, "OLD", is_old=True)
        node.transfer(node.accounts[1], 5 * 10**18)
        node.move(X, Y, 7)
        node.move(X, Y, 7)
        node.nft(node.accounts[1], 3)
        node.move(Y, X, 2**200)
        node.transfer(X, 2_500_000, token=six)
        node.pay(X, 3 * 10**18)
        node.bulk(2_000)
        node.mine(100)
        node.bulk(500)
        node.mine(20)
        yield node


@needs_anvil
def test_the_example_of_the_help_lands_what_the_load_reads(node: Node, tmp_path: Path) -> None:
    example = str(command().commands["fetch"].epilog).removeprefix("Example: ")
    done = call(tmp_path, *shlex.split(example)[1:], NODE=node.url)
    assert done.returncode == 0, done.stderr
    assert "join without a gap by their hashes" in done.stderr
    assert [one["transfers"] for one in json.loads(done.stdout)] == [5 + 2_500]
    again = call(tmp_path, *shlex.split(example)[1:], NODE=node.url)
    assert "0 blocks asked for now" in again.stderr
    assert again.stdout == done.stdout
    loaded = call(tmp_path, "run", "--from", "2025-01-01", "--to", "2099-01-01", "--json")
    summary = json.loads(loaded.stdout)
    assert [(one["format"], one["loaded"], one["rejected"]) for one in summary["files"]] == [("landing", 2_505, 0)]
    settings = load_settings(tmp_path)
    found = ask(
        settings,
        "select token_symbol, amount from raw.transfers where from_address in "
        f"('{X}', '{Y}') or to_address in ('{X}', '{Y}') order by all",
    )
    assert found == [
        ("OLD", Decimal("2.5")),
        ("TUSD", Decimal("0.000000000000000007")),
        ("TUSD", Decimal("0.000000000000000007")),
        ("TUSD", None),
    ]
    units = ask(settings, "select sum(amount)::varchar from raw.transfers where amount < 0.00000000000001")
    expected = Decimal(14 + 2_000 * 2_001 // 2 + 500 * 501 // 2) / 10**18
    assert Decimal(str(units[0][0])) == expected
    assert ask(settings, "select distinct chain from raw.transfers") == [("ethereum",)]


@needs_anvil
def test_a_transfer_of_another_file_is_the_same_transfer(node: Node, tmp_path: Path) -> None:
    assert call(tmp_path, "fetch", "evm", "--rpc", node.url, "--from-block", "0", "--token", node.token).returncode == 0
    rows = [row for row in rows_of(tmp_path) if row["amount"] is not None]
    names = ["chain", "block_number", "block_timestamp", "tx_hash", "transfer_index", "token_address", "token_symbol"]
    names += ["from_address", "to_address", "amount"]
    told = [[f"{row[name]:f}" if name == "amount" else row[name] for name in names] for row in rows]
    write_csv(tmp_path / "inbox" / "same.csv", told, names)
    settings = load_settings(tmp_path)
    report = load_only(settings, settings.inbox, options=LoadOptions(landing=settings.landing))
    counts = {file.format: (file.rows_read, file.rows_loaded, file.rows_duplicate) for file in report.files}
    # The row that knows its place in the block stays.
    assert counts == {"canonical": (2_503, 0, 2_503), "landing": (2_504, 2_504, 0)}


@needs_anvil
def test_tokens_addresses_and_blocks_narrow_what_is_asked(node: Node, tmp_path: Path) -> None:
    ends = ("--from-block", "3", "--to-block", "40")
    assert call(tmp_path, "fetch", "evm", "--rpc", node.url, "--address", X, *ends).returncode == 0
    assert {(row["from_address"], row["to_address"]) for row in rows_of(tmp_path)} == {
        (X, Y),
        (Y, X),
        (node.accounts[0].lower(), X),
    }
    assert len(rows_of(tmp_path)) == 4
    assert {path.name for path in (tmp_path / "landing").rglob("*.parquet")} == {"000000000003-000000000040.parquet"}


@needs_anvil
def test_coins_that_moved_by_themselves(node: Node, tmp_path: Path) -> None:
    failed = node("eth_sendTransaction", {"from": node.accounts[0], "to": node.token, "value": "0x5", "gas": "0x30000"})
    node.mine(10)
    assert node("eth_getTransactionReceipt", failed)["status"] == "0x0"
    first = str(node.height - 12)
    paid = ("fetch", "evm", "--rpc", node.url, "--native", "--token", node.token, "--with-unfinal")
    assert call(tmp_path / "a", *paid, "--from-block", first).returncode == 0
    assert [row["amount"] for row in rows_of(tmp_path / "a")] == []
    assert call(tmp_path / "b", *paid, "--from-block", "0", "--to-block", "30").returncode == 0
    coins = [row for row in rows_of(tmp_path / "b") if row["token_symbol"] == "ETH"]
    assert [(row["to_address"], row["amount"], row["token_address"], row["transfer_index"]) for row in coins] == [
        (X, Decimal(3), None, None)
    ]


@needs_anvil
def test_the_wrong_chain_is_refused(node: Node, tmp_path: Path) -> None:
    done = call(tmp_path, "fetch", "evm", "--rpc", node.url, "--from-block", "0", "--chain", "polygon")
    assert done.returncode == 2
    assert "is of chain ethereum (1), not of polygon" in done.stderr
    assert rows_of(tmp_path) == []


@needs_anvil
def test_a_fetch_that_is_killed_goes_on_where_it_stopped(node: Node, tmp_path: Path) -> None:
    slow = environment(
        NETRAFLOW_NODES__REQUESTS_PER_SECOND="12",
        NETRAFLOW_NODES__BLOCKS_PER_FILE="8",
        NETRAFLOW_NODES__BLOCKS_PER_REQUEST="8",
    )
    words = ["fetch", "evm", "--rpc", node.url, "--from-block", "0", "--to-block", "119"]
    start = [sys.executable, "-m", "flow_pipeline", "--data-dir", str(tmp_path), *words]
    landing, seen = tmp_path / "landing", list[int]()
    for _ in range(3):
        process = subprocess.Popen(start, cwd=ROOT, env=slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = len(list(landing.rglob("*.parquet")))
        for _ in range(400):
            if len(list(landing.rglob("*.parquet"))) >= before + 2 or process.poll() is not None:
                break
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        seen.append(len(list(landing.rglob("*.parquet"))))
    assert seen == sorted(set(seen))
    assert seen[-1] < 15
    marks = {path: path.stat().st_mtime_ns for path in landing.rglob("*.parquet")}
    done = subprocess.run(start, cwd=ROOT, env=slow, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{120 - 8 * seen[-1]} blocks asked for now" in done.stderr
    assert all(path.stat().st_mtime_ns == mark for path, mark in marks.items())
    whole = tmp_path / "whole"
    assert call(whole, *words).returncode == 0
    assert rows_of(tmp_path)[: len(rows_of(whole))] == rows_of(whole)
    assert not list(landing.rglob(".*.parquet*"))


@needs_anvil
def test_a_file_that_is_gone_or_of_another_chain_is_no_proof(node: Node, tmp_path: Path) -> None:
    small = {"NETRAFLOW_NODES__BLOCKS_PER_FILE": "20"}
    words = ("fetch", "evm", "--rpc", node.url, "--from-block", "0", "--to-block", "79")
    assert call(tmp_path, *words, **small).returncode == 0
    files = sorted((tmp_path / "landing").rglob("*.parquet"))
    files[1].unlink()
    again = call(tmp_path, *words, **small)
    assert (again.returncode, "20 blocks asked for now" in again.stderr) == (0, True)
    with Node("--chain-id", "1", "--timestamp", "1700000000") as other:
        other.mine(100)
        stranger = call(tmp_path, "fetch", "evm", "--rpc", other.url, *words[4:], **small)
    assert stranger.returncode == 1
    assert "tells of another question" in stranger.stderr


@needs_anvil
def test_blocks_that_may_fall_are_fetched_on_demand_alone(node: Node, tmp_path: Path) -> None:
    final = int(node.block("finalized")["number"], 16)
    done = call(tmp_path / "a", "fetch", "evm", "--rpc", node.url, "--from-block", "0", "--to-block", str(node.height))
    assert f"blocks {final + 1} to {node.height} are not final yet" in done.stderr.replace(",", "")
    assert json.loads(done.stdout)[-1]["last_block"] == final
    none = call(tmp_path / "b", "fetch", "evm", "--rpc", node.url, "--from-block", str(node.height))
    assert (none.returncode, "no block to fetch" in none.stderr) == (1, True)
    every = call(tmp_path / "c", "fetch", "evm", "--rpc", node.url, "--from-block", "0", "--with-unfinal")
    assert json.loads(every.stdout)[-1]["last_block"] == node.height


@needs_anvil
def test_a_node_that_is_down_is_told(tmp_path: Path) -> None:
    with Node() as gone:
        pass
    quick = {"NETRAFLOW_NODES__FIRST_WAIT_SECONDS": "0.01"}
    done = call(tmp_path, "fetch", "evm", "--rpc", gone.url, "--from-block", "0", **quick)
    assert done.returncode == 1
    assert f"{gone.url}: eth_chainId: All connection attempts failed, in 6 tries" in done.stderr
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------------ Bitcoin's family


@needs_litecoind
def test_a_node_of_bitcoins_family_gives_what_its_files_give(tmp_path: Path) -> None:
    with LitecoinNode(tmp_path / "node") as coin:
        coin.mine(103)
        for amount in (1.25, 0.00012345, 2.5):
            coin.pay(coin("getnewaddress"), amount)
            coin.mine()
        coin.mine(7)
        blocks = []
        for number in range(108):
            block = coin("getblock", coin("getblockhash", number), 2)
            for tx in block["tx"]:
                for put in tx["vin"]:
                    if "coinbase" not in put:
                        spent = coin("getrawtransaction", put["txid"], True)
                        put["prevout"] = spent["vout"][put["vout"]]
            blocks.append(block)
        secret = {"NETRAFLOW_RPC_USER": USER, "NETRAFLOW_RPC_PASSWORD": PASSWORD}
        words = ("fetch", "bitcoin", "--rpc", coin.url, "--chain", "litecoin", "--from-block", "0")
        done = call(tmp_path / "fetched", *words, **secret)
        assert done.returncode == 0, done.stderr
        assert "join without a gap by their hashes" in done.stderr
        refused = call(tmp_path / "refused", *words)
        assert (refused.returncode, "HTTP 401" in refused.stderr) == (1, True)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "blocks.jsonl").write_text("\n".join(map(json.dumps, blocks)) + "\n")
    by_node, by_file = load_settings(tmp_path / "fetched"), load_settings(tmp_path / "filed")
    by_file = by_file.with_changes(sources={"chain": "litecoin"})
    load_only(by_node, by_node.landing, options=LoadOptions(landing=by_node.landing))
    load_only(by_file, tmp_path / "files")
    columns = "chain, block_number, block_timestamp, tx_hash, transfer_index, token_symbol, from_address, to_address"
    query = f"select {columns}, amount, transaction_index from raw.transfers order by all"
    found = ask(by_node, query, is_build=True)
    assert found == ask(by_file, query, is_build=True)
    assert len(found) > 110
    assert not [
        path for path in tmp_path.glob("fetched/**/*") if path.is_file() and PASSWORD.encode() in path.read_bytes()
    ]
