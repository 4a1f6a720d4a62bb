"""The demo's data answer what the README and the help pages ask, in a terminal of any width."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any

import pandas as pd
import pytest

from flow_pipeline.cli import command, main
from tests.conftest import ROOT
from tests.e2e.test_cli import BUILDERS
from tests.worlds import environment

Answer = Callable[..., Any]
README = (ROOT / "README.md").read_text()
FROM_THE_CHAIN = ("fetch", "watch", "live")
"""They need a node: test_fetch and test_watch ask them."""
PEOPLE_WRITE = ("case", "people", "watchlist", "serve")
"""They keep what people write, or serve until they are stopped: the tests of the explorer ask them."""
NEEDS_MORE = (
    "analyze",
    "restate",
    "shadow",
    "profile",
    "agent",
    "metrics",
    "rebuild",
    "model",
    "verdicts",
    "ui",
    "docs",
    "export",
)
"""Verbs that take files of the user, run on or take long; each has tests of its own."""
EMPTY = {"netraflow sql --saved refused_rows"}
"""The sample has no bad row."""
VERBS = (
    "netflow", "netflow --total", "netflow --by-wallet", "destinations --top 3", "anomalies", "anomalies --surges",
    "anomalies --top 3", "anomalies --detector netflow_anomaly", "findings", "finding ID", "risk ADDRESS",
    "wallet WALLET", "smart-money", "flows groups", "flows group Northbank", "flows active", "flows summaries",
    "flows top-risk", "flows outgoing Northbank", "flows incoming Northbank", "flows by-amount", "flows path FLOW_ID",
    "flows statistics", "flows risk", "flows storage", "flows pair Northbank Meridian", "alerts list", "verify",
    "alerts show ALERT", "screen ADDRESS", "exposure ADDRESS", "path FROM TO",
    "settings", "settings --explain", "formats", "doctor",
    "sql \"SELECT * FROM marts.fct_transfers LIMIT 3\"",
)  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    environ = {**environment(), "NETRAFLOW_REPORTS__EACH_RUN": "false"}
    done = subprocess.run(
        [sys.executable, "-m", "flow_pipeline", "demo"],
        cwd=folder, env={**environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [event["place"] for event in told["planted"]] == [1] * 5
    assert [event["found"] for event in told["planted"]] == [event["e_value"] < 1 for event in told["planted"]]
    assert "52 days at most" in told["short_history"]
    steps = [int(step) for step in re.findall(r"^netraflow: \[(\d)/9\]", done.stderr, re.MULTILINE)]
    assert done.stderr.startswith("netraflow: start\n")
    assert steps == sorted(steps)
    assert set(steps) == set(range(1, 9)), "no report is written here"
    assert len(steps) == done.stderr.count("\nnetraflow: "), "each thing that is said belongs to a step"
    return folder / "data"


@pytest.fixture
def ask(demo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Answer:
    """A verb on the demo's data, from the folder beside it as a newcomer calls it; its answer as JSON."""
    monkeypatch.chdir(demo.parent)

    def answer(*words: str) -> Any:
        with contextlib.suppress(SystemExit):
            main(list(words))
        out = capsys.readouterr()
        assert out.out, out.err
        return json.loads(out.out)

    return answer


def named(words: list[str], ask: Answer) -> list[str]:
    """Words with the names in capitals filled in."""
    names = {
        "ID": lambda: ask("findings")[0]["finding_id"],
        "WALLET": lambda: ask("smart-money")[0]["wallet"],
        "ADDRESS": lambda: ask("finding", ask("findings")[0]["finding_id"])["addresses"][0]["address"],
        "FLOW_ID": lambda: ask("flows", "by-amount")[0]["flow_id"],
        "ALERT": lambda: ask("alerts", "list")[0]["alert_id"],
        "FROM": lambda: ask("flows", "path", ask("flows", "by-amount")[0]["flow_id"])[-1]["from_address"],
        "TO": lambda: ask("flows", "path", ask("flows", "by-amount")[0]["flow_id"])[-1]["to_address"],
    }
    return [names[word]() if word in names else word for word in words]


def questions() -> list[str]:
    """What the README asks, a command a line."""
    part = README.split("## Questions people ask")[1].split("\n## ")[0]
    text = "\n".join(re.findall(r"```\n(.*?)```", part, re.DOTALL))
    lines = re.sub(r"\n\s{3,}", " ", text).splitlines()
    asked = [re.sub(r"\s{2,}#.*", "", line).strip() for line in lines]
    others = (*NEEDS_MORE, *FROM_THE_CHAIN, *PEOPLE_WRITE)
    return [line for line in asked if line.startswith("netraflow ") and shlex.split(line)[1] not in others]


