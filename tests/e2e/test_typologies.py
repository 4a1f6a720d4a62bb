"""Typologies through the whole pipeline: the worked fixtures, planted truth, proof, risk."""

from __future__ import annotations

import json
import random
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from flow_pipeline.detectors.typology import check_parameters
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.reports.charts import evidence_graph, evidence_pictures
from flow_pipeline.reports.truth import score_deposits, score_flows
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.world import generate, write
from flow_pipeline.warehouse.store import open_published
from tests.conftest import ask, build, hashes, label_file, transfer, write_csv
from tests.worlds import LIMITS, Hop, address, at, command, rows_of


def fan(amounts: list[object]) -> list[Hop]:
    return [(600 * n, "S", f"R{n}", amount) for n, amount in enumerate(amounts)]


WORKED: dict[str, tuple[list[Hop], str, dict[str, object] | None]] = {
    "rapid chain": ([(0, "A", "B", 4), (300, "X", "Y", 1), (600, "B", "C", 4), (1200, "C", "D", 4)], "rapid_chain",
                    {"hop_count": 3, "duration_seconds": 1_200, "gross_amount": 12, "moved_amount": 4,
                     "strength": 12, "centre_address": "B"}),
    "more than was received": ([(0, "A", "B", 4), (600, "B", "C", "4.3"), (1200, "C", "D", 4)], "rapid_chain", None),
    "gaps too long": ([(0, "A", "B", 4), (3600, "B", "C", 4), (7000, "C", "D", 4)], "rapid_chain", None),
    "fan-out": (fan([11] * 5), "fan_out",
                {"gross_amount": 55, "moved_amount": 55, "strength": 55, "centre_address": "S"}),
    "uneven fan-out": (fan([1, 1, 1, 1, 1, 100]), "fan_out", {"gross_amount": 105, "strength": 6}),
    "growing fan-out": (fan([8, 9, 10, 11, 13]), "fan_out", {"gross_amount": 51, "strength": 40}),
    "four counterparties": (fan([20] * 4), "fan_out", None),
    "fan-in": ([(s, b, a, amount) for s, a, b, amount in fan([11] * 5)], "fan_in",
               {"gross_amount": 55, "strength": 55}),
    "circle": ([(0, "A", "B", 3), (100, "B", "C", 3), (200, "C", "A", 3)], "circular",
               {"gross_amount": 9, "moved_amount": 3, "address_count": 3, "strength": 3,
                "centre_address": "A"}),
    "a circle of other money": ([(0, "A", "B", 1), (100, "B", "C", 1), (200, "C", "A", 3_364)], "circular", None),
    "no path back in time": ([(100, "A", "B", 50), (50, "B", "C", 50)], "rapid_chain", None),
    "layers": ([(86_400 * n, f"L{n}", f"L{n + 1}", f"{10 - n / 10:g}") for n in range(6)], "layered",
               {"hop_count": 6, "gross_amount": Decimal("58.5"), "moved_amount": Decimal("9.5"), "strength": 57}),
    "peel": ([(0, "A", "B", 100), (100, "B", "P1", 5), (200, "B", "C", 95), (300, "C", "P2", 5), (400, "C", "D", 90),
              (500, "D", "P3", 5), (600, "D", "E", 85)],
             "peeling_chain",
             {"hop_count": 4, "transfer_count": 7, "gross_amount": 370, "moved_amount": 85, "strength": 340}),
    "scatter and gather": ([*((n * 60, "S", f"M{n}", 4) for n in range(3)),
                            *((9_000 + n * 60, f"M{n}", "T", "3.9") for n in range(3))], "scatter_gather",
                           {"moved_amount": Decimal("11.7"), "strength": 3 * 3.9}),
    "gather and scatter": ([*((n * 60, f"S{n}", "M", 5) for n in range(3)),
                            *((9_000 + n * 60, "M", f"T{n}", "4.8") for n in range(3))], "gather_scatter",
                           {"moved_amount": Decimal("14.4"), "strength": 3 * 4.8}),
    "pass-through": ([hop for n in range(3) for hop in ((n * 9_000, "X", "P", 5), (n * 9_000 + 600, "P", "Y", 5))],
                     "pass_through", {"transfer_count": 6, "moved_amount": 15, "strength": 15}),
    "large transfer": ([(0, "A", "B", 5), (60, "A", "C", 7), (90, "A", "D", 7)], "large_transfer",
                       {"moved_amount": 7, "strength": 7, "focus_address": "A"}),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKED)
