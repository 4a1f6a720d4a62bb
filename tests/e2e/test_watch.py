"""Following a real node: what falls is taken back, kills lose nothing, and final days come to the daily build."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flow_pipeline.cli import command
from tests.conftest import ROOT
from tests.evm import Node, move_data, needs_anvil, transfer_data
from tests.worlds import environment

KILLS = int(os.environ.get("KILLS", "4"))
QUICK = {
    "NETRAFLOW_LIVE__COMMIT_SECONDS": "0.05",
    "NETRAFLOW_LIVE__POLL_SECONDS": "0.1",
    "NETRAFLOW_NODES__REQUESTS_PER_SECOND": "10000",
}
"""The node is of this machine, and nobody else asks it."""
pytestmark = needs_anvil


@pytest.fixture
def node() -> Iterator[Node]:
    with Node() as made:
        made.deploy()
        yield made


@pytest.fixture
def quick() -> Iterator[Node]:
    """A node whose blocks are final when eight more are there."""
    with Node("--slots-in-an-epoch", "4", "--timestamp", "1700000000") as made:
        made.deploy()
        yield made


def watching(data: Path, node: Node, *words: object, **more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flow_pipeline", "--data-dir", str(data), "watch", "evm", "--rpc", node.url]
    command += ["--chain", "anvil", "--from-block", "0", *map(str, words)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(**{**QUICK, **more}),
        # Whoever asks for lines reads them: a pipe that is full would hold the watcher up.
        stdout=subprocess.PIPE if "--json" in words else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


def rows(data: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data / "live" / "tip.duckdb"), read_only=True) as connection:
        return connection.execute("""
            select block_number, block_hash, tx_hash, transfer_index, from_address, to_address, amount::varchar
            from live.transfers order by block_number, transfer_index
        """).fetchall()


def synced(folder: Path, node: Node) -> list[tuple[Any, ...]]:
    """What whoever comes now would read."""
    ended(watching(folder, node, "--until-block", node.height))
    return rows(folder)


def status(data: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((data / "live" / "status.json").read_text()))
    except (OSError, ValueError):
        return {}


def until(data: Path, node: Node, process: subprocess.Popen[str]) -> None:
    """The watcher has committed the node's last block, by number and hash."""
    deadline, last = time.monotonic() + 240, node.block()
    while time.monotonic() < deadline:
        # Not `communicate`, which closes what the caller reads at its end.
        assert process.poll() is None, process.stderr and process.stderr.read()
        said = status(data)
        blocks = [block for block in said.get("last_blocks", []) if "number" in block]
        if said.get("process") == process.pid and (
            blocks[-1]["hash"] == last["hash"]
            if blocks
            else said["sources"][0]["last_block"] == int(last["number"], 16)
        ):
            return
        time.sleep(0.05)
    raise AssertionError(f"block {int(last['number'], 16)} is not followed: {status(data)}")


