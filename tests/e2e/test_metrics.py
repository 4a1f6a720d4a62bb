"""Figures are those of the warehouse and the ledger; a real Prometheus, the dashboard and the rules read only these."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from flow_pipeline.alerts import ledger
from flow_pipeline.alerts.metrics import _LEDGER, _PUBLISHED, _TIP, write_textfile
from flow_pipeline.reports import exports
from flow_pipeline.settings import Settings, load_settings
from tests.conftest import ROOT, ask, build, label_file, transfer, write_csv

OPERATIONS = ROOT / "docs" / "operations"
EXCHANGE, USER = "0x" + "e" * 40, "0x" + "1" * 40


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("metrics")
    labels = label_file(
        folder / "l.csv", [["ethereum", EXCHANGE, "Harbour", "exchange", "hot", 0.9, "a test", "2020-01-01", ""]]
    )
    settings = load_settings(folder / "data").with_changes(
        labels={"files": (labels,)},
        reports={"metrics_file": folder / "figures.prom"},
        alerts={
            "channels": {"log": {"kind": "file", "path": folder / "sent.jsonl"}},
            "transfer_by_token": {"ETH": (10, 100, 1_000)},
        },
    )
    rows = [transfer(n, USER, EXCHANGE, 150 if n == 1 else 2, f"2025-05-0{n}T12:00:00Z") for n in range(1, 9)]
    write_csv(folder / "in" / "t.csv", [*rows, transfer(99, USER, EXCHANGE, "broken"), rows[0]])
    build(settings, folder / "in")
    return settings


def figures(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_file_of_a_run_has_the_figures_of_the_warehouse(published: Settings) -> None:
    assert published.reports.metrics_file is not None
    found = figures(published.reports.metrics_file.read_text())
    assert found["netraflow_up", ()] == 1
    loads = ask(
        published, "SELECT sum(rows_read), sum(rows_loaded), sum(rows_duplicate), sum(rows_rejected) FROM raw.loads"
    )[0]
    assert [found["netraflow_rows", (("stage", stage),)] for stage in ("read", "loaded", "duplicate", "rejected")] == [
        float(str(count)) for count in loads
    ]
    assert sum(value for (name, _), value in found.items() if name == "netraflow_rejected_rows") == 1
    assert found["netraflow_label_coverage_ratio", ()] == 1.0
    assert 0 < found["netraflow_run_duration_seconds", ()] < 600
    assert 0 <= found["netraflow_publish_age_seconds", ()] < 600
    assert found["netraflow_alerts", (("rule", "large_transfer"), ("severity", "HIGH"), ("status", "open"))] == 1
    assert found["netraflow_messages_sent", (("channel", "log"),)] >= 1


def test_nothing_published_is_a_figure_too(settings: Settings, tmp_path: Path) -> None:
    write_textfile(settings, tmp_path / "figures.prom")
    assert figures((tmp_path / "figures.prom").read_text()) == {("netraflow_up", ()): 0, ("netraflow_ledger_up", ()): 0}
    ledger.record_failure(settings, "run-1", "a reason")
    write_textfile(settings, tmp_path / "figures.prom")
    found = figures((tmp_path / "figures.prom").read_text())
    assert found["netraflow_alerts", (("rule", "run_failed"), ("severity", "HIGH"), ("status", "open"))] == 1


def test_a_device_is_written_to_and_stays_one(settings: Settings, tmp_path: Path) -> None:
    reader, writer = os.openpty()
    device = Path(os.ttyname(writer))
    write_textfile(settings, device)
    assert b"netraflow_up 0.0" in os.read(reader, 4_096)
    exports.write_whole(device, lambda path: path.write_text("a bundle\n"))
    assert b"a bundle" in os.read(reader, 4_096)
    assert device.is_char_device()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(pipe.read_text)
        exports.write_whole(pipe, lambda path: path.write_text("a bundle\n"))
        assert read.result(timeout=10) == "a bundle\n"
    assert pipe.is_fifo()
    for end in (reader, writer):
        os.close(end)


def test_the_tip_has_figures_while_something_follows(settings: Settings, tmp_path: Path) -> None:
    of = {key: 7 for _, _, key in _TIP.values()}
    written = {
        "written_at": datetime.now(UTC).isoformat(),
        "sources": [{"source": "evm:anvil", **of, "lag_blocks": None}],
        "latency": {"bounds": [0.1, 1.0], "counts": [3, 1, 2], "sum": 9.5},
    }
    settings.live_dir.mkdir(parents=True)
    (settings.live_dir / "status.json").write_text(json.dumps(written))
    write_textfile(settings, tmp_path / "figures.prom")
    found = figures((tmp_path / "figures.prom").read_text())
    assert found["netraflow_live_up", ()] == 1
    assert found["netraflow_live_transfers_total", (("source", "evm:anvil"),)] == 7
    assert ("netraflow_live_lag_blocks", (("source", "evm:anvil"),)) not in found
    assert [
        found["netraflow_live_alert_latency_seconds_bucket", (("le", bound),)] for bound in ("0.1", "1.0", "+Inf")
    ] == [3, 4, 6]


def test_dashboard_and_rules_ask_for_figures_that_exist() -> None:
    tip = [f"{name}_total" if grows else name for name, (_, grows, _) in _TIP.items()]
    more = ("up", "ledger_up", "publish_age_seconds", "live_up", "live_alert_latency_seconds_bucket")
    known = {f"netraflow_{name}" for name in (*_PUBLISHED, *_LEDGER, *tip, *more)}
    dashboard = json.loads((OPERATIONS / "grafana.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((OPERATIONS / "prometheus.rules.yml").read_text())
    asked += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    names = {name for expression in asked for name in re.findall(r"netraflow_\w+", expression)}
    assert names <= known
    assert known - names <= {"netraflow_ledger_up", "netraflow_last_publish_timestamp_seconds"}, "every figure is shown"
    guide = (ROOT / "docs" / "operations.md").read_text()
    for rule in (rule["alert"] for group in rules["groups"] for rule in group["rules"]):
        assert f"`{rule}`" in guide, "the guide says what to do"


@pytest.fixture
def served(published: Settings) -> Iterator[str]:
    """The address at which the command serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flow_pipeline", "--data-dir", str(published.data_dir), "metrics", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    yield line.split("http://")[1].split("/")[0]
    process.terminate()
    process.wait(timeout=20)
    process.stderr.close()


