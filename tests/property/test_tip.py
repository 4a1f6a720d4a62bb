"""Findings as transfers arrive are those of the batch, id by id: any batches, reorganisations, restarts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from flow_pipeline.detectors.typology import parameters_of, typologies
from flow_pipeline.domain.identity import finding_id, transfer_identity, transfer_key
from flow_pipeline.graph import HOUR, ROLE_BY_CATEGORY
from flow_pipeline.graph.prepare import NEVER, Crowds, Hubs, Labels, Transfers, build
from flow_pipeline.graph.tip import KnownAddresses, Limits, Window
from flow_pipeline.live.findings import Bounds, Change, Findings
from flow_pipeline.nodes import TRANSFERS
from flow_pipeline.settings import TypologySettings
from tests.property.test_typologies import SERVICES, crowd

H = 3_600
START = 1_700_000_000 // 86_400 * 86_400


@dataclass(frozen=True)
class Made:
    """A transfer of a world: block, seconds, ends, amount, hash."""

    block: int
    second: int
    sender: int
    receiver: int
    amount: str
    tx_hash: str


@dataclass(frozen=True)
class World:
    """What both sides know of it."""

    roles: dict[int, str]
    hub_degree: int
    many: int


def blocks_of(seed: int, shape: tuple[list[str], int, int, int], step: int, branch: str) -> list[list[Made]]:
    """Transfers of a full random world, block by block."""
    rows = sorted(crowd(seed, *shape))
    blocks: list[list[Made]] = [[] for _ in range(shape[1] + 1)]
    for n, (at, _, sender, receiver, amount) in enumerate(rows):
        blocks[at].append(Made(at, START + at * step, sender, receiver, amount, f"0x{branch}{seed}x{n}"))
    return blocks


def table(block: list[Made]) -> pa.Table:
    """As a feed hands it on."""
    return pa.Table.from_pylist(
        [
            {
                "block_number": made.block,
                "block_timestamp": made.second * 1_000_000,
                "transaction_index": place,
                "tx_hash": made.tx_hash,
                "transfer_index": 0,
                "token_address": None,
                "token_symbol": "USDT",
                "from_address": f"a{made.sender}",
                "to_address": f"a{made.receiver}",
                "amount": Decimal(made.amount),
                "amount_usd": None,
            }
            for place, made in enumerate(block)
        ],
        TRANSFERS,
    )


def batch_ids(name: str, parameters: Any, common: TypologySettings, world: World, blocks: list[list[Made]]) -> set[str]:
    """The ids of what the batch finds in the final transfers."""
    made = [(place, item) for block in blocks for place, item in enumerate(block) if item.sender != item.receiver]
    columns = Transfers(
        time=np.array([item.second * 1_000_000 for _, item in made], np.int64),
        block=np.array([item.block for _, item in made], np.int64),
        place=np.array([place for place, _ in made], np.int64),
        index=np.zeros(len(made), np.int64),
        sender=np.array([item.sender for _, item in made], np.int64),
        receiver=np.array([item.receiver for _, item in made], np.int64),
        token=np.zeros(len(made), np.int64),
        amount=np.array([float(item.amount) for _, item in made]),
        amount_usd=np.empty(0),
        tie_break=lambda positions: (np.array([""] * len(positions)),) * 2,
    )
    who = sorted(world.roles)
    labels = Labels(
        np.array(who, np.int64), np.zeros(len(who), np.int32), np.full(len(who), np.iinfo(np.int64).min),
        np.full(len(who), NEVER), np.array([ROLE_BY_CATEGORY[world.roles[a]] for a in who], np.int8),
        np.array(who, np.int32),
    )  # fmt: skip
    crowds = crowds_of(made, world)
    graph = build(columns, labels, hubs_of(made, world), np.zeros(1, np.int32), ("USDT",), 20, crowds)
    detector = typologies()[name]
    hits = detector.find(graph, parameters, common)
    found = set()
    for i in range(len(hits)):
        edges = hits.edges[hits.start[i] : hits.start[i + 1]]
        if detector.IDENTITY == "first":
            edges = edges[[np.argmin(edges)]]
        keys = [transfer_key(transfer_identity(made[graph.row[e]][1].tx_hash, 0, "", "", Decimal(0))) for e in edges]
        focus = f"a{graph.address[hits.focus[i]]}" if hits.focus[i] >= 0 else None
        found.add(finding_id(name, "ethereum", None, "USDT", focus, keys))
    return found


def crowds_of(made: list[tuple[int, Made]], world: World) -> Crowds:
    """By brute force: from the payment on with which an address had so many counterparties in a day."""
    since: tuple[dict[int, int], dict[int, int]] = ({}, {})
    paid = [item for _, item in made if "burn" not in (world.roles.get(item.sender), world.roles.get(item.receiver))]
    for side, moments in enumerate(since):
        for last in paid:
            own = (last.receiver, last.sender)[side]
            others = {
                (item.sender, item.receiver)[side]
                for item in paid
                if (item.receiver, item.sender)[side] == own and 0 <= last.second - item.second <= 24 * 3_600
            }
            if len(others) >= world.many:
                moments[own] = min(moments.get(own, NEVER), last.second * 1_000_000)
    who = sorted({*since[0], *since[1]})
    paid_by_many, pays_many = (np.array([moments.get(own, NEVER) for own in who], np.int64) for moments in since)
    return Crowds(np.zeros(len(who), np.int64), np.array(who, np.int64), paid_by_many, pays_many)


def hubs_of(made: list[tuple[int, Made]], world: World) -> Hubs:
    """By brute force: from the day of the transfer with which an address had so many counterparties."""
    met: dict[int, set[int]] = {}
    since: dict[int, int] = {}
    for _, item in made:
        if "burn" in (world.roles.get(item.sender), world.roles.get(item.receiver)):
            continue
        for own, other in ((item.sender, item.receiver), (item.receiver, item.sender)):
            met.setdefault(own, set()).add(other)
            if len(met[own]) >= world.hub_degree:
                since.setdefault(own, item.second // 86_400 * 86_400 * 1_000_000)
    who = sorted(since)
    return Hubs(np.zeros(len(who), np.int32), np.array(who, np.int64), np.array([since[a] for a in who], np.int64))


def known_of(world: World) -> KnownAddresses:
    """The labels of a world as the tip knows them."""
    who = sorted(world.roles)
    return KnownAddresses(
        {f"a{a}": (n, n + 1) for n, a in enumerate(who)},
        np.full(len(who), np.iinfo(np.int64).min), np.full(len(who), NEVER),
        np.array([ROLE_BY_CATEGORY[world.roles[a]] for a in who], np.int8), np.array(who, np.int32), {}, {},
    )  # fmt: skip


class Replay:
    """A tip that can be restarted, and whose changes are added up."""

    def __init__(self, common: TypologySettings, world: World) -> None:
        self.common, self.world = common, world
        self.told: dict[str, set[str]] = {}
        self.start([])

    def start(self, blocks: list[list[Made]]) -> None:
        """Begin with nothing and read what there is again."""
        limits = Limits(10**6 * HOUR, 10**8, self.world.many, 24 * HOUR, self.world.hub_degree)
        self.window = Window(known_of(self.world), limits)
        self.findings = Findings(self.window, "ethereum", self.common, Bounds(50, 10**6))
        self.told = {}
        for block in blocks:
            self.take(block)

    def take(self, block: list[Made], number: int | None = None) -> None:
        """A block."""
        self.add(self.findings.take(self.window.take(table(block), block[0].block if block else number)))

    def fall(self, number: int) -> None:
        """Blocks above a number."""
        self.add(self.findings.fall(*self.window.fall(number)))

    def add(self, changes: list[Change]) -> None:
        """Add up what changed."""
        for change in changes:
            if change.before:
                self.told[change.before.typology].discard(change.before.finding_id)
            if change.after:
                self.told.setdefault(change.after.typology, set()).add(change.after.finding_id)

    def ids(self, name: str) -> set[str]:
        """What stands."""
        self.add(self.findings.settle())
        standing = {item.finding_id for item in self.findings.standing if item.typology == name}
        assert standing == self.told.get(name, set()), "the changes add up to what stands"
        return standing


PARAMETERS: dict[str, dict[str, Any]] = {
    "fan_in": {"min_counterparties": 3},
    "fan_out": {"min_counterparties": 3},
    "scatter_gather": {"min_middles": 2},
    "gather_scatter": {"min_counterparties": 2},
    "layered": {"min_hops": 3},
    "structuring": {"min_transfers": 3},
    "pass_through": {"min_passes": 2},
    "large_transfer": {"per_day": 11},
}
SHAPES: dict[str, tuple[tuple[list[str], int, int, int], int]] = {
    "fan_in": ((["1", "2"], 12, 26, 5), 8 * H),
    "rapid_chain": ((["4", "2", "1", "4.2", "3"], 12, 22, 6), 900),
    "circular": ((["10", "20", "10.5", "9.9"], 14, 24, 5), 9 * H),
    "layered": ((["100", "80", "100.5", "79.99", "0.375", "0.3"], 12, 22, 6), 42 * H),
    "structuring": ((["8000", "9999.99", "10000", "7999.99"], 12, 26, 4), 8 * H),
    "gather_scatter": ((["10", "8", "9"], 12, 22, 6), 12 * H),
    "pass_through": ((["100", "95", "100.5", "50", "94.9"], 16, 26, 4), 1_800),
    "bridge_to_exchange": ((["10", "8", "12"], 8, 22, 6), 4 * H),
    "mixer_funnel": ((["1", "4", "2"], 12, 22, 6), 12 * H),
    "large_transfer": ((["1", "2", "3"], 12, 60, 18), 4 * H),
}
ROLES: tuple[dict[int, str], ...] = ({}, SERVICES, {0: "burn"}, {3: "contract"})


KINDS = [name for name, detector in typologies().items() if hasattr(detector, "advance")]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_stands_at_the_tip_is_what_the_batch_finds(shape: str) -> None:
    (amounts, last, most, people), step = SHAPES[shape]
    some = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        many = 3 if seed % 7 == 0 else 30
        world = World(
            SERVICES if shape in ("bridge_to_exchange", "mixer_funnel") else ROLES[seed % len(ROLES)],
            4 if seed % 5 == 0 else 1_000,
            many,
        )
        common = TypologySettings(hub_degree=world.hub_degree, service_counterparties=many, **PARAMETERS)
        final: list[list[Made]] = []
        replay = Replay(common, world)
        for branch in range(int(rng.integers(1, 4))):
            blocks = blocks_of(seed + 1_000 * branch, (amounts, last, most, people), step, str(branch))
            if branch:
                number = int(rng.integers(-1, len(final)))
                replay.fall(number)
                final = final[: number + 1]
            for block in blocks[len(final) : len(final) + int(rng.integers(1, 20))]:
                replay.take(block, len(final))
                final.append(block)
                if rng.random() < 0.05:
                    replay.start(final)
        if rng.random() < 0.5:
            number = int(rng.integers(-1, len(final)))
            replay.fall(number)
            final = final[: number + 1]
        for name in KINDS:
            expected = batch_ids(name, parameters_of(name, common), common, world, final)
            some += bool(expected) and name == shape
            assert replay.ids(name) == expected, f"{name}, seed {seed}"
    assert some > 3, "worlds without the pattern prove nothing"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_stream_may_come_out_of_order(shape: str) -> None:
    (amounts, last, most, people), step = SHAPES[shape]
    for seed in range(40):
        rng = np.random.default_rng(seed)
        many = 3 if seed % 7 == 0 else 30
        is_routed = shape in ("bridge_to_exchange", "mixer_funnel")
        world = World(SERVICES if is_routed else ROLES[seed % len(ROLES)], 4 if seed % 5 == 0 else 1_000, many)
        common = TypologySettings(hub_degree=world.hub_degree, service_counterparties=many, **PARAMETERS)
        blocks = blocks_of(seed, (amounts, last, most, people), step, "0")
        replay = Replay(common, world)
        for at in np.argsort(np.arange(len(blocks)) + rng.uniform(0, 4, len(blocks))):
            replay.add(replay.findings.take(replay.window.take(table(blocks[at]), None)))
        for name in KINDS:
            expected = batch_ids(name, parameters_of(name, common), common, world, blocks)
            assert replay.ids(name) == expected, f"{name}, seed {seed}"
