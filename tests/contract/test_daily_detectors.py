"""A daily detector is one file, and what it finds appears wherever findings appear."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

import flow_pipeline.detectors as room
from flow_pipeline.alerts import ledger
from flow_pipeline.cli.analyze import summarise
from flow_pipeline.cli.settings import explained
from flow_pipeline.detection.daily import run_detector
from flow_pipeline.detectors.daily import check_parameters, parameters_of
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.reports.report import write_report
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.days import needs_build
from flow_pipeline.warehouse.store import open_build
from tests.conftest import ask, build, label_file, transfer, write_csv
from tests.worlds import command, plugged_in

EXCHANGE, USER = "0x" + "e" * 40, "0x" + "1" * 40
DETECTOR = '''
"""Days on which more than an amount came in."""
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field
from flow_pipeline.detectors.daily import daily_findings
from flow_pipeline.settings import Section

NAME, VERSION, WRITES = "inflow_limit", "7", ()
SAYS = "More than an amount came in on a day."
READS = "select *, exchange as scope from marts.fct_daily_exchange_netflow"

class Parameters(Section):
    limit: float = Field(1e6, gt=0, description="token units that may come in on a day")

def detect(series, settings, parameters):
    flagged = series.filter(pc.greater(series["inflow"].cast(pa.float64()), parameters.limit))
    none = pa.nulls(len(flagged), pa.float64())
    for name in ("baseline_mean", "baseline_std", "zscore"):
        flagged = flagged.append_column(name, none)
    flagged = flagged.append_column("threshold", pa.array([parameters.limit] * len(flagged)))
    for name, word in (("direction", "high"), ("severity", "HIGH")):
        flagged = flagged.append_column(name, pa.array([word] * len(flagged), pa.string()))
    return {"daily_findings": daily_findings(flagged, "inflow")}
'''


@pytest.fixture
def plugged(tmp_path: Path) -> Iterator[None]:
    """The room with one more file."""
    with plugged_in(room, tmp_path / "plugs", "inflow_limit", DETECTOR, room.discover):
        yield


def world(settings: Settings, folder: Path) -> Settings:
    """Thirty days of an exchange: uneven ones, then much comes in, then much goes out."""
    labels = label_file(
        folder / "l.csv", [["ethereum", EXCHANGE, "Harbour", "exchange", "hot", 0.9, "a test", "2020-01-01", ""]]
    )
    quiet = [
        transfer(1_000 + 10 * n + way, *ends, 10 + n * step % 11, f"{date(2025, 4, 10) + timedelta(days=n)}T12:00:00Z")
        for n in range(28)
        for way, (step, ends) in enumerate(((3, (USER, EXCHANGE)), (5, (EXCHANGE, USER))))
    ]
    loud = [
        transfer(98, USER, EXCHANGE, 500, "2025-05-08T12:00:00Z"),
        transfer(99, EXCHANGE, USER, 90_000, "2025-05-09T12:00:00Z"),
    ]
    write_csv(folder / "in" / "t.csv", [*quiet, *loud])
    return settings.with_changes(labels={"files": (labels,)}, reports={"metrics_file": folder / "figures.prom"})


@pytest.mark.usefixtures("plugged")
def test_a_daily_detector_is_one_file(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETRAFLOW_ANOMALIES__INFLOW_LIMIT__LIMIT", "400")
    given = world(load_settings(settings.data_dir), tmp_path)
    assert [
        "anomalies.inflow_limit.limit",
        "400",
        "environment",
        "1e+06",
        "token units that may come in on a day",
    ] in explained(given)
    result = build(given, tmp_path / "in")
    reason = "inflow of Harbour on 2025-05-08 is 500 ETH."
    assert ask(
        given,
        "SELECT detector_version, scope, measure, value, threshold, direction, severity, reason "
        "FROM detection.daily_findings WHERE detector = 'inflow_limit'",
    ) == [("7", "Harbour", "inflow", 500.0, 400.0, "high", "HIGH", reason)]
    capsys.readouterr()
    assert command("--data-dir", given.data_dir, "anomalies", "--detector", "inflow_limit", "--json") == 0
    assert [row["reason"] for row in json.loads(capsys.readouterr().out)] == [reason]
    columns, rows = ledger.listed(given, None, "daily_finding", None, None)
    titles = [str(row[columns.index("title")]) for row in rows]
    assert [title for title in titles if title.startswith("inflow_limit: ")] == [f"inflow_limit: {reason}"]
    assert given.reports.metrics_file is not None
    figures = given.reports.metrics_file.read_text()
    assert 'netraflow_daily_findings{detector="inflow_limit",severity="HIGH"} 1.0' in figures
    assert summarise(given, result, 0.0)["daily_findings"]["inflow_limit"] == 1
    with (given.exports_dir / "daily_findings.csv").open() as file:
        assert reason in {row["reason"] for row in csv.DictReader(file)}
    page = write_report(given, "daily", date(2025, 5, 8))[0].read_text()
    assert "Other daily findings" in page
    assert reason in page
    with open_build(given) as connection:
        assert not needs_build(connection, given)
        assert needs_build(connection, given.with_changes(anomalies={"inflow_limit": {"limit": 600}}))


@pytest.mark.usefixtures("plugged")
@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"inflow_limit": {"limti": 1}}, "anomalies.inflow_limit.limti: there is no such setting"),
        ({"inflow_limit": {"limit": -1}}, "anomalies.inflow_limit.limit: "),
        ({"inflow_limits": {"limit": 1}}, "anomalies.inflow_limits is not a setting"),
        ({"outflow_surge": {"limit": 1}}, "anomalies.outflow_surge has no parameters"),
    ],
)
def test_sections_that_say_nothing_are_refused_by_name(
    settings: Settings, section: dict[str, object], key: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        check_parameters(settings.with_changes(anomalies=section).anomalies)
    assert refusal.value.message.startswith(key)
    assert "settings --explain" in refusal.value.hint


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('VERSION, WRITES = "inflow_limit", "7", ()', 'VERSION = "inflow_limit", "7"', "it has no WRITES"),
        ('"7", ()', '"7", ""', "its WRITES '' is not of type tuple"),
        ("READS =", "READ =", "it has no READS"),
        ('"inflow_limit"', '"inflow"', "its NAME 'inflow' is not the file's"),
        ("def detect", "def detects", "has a NAME and neither detect nor find"),
    ],
)
def test_a_file_that_lacks_something_is_refused_by_name(before: str, after: str, said: str, tmp_path: Path) -> None:
    assert before in DETECTOR
    with (
        plugged_in(room, tmp_path, "inflow_limit", DETECTOR.replace(before, after), room.discover),
        pytest.raises(FlowError) as refusal,
    ):
        room.discover()
    assert "inflow_limit.py " in refusal.value.message
    assert said in refusal.value.message


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("marts.fct_daily_exchange", "marts.fct_exchange", "its READS can not be asked: Catalog Error"),
        ('"daily_findings":', '"findings":', "detect returns no daily_findings"),
    ],
)
def test_a_detector_that_can_not_run_is_named(
    before: str, after: str, said: str, settings: Settings, tmp_path: Path
) -> None:
    given = world(settings, tmp_path)
    build(given, tmp_path / "in")
    assert before in DETECTOR
    with (
        plugged_in(room, tmp_path / "plugs", "inflow_limit", DETECTOR.replace(before, after), room.discover),
        open_build(given) as connection,
        pytest.raises(FlowError) as refusal,
    ):
        run_detector(connection, room.discover()["inflow_limit"], given)
    assert refusal.value.message.startswith(f"daily detector inflow_limit: {said}")


@pytest.mark.usefixtures("plugged")
def test_parameters_come_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "netraflow.toml").write_text("[anomalies]\nwindow_days = 9\n[anomalies.inflow_limit]\nlimit = 3\n")
    found = load_settings(file=tmp_path / "netraflow.toml").anomalies
    assert (found.window_days, parameters_of("inflow_limit", found).limit) == (9, 3.0)


def test_the_union_agrees_with_the_tables_of_its_detectors(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = world(settings, tmp_path)
    build(given, tmp_path / "in")
    shared = "block_date, chain, token_symbol, token_address, scope, {}::DOUBLE, baseline_mean, e_value, "
    for detector, table, measure, direction in (
        ("netflow_anomaly", "netflow_anomalies", "netflow", "direction"),
        ("outflow_surge", "outflow_surges", "outflow", "'high'"),
    ):
        own = ask(
            given,
            f"SELECT {shared.format(measure)} threshold, {direction}, severity FROM detection.{table} ORDER BY ALL",
        )
        union = ask(
            given,
            f"SELECT {shared.format('value')} threshold, direction, severity FROM detection.daily_findings "
            f"WHERE detector = '{detector}' AND measure = '{measure}' ORDER BY ALL",
        )
        assert own == union != []
        reasons = ask(given, f"SELECT reason FROM detection.daily_findings WHERE detector = '{detector}'")
        assert all(str(text).endswith(".") and " ETH" in str(text) for (text,) in reasons)
        columns, rows = ledger.listed(given, None, "daily_finding", None, None)
        titles = [str(row[columns.index("title")]) for row in rows]
        assert [title for title in titles if title.startswith(f"{detector}: ")] == [], "it has a rule of its own"
        columns, rows = ledger.listed(given, None, detector, None, None)
        scopes = {str(row[columns.index("title")]).split(":")[0] for row in rows}
        assert scopes == {"Harbour"}, "a total that is one exchange's is told once, and no wallet"
    capsys.readouterr()
    assert command("--data-dir", given.data_dir, "anomalies", "--detector", "nobody") == 2
    assert f"choose from {', '.join(sorted(room.discover()))};" in capsys.readouterr().err
    assert command("--data-dir", given.data_dir, "anomalies", "--detector", "outflow_surge", "--surges") == 2