@pytest.mark.parametrize("question", questions())
def test_the_demo_answers_what_the_readme_asks(ask: Answer, question: str) -> None:
    words = shlex.split(question)[1:]
    if "customers.csv" in words:
        Path("customers.csv").write_text("address\n" + named(["ADDRESS"], ask)[0] + "\n")
    if "--csv" in words:
        words.remove("--csv")
    answer = ask(*named(words, ask))
    assert bool(answer) != (question in EMPTY), answer


def examples() -> list[str]:
    """Of the verbs that read; those that make something or need more than the demo have their own."""
    every = {
        f"{name} {inner}".strip(): verb.epilog
        for name, group in command().commands.items()
        for inner, verb in getattr(group, "commands", {"": group}).items()
    }
    others = {
        *BUILDERS,
        *NEEDS_MORE,
        "demo",
        "ui",
        "docs",
        *FROM_THE_CHAIN,
        "alerts test",
        "alerts send",
        "model train",
        "model backtest",
    }
    asked = {name: str(epilog) for name, epilog in every.items() if name.split()[0] not in PEOPLE_WRITE}
    return [epilog.removeprefix("Example: ") for name, epilog in asked.items() if name not in others]


@pytest.mark.parametrize("example", examples())
def test_the_example_of_each_help_page_runs_on_the_demo(
    demo: Path, ask: Answer, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [str(tmp_path / Path(word).name) if word.startswith("/tmp/") else word for word in shlex.split(example)[1:]]
    if words[0] == "alerts" and len(words) > 2 and words[1] in ("show", "ack", "snooze"):
        words[2] = named(["ALERT"], ask)[0]
    if words[0] == "inspect":
        monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as stop:
        main(["--data-dir", str(demo), *words])
    assert stop.value.code in ((0, 1) if words[0] == "screen" else (0,))


def test_the_notebook_answers_on_the_demo(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").symlink_to(demo)
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    shown = run_notebook(ROOT / "docs" / "notebook.ipynb")
    assert len(shown) > 10
    assert not [answer for answer in shown if isinstance(answer, pd.DataFrame) and answer.empty]


def run_notebook(path: Path) -> list[object]:
    """What the cells show, run in their order and shown as a notebook shows them."""
    cells = json.loads(path.read_text())["cells"]
    codes = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in codes), "outputs are not kept"
    names: dict[str, object] = {}
    shown: list[object] = []
    for cell in codes:
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, str(path), "exec"), names)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), str(path), "eval"), names))
            html = getattr(shown[-1], "_repr_mimebundle_", None) or getattr(shown[-1], "_repr_html_", None)
            assert html is None or html()
    return shown


DRIVER = """
import os, shlex, sys
from flow_pipeline.cli import command, main
for line in sys.stdin.read().splitlines():
    print("\\n@@@", line, flush=True)
    try:
        main(shlex.split(line))
    except SystemExit:
        pass
    sys.stdout.flush()
"""


def in_terminal(width: int, lines: list[str], folder: Path) -> dict[str, list[str]]:
    """What each verb writes on a terminal of so many columns, line by line."""
    here, there = pty.openpty()
    ioctl(there, TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdin=subprocess.PIPE, stdout=there, stderr=subprocess.DEVNULL, cwd=folder,
        env={**environment(), "PYTHONPATH": str(ROOT), "TERM": "xterm"},
    ) as child:  # fmt: skip
        os.close(there)
        assert child.stdin is not None
        child.stdin.write("\n".join(lines).encode())
        child.stdin.close()
        text = io.BytesIO()
        with contextlib.suppress(OSError):  # the far end of a terminal is an error, not an end
            while block := os.read(here, 65_536):
                text.write(block)
    os.close(here)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.getvalue().decode()).replace("\r\n", "\n")
    parts = plain.split("\n@@@ ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n")[1:] for part in parts}


@pytest.mark.parametrize("width", [80, 120])
def test_every_verb_fits_the_terminal_and_cuts_nothing(ask: Answer, demo: Path, width: int) -> None:
    lines = [shlex.join(named(shlex.split(verb), ask)) for verb in VERBS]
    shown = in_terminal(width, lines, demo.parent)
    assert list(shown) == lines
    for line, said in shown.items():
        words, text = shlex.split(line), " ".join(" ".join(said).split())
        assert text, line
        tabular = [row for row in said if "─" in row]
        assert all(len(row) <= width for row in tabular), line
        if words[0] in ("settings", "finding", "risk", "wallet", "screen", "doctor", "alerts", "formats"):
            continue
        answer = ask(*words)
        assert all(len(row.rstrip()) <= width for row in said), line
        for name, value in (answer[0] if isinstance(answer, list) else answer).items():
            is_sentence = " " in str(value) and str(value)[:30] in text
            heads = all(part in text for part in name.split("_"))
            assert is_sentence or heads or name in text, f"{line}: {name} is neither shown nor named"
            if name.endswith("_id") and len(answer) > 1:
                assert str(value) in text, f"{line}: {name} is cut"
