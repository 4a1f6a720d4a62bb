"""Deposit addresses and addresses that sign together: planted truth, decoys, worked cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.simulation.world import generate, write
from tests.conftest import ask, build, label_file, write_csv
from tests.e2e.test_bitcoin import A, B, C, D, Tx, etl
from tests.e2e.test_typologies import Hop, address, rows_of

DAY = 86_400
HOT = [
    ["ethereum", address("HOT"), "Harbour", "exchange", "hot", 0.9, "test", "2020-01-01", ""],
    ["ethereum", address("HUT"), "Kopi", "exchange", "hot", 0.9, "test", "2020-01-01", ""],
]
LATER: Hop = (9 * DAY, "X", "Y", 1)


def clusters(settings: Settings, hops: list[Hop], tmp_path: Path) -> list[tuple[object, ...]]:
    write_csv(tmp_path / "in" / "t.csv", rows_of([*hops, LATER]))
    build(settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", HOT),)}), tmp_path / "in")
    return ask(settings, "SELECT address, entity, known_from::DATE::VARCHAR FROM detection.address_clusters WHERE kind = 'exchange_deposit'")


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
def test_a_deposit_address_is_what_the_definition_says(settings: Settings, tmp_path: Path, hops: list[Hop], is_deposit: bool) -> None:
    assert clusters(settings, hops, tmp_path) == ([(address("D"), "Harbour", "2025-05-02" if hops[0][0] == 0 else "")] if is_deposit else [])


def test_planted_deposit_addresses_are_found_and_merchants_and_custodians_are_not(tmp_path: Path) -> None:
    write(generate(15_000, 5), tmp_path / "world")
    settings = load_settings(tmp_path / "data").with_changes(labels={"files": (tmp_path / "world" / "labels.csv",)})
    hot = [row.split(",")[1] for row in (tmp_path / "world" / "labels.csv").read_text().splitlines() if ",exchange," in row]
    decoys = []
    for n in range(40):  # a merchant pays suppliers too, a custodian keeps half, another uses two exchanges
        decoys += [(n * 7_200, f"buyer{n}", f"shop{n}", 10), (n * 7_200 + 600, f"shop{n}", "@0", 9), (n * 7_200 + 900, f"shop{n}", f"supplier{n}", "0.9")]
        decoys += [(n * 7_200, f"client{n}", f"safe{n}", 10), (n * 7_200 + 600, f"safe{n}", "@0", 5)]
        decoys += [(n * 7_200, f"other{n}", f"desk{n}", 10), (n * 7_200 + 600, f"desk{n}", "@0", 5), (n * 7_200 + 700, f"desk{n}", "@-1", 5)]
    rows = [[hot[int(str(cell)[1:])] if str(cell).startswith("@") else cell for cell in row] for row in _with_hot(decoys, hot)]
    write_csv(tmp_path / "world" / "transfers" / "decoys.csv", rows)
    build(settings, tmp_path / "world" / "transfers")
    truth = {(row["address"], row["entity"]) for row in json.loads((tmp_path / "world" / "deposits.json").read_text())}
    found = set(ask(settings, "SELECT address, entity FROM detection.address_clusters WHERE kind = 'exchange_deposit'"))
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
    txs: list[Tx] = [
        ([(A, 100), (B, 50)], [(receiver, 140)]),
        ([(B, 70), (C, 30)], [(receiver, 99)]),
        ([(D, 70)], [(receiver, 69)]),
        ([(address, 100) for address in others[:3]], [(address, 100) for address in others[3:]]),
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.jsonl").write_text("\n".join(map(json.dumps, etl(txs))))
    build(settings, tmp_path / "in")
    found = ask(settings, "SELECT cluster_id, address, confidence, source FROM detection.address_clusters ORDER BY address")
    assert found == [(f"signs with {A}", address, 0.7, "derived") for address in (A, B, C)]
