"""Final days of the tip as landing files: what the audited build loads of a followed chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.live.tip import Landing, TipStore
from flow_pipeline.nodes import Block
from flow_pipeline.nodes.landing import LANDED, write_landing
from flow_pipeline.settings import Settings


def land(settings: Settings, store: TipStore) -> Iterator[tuple[Landing, Path, int]]:
    """Write every day that is final and not landed; each with its file and the transfers in it.

    The file is there before the store notes it: killed in between, the next call writes the same file again.
    """
    for landing in store.due_landings():
        rows = store.rows_of(landing)
        name = "watch-" + "".join(sign if sign.isalnum() else "-" for sign in landing.source.lower())
        path = write_landing(settings.landing, landing.chain, name, rows.select(LANDED.names), _ends(rows))
        store.note_landing(landing)
        yield landing, path, rows.num_rows


def _ends(rows: pa.Table) -> tuple[Block, Block]:
    """The first block of the rows and the last; of a stream without blocks, its rows by number of arrival."""
    by = "block_number" if rows["block_hash"].null_count == 0 else "seq"
    bounds = pc.min_max(rows[by]).as_py()
    found = []
    for end in ("min", "max"):
        row = rows.slice(pc.index(rows[by], bounds[end]).as_py(), 1).to_pylist()[0]
        time = pc.cast(rows["block_timestamp"], pa.int64())[pc.index(rows[by], bounds[end]).as_py()].as_py()
        found.append(Block(row[by], row["block_hash"] or "", None, time))
    return found[0], found[1]
