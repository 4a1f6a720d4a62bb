"""Fetching: blocks of a source in questions as large as it answers, landed file by file, and the proof at the end.

What lives here: which blocks are missing, how large the next question is, what is landed when. What must not: how a
source is asked. Read more: docs/live.md.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.nodes import Block, Part
from flow_pipeline.nodes.landing import Landed, faults, folder_of, gaps, landed, plan_of, write_landing
from flow_pipeline.nodes.rpc import RpcError, TooLarge, Unanswered, is_for_less
from flow_pipeline.settings import NodeSettings

_PATIENCE, _MOST_PATIENCE = 4, 256
"""Answers after a refusal until a larger question is tried again."""


class Source(Protocol):
    """Where transfers come from, for one question.

    `chain` is the canonical name; `question` what is asked for but the blocks, which names the folder; `origin` what
    tells two chains of one name apart; `most_blocks` how many one question may be for.
    """

    chain: str
    question: Mapping[str, Any]
    origin: Mapping[str, Any]
    most_blocks: int

    async def last_block(self, only_final: bool) -> int:
        """Height up to which blocks may be fetched."""

    async def first_block_at(self, moment: int) -> int:
        """The first block at or after a moment, microseconds since 1970; one after the last where there is none."""

    async def part(self, first: int, last: int) -> Part:
        """What moved in a range of blocks.

        Raises:
            RpcError, TooLarge, Unanswered: the range is too large for one question, or the source does not answer.
        """

    def notes(self) -> list[str]:
        """What the answer lacks, and what became no transfer."""


@dataclass
class Progress:
    """How far a fetch is: blocks of those that were missing, and transfers; `started` is of time.monotonic()."""

    of: int
    blocks: int = 0
    rows: int = 0
    started: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self.started, 1e-9)
        rate = self.blocks / seconds
        left = (self.of - self.blocks) / rate if rate else 0.0
        return (
            f"{self.blocks:,} of {self.of:,} blocks, {self.rows:,} transfers, {rate:,.1f} blocks/s, "
            f"{_duration(left)} left"
        )


@dataclass(frozen=True)
class Fetched:
    """What a fetch made of a folder.

    Attributes:
        folder: Of the files.
        files: Those that hold blocks of the range asked for, also from fetches before.
        asked: Blocks that were asked for now.
        faults: Why the files are no whole answer; nothing where they are.
    """

    folder: Path
    files: list[Landed]
    asked: int
    faults: list[str]


def folder_name(kind: str, question: Mapping[str, Any]) -> str:
    """The folder of a question: its source, and a mark of all that is asked."""
    mark = hashlib.sha256(json.dumps(dict(question), sort_keys=True).encode()).hexdigest()[:8]
    return f"{kind}-{mark}"


async def fetch(
    kind: str,
    source: Source,
    landing: Path,
    first: int,
    last: int,
    settings: NodeSettings,
    say: Callable[[Progress], None] = lambda progress: None,
) -> Fetched:
    """Land the blocks from `first` to `last` that no file holds yet.

    Args:
        kind: Name of the source.
        source: Where they come from.
        landing: Folder of all landing files.
        first: First block.
        last: Last block.
        settings: How large questions and files are.
        say: Called with each answer.

    Raises:
        FlowError: the source does not answer, says what can not be, or a single block is more than it answers.
    """
    name = folder_name(kind, source.question)
    folder = folder_of(landing, source.chain, name)
    with plan_of(folder, {**source.question, **source.origin}):
        missing = gaps(landed(folder), first, last)
        progress = Progress(sum(end - start + 1 for start, end in missing))
        stride = _Stride(settings, source.most_blocks)
        for start, end in missing:
            await _land(source, landing, name, start, end, stride, settings, say, progress)
        files = landed(folder)
    inside = [one for one in files if one.last.number >= first and one.first.number <= last]
    return Fetched(folder, inside, progress.of, faults(inside, first, last))


async def _land(
    source: Source,
    landing: Path,
    name: str,
    first: int,
    last: int,
    stride: _Stride,
    settings: NodeSettings,
    say: Callable[[Progress], None],
    progress: Progress,
) -> None:
    """Land one range that no file holds."""
    folder = folder_of(landing, source.chain, name)
    before = next((one.last for one in landed(folder) if one.last.number == first - 1), None)
    at, parts = first, list[Part]()
    while at <= last:
        end_of_file = min(last, at - at % settings.blocks_per_file + settings.blocks_per_file - 1)
        upto = min(end_of_file, at + stride.blocks - 1)
        part = await stride.asked(source.part, at, upto)
        if part is None:
            continue
        _check_child(before, part.blocks[0], source)
        before = part.blocks[-1]
        parts.append(part)
        progress.blocks += upto - at + 1
        progress.rows += part.transfers.num_rows
        at = upto + 1
        if upto == end_of_file or sum(one.transfers.num_rows for one in parts) >= settings.rows_per_file:
            write_landing(
                landing,
                source.chain,
                name,
                pa.concat_tables([one.transfers for one in parts]),
                [block for one in parts for block in one.blocks],
            )
            parts = []
        say(progress)


def _check_child(before: Block | None, block: Block, source: Source) -> None:
    if before and before.hash and block.parent and block.parent != before.hash:
        raise FlowError(
            f"{source.chain}: block {block.number:,} is no child of block {before.number:,} as it was given before: "
            "the chain changed, or the source tells of two chains",
            "nothing of it was landed; ask again, or another node, or fetch final blocks only",
        )


class _Stride:
    """How many blocks the next question is for."""

    def __init__(self, settings: NodeSettings, most: int) -> None:
        self.blocks = min(settings.blocks_per_request, most)
        self._settings, self._most = settings, most
        self._patience, self._waits, self._has_grown = 0, _PATIENCE, False

    async def asked(self, part: Callable[[int, int], Awaitable[Part]], first: int, last: int) -> Part | None:
        """The answer; None where the question was too large, and the next one is smaller.

        Raises:
            FlowError: a single block is more than is answered.
        """
        started = time.monotonic()
        try:
            answer = await part(first, last)
        except (RpcError, TooLarge, Unanswered) as refused:
            if not is_for_less(refused):
                raise
            if first == last:
                raise FlowError(
                    f"{refused.message}; block {first:,} alone is more than is answered",
                    "name tokens or addresses, raise nodes.max_answer_bytes, or ask a node without such a limit",
                ) from None
            self.blocks = max(1, (last - first + 1) // 2)
            # A limit that was found out is tried again ever more rarely.
            self._waits = min(self._waits * 2, _MOST_PATIENCE) if self._has_grown else self._waits
            self._patience, self._has_grown = self._waits, False
            return None
        is_fast = time.monotonic() - started < self._settings.timeout_seconds / 4
        self._patience -= 1
        # The last question of a file is a small one, and says nothing of larger ones.
        if is_fast and self._patience <= 0 and last - first + 1 >= self.blocks:
            self._has_grown = self.blocks < self._most
            self.blocks = min(self.blocks * 2, self._most)
        return answer


async def first_at(moment: int, last: int, time_of: Callable[[int], Awaitable[int]]) -> int:
    """The first of the blocks from 0 to `last` whose time is at or after a moment; `last` + 1 where there is none.

    Args:
        moment: Microseconds since 1970.
        last: Height of the last block.
        time_of: Gives the time of a block, which never falls from block to block.
    """
    low, high = 0, last + 1
    while low < high:
        middle = (low + high) // 2
        if await time_of(middle) >= moment:
            high = middle
        else:
            low = middle + 1
    return low


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
