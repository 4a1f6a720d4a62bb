"""The warehouse in a notebook: the same answers as on the command line, exact, and the notebook of the docs."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import flow_pipeline as nf
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.notebook import Flows, Warehouse
from flow_pipeline.notebook.frames import frame
from flow_pipeline.questions.rows import Rows
from flow_pipeline.settings import load_settings
from tests.conftest import ROOT, U, build, transfer, write_csv

BINANCE = "0x28c6c06298d514db089934071355e5743bf21d60"
LARGE = Decimal("9007199254740993.000000000000000001")
"""No float is it, and a sum of two of them has more than 28 digits."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebook")
    hands = ["0x" + digit * 40 for digit in "6789"]
    chain = [transfer(200 + n, hands[n], hands[n + 1], 4, at=f"2025-05-19T12:0{n}:00Z", symbol="XYZ") for n in range(3)]
    days = [transfer(n, U, BINANCE, n, at=f"2025-05-{n:02d}") for n in range(1, 20)]
    large = [transfer(300 + n, U, BINANCE, LARGE, at=f"2025-05-2{n}", symbol="BIG") for n in range(2)]
    write_csv(folder / "in" / "t.csv", [*chain, *days, *large])
    settings = load_settings(folder / "data").with_changes(
        reports={"each_run": False}, typologies={"rapid_chain": {"amount_by_token": {"XYZ": 3}}}
    )
    build(settings, folder / "in")
    return folder / "data"


@pytest.fixture(scope="module")
def kinds(data: Path) -> dict[str, Warehouse]:
    return {"pandas": nf.open(data), "arrow": nf.open(data, frames="arrow")}


@pytest.fixture
def warehouse(kinds: dict[str, Warehouse]) -> Warehouse:
    return kinds["pandas"]


QUESTIONS: dict[str, Callable[[Warehouse], Any]] = {
    "netflow --token ETH --from 2025-05-03": lambda w: w.netflow(token="eth", first="2025-05-03"),
    "netflow --by-wallet --to 2025-05-03": lambda w: w.netflow(by="wallet", last=date(2025, 5, 3)),
    "netflow --total": lambda w: w.netflow(by="total"),
    "destinations --top 2 --by count": lambda w: w.destinations(top=2, by="count"),
    "anomalies": lambda w: w.anomalies(),
    "anomalies --method trailing --threshold 3.5 --by-wallet": lambda w: w.anomalies(
        method="trailing", threshold=3.5, by_wallet=True
    ),
    "anomalies --top 3 --by-exchange": lambda w: w.top_days(3, by="exchange"),
    "anomalies --surges": lambda w: w.surges(),
    "anomalies --detector netflow_anomaly": lambda w: w.daily_findings("netflow_anomaly"),
    "findings --every": lambda w: w.findings(every=True),
    "smart-money --all": lambda w: w.smart_money(every=True),
    "alerts list --status all": lambda w: w.alerts(status="all"),
    "sql --saved netflow_totals --param token=BIG": lambda w: w.saved("netflow_totals", token="BIG"),
    "sql --list": lambda w: w.saved(),
    "flows groups": lambda w: w.flows.groups(),
    "flows group Binance": lambda w: w.flows.group("binance"),
    f"flows of {BINANCE}": lambda w: w.flows.of(BINANCE),
    "flows active": lambda w: w.flows.active(),
    "flows pair Binance Binance": lambda w: w.flows.pair("Binance", "Binance"),
    "flows summaries": lambda w: w.flows.summaries(),
    "flows top-risk": lambda w: w.flows.top_risk(),
    "flows outgoing Binance": lambda w: w.flows.outgoing("Binance"),
    "flows incoming Binance": lambda w: w.flows.incoming("Binance"),
    "flows by-amount --min 1": lambda w: w.flows.by_amount(least=1),
    "flows statistics": lambda w: w.flows.statistics(),
    "flows risk": lambda w: w.flows.risk(),
    "flows storage": lambda w: w.flows.storage(),
}


