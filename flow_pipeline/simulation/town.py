"""Who lives in a world and what they do: districts of people around the same exchanges, and what is planted among them.

The people of one district pay those of another only through the exchanges, the bridge, the mixer and the router of all.
So a world of any size is made district by district, each forgotten before the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

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
class District:
    """A part of a world.

    Attributes:
        transfers: Canonical columns, in time order.
        labels: Rows of a label set; those of services with the first district.
        deposits: Deposit addresses that were used, with their exchange.
    """

    transfers: pa.Table
    labels: list[dict[str, str]]
    deposits: list[dict[str, str]]


@dataclass(frozen=True)
class _Planted:
    """A planted event as of `typologies`, with how many payments it has and when it ended."""

    typology: str
    kind: str
    note: str
    size: str
    above: float
    largest_above: float
    payments: int
    end: int
    token_symbol: str
    transfers: list[list[object]]
    addresses: list[str]


@dataclass(frozen=True)
class _Series:
    """Series in which a day is planted.

    Attributes:
        places: (exchange, token, day) of each.
        net: Its netflow per day.
        per_day: Its transfers of a day.
    """

    places: list[tuple[int, int, int]]
    net: np.ndarray
    per_day: np.ndarray

    @classmethod
    def of(cls, days: int) -> _Series:
        exchanges, at = len(EXCHANGES), np.linspace(14, days - 2, _ANOMALIES).astype(int).tolist()
        # never two in one series: the second would not go beyond the first
        places = [(n % exchanges, (n + n // exchanges) % len(TOKENS), day) for n, day in enumerate(at)]
        return cls(places, np.zeros((_ANOMALIES, days)), np.zeros(_ANOMALIES))

    def add(self, hot: np.ndarray, rows: Rows) -> None:
        """The transfers of a district."""
        second, sender, receiver, what = rows.ends
        days = self.net.shape[1]
        for number, (exchange, token, _) in enumerate(self.places):
            for end, sign in ((receiver, 1), (sender, -1)):
                chosen = np.isin(end, hot[exchange]) & (what == token) & (second >= 0) & (second < days * DAY)
                self.net[number] += sign * np.bincount(second[chosen] // DAY, rows.units[chosen], days)
                self.per_day[number] += float(chosen.sum()) / days


class Town:
    """What the districts of a world share: services, days, planted netflow, and how large the planted patterns are.

    Attributes:
        truth: Of a world; the payments of these days are those of people of the last district.
    """

    def __init__(self, days: int, first: date) -> None:
        self._days, self._first = days, first
        self._services = np.empty(0, object)
        self._domestic = 0
        self._series = _Series.of(days)
        self._per_second = np.zeros(days * DAY, np.int64)
        self._planted: list[_Planted] = []
        self.truth: list[dict[str, object]] = []

    def district(self, rng: np.random.Generator, transfers: int, is_last: bool) -> District:
        """The next one, of about so many transfers."""
        days = self._days
        people, mixer = _people(rng, transfers, days, self._first)
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
        rows = together([ordinary, planted])
        self._series.add(people.hot, rows)
        if is_last:
            added, self.truth = _plant_anomalies(people, self._series, self._first)
            rows = together([rows, *added])
        event_of = np.full(len(rows.units), -1)
        number_of = np.repeat(np.arange(len(events)), [len(event.rows) for event in events])
        is_part = np.array([row[5] for event in events for row in event.rows])
        event_of[len(ordinary.units) : len(ordinary.units) + len(is_part)] = np.where(is_part, number_of, -1)

        second, sender, receiver, _ = rows.ends
        keep = (sender != receiver) & (second >= 0) & (second < days * DAY)
        ends, units, event_of = rows.ends[:, keep], rows.units[keep], event_of[keep]
        order = np.lexsort((units, ends[2], ends[1], ends[0]))
        addresses = _addresses(rng, planter.fresh, people.lookalikes, self._services)
        table = _table(rng, ends[:, order], units[order], addresses, self._first)
        self._per_second += np.bincount(ends[0], minlength=len(self._per_second))
        self._planted += _told(events, event_of[order], ends[0][order], table)
        domestic = _domestic(people)
        labels = _of_people(addresses, source, domestic, self._domestic)
        self._domestic += len(domestic)
        if not len(self._services):
            self._services = addresses[: people.first_user].copy()
            labels = _of_services(addresses, people, mixer) + labels
        return District(table, labels, _deposits(people, ends[2], addresses))

    def planted(self) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        """Typologies and flows of a world: what is planted in all districts, each against the others."""
        before = np.concatenate([[0], np.cumsum(self._per_second)])
        typologies: list[dict[str, object]] = []
        flows: list[dict[str, object]] = []
        for one, stronger in zip(self._planted, _stronger(self._planted).tolist(), strict=True):
            in_pool = int(before[one.end + 1] - before[max(one.end - POOL_DAYS * DAY, 0)])
            (flows if one.typology == "group_flow" else typologies).append(
                {
                    "typology": one.typology,
                    "kind": one.kind,
                    "note": one.note,
                    "size": one.size,
                    "strength_rank": 1 + stronger,
                    "expected_per_10000": float(f"{one.above + stronger * 10_000 / in_pool:.6g}"),
                    "token_symbol": one.token_symbol,
                    "transfers": one.transfers,
                    "addresses": one.addresses,
                }
            )
        return typologies, flows


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


def _told(events: list[Event], event_of: np.ndarray, second: np.ndarray, table: pa.Table) -> list[_Planted]:
    """Events with their transfers, which are rows of a table."""
    rows = np.flatnonzero(event_of >= 0)
    part = (
        table.take(pa.array(rows))
        .select(["tx_hash", "transfer_index", "from_address", "to_address", "token_symbol"])
        .to_pylist()
    )
    found = []
    for number, event in enumerate(events):
        own = np.flatnonzero(event_of[rows] == number)
        mine = [part[i] for i in own]
        found.append(
            _Planted(
                event.typology,
                event.kind,
                event.note,
                event.size,
                event.above,
                event.largest_above,
                sum(row[5] for row in event.rows),
                int(second[rows[own[-1]]]),
                mine[0]["token_symbol"],
                [[row["tx_hash"], row["transfer_index"]] for row in mine],
                sorted({row[end] for row in mine for end in ("from_address", "to_address")}),
            )
        )
    return found


def _stronger(planted: list[_Planted]) -> np.ndarray:
    """Per pattern those of its typology that ended in the days before and are larger.

    Of a large transfer these are all payments of all patterns that have a larger one.
    """
    end, above, largest, payments = (
        np.array([getattr(one, name) for one in planted]) for name in ("end", "above", "largest_above", "payments")
    )
    typology = np.array([one.typology for one in planted])
    counts = np.array([one.kind != "near_miss" for one in planted])
    found = np.zeros(len(planted), np.int64)
    for number, one in enumerate(planted):
        before = counts & (end <= one.end) & (end >= one.end - POOL_DAYS * DAY)
        if one.typology == "large_transfer":
            found[number] = payments[before & (largest < one.largest_above)].sum()
        else:
            found[number] = (before & (typology == one.typology) & (above < one.above)).sum()
    return found


def _addresses(rng: np.random.Generator, count: int, lookalikes: list[np.ndarray], services: np.ndarray) -> np.ndarray:
    """Random addresses behind those of services; who imitates has the first and last digits of what it imitates."""
    digits = rng.bytes(20 * count).hex()
    found = np.array(["0x" + digits[i * 40 : i * 40 + 40] for i in range(count)], dtype=object)
    found[: len(services)] = services
    for fake, real in np.concatenate(lookalikes, axis=1).T:
        found[fake] = found[real][:6] + found[fake][6:-4] + found[real][-4:]
    return found


def _plant_anomalies(people: People, series: _Series, first: date) -> tuple[list[Rows], list[dict[str, object]]]:
    """Days on which an exchange gets or pays so much of a token that its netflow goes beyond its record."""
    rng = people.rng
    added: list[Rows] = []
    truth: list[dict[str, object]] = []
    for number, (exchange, token, at) in enumerate(series.places):
        wallets, net, per_day = people.hot[exchange], series.net[number], series.per_day[number]
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
                "block_date": str(first + timedelta(days=at)),
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


def _domestic(people: People) -> np.ndarray:
    """Who is labelled as a domestic wallet."""
    return people.first_user + np.flatnonzero(people.home == 1)[: max(5, people.users // _PEOPLE_PER_DOMESTIC)]


def _label(address: str, entity: str, category: str, label: str, regions: str) -> dict[str, str]:
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


def _of_services(addresses: np.ndarray, people: People, mixer: int) -> list[dict[str, str]]:
    """Labels of what all districts share."""
    rows = [
        _label(addresses[people.hot[e, w]], name, "exchange", f"{name} hot {w + 1}", region)
        for e, (name, region) in enumerate(EXCHANGES)
        for w in range(HOT_WALLETS)
    ]
    return [
        *rows,
        _label(addresses[people.bridge], "Causeway", "bridge", "Causeway bridge", ""),
        _label(addresses[mixer], "Blender of the Bay", "mixer", "mixer pool", ""),
        _label(addresses[people.router], "Roundabout", "dex", "Roundabout router", ""),
    ]


def _of_people(addresses: np.ndarray, source: list[int], domestic: np.ndarray, before: int) -> list[dict[str, str]]:
    """Labels of a district; so many domestic wallets have labels in those before it."""
    return [_label(addresses[at], SOURCE, "exploit", f"{SOURCE} {n}", "") for n, at in enumerate(source, 1)] + [
        _label(addresses[at], f"Domestic wallet {n}", "whale", f"domestic {n}", "ID")
        for n, at in enumerate(domestic, before + 1)
    ]
