"""What the tip says of transfers as they come is what the daily build says of them later: findings, sums, alert names.

It holds the names that are made in memory (`domain.identity`) and those of the statements together.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.windows import Window
from flow_pipeline.live.detection import Tip
from flow_pipeline.live.events import Event
from flow_pipeline.live.knowledge import Knowledge, read_knowledge
from flow_pipeline.live.steps import Batch, Fall
from flow_pipeline.nodes import TRANSFERS, Block
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import ask, build, label_file, transfer, write_csv
from tests.worlds import LIMITS, address

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
KINDS = {name for name, detector in typologies().items() if hasattr(detector, "advance")}
STORED = """
    select f.block_number, f.block_timestamp, f.transaction_index, f.tx_hash, f.transfer_index, k.token_address,
        k.token_symbol, a.address as from_address, b.address as to_address, f.amount, f.amount_usd
    from store.transfers as f inner join intermediate.int_tokens__canonical as k using (token_id)
    left join store.addresses as a on a.address_id = f.from_id
    left join store.addresses as b on b.address_id = f.to_id
    order by f.block_timestamp, f.block_number
"""


def batches(settings: Settings) -> Iterator[Batch]:
    """The transfers of a warehouse, block by block."""
    with open_published(settings) as connection:
        rows = connection.execute(STORED).to_arrow_table().cast(TRANSFERS).combine_chunks()
    numbers, times = rows["block_number"].to_numpy(), rows["block_timestamp"].cast(pa.int64()).to_numpy()
    cuts = np.flatnonzero((np.diff(numbers) != 0) | (np.diff(times) != 0)) + 1
    for number, (start, end) in enumerate(pairwise([0, *cuts.tolist(), len(numbers)])):
        yield Batch("made", "ethereum", Block(number, hex(number), None, 0), rows.slice(start, end - start))


def known(settings: Settings) -> Knowledge:
    with open_published(settings) as connection:
        return read_knowledge(connection, settings, ["ethereum"])


@pytest.mark.slow
def test_every_finding_of_the_daily_build_stands_at_the_tip(settings: Settings) -> None:
    wide = {"window_hours": 24 * 400.0, "search_findings": 10_000, "search_transfers": 10**6}
    settings = settings.with_changes(
        labels={"files": (SAMPLE / "labels.csv",)}, live=wide, typologies={"max_instances": 10_000}
    )
    build(settings, SAMPLE / "transfers", Window(date(2025, 3, 1), date(2025, 3, 20)))
    stored = {
        finding: (typology, amount, suspect)
        for finding, typology, amount, suspect in ask(
            settings, "select finding_id, typology, moved_amount::varchar, suspect from detection.findings"
        )
        if typology in KINDS
    }
    tip = Tip(settings, known(settings))
    events = [event for batch in batches(settings) for event in tip.take(batch)]
    events += [event for found in tip.settle().values() for event in found]
    standing = tip.standing
    assert {(item.typology, name) for name, item in standing.items()} == {
        (typology, name) for name, (typology, _, _) in stored.items()
    }
    told = {event.finding_id: event for event in events if event.finding_id in standing}
    for name, event in told.items():
        if event.rule != "fan_in" and len(event.transfers) == len(standing[name].serials):
            assert f"{float(event.amount or 0):.6f}" == f"{float(stored[name][1]):.6f}", event
    assert {name for name, (_, _, suspect) in stored.items() if suspect} <= {
        name for name, event in told.items() if event.is_suspicious or event.rule == "large_transfer"
    }


def alerts(events: list[Event]) -> dict[str, str]:
    """Alerts that are told by their names."""
    left: dict[str, str] = {}
    for event in events:
        if event.kind == "withdrawn" or event.replaces:
            left.pop(event.alert_id if event.kind == "withdrawn" else event.replaces or "", None)
        if event.kind != "withdrawn" and event.is_alert:
            left[event.alert_id] = event.rule
    return left


def test_alerts_of_the_tip_have_the_names_that_the_daily_build_gives_them(settings: Settings, tmp_path: Path) -> None:
    names = ("listed", "thief", "rich", "poor", "till", "one", "two", "three", "four", "five")
    listed, thief, rich, poor, till, *payers = (address(name) for name in names)
    labels = [
        ["ethereum", listed, "Listed", "sanctioned", "listed", 1.0, "a list", ""],
        ["ethereum", thief, "Thief", "exploit", "thief", 1.0, "a list", ""],
    ]
    rows = [
        transfer(1, rich, listed, "0.5"),
        transfer(2, thief, poor, 3),
        transfer(3, rich, poor, 5_000),
        transfer(4, poor, poor, 5_000),
        transfer(5, rich, poor, 5_001, index=""),
        *(transfer(10 + n, payer, till, 40 + n, at=f"2025-05-01T13:0{n}:00Z") for n, payer in enumerate(payers)),
    ]
    write_csv(tmp_path / "in" / "t.csv", rows)
    settings = settings.with_changes(
        labels={"files": (label_file(tmp_path / "labels.csv", [[*row, ""] for row in labels]),)},
        alerts={"transfer_by_token": {"ETH": (1_000.0, 2_000.0, 6_000.0)}},
        typologies=LIMITS,
        verdicts={"small_usd": 0.0},
    )
    build(settings, tmp_path / "in")
    tip = Tip(settings, known(settings))
    events = [event for batch in batches(settings) for event in tip.take(batch)]
    stored = dict(ask(settings, "select alert_id, rule from ops.alerts where rule <> 'address_risk'"))
    assert set(stored.values()) >= {"sanctioned_transfer", "exploit_contact", "large_transfer", "finding"}
    found = alerts(events)
    assert found.keys() == stored.keys()
    for event in events:
        if event.is_alert:
            assert stored[event.alert_id] == ("finding" if event.kind == "finding" else event.rule)
    gone = tip.fall(Fall("made", "ethereum", -1))
    assert {event.alert_id for event in gone if event.kind == "withdrawn"} >= found.keys()
    assert not tip.standing
