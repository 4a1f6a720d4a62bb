"""A seeded world of exchanges, people and tokens, with planted netflow anomalies and laundering typologies.

The background is `background`: by measured rates it has what looks like laundering and is none, so that false alarms
can be seen. Planted are patterns of every size with their truth, near misses and decoys (`typologies`), flows between
groups (`flows`), and days on which an exchange's netflow leaves its baseline.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.simulation.background import (
    DAY,
    HOT_WALLETS,
    People,
    Rows,
    activity,
    background,
    day_weights,
    together,
)
from flow_pipeline.simulation.flows import SOURCE, SOURCE_ADDRESSES, plant_flows
from flow_pipeline.simulation.ordinary import ALL_TOKENS, TOKENS, Ordinary
from flow_pipeline.simulation.rates import ADDRESSES_PER_TRANSFER
from flow_pipeline.simulation.typologies import PATTERNS, SIZES, USUAL, Event, Planter, decoys

EXCHANGES: tuple[tuple[str, str], ...] = (
    ("Northbank", "SG"),
    ("Kopi Exchange", "ID"),
    ("Harbour", "US"),
    ("Meridian", ""),
)
_HOMES = (0.4, 0.25, 0.2, 0.15)
"""Share of the people per exchange."""
_PLANTED_PER_PATTERN = 6
_ANOMALIES, _ANOMALY_TRANSFERS, _BEYOND_RECORD = 5, 140, 8.0
"""Planted netflow days, the least transfers of one, and by how many times it exceeds the record of its series."""
POOL_DAYS = 30
"""Days whose traffic tells what is ordinary on a day, as in `verdicts.pool_days`."""
_PEOPLE_PER_DOMESTIC = 140
"""One in so many people is labelled as a domestic wallet."""


@dataclass(frozen=True)
class World:
    """A generated world.

    Attributes:
        transfers: Canonical columns, in time order.
        labels: Rows of a label set: exchanges, bridge, mixer, router, a few people.
        truth: Planted netflow events: date, scope, token, direction, netflow_added.
        typologies: Planted typologies, near misses and decoys: typology, kind, note, size (small, usual, large),
            strength_rank (1 when none of its typology that was planted in the 30 days before is as large),
            expected_per_10000 (how many that large are to be expected in 10,000 transfers, by the sums of ordinary
            transfers and what else is planted; under a budget, it is above that budget's size), transfers as
            (tx_hash, transfer_index), addresses.
        deposits: Deposit addresses that were used, with their exchange.
        flows: Planted flows between groups and near misses, in the form of the typologies.
    """

    transfers: pa.Table
    labels: list[dict[str, str]]
    truth: list[dict[str, object]]
    typologies: list[dict[str, object]]
    deposits: list[dict[str, str]]
    flows: list[dict[str, object]]


def generate(transfers: int, seed: int, days: int = 60, first: date = date(2025, 3, 1)) -> World:
    """Make a world.

    Args:
        transfers: Background transfers, planted ones come on top.
        seed: The same seed gives the same world on every machine.
        days: Length in days; anomalies are planted after the first 14.
        first: First day, UTC.

    Raises:
        UsageError: too few transfers or days to hold the planted events.
    """
    if transfers < 1_000 or days < 21:
        raise UsageError(
            f"{transfers} transfers over {days} days can not hold the planted events",
            "ask for at least 1,000 transfers and 21 days",
        )
    rng = np.random.default_rng(seed)
    people, mixer = _people(rng, transfers, days, first)
    ordinary = background(people, transfers)
    planter = Planter(
        rng,
        days,
        people.fresh,
        people.hot,
        people.bridge,
        mixer,
        Ordinary.of(ordinary.ends[3], ordinary.units),
        (people.first_user, people.first_user + people.users),
    )
    events, source = _plant_patterns(planter, transfers)
    planted = together([Rows(np.array([row[:4] for row in event.rows]).T, _units(event)) for event in events])
    added, truth = _plant_anomalies(people, together([ordinary, planted]), first)
    rows = together([ordinary, planted, *added])
    event_of = np.full(len(rows.units), -1)
    number_of = np.repeat(np.arange(len(events)), [len(event.rows) for event in events])
    is_part = np.array([row[5] for event in events for row in event.rows])
    event_of[len(ordinary.units) : len(ordinary.units) + len(is_part)] = np.where(is_part, number_of, -1)

    second, sender, receiver, _ = rows.ends
    keep = (sender != receiver) & (second >= 0) & (second < days * DAY)
    ends, units, event_of = rows.ends[:, keep], rows.units[keep], event_of[keep]
    order = np.lexsort((units, ends[2], ends[1], ends[0]))
    addresses = _addresses(rng, planter.fresh, people.lookalikes)
    table = _table(rng, ends[:, order], units[order], addresses, first)
    found = _truth_of(events, event_of[order], ends[0][order], table)
    return World(
        table,
        _labels(addresses, people, mixer, source),
        truth,
        [event for event in found if event["typology"] != "group_flow"],
        _deposits(people, ends[2], addresses),
        [event for event in found if event["typology"] == "group_flow"],
    )


def _people(rng: np.random.Generator, transfers: int, days: int, first: date) -> tuple[People, int]:
    """Who lives here, and the number of the mixer."""
    users = max(200, int(transfers * ADDRESSES_PER_TRANSFER))
    hot = np.arange(len(EXCHANGES) * HOT_WALLETS).reshape(len(EXCHANGES), HOT_WALLETS)
    bridge, mixer, router, first_user = range(hot.size, hot.size + 4)
    home, edges = rng.choice(len(EXCHANGES), users, p=_HOMES), activity(rng, users)
    weights = day_weights(first.weekday(), days)
    return People(
        rng, days, weights, first_user, users, home, hot, bridge, router, first_user + 2 * users, edges
    ), mixer


def _units(event: Event) -> np.ndarray:
    return np.array([row[4] for row in event.rows])


def _plant_patterns(planter: Planter, transfers: int) -> tuple[list[Event], list[int]]:
    """What is planted, and where flows between groups leave.

    Planted are patterns of every typology, sizes in turn, three near misses each, decoys, and flows between groups.
    """
    count, events = max(_PLANTED_PER_PATTERN, transfers // 100_000), []
    for name, pattern in PATTERNS.items():
        for number in range(count):
            place, size = divmod(number, len(SIZES))
            planter.turn_to(name, SIZES[size], place, -(-(count - size) // len(SIZES)))
            events.append(pattern(planter, None))
        for near in range(3):
            planter.turn_to(name, USUAL)
            events.append(pattern(planter, near))
    source = planter.people(SOURCE_ADDRESSES)
    return [*events, *decoys(planter), *plant_flows(planter, source, count)], source


def _deposits(people: People, receiver: np.ndarray, addresses: np.ndarray) -> list[dict[str, str]]:
    first, used = people.first_user + people.users, np.unique(receiver)
    return [
        {"address": str(addresses[at]), "entity": EXCHANGES[people.home[at - first]][0]}
        for at in used[(used >= first) & (used < first + people.users)]
    ]


def _truth_of(
    events: list[Event], event_of: np.ndarray, second: np.ndarray, table: pa.Table
) -> list[dict[str, object]]:
    rows = np.flatnonzero(event_of >= 0)
    part = (
        table.take(pa.array(rows))
        .select(["tx_hash", "transfer_index", "from_address", "to_address", "token_symbol"])
        .to_pylist()
    )
    own = [np.flatnonzero(event_of[rows] == number) for number in range(len(events))]
    end = np.array([second[rows[places[-1]]] for places in own])
    found: list[dict[str, object]] = []
    for number, event in enumerate(events):
        mine = [part[i] for i in own[number]]
        stronger = _stronger(events, end, number)
        in_pool = np.searchsorted(second, end[number], "right") - np.searchsorted(second, end[number] - POOL_DAYS * DAY)
        found.append(
            {
                "typology": event.typology,
                "kind": event.kind,
                "note": event.note,
                "size": event.size,
                "strength_rank": 1 + stronger,
                "expected_per_10000": float(f"{event.above + stronger * 10_000 / in_pool:.6g}"),
                "token_symbol": mine[0]["token_symbol"],
                "transfers": [[row["tx_hash"], row["transfer_index"]] for row in mine],
                "addresses": sorted({row[end] for row in mine for end in ("from_address", "to_address")}),
            }
        )
    return found


def _stronger(events: list[Event], end: np.ndarray, number: int) -> int:
    """Planted patterns of its typology that ended in the days before and are larger.

    Of a large transfer these are all payments of all patterns that have a larger one.
    """
    event, before = events[number], (end <= end[number]) & (end >= end[number] - POOL_DAYS * DAY)
    others = [other for at, other in enumerate(events) if before[at] and at != number and other.kind != "near_miss"]
    if event.typology == "large_transfer":
        larger = [other for other in others if other.largest_above < event.largest_above]
        return sum(row[5] for other in larger for row in other.rows)
    return sum(other.typology == event.typology and other.above < event.above for other in others)


def _addresses(rng: np.random.Generator, count: int, lookalikes: list[np.ndarray]) -> np.ndarray:
    """Random addresses; one that imitates has the first and last digits of what it imitates, as wallets show them."""
    digits = rng.bytes(20 * count).hex()
    found = np.array(["0x" + digits[i * 40 : i * 40 + 40] for i in range(count)], dtype=object)
    for fake, real in np.concatenate(lookalikes, axis=1).T:
        found[fake] = found[real][:6] + found[fake][6:-4] + found[real][-4:]
    return found


def _plant_anomalies(people: People, rows: Rows, first: date) -> tuple[list[Rows], list[dict[str, object]]]:
    """Days on which an exchange gets or pays so much of a token that its netflow goes beyond its record."""
    rng, days, exchanges = people.rng, people.days, len(people.hot)
    added: list[Rows] = []
    truth: list[dict[str, object]] = []
    for number, at in enumerate(np.linspace(14, days - 2, _ANOMALIES).astype(int)):
        # never two in one series: the second would not go beyond the first
        exchange, token = number % exchanges, (number + number // exchanges) % len(TOKENS)
        second, sender, receiver, what = rows.ends
        wallets = people.hot[exchange]
        net, per_day = np.zeros(days), 0.0
        for end, sign in ((receiver, 1), (sender, -1)):
            chosen = np.isin(end, wallets) & (what == token) & (second >= 0) & (second < days * DAY)
            net += sign * np.bincount(second[chosen] // DAY, rows.units[chosen], days)
            per_day += float(chosen.sum()) / days
        is_inflow = number % 2 == 0
        record = float(np.abs(net - np.median(net)).max())
        needed = _BEYOND_RECORD * record + abs(float(net[at]))
        count = int(max(_ANOMALY_TRANSFERS, 2 * per_day))
        units = np.exp(rng.normal(0.0, 1.0, count))
        units *= needed / units.sum()
        who, paying = people.any(count), wallets[rng.integers(0, HOT_WALLETS, count)]
        when = at * DAY + rng.integers(0, DAY, count)
        ends = (who, paying) if is_inflow else (paying, who)
        added.append(Rows.of(when, ends[0], ends[1], np.full(count, token), units))
        truth.append(
            {
                "block_date": str(first + timedelta(days=int(at))),
                "scope": EXCHANGES[exchange][0],
                "token_symbol": TOKENS[token][0],
                "direction": "high" if is_inflow else "low",
                "netflow_added": round(float(units.sum() if is_inflow else -units.sum()), 6),
                "transfers": count,
            }
        )
    return added, truth


def _table(
    rng: np.random.Generator, rows: np.ndarray, units: np.ndarray, addresses: np.ndarray, first: date
) -> pa.Table:
    second, sender, receiver, token = rows
    count = len(second)
    start = datetime.combine(first, datetime.min.time())
    digits = rng.bytes(32 * count).hex()
    return pa.table(
        {
            "chain": pa.array(["ethereum"] * count),
            "block_number": pa.array(22_000_000 + second // 12),
            "block_timestamp": pa.array(
                np.datetime64(start, "us") + second.astype("timedelta64[s]"), pa.timestamp("us")
            ),
            "tx_hash": pa.array(["0x" + digits[i * 64 : i * 64 + 64] for i in range(count)]),
            "transfer_index": pa.array(np.arange(count) % 400),
            "token_address": pa.array(np.array([item[1] for item in ALL_TOKENS], dtype=object)[token], pa.string()),
            "token_symbol": pa.array(np.array([item[0] for item in ALL_TOKENS], dtype=object)[token], pa.string()),
            "from_address": pa.array(addresses[sender], pa.string()),
            "to_address": pa.array(addresses[receiver], pa.string()),
            "amount": pa.array(np.char.mod("%.6f", units), pa.string()).cast(pa.decimal128(38, 18)),
        }
    )


def _labels(addresses: np.ndarray, people: People, mixer: int, source: list[int]) -> list[dict[str, str]]:
    domestic = people.first_user + np.flatnonzero(people.home == 1)[: max(5, people.users // _PEOPLE_PER_DOMESTIC)]

    def row(address: str, entity: str, category: str, label: str, regions: str) -> dict[str, str]:
        return {
            "chain": "ethereum",
            "address": address,
            "entity": entity,
            "category": category,
            "label": label,
            "confidence": "0.95",
            "source": "generated",
            "valid_from": "",
            "regions": regions,
        }

    rows = [
        row(addresses[people.hot[e, w]], name, "exchange", f"{name} hot {w + 1}", region)
        for e, (name, region) in enumerate(EXCHANGES)
        for w in range(HOT_WALLETS)
    ]
    rows += [
        row(addresses[people.bridge], "Causeway", "bridge", "Causeway bridge", ""),
        row(addresses[mixer], "Blender of the Bay", "mixer", "mixer pool", ""),
        row(addresses[people.router], "Roundabout", "dex", "Roundabout router", ""),
    ]
    rows += [row(addresses[at], SOURCE, "exploit", f"{SOURCE} {n}", "") for n, at in enumerate(source, 1)]
    return rows + [
        row(addresses[at], f"Domestic wallet {n}", "whale", f"domestic {n}", "ID") for n, at in enumerate(domestic, 1)
    ]


def write(world: World, folder: Path, as_csv: bool = False) -> list[Path]:
    """Write transfers/transfers.parquet (or .csv), and beside that input folder its labels and what was planted.

    They are labels.csv, netflow_anomalies.json, typologies.json, deposits.json and flows.json.

    Returns:
        The files written.
    """
    (folder / "transfers").mkdir(parents=True, exist_ok=True)
    transfers = folder / "transfers" / ("transfers.csv" if as_csv else "transfers.parquet")
    for stale in (folder / "transfers").glob("tra*.*"):  # one folder holds one world
        stale.unlink()
    if as_csv:
        pacsv.write_csv(world.transfers, transfers)
    else:
        pq.write_table(world.transfers, transfers, compression="zstd", row_group_size=122_880)
    labels, truth, typologies = folder / "labels.csv", folder / "netflow_anomalies.json", folder / "typologies.json"
    with labels.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(world.labels[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(world.labels)
    truth.write_text(json.dumps(world.truth, indent=1) + "\n")
    typologies.write_text(json.dumps(world.typologies) + "\n")
    deposits, flows = folder / "deposits.json", folder / "flows.json"
    deposits.write_text(json.dumps(world.deposits) + "\n")
    flows.write_text(json.dumps(world.flows) + "\n")
    return [transfers, labels, truth, typologies, deposits, flows]
