"""What the tip knows of labels, against what the models say of the same addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow_pipeline.live.alerting import open_detection
from flow_pipeline.live.knowledge import read_knowledge
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import open_published
from tests.conftest import build, transfer, write_csv

LABELS = """chain,address,entity,category,label,confidence,regions,valid_from,valid_to,source
ethereum,{a},Harbour,exchange,hot,0.9,ID,,,one
ethereum,{a},harbour,exchange,hot,0.8,ID,2025-03-01,,two
ethereum,{b},Mixer,mixer,m,0.5,,2025-01-01,2025-06-01,one
ethereum,{b},Bad,sanctioned,b,0.9,,2025-02-01,2025-03-01,list
*,{c},Bridge,bridge,x,0.7,US,,,one
ethereum,{c},Somebody,wallet,x,0.6,US,,,one
polygon,{a},Other,exchange,x,0.9,,,,one
"""
ZERO = "0x" + "0" * 40


@pytest.fixture
def labelled(settings: Settings, tmp_path: Path) -> Settings:
    a, b, c = (f"0x{sign * 40}" for sign in "abc")
    (tmp_path / "labels.csv").write_text(LABELS.format(a=a, b=b, c=c))
    rows = [transfer(n, x, y, n, at=f"2025-05-0{n}") for n, (x, y) in enumerate([(a, b), (c, a), (ZERO, c)], 1)]
    write_csv(tmp_path / "in" / "t.csv", rows)
    return settings.with_changes(labels={"files": (tmp_path / "labels.csv",)})


def test_labels_at_the_tip_are_those_of_the_models(labelled: Settings, tmp_path: Path) -> None:
    before = open_detection(labelled, ["ethereum", "solana"]).knowledge
    build(labelled, tmp_path / "in")
    with open_published(labelled) as connection:
        known = read_knowledge(connection, labelled, ["ethereum", "solana"])
        rows = connection.execute("""
            select address, epoch_us(valid_from), epoch_us(valid_to), category, entity
            from intermediate.int_address_labels__intervals where chain = 'ethereum' order by address, valid_from
        """).fetchall()
    assert len(rows) > 6
    addresses = {row[0] for row in rows}
    told = [
        (address, item.start, item.end, item.category, item.entity)
        for address in sorted(addresses)
        for item in known.labels["ethereum"][address]
    ]
    assert told == rows
    assert before.labels == known.labels, "without a warehouse the labels are known all the same"
    assert before.sanctioned == known.sanctioned
    assert set(known.labels["solana"]) == {ZERO}, "labels of every EVM chain are about no other"
    ends = known.ends["ethereum"]
    found = dict(zip(ends.addresses.to_pylist(), ends.classes.to_pylist(), strict=True))
    assert [found[f"0x{sign * 40}"] for sign in "abc"] == ["exchange", "other", "bridge"]
