"""Paths in the order of time: against a search of every sequence of addresses, and what stands of them."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.paths import Paths, paths
from flow_pipeline.questions.places import place_of
from flow_pipeline.settings import ExplorerSettings, Settings, load_settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import build, label_file, transfer, write_csv
from tests.worlds import address

PAYER, FIRST, SECOND, GOAL, DESK, LATE, OTHER = map(
    address, ("payer", "first", "second", "goal", "desk", "late", "other")
)
ROWS = [
    transfer(1, PAYER, FIRST, 5, at="2025-05-01T10:00:00Z"),
    transfer(2, FIRST, SECOND, 4, at="2025-05-03T10:00:00Z", symbol="XYZ"),
    transfer(3, SECOND, GOAL, 3, at="2025-05-04T10:00:00Z"),
    transfer(4, SECOND, GOAL, 2, at="2025-05-05T10:00:00Z"),
    transfer(5, PAYER, DESK, 5, at="2025-05-01T10:00:00Z"),
    transfer(6, DESK, GOAL, 5, at="2025-05-02T10:00:00Z"),
    transfer(7, LATE, GOAL, 5, at="2025-05-02T10:00:00Z"),
    transfer(8, PAYER, LATE, 5, at="2025-05-03T10:00:00Z"),
    transfer(9, PAYER, SECOND, 0, at="2025-05-01T10:00:00Z"),
    transfer(10, PAYER, GOAL, 7, at="2025-05-20T10:00:00Z", chain="polygon"),
    # one transaction hands on what another one of the same block brings
    transfer(11, OTHER, PAYER, 1, at="2025-06-01T10:00:00Z", index=4),
    transfer(12, PAYER, FIRST, 1, at="2025-06-01T10:00:00Z", index=6),
    transfer(13, FIRST, OTHER, 1, at="2025-06-01T10:00:00Z", index=5),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("paths")
    desk = ["ethereum", DESK, "Desk", "exchange", "hot", 0.9, "a test", "2020-01-01", ""]
    write_csv(folder / "in" / "t.csv", ROWS)
    settings = load_settings(folder / "data").with_changes(labels={"files": (label_file(folder / "l.csv", [desk]),)})
    build(settings, folder / "in")
    return settings


def asked(world: Settings, source: str, target: str, chain: str = "eth", **given: Any) -> Paths:
    limits = ExplorerSettings(**given.pop("limits", {}))
    with open_published(world) as connection:
        ends = [place_of(connection, chain, one) for one in (source, target)]
        return paths(connection, chain, *ends, limits, **given)


def hashes(found: Paths) -> list[list[int]]:
    return [[int(leg["tx_hash"], 16) for leg in path["legs"]] for path in found.paths]


def test_a_path_is_in_the_order_of_time_and_passes_no_service(world: Settings) -> None:
    found = asked(world, PAYER, GOAL)
    assert hashes(found) == [[1, 2, 3]]
    (path,) = found.paths
    assert (path["hops"], str(path["first_at"]), str(path["last_at"])) == (
        3, "2025-05-01 10:00:00", "2025-05-04 10:00:00",
    )  # fmt: skip
    leg = path["legs"][1]
    assert (leg["from_address"], leg["to_address"], leg["token_symbol"], str(leg["amount"].normalize())) == (
        FIRST, SECOND, "XYZ", "4",
    )  # fmt: skip
    assert found.left_out == ()
    assert hashes(asked(world, PAYER, DESK)) == [[5]]
    assert asked(world, PAYER, DESK).paths[0]["legs"][0]["to_entity"] == "Desk"
    assert hashes(asked(world, DESK, GOAL)) == [[6]]
    assert hashes(asked(world, GOAL, PAYER)) == []


def test_hops_days_windows_tokens_and_chains_narrow_it(world: Settings) -> None:
    assert hashes(asked(world, PAYER, GOAL, hops=2)) == []
    assert hashes(asked(world, PAYER, GOAL, days=3)) == [[1, 2, 3]]
    assert hashes(asked(world, PAYER, GOAL, days=2.9)) == []
    assert hashes(asked(world, PAYER, GOAL, window=Window.parse("2025-05-02", None))) == []
    assert hashes(asked(world, SECOND, GOAL, window=Window.parse("2025-05-05", "2025-05-05"))) == [[4]]
    assert hashes(asked(world, PAYER, GOAL, token="xyz")) == []
    assert hashes(asked(world, FIRST, SECOND, token="xyz")) == [[2]]
    assert hashes(asked(world, PAYER, GOAL, chain="matic")) == [[10]]


def test_the_order_within_a_block_counts(world: Settings) -> None:
    assert hashes(asked(world, OTHER, FIRST)) == [[11, 12]]
    assert hashes(asked(world, PAYER, OTHER, window=Window.parse("2025-06-01", None))) == []


def test_bounds_say_what_they_leave_out(world: Settings) -> None:
    assert "max_frontier" in asked(world, PAYER, GOAL, limits={"max_frontier": 1}).left_out[0]
    assert "max_path_transfers" in asked(world, PAYER, GOAL, limits={"max_path_transfers": 1}).left_out[0]
    assert "max_path_effort" in asked(world, PAYER, GOAL, limits={"max_path_effort": 1}).left_out[-1]


def test_what_can_not_be_asked_is_refused(world: Settings) -> None:
    for given in ({"hops": 7}, {"days": 1e6}, {"hops": -1}):
        with pytest.raises(UsageError, match="not searched"):
            asked(world, PAYER, GOAL, **given)
    with pytest.raises(UsageError, match="both are the same"):
        asked(world, PAYER, PAYER)


@pytest.mark.parametrize("with_read_tables", [True, False])
def test_paths_among_many_against_a_search_of_every_sequence(
    settings: Settings, tmp_path: Path, with_read_tables: bool
) -> None:
    dice = random.Random(11)
    people = [address(f"p{n:02d}") for n in range(14)]
    service = people[-1]
    legs = [(dice.randrange(40), *dice.sample(people, 2)) for _ in range(90)]
    label = ["ethereum", service, "S", "dex", "x", 1, "t", "2020-01-01", ""]
    made = [
        transfer(n, a, b, 1, at=f"2025-05-01T{at // 60 + 1:02d}:{at % 60:02d}:00Z", index=n)
        for n, (at, a, b) in enumerate(legs)
    ]
    write_csv(tmp_path / "in" / "t.csv", made)
    settings = settings.with_changes(
        labels={"files": (label_file(tmp_path / "l.csv", [label]),)}, explorer={"read_tables": with_read_tables}
    )
    build(settings, tmp_path / "in")
    compared = 0
    for source, target, hops, minutes in (
        (people[dice.randrange(13)], people[dice.randrange(14)], dice.randint(1, 4), dice.choice((5, 15, 60)))
        for _ in range(40)
    ):
        if source == target:
            continue
        found = asked(settings, source, target, hops=hops, days=minutes / 1440, limits={"max_paths": 1000})
        shown = {
            (path["legs"][0]["from_address"], *(leg["to_address"] for leg in path["legs"])) for path in found.paths
        }
        assert len(shown) == len(found.paths)
        assert shown == every_sequence(legs, source, target, hops, minutes, service)
        assert not found.left_out
        compared += len(shown)
    assert compared > 40


def every_sequence(
    legs: list[tuple[int, str, str]], source: str, target: str, hops: int, minutes: int, service: str
) -> set[tuple[str, ...]]:
    """Distinct addresses that transfers lead over in the order of time; of one minute, in the order of the rows."""
    ordered = sorted((at, n, a, b) for n, (at, a, b) in enumerate(legs))
    found = set()

    def walk(passed: tuple[str, ...], began: int, at: tuple[int, int]) -> None:
        here = passed[-1]
        if here == target:
            found.add(passed)
            return
        if len(passed) > hops or (here == service and len(passed) > 1):
            return
        for time, n, a, b in ordered:
            start = time if len(passed) == 1 else began
            if a == here and b not in passed and (time, n) >= at and time - start <= minutes:
                walk((*passed, b), start, (time, n))

    walk((source,), 0, (-1, -1))
    return {one for one in found if all(a != b for a, b in pairwise(one))}