def test_the_command_serves_on_loopback(served: str) -> None:
    assert served.startswith("127.0.0.1:")
    with urllib.request.urlopen(f"http://{served}/metrics", timeout=20) as answer:
        assert figures(answer.read().decode())["netraflow_up", ()] == 1


@pytest.mark.slow
def test_promtool_accepts_rules_config_and_figures(published: Settings) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on this machine; Debian has it in package prometheus")
    subprocess.run([promtool, "check", "config", str(OPERATIONS / "prometheus.yml")], check=True, capture_output=True)
    assert published.reports.metrics_file is not None
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=published.reports.metrics_file.read_bytes(),
        check=False,
        capture_output=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


RULE_TEST = """
rule_files: [{rules}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'netraflow_alerts{{rule="run_failed", severity="HIGH", status="open"}}', values: '_x5 1x10'}}
      - {{series: netraflow_publish_age_seconds, values: '90000+3600x20'}}
    alert_rule_test:
      - {{eval_time: 4m, alertname: NetraflowRunFailed, exp_alerts: []}}
      - eval_time: 8m
        alertname: NetraflowRunFailed
        exp_alerts:
          - exp_labels: {{rule: run_failed, severity: critical, status: open}}
            exp_annotations: {{summary: "{summary}", action: "{action}"}}
"""


@pytest.mark.slow
def test_the_first_failure_of_all_fires_its_rule(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on this machine; Debian has it in package prometheus")
    rules = OPERATIONS / "prometheus.rules.yml"
    rule = next(
        rule
        for rule in yaml.safe_load(rules.read_text())["groups"][0]["rules"]
        if rule["alert"] == "NetraflowRunFailed"
    )
    (tmp_path / "test.yml").write_text(RULE_TEST.format(rules=rules, **rule["annotations"]))
    done = subprocess.run(
        [promtool, "test", "rules", str(tmp_path / "test.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_prometheus_scrapes_it(served: str, tmp_path: Path) -> None:
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("no prometheus on this machine; Debian has it as package prometheus")
    config = yaml.safe_load((OPERATIONS / "prometheus.yml").read_text())
    config["global"]["scrape_interval"] = "1s"
    config["rule_files"] = [str(OPERATIONS / "prometheus.rules.yml")]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [served]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    process = subprocess.Popen(
        [prometheus, f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline, seen = time.monotonic() + 60, []
        while not seen and time.monotonic() < deadline:
            time.sleep(0.5)
            try:
                query = "netraflow_alerts%7Brule%3D%22large_transfer%22%2Cstatus%3D%22open%22%7D"
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={query}", timeout=5) as answer:
                    seen = json.load(answer)["data"]["result"]
            except OSError:
                continue
        assert [result["value"][1] for result in seen] == ["1"]
    finally:
        process.terminate()
        process.wait(timeout=30)
