"""What is searched at once: a stretch of days, in all tokens or in some, so large that it fits into memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from flow_pipeline.detection.past import days_before, pasts_of
from flow_pipeline.detectors.typology import Past
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings, WarehouseSettings, bytes_of
from flow_pipeline.warehouse.store import Connection, engine_memory

sql = statements(__package__)
_SHARE = 2
"""Of the memory of a run, one part in so many is for the transfers of a stretch; the engine keeps the others."""


@dataclass(frozen=True)
class Stretch:
    """Days that are searched at once, in order of days: each needs what was found in those before it.

    Attributes:
        first: Its first day; None for the first of all, before which nothing lies.
        until: The day after its last one; None where there is none.
        tokens: Token keys; None for all. No finding spans tokens.
        transfers: How many it has, with those of the days that it looks back on.
    """

    first: date | None
    until: date | None
    tokens: tuple[int, ...] | None = None
    transfers: int = 0

    @property
    def end(self) -> datetime:
        """The moment before which its transfers lie."""
        return datetime.combine(self.until, datetime.min.time()) if self.until else datetime.max


def plan(connection: Connection, day: date | None, pasts: Iterable[Past], settings: Settings) -> list[Stretch]:
    """The stretches of the days from `day` on, None for all days: as few as fit into memory, or as the settings allow.

    A stretch ends before the day that does not fit with it, all tokens without what they look back on and each token
    with it. What does not fit at once is searched in groups of tokens, one after the other.

    Args:
        connection: The build file; graph_tokens is up to date.
        day: First new day.
        pasts: How far each typology reaches back.
        settings: What fits.

    Raises:
        FlowError: one day of one token, with the days that it looks back on, needs more than the memory of a run.
    """
    return _cut(connection, "graph_tokens", day, pasts, settings)


def check_memory(connection: Connection, day: date | None, settings: Settings) -> None:
    """Refuse what detection could not search, before anything long runs.

    Raises:
        FlowError: as `plan`; a token goes by its spellings, which are told apart later.
    """
    pasts = pasts_of(settings.typologies).values()
    _cut(connection, "(select token_id, token_id as token_key from store.tokens)", day, pasts, settings)


def _cut(
    connection: Connection, tokens: str, day: date | None, pasts: Iterable[Past], settings: Settings
) -> list[Stretch]:
    most = transfers_at_once(settings.warehouse)
    back = days_before(pasts)
    first = _number(day) if day else None
    since = day - min(timedelta(back), day - date.min) if day else date.min
    rows = connection.execute(sql("stretches_days", tokens=tokens), {"first": since}).fetchnumpy()
    days, keys, counts = (np.asarray(rows[name]) for name in ("day", "token_key", "transfers"))
    _refuse_what_never_fits(days, keys, counts, back, settings.warehouse)
    new = np.unique(days[days >= first]) if first is not None else np.unique(days)
    found: list[Stretch] = []
    begins = 0
    while begins < len(new):
        start = int(new[begins])
        low = int(np.searchsorted(days, start - back))
        ends = np.searchsorted(days, new[begins:][: settings.most_days_at_once], side="right")
        fits = _fitting(days[low:] >= start, keys[low:], counts[low:], ends - low, most)
        held = slice(low, int(ends[fits - 1]))
        until = _date(int(new[begins + fits - 1]) + 1)
        is_all = not begins and day is None
        found += [
            Stretch(None if is_all else _date(start), until, group, size)
            for group, size in _groups(keys[held], counts[held], most)
        ]
        begins += fits
    return found or [Stretch(day, None)]


def _fitting(is_new: np.ndarray, tokens: np.ndarray, counts: np.ndarray, ends: np.ndarray, most: int) -> int:
    """How many days fit together, at least one: what is new of them, and each token with what it looks back on.

    Args:
        is_new, tokens, counts: A row per day and token.
        ends: How many rows each number of days from one on has.
        most: Transfers that fit.
    """
    _, place = np.unique(tokens, return_inverse=True)

    def is_too_much(end: int) -> bool:
        rows = slice(0, end)
        return int(max(counts[rows][is_new[rows]].sum(), np.bincount(place[rows], counts[rows]).max())) > most

    return max(bisect_left(ends.tolist(), True, key=is_too_much), 1)


def transfers_at_once(warehouse: WarehouseSettings) -> int:
    """How many transfers a stretch may hold."""
    return engine_memory(warehouse) // _SHARE // warehouse.bytes_per_transfer


def _refuse_what_never_fits(
    days: np.ndarray, tokens: np.ndarray, counts: np.ndarray, back: int, warehouse: WarehouseSettings
) -> None:
    """The most that one token and day, with those before it, needs is the least that a run needs."""
    order = np.lexsort((days, tokens))
    days, tokens = days[order], tokens[order].astype(np.int64)
    place = tokens * 2**32 + days
    so_far = np.concatenate(([0], np.cumsum(counts[order])))
    held = so_far[1:] - so_far[np.searchsorted(place, place - back)]
    most, largest = transfers_at_once(warehouse), int(held.max(initial=0))
    if largest > most:
        size = largest * warehouse.bytes_per_transfer * _SHARE + bytes_of(warehouse.interpreter_memory)
        needed = -(-size // 10**8) / 10
        raise FlowError(
            f"warehouse.memory_limit {warehouse.memory_limit} is too little to search "
            f"{_date(int(days[held.argmax()]))}: one token has {largest:,} transfers on that day and the {back} days "
            f"before it, and {most:,} fit",
            f"set it to {needed}GB or more (`NETRAFLOW_WAREHOUSE__MEMORY_LIMIT={needed}GB`)",
        )


def _groups(tokens: np.ndarray, counts: np.ndarray, most: int) -> list[tuple[tuple[int, ...] | None, int]]:
    """Token keys that are searched together, None for all tokens, with their transfers."""
    if counts.sum() <= most:
        return [(None, int(counts.sum()))]
    key, place = np.unique(tokens, return_inverse=True)
    of_token = np.bincount(place, counts).astype(np.int64)
    groups: list[list[int]] = [[]]
    sizes = [0]
    for token, count in zip(key.tolist(), of_token.tolist(), strict=True):
        if sizes[-1] + count > most:
            groups.append([])
            sizes.append(0)
        groups[-1].append(token)
        sizes[-1] += count
    return [(tuple(group), size) for group, size in zip(groups, sizes, strict=True)]


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _date(number: int) -> date:
    return date(1970, 1, 1) + timedelta(number)
