"""Names that strangers chose to break or trick whoever reads them go through everything, and do nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flow_pipeline.alerts import ledger
from flow_pipeline.alerts.agent import look
from flow_pipeline.domain.text import harmless
from flow_pipeline.pipeline import RunResult, describe_alerts, describe_load
from flow_pipeline.reports import charts
from flow_pipeline.reports.exports import export_tables
from flow_pipeline.settings import Settings, load_settings
from tests.conftest import ROOT, ask, build, label_file
from tests.worlds import environment

NAMES = (
    "\n'\"\\\"+alert(1)+\"\n<script>document.title='owned'</script>",
    "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "nul\0nul",
    "<script>document.title='owned'</script>",
    "=cmd|' /C calc'!A0",
    "](javascript:alert(1))",
    "two\nlines",
    "\u202edesrever\u200b",
    "[red]not markup[/red]",
    "x" * 3_000,
)
EXCHANGE, LISTED = "0x" + "e" * 40, "0x" + "d" * 40
BINANCE = "0x28c6c06298d514db089934071355e5743bf21d60"


def holds_nothing_hidden(text: str) -> bool:
    """True where every sign is seen, or ends a line."""
    return all(line.isprintable() for line in text.split("\n"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, RunResult]:
    """One run over tokens, an exchange and a sanctioned address with such names."""
    folder = tmp_path_factory.mktemp("strangers")
    rows = [
        {
            "chain": "ethereum",
            "block_number": day,
            "block_timestamp": f"2025-05-{day:02d}T12:00:00Z",
            "tx_hash": f"0x{day:032x}{number:032x}",
            "token_address": f"0x{number + 1:040x}",
            "token_symbol": name,
            "from_address": LISTED if day == 20 else f"0x{number + 100:040x}",
            "to_address": EXCHANGE if day % 2 else BINANCE,
            "amount": str(number + 10 + day % 3 + 900 * (day == 19)),
        }
        for number, name in enumerate(NAMES)
        for day in range(1, 21 if number else 22)
    ]
    (folder / "in").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "in" / "[red]\x1b[31m=1+1.parquet")
    labels = [
        ["ethereum", EXCHANGE, NAMES[0], "exchange", NAMES[3], 0.9, NAMES[4], "2020-01-01", ""],
        ["ethereum", LISTED, NAMES[4] + NAMES[1], "sanctioned", NAMES[7], 0.9, NAMES[6], "2020-01-01", ""],
    ]
    settings = load_settings(folder / "data").with_changes(
        labels={"files": (label_file(folder / "labels.csv", labels),)},
        reports={"each_run": True, "tokens": len(NAMES)},
        anomalies={"method": "inclusive"},
        alerts={"channels": {"log": {"kind": "file", "path": folder / "sent.jsonl"}, "tty": {"kind": "terminal"}}},
    )
    return settings, build(settings, folder / "in")


def test_names_are_kept_apart_and_the_load_says_which_were_rewritten(run: tuple[Settings, RunResult]) -> None:
    settings, result = run
    stored = {str(row[0]) for row in ask(settings, "SELECT DISTINCT token_symbol FROM raw.transfers")}
    assert stored == {harmless(name, settings.sources.max_name_letters) for name in NAMES}
    assert max(map(len, stored)) <= settings.sources.max_name_letters
    assert "6 names have signs that nobody sees, or too many letters" in result.load.files[0].notes[0]
    entities = ask(settings, "SELECT entity FROM marts.dim_address_labels WHERE category = 'sanctioned'")
    assert harmless(NAMES[4] + NAMES[1]) in {row[0] for row in entities}


def test_the_page_runs_nothing_and_is_not_blown_up(run: tuple[Settings, RunResult], tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this machine; Debian has it as package chromium")
    page = run[1].reports[0].read_text()
    assert run[1].tell_failures == []
    assert "could not be drawn" not in page
    assert page.count("<figure") >= len(NAMES)
    assert "javascript:alert(1)" in page
    assert holds_nothing_hidden(page)
    probe = "<script>document.body.dataset.width = document.documentElement.scrollWidth</script>"
    (tmp_path / "page.html").write_text(page.replace("</body>", f"{probe}</body>"))
    seen = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--hide-scrollbars", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1000,2000", "--dump-dom",
            (tmp_path / "page.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert re.findall("<title>(.*?)</title>", seen) == ["netraflow daily report on 2025-05-21"]
    assert re.findall('data-width="(.*?)"', seen) == ["1000"]
    assert re.findall('<a [^>]*href="(?!#)', seen) == []


def test_markdown_has_no_link_and_no_html_of_theirs(run: tuple[Settings, RunResult]) -> None:
    settings, result = run
    told = look(settings, "inclusive")
    assert told.report is not None
    published = charts.published_pictures(settings)
    assert all(picture.startswith("![chart](data:image/png;base64,") for picture in published.values())
    shown = describe_alerts(ledger.listed(settings, None, None, "all", None))
    for text in (
        result.reports[1].read_text().split("## Queries")[0],
        told.report.read_text(),
        describe_load(result.load),
        shown,
    ):
        assert holds_nothing_hidden(text)
        assert not re.search(r"(?<!\\)<script", text)
        assert not re.search(r"(?<!\\)\]\(javascript", text)
        assert max(map(len, text.splitlines())) < 3_000


def test_no_cell_of_a_csv_file_is_a_formula(run: tuple[Settings, RunResult], tmp_path: Path) -> None:
    settings, result = run
    export_tables(settings, [], ["csv"], tmp_path)
    files = [*result.exports, *tmp_path.glob("*.csv"), *result.reports[2].glob("*.csv")]
    cells = [cell for path in files for row in csv.reader(io.StringIO(path.read_text())) for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    for cell in cells:
        assert holds_nothing_hidden(cell)
        if cell[:1] in ("=", "+", "-", "@"):
            float(cell)
    assert any(cell.startswith("-") for cell in cells), "numbers stay numbers"


def test_messages_hold_nothing_hidden(run: tuple[Settings, RunResult]) -> None:
    settings, result = run
    assert result.delivery.errors == {}
    sent = (settings.data_dir.parent / "sent.jsonl").read_text()
    titles = [alert["title"] for line in sent.splitlines() for alert in json.loads(line)["alerts"]]
    assert sum("sanctioned" in title for title in titles) == len(NAMES)
    assert all(map(holds_nothing_hidden, titles))


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_obeys_none_of_them(run: tuple[Settings, RunResult], width: int) -> None:
    settings, _ = run
    folder = settings.data_dir.parent
    text = _in_terminal(
        width, "--data-dir", settings.data_dir, "analyze", folder / "in", "--labels", folder / "labels.csv"
    ) + _in_terminal(width, "--data-dir", settings.data_dir, "alerts", "list", "--status", "all", "--limit", 100)
    assert "sanctioned" in text
    assert "calc" in text
    # A spinner and bold heads are the program's own.
    own = re.sub(r"\x1b\[[\d;]*[mKA]|\x1b\[\?25[lh]|\r", "", text)
    assert sorted(sign for sign in set(own) if not sign.isprintable()) == ["\n"]


def test_amounts_that_nobody_knows_make_a_report(settings: Settings, tmp_path: Path) -> None:
    """Wallets whose transactions have no values, as netrascan's example gives them."""
    other = "0x" + "2" * 40
    payment = {"from": other, "to": BINANCE, "token_symbol": "USDT", "timestamp": "1746057600", "hash": "0xaa"}
    lines = [
        {
            "wallet": other,
            "score": 0.9,
            "category": "whale",
            "txs": [payment, {**payment, "timestamp": "1746144000", "hash": "0xab"}],
        },
        {
            "wallet": LISTED,
            "score": 0.2,
            "category": "retail",
            "txs": [{**payment, "from": LISTED, "token_symbol": "ETH"}],
        },
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "wallets.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = build(settings.with_changes(reports={"each_run": True}), tmp_path / "in")
    assert ask(settings, "SELECT count(*), count(amount) FROM raw.transfers") == [(3, 0)]
    assert result.tell_failures == []
    assert "could not be drawn" not in result.reports[0].read_text()
    assert "Tokens whose amounts are unknown" in result.reports[0].read_text()


def _in_terminal(width: int, *words: object) -> str:
    """What a verb shows on a terminal of so many columns."""
    near, far = pty.openpty()
    given = environment(COLUMNS=str(width), PYTHONPATH=str(ROOT), TERM="xterm", NETRAFLOW_ANOMALIES__METHOD="inclusive")
    with subprocess.Popen(
        [sys.executable, "-m", "flow_pipeline", *map(str, words)], stdout=far, stderr=far, stdin=far, env=given
    ) as process:
        os.close(far)
        seen = b""
        while select.select([near], [], [], 120)[0]:
            try:
                part = os.read(near, 65_536)
            except OSError:
                break
            if not part:
                break
            seen += part
        os.close(near)
    assert process.returncode == 0, seen.decode(errors="replace")
    return seen.decode()
