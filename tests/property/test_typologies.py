"""Every kernel against a brute-force oracle on small random worlds: ties, parallel edges, loops, hubs, services."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flow_pipeline.detectors.typology import Hits, typologies
from flow_pipeline.graph import ROLE_BY_CATEGORY, TransferGraph
from flow_pipeline.graph.parallel import on_threads
from flow_pipeline.graph.paths import cycles
from flow_pipeline.graph.prepare import Hubs, Labels, Transfers, build
from flow_pipeline.settings import TypologySettings
from tests import oracle
from tests.oracle import H, T, World

Row = tuple[int, int, int, int, str]
"""step in time, order within it, sender, receiver, amount"""


def graph_of(rows: list[Row], roles: dict[int, str], hub_degree: int, step: int) -> tuple[TransferGraph, World]:
    """The same world for the kernels and for the oracle."""
    ordered = sorted(rows, key=lambda row: row[:2])
    # of one place the smaller amount comes first
    keys = sorted({(at, place, Fraction(amount)) for at, place, _, _, amount in ordered})
    places = [(at, place) for at, place, _, _, _ in ordered]
    made = [
        T(n, at * step, keys.index((at, place, Fraction(amount))), a, b, Fraction(amount))
        for n, (at, place, a, b, amount) in enumerate(ordered)
    ]
    edges = [t for t in made if t.sender != t.receiver and t.amount > 0]
    # handed over in any order: the graph finds its own
    mixed = np.random.default_rng(len(rows)).permutation(len(edges))
    columns = [edges[i] for i in mixed]
    transfers = Transfers(
        time=np.array([t.at * 1_000_000 for t in columns], np.int64),
        block=np.array([0 for _ in columns], np.int64),
        place=np.array([places[t.n][1] for t in columns], np.int64),
        index=np.array([-1 for _ in columns], np.int64),
        sender=np.array([t.sender for t in columns], np.int64),
        receiver=np.array([t.receiver for t in columns], np.int64),
        token=np.zeros(len(columns), np.int64),
        amount=np.array([float(t.amount) for t in columns]),
        amount_usd=np.empty(0),
        tie_break=lambda positions: (np.array([""] * len(positions)),) * 2,
    )
    who = sorted(roles)
    labels = Labels(
        address=np.array(who, np.int64),
        chain=np.zeros(len(who), np.int32),
        start=np.full(len(who), np.iinfo(np.int64).min),
        end=np.full(len(who), np.iinfo(np.int64).max),
        role=np.array([ROLE_BY_CATEGORY[roles[a]] for a in who], np.int8),
        entity=np.array(who, np.int32),
    )
    world = World(made, roles, hub_degree)
    crowded = np.array(sorted(world.hubs), np.int64)
    hubs = Hubs(np.zeros(len(crowded), np.int32), crowded, np.full(len(crowded), np.iinfo(np.int64).min))
    graph = build(transfers, labels, hubs, np.zeros(1, np.int32), ("USDT",), 20)
    graph.row[:] = np.array([t.n for t in columns], np.int64)[graph.row]
    return graph, world


def sets_of(graph: TransferGraph, hits: Hits) -> list[tuple[int, ...]]:
    """The transfers of each finding, in their order."""
    return [tuple(int(n) for n in graph.row[hits.edges[hits.start[i] : hits.start[i + 1]]]) for i in range(len(hits))]


def crowd(seed: int, amounts: list[str], last: int, most: int, people: int) -> list[Row]:
    """A full world in which money is often passed on: small random lists seldom hold the longer patterns."""
    rng = np.random.default_rng(seed)
    made: list[Row] = []
    holder = 0
    for i in range(most):
        sender = holder if rng.random() < 0.7 else int(rng.integers(0, people))
        holder = int(rng.integers(0, people))
        at = min(last, max(0, i * last // most + int(rng.integers(-1, 2))))
        made.append((at, int(rng.integers(0, 3)), sender, holder, str(rng.choice(amounts))))
    return made


def rows(amounts: list[str], last: int, most: int = 22, people: int = 6) -> st.SearchStrategy[list[Row]]:
    """Transfers among few people at few moments: ties, repeats and self-transfers are common."""
    one = st.tuples(
        st.integers(0, last),
        st.integers(0, 2),
        st.integers(0, people - 1),
        st.integers(0, people - 1),
        st.sampled_from(amounts),
    )
    return st.lists(one, min_size=1, max_size=most)


NO_ROLES: dict[int, str] = {}
ROLES = st.just(NO_ROLES) | st.dictionaries(
    st.integers(0, 5), st.sampled_from(["exchange", "bridge", "mixer", "contract", "burn"]), max_size=3
)
SERVICES: dict[int, str] = {0: "mixer", 1: "bridge", 2: "exchange"}
HUBS = st.sampled_from([1_000, 1_000, 4, 3, 2])


CASES: dict[str, tuple[dict[str, Any], tuple[list[str], int, int, int], int, Callable[[World], Any]]] = {
    "rapid_chain": ({}, (["4", "2", "1", "4.2", "3"], 12, 22, 6), 900, oracle.rapid_chains),
    "layered": ({"min_hops": 3}, (["100", "80", "100.5", "79.99", "0.375", "0.3"], 12, 22, 6), 42 * H,
                lambda w: oracle.layered(w, 3)),
    "fan_out": ({"min_counterparties": 3}, (["1", "2"], 12, 26, 5), 8 * H,
                lambda w: oracle.trailing(w, "out", 24 * H, 3, True)),
    "fan_in": ({"min_counterparties": 3}, (["1", "2"], 12, 26, 5), 8 * H,
               lambda w: oracle.trailing(w, "in", 24 * H, 3, True)),
    "structuring": ({"min_transfers": 3}, (["8000", "9999.99", "10000", "7999.99"], 12, 26, 4), 8 * H,
                    lambda w: oracle.structuring(w, 3)),
    "scatter_gather": ({"min_middles": 2}, (["1", "2"], 12, 22, 6), 12 * H,
                       lambda w: oracle.scatter_gather(w, least=2)),
    "gather_scatter": ({"min_counterparties": 2}, (["10", "8", "9"], 12, 22, 6), 12 * H,
                       lambda w: oracle.gather_scatter(w, least=2)),
    "peeling_chain": ({"min_hops": 2}, (["100", "80", "20", "10", "8", "90"], 10, 22, 6), 12 * H,
                      lambda w: oracle.peeling_chains(w, 2)),
    "pass_through": ({"min_passes": 2}, (["100", "95", "100.5", "50", "94.9"], 16, 26, 4), 1_800,
                     lambda w: oracle.pass_through(w, 2)),
    "mixer_funnel": ({}, (["1", "4", "2"], 12, 22, 6), 12 * H, oracle.mixer_funnels),
    "bridge_to_exchange": ({}, (["10", "8", "12"], 8, 22, 6), 4 * H, oracle.bridge_to_exchange),
}  # fmt: skip


def _found(name: str, graph: TransferGraph, hits: Hits) -> Any:
    walks = sets_of(graph, hits)
    assert len(set(walks)) == len(walks) or name == "structuring", "nothing is found twice"
    if name in ("rapid_chain", "layered", "bridge_to_exchange"):
        return set(walks)
    if name == "structuring":
        return {
            ("out" if is_sender else "in", frozenset(walk))
            for walk, is_sender in zip(walks, hits.facts["is_sender"], strict=True)
        }
    return {frozenset(walk) for walk in walks}


@pytest.mark.parametrize("name", CASES)
def test_a_detector_finds_exactly_what_its_definition_says(name: str) -> None:
    parameters, shape, step, brute_force = CASES[name]

    @budget(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        made=rows(*shape),
        roles=st.just(SERVICES) | ROLES if name in ("mixer_funnel", "bridge_to_exchange") else ROLES,
        hub_degree=HUBS,
    )
    def check(made: list[Row], roles: dict[int, str], hub_degree: int) -> None:
        graph, world = graph_of(made, roles, hub_degree, step)
        detector = typologies()[name]
        hits = detector.find(graph, detector.Parameters(**parameters), TypologySettings())
        assert _found(name, graph, hits) == brute_force(world)

    check()


@pytest.mark.parametrize("name", CASES)
def test_a_detector_is_exact_in_full_worlds(name: str) -> None:
    parameters, shape, step, brute_force = CASES[name]
    detector, some = typologies()[name], 0
    for seed in range(1_200):
        roles = (
            SERVICES
            if name in ("mixer_funnel", "bridge_to_exchange")
            else {0: "contract"}
            if seed % 4 == 0
            else NO_ROLES
        )
        graph, world = graph_of(crowd(seed, *shape), roles, 4 if seed % 5 == 0 else 1_000, step)
        expected = brute_force(world)
        some += bool(expected)
        hits = detector.find(graph, detector.Parameters(**parameters), TypologySettings())
        assert _found(name, graph, hits) == expected, f"seed {seed}"
    assert some > 100, "worlds without the pattern prove nothing"


@budget(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    made=st.integers(0, 10**6).map(lambda seed: crowd(seed, ["10", "20", "10.5", "9.9"], 14, 24, 5)),
    roles=ROLES,
    hub_degree=HUBS,
    max_hops=st.integers(2, 6),
)
def test_every_temporal_cycle_is_found_once(
    made: list[Row], roles: dict[int, str], hub_degree: int, max_hops: int
) -> None:
    graph, world = graph_of(made, roles, hub_degree, 9 * H)
    walks = cycles(graph, 72 * H * 1_000_000, 0.5, 1.05, max_hops, 10**6, 10**6)
    found = [
        tuple(int(n) for n in graph.row[walks.edges[walks.start[i] : walks.start[i + 1]]]) for i in range(len(walks))
    ]
    assert len(set(found)) == len(found)
    assert set(found) == oracle.cycles(world, max_hops=max_hops)


@pytest.mark.parametrize(("per_root", "per_day"), [(10**6, 10**6), (10**6, 7), (3, 10**6), (2, 5)])
@pytest.mark.parametrize("threads", [2, 5])
def test_threads_find_the_same_cycles_under_the_same_limits(
    per_root: int, per_day: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flow_pipeline.graph.parallel._LEAST", 3)
    graph, _ = graph_of(crowd(4, ["10", "20"], 60, 120, 6), {}, 100, 2 * 3_600)
    given_limits = (graph, 60 * 3_600 * 1_000_000, 0.0, np.inf, 4, per_root, per_day)
    alone = cycles(*given_limits)
    with on_threads(threads):
        together = cycles(*given_limits)
    assert len(alone) > 20
    for name, value in vars(alone).items():
        assert np.array_equal(value, getattr(together, name)), name


@budget(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=st.integers(0, 10**6).map(lambda seed: crowd(seed, ["10", "20", "10.5"], 14, 24, 4)), roles=ROLES)
def test_one_finding_per_circle_and_day_counts_its_instances(made: list[Row], roles: dict[int, str]) -> None:
    graph, world = graph_of(made, roles, 1_000, 9 * H)
    detector = typologies()["circular"]
    hits = detector.find(graph, detector.Parameters(), TypologySettings())
    by_number = {t.n: t for t in world.transfers}
    circles: dict[tuple[int, tuple[int, ...]], int] = {}
    for walk in oracle.cycles(world):
        ring = [by_number[n].sender for n in walk]
        turn = ring.index(min(ring))
        key = (by_number[walk[-1]].at // 86_400, tuple(ring[turn:] + ring[:turn]))
        circles[key] = circles.get(key, 0) + 1
    assert sorted(hits.facts["instances"].tolist()) == sorted(circles.values())


def repeated(hops: list[tuple[int, int]], times: int) -> list[Row]:
    """The same hops over and over: every combination of them is a path."""
    return [(i, n, a, b, "1") for i in range(times) for n, (a, b) in enumerate(hops)]


@pytest.mark.parametrize(
    ("name", "hops", "roles"),
    [
        ("mixer_funnel", [(5, 4), (4, 3), (3, 0)], {0: "mixer"}),
        ("scatter_gather", [(1, 2), (1, 3), (1, 4), (2, 5), (3, 5), (4, 5)], {}),
        ("layered", [(i, i + 1) for i in range(1, 8)], {}),
        ("rapid_chain", [(i, i + 1) for i in range(1, 8)], {}),
        ("circular", [(i, i % 6 + 1) for i in range(1, 7)], {}),
    ],
)
def test_repeated_payments_are_searched_within_bounds(
    name: str, hops: list[tuple[int, int]], roles: dict[int, str]
) -> None:
    # A late payment back to the first address makes every inner path a candidate; listing all of them would not end.
    rows = [*repeated(hops, 250), *([(251, 0, 9, 1, "1")] if name in ("layered", "rapid_chain") else [])]
    graph, _ = graph_of(rows, roles, 1_000, 2)
    common = TypologySettings(max_findings=50)
    hits = typologies()[name].find(graph, typologies()[name].Parameters(), common)
    assert len(hits) > 0
    assert hits.is_capped == (name in ("layered", "rapid_chain", "circular"))
