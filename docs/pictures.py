"""The pictures of the README: a terminal, a report, the explorer, Dagster, from a directory with a published demo.

`make pictures` writes docs/pictures/*.png anew; it needs chromium. Dagster runs on a copy of the directory.
"""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = Path(__file__).with_name("pictures")
MOST = 150_000
"""Bytes of a picture: whoever clones the project carries all of them."""
COLUMNS = 100
COMMANDS = (
    "netflow --from 2025-04-28 --to 2025-04-28 --token USDT",
    "findings --limit 3",
)
PAGES = {
    "ui-graph": ("assets/detection/netflow_anomalies?view=lineage", 1400, 1060),
    "ui-asset": ("assets/marts/fct_daily_netflow?view=overview", 1200, 740),
}
SCALE = 0.8
"""Of the pages of Dagster, which shows what an asset is made of only where there is much room."""
TICKS = """{
  sensorOrError(sensorSelector: {
    sensorName: "command_runs", repositoryName: "__repository__", repositoryLocationName: "netraflow"
  }) { ... on Sensor { sensorState { ticks(limit: 1) { skipReason } } } }
}"""
PATIENCE = 600
"""Seconds until Dagster shows what the command made."""
PAGE = """<meta charset="utf-8"><body style="margin:0;background:#10141a;color:#d7dde4">
<pre style="margin:0;padding:16px 20px;font:14px/1.35 'DejaVu Sans Mono',monospace">{}</pre>"""


def main(data: Path) -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page, lines = terminal(data)
        (folder / "terminal.html").write_text(page, encoding="utf-8")
        take("terminal", (folder / "terminal.html").as_uri(), folder, 900, 40 + lines * 19)
        (folder / "report.html").write_text(report(data), encoding="utf-8")
        take("report", (folder / "report.html").as_uri(), folder, 940, 830)
        shutil.copytree(data, folder / "data", symlinks=True, ignore=shutil.ignore_patterns("dagster"))
        explorer(folder / "data")
        with served(folder / "data") as address:
            for picture, (path, width, height) in PAGES.items():
                take(picture, f"{address}/{path}", folder, width, height, SCALE)


def explorer(data: Path) -> None:
    """The way from an alert to a file that can be handed in, walked in a browser."""
    from playwright.sync_api import sync_playwright

    with exploring(data) as address, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1180, "height": 720}, color_scheme="light", device_scale_factor=0.8)
        page.goto(f"{address}/alerts")
        page.get_by_role("checkbox").nth(1).check()
        picture_of(page, "explorer-alerts")
        page.get_by_role("button", name="Open a case").click()
        case = page.url
        page.get_by_role("region", name="What the case is about").get_by_role("row").filter(
            has_text="finding"
        ).get_by_role("link").first.click()
        page.get_by_role("link", name="Show in the graph").click()
        page.locator("svg g[tabindex]").first.wait_for()
        picture_of(page, "explorer-graph")
        page.goto(case)
        page.get_by_label("A note").fill("Asked the exchange **whose** the last address is.")
        page.get_by_role("button", name="Add the note").click()
        page.set_viewport_size({"width": 1180, "height": 1000})
        picture_of(page, "explorer-case")
        browser.close()


def picture_of(page: Page, name: str) -> None:
    """Take the picture of what a browser shows."""
    page.wait_for_load_state("networkidle")
    target = FOLDER / f"{name}.png"
    page.screenshot(path=target)
    is_small(target)


@contextmanager
def exploring(data: Path) -> Iterator[str]:
    """The address of the explorer on a data directory."""
    port = free_port()
    command = [sys.executable, "-m", "flow_pipeline", "--data-dir", str(data), "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/about", timeout=5):
                break
            if time.monotonic() > deadline or server.poll() is not None:
                sys.exit("the explorer does not answer")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def report(data: Path) -> str:
    """The last report, with its first chart right behind what is in short."""
    page = max((data / "reports").glob("*.html")).read_text(encoding="utf-8")
    return page.replace("</head>", "<style>nav, #changes {display: none}</style></head>", 1)


def terminal(data: Path) -> tuple[str, int]:
    """The commands with what they say on a terminal, as a page, and its number of lines."""
    said = "".join(f"\x1b[1;32m$\x1b[0m netraflow {words}\r\n{on_terminal(data, words)}\r\n" for words in COMMANDS)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), legacy_windows=False)
    for line in said.replace("\r\n", "\n").rstrip().split("\n"):
        console.print(Text.from_ansi(line), no_wrap=True, crop=False, soft_wrap=True)
    code = console.export_html(inline_styles=True, code_format="{code}")
    return PAGE.format(code), said.count("\n")


def on_terminal(data: Path, words: str) -> str:
    """What a command writes where it finds a terminal."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": "60", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "flow_pipeline", "--data-dir", str(data), *words.split()]
    with subprocess.Popen(command, stdout=follower, stderr=subprocess.DEVNULL, env=environment):
        os.close(follower)
        said = b""
        with suppress(OSError):  # the other side was closed
            while piece := os.read(leader, 65_536):
                said += piece
    os.close(leader)
    return said.decode()


def take(name: str, url: str, folder: Path, width: int, height: int, scale: float = 1) -> None:
    """Take the picture of a page.

    Raises:
        SystemExit: it is too large.
    """
    target = FOLDER / f"{name}.png"
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--hide-scrollbars", "--disable-lcd-text",
            f"--force-device-scale-factor={scale}", f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},{height}",
            "--virtual-time-budget=15000", f"--screenshot={target}", url,
        ],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    is_small(target)


def is_small(target: Path) -> None:
    """Say how large a picture is.

    Raises:
        SystemExit: it is too large.
    """
    if target.stat().st_size > MOST:
        sys.exit(f"{target} has {target.stat().st_size:,} bytes, more than {MOST:,}: show less of the page")
    print(f"{target}: {target.stat().st_size:,} bytes")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(data: Path) -> Iterator[str]:
    """The address of Dagster on a data directory, once it has told what the command made there."""
    port = free_port()
    command = [sys.executable, "-m", "flow_pipeline", "--data-dir", str(data), "ui", "--port", str(port)]
    soon = {"NETRAFLOW_SCHEDULE__TELL_DAYS": "14", "NETRAFLOW_SCHEDULE__TELL_SECONDS": "10"}
    server = subprocess.Popen(command, env={**os.environ, **soon}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not is_told(f"http://127.0.0.1:{port}/graphql"):
            if time.monotonic() > deadline or server.poll() is not None:
                sys.exit("Dagster does not show what the command made")
            time.sleep(2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def is_told(address: str) -> bool:
    """Whether the sensor has nothing left to tell."""
    question = json.dumps({"query": TICKS}).encode()
    try:
        request = urllib.request.Request(address, data=question, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return "every run of the command is told" in answer.read().decode()
    except OSError:
        return False


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data/demo"))
