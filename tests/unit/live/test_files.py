"""The feed `files`: a folder of JSON Lines that grow gives what a load of the folder gives."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions, discover
from flow_pipeline.live.steps import Batch, Cursor
from flow_pipeline.loading.ingest import make_words
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import open_build
from tests.conftest import load_only

A, B, C = ("0x" + letter * 40 for letter in "abc")


def tx(
    n: int, sender: str, receiver: str, value: str | None = "1500000000000000000", **more: object
) -> dict[str, object]:
    return {
        "from": sender, "to": receiver, "token_symbol": "ETH", "time_stamp": str(1746057600 + n), "value": value,
        "hash": f"0x{n:064x}",
    } | more  # fmt: skip


def line(wallet: str, *txs: dict[str, object]) -> str:
    return json.dumps({"wallet": wallet, "score": 0.9, "category": "whale", "txs": list(txs)}) + "\n"


LINES = [
    line(A, tx(1, A, B), tx(2, A.upper().replace("0X", "0x"), C)),
    line(B, tx(1, A, B), tx(3, B, C, "7"), tx(4, B, "nobody")),
    line(C, tx(3, B, C, "7"), tx(2, A, C), tx(5, C, A, None), tx(6, C, A, "1", token_symbol="NOBODYKNOWS")),
    line(A),
    "{broken\n",
    line(B, tx(7, B, A, "25", contract_address="0xdAC17F958D2ee523a2206206994597C13D831ec7", token_symbol="USDT")),
]


async def followed(settings: Settings, folder: Path, cursor: Cursor, rounds: list[str]) -> tuple[list[Batch], Cursor]:
    """Batches until nothing is new, with a piece of text added to the file each time; and where to go on."""
    feed = await discover()["files"].open_feed(FeedOptions(folder=folder), settings)
    found: list[Batch] = []
    places = dict(cursor.positions)
    steps = feed.follow(cursor)
    waiting = list(rounds)
    task = asyncio.ensure_future(anext(steps))
    while True:
        done, _ = await asyncio.wait([task], timeout=0.5 if found else 2.0)
        if done:
            step = task.result()
            assert isinstance(step, Batch)
            found.append(step)
            places[step.partition] = step.position or 0
            task = asyncio.ensure_future(anext(steps))
        elif waiting:
            with (folder / "scan.jsonl").open("a") as file:
                file.write(waiting.pop(0))
        else:
            task.cancel()
            await asyncio.wait([task])
            return found, Cursor(positions=places)


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.with_changes(live={"poll_seconds": 0.05})


def rows(batches: list[Batch]) -> list[tuple[object, ...]]:
    names = ["tx_hash", "from_address", "to_address", "token_address", "token_symbol", "amount", "block_timestamp"]
    return sorted(
        (tuple(row[name] for name in names) for batch in batches for row in batch.transfers.to_pylist()), key=str
    )


def loaded(settings: Settings, folder: Path) -> list[tuple[object, ...]]:
    load_only(settings, folder)
    with open_build(settings) as connection:
        make_words(connection)
        found = connection.execute(
            "select tx_hash, from_address, to_address, token_address, token_symbol, amount, block_timestamp "
            "from raw.transfers"
        ).fetchall()
    return sorted(found, key=str)


def test_a_growing_folder_gives_what_a_load_of_it_gives(quick: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    text = "".join(LINES)
    cuts = [0, 30, len(LINES[0]) + 10, len(text) - 40, len(text)]
    (folder / "scan.jsonl").write_text("")
    pieces = [text[one:other] for one, other in zip(cuts, cuts[1:], strict=False)]

    async def main() -> list[Batch]:
        first, cursor = await followed(quick, folder, Cursor(), pieces[:2])
        rest, _ = await followed(quick, folder, cursor, pieces[2:])
        return first + rest

    batches = asyncio.run(main())
    found = rows(batches)
    assert len(found) == 5
    assert found == loaded(quick, folder)
    assert (f"0x{7:064x}", Decimal("0.000025")) in {(row[0], row[5]) for row in found}
    refused = [json.loads(one) for one in (quick.live_dir / "refused.jsonl").read_text().splitlines()]
    assert sorted(one["reason"] for one in refused) == ["bad_address", "not a JSON object", "unknown_decimals"]


@pytest.mark.parametrize("new", ["", line(C, tx(9, C, A)) * 3])
def test_a_file_that_is_another_one_is_refused_by_name(new: str, quick: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "scan.jsonl").write_text("".join(LINES[:2]))
    _, cursor = asyncio.run(followed(quick, folder, Cursor(), []))
    (folder / "scan.jsonl").write_text(new)
    with pytest.raises(FlowError, match=r"scan\.jsonl.*(shrank|first line)"):
        asyncio.run(followed(quick, folder, cursor, []))


def test_what_is_no_folder_is_refused(quick: Settings, tmp_path: Path) -> None:
    for folder in (None, tmp_path / "none"):
        with pytest.raises(UsageError, match="no folder"):
            asyncio.run(discover()["files"].open_feed(FeedOptions(folder=folder), quick))
