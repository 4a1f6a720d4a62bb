"""A process that takes a stream into a DuckDB file, rows and places in one transaction: what the tests kill.

`python -m tests.stream_sink KIND SERVER TOPIC FILE MESSAGES AT_ONCE`: ends once it has taken so many messages;
commits so many together, and writes a line for each commit.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import duckdb
import pyarrow as pa

from flow_pipeline.live.feeds import FeedOptions, discover
from flow_pipeline.live.steps import Batch, Cursor
from flow_pipeline.settings import load_settings


class Sink:
    def __init__(self, file: Path) -> None:
        self.connection = duckdb.connect(str(file), config={"threads": 1})
        self.connection.execute("create table if not exists rows (tx_hash varchar, amount decimal(38, 18))")
        self.connection.execute("create table if not exists places (partition varchar primary key, next bigint)")

    def cursor(self) -> Cursor:
        return Cursor(positions=dict(self.connection.execute("select partition, next from places").fetchall()))

    def commit(self, batches: list[Batch]) -> None:
        rows = pa.concat_tables([batch.transfers for batch in batches]).select(["tx_hash", "amount"])
        self.connection.begin()
        self.connection.register("new_rows", rows)
        self.connection.execute("insert into rows select * from new_rows")
        self.connection.unregister("new_rows")
        places = {batch.partition: batch.position for batch in batches}
        self.connection.executemany("insert or replace into places values (?, ?)", list(places.items()))
        self.connection.commit()


async def main(kind: str, server: str, topic: str, file: Path, messages: int, at_once: int) -> None:
    settings = load_settings(file.parent / "data")
    sink = Sink(file)
    first = 1 if kind == "nats" else 0
    feed = await discover()[kind].open_feed(FeedOptions(server=server, topic=topic), settings)
    waiting: list[Batch] = []
    places = dict(sink.cursor().positions)
    steps = feed.follow(sink.cursor())
    while sum(place - first for place in places.values()) < messages:
        try:
            step = await asyncio.wait_for(asyncio.shield(pending := asyncio.ensure_future(anext(steps))), 0.05)
        except TimeoutError:
            if waiting:
                sink.commit(waiting)
                waiting = []
                print(sum(places.values()), flush=True)
            step = await pending
        if isinstance(step, Batch):
            waiting.append(step)
            places[step.partition] = step.position or 0
        if len(waiting) >= at_once:
            sink.commit(waiting)
            waiting = []
            print(sum(places.values()), flush=True)
            await asyncio.sleep(0.02)
    if waiting:
        sink.commit(waiting)
    await steps.aclose()  # type: ignore[attr-defined]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6])))
