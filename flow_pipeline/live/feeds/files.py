"""A folder whose JSON Lines grow, as a netrascan writes them: whole lines from the stored byte on.

What lives here: which bytes are new, and whether a file is the one that was read. What must not: the format's rules,
which are those of a load of the same folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson
import pyarrow as pa

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.live.feeds import FeedOptions
from flow_pipeline.live.rows import Rules, rules_of
from flow_pipeline.live.steps import Batch, Cursor, Feed, Step
from flow_pipeline.live.streams import Refusals, in_thread
from flow_pipeline.nodes import TRANSFERS
from flow_pipeline.settings import Settings

NAME = "files"
SAYS = "a folder whose JSON Lines grow, as a netrascan writes them"

FORMAT = "netrascan"
SUFFIXES = {".jsonl", ".ndjson"}
_HEAD_BYTES = 4096
"""Bytes of a file's first line that tell it from another: a wallet and the begin of its transactions."""
_HEAD = "#head"
"""Behind a file's name: the partition whose position is the mark of its first line."""


async def open_feed(options: FeedOptions, settings: Settings) -> Feed:
    """A feed of one folder.

    Raises:
        UsageError: no folder is named, or it is none.
    """
    if options.folder is None:
        raise UsageError("no folder is named", "give --folder FOLDER")
    if not options.folder.is_dir():
        raise UsageError(f"{options.folder} is no folder", "give the folder into which the scanner writes")
    chain = canonical_chain(options.chain or settings.sources.chain)
    return FilesFeed(options.folder.resolve(), chain, settings)


@dataclass(frozen=True)
class _Part:
    """Whole lines of a file: those that are JSON objects, the others, and where the next begins."""

    lines: bytes
    broken: list[tuple[int, bytes]]
    end: int


