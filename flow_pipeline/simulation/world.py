"""A seeded world of exchanges, users and tokens, with planted netflow anomalies and laundering typologies.

Users are active by a power law and by weekday. Spenders withdraw from an exchange and pay savers; savers pay into their
deposit address at an exchange, which is swept into a hot wallet within the hour, and now and then cross a bridge, which
pays holders. Nobody forwards within the hour and nobody both pays and is paid by users, so that the background holds no
laundering typology by chance and the truth is what was planted. Hot wallets rebalance among themselves and now and then
pay another exchange. Amounts are log-normal per token, and each day's flow onto an exchange is matched by about the
same flow off it. A planted anomaly adds transfers of ordinary size until a day's netflow leaves its baseline.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.simulation.flows import SOURCE, SOURCE_ADDRESSES, plant_flows
from flow_pipeline.simulation.typologies import PATTERNS, Event, Planter, decoys

TOKENS: tuple[tuple[str, str | None, float, float, float], ...] = (
    ("ETH", None, 0.35, 0.3, 1.4),
    ("USDT", "0xdac17f958d2ee523a2206206994597c13d831ec7", 0.35, 6.5, 1.5),
    ("USDC", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", 0.2, 6.7, 1.5),
    ("LPT", "0x58b6a8a3302369daec383334672404ee733ab239", 0.1, 4.0, 1.3),
)
"""symbol, contract, share of transfers, mean and sigma of the log amount"""

EXCHANGES: tuple[tuple[str, str], ...] = (
    ("Northbank", "SG"),
    ("Kopi Exchange", "ID"),
    ("Harbour", "US"),
    ("Meridian", ""),
)
HOT_WALLETS = 3
SPENDER, SAVER, HOLDER = range(3)
_ROLES = np.array([0.45, 0.45, 0.1])
_KINDS = ("deposit", "withdrawal", "peer", "internal", "cross", "bridge_in", "bridge_out")
_SHARES = np.array([0.24, 0.24, 0.4, 0.07, 0.03, 0.01, 0.01])
_REST_SECONDS = 3_600
_PLANTED_PER_PATTERN = 6
_WEEKDAYS = np.array([1.05, 1.1, 1.1, 1.08, 1.02, 0.82, 0.78])


@dataclass(frozen=True)
class World:
    """A generated world.

    Attributes:
        transfers: Canonical columns, in time order.
        labels: Rows of a label set: exchanges, their hot wallets, a few domestic users.
        truth: Planted netflow events: date, scope, token, direction, netflow_added.
        typologies: Planted typologies, near misses and decoys: typology, kind, note, transfers as (tx_hash,
            transfer_index), addresses.
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
    users = max(200, transfers // 8)
    hot = np.arange(len(EXCHANGES) * HOT_WALLETS).reshape(len(EXCHANGES), HOT_WALLETS)
    bridge, mixer, first_user = hot.size, hot.size + 1, hot.size + 2
    first_deposit = first_user + users
    home = rng.choice(len(EXCHANGES), users, p=[0.4, 0.25, 0.2, 0.15])
    role = rng.choice(3, users, p=_ROLES)
    of_role = [first_user + np.flatnonzero(role == kind) for kind in range(3)]
    popular = [_power_law(rng, len(people)) for people in of_role]

    day = rng.choice(days, transfers, p=_day_weights(first, days))
    kind = rng.choice(len(_KINDS), transfers, p=_SHARES)
    token = rng.choice(len(TOKENS), transfers, p=[item[2] for item in TOKENS])
    spender, saver, holder = (people[draw(transfers)] for people, draw in zip(of_role, popular, strict=True))
    user = np.where((kind == 0) | (kind == 6), saver, spender)
    exchange = home[user - first_user]
    # A spender's withdrawals come from one hot wallet; deposits are swept into any.
    wallet = hot[exchange, np.where(kind == 1, user % HOT_WALLETS, rng.integers(0, HOT_WALLETS, transfers))]
    next_wallet = hot[exchange, (wallet % HOT_WALLETS + 1) % HOT_WALLETS]
    elsewhere = hot[(exchange + rng.integers(1, len(EXCHANGES), transfers)) % len(EXCHANGES), 0]
    sender = np.choose(kind, [user + users, wallet, spender, wallet, wallet, np.full(transfers, bridge), saver])
    receiver = np.choose(kind, [wallet, spender, saver, next_wallet, elsewhere, holder, np.full(transfers, bridge)])
    log_mean, log_sigma = (np.array([item[i] for item in TOKENS])[token] for i in (3, 4))
    amount = np.exp(rng.normal(log_mean, log_sigma))
    second = day * 86_400 + _seconds_of_day(rng, transfers)
    paid_in = np.where(kind == 0, second - rng.integers(300, 3_600, transfers), second)
    rests = _rests(np.where(kind == 0, user, sender), receiver, token, paid_in, np.isin(kind, (0, 2, 6)))
    is_deposit = (kind == 0) & rests
    parts = [
        np.stack([second, sender, receiver, token])[:, rests],
        np.stack([paid_in, user, user + users, token])[:, is_deposit],
    ]
    amounts = [amount[rests], amount[is_deposit]]
    added, added_amounts, truth = _plant(rng, days, first, hot, of_role, transfers)
    parts.append(added)
    amounts.append(added_amounts)
    events, source, last = _plant_patterns(rng, days, transfers, hot, bridge, mixer, first_deposit + users)
    parts.append(np.array([row[:4] for event in events for row in event.rows], np.int64).T)
    amounts.append(np.array([row[4] for event in events for row in event.rows]))
    event_of = np.concatenate([np.full(len(event.rows), number) for number, event in enumerate(events)])
    is_part = np.array([row[5] for event in events for row in event.rows])
    background = sum(part.shape[1] for part in parts[:-1])
    event_of = np.concatenate([np.full(background, -1), np.where(is_part, event_of, -1)])

    rows, units = np.concatenate(parts, axis=1), np.concatenate(amounts)
    keep = (rows[1] != rows[2]) & (rows[0] >= 0)
    rows, units, event_of = rows[:, keep], units[keep], event_of[keep]
    order = np.lexsort((units, rows[2], rows[1], rows[0]))
    addresses = _addresses(rng, last)
    table = _table(rng, rows[:, order], units[order], addresses, first)
    domestic = [int(first_user + i) for i in np.flatnonzero((home == 1) & (role != HOLDER))[: max(5, users // 50)]]
    used = np.unique(rows[2])
    deposits = [
        {"address": str(addresses[at]), "entity": EXCHANGES[home[at - first_deposit]][0]}
        for at in used[(used >= first_deposit) & (used < first_deposit + users)]
    ]
    planted = _truth_of(events, event_of[order], table)
    return World(
        table,
        _labels(addresses, hot, bridge, mixer, source, domestic),
        truth,
        [event for event in planted if event["typology"] != "group_flow"],
        deposits,
        [event for event in planted if event["typology"] == "group_flow"],
    )


def _rests(
    sender: np.ndarray, receiver: np.ndarray, token: np.ndarray, second: np.ndarray, is_payment: np.ndarray
) -> np.ndarray:
    """False for payments of a user within the hour after a receipt of the same token."""
    count = len(sender)
    who, what, when = (
        np.concatenate([receiver, sender]),
        np.concatenate([token, token]),
        np.concatenate([second, second]),
    )
    is_receipt = np.arange(2 * count) < count
    order = np.lexsort((~is_receipt, when, what, who))
    latest = np.where(is_receipt[order], np.arange(2 * count), -1)
    latest = np.maximum.accumulate(latest)
    before = order[np.maximum(latest, 0)]
    is_same = (latest >= 0) & (who[before] == who[order]) & (what[before] == what[order])
    too_soon = np.zeros(2 * count, bool)
    too_soon[order] = is_same & (when[order] - when[before] <= _REST_SECONDS)
    return np.asarray(~(too_soon[count:] & is_payment))


def _plant_patterns(
    rng: np.random.Generator, days: int, transfers: int, hot: np.ndarray, bridge: int, mixer: int, fresh: int
) -> tuple[list[Event], list[int], int]:
    """What is planted, where flows between groups leave, and the number of addresses.

    Planted are patterns of every typology, three near misses each, decoys, and flows between groups.
    """

    def amount_of(token: int) -> float:
        return float(np.exp(rng.normal(TOKENS[token][3], TOKENS[token][4])))

    planter = Planter(rng, days, fresh, hot, bridge, mixer, amount_of)
    count = max(_PLANTED_PER_PATTERN, transfers // 100_000)
    events = [pattern(planter, near) for pattern in PATTERNS.values() for near in (*([None] * count), 0, 1, 2)]
    source = planter.people(SOURCE_ADDRESSES)
    return [*events, *decoys(planter), *plant_flows(planter, source, count)], source, planter.fresh


def _truth_of(events: list[Event], event_of: np.ndarray, table: pa.Table) -> list[dict[str, object]]:
    rows = np.flatnonzero(event_of >= 0)
    part = (
        table.take(pa.array(rows))
        .select(["tx_hash", "transfer_index", "from_address", "to_address", "token_symbol"])
        .to_pylist()
    )
    found: list[dict[str, object]] = []
    for number, event in enumerate(events):
        own = [part[i] for i in np.flatnonzero(event_of[rows] == number)]
        found.append(
            {
                "typology": event.typology,
                "kind": event.kind,
                "note": event.note,
                "token_symbol": own[0]["token_symbol"],
                "transfers": [[row["tx_hash"], row["transfer_index"]] for row in own],
                "addresses": sorted({row[end] for row in own for end in ("from_address", "to_address")}),
            }
        )
    return found


def _addresses(rng: np.random.Generator, count: int) -> np.ndarray:
    digits = rng.bytes(20 * count).hex()
    return np.array(["0x" + digits[i * 40 : i * 40 + 40] for i in range(count)], dtype=object)


def _power_law(rng: np.random.Generator, users: int) -> Callable[[int], np.ndarray]:
    weights = 1.0 / np.arange(1, users + 1) ** 0.8
    edges = np.cumsum(rng.permutation(weights / weights.sum()))
    return lambda count: np.minimum(np.searchsorted(edges, rng.random(count)), users - 1)


def _day_weights(first: date, days: int) -> np.ndarray:
    weights = _WEEKDAYS[(first.weekday() + np.arange(days)) % 7]
    return np.asarray(weights / weights.sum())


def _seconds_of_day(rng: np.random.Generator, count: int) -> np.ndarray:
    hours = 1 + 0.5 * np.sin((np.arange(24) - 8) / 24 * 2 * np.pi)
    return rng.choice(24, count, p=hours / hours.sum()) * 3_600 + rng.integers(0, 3_600, count)


def _plant(
    rng: np.random.Generator, days: int, first: date, hot: np.ndarray, of_role: list[np.ndarray], transfers: int
) -> tuple[np.ndarray, np.ndarray, list[dict[str, object]]]:
    """Events of ordinary transfers in one direction, enough to leave a week's baseline far behind."""
    truth: list[dict[str, object]] = []
    parts, amounts = [], []
    for number, at in enumerate(np.linspace(14, days - 2, 5).astype(int)):
        exchange, token = number % len(EXCHANGES), number % len(TOKENS)
        symbol, _, share, mean, sigma = TOKENS[token]
        per_day = transfers / days * share * float(_SHARES[0]) * 0.4
        count = int(max(140, 24 * np.sqrt(per_day) + per_day * 2))
        units = np.exp(rng.normal(mean, sigma, count))
        wallets = hot[exchange, rng.integers(0, HOT_WALLETS, count)]
        is_inflow = number % 2 == 0
        people = rng.choice(of_role[SAVER if is_inflow else HOLDER], count)
        sender, receiver = (people, wallets) if is_inflow else (wallets, people)
        parts.append(np.stack([at * 86_400 + rng.integers(0, 86_400, count), sender, receiver, np.full(count, token)]))
        amounts.append(units)
        truth.append(
            {
                "block_date": str(first + timedelta(days=int(at))),
                "scope": EXCHANGES[exchange][0],
                "token_symbol": symbol,
                "direction": "high" if is_inflow else "low",
                "netflow_added": round(float(units.sum() if is_inflow else -units.sum()), 6),
                "transfers": count,
            }
        )
    return np.concatenate(parts, axis=1), np.concatenate(amounts), truth


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
            "token_address": pa.array(np.array([item[1] for item in TOKENS], dtype=object)[token], pa.string()),
            "token_symbol": pa.array(np.array([item[0] for item in TOKENS], dtype=object)[token], pa.string()),
            "from_address": pa.array(addresses[sender], pa.string()),
            "to_address": pa.array(addresses[receiver], pa.string()),
            "amount": pa.array(np.char.mod("%.6f", units), pa.string()).cast(pa.decimal128(38, 18)),
        }
    )


def _labels(
    addresses: np.ndarray, hot: np.ndarray, bridge: int, mixer: int, source: list[int], domestic: list[int]
) -> list[dict[str, str]]:
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
        row(addresses[hot[e, w]], name, "exchange", f"{name} hot {w + 1}", region)
        for e, (name, region) in enumerate(EXCHANGES)
        for w in range(HOT_WALLETS)
    ]
    rows += [
        row(addresses[bridge], "Causeway", "bridge", "Causeway bridge", ""),
        row(addresses[mixer], "Blender of the Bay", "mixer", "mixer pool", ""),
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
    for stale in (folder / "transfers").glob("transfers.*"):  # one folder holds one world
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