def test_worked_fixtures(name: str, settings: Settings, tmp_path: Path) -> None:
    hops, typology, expected = WORKED[name]
    write_csv(tmp_path / "in" / "t.csv", rows_of(hops))
    build(settings, tmp_path / "in")
    columns = list(expected or {"finding_id": None})
    found = ask(settings, f"SELECT {', '.join(columns)} FROM detection.findings WHERE typology = '{typology}'")
    if expected is None:
        assert found == []
    else:
        plain = [address(v) if isinstance(v, str) else float(str(v)) for v in expected.values()]
        assert [[v if isinstance(v, str) else pytest.approx(float(str(v))) for v in row] for row in found] == [plain]


def test_the_consistency_of_a_fan_is_exact(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", rows_of(fan([8, 9, 10, 11, 13])))
    build(settings, tmp_path / "in")
    ((evidence,),) = ask(settings, "SELECT evidence FROM detection.findings WHERE typology = 'fan_out'")
    assert json.loads(str(evidence)) == {"counterparties": 5, "consistency": 0.831327}


EVERYTHING = [
    (second + number * 400_000 % 2_000_000, f"{number}{a}", f"{number}{b}", amount)
    for number, (hops, _, _) in enumerate(WORKED.values())
    for second, a, b, amount in hops
]


@pytest.mark.slow
def test_order_of_rows_files_and_days_changes_no_finding(tmp_path: Path) -> None:
    """Shuffled, among unrelated transfers, split over files and loaded day by day: the same findings and hashes."""
    noise = [(n * 7_777, f"n{n}", f"m{n}", "0.5") for n in range(60)]
    made = rows_of([*EVERYTHING, *noise])
    once = load_settings(tmp_path / "once")
    write_csv(tmp_path / "a" / "t.csv", made)
    build(once, tmp_path / "a")
    mixed = random.Random(3).sample(made, len(made))
    split = load_settings(tmp_path / "split")
    days = sorted({str(row[2])[:10] for row in mixed})
    for day in days:
        write_csv(tmp_path / "b" / f"{day}.csv", [row for row in mixed if str(row[2]).startswith(day)])
        build(split, tmp_path / "b")
    assert len(ask(once, "FROM detection.findings")) >= 13
    assert hashes(once) == hashes(split)
    quiet = load_settings(tmp_path / "quiet")
    write_csv(tmp_path / "c" / "t.csv", [row for row in made if float(str(row[9])) != 0.5])
    build(quiet, tmp_path / "c")
    # each payment of the noise is the largest of its sender
    ids = "SELECT finding_id FROM detection.findings WHERE typology <> 'large_transfer' ORDER BY 1"
    assert ask(quiet, ids) == ask(once, ids)


def test_planted_flows_and_deposit_addresses_are_found(tmp_path: Path) -> None:
    write(generate(15_000, 5), tmp_path / "world")
    settings = load_settings(tmp_path / "data").with_changes(labels={"files": (tmp_path / "world" / "labels.csv",)})
    build(settings, tmp_path / "world" / "transfers")
    for row in (
        score_flows(settings, tmp_path / "world" / "flows.json"),
        score_deposits(settings, tmp_path / "world" / "deposits.json"),
    ):
        assert row["planted"] >= 6
        assert row["recall"] >= 0.98, row
        assert row["precision"] >= 0.98, row


def test_findings_are_proved_again_and_a_changed_warehouse_is_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(tmp_path / "data")
    write_csv(tmp_path / "in" / "t.csv", rows_of(EVERYTHING))
    build(settings, tmp_path / "in")
    assert command("--data-dir", tmp_path / "data", "verify", "--all", "--json") == 0
    assert all(row["findings"] == row["proved"] for row in json.loads(capsys.readouterr().out))
    published = settings.published_link.resolve()
    published.chmod(0o644)
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "UPDATE detection.finding_transfers SET amount = amount + 1 "
            "WHERE ordinal = 1 AND finding_id = (SELECT min(finding_id) FROM detection.findings)"
        )
    assert command("--data-dir", tmp_path / "data", "verify", "--all") == 1
    assert "listed that the query does not return" in capsys.readouterr().err


