"""The report is looked at in a real browser, and every table on it is asked for again."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flow_pipeline import pipeline
from flow_pipeline.alerts import ledger
from flow_pipeline.alerts.delivery import Outcome
from flow_pipeline.alerts.ledger import listed
from flow_pipeline.alerts.rules import RUN_FAILED
from flow_pipeline.cli.demo import SAMPLE
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.reports import charts
from flow_pipeline.reports.page import in_words
from flow_pipeline.reports.report import reports_are_of, write_report
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.publish import published_run
from tests.conftest import U, V, build, label_file, transfer, write_csv
from tests.worlds import browse, command


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The committed sample, published."""
    settings = load_settings(tmp_path_factory.mktemp("world") / "data").with_changes(
        labels={"files": (SAMPLE / "labels.csv",)}, reports={"each_run": False}
    )
    build(settings, SAMPLE / "transfers")
    return settings


@pytest.fixture(scope="module")
def weekly(world: Settings) -> Path:
    return write_report(world, "weekly", date(2025, 4, 27))[0]


class Page(HTMLParser):
    """Tables, queries, links and outside references of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[dict[str, Any]] = []
        self.queries: dict[str, str] = {}
        self.links: set[str] = set()
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.cell: str | None = None
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        for name in ("src", "href", "data", "action"):
            value = given.get(name) or ""
            if value.startswith("#"):
                self.links.add(value[1:])
            elif value and not value.startswith("data:"):
                self.outside.append(value)
        if tag == "table":
            self.tables.append({"query": "", "rows": []})
        if tag == "tr" and self.tables:
            self.tables[-1]["rows"].append([])
        if tag == "a" and any(name == "caption" for name, _ in self.open):
            self.tables[-1]["query"] = str(given.get("href"))[5:]
        if tag == "td":
            self.cell = ""
        if tag not in ("meta", "link", "path", "line", "rect", "br"):
            self.open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "td" and self.cell is not None:
            self.tables[-1]["rows"][-1].append(self.cell)
            self.cell = None
        while self.open and self.open[-1][0] != tag:
            self.open.pop()
        if self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.cell is not None:
            self.cell += data
        if self.open and self.open[-1][0] == "pre":
            key = next(str(given["id"]) for name, given in reversed(self.open) if name == "div" and given.get("id"))
            self.queries[key.removeprefix("sql-")] = self.queries.get(key.removeprefix("sql-"), "") + data


def test_every_table_is_what_its_query_gives(world: Settings, weekly: Path) -> None:
    page = Page(weekly.read_text())
    asked = 0
    with duckdb.connect(str(world.published_link.resolve()), read_only=True) as connection:
        for table in page.tables:
            if table["query"]:
                told = [row for row in table["rows"] if row]
                rows = connection.execute(page.queries[table["query"]]).fetchall()[: len(told)]
                known = [place for place in range(len(rows[0])) if any(row[place] is not None for row in rows)]
                assert told == [[in_words(row[place]) for place in known] for row in rows], table["query"]
                asked += 1
    assert asked >= 12
    assert page.links <= set(page.ids), "every link leads somewhere on the page"
    assert len(page.ids) == len(set(page.ids)), "charts do not share ids"


def test_the_page_begins_with_what_moved_what_is_unusual_and_what_to_do(world: Settings, weekly: Path) -> None:
    text = " ".join(Page(weekly.read_text()).text.split())
    text = text[text.index("tokens moved") :]
    places = [text.index(words) for words in ("Exchanges", "Unusual ", "To do: ", "What changed")]
    assert places == sorted(places)
    columns, rows = listed(world, None, None, "open", None)
    first = dict(zip(columns, rows[0], strict=True))["alert_id"]
    assert f"netraflow alerts show {first}" in text, "the first of the list"


def test_the_page_needs_nothing_from_outside(weekly: Path) -> None:
    text = weekly.read_text()
    assert Page(text).outside == []
    assert not re.search(r"<script|@import|url\((?!['\"]?(#|data:))", text)
    assert weekly.stat().st_size < 5_000_000


def test_charts_say_unit_and_sign(weekly: Path) -> None:
    text = weekly.read_text()
    for figure in re.findall(r'<figure class="plain".*?</figure>', text, re.DOTALL):
        caption = re.search(r"<figcaption>(.*?)</figcaption>", figure, re.DOTALL)
        assert caption is not None
        assert re.search(r"in (ETH|USDT|USDC|LPT).*onto", caption[1]), caption[1]
        assert "(+ = onto)" in figure or "received" in figure
    assert text.count('<figure class="plain"') >= 7
    folder = weekly.parent / weekly.stem
    assert len(list(folder.glob("*.png"))) == len(list(folder.glob("*.svg"))) >= 8


def test_the_markdown_says_the_same(weekly: Path) -> None:
    page, text = weekly.read_text(), weekly.with_suffix(".md").read_text()
    for sentence in re.findall(r"<h2>(.*?)</h2>", page):
        assert f"## {sentence}\n" in text
    for number in re.findall(r'class="number" href="#sql-(\w+)">([^<]+)<', page):
        assert f"[{number[1]}](#sql-{number[0]})" in text
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (weekly.parent / picture).is_file()


PROBE = """
<script>
addEventListener("load", () => {
  const small = [...document.querySelectorAll("body *")]
    .filter(e => e.children.length === 0 && e.textContent.trim() && e.getBoundingClientRect().width > 0)
    .map(e => parseFloat(getComputedStyle(e).fontSize) * (e.ownerSVGElement
      ? e.ownerSVGElement.getBoundingClientRect().width / e.ownerSVGElement.viewBox.baseVal.width : 1));
  const out = document.createElement("output"); out.id = "probe";
  out.textContent = JSON.stringify({page: document.documentElement.scrollWidth, window: innerWidth,
    smallest: Math.min(...small), ink: getComputedStyle(document.body).color,
    paper: getComputedStyle(document.body).backgroundColor,
    charts: [...document.querySelectorAll("figure svg")].filter(e => e.getBoundingClientRect().width > 0).length});
  document.body.append(out);
});
</script>
"""


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (500, False), (1200, True)])
def test_a_browser_shows_it_without_errors_or_requests(width: int, dark: bool, weekly: Path, tmp_path: Path) -> None:
    copy = tmp_path / "page.html"
    copy.write_text(weekly.read_text().replace("</body>", PROBE + "</body>"))
    looks = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0") if dark else ()
    dom, said, asked = browse(copy.as_uri(), tmp_path, f"--window-size={width},2000", *looks)
    assert "CONSOLE" not in said
    assert asked == []
    found = re.search(r'<output id="probe">(.*?)</output>', dom)
    assert found is not None
    seen = json.loads(found[1])
    assert seen["page"] <= seen["window"], "the page does not scroll sideways"
    assert seen["smallest"] >= 8.5, "the smallest text of a chart stays readable"
    assert seen["charts"] >= 7
    if dark:
        assert seen["paper"] == "rgb(18, 24, 30)"


def test_a_run_writes_its_report_and_the_next_one_says_what_changed(settings: Settings, tmp_path: Path) -> None:
    exchange, user = "0x" + "e" * 40, "0x" + "1" * 40
    settings = settings.with_changes(
        reports={"each_run": True},
        labels={
            "files": (
                label_file(
                    tmp_path / "l.csv",
                    [
                        [
                            "ethereum",
                            exchange,
                            "Har<script>alert(1)</script>bour",
                            "exchange",
                            "hot",
                            0.9,
                            "a test",
                            "2020-01-01",
                            "",
                        ]
                    ],
                ),
            )
        },
    )
    rows = [transfer(n, user, exchange, 5 + n, f"2025-05-0{n}T12:00:00Z") for n in range(1, 4)]
    write_csv(tmp_path / "in" / "t.csv", rows)
    first = build(settings, tmp_path / "in")
    assert [path.name for path in first.reports] == ["daily-2025-05-03.html", "daily-2025-05-03.md", "daily-2025-05-03"]
    page = first.reports[0].read_text()
    assert "This is the first report of its kind here" in page
    assert "Har&lt;script&gt;" in page
    assert "<script" not in page
    assert reports_are_of(settings, published_run(settings) or "")
    assert build(settings, tmp_path / "in").reports == [], "nothing new, nothing written"
    write_csv(
        tmp_path / "in" / "t.csv",
        [
            transfer(1, user, exchange, 50, "2025-05-01T12:00:00Z"),
            *rows[1:],
            transfer(4, user, exchange, 9, "2025-05-04T12:00:00Z"),
        ],
    )
    second = build(settings, tmp_path / "in")
    assert [path.name for path in second.reports] == [
        "daily-2025-05-04.html",
        "daily-2025-05-04.md",
        "daily-2025-05-04",
        "weekly-2025-05-04.html",
        "weekly-2025-05-04.md",
        "weekly-2025-05-04",
    ]
    text = second.reports[1].read_text()
    assert "1 exchange days that it knew have other numbers" in text
    assert r"| 2025-05-01 | ethereum | ETH | Har\<script>alert(1)\</script>bour | 6 | 50 |" in text
    (settings.reports_dir / ".published").unlink()
    assert build(settings, tmp_path / "in").reports, "a run that was killed before its report is completed by the next"


def test_a_report_that_fails_does_not_fail_the_run(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(n, U, V, n, f"2025-05-0{n}") for n in range(1, 4)])
    order: list[str] = []
    monkeypatch.setenv("NETRAFLOW_REPORTS__EACH_RUN", "true")
    monkeypatch.setattr(pipeline, "send_alerts", lambda settings: order.append("send") or Outcome())
    with monkeypatch.context() as patch:

        def breaks(settings: Settings) -> list[Path]:
            order.append("report")
            raise RuntimeError("no\x1b such thing")

        patch.setattr(pipeline, "write_reports", breaks)
        assert command("--data-dir", settings.data_dir, "analyze", tmp_path / "in") == 1
    told = capsys.readouterr()
    assert order == ["send", "report"]
    assert "the report could not be written (RuntimeError: no\\x1b such thing)" in told.err
    assert "`netraflow report` writes the report again" in told.err
    assert json.loads(told.out)["nothing_new"] is False
    assert published_run(settings)
    assert ledger.listed(settings, None, RUN_FAILED, "all", None)[1] == []
    assert command("--data-dir", settings.data_dir, "analyze", tmp_path / "in") == 0
    assert json.loads(capsys.readouterr().out)["reports"], "the next run writes it"


def test_a_chart_that_fails_is_said_in_its_place(
    world: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ValueError("<b>no</b>")

    monkeypatch.setattr(charts, "netflow_with_band", breaks)
    page, text, _ = write_report(world, "daily", folder=tmp_path)
    assert "This chart could not be drawn (ValueError: &lt;b&gt;no&lt;/b&gt;)" in page.read_text()
    assert r"this chart could not be drawn (ValueError: \<b>no\</b>)" in text.read_text()
    assert 'id="top-destinations"' in page.read_text()


def test_a_day_that_is_not_built_is_refused(world: Settings) -> None:
    with pytest.raises(UsageError, match="2031-01-01: that day is not built"):
        write_report(world, "daily", date(2031, 1, 1), now=datetime(2031, 1, 2, tzinfo=UTC))
    assert not list(world.reports_dir.glob(".*incoming"))


def test_the_top_files_have_the_columns_of_the_study(weekly: Path) -> None:
    folder = weekly.parent / weekly.stem
    columns = "inflow,outflow,netflow,roll_mean,roll_std,zscore"
    assert (folder / "top_netflow_anomalies_z2.csv").read_text().splitlines()[0] == f"date,{columns}"
    assert (folder / "topk_netflow_total.csv").read_text().splitlines()[0] == f"date,{columns}"
    assert (folder / "topk_netflow_by_exchange.csv").read_text().splitlines()[0] == f"date,exchange,{columns}"
    assert len((folder / "topk_netflow_total.csv").read_text().splitlines()) == 11
    assert (folder / "topk_netflow_by_wallet.csv").read_text().splitlines()[0] == f"date,wallet,{columns}"
    assert (folder / "top_netflow_zscore.md").read_text().startswith("# Top-K days of netflow by |z|")
