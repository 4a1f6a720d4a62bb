"""A process that takes a stream into the tip's store, rows and places in one transaction: what the tests kill.

`python -m tests.stream_sink KIND WHERE TOPIC FOLDER ROWS AT_ONCE`: ends once the store has so many rows; commits so
many batches together, and writes a line for each commit.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from flow_pipeline.live.feeds import FeedOptions, discover
from flow_pipeline.live.steps import Batch, Hears, Step
from flow_pipeline.live.tip import open_tip
from flow_pipeline.settings import load_settings


async def main(kind: str, where: str, topic: str, folder: Path, rows: int, at_once: int) -> None:
    settings = load_settings(folder)
    options = FeedOptions(folder=Path(where)) if kind == "files" else FeedOptions(server=where, topic=topic)
    feed = await discover()[kind].open_feed(options, settings)
    waiting: list[Step] = []
    with open_tip(settings) as store:
        (count,) = store._connection.execute("select count(*) from live.rows").fetchone() or (0,)
        steps = feed.follow(store.cursor(feed.source))

        def commit() -> None:
            store.commit(waiting)
            waiting.clear()
            if isinstance(feed, Hears):
                feed.committed(store.cursor(feed.source))
            print(count, flush=True)

        while count < rows:
            pending = asyncio.ensure_future(anext(steps))
            await asyncio.wait([pending], timeout=0.05)
            if waiting and (len(waiting) >= at_once or not pending.done()):
                commit()
                await asyncio.sleep(0.02)
            step = await pending
            assert isinstance(step, Batch)
            waiting.append(step)
            count += step.transfers.num_rows
        commit()
        await steps.aclose()  # type: ignore[attr-defined]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6])))