def until_told(data: Path, process: subprocess.Popen[str]) -> None:
    """The ledger has taken new alerts of the watcher."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert process.poll() is None
        said = status(data)
        if said.get("process") == process.pid and said["ledger"].get("new"):
            return
        time.sleep(0.05)
    raise AssertionError(f"the ledger has no alert: {status(data)}")


def test_reorganisations_of_any_depth_end_as_a_clean_sync(node: Node, tmp_path: Path) -> None:
    data = tmp_path / "data"
    me, you = node.accounts[:2]
    process = watching(data, node)
    try:
        for amount in range(1, 5):
            node.transfer(you, amount * 10**18)
        node.mine(70)
        node.transfer(you, 7 * 10**18)
        until(data, node, process)
        for depth in (1, 7, 64):
            node.reorg(depth, [(transfer_data(you, depth * 10**18), 0), (move_data(you, me, 5), min(depth - 1, 3))])
            until(data, node, process)
        # A snapshot taken back, and a rollback: the node tells nobody of either.
        kept = node("evm_snapshot")
        node.transfer(you, 99 * 10**18)
        until(data, node, process)
        node("evm_revert", kept)
        until(data, node, process)
        node.transfer(you, 98 * 10**18)
        node("anvil_rollback", 3)
        until(data, node, process)
        node.mine()
        until(data, node, process)
    finally:
        process.send_signal(signal.SIGINT)
    ended(process)
    assert rows(data) == synced(tmp_path / "clean", node)
    of = status(data)["sources"][0]
    assert of["reorganisations"] >= 5
    assert of["deepest"] == 64
    assert of["lag_blocks"] == 0


def test_final_blocks_that_fall_are_refused(quick: Node, tmp_path: Path) -> None:
    data = tmp_path / "data"
    quick.mine(30)
    process = watching(data, quick)
    until(data, quick, process)
    quick.reorg(25)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "fell, and they were final up to" in err
    assert "Traceback" not in err


def test_kills_lose_and_double_nothing(node: Node, tmp_path: Path) -> None:
    """Every transfer is to a sanctioned address: as many alerts stand, told and taken back in turn."""
    data, chance = tmp_path / "data", random.Random(3)
    you = node.accounts[1]
    (tmp_path / "labels.csv").write_text(LABELS.format(you))
    labels = {"NETRAFLOW_LABELS__FILES": json.dumps([str(tmp_path / "labels.csv")])}
    for _ in range(KILLS):
        process = watching(data, node, **labels)
        try:
            until(data, node, process)
            started = time.monotonic()
            while time.monotonic() - started < 0.5 + chance.random():
                node.transfer(you, chance.randrange(1, 10**20))
                if chance.random() < 0.2 and node.height > 8:
                    node.reorg(chance.randrange(1, 5), [(transfer_data(you, chance.randrange(1, 10**9)), 0)])
            until(data, node, process)
            until_told(data, process)
            node.reorg(chance.randrange(1, 5), [(transfer_data(you, chance.randrange(1, 10**9)), 0)])
            time.sleep(chance.random() / 2)
        finally:
            process.kill()
            process.communicate()
    ended(watching(data, node, "--until-block", node.height, **labels))
    assert rows(data) == synced(tmp_path / "clean", node)
    assert len(rows(data)) > 10
    with duckdb.connect(str(data / "alerts" / "ledger.duckdb"), read_only=True) as connection:
        standing = connection.execute("select count(*) from alerts where change <> 'withdrawn'").fetchall()
        told = connection.execute("select list(change order by revision) from events group by alert_id").fetchall()
    assert standing == [(len(rows(data)),)]
    assert max(len(changes) for (changes,) in told) > 1, "some fell"
    for (changes,) in told:
        assert changes == (["new", "withdrawn"] * len(changes))[: len(changes)]


def test_final_days_are_loaded_by_the_daily_run(quick: Node, tmp_path: Path) -> None:
    data = tmp_path / "data"
    you = quick.accounts[1]
    days = [1_700_010_000 + 86_400 * n for n in range(3)]
    for day in days:
        quick.at(day)
        quick.transfer(you, 25 * 10**17)
        quick.transfer(you, 1)
    quick.mine(20)
    (tmp_path / "labels.csv").write_text(LABELS.format(you))
    labels = {"NETRAFLOW_LABELS__FILES": json.dumps([str(tmp_path / "labels.csv")])}
    ended(watching(data, quick, "--until-block", quick.height, **labels))
    before = alerts(data)
    assert set(before.values()) == {("new", 1, "landed"), ("new", 1, "final")}
    files = sorted((data / "landing").rglob("*.parquet"))
    assert len(files) == 2, "the last day is not over"
    netraflow(data, "run", "--from", "2023-11-15", "--to", "2023-11-17", **labels)
    after = alerts(data)
    assert set(after) == set(before), "nobody is told twice"
    assert sorted(after.values(), key=str) == [("new", 1, "final")] * 2 + [("new", 1, None)] * 4
    told = netraflow(data, "sql", "select chain, token_symbol, sum(amount)::varchar from raw.transfers group by all")
    assert json.loads(told) == [
        {"chain": "anvil", "token_symbol": "TUSD", "CAST(sum(amount) AS VARCHAR)": "5.000000000000000002"}
    ]
    ended(watching(data, quick, "--until-block", quick.height, **labels))
    assert alerts(data) == after
    assert sorted((data / "landing").rglob("*.parquet")) == files, "a day lands once"


def netraflow(data: Path, *words: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flow_pipeline", "--data-dir", str(data), *words],
        cwd=ROOT, env=environment(**more), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def told_to_do() -> list[list[str]]:
    """What the README says of nodes, and the examples of the help pages, as words."""
    part = (ROOT / "README.md").read_text().split("### From the chain itself")[1].split("\n### ")[0]
    lines = re.findall(r"(?m)^netraflow (?:watch|live).*?(?=  #|$)", part)
    helps = [command().commands[name].epilog.removeprefix("Example: ") for name in ("watch", "live")]
    return [shlex.split(line)[1:] for line in (*lines, *helps)]


def test_what_the_readme_and_the_help_pages_say_runs(tmp_path: Path) -> None:
    with Node("--chain-id", "1") as mainnet, Node() as other:
        mainnet.deploy()
        mainnet.transfer(mainnet.accounts[1], 10**18)
        asked = told_to_do()
        assert [words[0] for words in asked] == ["watch", "live", "watch", "live"]
        for words in asked:
            given = [other.url if word == "http://127.0.0.1:8545" else word for word in words]
            if words[0] == "watch":
                given = [*(word for word in given if word not in ("--for", "60")), "--for", "3"]
            done = subprocess.run(
                [sys.executable, "-m", "flow_pipeline", "--data-dir", str(tmp_path / "data"), *given],
                cwd=ROOT, env=environment(NODE=mainnet.url, SOCKET=mainnet.ws), capture_output=True, text=True,
                check=False, timeout=240,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            if words[0] == "live":
                assert json.loads(done.stdout)["is_over"]


LABELS = "chain,address,entity,category,label,source\nanvil,{},Bad Party,sanctioned,Bad Party,a list\n"


def alerts(data: Path) -> dict[str, tuple[str, int, str | None]]:
    """Title → change, revision, finality."""
    with duckdb.connect(str(data / "alerts" / "ledger.duckdb"), read_only=True) as connection:
        return {
            row[0]: row[1:]
            for row in connection.execute("select title, change, revision, finality from alerts").fetchall()
        }


def test_an_alert_is_told_at_the_tip_and_withdrawn_when_its_block_falls(node: Node, tmp_path: Path) -> None:
    data, bad = tmp_path / "data", node.accounts[5]
    (tmp_path / "labels.csv").write_text(LABELS.format(bad))
    sent = tmp_path / "sent.jsonl"
    channel = {
        "NETRAFLOW_LABELS__FILES": json.dumps([str(tmp_path / "labels.csv")]),
        "NETRAFLOW_ALERTS__CHANNELS__LOG__KIND": "file",
        "NETRAFLOW_ALERTS__CHANNELS__LOG__PATH": str(sent),
    }
    process = watching(data, node, "--ws", node.ws, "--json", **channel)
    until(data, node, process)
    assert process.stdout is not None
    node.transfer(bad, 7 * 10**18)
    told = json.loads(process.stdout.readline())
    assert (told["rule"], told["severity"], told["finality"]) == ("sanctioned_transfer", "CRITICAL", "seen")
    assert told["latency_seconds"] >= 0
    until_told(data, process)
    node.reorg(1)
    gone = json.loads(process.stdout.readline())
    assert (gone["alert_id"], gone["is_standing"]) == (told["alert_id"], False)
    node.transfer(bad, 8 * 10**18, sender=node.accounts[6])
    node.mine(70)
    until(data, node, process)
    time.sleep(0.5)
    process.kill()
    process.communicate()
    # What is still to be told is told by the next process; what was told is not told again.
    ended(watching(data, node, "--until-block", node.height, **channel))
    found = alerts(data)
    assert sorted((title.split(" TUSD")[0], *state) for title, state in found.items()) == [
        ("7", "withdrawn", 2, "seen"),
        ("8", "new", 1, "final"),
    ]
    lines = [json.loads(line)["alerts"] for line in sent.read_text().splitlines()]
    assert [(alert["title"].split(" TUSD")[0], alert["change"]) for line in lines for alert in line] == [
        ("7", "new"),
        ("7", "withdrawn"),
        ("8", "new"),
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--chain", "ethereum"], "is of chain 31337, which is not ethereum"),
        ([], "is of chain 31337, which has no name here"),
        (["--chain", "anvil", "--token", "WHAT"], "no contract of anvil that we know of has this symbol"),
    ],
)
def test_another_chain_or_token_is_refused(words: Sequence[str], why: str, node: Node, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flow_pipeline", "--data-dir", str(tmp_path), "watch", "evm", "--rpc", node.url, *words],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert "Traceback" not in done.stderr