def test_rows_without_a_hash_are_proved_by_file_and_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    steps = [("A", "B", 4, 0), ("B", "C", 4, 1), ("C", "D", 4, 2), ("C", "D", 4, 2)]
    (folder / "e.csv").write_text("source,target,value,time\n" + "".join(f"{a},{b},{v},{t}\n" for a, b, v, t in steps))
    settings = load_settings(tmp_path / "data").with_changes(
        sources={"time_unit": "minute", "epoch": "2025-01-01", "chain": "simulated"}
    )
    build(settings, folder)
    found = ask(settings, "SELECT transfer_count FROM detection.findings WHERE typology = 'rapid_chain'")
    assert found == [(3,), (3,)], "an exact repeat is a real row"
    assert command("--data-dir", tmp_path / "data", "verify", "--all", "--json") == 0
    proved = {row["typology"]: row["proved"] for row in json.loads(capsys.readouterr().out)}
    assert proved["rapid_chain"] == 2


def test_risk_follows_from_findings_and_contacts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tornado = "0x910cbd523d972eb0a6f4cae4618ad62622b39dbf"
    made = rows_of([(0, "A", "B", 3), (100, "B", "C", 3), (200, "C", "A", 3)])
    made.append(transfer(99, address("A"), tornado, 10, at=at(900_000)))
    write_csv(tmp_path / "in" / "t.csv", made)
    settings = load_settings(tmp_path / "data").with_changes(typologies=LIMITS)
    build(settings, tmp_path / "in")
    risk = dict(ask(settings, "SELECT address, round(score, 3) FROM detection.address_risk"))
    assert risk[address("B")] == risk[address("C")] == 0.631, "what a limit makes suspicious scores 0.9"
    assert risk[address("A")] > 0.9
    assert tornado not in risk, "a service has no risk of its own"
    assert command("--data-dir", tmp_path / "data", "risk", address("A"), "--json") == 0
    page = json.loads(capsys.readouterr().out)["risk"][0]
    assert {item["component"] for item in page["components"]} >= {"network_flow", "mixer_interaction"}
    assert command("--data-dir", tmp_path / "data", "risk", address("nobody")) == 2
    assert "stands in no transfer" in capsys.readouterr().err


def test_the_evidence_of_top_findings_is_drawn(settings: Settings, tmp_path: Path) -> None:
    write_csv(
        tmp_path / "in" / "t.csv", rows_of([(0, "A", "B", 3), (100, "B", "C", 3), (200, "C", "A", 3), *fan([11] * 50)])
    )
    settings = settings.with_changes(typologies=LIMITS)
    build(settings, tmp_path / "in")
    with open_published(settings) as connection:
        assert {"circular", "fan_out"} <= set(evidence_pictures(connection, settings))
        found = dict(connection.execute("SELECT typology, finding_id FROM detection.findings").fetchall())
        circle, crowd = (evidence_graph(connection, found[name]).to_dict() for name in ("circular", "fan_out"))
    assert "first 40 of" in json.dumps(crowd)
    names = {row["name"] for rows in circle["datasets"].values() for row in rows if "name" in row}
    assert names == {f"{address(name)[:6]}…{address(name)[-4:]}\nmiddle" for name in "ABC"}


def test_a_cap_is_never_silent(tmp_path: Path) -> None:
    hops = [
        (n * 20_000 + second, f"{n}{a}", f"{n}{b}", 4)
        for n in range(4)
        for second, a, b in ((0, "A", "B"), (60, "B", "C"), (120, "C", "D"))
    ]
    write_csv(tmp_path / "in" / "t.csv", rows_of(hops))
    settings = load_settings(tmp_path / "data").with_changes(typologies={"max_findings": 3})
    build(settings, tmp_path / "in")
    assert ask(settings, "SELECT found, kept, is_truncated FROM ops.detections WHERE typology = 'rapid_chain'") == [
        (4, 3, True)
    ]