@pytest.mark.parametrize("words", QUESTIONS)
def test_an_answer_is_that_of_the_command_line(
    words: str, kinds: dict[str, Warehouse], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = QUESTIONS[words](kinds["arrow"])
    assert command_of(data, words) == 0
    said = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert [table.column_names, *([text(value) for value in row.values()] for row in table.to_pylist())] == said
    shown = QUESTIONS[words](kinds["pandas"])
    assert (list(shown.columns), len(shown)) == (table.column_names, table.num_rows)
    floats = {
        name for name, kind in zip(table.column_names, table.schema.types, strict=True) if pa.types.is_float64(kind)
    }
    assert {name for name in shown.columns if shown[name].dtype == float} <= floats


def command_of(data: Path, words: str) -> int:
    from flow_pipeline.cli import main

    try:
        main(["--data-dir", str(data), *words.split(), "--csv"])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def text(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(map(str, value))
    if isinstance(value, Decimal):
        return format(value, "f")
    return "" if value is None else str(value)


def test_every_question_is_asked_somewhere_here() -> None:
    pages = {"finding", "risk", "wallet", "alert", "screen", "verify", "verdicts", "sql", "flows", "path"}
    methods = {name for of in (Warehouse, Flows) for name in vars(of) if not name.startswith("_")}
    code = Path(__file__).read_text()
    assert {name for name in methods if f".{name}(" not in code} <= {"flows"}
    assert pages <= methods
    for name in methods - {"flows"}:
        said = (getattr(Warehouse, name, None) or getattr(Flows, name)).__doc__
        assert len(said.split()) > 4, name


def test_amounts_stay_exact(warehouse: Warehouse) -> None:
    shown = warehouse.netflow(token="BIG")
    assert shown["netflow"].tolist() == [LARGE, LARGE]
    assert (
        shown["netflow"].sum()
        == shown.groupby("exchange")["netflow"].sum().iloc[0]
        == warehouse.sql(
            "SELECT sum(netflow) AS n FROM fct_daily_exchange_netflow WHERE token_symbol = 'BIG'", as_="arrow"
        )["n"][0].as_py()
    )
    assert str(shown["netflow"].sum()) == "18014398509481986.000000000000000002"
    with pytest.raises(pa.ArrowInvalid):
        shown["netflow"] / shown["netflow"].sum()
    assert warehouse.sql("SELECT 9007199254740993 AS n UNION ALL SELECT NULL ORDER BY n")["n"][0] == 9007199254740993
    wide = frame(Rows(["x"], [(Decimal(10) ** 20 - 1,)] * 3, ["DECIMAL(38,18)"]), "pandas")["x"].sum()
    assert wide == 3 * (Decimal(10) ** 20 - 1)


def test_pages_are_those_of_the_command_line(
    warehouse: Warehouse, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = warehouse.findings(every=True)["finding_id"].iloc[0]
    page = warehouse.finding(found)
    assert page["transfers"]["amount"].sum() == page["gross_amount"]
    assert page["addresses"]["role"].notna().all()
    assert warehouse.verify([found])["differences"].str.len().tolist() == [0]
    assert warehouse.wallet(BINANCE)["labels"] == ["Binance (exchange)"]
    assert isinstance(warehouse.wallet(BINANCE)["totals"], pd.DataFrame)
    risk = warehouse.risk(BINANCE, as_="arrow")
    assert risk["labels"]["entity"].to_pylist() == ["Binance"]
    assert [type(row["components"]) for row in risk["risk"]] == [pa.Table] * len(risk["risk"])
    asked = warehouse.screen([BINANCE, U])
    assert asked["status"].tolist() == ["clean", "clean"]
    alert = warehouse.alerts(status="all")["alert_id"].iloc[0]
    assert warehouse.alert(alert)["events"]["change"].tolist() == ["new"]
    assert warehouse.verdicts().empty
    with pytest.raises(FlowError, match="there is no flow x"):
        warehouse.flows.path("x")


@pytest.mark.parametrize(
    ("ask", "said", "hint"),
    [
        (lambda w: w.netflow(by="chain"), "there is no netflow by chain", "exchange, wallet, total"),
        (lambda w: w.netflow(first="May"), "'May' is not a date", "YYYY-MM-DD"),
        (lambda w: w.destinations(by="size"), "there is no ranking of destinations by size", "amount, count"),
        (lambda w: w.anomalies(method="magic"), "there is no method magic", "rank, trailing, robust, inclusive"),
        (lambda w: w.findings(typology="x"), "there is no typology x", "rapid_chain"),
        (lambda w: w.finding("x"), "there is no finding x", "lists them"),
        (lambda w: w.risk("0xnobody"), "0xnobody stands in no transfer and no label", "check the address"),
        (lambda w: w.wallet("0xnobody"), "0xnobody stands in no transfer", "check the address"),
        (lambda w: w.smart_money(category="x"), "there is no category x", "mev_bot"),
        (lambda w: w.alerts(severity="low"), "there is no severity low", "CRITICAL, HIGH, MEDIUM"),
        (lambda w: w.flows.group("x"), "there is no group x", "lists them"),
        (lambda w: w.saved("weekly"), "there is no saved question weekly", "did you mean weekly_volume"),
        (lambda w: w.saved("entity_days"), "entity_days lacks entity", "entity=text"),
        (lambda w: w.sql("SELECT $a"), "takes a, given is nothing", "$NAME"),
        (lambda w: w.sql("DROP TABLE raw.loads"), "DROP is not a question", "give a SELECT"),
        (lambda w: w.sql("FROM read_text('/etc/passwd')"), "disabled by configuration", "SHOW ALL TABLES"),
        (lambda w: w.sql("FROM w"), "w does not exist", "SHOW ALL TABLES"),
        (lambda w: w.netflow(as_="spark"), "there is no kind of frame spark", "pandas, arrow, polars"),
        (lambda w: nf.open("/nowhere"), "no published warehouse at /nowhere", "netraflow demo"),
    ],
)
def test_refusals_are_those_of_the_command_line(
    ask: Callable[[Warehouse], Any], said: str, hint: str, warehouse: Warehouse
) -> None:
    with pytest.raises(nf.FlowError) as refusal:
        ask(warehouse)
    assert said in refusal.value.message
    assert hint in refusal.value.hint


def test_polars_is_named_where_it_is_not_installed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(nf.FlowError, match="polars is not installed") as refusal:
        nf.open(data, frames="polars")
    assert "pip install polars" in refusal.value.hint


def test_polars_frames_hold_the_same_amounts(data: Path) -> None:
    pytest.importorskip("polars", reason="polars is not installed; an environment of its own may have it")
    assert nf.open(data, frames="polars").netflow(token="BIG")["netflow"].to_list() == [LARGE, LARGE]


def test_an_open_warehouse_sees_what_is_published_and_holds_no_file(data: Path, tmp_path: Path) -> None:
    link, later = tmp_path / "warehouse.duckdb", tmp_path / "later.duckdb"
    published = (data / "warehouse.duckdb").resolve()
    link.symlink_to(published)
    warehouse = nf.open(tmp_path)
    count = "SELECT count(*)::INTEGER AS n FROM ops.publications"
    before = warehouse.sql(count)["n"][0]
    held = [path for path in Path("/proc/self/fd").iterdir() if path.resolve() == published]
    assert held == []
    shutil.copy(published, later)
    later.chmod(0o644)
    with duckdb.connect(str(later)) as connection:
        connection.execute("DELETE FROM ops.publications")
    link.unlink()
    link.symlink_to(later)
    assert (before > 0, warehouse.sql(count)["n"].tolist()) == (True, [0])
    answers: list[int] = []
    threads = [Thread(target=lambda: answers.extend(warehouse.sql(count)["n"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [0] * 4


def test_the_package_imports_nothing_large() -> None:
    code = (
        "import sys, flow_pipeline; print(*{'duckdb', 'pandas', 'pyarrow', 'dagster', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == []
