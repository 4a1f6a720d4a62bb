"""Group flows through the whole pipeline: groups, worked risk, any split over days, corrections, queries."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions import flows
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.world import generate, write
from flow_pipeline.tracing import VERSION
from flow_pipeline.tracing.groups import read_groups
from flow_pipeline.warehouse.store import open_build, open_published
from tests.conftest import ask, build, hashes, transfer, write_csv
from tests.worlds import Hop, address, command, rows_of

GROUPS = """
dark-market:
  type: BLACKLIST
  riskLevel: CRITICAL
  isSource: true
  isDestination: false
  addresses: [{D}]
big-mixer:
  type: mixer
  risk_level: HIGH
  addresses:
    "{M}": []
calm-exchange:
  type: EXCHANGE
  risk_level: LOW
  addresses: ["{E}", "{F}"]
"""


def grouped(settings: Settings, folder: Path, text: str = GROUPS) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "groups.yaml").write_text(text.format(**{name: address(name) for name in "DMEF"}))
    return settings.with_changes(tracing={"groups": folder / "groups.yaml"})


def summaries(settings: Settings) -> list[tuple[object, ...]]:
    return ask(
        settings,
        "SELECT source_group, destination_group, total_amount, flow_count, average_hops, risk_score "
        "FROM detection.group_flow_summaries ORDER BY 1, 2",
    )


def test_an_untracked_middle_and_the_worked_risk(settings: Settings, tmp_path: Path) -> None:
    settings = grouped(settings, tmp_path).with_changes(tracing={"large_amount_by_token": {"ETH": 1_000}})
    write_csv(
        tmp_path / "in" / "t.csv",
        rows_of([(0, "D", "X", 500), (600, "X", "M", 500), (700, "E", "F", 9), (800, "D", "E", 2)]),
    )
    build(settings, tmp_path / "in")
    assert summaries(settings) == [
        ("dark-market", "big-mixer", 500, 1, 2, Decimal("0.70")),
        ("dark-market", "calm-exchange", 2, 1, 1, Decimal("0.50")),
    ]
    assert ask(
        settings, "SELECT hop_count, confidence, amount, path FROM detection.group_flows WHERE hop_count = 2"
    ) == [(2, 0.85, 500, [address("D"), address("X"), address("M")])]
    write_csv(tmp_path / "in" / "more.csv", [transfer(9, address("D"), address("M"), 501, at="2025-05-01T05:00:00Z")])
    build(settings, tmp_path / "in")
    assert summaries(settings)[0] == ("dark-market", "big-mixer", 1_001, 2, Decimal("1.5"), Decimal("0.80"))
    assert ask(
        settings, "SELECT address, score, confidence FROM detection.risk_components WHERE component = 'group_flow'"
    ) == [(address("X"), 0.8, 0.85)]
    assert "from dark-market to big-mixer" in str(
        ask(settings, "SELECT evidence FROM detection.risk_components WHERE component = 'group_flow'")
    )


def test_the_warehouse_keeps_amounts_to_the_last_digit(settings: Settings, tmp_path: Path) -> None:
    settings = grouped(settings, tmp_path)
    amount = "123456.000000000000000001"
    write_csv(tmp_path / "in" / "t.csv", rows_of([(0, "D", "X", amount), (600, "X", "M", "23456.000000000000000002")]))
    build(settings, tmp_path / "in")
    assert ask(settings, "SELECT amount FROM detection.group_flows") == [(Decimal("23456.000000000000000002"),)]
    assert ask(settings, "SELECT address, amount FROM detection.active_flows") == [
        (address("X"), Decimal("99999.999999999999999999"))
    ]


@pytest.mark.slow
def test_day_by_day_and_late_corrections_are_all_at_once(tmp_path: Path) -> None:
    world = generate(3_000, seed=4, days=21)
    write(world, tmp_path / "world")
    labels = {"files": (tmp_path / "world" / "labels.csv",)}
    rows = world.transfers.to_pylist()
    once, daily = (load_settings(tmp_path / name).with_changes(labels=labels) for name in ("once", "daily"))
    names = list(rows[0])
    by_day: dict[str, list[list[object]]] = {}
    for row in rows:
        by_day.setdefault(str(row["block_timestamp"])[:10], []).append([row[name] for name in names])
    days = sorted(by_day)
    for day in [*days[:4], days[6], days[4], days[5], *days[7:]]:
        write_csv(tmp_path / "daily-in" / f"{day}.csv", by_day[day], names)
        if day in (days[3], days[6], days[5], days[-1]):
            build(daily, tmp_path / "daily-in")
    write_csv(tmp_path / "once-in" / "all.csv", [row for day in reversed(days) for row in reversed(by_day[day])], names)
    build(once, tmp_path / "once-in")
    tables = ("groups", "group_flows", "group_flow_transfers", "group_flow_summaries", "active_flows")
    assert {name: hashes(once)[f"detection.{name}"] for name in tables} == {
        name: hashes(daily)[f"detection.{name}"] for name in tables
    }
    assert ask(once, "SELECT * FROM ops.flow_days ORDER BY 1") == ask(daily, "SELECT * FROM ops.flow_days ORDER BY 1")
    assert ask(once, "SELECT count(*) > 50 FROM detection.group_flows") == [(True,)]


def test_every_query_answers(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = grouped(settings, tmp_path)
    write_csv(tmp_path / "in" / "t.csv", rows_of([(0, "D", "X", 5), (600, "X", "M", 3), (900, "D", "E", 7)]))
    assert (
        command("--data-dir", settings.data_dir, "analyze", tmp_path / "in", "--groups", tmp_path / "groups.yaml") == 0
    )
    capsys.readouterr()
    flow = ask(settings, "SELECT flow_id FROM detection.group_flows WHERE hop_count = 2")[0][0]
    asked: dict[str, tuple[list[object], int]] = {
        "groups": ([], 3),
        "group": (["calm-exchange"], 1),
        "of": ([address("D").upper().replace("0X", "0x")], 1),
        "active": (["dark-market"], 1),
        "pair": (["dark-market", "BIG-MIXER"], 1),
        "summaries": ([], 2),
        "top-risk": ([], 2),
        "outgoing": (["dark-market"], 2),
        "incoming": (["calm-exchange"], 1),
        "path": ([flow], 2),
        "by-amount": (["--token", "eth", "--min", 4], 1),
        "statistics": (["--from", "2025-05-01"], 1),
        "risk": ([], 2),
        "storage": ([], 1),
    }
    for verb, (words, count) in asked.items():
        assert command("--data-dir", settings.data_dir, "flows", verb, *words) == 0, verb
        assert len(json.loads(capsys.readouterr().out)) == count, verb
    assert command("--data-dir", settings.data_dir, "flows", "group", "nobody") == 2
    assert command("--data-dir", settings.data_dir, "flows", "path", "nothing") == 2
    with open_published(settings) as connection:
        columns, rows = flows.statistics(connection, Window())
    assert dict(zip(columns, rows[0], strict=True))["completed"] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n  type: CASINO\n", "there is no type CASINO"),
        ("a:\n  risk_level: EXTREME\n", "there is no risk level EXTREME"),
        ("a:\n  colour: red\n", "there is no key colour"),
        ("a:\n  is_source: maybe\n", "is_source is"),
        ("- a\n", "holds no groups"),
        ("a: [", "neither YAML nor JSON"),
    ],
)
def test_a_group_file_that_says_something_impossible_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "g.yaml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_groups(tmp_path / "g.yaml")


def test_doubles_empties_and_bad_addresses_are_said(settings: Settings, tmp_path: Path) -> None:
    text = (
        'a: {{addresses: ["{D}", "0x12", "{E}"], risk_level: LOW}}\n'
        'b: {{addresses: ["{E}"], risk_level: HIGH}}\n'
        "c: {{}}\n"
    )
    settings = grouped(settings, tmp_path, text)
    found = read_groups(tmp_path / "groups.yaml")
    assert ([group.group_id for group in found.groups], found.read, len(found.rejects)) == (["a", "b", "c"], 4, 1)
    assert found.notes == [f"{address('E')} is in a and in b: the riskier one counts", "group c has no usable address"]
    write_csv(tmp_path / "in" / "t.csv", rows_of([(0, "D", "E", 5)]))
    build(settings, tmp_path / "in")
    assert ask(settings, "SELECT source_group, destination_group FROM detection.group_flows") == [("a", "b")]
    assert "0x12 is no address" in str(ask(settings, "SELECT message FROM raw.rejects"))
    assert ask(settings, "SELECT rows_read, rows_loaded, rows_rejected FROM raw.loads WHERE format = 'groups'") == [
        (4, 3, 1)
    ]
    changed = grouped(settings, tmp_path, 'a: {{addresses: ["{D}"]}}\n')
    build(changed, tmp_path / "in")
    assert ask(changed, "SELECT count(*) FROM detection.group_flows") == [(0,)]


def test_another_definition_restates_its_flows_once(settings: Settings, tmp_path: Path) -> None:
    """Clean money of yesterday is still ahead of the next flow; an earlier version had forgotten it."""
    settings = grouped(settings, tmp_path)
    day = 86_400
    hops: list[Hop] = [
        (0, "D", "X", 1),
        (60, "Y", "X", 5),
        (120, "X", "Z", 1),
        (day, "D", "X", 4),
        (day + 60, "X", "M", 4),
    ]
    write_csv(tmp_path / "in" / "t.csv", rows_of(hops))
    build(settings, tmp_path / "in")
    assert ask(settings, "SELECT count(*) FROM detection.group_flows") == [(0,)]
    write_csv(tmp_path / "in" / "u.csv", [transfer(99, address("X"), address("M"), 5, at="2025-05-02T03:00:00Z")])
    build(settings, tmp_path / "in")
    assert ask(settings, "SELECT amount FROM detection.group_flows") == [(4,)]
    assert ask(settings, "SELECT count(*) FROM ops.flow_restatements") == [(0,)]
    with open_build(settings) as connection:
        connection.execute("update store.state set value = '1' where key = 'flows_version'")
        connection.execute("update store.state set value = 'older' where key = 'built_with'")
        connection.execute("update detection.group_flows set flow_id = 'of before', amount = 3")
        connection.execute("update detection.group_flow_transfers set flow_id = 'of before'")
    for _ in range(2):
        build(settings, tmp_path / "in")
        assert ask(
            settings,
            "SELECT version_before, version, source_group, destination_group, flows_before, flows_after, gone, new, "
            "amount_before, amount_after FROM ops.flow_restatements",
        ) == [("1", VERSION, "dark-market", "big-mixer", 1, 1, 1, 1, 3, 4)]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_payment_of_the_block_of_its_receipt_follows_it_whatever_the_hashes(
    settings: Settings, tmp_path: Path, is_known: bool
) -> None:
    settings = grouped(settings, tmp_path)
    names = ["chain", "block_number", "block_timestamp", "transaction_index", "tx_hash", "transfer_index"]
    names += ["from_address", "to_address", "token_symbol", "amount"]
    block = ["ethereum", 9, "2025-05-01T00:00:00Z"]
    rows: list[list[object]] = [
        [*block, 3 if is_known else "", "0x" + "f" * 64, 5, address("D"), address("X"), "ETH", 2],
        [*block, 4 if is_known else "", "0x" + "1" * 64, 1 if is_known else 8, address("X"), address("M"), "ETH", 2],
    ]
    write_csv(tmp_path / "in" / "t.csv", rows, names)
    build(settings, tmp_path / "in")
    assert ask(settings, "SELECT amount, hop_count FROM detection.group_flows") == [(2, 2)]
