"""Deposit addresses and addresses that sign together: planted truth, decoys, worked cases."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.world import generate, write
from tests.conftest import ask, build, label_file, write_csv
from tests.worlds import A, B, BitcoinTx, C, D, Hop, address, etl, rows_of

DAY = 86_400
HOT = [
    ["ethereum", address("HOT"), "Harbour", "exchange", "hot", 0.9, "test", "2020-01-01", ""],
    ["ethereum", address("HUT"), "Kopi", "exchange", "hot", 0.9, "test", "2020-01-01", ""],
]
LATER: Hop = (9 * DAY, "X", "Y", 1)


def clusters(settings: Settings, hops: list[Hop], tmp_path: Path) -> list[tuple[object, ...]]:
    write_csv(tmp_path / "in" / "t.csv", rows_of([*hops, LATER]))
    build(settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", HOT),)}), tmp_path / "in")
    return ask(
        settings,
        "SELECT address, entity, known_from::DATE::VARCHAR FROM detection.address_clusters "
        "WHERE kind = 'exchange_deposit' AND known_to IS NULL",
    )


@pytest.mark.parametrize(
    ("hops", "is_deposit"),
    [
        ([(0, "U", "D", 10), (3_600, "D", "HOT", 9)], True),
        ([(0, "U", "D", 10), (3_600, "D", "HOT", "8.99")], False),
        ([(0, "U", "D", 10), (DAY, "D", "HOT", 10)], True),
        ([(0, "U", "D", 10), (DAY + 1, "D", "HOT", 10)], False),
        ([(0, "U", "D", 10), (60, "D", "HOT", 9), (120, "D", "V", "0.5")], False),
        ([(0, "U", "D", 10), (60, "D", "HOT", 10), (DAY, "U", "D", 5), (DAY + 60, "D", "HUT", 5)], False),
        ([(0, "D", "HOT", 10)], False),
    ],
    ids=["nine tenths", "less", "just in time", "late", "pays another", "two exchanges", "never paid"],
)
def test_a_deposit_address_is_what_the_definition_says(
    settings: Settings, tmp_path: Path, hops: list[Hop], is_deposit: bool
) -> None:
    assert clusters(settings, hops, tmp_path) == (
        [(address("D"), "Harbour", "2025-05-02" if hops[0][0] == 0 else "")] if is_deposit else []
    )


def test_receipts_of_one_moment_are_taken_by_amount_whatever_their_ids(settings: Settings, tmp_path: Path) -> None:
    """The payment of 10 fills the receipt of 5 and half of that of 10; the other way round it would fill only one."""
    hops: list[Hop] = []
    for n in range(8):
        hops += [(0, f"U{n}", f"D{n}", 1_000), (60, f"D{n}", "HOT", 1_000)]
        hops += [(2 * DAY, f"A{n}", f"D{n}", 10), (2 * DAY, f"B{n}", f"D{n}", 5), (2 * DAY + 60, f"D{n}", "HOT", 10)]
    assert len(clusters(settings, hops, tmp_path)) == 8
    assert ask(
        settings,
        "SELECT DISTINCT split_part(evidence, ',', 1) FROM detection.address_clusters WHERE kind = 'exchange_deposit'",
    ) == [("3 receipts",)]


def test_a_deposit_address_counts_as_its_exchange_while_it_is_known(settings: Settings, tmp_path: Path) -> None:
    """Known a day after its first receipt, until it pays others; a mixer's payment then arrives at the exchange."""
    hops: list[Hop] = [
        (0, "U", "D", 10), (60, "D", "HOT", 10),
        (2 * DAY, "W", "D", 4), (2 * DAY + 60, "D", "HOT", 4),
        (4 * DAY, "D", "V", 1),
        (5 * DAY, "W", "D", 3), (5 * DAY + 60, "D", "HOT", 3),
    ]  # fmt: skip
    labels = [*HOT, ["ethereum", address("W"), "Mixer", "mixer", "pool", 0.9, "test", "2020-01-01", ""]]
    write_csv(tmp_path / "in" / "t.csv", rows_of([*hops, LATER]))
    settings = settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", labels),)})
    build(settings, tmp_path / "in")
    assert ask(
        settings,
        "SELECT known_from::VARCHAR, known_to::VARCHAR FROM detection.address_clusters WHERE kind = 'exchange_deposit'",
    ) == [("2025-05-02 00:00:00", "2025-05-05 00:00:00")]
    flows = (
        "SELECT amount, hop_count FROM detection.group_flows "
        "WHERE source_group = 'Mixer' AND destination_group = 'Harbour' ORDER BY amount"
    )
    assert ask(settings, flows) == [(Decimal(3), 2), (Decimal(4), 1)]
    by_day = (
        "SELECT block_date::VARCHAR, address_count, deposit_address_count, inflow, outflow, internal "
        "FROM marts.fct_entity_clusters WHERE entity = 'Harbour' ORDER BY 1"
    )
    assert ask(settings, by_day) == [
        ("2025-05-01", 1, 0, Decimal(10), Decimal(0), Decimal(0)),
        ("2025-05-03", 2, 1, Decimal(4), Decimal(0), Decimal(4)),
        ("2025-05-06", 1, 0, Decimal(3), Decimal(0), Decimal(0)),
    ]
    build(settings.with_changes(tracing={"use_derived": False}), tmp_path / "in")
    assert ask(settings, flows) == [(Decimal(3), 2), (Decimal(4), 2)]


