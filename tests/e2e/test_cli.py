"""The command as its users call it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import duckdb
import pytest

from flow_pipeline.cli import _spread, command
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.tables import FINDINGS
from flow_pipeline.questions.saved import discover, read
from tests.conftest import ROOT, U, V, transfer, write_csv
from tests.worlds import browse, environment

BINANCE = "0x28c6c06298d514db089934071355e5743bf21d60"


def call(*words: str, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flow_pipeline", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(**more),
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("cli")
    hands = ["0x" + digit * 40 for digit in "6789"]
    chain = [transfer(200 + n, hands[n], hands[n + 1], 4, at=f"2025-05-19T12:0{n}:00Z", symbol="XYZ") for n in range(3)]
    write_csv(
        folder / "in" / "t.csv",
        chain
        + [transfer(n, U, BINANCE, n, at=f"2025-05-{n:02d}") for n in range(1, 20)]
        + [transfer(99, U, BINANCE, 5000, at="2025-05-20")],
    )
    done = call("analyze", str(folder / "in"), "--out", str(folder / "data"))
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["rows"] == {"read": 23, "loaded": 23, "duplicate": 0, "rejected": 0}
    return str(folder / "data")


def test_analyze_writes_its_exports_and_says_when_nothing_is_new(data: str) -> None:
    exports = Path(data) / "exports"
    assert {"outflow_by_day.csv", "top_dests.csv", "exchange_netflow.csv", "netflow.csv", "wallet_netflow.csv"} <= {
        path.name for path in exports.iterdir()
    }
    again = call("analyze", str(Path(data).parent / "in"), "--out", data)
    assert json.loads(again.stdout)["nothing_new"] is True


def test_the_questions_people_ask(data: str) -> None:
    rows = json.loads(
        call(
            "--data-dir", data, "netflow", "--exchange", "binance", "--from", "2025-05-03", "--to", "2025-05-03"
        ).stdout
    )
    assert [(row["exchange"], row["netflow"]) for row in rows] == [("Binance", "3.000000000000000000")]
    assert json.loads(call("--data-dir", data, "netflow", "--total").stdout)[0]["netflow"].startswith("5000")
    assert len(json.loads(call("--data-dir", data, "netflow", "--by-wallet").stdout)) == 20
    top = json.loads(call("--data-dir", data, "destinations", "--top", "1", "--token", "ETH").stdout)
    assert [(row["to_address"], row["entity"], row["transfer_count"]) for row in top] == [(BINANCE, "Binance", 20)]
    flagged = json.loads(call("--data-dir", data, "anomalies").stdout)
    assert ("2025-05-20", "high") in {(row["block_date"], row["direction"]) for row in flagged}
    assert json.loads(call("--data-dir", data, "anomalies", "--threshold", "0.0000001").stdout) == []
    by_trailing = ("--method", "trailing", "--threshold")
    assert json.loads(call("--data-dir", data, "anomalies", *by_trailing, "100000").stdout) == []
    assert json.loads(call("--data-dir", data, "anomalies", *by_trailing, "100").stdout) != []
    wallets = json.loads(call("--data-dir", data, "anomalies", "--by-wallet").stdout)
    assert [(row["scope_type"], row["scope"], row["block_date"]) for row in wallets] == [
        ("wallet", BINANCE, "2025-05-20")
    ]
    rarest = json.loads(call("--data-dir", data, "anomalies", "--top", "2", "--by-wallet").stdout)
    assert [row["scope"] for row in rarest] == [BINANCE, BINANCE]
    assert rarest[0]["e_value"] == wallets[0]["e_value"] < rarest[1]["e_value"]
    best = json.loads(
        call("--data-dir", data, "anomalies", "--top", "2", "--by-exchange", "--method", "inclusive").stdout
    )
    assert [row["scope"] for row in best] == ["Binance", "Binance"]
    surges = call("--data-dir", data, "anomalies", "--surges")
    assert json.loads(surges.stdout) == []
    csv = call("--data-dir", data, "netflow", "--total", "--csv").stdout.splitlines()
    assert csv[0].startswith("block_date,chain,token_symbol")


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '/tmp/netraflow-never.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "FROM '/etc/passwd'",
        "ATTACH '/tmp/netraflow-never.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "INSERT INTO raw.labels SELECT * FROM raw.labels",
        "DELETE FROM store.transfers",
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW raw.transfers",
        "UPDATE store.state SET value = ''",
        "SET enable_external_access = true",
        "PRAGMA database_list; DELETE FROM store.transfers",
        "SELECT 1; SELECT 2",
        "CALL pragma_version()",
        "EXPORT DATABASE '/tmp/netraflow-never'",
        "SELECT getenv('HOME')",
    ],
)
def test_sql_only_reads(data: str, query: str) -> None:
    target = Path(data, "warehouse.duckdb").resolve()
    before = target.read_bytes()
    done = call("--data-dir", data, "sql", query)
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("netraflow: ")
    assert "Traceback" not in done.stderr
    assert target.read_bytes() == before
    assert not list(Path("/tmp").glob("netraflow-never*"))


def test_sql_answers_a_question_as_json_and_csv(data: str) -> None:
    assert json.loads(call("--data-dir", data, "sql", "SELECT count(*) AS n FROM marts.fct_transfers").stdout) == [
        {"n": 23}
    ]
    assert call("--data-dir", data, "sql", "SELECT 1 AS a, 'x' AS b", "--csv").stdout == "a,b\n1,x\n"


def test_sql_answers_what_the_engine_can_not_give_while_it_is_made(data: str) -> None:
    joined = "SELECT a.range FROM range(1_000_000) AS a JOIN range(0, 3_000_000, 3) AS b ON a.range = b.range"
    done = call("--data-dir", data, "sql", f"{joined} UNION ALL {joined} + 3", "--csv")
    assert done.stdout.count("\n") == 1 + 333_334 + 333_333


def test_everything_in_the_published_file_has_a_comment(data: str) -> None:
    with duckdb.connect(str(Path(data, "warehouse.duckdb").resolve()), read_only=True) as connection:
        bare = connection.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
            "WHERE NOT internal AND schema_name <> 'main' AND comment IS NULL UNION ALL "
            "SELECT schema_name, table_name, NULL FROM duckdb_tables() WHERE comment IS NULL UNION ALL "
            "SELECT schema_name, view_name, NULL FROM duckdb_views() WHERE NOT internal AND comment IS NULL"
        ).fetchall()
        said = dict(
            connection.execute(
                "SELECT schema_name || '.' || table_name || '.' || column_name, comment FROM duckdb_columns()"
            ).fetchall()
        )
    assert bare == []
    assert said["detection.findings.finding_id"] == next(
        column.meaning for column in FINDINGS.columns if column.name == "finding_id"
    )
    assert said["marts.fct_daily_netflow.netflow"] == "inflow - outflow; positive = coins moving onto exchanges"


def test_what_people_query_goes_by_its_name_alone(data: str) -> None:
    queried = ("raw", "marts", "detection", "ops")
    with duckdb.connect(str(Path(data, "warehouse.duckdb").resolve()), read_only=True) as connection:
        places = connection.execute(
            "SELECT DISTINCT schema_name, table_name FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        own = {name for (name,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall()}
        names = {name for schema, name in places if schema == "main"}
        assert sorted(names) == sorted(name for schema, name in places if schema in queried)
        assert names & own == set()
        for schema, name in places:
            if schema in queried:
                both = [connection.execute(f'SELECT * FROM {x}"{name}"') for x in ("", f"{schema}.")]
                assert both[0].description == both[1].description
    rows = json.loads(call("--data-dir", data, "sql", "SELECT count(*) AS n FROM fct_daily_exchange_netflow").stdout)
    assert rows == [{"n": 20}]
    exported = call("--data-dir", data, "export", "--out", str(Path(data).parent / "exported"))
    tables = [row["table"] for row in json.loads(exported.stdout)]
    assert {name.split(".")[0] for name in tables} == {"marts", "detection"}
    with duckdb.connect(str(Path(data, "warehouse.duckdb").resolve()), read_only=True) as connection:
        hashed = connection.execute("SELECT DISTINCT split_part(table_name, '.', 1) FROM ops.publications").fetchall()
    assert sorted(hashed) == [("detection",), ("marts",), ("raw",)]


def test_a_saved_question_takes_values_that_are_bound(data: str) -> None:
    def saved(*words: str) -> subprocess.CompletedProcess[str]:
        return call("--data-dir", data, "sql", "--saved", *words)

    rows = json.loads(saved("netflow_totals", "--param", "token=eth", "--param", "first=2025-05-19").stdout)
    assert [(row["exchange"], row["netflow"]) for row in rows] == [("Binance", "5019.000000000000000000")]
    for name, question in discover().items():
        required = [one.name for one in question.parameters if one.is_required]
        done = saved(name, *(word for key in required for word in ("--param", f"{key}=Binance")))
        assert done.returncode == 0, done.stderr
    assert json.loads(saved("netflow_totals", "--param", "token=' OR true --").stdout) == []
    assert saved().stdout == call("sql", "--list").stdout
    assert [row["name"] for row in json.loads(saved().stdout)] == list(discover())
    for words, said in (
        (("weekly-volume",), "did you mean weekly_volume?"),
        (("nonsense",), "there are columns, "),
        (("entity_days",), "entity_days lacks entity"),
        (("imitations", "--param", "token=ETH"), "imitations has no parameter token"),
        (("netflow_totals", "--param", "first=May"), "parameter first: 'May' is not a day"),
        (("netflow_totals", "--param", "first"), "--param first: that is no NAME=VALUE"),
    ):
        done = saved(*words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    own = call("--data-dir", data, "sql", "SELECT $x::INTEGER + 1 AS n", "--param", "x=4")
    assert json.loads(own.stdout) == [{"n": 5}]
    assert "the statement takes x, given is nothing" in call("--data-dir", data, "sql", "SELECT $x").stderr


def test_a_saved_question_with_a_wrong_head_is_refused_by_name() -> None:
    for text in ("select 1", "-- Gives: one\nselect $x", "-- Gives: one\n-- Takes: $x word: y\nselect $x"):
        with pytest.raises(FlowError, match=r"saved question own\.sql has a head"):
            read("own", text)
    one = read("own", "-- Gives: one\n-- Takes: $x integer = 3: a\n--   number, $y date: a day\nselect $x, $y")
    assert [(p.name, p.kind, p.says) for p in one.parameters] == [
        ("x", "integer", "a number,"),
        ("y", "date", "a day"),
    ]
    assert one.bound({"y": "2025-05-01"}) == {"x": 3, "y": date(2025, 5, 1)}


def test_the_pages_of_dbt_are_served_and_ask_nothing_outside(data: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "flow_pipeline", "--data-dir", data, "docs", "--no-browser", "--port"]
    with subprocess.Popen([*words, "0"], stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT) as serving:
        try:
            assert serving.stderr
            said = iter(serving.stderr.readline, "")
            address = next(filter(None, (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in said)), None)
            assert address
            busy = call("--data-dir", str(tmp_path), "docs", "--no-browser", "--port", address[1])
            assert (busy.returncode, "choose another port" in busy.stderr) == (2, True)
            with urlopen(address[0], timeout=30) as answer:
                page = answer.read().decode()
            assert "default-src 'self'" in page
            seen, _, asked = browse(f"{address[0]}/#!/model/model.netraflow.fct_daily_netflow", tmp_path)
        finally:
            serving.terminate()
    assert "inflow - outflow; positive = coins moving onto exchanges" in seen
    assert "DECIMAL(38,18)" in seen
    assert {url for url in asked if not url.startswith(address[0])} == set()


def test_a_file_that_was_published_without_the_macros_is_read(data: str, tmp_path: Path) -> None:
    shutil.copy(Path(data, "warehouse.duckdb").resolve(), tmp_path / "published.duckdb")
    with duckdb.connect(str(tmp_path / "published.duckdb")) as connection:
        macros = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal AND function_type = 'macro'"
        ).fetchall()
        assert ("risk_rank",) in macros
        for (name,) in macros:
            connection.execute(f"DROP MACRO {name}")
    (tmp_path / "warehouse.duckdb").symlink_to("published.duckdb")
    found = json.loads(call("--data-dir", data, "findings", "--every").stdout)[0]["finding_id"]
    for words in (["flows", "groups"], ["finding", found]):
        done = call("--data-dir", str(tmp_path), *words)
        assert (done.returncode, done.stdout) == (0, call("--data-dir", data, *words).stdout), done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["analyze", "/no/such/folder"], 2, "/no/such/folder does not exist"),
        (["analyze", str(ROOT / "README.md")], 2, "is a file, not a folder"),
        (["analyze", ".", "--from", "yesterday"], 2, "--from: 'yesterday' is not a date"),
        (["analyze", ".", "--from", "2025-02-01", "--to", "2025-01-01"], 2, "ends before it begins"),
        (["analyze", "{in}", "--labels", "/no/labels.csv"], 2, "/no/labels.csv does not exist"),
        (["analyze", "{in}", "--format", "excel"], 2, "--format excel: there is no such format"),
        (["analyze", "{in}", "--tokens", "/no/tokens.csv"], 2, "token file /no/tokens.csv does not exist"),
        (["netflow"], 2, "there is no published warehouse"),
        (["run", "--date", "2025-01-01", "--from", "2025-01-01"], 2, "exclude each other"),
        (["anomalies", "--method", "magic"], 2, "there is no method magic"),
        (["anomalies", "--method", "inclusive", "--threshold", "2.5"], 2, "can never fire"),
        (["anomalies", "--threshold", "400"], 2, "flags every day that moves"),
        (["anomalies", "--by-wallet", "--by-exchange"], 2, "ask twice"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_refusals_name_the_input_and_the_way_out(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    done = call("--data-dir", str(tmp_path / "data"), *(word.replace("{in}", str(tmp_path / "in")) for word in words))
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_audit_exits_with_3_and_a_refused_file_with_1(tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1), transfer(2, U, V, -1)])
    strict = call(
        "analyze", str(tmp_path / "in"), "--out", str(tmp_path / "a"), NETRAFLOW_QUALITY__MAX_REJECT_SHARE="0"
    )
    assert (strict.returncode, "reject_share_is_allowed" in strict.stderr) == (3, True)
    assert not (tmp_path / "a" / "warehouse.duckdb").exists()
    (tmp_path / "in" / "bad.parquet").write_bytes(b"PAR1 no")
    partial = call("analyze", str(tmp_path / "in"), "--out", str(tmp_path / "b"))
    assert (partial.returncode, "bad.parquet" in partial.stderr) == (1, True)
    assert json.loads(partial.stdout)["rows"]["loaded"] == 1


def test_the_daily_job_reads_the_inbox(tmp_path: Path) -> None:
    write_csv(tmp_path / "data" / "inbox" / "t.csv", [transfer(n, U, V, n, at=f"2025-05-0{n}") for n in (1, 2, 3)])
    done = call("--data-dir", str(tmp_path / "data"), "run", "--date", "2025-05-02")
    assert json.loads(done.stdout)["rows"]["loaded"] == 1


@pytest.mark.parametrize("verb", ["findings", "netflow", "alerts list", "watchlist list", "rollback"])
def test_a_verb_that_only_asks_imports_neither_pandas_nor_kernels(data: str, verb: str) -> None:
    code = (
        "import sys\nfrom flow_pipeline.cli import main\ntry:\n    main(sys.argv[1:])\n"
        "finally:\n    assert not {'pandas', 'numba'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--data-dir", data, *verb.split()], cwd=ROOT, env=environment(), check=False
    )
    assert done.returncode == 0


BUILDERS = ("analyze", "run", "rebuild", "restate", "shadow", "profile", "generate", "score-detectors")


def examples() -> list[str]:
    """Of the verbs that make something; those that read are asked on the demo's data."""
    return [str(command().commands[verb].epilog).removeprefix("Example: ") for verb in BUILDERS]


