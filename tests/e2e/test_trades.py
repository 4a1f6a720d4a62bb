"""Trades are found, valued and followed at average cost, day by day as all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flow_pipeline.cli import main
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.settings import Settings
from flow_pipeline.wallets import trades
from tests.conftest import TX_HEADER, ask, build, label_file, write_csv

NAMES = ("wallet", "pool", "second_pool", "bot", "owner", "router", "stranger", "dex", "other", "dust")
ADDRESS = {name: f"0x{number + 0x10:040x}" for number, name in enumerate(NAMES)}
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
COIN, OTHER = (f"0x{number:040x}" for number in (0xC1, 0xC2))
SYMBOL = {USDC: "USDC", COIN: "COIN", OTHER: "OTHR"}
HEADER = [
    "chain",
    "block_number",
    "block_timestamp",
    "tx_hash",
    "transfer_index",
    "token_address",
    "token_symbol",
    "from_address",
    "to_address",
    "amount",
]


class World:
    """Transfers and transactions written as two files."""

    def __init__(self) -> None:
        self.transfers: list[list[object]] = []
        self.transactions: list[list[object]] = []
        self.count = 0

    def swap(
        self,
        day: int,
        *moves: tuple[str, str, str, float],
        sender: str | None = None,
        called: str = "router",
        native: float = 0,
        status: int = 1,
    ) -> None:
        """One transaction; moves are (from, to, token, amount); its gas is 0.01 ETH."""
        self.count += 1
        tx, at = f"0x{self.count:064x}", f"2025-05-{day:02d}T12:{self.count:02d}:00Z"
        for index, (source, target, token, amount) in enumerate(moves):
            self.transfers.append(
                ["ethereum", self.count, at, tx, index, token, SYMBOL[token], ADDRESS[source], ADDRESS[target], amount]
            )
        if sender:
            wei, seconds = int(native * 10**18), 1746057600 + (day - 1) * 86_400 + 43_200 + self.count * 60
            self.transactions.append(
                [
                    tx,
                    0,
                    self.count,
                    3,
                    ADDRESS[sender],
                    ADDRESS[called],
                    wei,
                    200_000,
                    10**11,
                    "0x38ed1739aaaa",
                    seconds,
                    100_000,
                    status,
                ]
            )

    def write(self, folder: Path, days: range = range(1, 32)) -> Path:
        """The files of some days."""
        since, until = f"2025-05-{days.start:02d}", f"2025-05-{days.stop - 1:02d}T99"
        write_csv(folder / "transfers.csv", [row for row in self.transfers if since <= str(row[2]) <= until], HEADER)
        chosen = [
            row for row in self.transactions if days.start <= (int(str(row[10])) - 1746057600) // 86_400 + 1 < days.stop
        ]
        if chosen:
            write_csv(folder / "transactions.csv", chosen, TX_HEADER)
        return folder


@pytest.fixture
def priced(settings: Settings, tmp_path: Path) -> Settings:
    rows = [[token, f"2025-05-{day:02d}", usd] for day in range(1, 10) for token, usd in (("USDC", 1), ("ETH", 2000))]
    labels = label_file(
        tmp_path / "labels.csv", [["ethereum", ADDRESS["dex"], "Dex", "dex", "pool", 0.9, "a test", "2020-01-01", ""]]
    )
    return settings.with_changes(
        sources={"prices": write_csv(tmp_path / "prices.csv", rows, ["token", "date", "usd"])},
        labels={"files": (labels,)},
    )


def world() -> World:
    made = World()
    made.swap(1, ("wallet", "pool", USDC, 1_000), ("pool", "wallet", COIN, 10), sender="wallet")
    made.swap(2, ("wallet", "pool", COIN, 5), ("pool", "wallet", USDC, 750), sender="wallet")
    # through a router that keeps nothing
    made.swap(
        3,
        ("wallet", "router", USDC, 300),
        ("router", "pool", USDC, 300),
        ("pool", "router", COIN, 2),
        ("router", "wallet", COIN, 2),
        sender="wallet",
    )
    # a bot's own contract trades; its owner only signs
    made.swap(3, ("bot", "pool", USDC, 100), ("pool", "bot", COIN, 1), sender="owner", called="bot")
    # the coin of the chain is paid with the transaction itself
    made.swap(4, ("pool", "wallet", OTHER, 40), sender="wallet", called="pool", native=0.5)
    # no transaction is known: only a labelled pool tells who traded
    made.swap(4, ("stranger", "dex", USDC, 50), ("dex", "stranger", OTHER, 1))
    made.swap(4, ("stranger", "pool", USDC, 50), ("pool", "stranger", OTHER, 1))
    # both legs have a price, and they disagree
    made.swap(5, ("pool", "wallet", USDC, 100), sender="wallet", called="pool", native=1)
    # two tokens come back: liquidity, no trade
    made.swap(
        5, ("wallet", "pool", USDC, 10), ("pool", "wallet", COIN, 1), ("pool", "wallet", OTHER, 1), sender="wallet"
    )
    # a plain payment, and a trade without any price
    made.swap(5, ("wallet", "other", COIN, 1), sender="wallet")
    made.swap(6, ("wallet", "pool", COIN, 1), ("pool", "wallet", OTHER, 3), sender="wallet")
    made.swap(7, ("wallet", "pool", COIN, 10), ("pool", "wallet", USDC, 5_000), sender="wallet")
    return made


QUESTION = """
SELECT strftime(block_date, '%d'), wallet, wallet_basis, coalesce(gave_token_symbol, '') || '>' || got_token_symbol,
       round(value_usd, 6), price_basis, round(covered_share, 6), round(cost_usd, 6),
       round(realised_usd, 6), round(got_position_amount, 6), round(got_position_usd, 6), round(gas_usd, 6)
