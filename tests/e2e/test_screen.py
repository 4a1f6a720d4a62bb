"""Screening: on a list, or near somebody who is; by which list of which day, over which transfers."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flow_pipeline.questions.screening import screen
from flow_pipeline.settings import ScreenSettings, Settings, load_settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import build, label_file, transfer, write_csv
from tests.worlds import address, command

NAMES = ("listed", "payer", "middle", "late", "far", "desk", "behind", "alone", "poisoned", "poly")
LISTED, PAYER, MIDDLE, LATE, FAR, DESK, BEHIND, ALONE, POISONED, POLY = map(address, NAMES)
REMARKS = (
    '1,"SOMEBODY","individual","CYBER2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    f'"Digital Currency Address - ETH {LISTED};"\n'
)
ROWS = [
    transfer(1, PAYER, LISTED, "1.5", at="2025-05-01"),
    transfer(2, PAYER, LISTED, 7, at="2025-05-02", symbol="XYZ"),
    transfer(3, MIDDLE, PAYER, 3, at="2025-04-30"),
    transfer(4, LATE, PAYER, 3, at="2025-05-03"),
    transfer(5, FAR, MIDDLE, 4, at="2025-04-29"),
    transfer(6, LISTED, DESK, 5),
    transfer(7, DESK, BEHIND, 5, at="2025-05-03"),
    transfer(8, ALONE, BEHIND, 5),
    transfer(9, LISTED, POISONED, 0),
    transfer(10, LISTED, POLY, 2, chain="polygon"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("screen")
    (folder / "sdn_2024-03-04.csv").write_text(REMARKS)
    desk = ["ethereum", DESK, "Desk", "exchange", "hot", 0.9, "a test", "2020-01-01", ""]
    files = (folder / "sdn_2024-03-04.csv", label_file(folder / "l.csv", [desk]))
    write_csv(folder / "in" / "t.csv", ROWS)
    settings = load_settings(folder / "data").with_changes(labels={"files": files}, reports={"each_run": False})
    build(settings, folder / "in")
    return settings


def asked(world: Settings, *texts: str, hops: int = 2, chain: str | None = None, **rules: Any) -> dict[str, Any]:
    with open_published(world) as connection:
        found, _ = screen(connection, texts, hops, chain, ScreenSettings(**rules))
    return {one.address: one for one in found}


def test_a_listed_address_names_its_list_and_the_day(world: Settings) -> None:
    one = asked(world, LISTED.upper().replace("X", "x"))[LISTED]
    assert one.status == "listed"
    (label,) = one.hits[0].labels
    assert (label["list"], label["source"], label["entity"], str(label["known_from"])) == (
        "sdn_2024-03-04.csv", "OFAC SDN list of 2024-03-04", "SOMEBODY", "2024-03-04 00:00:00",
    )  # fmt: skip
    assert (one.hits[0].hops, one.hits[0].path, len(one.hits)) == (0, [], 1)


def test_a_direct_payment_has_its_amounts_per_token_and_hashes(world: Settings) -> None:
    (hit,) = asked(world, PAYER, hops=1)[PAYER].hits
    assert (hit.hops, hit.direction, hit.listed, hit.in_order) == (1, "out", LISTED, True)
    assert [step["address"] for step in hit.path] == [PAYER, LISTED]
    (leg,) = hit.legs
    amounts = {part["token_symbol"]: (str(part["amount"].normalize()), part["tx_hashes"]) for part in leg["amounts"]}
    assert amounts == {"ETH": ("1.5", [f"0x{1:064x}"]), "XYZ": ("7", [f"0x{2:064x}"])}
    assert (leg["transfers"], str(leg["first_at"])[:10], str(leg["last_at"])[:10]) == (2, "2025-05-01", "2025-05-02")


def test_hops_directions_and_the_order_of_time(world: Settings) -> None:
    found = asked(world, MIDDLE, LATE, FAR, POLY, hops=2)
    (hit,) = found[MIDDLE].hits
    assert (hit.hops, hit.direction, hit.in_order) == (2, "out", True)
    assert [leg["tx_hash"] for leg in hit.legs] == [f"0x{3:064x}", f"0x{1:064x}"]
    (late,) = found[LATE].hits
    assert (late.hops, late.in_order) == (2, False)
    assert found[FAR].status == "clean"
    assert [(hit.hops, hit.direction) for hit in found[POLY].hits] == [(1, "in")]
    assert [hit.hops for hit in asked(world, FAR, hops=3)[FAR].hits] == [3]
    assert asked(world, FAR, hops=6)[FAR].hits[0].in_order is True


def test_no_path_passes_through_a_service_and_a_payment_of_nothing_is_none(world: Settings) -> None:
    found = asked(world, DESK, BEHIND, ALONE, POISONED, hops=6)
    assert [(hit.hops, hit.direction) for hit in found[DESK].hits] == [(1, "in")]
    assert [found[name].status for name in (BEHIND, ALONE, POISONED)] == ["clean"] * 3


def test_one_chain_alone(world: Settings) -> None:
    assert asked(world, POLY, chain="matic")[POLY].status == "near"
    assert asked(world, POLY, chain="eth")[POLY].status == "clean"


def test_other_categories_make_hits_when_the_settings_say_so(world: Settings) -> None:
    hits = asked(world, BEHIND, hops=1, categories=("exchange",))[BEHIND].hits
    assert [(hit.listed, hit.direction) for hit in hits] == [(DESK, "in")]


def test_many_addresses_against_a_walk_of_all_paths(settings: Settings, tmp_path: Path) -> None:
    """The two walks find what a plain search of every path finds."""
    import random

    dice = random.Random(7)
    people = [address(f"p{n:02d}") for n in range(40)]
    pairs = sorted({(dice.choice(people), dice.choice(people)) for _ in range(70)})
    listed, service = set(people[:4]), set(people[4:8])
    labels = [["ethereum", one, one, "sanctioned", "x", 1, "t", "2020-01-01", ""] for one in sorted(listed)]
    labels += [["ethereum", one, one, "dex", "x", 1, "t", "2020-01-01", ""] for one in sorted(service)]
    write_csv(tmp_path / "in" / "t.csv", [transfer(n, a, b, 1) for n, (a, b) in enumerate(pairs)])
    build(settings.with_changes(labels={"files": (label_file(tmp_path / "l.csv", labels),)}), tmp_path / "in")

    def walks(at: str, ahead: dict[str, set[str]], left: int, path: tuple[str, ...]) -> Iterator[tuple[str, int]]:
        for to in sorted(ahead.get(at, set()) - set(path)) if left else ():
            if to in listed:
                yield to, len(path)
            elif to not in service:
                yield from walks(to, ahead, left - 1, (*path, to))

    out: dict[str, set[str]] = {}
    back: dict[str, set[str]] = {}
    for a, b in pairs:
        if a != b:
            out.setdefault(a, set()).add(b)
            back.setdefault(b, set()).add(a)
    found = asked(settings, *people, hops=4)
    some = 0
    for one in people:
        expected: dict[tuple[str, str], int] = {}
        for direction, ahead in (("out", out), ("in", back)):
            for to, hops in walks(one, ahead, 4, (one,)):
                expected[to, direction] = min(hops, expected.get((to, direction), 9))
        hits = {(hit.listed, hit.direction): hit.hops for hit in found[one].hits if hit.hops}
        assert hits == expected, one
        some += len(hits)
        for hit in found[one].hits:
            steps = [step["address"] for step in hit.path]
            assert all(b in out[a] for a, b in pairwise(steps))
    assert some > 50


def test_the_verb_says_it_with_its_exit_code(
    world: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ("--data-dir", world.data_dir)
    assert command(*data, "screen", ALONE, "--json") == 0
    said = capsys.readouterr()
    assert "sdn_2024-03-04.csv (1 addresses, the last known from 2024-03-04)" in said.err
    assert json.loads(said.out)["addresses"] == [{"address": ALONE, "status": "clean", "is_seen": True, "hits": []}]
    unseen = "0x" + "9" * 40
    assert command(*data, "screen", unseen, "--json") == 0
    assert json.loads(capsys.readouterr().out)["addresses"][0]["is_seen"] is False
    (tmp_path / "customers.csv").write_text(f"name,address\na,{MIDDLE}\nb,{ALONE}\n")
    assert command(*data, "screen", tmp_path / "customers.csv", "--csv") == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["address"], row["status"], row["hops"]) for row in rows] == [
        (MIDDLE, "near", "2"),
        (ALONE, "clean", ""),
    ]
    assert (rows[0]["amounts"], rows[0]["known_from"][:10]) == ("3 ETH > 7 XYZ + 1.5 ETH", "2024-03-04") or (
        rows[0]["amounts"] == "3 ETH > 1.5 ETH + 7 XYZ"
    )
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(f"{LISTED}\n{ALONE}\n".encode())))
    assert command(*data, "screen", "-", "--json") == 1
    assert [one["status"] for one in json.loads(capsys.readouterr().out)["addresses"]] == ["listed", "clean"]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert command(*data, "screen", LISTED) == 1
    assert f"{LISTED}: listed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody"], "'nobody' is no address of a known chain"),
        (["no/such/file.csv"], "is no address of a known chain"),
        (["0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"], "fails its EIP-55 checksum"),
        ([ALONE, "--chain", "tron"], "--chain tron: there is no transfer of this chain"),
        (["{empty}"], "holds no addresses"),
        (["{bad}"], "is no address of a known chain"),
        (["{typo}"], "'0x12' is no address of a known chain"),
        (["{other}"], "is no list of labels of a known form"),
    ],
)
def test_bad_input_is_refused(
    world: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "bad").write_text(f"address,x\n{ALONE},1\nnobody,2\n")
    (tmp_path / "other").write_text("a,b\n1,2\n")
    (tmp_path / "typo").write_text(f"{ALONE}\n0x12\n")
    files = {f"{{{name}}}": str(tmp_path / name) for name in ("empty", "bad", "other", "typo")}
    assert command("--data-dir", world.data_dir, "screen", *(files.get(word, word) for word in words)) == 2
    assert said in capsys.readouterr().err


def test_no_warehouse_and_no_list(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--data-dir", tmp_path / "none", "screen", ALONE) == 2
    write_csv(tmp_path / "in" / "t.csv", ROWS)
    build(settings, tmp_path / "in")
    with open_published(settings) as connection:
        assert screen(connection, [ALONE], 2, None, ScreenSettings(categories=("whale",)))[1] == []