def test_wallets_are_hot_cold_or_warm(settings: Settings, tmp_path: Path) -> None:
    labels = [*HOT, ["ethereum", address("COLD"), "Harbour", "exchange", "reserve", 0.9, "test", "2020-01-01", ""]]
    hops: list[Hop] = []
    for day in range(3):
        hops += [(day * DAY + n, f"P{n}", "HOT", 1) for n in range(10)] + [
            (day * DAY + 100 + n, "HOT", f"R{n}", 1) for n in range(10 - day)
        ]
        hops += [(day * DAY + 200, "HOT", "COLD", 1), (day * DAY + 300, f"P{day}", "HUT", 1)]
    hops += [(2 * DAY + 400, "COLD", "P1", 1)]
    write_csv(tmp_path / "in" / "t.csv", rows_of(hops))
    settings = settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", labels),)})
    build(settings, tmp_path / "in")
    names = {address("HOT"): "HOT", address("HUT"): "HUT", address("COLD"): "COLD"}
    roles = "SELECT address, block_date::VARCHAR, role FROM marts.fct_daily_wallet_roles ORDER BY block_date, address"
    found = {(names[str(row[0])], str(row[1])[-2:]): row[2] for row in ask(settings, roles)}
    assert found == {
        ("HOT", "01"): "hot", ("HOT", "02"): "hot", ("HOT", "03"): "warm",
        ("COLD", "01"): "cold", ("COLD", "02"): "cold", ("COLD", "03"): "cold",
        ("HUT", "01"): "warm", ("HUT", "02"): "warm", ("HUT", "03"): "warm",
    }  # fmt: skip
    counts = (
        "SELECT block_date::VARCHAR, hot_wallet_count, cold_wallet_count FROM marts.fct_entity_clusters "
        "WHERE entity = 'Harbour' ORDER BY 1"
    )
    assert ask(settings, counts) == [("2025-05-01", 1, 1), ("2025-05-02", 1, 1), ("2025-05-03", 0, 1)]
    build(settings.with_changes(clusters={"cold_payments": 0}), tmp_path / "in")
    assert ask(
        settings, "SELECT role FROM marts.fct_daily_wallet_roles WHERE block_date = '2025-05-03' AND payment_count = 1"
    ) == [("warm",)]


def test_planted_deposit_addresses_are_found_and_merchants_and_custodians_are_not(tmp_path: Path) -> None:
    write(generate(15_000, 5), tmp_path / "world")
    settings = load_settings(tmp_path / "data").with_changes(labels={"files": (tmp_path / "world" / "labels.csv",)})
    hot = [
        row.split(",")[1] for row in (tmp_path / "world" / "labels.csv").read_text().splitlines() if ",exchange," in row
    ]
    decoys = []
    for n in range(40):  # a merchant pays suppliers too, a custodian keeps half, another uses two exchanges
        decoys += [
            (n * 7_200, f"buyer{n}", f"shop{n}", 10),
            (n * 7_200 + 600, f"shop{n}", "@0", 9),
            (n * 7_200 + 900, f"shop{n}", f"supplier{n}", "0.9"),
        ]
        decoys += [(n * 7_200, f"client{n}", f"safe{n}", 10), (n * 7_200 + 600, f"safe{n}", "@0", 5)]
        decoys += [
            (n * 7_200, f"other{n}", f"desk{n}", 10),
            (n * 7_200 + 600, f"desk{n}", "@0", 5),
            (n * 7_200 + 700, f"desk{n}", "@-1", 5),
        ]
    rows = [
        [hot[int(str(cell)[1:])] if str(cell).startswith("@") else cell for cell in row]
        for row in _with_hot(decoys, hot)
    ]
    write_csv(tmp_path / "world" / "transfers" / "decoys.csv", rows)
    build(settings, tmp_path / "world" / "transfers")
    truth = {(row["address"], row["entity"]) for row in json.loads((tmp_path / "world" / "deposits.json").read_text())}
    found = set(
        ask(
            settings,
            "SELECT address, entity FROM detection.address_clusters "
            "WHERE kind = 'exchange_deposit' AND known_to IS NULL",
        )
    )
    assert len(found & truth) / len(found) >= 0.95
    assert len(found & truth) / len(truth) >= 0.9


def _with_hot(hops: list[tuple[int, str, str, object]], hot: list[str]) -> list[list[object]]:
    made = rows_of([(at, a, b, amount) for at, a, b, amount in hops])
    for row, (_, _, receiver, _) in zip(made, hops, strict=True):
        row[2] = str(row[2]).replace("2025-05", "2025-03")
        if receiver.startswith("@"):
            row[8] = hot[int(receiver[1:])]
    return made


def test_inputs_of_one_transaction_are_one_cluster_and_a_coinjoin_is_none(settings: Settings, tmp_path: Path) -> None:
    receiver, others = f"1{'R' * 32}", [f"1{letter * 32}" for letter in "JKLMNP"]
    txs: list[BitcoinTx] = [
        ([(A, 100), (B, 50)], [(receiver, 140)]),
        ([(B, 70), (C, 30)], [(receiver, 99)]),
        ([(D, 70)], [(receiver, 69)]),
        ([(address, 100) for address in others[:3]], [(address, 100) for address in others[3:]]),
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.jsonl").write_text("\n".join(map(json.dumps, etl(txs))))
    build(settings, tmp_path / "in")
    found = ask(
        settings,
        "SELECT cluster_id, address, confidence, source FROM detection.address_clusters WHERE kind = 'multi_input' "
        "ORDER BY address",
    )
    assert found == [(f"signs with {A}", address, 0.7, "derived") for address in (A, B, C)]
