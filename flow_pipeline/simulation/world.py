"""A seeded world of exchanges, users and tokens, with planted netflow anomalies.

Users are active by a power law and by weekday; each has a deposit address at the exchanges it uses, which is swept into a hot
wallet within the hour; hot wallets pay users out, rebalance among themselves and now and then pay another exchange. Amounts
are log-normal per token, and each day's flow onto an exchange is matched by about the same flow off it. A planted anomaly adds
transfers of ordinary size until a day's netflow leaves its baseline.
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

TOKENS: tuple[tuple[str, str | None, float, float, float], ...] = (
    ("ETH", None, 0.35, 0.3, 1.4),
    ("USDT", "0xdac17f958d2ee523a2206206994597c13d831ec7", 0.35, 6.5, 1.5),
    ("USDC", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", 0.2, 6.7, 1.5),
    ("LPT", "0x58b6a8a3302369daec383334672404ee733ab239", 0.1, 4.0, 1.3),
)
"""symbol, contract, share of transfers, mean and sigma of the log amount"""

EXCHANGES: tuple[tuple[str, str], ...] = (("Northbank", "SG"), ("Kopi Exchange", "ID"), ("Harbour", "US"), ("Meridian", ""))
HOT_WALLETS = 3
_KINDS = ("deposit", "withdrawal", "peer", "internal", "cross")
_SHARES = np.array([0.24, 0.24, 0.42, 0.07, 0.03])
_WEEKDAYS = np.array([1.05, 1.1, 1.1, 1.08, 1.02, 0.82, 0.78])


@dataclass(frozen=True)
class World:
    """A generated world.

    Attributes:
        transfers: Canonical columns, in time order.
        labels: Rows of a label set: exchanges, their hot wallets, a few domestic users.
        truth: Planted events: date, scope, token, direction, netflow_added.
    """

    transfers: pa.Table
    labels: list[dict[str, str]]
    truth: list[dict[str, object]]


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
        raise UsageError(f"{transfers} transfers over {days} days can not hold the planted events", "ask for at least 1,000 transfers and 21 days")
    rng = np.random.default_rng(seed)
    users = max(200, transfers // 8)
    addresses = _addresses(rng, len(EXCHANGES) * HOT_WALLETS + users + users)
    hot = np.arange(len(EXCHANGES) * HOT_WALLETS).reshape(len(EXCHANGES), HOT_WALLETS)
    first_user, first_deposit = hot.size, hot.size + users
    home = rng.choice(len(EXCHANGES), users, p=[0.4, 0.25, 0.2, 0.15])
    popularity = _power_law(rng, users)

    day = rng.choice(days, transfers, p=_day_weights(first, days))
    kind = rng.choice(len(_KINDS), transfers, p=_SHARES)
    token = rng.choice(len(TOKENS), transfers, p=[item[2] for item in TOKENS])
    user, other = popularity(transfers), popularity(transfers)
    exchange = home[user]
    wallet = hot[exchange, rng.integers(0, HOT_WALLETS, transfers)]
    sender = np.select([kind == 0, kind == 1, kind == 2], [first_deposit + user, wallet, first_user + user], wallet)
    next_wallet = hot[exchange, (wallet % HOT_WALLETS + 1) % HOT_WALLETS]
    elsewhere = hot[(exchange + rng.integers(1, len(EXCHANGES), transfers)) % len(EXCHANGES), 0]
    receiver = np.select([kind == 0, kind == 1, kind == 2, kind == 3], [wallet, first_user + user, first_user + other, next_wallet], elsewhere)
    log_mean, log_sigma = (np.array([item[i] for item in TOKENS])[token] for i in (3, 4))
    amount = np.exp(rng.normal(log_mean, log_sigma))
    second = day * 86_400 + _seconds_of_day(rng, transfers)
    parts = [np.stack([second, sender, receiver, token]), np.empty((4, 0), np.int64)]
    amounts = [amount]
    is_deposit = kind == 0
    parts.append(
        np.stack(
            [
                second[is_deposit] - rng.integers(300, 3_600, is_deposit.sum()),
                (first_user + user)[is_deposit],
                (first_deposit + user)[is_deposit],
                token[is_deposit],
            ]
        )
    )
    amounts.append(amount[is_deposit])
    planted, planted_amounts, truth = _plant(rng, days, first, hot, first_user, users, transfers)
    parts.append(planted)
    amounts.append(planted_amounts)

    rows, units = np.concatenate(parts, axis=1), np.concatenate(amounts)
    keep = (rows[1] != rows[2]) & (rows[0] >= 0)
    rows, units = rows[:, keep], units[keep]
    order = np.lexsort((units, rows[2], rows[1], rows[0]))
    return World(_table(rng, rows[:, order], units[order], addresses, first), _labels(addresses, hot, first_user, users, home), truth)


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
    rng: np.random.Generator,
    days: int,
    first: date,
    hot: np.ndarray,
    first_user: int,
    users: int,
    transfers: int,
) -> tuple[np.ndarray, np.ndarray, list[dict[str, object]]]:
    """Events of ordinary transfers in one direction, enough to leave a week's baseline far behind."""
    truth: list[dict[str, object]] = []
    parts, amounts = [], []
    for number, at in enumerate(np.linspace(14, days - 2, 5).astype(int)):
        exchange, token = number % len(EXCHANGES), number % len(TOKENS)
        symbol, _, share, mean, sigma = TOKENS[token]
        per_day = transfers / days * share * float(_SHARES[0]) * 0.4
        count = int(max(60, 14 * np.sqrt(per_day) + per_day * 2))
        units = np.exp(rng.normal(mean, sigma, count))
        wallets = hot[exchange, rng.integers(0, HOT_WALLETS, count)]
        people = first_user + rng.integers(0, users, count)
        is_inflow = number % 2 == 0
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


