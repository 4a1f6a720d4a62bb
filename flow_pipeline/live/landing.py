"""Final days of the tip as landing files: what the audited build loads of a followed chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flow_pipeline.live.tip import Landing, TipStore
from flow_pipeline.settings import Settings


def land(settings: Settings, store: TipStore) -> Iterator[tuple[Landing, Path, int]]:
    """Write every day that is final and not landed; each with its file and the transfers in it.

    The file is there before the store notes it: killed in between, the next call writes the same file again.
    """
    from flow_pipeline.nodes.landing import write_rows

    for landing in store.due_landings():
        rows = store.rows_of(landing)
        name = f"{landing.source.replace(':', '-').replace('/', '-')}-{landing.day:%Y-%m-%d}-{landing.last_seq}"
        path = write_rows(settings.landing, landing.chain, name, rows)
        store.note_landing(landing)
        yield landing, path, rows.num_rows
