"""Dagster: the whole job on real files, checks that stop, sensors, and the served UI."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.domain.tables import USER_TABLES
from flow_pipeline.questions.publications import next_publication
from flow_pipeline.settings import load_settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import ROOT, U, V, hearing_interrupts, transfer, write_csv
from tests.worlds import environment

# Dagster warns about its own previews and keeps settings per process: each check runs in a process of its own.
JOB = """
import json, sys
import dagster as dg
from flow_pipeline.definitions import defs
found = defs()
job = found.resolve_job_def("daily_flow")
with dg.DagsterInstance.ephemeral() as instance:
    tags = {"dagster/asset_partition_range_start": sys.argv[1], "dagster/asset_partition_range_end": sys.argv[2]}
    result = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    above = found.resolve_asset_graph().get(dg.AssetKey(["ops", "publications"])).parent_keys
    print("RESULT", json.dumps({
        "success": result.success,
        "published_after": sorted("/".join(key.path) for key in above),
        "assets": sorted("/".join(e.asset_key.path) for e in result.all_events
                         if e.event_type_value == "ASSET_MATERIALIZATION"),
        "pictures": {"/".join(e.asset_key.path): "data:image/png;base64,"
                     in str(e.step_materialization_data.materialization.metadata.get("picture"))
                     for e in result.all_events
                     if e.event_type_value == "ASSET_MATERIALIZATION" and e.asset_key.path[-1] == "reports"},
        "checks": {e.event_specific_data.check_name: e.event_specific_data.passed for e in result.all_events
                   if e.event_type_value == "ASSET_CHECK_EVALUATION"},
    }))
"""


def python(code: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(**more),
        check=False,
    )


def run_job(data: Path, first: str, last: str, **more: str) -> dict[str, object]:
    done = python(JOB, first, last, NETRAFLOW_DATA_DIR=str(data), **more)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stderr[-3000:]
    return dict(json.loads(lines[0].removeprefix("RESULT ")))


@pytest.mark.slow
def test_the_job_builds_every_asset_and_publishes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_csv(data / "inbox" / "t.csv", [transfer(n, U, V, n, at=f"2025-05-0{n}") for n in (1, 2, 3)])
    found = run_job(data, "2025-05-01", "2025-05-02")
    assert found["success"] is True
    assert {
        "raw/transfers",
        "raw/labels",
        "marts/fct_transfers",
        "detection/netflow_scores",
        "ops/publications",
        "ops/alerts",
        "reports",
    } <= set(found["assets"])  # type: ignore[call-overload]
    assert all(found["checks"].values())  # type: ignore[attr-defined]
    assert found["checks"]["report_is_written"]  # type: ignore[index]
    written = {f"{table.schema}/{table.name}" for table in USER_TABLES if table.schema in ("detection", "marts")}
    assert written <= set(found["published_after"]) & set(found["assets"])  # type: ignore[call-overload]
    import duckdb

    with duckdb.connect(str((data / "warehouse.duckdb").resolve()), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM marts.fct_transfers").fetchall() == [(2,)]
    assert (data / "reports" / "daily-2025-05-02.html").is_file()
    assert found["pictures"] == {"reports": True}
    with open_published(load_settings(data)) as connection:
        assert next_publication(connection, "") is None, "Dagster knows what it made itself"


@pytest.mark.slow
def test_a_blocking_check_stops_the_stages_below(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_csv(data / "inbox" / "t.csv", [transfer(1, U, V, 1, at="2025-05-01"), transfer(2, U, V, -1, at="2025-05-01")])
    found = run_job(data, "2025-05-01", "2025-05-01", NETRAFLOW_QUALITY__MAX_REJECT_SHARE="0")
    assert found["success"] is False
    assert found["checks"]["reject_share_is_allowed"] is False  # type: ignore[index]
    assert "ops/publications" not in found["assets"]  # type: ignore[operator]
    assert not (data / "warehouse.duckdb").exists()


DEFINITIONS = """
import json
import dagster as dg
from flow_pipeline.definitions import defs
graph = defs().resolve_asset_graph()
for key in graph.get_all_asset_keys():
    node = graph.get(key)
    assert (node.description or "").startswith(("One row per ", "One page per ", "One version per ")), key
    assert node.owners and node.group_name, key
    assert node.kinds if hasattr(node, "kinds") else True, key
    assert node.partitions_def is None or node.backfill_policy == dg.BackfillPolicy.single_run(), key
    is_part = len(key.path) > 2 or key.path[0] in ("reports", "models")
    assert is_part or "dagster/column_schema" in node.metadata, key