@pytest.mark.parametrize("example", examples(), ids=lambda text: shlex.split(text)[1])
def test_the_example_of_each_help_page_runs(data: str, tmp_path: Path, example: str) -> None:
    verb = shlex.split(example)[1]
    assert example in " ".join(call(verb, "--help").stdout.split())
    words = shlex.split(example)[1:]
    if verb == "score-detectors":
        assert call("generate", "--transfers", "1000", "--out", str(tmp_path / "world")).returncode == 0
    words = [str(tmp_path / Path(word).name) if word.startswith("/tmp/") else word for word in words]
    done = call("--data-dir", str(tmp_path / "own") if verb == "run" else data, *words)
    assert done.returncode == 0, done.stderr


def test_labels_may_follow_one_option(tmp_path: Path) -> None:
    assert _spread(["analyze", "x", "--labels", "a.csv", "b.csv", "--out", "o"], "--labels") == [
        "analyze",
        "x",
        "--labels",
        "a.csv",
        "--labels",
        "b.csv",
        "--out",
        "o",
    ]
    assert _spread(["analyze", "--labels", "a.csv", str(tmp_path)], "--labels") == [
        "analyze",
        "--labels",
        "a.csv",
        str(tmp_path),
    ]


def test_the_doctor_says_what_is_wrong_and_exits_1(data: str, tmp_path: Path) -> None:
    well = call("--data-dir", data, "doctor", "--audit")
    assert well.returncode == 0, well.stderr
    assert "audit of every day" in well.stdout
    assert call("--data-dir", str(tmp_path / "nothing"), "doctor").returncode == 0
    build_file = tmp_path / "build" / "warehouse.duckdb"

    def to_mend() -> str:
        done = call("--data-dir", str(tmp_path), "doctor")
        assert done.returncode == 1
        return {row["what"]: row["to mend"] for row in json.loads(done.stdout)}["build file"]

    build_file.parent.mkdir()
    with duckdb.connect(str(build_file)):
        assert to_mend().endswith("another process holds it; wait for it or stop it")
    for broken in (b"no database", bytes(8) + b"DUCK" + bytes(5_000)):
        build_file.write_bytes(broken)
        assert to_mend().endswith("remove it and run again over the input; published files stay readable")
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 1)])
    refused = call("analyze", str(tmp_path / "in"), "--out", str(tmp_path))
    assert refused.returncode == 1
    assert "remove it and run again" in refused.stderr
