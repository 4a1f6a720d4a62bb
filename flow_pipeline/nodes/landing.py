"""Landing files: transfers of one range of blocks each, written once, which the ordinary load reads.

What lives here: their form, the folder in which they lie, and the proof that they join. What must not: where transfers
come from. Read more: docs/live.md.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.nodes import TRANSFERS, Block

LANDED = pa.schema(
    [("chain", pa.string()), *TRANSFERS, ("block_hash", pa.string()), ("parent_hash", pa.string())],
)
"""Columns of a landing file. `parent_hash` is that of the block before, NULL where the source does not say it."""
PLAN = "_plan.json"
"""What the files of a folder are the answer to; loading leaves out names that begin so."""
_FORM, _FIRST, _LAST = b"netraflow.landing", b"netraflow.first", b"netraflow.last"
_VERSION = b"1"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True)
class Landed:
    """A landing file, as its footer tells.

    Attributes:
        path: Where it lies.
        first: Its first block.
        last: Its last block.
        rows: How many transfers it has.
    """

    path: Path
    first: Block
    last: Block
    rows: int


def write_landing(folder: Path, chain: str, name: str, table: pa.Table, blocks: Sequence[Block]) -> Path:
    """Write a landing file: aside, then put in its place, so that it is whole or not there.

    Args:
        folder: Of all landing files.
        chain: Canonical name of the chain.
        name: What the file is one range of; a folder of that name has all of them.
        table: Columns of `LANDED`, or of `nodes.TRANSFERS` where all rows are of blocks given.
        blocks: The first block of the range, the last one, and those with transfers where the table has no hashes.

    Returns:
        The file. The same rows give the same bytes.

    Raises:
        FlowError: there is a file of this range that says otherwise.
    """
    ends = min(blocks, key=lambda block: block.number), max(blocks, key=lambda block: block.number)
    table = _completed(table, chain, blocks).cast(LANDED)
    marks = {_FORM: _VERSION, _FIRST: _marked(ends[0]), _LAST: _marked(ends[1])}
    place = folder_of(folder, chain, name) / f"{ends[0].number:012d}-{ends[1].number:012d}.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with aside.open("wb") as handle:
            with pq.ParquetWriter(handle, LANDED, compression="zstd", store_schema=False) as writer:
                writer.write_table(table)
                writer.add_key_value_metadata(marks)
            handle.flush()
            os.fsync(handle.fileno())
        if place.exists():
            if place.read_bytes() != aside.read_bytes() and not _is_same(place, aside):
                raise FlowError(
                    f"{place} is there and holds other transfers than were given for the same blocks",
                    "landing files are never changed; remove the file if the chain or the question is another one",
                )
            return place
        aside.rename(place)
        _sync(place.parent)
    finally:
        aside.unlink(missing_ok=True)
    return place


def _is_same(one: Path, other: Path) -> bool:
    """True for two files with the same rows and marks that two versions of Arrow wrote."""
    tables = [pq.read_table(path, partitioning=None) for path in (one, other)]
    marks = [pq.read_metadata(path).metadata for path in (one, other)]
    return bool(tables[0].equals(tables[1])) and all(marks[0].get(key) == marks[1].get(key) for key in (_FIRST, _LAST))


def folder_of(folder: Path, chain: str, name: str) -> Path:
    """Where the files of one name lie.

    Raises:
        UsageError: a chain or a name that is no name of a folder.
    """
    for part in (chain, name):
        if not _NAME.fullmatch(part):
            raise UsageError(f"'{part}' can not be the name of a folder", "use small letters, digits, dots and dashes")
    return folder / chain / name


def _completed(table: pa.Table, chain: str, blocks: Sequence[Block]) -> pa.Table:
    """The table with the columns of `LANDED`: hashes come from the blocks."""
    if table.schema.names == LANDED.names:
        return table
    numbers = pa.array([block.number for block in blocks], pa.int64())
    columns = {}
    for name, values in (
        ("block_hash", [block.hash or None for block in blocks]),
        ("parent_hash", [block.parent for block in blocks]),
    ):
        if name not in table.schema.names:
            places = pc.index_in(table["block_number"], numbers)
            columns[name] = pa.array(values, pa.string()).take(places)
    table = table.add_column(0, "chain", pa.array([chain] * table.num_rows, pa.string()))
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table.select(LANDED.names)


def _marked(block: Block) -> bytes:
    return json.dumps([block.number, block.hash, block.parent, block.time]).encode()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def landed(folder: Path) -> list[Landed]:
    """The landing files of a folder, by their blocks.

    Raises:
        FlowError: a file that is none, or two that hold the same block.
    """
    found = []
    for path in sorted(folder.glob("*.parquet")):
        if path.name.startswith("."):
            continue
        try:
            footer = pq.read_metadata(path)
            marks = footer.metadata or {}
            first, last = (Block(*json.loads(marks[key])) for key in (_FIRST, _LAST))
        except (OSError, KeyError, ValueError, TypeError, pa.ArrowInvalid):
            raise FlowError(f"{path} is no landing file, or was cut short", "remove it; it is fetched again") from None
        found.append(Landed(path, first, last, footer.num_rows))
    found.sort(key=lambda one: one.first.number)
    for one, other in pairwise(found):
        if other.first.number <= one.last.number:
            raise FlowError(
                f"{one.path} and {other.path.name} both hold block {other.first.number:,}", "remove one of them"
            )
    return found


def gaps(files: Sequence[Landed], first: int, last: int) -> list[tuple[int, int]]:
    """Ranges of blocks from `first` to `last` that no file holds."""
    missing, at = [], first
    for one in files:
        if one.last.number < at or one.first.number > last:
            continue
        if one.first.number > at:
            missing.append((at, one.first.number - 1))
        at = one.last.number + 1
    return [*missing, (at, last)] if at <= last else missing


def faults(files: Sequence[Landed], first: int, last: int) -> list[str]:
    """Why the files are no whole answer for blocks from `first` to `last`; nothing where they are."""
    said = [f"blocks {start:,} to {end:,} are missing" for start, end in gaps(files, first, last)]
    for one, other in pairwise(files):
        is_next = other.first.number == one.last.number + 1
        if is_next and other.first.parent is not None and one.last.hash and other.first.parent != one.last.hash:
            said.append(
                f"block {other.first.number:,} is no child of block {one.last.number:,}: "
                f"{other.path.name} and {one.path.name} are of two chains"
            )
    return said


@contextmanager
def plan_of(folder: Path, question: Mapping[str, Any]) -> Iterator[None]:
    """Hold a folder for one fetch, with its question beside the files.

    Raises:
        FlowError: another process fetches into it, or its files answer another question.
    """
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PLAN
    with (folder / f"{PLAN}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FlowError(f"another process fetches into {folder}", "wait for it, or stop it") from None
        for left in folder.glob(".*.parquet.*"):
            left.unlink(missing_ok=True)
        known = None
        with suppress(FileNotFoundError, ValueError):
            known = json.loads(path.read_text())
        if known is not None and {key: known.get(key) for key in question} != dict(question):
            raise FlowError(f"{path} tells of another question than this one", "remove the folder, and fetch again")
        if known is None:
            aside = path.with_name(f"{PLAN}.new")
            aside.write_text(json.dumps(question, indent=1, sort_keys=True) + "\n")
            aside.replace(path)
            _sync(folder)
        yield