for key in graph.asset_check_keys:
    assert graph.has(key.asset_key), key
job = defs().resolve_job_def("daily_flow")
from flow_pipeline.defs.automation import inbox
with dg.DagsterInstance.ephemeral() as instance:
    def tick(cursor):
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return inbox.evaluate_tick(context)
    from flow_pipeline.defs.common import settings
    assert tick(None).skip_message
    settings().inbox.mkdir(parents=True)
    (settings().inbox / "a.csv").write_text("x")
    first = tick(None)
    assert len(first.run_requests) == 1
    assert tick(first.cursor).skip_message
    (settings().inbox / "b.csv").write_text("y")
    assert len(tick(first.cursor).run_requests) == 1
    (settings().landing / "ethereum" / "evm-1").mkdir(parents=True)
    (settings().landing / "ethereum" / "evm-1" / "_plan.json").write_text("{}")
    both = tick(first.cursor)
    assert tick(both.cursor).skip_message
    (settings().landing / "ethereum" / "evm-1" / "0-9.parquet").write_text("z")
    assert len(tick(both.cursor).run_requests) == 1
    import datetime
    from flow_pipeline.defs.tip import tip as tip_sensor
    look = lambda cursor: tip_sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert look(None).skip_message == "nothing is followed"
    of = {name: 7 for name in ("last_block", "lag_blocks", "lag_seconds", "final", "transfers", "reorganisations")}
    settings().live_dir.mkdir(parents=True)
    now = datetime.datetime.now(datetime.UTC)
    cursor = None
    for written, count, passed in ((now, 4, True), (now, 3, None), (now - datetime.timedelta(seconds=60), 1, False)):
        text = json.dumps({"written_at": written.isoformat(), "sources": [{"source": "evm:anvil", **of}]})
        (settings().live_dir / "status.json").write_text(text)
        found = look(cursor)
        assert len(found.asset_events) == count
        checks = [event.passed for event in found.asset_events if isinstance(event, dg.AssetCheckEvaluation)]
        assert checks == ([] if passed is None else [passed])
        cursor = found.cursor
    assert look(cursor).skip_message
print("FINE", len(list(graph.get_all_asset_keys())))
"""


def test_assets_are_described_and_the_inbox_sensor_asks_once(tmp_path: Path) -> None:
    done = python(DEFINITIONS, NETRAFLOW_DATA_DIR=str(tmp_path / "data"))
    assert "FINE" in done.stdout, done.stderr[-3000:]


MODEL = """
import json
import dagster as dg
from flow_pipeline.defs.training import rank_wallets_again, scoring, smart_money_model, smart_money_scoring
with dg.DagsterInstance.ephemeral() as instance:
    result = dg.materialize([smart_money_model], instance=instance)
    said = result.asset_materializations_for_node("models__smart_money")[0].metadata
    again = smart_money_scoring.execute_in_process(instance=instance)
    tick = scoring.evaluate_tick(dg.build_sensor_context(instance=instance))
    print("RESULT", json.dumps([result.success, str(said["no model"].value), again.success, tick.skip_message]))
"""


@pytest.mark.slow
def test_a_model_without_examples_is_said_and_the_formula_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_csv(data / "inbox" / "t.csv", [transfer(1, U, V, 1, at="2025-05-01")])
    subprocess.run(
        [sys.executable, "-m", "flow_pipeline", "--data-dir", str(data), "run"],
        env=environment(),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    before = (data / "warehouse.duckdb").resolve()
    done = python(MODEL, NETRAFLOW_DATA_DIR=str(data))
    assert "RESULT" in done.stdout, done.stderr[-3000:]
    trained, said, scored, skipped = json.loads(done.stdout.splitlines()[-1].removeprefix("RESULT "))
    assert trained
    assert scored
    assert "there is no example to learn from" in said
    assert "ranked by what is in production" in skipped
    assert (data / "warehouse.duckdb").resolve() != before, "scoring anew publishes"


SENSORS = """
import json
import dagster as dg
from flow_pipeline.alerts.ledger import listed
from flow_pipeline.defs.automation import alert_sender, failures
from flow_pipeline.defs.common import settings

@dg.op
def breaks():
    raise ValueError("no")

@dg.job
def broken():
    breaks()