def test_the_sample_carries_its_truth(tmp_path: Path) -> None:
    sample = Path(__file__).resolve().parents[2] / "data" / "sample"
    shutil.copytree(sample, tmp_path / "sample")
    truth = json.loads((tmp_path / "sample" / "typologies.json").read_text())
    assert {event["kind"] for event in truth} == {"planted", "near_miss", "decoy"}
    assert sum(path.stat().st_size for path in sample.rglob("*") if path.is_file()) < 4_000_000


def findings(settings: Settings, columns: str, typology: str) -> list[tuple[object, ...]]:
    return ask(
        settings, f"SELECT {columns} FROM detection.findings WHERE typology = '{typology}' ORDER BY gross_amount"
    )


def test_a_test_payment_does_not_hide_a_circle(settings: Settings, tmp_path: Path) -> None:
    circle = ["A", "B", "C", "A"]
    hops = [
        (600 * n + start, circle[n], circle[n + 1], amount)
        for start, amount in ((0, "0.001"), (20_000, 1_000))
        for n in range(3)
    ]
    write_csv(tmp_path / "in" / "t.csv", rows_of(hops))
    build(settings, tmp_path / "in")
    ((gross, evidence),) = findings(settings, "gross_amount, evidence", "circular")
    assert (gross, json.loads(str(evidence))["instances"]) == (3_000, 2)


