"""A seeded world of wallets that trade, with the truth of what each one is.

Coins have a price path per hour that only shows in trades; dollars and ether have prices. All transactions fall into a
few busy blocks a day, so that every block has a median gas price. Planted are whales, sandwich and arbitrage bots, a
liquidator, institutions with office hours, traders with skill, with luck and with neither, wash traders who sell the
same coins to each other and back, and retail around them. Near misses stand beside them: a busy trader who buys and
sells around others in different pools, purchases with nobody in between, rounds that lose.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flow_pipeline.domain.errors import UsageError

USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
COINS = tuple(f"0x{0xC0FFEE00 + number:040x}" for number in range(6))
POOLS_PER_COIN = 2
BLOCKS_PER_DAY = 24
SECONDS_PER_BLOCK = 12
FIRST_BLOCK = 22_000_000
FEE = 0.003
PRICES = (("USDC", 1), ("ETH", 2_500), ("USDT", 1), ("LPT", 6))
"""US dollars of the tokens of both worlds; coins of the wallets have none but what trades show."""
SWAP, LIQUIDATE = "0x38ed1739", "0x00a718a9"
ARCHETYPES: dict[str, tuple[str, int]] = {
    "whale": ("whale", 10),
    "sandwich_bot": ("mev_bot", 6),
    "arbitrage_bot": ("mev_bot", 6),
    "liquidator": ("mev_bot", 3),
    "institution": ("institution", 10),
    "skilled_trader": ("active_trader", 12),
    "unskilled_trader": ("active_trader", 12),
    "lucky_trader": ("retail", 8),
    "wash_trader": ("wash_trader", 10),
    "retail": ("retail", 400),
}
"""What each archetype is to be seen as, and how many there are per scale."""

Move = tuple[str, str, str, float]


@dataclass
class Tx:
    """A transaction in a busy block: wanted place, ends, method, moves (token, from, to, amount), gas factor, ether."""

    block: int
    place: float
    sender: str
    called: str
    method: str
    moves: list[Move]
    gas: float = 1.0
    native: float = 0.0
    fails: bool = False


@dataclass
class WalletWorld:
    """A generated world.

    Attributes:
        transfers: Token transfers in canonical columns.
        transactions: Rows in the columns of ethereum-etl.
        prices: token, date, usd.
        labels: Rows of a label set: the pools.
        wallets: Truth: address, archetype, category.
        mev: Truth: kind, wallet, tx_hashes.
    """

    transfers: pa.Table
    transactions: list[dict[str, object]]
    prices: list[dict[str, object]]
    labels: list[dict[str, str]]
    wallets: list[dict[str, str]]
    mev: list[dict[str, object]]


@dataclass
class _World:
    rng: np.random.Generator
    days: int
    first: date
    price: np.ndarray
    transactions: list[Tx] = field(default_factory=list)
    wallets: list[dict[str, str]] = field(default_factory=list)
    mev: list[tuple[str, str, list[Tx]]] = field(default_factory=list)

    def address(self) -> str:
        return "0x" + self.rng.bytes(20).hex()

    def block(self, day: int, hour: int | None = None) -> int:
        return day * BLOCKS_PER_DAY + (int(self.rng.integers(BLOCKS_PER_DAY)) if hour is None else hour)

    def place(self) -> float:
        return float(self.rng.uniform(0.2, 0.8))

    def dollars(self, low: float, high: float) -> float:
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def buys(
        self, who: str, block: int, coin: int, pool: str, usd: float, place: float | None = None, worse: float = 0.0
    ) -> tuple[Tx, float]:
        """A purchase at the price of the hour, and the coins it brought."""
        coins = usd * (1 - FEE) / (self.price[coin, block] * (1 + worse))
        tx = Tx(
            block,
            self.place() if place is None else place,
            who,
            ROUTER,
            SWAP,
            [(USDC, who, pool, usd), (COINS[coin], pool, who, coins)],
        )
        self.transactions.append(tx)
        return tx, coins

    def sells(
        self, who: str, block: int, coin: int, pool: str, coins: float, place: float | None = None, better: float = 0.0
    ) -> tuple[Tx, float]:
        """A sale at the price of the hour, and the dollars it brought."""
        usd = coins * (1 - FEE) * self.price[coin, block] * (1 + better)
        tx = Tx(
            block,
            self.place() if place is None else place,
            who,
            ROUTER,
            SWAP,
            [(COINS[coin], who, pool, coins), (USDC, pool, who, usd)],
        )
        self.transactions.append(tx)
        return tx, usd

    def pays(self, who: str, whom: str, block: int, usd: float) -> None:
        self.transactions.append(
            Tx(
                block,
                self.place(),
                who,
                USDC,
                "0xa9059cbb",
                [(USDC, who, whom, usd)],
                fails=bool(self.rng.random() < 0.01),
            )
        )


ROUTER = "0x" + "40" * 20
LENDER = "0x" + "1e" * 20


def generate_wallets(scale: int, seed: int, days: int = 60, first: date = date(2025, 3, 3)) -> WalletWorld:
    """Make a world.

    Args:
        scale: So many times the wallets of `ARCHETYPES`.
        seed: The same seed gives the same world on every machine.
        days: Length in days.
        first: First day, UTC.

    Raises:
        UsageError: a world too short for the windows that are scored.
    """
    if scale < 1 or days < 35:
        raise UsageError(
            f"a world of scale {scale} over {days} days is too small",
            "ask for a scale of at least 1 and 35 days: scores look back 30",
        )
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.012, (len(COINS), days * BLOCKS_PER_DAY))
    world = _World(rng, days, first, 5 * np.exp(np.cumsum(steps, axis=1)))
    pools = [[world.address() for _ in range(POOLS_PER_COIN)] for _ in COINS]
    people: dict[str, list[str]] = {
        name: [world.address() for _ in range(count * scale)] for name, (_, count) in ARCHETYPES.items()
    }
    plots = {
        "whale": _whale, "sandwich_bot": _sandwich_bot, "arbitrage_bot": _arbitrage_bot, "liquidator": _liquidator,
        "institution": _institution, "skilled_trader": _skilled_trader, "unskilled_trader": _unskilled_trader,
        "lucky_trader": _lucky_trader, "retail": _retail,
    }  # fmt: skip
    for name, plot in plots.items():
        for who in people[name]:
            plot(world, who, pools, people["retail"])
    _wash_traders(world, people["wash_trader"])
    _near_misses(world, people["unskilled_trader"], pools)
    world.wallets = [
        {"address": who, "archetype": name, "category": ARCHETYPES[name][0]}
        for name, found in people.items()
        for who in found
    ]
    return _finish(world, pools)


def _any_pool(w: _World, pools: list[list[str]]) -> tuple[int, str]:
    coin = int(w.rng.integers(len(pools)))
    return coin, pools[coin][int(w.rng.integers(POOLS_PER_COIN))]


def _whale(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    friends = [w.address() for _ in range(12)]
    for day in range(w.days):
        for _ in range(int(w.rng.integers(0, 3))):
            w.pays(who, friends[int(w.rng.integers(len(friends)))], w.block(day), w.dollars(60_000, 600_000))


def _sandwich_bot(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    for day in range(w.days):
        for hour in w.rng.choice(BLOCKS_PER_DAY, int(w.rng.integers(2, 6)), replace=False):
            block, (coin, pool) = w.block(day, int(hour)), _any_pool(w, pools)
            start = float(w.rng.uniform(0.81, 0.98))
            usd = w.dollars(2_000, 20_000)
            front, coins = w.buys(who, block, coin, pool, usd, start)
            for n in range(int(w.rng.integers(1, 3))):
                w.buys(
                    others[int(w.rng.integers(len(others)))],
                    block,
                    coin,
                    pool,
                    w.dollars(100, 3_000),
                    start + 0.001 * (n + 1),
                    worse=0.02,
                )
            back, _ = w.sells(who, block, coin, pool, coins, start + 0.005, better=float(w.rng.uniform(0.01, 0.02)))
            front.gas = back.gas = 1.3
            w.mev.append(("sandwich", who, [front, back]))


def _arbitrage_bot(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    for day in range(w.days):
        for _ in range(int(w.rng.integers(3, 9))):
            block, coin = w.block(day), int(w.rng.integers(len(pools)))
            usd, price = w.dollars(1_000, 10_000), w.price[coin, block]
            near, far = (pools[coin][at] for at in w.rng.permutation(POOLS_PER_COIN)[:2])
            back = usd * float(w.rng.uniform(1.002, 1.01))
            moves = [
                (USDC, who, near, usd),
                (COINS[coin], near, who, usd / price),
                (COINS[coin], who, far, usd / price),
                (USDC, far, who, back),
            ]
            tx = Tx(block, w.place(), who, ROUTER, SWAP, moves)
            w.transactions.append(tx)
            w.mev.append(("arbitrage", who, [tx]))


def _liquidator(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    for day in range(w.days):
        for _ in range(int(w.rng.integers(1, 4))):
            block, coin, usd = w.block(day), int(w.rng.integers(len(pools))), w.dollars(500, 20_000)
            tx = Tx(
                block,
                w.place(),
                who,
                LENDER,
                LIQUIDATE,
                [(USDC, who, LENDER, usd), (COINS[coin], LENDER, who, usd * 1.05 / w.price[coin, block])],
            )
            w.transactions.append(tx)
            w.mev.append(("liquidation", who, [tx]))
            if w.rng.random() < 0.5:
                w.sells(who, w.block(day), coin, pools[coin][0], usd * 1.05 / w.price[coin, block])


def _institution(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    clients = [w.address() for _ in range(40)]
    opens = int(w.rng.integers(7, 14))
    for day in range(w.days):
        if (w.first + timedelta(days=day)).weekday() < 5:
            for _ in range(int(w.rng.integers(1, 5))):
                w.pays(
                    who,
                    clients[int(w.rng.integers(len(clients)))],
                    w.block(day, opens + int(w.rng.integers(8))),
                    w.dollars(1_000, 30_000),
                )


def _trades(w: _World, who: str, pools: list[list[str]], round_trips: int, looks_ahead: float) -> None:
    """Purchases sold some days later; a share of them knows how the price will be."""
    for _ in range(round_trips):
        for _ in range(200):
            (coin, pool), block, hold = (
                _any_pool(w, pools),
                w.block(int(w.rng.integers(0, w.days - 8))),
                int(w.rng.integers(30, 150)),
            )
            rises = w.price[coin, block + hold] > w.price[coin, block] * 1.03
            if rises or w.rng.random() > looks_ahead:
                break
        _, coins = w.buys(who, block, coin, pool, w.dollars(500, 4_000))
        w.sells(who, block + hold, coin, pool, coins)


def _skilled_trader(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    _trades(w, who, pools, w.days, 0.9)


def _unskilled_trader(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    _trades(w, who, pools, w.days, 0.0)


def _lucky_trader(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    for _ in range(2):
        coin = int(w.rng.integers(len(pools)))
        late = range((w.days - 20) * BLOCKS_PER_DAY, (w.days - 4) * BLOCKS_PER_DAY)
        start = max(late, key=lambda block: w.price[coin, block + 60] / w.price[coin, block])
        _, coins = w.buys(who, start, coin, pools[coin][0], w.dollars(1_000, 4_000))
        w.sells(who, start + 60, coin, pools[coin][0], coins)


def _retail(w: _World, who: str, pools: list[list[str]], others: list[str]) -> None:
    friends, held = [w.address() for _ in range(3)], list[tuple[int, str, float]]()
    for day in np.flatnonzero(w.rng.random(w.days) < 0.08):
        if w.rng.random() < 0.5:
            w.pays(who, friends[int(w.rng.integers(3))], w.block(int(day)), w.dollars(5, 800))
        elif held and w.rng.random() < 0.6:
            w.sells(who, w.block(int(day)), *held.pop())
        else:
            coin, pool = _any_pool(w, pools)
            held.append((coin, pool, w.buys(who, w.block(int(day)), coin, pool, w.dollars(20, 800))[1]))


def _wash_traders(w: _World, people: list[str]) -> None:
    """Pairs that sell the same coins to each other and back for about the same dollars, through an empty escrow."""
    for one, other in zip(people[::2], people[1::2], strict=True):
        coin, usd = int(w.rng.integers(len(COINS))), w.dollars(5_000, 20_000)
        coins = usd / w.price[coin, 0]
        for day in range(w.days):
            start = int(w.rng.integers(0, 12))
            for n in range(6):
                seller, buyer = (one, other) if n % 2 == 0 else (other, one)
                moves = [(COINS[coin], seller, buyer, coins), (USDC, buyer, seller, usd)]
                w.transactions.append(Tx(w.block(day, start + n), w.place(), seller, ROUTER, SWAP, moves))


def _near_misses(w: _World, traders: list[str], pools: list[list[str]]) -> None:
    """What looks like a sandwich or arbitrage and is none."""
    for n, who in enumerate(traders):
        block, coin, usd = (
            w.block(int(w.rng.integers(1, w.days))),
            int(w.rng.integers(len(pools))),
            w.dollars(500, 3_000),
        )
        near, far = pools[coin]
        other = traders[(n + 1) % len(traders)]
        if n % 3 == 0:  # nobody buys in between
            _, coins = w.buys(who, block, coin, near, usd, 0.1)
            w.sells(who, block, coin, near, coins, 0.101)
        elif n % 3 == 1:  # the purchase in between is in another pool
            _, coins = w.buys(who, block, coin, near, usd, 0.11)
            w.buys(other, block, coin, far, usd, 0.111)
            w.sells(who, block, coin, near, coins, 0.112)
        else:  # a round that loses
            coins = usd / w.price[coin, block]
            moves = [
                (USDC, who, near, usd),
                (COINS[coin], near, who, coins),
                (COINS[coin], who, far, coins),
                (USDC, far, who, usd * 0.99),
            ]
            w.transactions.append(Tx(block, w.place(), who, ROUTER, SWAP, moves))


def _finish(w: _World, pools: list[list[str]]) -> WalletWorld:
    start = datetime.combine(w.first, datetime.min.time())
    order = sorted(range(len(w.transactions)), key=lambda n: (w.transactions[n].block, w.transactions[n].place, n))
    base = np.exp(w.rng.normal(np.log(15e9), 0.3, w.days * BLOCKS_PER_DAY))
    transfers: dict[str, list[object]] = {
        name: []
        for name in (
            "chain", "block_number", "block_timestamp", "tx_hash", "transfer_index", "token_address", "token_symbol",
            "from_address", "to_address", "amount",
        )
    }  # fmt: skip
    rows: list[dict[str, object]] = []
    hashes: dict[int, str] = {}
    block, index, log = -1, 0, 0
    for n in order:
        tx = w.transactions[n]
        if tx.block != block:
            block, index, log = tx.block, 0, 0
        moment = start + timedelta(hours=24 / BLOCKS_PER_DAY * block, seconds=SECONDS_PER_BLOCK)
        number = FIRST_BLOCK + int((moment - start).total_seconds()) // SECONDS_PER_BLOCK
        hashes[id(tx)] = tx_hash = "0x" + w.rng.bytes(32).hex()
        gas_price = int(base[block] * tx.gas * float(w.rng.uniform(0.85, 1.15)))
        rows.append(
            {
                "hash": tx_hash, "nonce": 0, "block_number": number, "transaction_index": index,
                "from_address": tx.sender, "to_address": tx.called, "value": int(tx.native * 10**18),
                "gas": 300_000, "gas_price": gas_price, "input": tx.method + "00" * 32,
                "block_timestamp": int((moment - datetime(1970, 1, 1)).total_seconds()),
                "receipt_gas_used": 60_000 + 40_000 * len(tx.moves), "receipt_status": int(not tx.fails),
            }
        )  # fmt: skip
        index += 1
        if tx.fails:
            continue
        for token, source, target, amount in tx.moves:
            symbol = "USDC" if token == USDC else f"COIN{COINS.index(token) + 1}"
            for name, value in zip(
                transfers,
                ("ethereum", number, moment, tx_hash, log, token, symbol, source, target, f"{amount:.6f}"),
                strict=True,
            ):
                transfers[name].append(value)
            log += 1
    table = pa.table({**transfers, "amount": pa.array(transfers["amount"], pa.string()).cast(pa.decimal128(38, 18))})
    days = [w.first + timedelta(days=day) for day in range(w.days)]
    labels = [
        {
            "chain": "ethereum",
            "address": pool,
            "entity": f"Lagoon {coin + 1}",
            "category": "dex",
            "label": f"pool {n + 1}",
            "confidence": "0.9",
            "source": "generated",
            "valid_from": "",
        }
        for coin, own in enumerate(pools)
        for n, pool in enumerate(own)
    ]
    return WalletWorld(
        table,
        rows,
        [{"token": token, "date": str(day), "usd": usd} for day in days for token, usd in PRICES[:2]],
        labels,
        w.wallets,
        [{"kind": kind, "wallet": who, "tx_hashes": [hashes[id(tx)] for tx in own]} for kind, who, own in w.mev],
    )


def write_wallets(world: WalletWorld, folder: Path) -> list[Path]:
    """Write transfers/transfers.parquet and transfers/transactions.csv, and beside that input folder the other files.

    They are prices.csv, labels.csv, wallets.json and mev.json.

    Returns:
        The files written.
    """
    inputs = folder / "transfers"
    inputs.mkdir(parents=True, exist_ok=True)
    for stale in inputs.glob("trans*.*"):  # one folder holds one world
        stale.unlink()
    pq.write_table(world.transfers, inputs / "transfers.parquet", compression="zstd")
    tables: dict[Path, list[dict[str, Any]]] = {
        inputs / "transactions.csv": world.transactions,
        folder / "prices.csv": world.prices,
        folder / "labels.csv": world.labels,
    }
    for path, rows in tables.items():
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    truths: dict[Path, list[dict[str, Any]]] = {folder / "wallets.json": world.wallets, folder / "mev.json": world.mev}
    for path, rows in truths.items():
        path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return [inputs / "transfers.parquet", *tables, *truths]


def write_beside(wallets: WalletWorld, folder: Path, first: date, days: int) -> list[Path]:
    """Add wallets to a world that `world.write` wrote: their transfers, transactions and labels, and prices for all.

    Args:
        wallets: The wallets; their days lie within those of the world.
        folder: Where the world is.
        first: Its first day.
        days: Its days, which all have prices.

    Returns:
        The files written or added to.
    """
    inputs = folder / "transfers"
    trades, transactions = inputs / "trades.parquet", inputs / "transactions.parquet"
    pq.write_table(wallets.transfers, trades, compression="zstd")
    columns = {name: pa.array([str(row[name]) for row in wallets.transactions]) for name in wallets.transactions[0]}
    pq.write_table(pa.table(columns), transactions, compression="zstd")
    prices, labels = folder / "prices.csv", folder / "labels.csv"
    with prices.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["token", "date", "usd"])
        writer.writerows([token, first + timedelta(days=day), usd] for day in range(days) for token, usd in PRICES)
    with labels.open(newline="", encoding="utf-8") as handle:
        columns_of_labels = next(csv.reader(handle))
    with labels.open("a", newline="", encoding="utf-8") as handle:
        csv.DictWriter(handle, columns_of_labels, restval="", lineterminator="\n").writerows(wallets.labels)
    truths = {folder / "wallets.json": wallets.wallets, folder / "mev.json": wallets.mev}
    for path, rows in truths.items():
        path.write_text(json.dumps(rows) + "\n", encoding="utf-8")
    return [trades, transactions, prices, *truths]