import sys
with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
    result = broken.execute_in_process(instance=instance, raise_on_error=False)
    event = next(e for e in result.all_events if e.event_type_value == "PIPELINE_FAILURE")
    context = dg.build_run_status_sensor_context(
        sensor_name="failures", dagster_instance=instance, dagster_run=result.dagster_run, dagster_event=event
    )
    for _ in range(2):
        failures(context.for_run_failure())
    tick = alert_sender.evaluate_tick(dg.build_sensor_context(instance=instance))
    print("RESULT", json.dumps([[row[5], row[7]] for row in listed(settings(), None, None, None, None)[1]]),
          tick.skip_message)
"""


def test_a_run_that_fails_is_told_once(tmp_path: Path) -> None:
    secret = "s3cr3t-token-nobody-may-see"
    channels = {
        "NETRAFLOW_ALERTS__CHANNELS__LOG__KIND": "file",
        "NETRAFLOW_ALERTS__CHANNELS__LOG__PATH": str(tmp_path / "sent.jsonl"),
    }
    channels |= {
        "NETRAFLOW_ALERTS__CHANNELS__HOOK__KIND": "webhook",
        "NETRAFLOW_ALERTS__CHANNELS__HOOK__URL_ENV": "NETRAFLOW_SECRET_HOOK",
    }
    (tmp_path / "dagster").mkdir()
    done = python(
        SENSORS,
        str(tmp_path / "dagster"),
        NETRAFLOW_DATA_DIR=str(tmp_path / "data"),
        NETRAFLOW_SECRET_HOOK=f"http://127.0.0.1:1/{secret}",
        **channels,
    )
    assert "RESULT" in done.stdout, done.stderr[-3000:]
    assert "run_failed" in done.stdout
    assert "0 messages sent, 1 wait" in done.stdout, "the failure sensor had sent it to the channel that works"
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 5
    assert [path for path in written if secret.encode() in path.read_bytes()] == []
    assert secret not in done.stdout + done.stderr
    assert [json.loads(line)["alerts"][0]["rule"] for line in (tmp_path / "sent.jsonl").read_text().splitlines()] == [
        "run_failed"
    ]


GATE = """
import json
import dagster as dg
from flow_pipeline import pipeline
from flow_pipeline.definitions import defs
from flow_pipeline.defs.common import daily, settings
from flow_pipeline.defs.told import command_runs
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.warehouse import dbt
from flow_pipeline.warehouse.store import open_build, table_counts

def run():
    return pipeline.run(settings(), settings().inbox, Window(), LoadOptions())

def dies(*given, **more):
    raise RuntimeError("killed")

repository = defs().get_repository_def()
# Without its checks: whoever leaves them out gets no further.
job = repository.get_implicit_global_asset_job_def()
tags = {"dagster/asset_partition_range_start": "2025-05-01", "dagster/asset_partition_range_end": "2025-05-02"}

def materialize(instance, *keys):
    part = job.get_subset(asset_selection={dg.AssetKey(key) for key in keys}, asset_check_selection=set())
    result = part.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    errors = [str(e.event_specific_data.error.cause or e.event_specific_data.error) for e in result.all_events
              if e.event_type_value == "STEP_FAILURE"]
    return [result.success, "".join(errors), settings().published_link.exists()]

def tell(instance, cursor):
    context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
    tick = command_runs.evaluate_tick(context)
    for event in tick.asset_events:
        instance.report_runless_asset_event(event)
    return tick.cursor, len(tick.asset_events)

with dg.DagsterInstance.local_temp() as instance:
    built, dbt.transform = dbt.transform, dies
    try:
        run()
    except RuntimeError as error:
        assert str(error) == "killed"
    dbt.transform = built
    alone = materialize(instance, ["ops", "publications"])
    part = materialize(instance, ["staging", "stg_raw__labels"])
    after_part = materialize(instance, ["ops", "publications"])
    with open_build(settings()) as connection:
        waiting = table_counts(connection, ["store.dirty_days"])["store.dirty_days"]
    nothing = tell(instance, None)
    run()
    ticks, cursor = [], None
    for _ in range(4):
        cursor, count = tell(instance, cursor)
        ticks.append(count)
    daily.cache_clear()
    transfers = dg.AssetKey(["marts", "fct_transfers"])
    event = instance.get_latest_materialization_event(transfers).asset_materialization
    check = dg.AssetCheckKey(dg.AssetKey(["raw", "loads"]), "rows_are_accounted_for")
    print("RESULT", json.dumps({
        "alone": alone, "part": part, "after_part": after_part, "waiting": waiting, "nothing": nothing, "ticks": ticks,
        "published": settings().published_link.exists(),
        "first": daily().get_first_partition_key(),
        "days": sorted(instance.get_materialized_partitions(transfers)),
        "last": event.partition,
        "facts": {name: str(value.value) for name, value in event.metadata.items()},
        "made_of": [[dep.asset_key.to_user_string(), dep.column_name] for dep in
                    event.metadata["dagster/column_lineage"].lineage.deps_by_column["amount"]],
        "unchecked": sorted(key.to_user_string() for key in repository.asset_graph.asset_check_keys
                            if not instance.event_log_storage.get_asset_check_execution_history(key, limit=1)),
        "checked": len(instance.event_log_storage.get_asset_check_execution_history(check, limit=5)),
    }))