def _table(rng: np.random.Generator, rows: np.ndarray, units: np.ndarray, addresses: np.ndarray, first: date) -> pa.Table:
    second, sender, receiver, token = rows
    count = len(second)
    start = datetime.combine(first, datetime.min.time())
    digits = rng.bytes(32 * count).hex()
    return pa.table(
        {
            "chain": pa.array(["ethereum"] * count),
            "block_number": pa.array(22_000_000 + second // 12),
            "block_timestamp": pa.array(np.datetime64(start, "us") + second.astype("timedelta64[s]"), pa.timestamp("us")),
            "tx_hash": pa.array(["0x" + digits[i * 64 : i * 64 + 64] for i in range(count)]),
            "transfer_index": pa.array(np.arange(count) % 400),
            "token_address": pa.array(np.array([item[1] for item in TOKENS], dtype=object)[token], pa.string()),
            "token_symbol": pa.array(np.array([item[0] for item in TOKENS], dtype=object)[token], pa.string()),
            "from_address": pa.array(addresses[sender], pa.string()),
            "to_address": pa.array(addresses[receiver], pa.string()),
            "amount": pa.array(np.char.mod("%.6f", units), pa.string()).cast(pa.decimal128(38, 18)),
        }
    )


def _labels(addresses: np.ndarray, hot: np.ndarray, first_user: int, users: int, home: np.ndarray) -> list[dict[str, str]]:
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
        row(addresses[hot[e, w]], name, "exchange", f"{name} hot {w + 1}", region) for e, (name, region) in enumerate(EXCHANGES) for w in range(HOT_WALLETS)
    ]
    domestic = [first_user + i for i in np.flatnonzero(home == 1)[: max(5, users // 50)]]
    return rows + [row(addresses[at], f"Domestic wallet {n}", "whale", f"domestic {n}", "ID") for n, at in enumerate(domestic, 1)]


def write(world: World, folder: Path, as_csv: bool = False) -> list[Path]:
    """Write transfers/transfers.parquet (or .csv), and beside that input folder labels.csv and netflow_anomalies.json.

    Returns:
        The files written.
    """
    (folder / "transfers").mkdir(parents=True, exist_ok=True)
    transfers = folder / "transfers" / ("transfers.csv" if as_csv else "transfers.parquet")
    if as_csv:
        pacsv.write_csv(world.transfers, transfers)
    else:
        pq.write_table(world.transfers, transfers, compression="zstd", row_group_size=122_880)
    labels, truth = folder / "labels.csv", folder / "netflow_anomalies.json"
    with labels.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(world.labels[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(world.labels)
    truth.write_text(json.dumps(world.truth, indent=1) + "\n")
    return [transfers, labels, truth]
