"""Explorers: pages cut at a cap lose nothing, each transfer comes once, amounts are exact, what is wrong is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pyarrow.parquet as pq
import pytest

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.windows import Window
from flow_pipeline.pipeline.fetch import Asked, Outcome, fetch_into_landing
from flow_pipeline.settings import Settings
from tests.liar import TOKEN, Reply, serving
from tests.unit.nodes.test_liars import FAST, KEY

A, B, C = ("0x" + digit * 40 for digit in "abc")
START = 1_746_057_600


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.with_changes(nodes=FAST)


def row(number: int, place: int = 0, sender: str = A, receiver: str = B, **changes: str) -> dict[str, str]:
    """A row of tokentx."""
    return {
        "blockNumber": str(number),
        "timeStamp": str(START + 12 * number),
        "hash": "0x" + sha256(f"{number} {place}".encode()).hexdigest(),
        "blockHash": "0x" + sha256(str(number).encode()).hexdigest(),
        "from": sender,
        "to": receiver,
        "contractAddress": TOKEN,
        "value": str(1_500_000 + place),
        "tokenSymbol": "USDC",
        "tokenDecimal": "6",
        "transactionIndex": str(place),
        **changes,
    }


class Explorer:
    """The account API over given rows, which gives no more than `cap` of them whatever was asked for."""

    def __init__(self, lists: dict[str, list[dict[str, str]]], cap: int = 10_000, height: int = 1_000) -> None:
        self.lists, self.cap, self.height = lists, cap, height
        self.asked: list[dict[str, str]] = []
        self.lie: Callable[[dict[str, str], list[dict[str, str]]], Any] = lambda asked, rows: rows
        self.before: list[Reply] = []

    def answer(self, asked: dict[str, Any]) -> Reply:
        self.asked.append(asked["params"])
        if self.before:
            return self.before.pop(0)
        return Reply(json.dumps(self._answer(asked["params"])).encode())

    def _answer(self, asked: dict[str, str]) -> dict[str, Any]:
        if asked["action"] in ("eth_blockNumber", "eth_block_number"):
            return {"jsonrpc": "2.0", "id": 1, "result": hex(self.height)}
        if asked["action"] == "getblocknobytime":
            number = max(0, -(-(int(asked["timestamp"]) - START) // 12))
            if number > self.height:
                return {"status": "0", "message": "NOTOK", "result": "Error! No closest block found"}
            return {"status": "1", "message": "OK", "result": str(number)}
        first, last, most = int(asked["startblock"]), int(asked["endblock"]), int(asked["offset"])
        found = [
            one
            for one in self.lists.get(asked["action"], [])
            if first <= int(one["blockNumber"]) <= last
            and asked.get("address", one["from"]) in (one["from"], one["to"])
            and asked.get("contractaddress", one.get("contractAddress")) == one.get("contractAddress")
        ]
        found = sorted(found, key=lambda one: int(one["blockNumber"]))[: min(most, self.cap)]
        told = self.lie(asked, found)
        if told == []:
            return {"status": "0", "message": "No transactions found", "result": []}
        return {"status": "1", "message": "OK", "result": told}


def fetched(settings: Settings, explorer: Explorer, kind: str = "etherscan", **more: Any) -> Outcome:
    asked: dict[str, Any] = {"first": 0, "only_final": False, "tokens": (TOKEN,), "chain": "ethereum", **more}
    with serving(explorer.answer) as server:
        return fetch_into_landing(settings, Asked(kind, f"{server.host}/api", **asked))


def landed(settings: Settings) -> list[dict[str, Any]]:
    paths = sorted(settings.landing.rglob("*.parquet"))
    return [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]


@pytest.mark.parametrize("kind", ["etherscan", "blockscout"])
@pytest.mark.parametrize("cap", [1_000, 5_000, 10_000])
def test_pages_cut_at_a_cap_lose_nothing(quick: Settings, kind: str, cap: int) -> None:
    rows = [row(number, place) for number in range(900) for place in range(1 + number % 25)]
    explorer = Explorer({"tokentx": rows}, cap)
    outcome = fetched(quick, explorer, kind)
    assert Counter(one["tx_hash"] for one in landed(quick)) == Counter(one["hash"] for one in rows)
    assert outcome.fetched.faults == []
    assert sum(asked["action"] == "tokentx" for asked in explorer.asked) >= len(rows) // cap


def test_as_many_rows_as_a_cap_are_asked_on_though_there_are_no_more(quick: Settings) -> None:
    rows = [row(number) for number in range(1_000)]
    explorer = Explorer({"tokentx": rows}, 10_000)
    fetched(quick, explorer)
    assert len(landed(quick)) == 1_000


def test_a_block_fuller_than_a_page_is_an_error(quick: Settings) -> None:
    rows = [row(7)] + [row(8, place) for place in range(1_200)] + [row(9)]
    with pytest.raises(FlowError, match=r"tokentx of block 8 fills a page of 1,000 rows"):
        fetched(quick, Explorer({"tokentx": rows}, 1_000))
    assert landed(quick) == []


def test_amounts_are_exact_and_nothing_is_guessed(quick: Settings) -> None:
    rows = [
        row(1, value="1"),
        row(2, value=str(2**127), tokenDecimal="18"),
        row(3, value="123456789012345678901234567890", tokenDecimal="18", tokenSymbol=""),
        row(4, tokenDecimal=""),
        row(5, value="5" + "0" * 24, tokenDecimal="24"),
        row(6, value="5" + "0" * 23 + "1", tokenDecimal="24"),
    ]
    outcome = fetched(quick, Explorer({"tokentx": rows}))
    assert [one["amount"] for one in landed(quick)] == [
        Decimal("0.000001"),
        None,
        Decimal("123456789012.345678901234567890"),
        None,
        Decimal(5),
        None,
    ]
    assert [one["token_symbol"] for one in landed(quick)][2] is None
    assert "1 without an amount, as the decimals are unknown" in outcome.notes
    assert "2 without an amount, as it is too large" in outcome.notes


def test_each_transfer_between_two_addresses_asked_for_comes_once(quick: Settings) -> None:
    rows = [row(1, 0, A, B), row(2, 0, B, A), row(3, 0, A, C), row(4, 0, C, B), row(5, 0, A, A)]
    fetched(quick, Explorer({"tokentx": rows}), tokens=(), addresses=(A, B))
    assert [one["block_number"] for one in landed(quick)] == [1, 2, 3, 4, 5]


def test_coins_of_an_address_are_paid_and_did_not_fail(quick: Settings) -> None:
    coin = {"contractAddress": "", "value": str(10**18), "isError": "0", "txreceipt_status": "1"}
    inside = {"type": "call", "traceId": "0_1", "isError": "0", "contractAddress": "", "value": str(2 * 10**18)}
    listed = [
        row(1, **coin),
        row(2, **{**coin, "isError": "1"}),
        row(3, **{**coin, "value": "0"}),
        row(4, **{**coin, "txreceipt_status": "0"}),
        row(5, **{**coin, "contractAddress": C}, receiver=""),
    ]
    internal = [
        row(6, **inside),
        row(7, **{**inside, "isError": "1"}),
        row(8, **{**inside, "type": "delegatecall"}),
        row(9, **{**inside, "traceId": "3"}),
    ]
    explorer = Explorer({"txlist": listed, "txlistinternal": internal})
    outcome = fetched(quick, explorer, tokens=(), addresses=(A,), with_native=True)
    assert [(one["block_number"], one["transfer_index"], one["to_address"]) for one in landed(quick)] == [
        (1, None, B),
        (5, None, C),
        (6, (1 * 4096 + 2) * 4096**3, B),
        (9, 3, B),
    ]
    assert {(one["token_symbol"], one["token_address"]) for one in landed(quick)} == {("ETH", None)}
    assert "3 failed" in outcome.notes


def test_days_become_blocks(quick: Settings) -> None:
    rows = [row(number) for number in range(0, 20_000, 10)]
    day = Window.parse("2025-05-02", "2025-05-02")
    outcome = fetched(quick, Explorer({"tokentx": rows}, height=20_000), first=None, window=day)
    assert (outcome.first, outcome.last) == (7_200, 14_399)
    times = {one["block_timestamp"].date().isoformat() for one in landed(quick)}
    assert (times, len(landed(quick))) == ({"2025-05-02"}, 720)
    late = fetched(
        quick, Explorer({"tokentx": rows}, height=20_000), first=None, window=Window.parse("2025-05-03", None)
    )
    assert (late.first, late.last) == (14_400, 20_000)


LIES: dict[str, tuple[Callable[[dict[str, str], list[dict[str, str]]], Any], str]] = {
    "rows of other blocks": (lambda asked, rows: [*rows, row(5_000)], "gave rows of others"),
    "rows of another token": (lambda asked, rows: [*rows, row(999, contractAddress=C)], "gave rows of others"),
    "rows in another order": (lambda asked, rows: rows[::-1], "out of the order of blocks"),
    "a row without a value": (lambda asked, rows: [*rows, row(999, value="")], "a row without value"),
    "a value that is none": (lambda asked, rows: [*rows, row(999, value="1.5")], "a row without value"),
    "a row without a block": (lambda asked, rows: [{**rows[0], "blockNumber": "x"}], "no number as the block"),
    "no list": (lambda asked, rows: {"a": 1}, "gave no list of rows"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_lands_nothing_and_is_told(quick: Settings, name: str) -> None:
    explorer = Explorer({"tokentx": [row(number) for number in range(20)]})
    explorer.lie, reason = LIES[name]
    with pytest.raises(FlowError, match=reason):
        fetched(quick, explorer)
    assert landed(quick) == []


def refused(words: str, status: str = "0", message: str = "NOTOK") -> Reply:
    return Reply(json.dumps({"status": status, "message": message, "result": words}).encode())


def test_a_rate_that_is_reached_is_waited_for(quick: Settings) -> None:
    explorer = Explorer({"tokentx": [row(1)]})
    explorer.before = [refused("Max rate limit reached"), refused("Max calls per sec rate limit reached (5/sec)")]
    fetched(quick, explorer)
    assert len(landed(quick)) == 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (refused("Invalid API Key"), "the server says: Invalid API Key"),
        (Reply(b'{"status":"0","message":"NOTOK","result":[]}'), "the server says: NOTOK"),
        (refused("", "2", "Some internal transactions within this range are not yet processed"), "not yet processed"),
        (Reply(b"<html>", 200), "cut short or no JSON"),
    ],
)
def test_what_an_explorer_refuses_is_told(quick: Settings, reply: Reply, reason: str) -> None:
    explorer = Explorer({"tokentx": [row(1)]})
    answers = [Reply(b'{"jsonrpc":"2.0","id":1,"result":"0x3e8"}'), *[reply] * 5]
    explorer.before = answers
    with pytest.raises(FlowError, match=reason):
        fetched(quick, explorer)
    assert landed(quick) == []


def test_a_range_that_takes_an_explorer_too_long_is_halved(quick: Settings) -> None:
    rows = [row(number) for number in range(1_000)]
    explorer = Explorer({"tokentx": rows})
    honest = explorer.answer

    def slow(asked: dict[str, Any]) -> Reply:
        params = asked["params"]
        if params["action"] == "tokentx" and int(params["endblock"]) - int(params["startblock"]) > 300:
            return refused("Query Timeout. Please select a smaller result dataset")
        return honest(asked)

    explorer.answer = slow  # type: ignore[method-assign]
    fetched(quick, explorer)
    assert len(landed(quick)) == 1_000


def test_the_key_goes_to_the_explorer_alone(quick: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRAFLOW_ETHERSCAN_KEY", KEY)
    explorer = Explorer({"tokentx": [row(1)]})
    fetched(quick, explorer)
    assert {(asked["apikey"], asked["chainid"]) for asked in explorer.asked} == {(KEY, "1")}
    assert not [path for path in quick.data_dir.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    explorer.before = [refused(f"Invalid API Key {KEY}")]
    with pytest.raises(FlowError) as stopped:
        fetched(quick, explorer, first=5)
    assert KEY not in stopped.value.message + stopped.value.hint
    assert "NETRAFLOW_ETHERSCAN_KEY" in stopped.value.hint


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        ("etherscan", {"tokens": ()}, "lists transfers of a token or of an address"),
        ("etherscan", {"with_native": True}, "by address alone"),
        ("etherscan", {"chain": "nowhere"}, "has no number that etherscan knows"),
        ("blockscout", {"chain": None}, "does not say of which chain it is"),
        ("etherscan", {"tokens": ("USDC",)}, "no address of an EVM chain"),
        ("etherscan", {"first": None}, "nothing says where to begin"),
        ("etherscan", {"window": Window.parse("2025-05-01", None)}, "exclude each other"),
        ("nothing", {}, "there is no source nothing"),
    ],
)
def test_a_question_that_does_not_fit_is_refused(quick: Settings, kind: str, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        fetched(quick, Explorer({}), kind, **more)