class FilesFeed:
    """One folder. The partition is a file's name, the position the byte at which its next line begins."""

    def __init__(self, folder: Path, chain: str, settings: Settings) -> None:
        self.folder, self.chain, self.settings = folder, chain, settings
        self.source = f"files:{folder}"

    async def follow(self, cursor: Cursor) -> AsyncIterator[Step]:
        """Steps from the cursor on; see `Feed`."""
        places = dict(cursor.positions)
        refusals = Refusals(self.source, self.settings)
        with rules_of(self.chain, self.settings) as rules:
            await in_thread(self._remember, rules, places)
            while True:
                has_news = False
                for path in await in_thread(self._files):
                    if (mark := await in_thread(self._mark, path, places)) is not None:
                        places[path.name + _HEAD] = mark
                        yield self._batch(path.name + _HEAD, mark, TRANSFERS.empty_table())
                    part = await in_thread(self._part, path, places.get(path.name, 0))
                    if part is None:
                        continue
                    has_news = True
                    rows = await in_thread(self._transfers, rules, refusals, path, part)
                    places[path.name] = part.end
                    yield self._batch(path.name, part.end, rows)
                if not has_news:
                    await asyncio.sleep(self.settings.live.poll_seconds)

    def _batch(self, partition: str, position: int, rows: pa.Table) -> Batch:
        return Batch(self.source, self.chain, None, rows, partition, position, time.time())

    def _files(self) -> list[Path]:
        """The files of the folder, in order of their names.

        Raises:
            FlowError: the folder is gone, or a file is of another chain.
        """
        try:
            found = sorted(
                path
                for path in self.folder.iterdir()
                if path.suffix in SUFFIXES and not path.name.startswith((".", "_"))
            )
        except OSError as error:
            raise FlowError(f"{self.folder}: can not be read: {error.strerror}", "check the folder") from None
        for path in found:
            told = self.settings.sources.chain_of(path)
            if told is not None and told != self.chain:
                raise FlowError(
                    f"{path} is of {told} by the settings (sources.chains), and {self.chain} is followed",
                    "put the files of each chain into a folder of their own, and follow each with its --chain",
                )
        return found

    def _mark(self, path: Path, places: dict[str, int]) -> int | None:
        """The mark of a file's first line where it is new; None where it is known, or not whole yet.

        Raises:
            FlowError: the file is another one than was read, or can not be read.
        """
        known, place = places.get(path.name + _HEAD), places.get(path.name, 0)
        try:
            with path.open("rb") as handle:
                head, size = handle.readline(_HEAD_BYTES), path.stat().st_size
        except OSError as error:
            raise _unreadable(path, error) from None
        if size < place:
            raise FlowError(f"{path} has {size:,} bytes, and {place:,} of it were read: it shrank", _way_out(path))
        is_whole = head.endswith(b"\n") or len(head) == _HEAD_BYTES
        mark = int.from_bytes(hashlib.sha256(head).digest()[:7], "big") if is_whole else None
        if known is None:
            return mark
        if mark != known:
            raise FlowError(f"{path}: its first line is another one than was read", _way_out(path))
        return None

    def _part(self, path: Path, start: int, most: int | None = None) -> _Part | None:
        """The next whole lines of a file; None where there is none."""
        try:
            with path.open("rb") as handle:
                handle.seek(start)
                text = handle.read(min(self.settings.live.part_bytes, most or 2**62))
                end = text.rfind(b"\n") + 1
                if not end and len(text) == self.settings.live.part_bytes:
                    text += self._rest_of_line(handle)
                    end = text.rfind(b"\n") + 1
        except OSError as error:
            raise _unreadable(path, error) from None
        if not end:
            return None
        good: list[tuple[int, bytes]] = []
        broken: list[tuple[int, bytes]] = []
        place = start
        for line in text[:end].split(b"\n")[:-1]:
            if line.strip():
                (good if _is_object(line, self.settings.sources.max_line_bytes) else broken).append((place, line))
            place += len(line) + 1
        return _Part(b"".join(line + b"\n" for _, line in good), broken, start + end)

    def _rest_of_line(self, handle: BinaryIO) -> bytes:
        """The rest of a line that is longer than what is read together; what no line may have is not kept."""
        kept: list[bytes] = []
        size = 0
        while rest := handle.readline(self.settings.live.part_bytes):
            size += len(rest)
            kept.append(rest)
            if rest.endswith(b"\n"):
                return b"".join(kept)
            if size > self.settings.sources.max_line_bytes * 2:
                break
        return b""

    def _transfers(self, rules: Rules, refusals: Refusals | None, path: Path, part: _Part) -> pa.Table:
        """Transfers of a part, by the rules of a load; what a load rejects is set aside with its reason.

        Raises:
            FlowError: the lines are of another format.
        """
        refused = [(path.name, place, "not a JSON object", line) for place, line in part.broken]
        rows = TRANSFERS.empty_table()
        if part.lines:
            with tempfile.NamedTemporaryFile(prefix="netraflow-", suffix=path.suffix) as content:
                content.write(part.lines)
                content.flush()
                rows, bad = rules.judge_lines(path, Path(content.name), FORMAT)
            reasons, texts = bad.column("reason").to_pylist(), bad.column("raw_text").to_pylist()
            refused += [
                (path.name, part.end, reason, (text or "").encode())
                for reason, text in zip(reasons, texts, strict=True)
            ]
        if refusals is not None:
            refusals.keep(refused)
        return rows

    def _remember(self, rules: Rules, places: dict[str, int]) -> None:
        """Read what was read before, to know what it told: a transfer stands in the lists of both of its wallets."""
        for path in self._files():
            stop, start = places.get(path.name, 0), 0
            if stop:
                self._mark(path, places)
            while start < stop and (part := self._part(path, start, stop - start)):
                self._transfers(rules, None, path, part)
                start = part.end


def _is_object(line: bytes, most: int) -> bool:
    if len(line) > most:
        return False
    try:
        return isinstance(orjson.loads(line), dict)
    except ValueError:
        return False


def _way_out(path: Path) -> str:
    return f"a file that is followed only grows: put it back, or give the new one another name than {path.name}"


def _unreadable(path: Path, error: OSError) -> FlowError:
    return FlowError(f"{path}: can not be read: {error.strerror or error}", "check the file and its permissions")
