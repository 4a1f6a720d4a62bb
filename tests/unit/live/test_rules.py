"""Rules of the tip on batches made by hand: traced money, netflow of the day so far, and what falls."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from flow_pipeline.graph.prepare import NEVER
from flow_pipeline.live.detection import Tip
from flow_pipeline.live.events import Event
from flow_pipeline.live.knowledge import Knowledge, KnownToken, Label, Range, Watch
from flow_pipeline.live.steps import Batch, Fall, Finality
from flow_pipeline.nodes import TRANSFERS, Block
from flow_pipeline.settings import load_settings

ALWAYS = (0, int(NEVER))
START = 1_760_000_000 // 86_400 * 86_400 * 1_000_000
KNOWN = Knowledge(
    labels={
        "ethereum": {
            "mixer": (Label(*ALWAYS, "mixer", "Blender"),),
            "exchange": (Label(*ALWAYS, "exchange", "Harbour"),),
            "cold": (Label(*ALWAYS, "exchange", "Harbour"),),
        }
    },
    tokens={("ethereum", "ETH"): KnownToken("ETH", 2_000.0, False, 50.0)},
    ranges={("ethereum", "ETH", "Harbour"): Range("ETH", None, 0.0, 100.0)},
)


@pytest.fixture
def tip(tmp_path: Path) -> Tip:
    return Tip(load_settings(tmp_path), KNOWN, warm_up=False)


def batch(number: int, *rows: tuple[str, str, str]) -> Batch:
    made = [
        {
            "block_number": number,
            "block_timestamp": START + number * 12_000_000,
            "transaction_index": place,
            "tx_hash": f"0x{number}{place}",
            "transfer_index": place,
            "token_symbol": "ETH",
            "from_address": sender,
            "to_address": receiver,
            "amount": Decimal(amount),
        }
        for place, (sender, receiver, amount) in enumerate(rows)
    ]
    block = Block(number, f"h{number}", f"h{number - 1}", START + number * 12_000_000)
    return Batch("evm:ethereum", "ethereum", block, pa.Table.from_pylist(made, TRANSFERS))


def of_rule(events: list[Event], rule: str) -> list[Event]:
    return [event for event in events if event.rule == rule]


def test_money_of_a_mixer_is_told_when_it_reaches_an_exchange(tip: Tip) -> None:
    assert of_rule(tip.take(batch(1, ("mixer", "a", "2"), ("clean", "a", "2"))), "traced_money") == []
    assert of_rule(tip.take(batch(2, ("a", "b", "4"))), "traced_money") == [], "2 of 4 ETH are under 10,000 dollars"
    (told,) = of_rule(tip.take(batch(3, ("b", "exchange", "1"))), "traced_money")
    assert (told.kind, told.severity, told.block_hash, told.amount_usd) == ("alert", "HIGH", "h3", 1_000.0)
    assert told.reason.startswith("0.5 of 1 ETH that b paid Harbour at ")
    assert told.reason.endswith(" came from Blender, labelled mixer over 3 transfers")
    assert of_rule(tip.take(batch(4, ("exchange", "c", "1"), ("c", "exchange", "1"))), "traced_money") == [], "it ends"


def test_what_fell_moved_no_money_and_takes_its_alert_back(tip: Tip) -> None:
    tip.take(batch(1, ("mixer", "a", "2")))
    (told,) = of_rule(tip.take(batch(2, ("a", "exchange", "2"))), "traced_money")
    (gone,) = of_rule(tip.fall(Fall("evm:ethereum", "ethereum", 0)), "traced_money")
    assert (gone.kind, gone.alert_id) == ("withdrawn", told.alert_id)
    assert of_rule(tip.take(batch(1, ("a", "exchange", "2"))), "traced_money") == []


def test_what_is_final_is_never_taken_back(tip: Tip) -> None:
    tip.take(batch(1, ("mixer", "a", "2"), ("a", "exchange", "2")))
    tip.finality(Finality("evm:ethereum", "ethereum", 1, 1, 2, START))
    assert of_rule(tip.fall(Fall("evm:ethereum", "ethereum", 0)), "traced_money") == []


def test_netflow_is_told_once_when_it_leaves_the_range_of_the_days_before(tip: Tip) -> None:
    assert of_rule(tip.take(batch(1, ("a", "exchange", "80"))), "netflow_anomaly") == []
    assert of_rule(tip.take(batch(2, ("cold", "exchange", "900"))), "netflow_anomaly") == [], "its own wallets"
    (told,) = of_rule(tip.take(batch(3, ("b", "exchange", "30"))), "netflow_anomaly")
    assert told.subject == "ethereum|ETH|Harbour|2025-10-09"
    assert "110 ETH net onto the exchange on 2025-10-09 so far" in told.reason
    assert of_rule(tip.take(batch(4, ("c", "exchange", "30"))), "netflow_anomaly") == []


def test_a_larger_transfer_of_the_day_takes_the_place_of_the_one_told(tip: Tip) -> None:
    assert of_rule(tip.take(batch(1, ("a", "b", "499"))), "large_transfer")[:1] != []
    first, second = (
        [event for event in of_rule(tip.take(batch(n, ("a", "b", amount))), "large_transfer") if event.kind == "alert"]
        for n, amount in ((2, "500"), (3, "600"))
    )
    assert [event.severity for event in first] == ["HIGH"], "ten times 50, over a million dollars"
    assert second[0].replaces == first[0].alert_id


def test_dealings_with_a_mixer_are_one_alert_a_day_told_anew_with_twice_as_many(tip: Tip) -> None:
    told = [
        of_rule(tip.take(batch(number, (f"p{number}", "mixer", "1"))), "mixer_contact")
        for number in (1, 2, 3, 4, 7_201)
    ]
    assert [len(events) for events in told] == [1, 1, 0, 1, 1]
    first, second, fourth, other_day = (events[0] for events in told if events)
    assert first.alert_id == second.alert_id == fourth.alert_id != other_day.alert_id
    assert (first.severity, fourth.is_alert) == ("MEDIUM", True)
    assert fourth.reason.startswith("4 addresses in 4 transfers with Blender, labelled mixer, the last at ")
    (gone,) = of_rule(tip.fall(Fall("evm:ethereum", "ethereum", 7_200)), "mixer_contact")
    assert (gone.kind, gone.alert_id) == ("withdrawn", other_day.alert_id)


def watch(kind: str, key: str, first_day: date = date(2025, 10, 9)) -> Watch:
    return Watch(f"w-{key}", kind, key, "rosa", "a theft", first_day)


def test_what_is_watched_is_one_alert_a_day_told_anew_with_twice_as_many(tmp_path: Path) -> None:
    known = KNOWN.watching([(None, watch("address", "a")), ("bsc", watch("address", "b"))], ["ethereum"])
    tip = Tip(load_settings(tmp_path), known, warm_up=False)
    told = [of_rule(tip.take(batch(number, ("a", f"p{number}", "1"))), "watched") for number in (1, 2, 3, 4, 7_201)]
    assert [len(events) for events in told] == [1, 1, 0, 1, 1]
    first, second, fourth, other_day = (events[0] for events in told if events)
    assert first.alert_id == second.alert_id == fourth.alert_id != other_day.alert_id
    assert first.subject == "w-a|ethereum|2025-10-09"
    assert fourth.reason.startswith("watched a: 4 transfers so far, the last 1 ETH (2,000 USD) from a to p4 at ")
    assert fourth.reason.endswith(" (rosa: a theft)")
    assert (first.severity, fourth.is_alert) == ("MEDIUM", True)
    assert of_rule(tip.take(batch(7_202, ("b", "c", "1"))), "watched") == [], "of another chain"
    (gone,) = of_rule(tip.fall(Fall("evm:ethereum", "ethereum", 7_200)), "watched")
    assert (gone.kind, gone.alert_id) == ("withdrawn", other_day.alert_id)


def test_a_watched_entity_is_its_addresses_but_not_what_goes_between_them(tmp_path: Path) -> None:
    later = watch("entity", "blender", date(2025, 10, 10))
    known = KNOWN.watching([("ethereum", watch("entity", "harbour")), (None, later)], ["ethereum"])
    tip = Tip(load_settings(tmp_path), known, warm_up=False)
    assert of_rule(tip.take(batch(1, ("cold", "exchange", "1"), ("mixer", "c", "1"))), "watched") == []
    (told,) = of_rule(tip.take(batch(2, ("c", "cold", "1"), ("exchange", "d", "1"))), "watched")
    assert told.subject == "w-harbour|ethereum|2025-10-09"
    assert told.reason.startswith("watched harbour: 2 transfers so far")