FROM marts.fct_wallet_trades ORDER BY trade_number
"""


def told(settings: Settings) -> list[tuple[Any, ...]]:
    names = {address: name for name, address in ADDRESS.items()}
    return [(row[0], names[str(row[1])], *row[2:]) for row in ask(settings, QUESTION)]


def test_the_worked_world(priced: Settings, tmp_path: Path) -> None:
    build(priced, world().write(tmp_path / "in"))
    rows = told(priced)
    gas = 20.0  # 100,000 gas at 100 gwei = 0.01 ETH
    assert [row[:6] for row in rows] == [
        ("01", "wallet", "sender", "USDC>COIN", 1000.0, "gave"),
        ("02", "wallet", "sender", "COIN>USDC", 750.0, "got"),
        ("03", "wallet", "sender", "USDC>COIN", 300.0, "gave"),
        ("03", "bot", "called", "USDC>COIN", 100.0, "gave"),
        ("04", "wallet", "sender", "ETH>OTHR", 1000.0, "gave"),
        ("04", "stranger", "only_trader", "USDC>OTHR", 50.0, "gave"),
        ("05", "wallet", "sender", "ETH>USDC", None, "apart"),
        ("06", "wallet", "sender", "COIN>OTHR", None, "none"),
        ("07", "wallet", "sender", "COIN>USDC", 5000.0, "got"),
    ]
    first, second, third, _, native, stranger, apart, unpriced, last = rows
    assert first[6:] == (0.0, None, None, 10.0, 1000 + gas, gas), (
        "the dollars came from nowhere known; gas is part of the cost"
    )
    assert second[6:9] == (1.0, 510.0, 750 - 510 - gas)
    assert third[6:9] == (1.0, 300.0, 300 - 300 - gas), "dollars of the sale bought again"
    assert third[9:11] == (7.0, 510 + 300)
    assert native[9:11] == (40.0, 1000 + gas)
    assert stranger[11] is None, "who paid the gas is not known"
    assert apart[6:9] == (0.0, None, None)
    assert unpriced[6:9] == (1.0, round(810 / 7, 6), None), "what was given leaves the position, nothing is claimed"
    assert last[6:9] == (0.6, round(810 * 6 / 7, 6), round(5_000 * 0.6 - 810 * 6 / 7 - gas, 6)), (
        "four coins have no known cost"
    )


def test_a_page_about_the_wallet(priced: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(priced, world().write(tmp_path / "in"))
    with pytest.raises(SystemExit):
        main(["--data-dir", str(priced.data_dir), "wallet", ADDRESS["wallet"].upper().replace("0X", "0x")])
    page = json.loads(capsys.readouterr().out)
    totals = page["totals"][0]
    assert (totals["trades"], totals["closed"], totals["wins"]) == (7, 3, 2)
    assert totals["priced_share"] == pytest.approx(5 / 7)
    assert totals["realised_usd"] == pytest.approx(220 - 20 + (5_000 * 0.6 - 810 * 6 / 7 - 20))
    assert {row["token"]: round(row["amount"], 6) for row in page["positions"]} == {"USDC": 5_450.0, "OTHR": 40.0}
    with pytest.raises(UsageError, match="0xdead stands in no transfer"):
        main(["--data-dir", str(priced.data_dir), "--debug", "wallet", "0xdead"])


@pytest.mark.slow
def test_day_by_day_as_all_at_once(priced: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world()
    build(priced, made.write(tmp_path / "all"))
    whole = told(priced)
    monkeypatch.setattr(trades, "_SWAPS_AT_ONCE", 2)
    apart = priced.model_copy(update={"data_dir": tmp_path / "apart"})
    for number, days in enumerate((range(1, 3), range(3, 4), range(4, 6), range(6, 8))):
        build(apart, made.write(tmp_path / f"part{number}", days), Window())
    assert told(apart) == whole


def test_without_prices_trades_are_there_and_nothing_is_claimed(settings: Settings, tmp_path: Path) -> None:
    build(settings, world().write(tmp_path / "in"))
    found = ask(
        settings,
        "SELECT count(*), count(value_usd), count(realised_usd), count(gas_usd), round(sum(gas_amount), 6) "
        "FROM marts.fct_wallet_trades",
    )
    # without a label for the pool nobody knows which of the two strangers traded
    assert found == [(8, 0, 0, 0, 0.08)]


@pytest.mark.parametrize(("signer", "arbitrages"), [("stranger", 1), ("second_pool", 0)])
def test_who_signed_on_an_earlier_day_is_no_pool(
    priced: Settings, tmp_path: Path, signer: str, arbitrages: int
) -> None:
    made = World()
    made.swap(1, (signer, "other", USDC, 1), sender=signer)
    made.swap(
        2,
        ("wallet", "pool", USDC, 100),
        ("pool", "wallet", COIN, 10),
        ("wallet", "second_pool", COIN, 10),
        ("second_pool", "wallet", USDC, 103),
        sender="wallet",
    )
    for number, days in enumerate((range(1, 2), range(2, 3))):
        build(priced, made.write(tmp_path / f"part{number}", days), Window())
    assert ask(priced, "SELECT count(*) FROM detection.mev_events WHERE kind = 'arbitrage'") == [(arbitrages,)]