"""
OUT_OF_DATE = "nothing was published: the marts are older than what is loaded"


@pytest.mark.slow
def test_dagster_publishes_what_is_whole_and_tells_the_runs_of_the_command_once(tmp_path: Path) -> None:
    """Nothing behind a command that died, nor after a part of the models; then a whole run, which becomes events."""
    data = tmp_path / "data"
    write_csv(data / "inbox" / "t.csv", [transfer(n, U, V, n, at=f"2025-05-{n:02}", symbol="|B*") for n in range(1, 6)])
    found = result_of(python(GATE, NETRAFLOW_DATA_DIR=str(data), NETRAFLOW_SCHEDULE__TELL_EVENTS="200"))
    assert found["part"][0], "a part of the models can be built"
    for is_success, why, is_published in (found["alone"], found["after_part"]):
        assert not is_success
        assert OUT_OF_DATE in why
        assert not is_published
    assert found["waiting"] == 5
    assert found["nothing"] == [None, 0]
    assert found["published"]
    assert found["first"] == "2025-05-01", "partitions begin with the data"
    assert found["ticks"][0] == 200, "a history takes several looks"
    assert found["ticks"][1] > 0
    assert found["ticks"][2:] == [0, 0], "nothing is told twice"
    assert found["days"] == [f"2025-05-0{n}" for n in range(1, 6)]
    assert found["last"] == "2025-05-05"
    assert found["facts"]["dagster/row_count"] == "5"
    assert found["facts"]["window"] == "2025-05-01 to 2025-05-05"
    assert found["facts"]["run"]
    assert "\\|B\\*" in found["facts"]["sample rows"], "what a stranger wrote is plain"
    assert found["checked"] == 1
    assert found["made_of"] == [["raw/transfers", "amount"]], "the store is shown under the name that people read"
    others = ["live/transfers:is_in_time", "reports:report_is_written"]
    assert found["unchecked"] == others, "dbt's tests of the models are told as well"


def result_of(done: subprocess.CompletedProcess[str]) -> Any:
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stderr[-3000:]
    return json.loads(lines[-1].removeprefix("RESULT "))


@pytest.mark.slow
def test_the_web_ui_serves_the_location_on_loopback(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "flow_pipeline", "--data-dir", str(tmp_path), "ui", "--port", str(port)]
    # The web server ends its code servers by interrupting them.
    with hearing_interrupts():
        server = subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
    try:
        query = json.dumps(
            {"query": "{repositoriesOrError{... on RepositoryConnection{nodes{location{name} jobs{name}}}}}"}
        ).encode()
        deadline = time.monotonic() + 90
        while True:
            try:
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}/graphql", data=query, headers={"Content-Type": "application/json"}
                )
                with urllib.request.urlopen(request, timeout=10) as answer:
                    nodes = json.load(answer)["data"]["repositoriesOrError"]["nodes"]
                break
            except OSError:
                assert time.monotonic() < deadline, "the web UI did not come up"
                time.sleep(1)
        assert str(tmp_path) in running()
        assert [
            (node["location"]["name"], "daily_flow" in {job["name"] for job in node["jobs"]}) for node in nodes
        ] == [("netraflow", True)]
        server.terminate()
        assert server.wait(timeout=60) == 0
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=10)
        assert str(tmp_path) not in running(), "what Dagster started has ended"
    finally:
        server.kill()
        server.wait(timeout=30)


def running() -> str:
    """Environments of all processes; the code servers of Dagster know their data directory from there alone."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            found.append(path.read_text(errors="replace"))
    return "".join(found)
