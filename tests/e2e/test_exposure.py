"""Exposure: shares by the tracer's rule, against its state machine in plain Python and against the flows it stored."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.questions.exposure import UNKNOWN, Exposure, exposure
from flow_pipeline.questions.places import place_of
from flow_pipeline.settings import ExplorerSettings, Settings, TracingSettings, load_settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import ask, build, label_file, transfer, write_csv
from tests.flow_oracle import Move, Tracker
from tests.worlds import address, at

MIXER, DESK, ANNA, BERT, CARL, DORA, EVE = map(address, ("mixer", "desk", "anna", "bert", "carl", "dora", "eve"))
HOUR = 3600
WORLD = [
    (0, MIXER, BERT, 10),
    (1 * HOUR, EVE, BERT, 10),
    (2 * HOUR, BERT, ANNA, 15),  # 10 of the mixer, the oldest money, and 5 of Eve
    (3 * HOUR, EVE, ANNA, 5),
    (4 * HOUR, ANNA, CARL, 8),
    (5 * HOUR, CARL, DESK, 6),
    (6 * HOUR, CARL, DORA, 2),
    (7 * HOUR, ANNA, DESK, 4),
    (50 * HOUR, DORA, DESK, 2),  # after a day's rest it is nobody's
]
LABELS = [
    ["ethereum", MIXER, "Blender", "mixer", "pool", 0.9, "a test", "2020-01-01", ""],
    ["ethereum", DESK, "Desk", "exchange", "hot", 0.9, "a test", "2020-01-01", ""],
]


def built(folder: Path, hops: list[tuple[int, str, str, object]], **changes: Any) -> Settings:
    made = [transfer(n, a, b, amount, at=at(second), index=n) for n, (second, a, b, amount) in enumerate(hops, 1)]
    write_csv(folder / "in" / "t.csv", made)
    settings = load_settings(folder / "data").with_changes(**changes)
    build(settings, folder / "in")
    return settings


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("exposure")
    (folder / "prices.csv").write_text(
        "date,token,usd\n" + "".join(f"2025-05-0{day},ETH,100\n" for day in (1, 2, 3, 4))
    )
    return built(
        folder, WORLD, labels={"files": (label_file(folder / "l.csv", LABELS),)},
        sources={"prices": folder / "prices.csv"},
    )  # fmt: skip


def asked(settings: Settings, one: str, hops: int = 3, **given: Any) -> Exposure:
    limits = ExplorerSettings(**given.pop("limits", {}))
    with open_published(settings) as connection:
        place = place_of(connection, "ethereum", one)
        return exposure(connection, "eth", place, limits, TracingSettings(**given), hops)


def shown(found: Exposure, direction: str) -> dict[str, tuple[object, ...]]:
    names = ("usd_direct", "usd_indirect", "usd")
    return {
        row["category"]: tuple(None if row[name] is None else float(row[name]) for name in names)
        for row in found.categories
        if row["direction"] == direction
    }


def test_the_oldest_money_leaves_first(world: Settings) -> None:
    found = asked(world, ANNA)
    assert shown(found, "in") == {"mixer": (0, 1000, 1000), UNKNOWN: (None, None, 1000)}
    assert shown(found, "out") == {"exchange": (400, 600, 1000), UNKNOWN: (None, None, 200)}
    mixer = next(row for row in found.categories if row["category"] == "mixer")
    assert (mixer["names"], mixer["nearest_hops"], mixer["flows"], mixer["share"]) == (["Blender"], 2, 1, 0.5)
    assert found.attribution == "fifo"
    assert found.left_out == ()
    assert {row["direction"]: (row["transfers"], row["usd"]) for row in found.totals} == {
        "in": (2, Decimal(2000)), "out": (2, Decimal(1200)),
    }  # fmt: skip


def test_a_haircut_takes_of_all_and_poison_has_no_shares(world: Settings) -> None:
    found = asked(world, ANNA, attribution="haircut")
    assert shown(found, "in")["mixer"] == (0, 750, 750)
    poisoned = asked(world, ANNA, attribution="poison")
    assert (poisoned.attribution, poisoned.categories) == ("haircut", found.categories)


def test_one_hop_is_what_went_straight(world: Settings) -> None:
    found = asked(world, ANNA, hops=1)
    assert shown(found, "in") == {UNKNOWN: (None, None, 2000)}
    assert shown(found, "out") == {"exchange": (400, 0, 400), UNKNOWN: (None, None, 800)}


def test_longer_rest_and_more_hops_reach_further(world: Settings) -> None:
    assert shown(asked(world, ANNA, max_idle_days=3), "out")["exchange"] == (400, 800, 1200)
    assert shown(asked(world, ANNA, hops=2, max_idle_days=3), "out")["exchange"] == (400, 600, 1000)


def test_bounds_say_what_they_leave_out_and_leave_it_to_nobody(world: Settings) -> None:
    cut = asked(world, ANNA, limits={"max_exposure_transfers": 1})
    assert "max_exposure_transfers" in cut.left_out[0]
    assert shown(cut, "in") == {UNKNOWN: (None, None, 2000)}
    assert shown(cut, "out")["exchange"] == (400, 0, 400)
    for hops in (0, 7):
        with pytest.raises(UsageError, match="is not followed"):
            asked(world, ANNA, hops=hops)


def test_tokens_without_a_price_are_in_their_own_units_alone(settings: Settings, tmp_path: Path) -> None:
    labels = label_file(tmp_path / "l.csv", LABELS)
    settings = built(tmp_path, WORLD, labels={"files": (labels,)})
    found = asked(settings, ANNA)
    assert shown(found, "in") == {"mixer": (None, None, None), UNKNOWN: (None, None, None)}
    amounts = {(row["direction"], row["category"]): (row["amount"], row["share"]) for row in found.tokens}
    assert amounts["in", "mixer"] == (Decimal(10), 0.5)
    assert amounts["out", UNKNOWN] == (Decimal(2), pytest.approx(1 / 6))


PEOPLE = [address(f"p{n:02d}") for n in range(9)]
SERVICES = {PEOPLE[6]: "Six", PEOPLE[7]: "Seven", PEOPLE[8]: "Eight"}
KINDS = {"Six": "exchange", "Seven": "mixer", "Eight": "exchange"}


@pytest.fixture(scope="module", params=[1, 2])
def dense(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[Move]]:
    """Six people and three services who pay each other for two days, at distinct times."""
    folder, dice = tmp_path_factory.mktemp("dense"), random.Random(request.param)
    seconds = sorted(dice.sample(range(2 * 86_400), 160))
    hops: list[tuple[int, str, str, object]] = [
        (second, *dice.sample(PEOPLE, 2), f"{dice.randint(1, 400) / 4:g}") for second in seconds
    ]
    labels = [["ethereum", one, name, KINDS[name], "x", 0.9, "t", "2020-01-01", ""] for one, name in SERVICES.items()]
    settings = built(
        folder, hops, labels={"files": (label_file(folder / "l.csv", labels),)},
        tracing={"max_idle_days": 7.0, "min_amount_by_token": {}},
    )  # fmt: skip
    moves = [
        Move(n, second // 86_400, n, second, PEOPLE.index(a), PEOPLE.index(b), Fraction(str(amount)))
        for n, (second, a, b, amount) in enumerate(hops)
    ]
    return settings, moves


@pytest.mark.parametrize("attribution", ["fifo", "haircut"])
def test_every_address_has_the_shares_of_the_state_machine(
    dense: tuple[Settings, list[Move]], attribution: str
) -> None:
    settings, moves = dense
    for number, one in enumerate(PEOPLE):
        groups = {PEOPLE.index(service): n for n, service in enumerate(SERVICES)} | {number: 3}
        found = asked(settings, one, hops=6, attribution=attribution, max_idle_days=7)
        amounts = {
            (row["direction"], row["category"]): (row["amount_direct"], row["amount_indirect"]) for row in found.tokens
        }
        for direction in ("in", "out"):
            expected: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
            tracker = Tracker(
                groups, [True, True, True, direction == "out"], [True] * 4, attribution, max_idle=7 * 86_400,
                max_age=7 * 86_400,
            )  # fmt: skip
            tracker.run(moves)
            for source, destination, amount, hops, _, _ in tracker.arrived:
                mine, other = (source, destination) if direction == "out" else (destination, source)
                if mine == 3:
                    name = list(SERVICES.values())[other] if other < 3 else ""
                    expected[KINDS[name]][hops > 1] += amount
            for category, sums in expected.items():
                got = [Fraction(value) for value in amounts[direction, category]]
                assert got == pytest.approx([float(value) for value in sums], rel=1e-12), (one, direction, category)


def test_shares_of_a_direction_sum_to_one_and_none_is_negative(dense: tuple[Settings, list[Move]]) -> None:
    settings, moves = dense
    for number, one in enumerate(PEOPLE):
        paid = sum(move.amount for move in moves if move.sender == number)
        for attribution in ("fifo", "haircut", "poison"):
            for hops in (1, 2, 4, 6):
                found = asked(settings, one, hops=hops, attribution=attribution)
                for direction in ("in", "out"):
                    rows = [row for row in found.tokens if row["direction"] == direction]
                    assert sum(row["share"] for row in rows) == pytest.approx(1)
                    assert min(row["amount"] for row in rows) >= 0
                assert sum(Fraction(row["amount"]) for row in found.tokens if row["direction"] == "out") == paid


def test_what_left_a_service_arrives_where_the_stored_flows_say(dense: tuple[Settings, list[Move]]) -> None:
    settings, _ = dense
    flows = ask(
        settings,
        "select source_group, g.category, sum(amount) from detection.group_flows as f inner join "
        "(select group_id, lower(type) as category from detection.groups) as g on g.group_id = f.destination_group "
        "group by all",
    )
    stored = {(source, category): amount for source, category, amount in flows}
    assert len(stored) > 4
    for one, name in SERVICES.items():
        found = asked(settings, one, hops=6, max_idle_days=7)
        arrived = {
            (name, row["category"]): row["amount"]
            for row in found.tokens
            if row["direction"] == "out" and row["category"] != UNKNOWN and row["amount"]
        }
        assert arrived == {key: amount for key, amount in stored.items() if key[0] == name}