def test_a_customer_does_not_answer_for_his_shop(settings: Settings, tmp_path: Path) -> None:
    rows = [["ethereum", address("M"), "Blender", "mixer", "m", 0.9, "test", "2020-01-01", ""]]
    write_csv(tmp_path / "in" / "t.csv", rows_of([(0, "customer", "shop", 100), (600, "shop", "M", "0.1")]))
    build(settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", rows),)}), tmp_path / "in")
    assert findings(settings, "focus_address, moved_amount", "mixer_funnel") == [(address("shop"), Decimal("0.1"))]


def test_what_moved_is_not_more_than_the_origin_sent(settings: Settings, tmp_path: Path) -> None:
    rows = [["ethereum", address("M"), "Blender", "mixer", "m", 0.9, "test", "2020-01-01", ""]]
    wages = [(n, "boss", f"staff{n}", 1) for n in range(3)]
    write_csv(tmp_path / "in" / "t.csv", rows_of([*wages, (900, "staff0", "M", 100), (960, "staff1", "M", 100)]))
    build(settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", rows),)}), tmp_path / "in")
    assert (address("boss"), Decimal(2)) in findings(settings, "focus_address, moved_amount", "mixer_funnel")


def test_a_duration_is_measured_and_not_counted_in_second_hands(settings: Settings, tmp_path: Path) -> None:
    times = ["2025-05-01T00:00:00.900Z", "2025-05-01T00:15:00Z", "2025-05-01T00:30:00.100Z"]
    write_csv(
        tmp_path / "in" / "t.csv",
        [
            transfer(n, address(a), address(b), 4, at=at)
            for n, (at, a, b) in enumerate(zip(times, "ABC", "BCD", strict=True))
        ],
    )
    build(settings, tmp_path / "in")
    assert findings(settings, "duration_seconds", "rapid_chain") == [(1_799,)]


def test_amounts_whose_sums_overflow_stop_nothing(settings: Settings, tmp_path: Path) -> None:
    spam = [
        transfer(1_000 + n, address(f"s{n}"), address("X"), 999_999_999_999_999_999, at=at(n), symbol="SPAM")
        for n in range(200)
    ]
    write_csv(tmp_path / "in" / "t.csv", [*spam, *rows_of([(0, "A", "B", 4), (600, "B", "C", 4), (1200, "C", "D", 4)])])
    build(settings, tmp_path / "in")
    found = "SELECT typology, token_symbol FROM detection.findings WHERE typology IN ('fan_in', 'rapid_chain')"
    assert ask(settings, found) == [("rapid_chain", "ETH")]


def test_large_findings_are_kept_before_early_ones(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "data").with_changes(typologies={"max_findings": 5})
    chains = [
        (3_000 * n + 60 * hop, f"c{n}{hop}", f"c{n}{hop + 1}", amount)
        for n, amount in enumerate(["0.001"] * 8 + [4_000])
        for hop in range(3)
    ]
    write_csv(tmp_path / "in" / "t.csv", rows_of(chains))
    build(settings, tmp_path / "in")
    assert findings(settings, "max(gross_amount) OVER (), count(*) OVER ()", "rapid_chain")[0] == (12_000, 5)
    assert ask(settings, "SELECT found, kept, is_truncated FROM ops.detections WHERE typology = 'rapid_chain'") == [
        (9, 5, True)
    ]


def test_an_amount_for_one_token_leaves_the_others_as_they_are(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", rows_of([(60 * n, f"A{n}", f"A{n + 1}", "0.001") for n in range(3)]))
    build(settings.with_changes(typologies={"rapid_chain": {"amount_by_token": {"LPT": 0}}}), tmp_path / "in")
    assert findings(settings, "exceeds_limit", "rapid_chain") == [(False,)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fan_out": {"min_counterparties": 1_000}}, "such an address is a hub"),
        ({"fan_out": {"window_hours": float("inf")}}, "finite"),
        ({"layered": {"gap_days": 1e9}}, "less than or equal to 3650"),
        ({"rapid_chain": {"amount_by_token": {"ETH": float("nan")}}}, "finite"),
        ({"structuring": {"threshold_by_token": {"USDT": -1}}}, "greater than 0"),
        ({"pass_through": {"window_days": 0.01}}, "does not fit"),
        ({"hub_degree": 2}, "greater than or equal to 3"),
    ],
)
def test_settings_that_can_never_fire_are_refused(settings: Settings, changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_parameters(settings.with_changes(typologies=changes).typologies)


def test_a_contact_counts_when_it_was_made_by_no_service(settings: Settings, tmp_path: Path) -> None:
    rows = [
        ["ethereum", address("M"), "Blender", "mixer", "m", 0.9, "test", "2020-01-01", ""],
        ["ethereum", address("later"), "Later Swap", "dex", "d", 0.9, "test", "2026-01-01", ""],
        ["ethereum", address("now"), "Now Swap", "dex", "d", 0.9, "test", "2020-01-01", ""],
    ]
    write_csv(tmp_path / "in" / "t.csv", rows_of([(0, "later", "M", 5), (60, "now", "M", 5)]))
    build(settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", rows),)}), tmp_path / "in")
    assert ask(settings, "SELECT DISTINCT address FROM detection.risk_components WHERE finding_id IS NULL") == [
        (address("later"),)
    ]


def test_a_contact_with_an_exploit_is_a_component(settings: Settings, tmp_path: Path) -> None:
    label = ["ethereum", address("T"), "Some theft", "exploit", "t", 0.8, "test", "2020-01-01", ""]
    write_csv(tmp_path / "in" / "t.csv", rows_of([(0, "T", "friend", 5)]))
    build(settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", [label]),)}), tmp_path / "in")
    assert ask(
        settings, "SELECT address, component, score, confidence FROM detection.risk_components WHERE finding_id IS NULL"
    ) == [(address("friend"), "exploit", 0.9, 0.8)]


def test_of_paths_that_share_a_transfer_the_first_few_are_stored_and_all_are_counted(
    settings: Settings, tmp_path: Path
) -> None:
    into = [(n, f"A{n}", "B", 5) for n in range(3)]
    out = [(120 + n, "D", f"C{n}", 5) for n in range(3)]
    write_csv(tmp_path / "in" / "t.csv", rows_of([*into, (60, "B", "D", 5), *out]))
    build(settings.with_changes(typologies={"max_instances": 2}), tmp_path / "in")
    counted = "count(*), count(*) FILTER (instance_of IS NULL), max(instance_count), max(unstored_instances)"
    asked = f"SELECT {counted} FROM detection.findings WHERE typology = 'rapid_chain'"
    assert ask(settings, asked) == [(3, 1, 8, 6)]
    assert ask(settings, "SELECT found, is_truncated FROM ops.detections WHERE typology = 'rapid_chain'") == [
        (3, False)
    ]
