"""A process that takes a stream into the tip's store, rows and places in one transaction: what the tests kill.

`python -m tests.stream_sink KIND SERVER TOPIC FOLDER MESSAGES AT_ONCE`: ends once it has taken so many messages;
commits so many together, and writes a line for each commit.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from flow_pipeline.live.feeds import FeedOptions, discover
from flow_pipeline.live.steps import Batch, Step
from flow_pipeline.live.tip import open_tip
from flow_pipeline.settings import load_settings


async def main(kind: str, server: str, topic: str, folder: Path, messages: int, at_once: int) -> None:
    settings = load_settings(folder)
    first = 1 if kind == "nats" else 0
    feed = await discover()[kind].open_feed(FeedOptions(server=server, topic=topic), settings)
    waiting: list[Step] = []
    with open_tip(settings) as store:
        places = dict(store.cursor(feed.source).positions)
        steps = feed.follow(store.cursor(feed.source))

        def commit() -> None:
            store.commit(waiting)
            waiting.clear()
            print(sum(places.values()), flush=True)

        while sum(place - first for place in places.values()) < messages:
            pending = asyncio.ensure_future(anext(steps))
            await asyncio.wait([pending], timeout=0.05)
            if waiting and (len(waiting) >= at_once or not pending.done()):
                commit()
                await asyncio.sleep(0.02)
            step = await pending
            assert isinstance(step, Batch)
            waiting.append(step)
            places[step.partition] = step.position or 0
        commit()
        await steps.aclose()  # type: ignore[attr-defined]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6])))
