"""Small graphs by letters: addresses are letters, times are minutes, transfers of one token."""

from __future__ import annotations

import numpy as np

from flow_pipeline.graph import ROLE_BY_CATEGORY, TransferGraph
from flow_pipeline.graph.prepare import Hubs, Labels, Transfers, build

MINUTE = 60_000_000
ALWAYS, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
Pay = tuple[int, str, float]
"""Minute, sender and receiver as two letters, amount."""


def number(letter: str) -> int:
    """The address id of a letter."""
    return ord(letter) - ord("A")


def small_graph(pays: list[Pay], roles: dict[str, str] | None = None) -> TransferGraph:
    """Transfers in the order given, those of one minute too; `roles` names the category of a letter."""
    known = {number(letter): category for letter, category in (roles or {}).items()}
    transfers = Transfers(
        time=np.array([minute * MINUTE for minute, _, _ in pays], np.int64),
        block=np.zeros(len(pays), np.int64),
        place=np.zeros(len(pays), np.int64),
        index=np.arange(len(pays)),
        sender=np.array([number(ends[0]) for _, ends, _ in pays], np.int64),
        receiver=np.array([number(ends[1]) for _, ends, _ in pays], np.int64),
        token=np.zeros(len(pays), np.int64),
        amount=np.array([amount for _, _, amount in pays], np.float64),
        amount_usd=np.empty(0),
        tie_break=lambda rows: (np.array([""] * len(rows)),) * 2,
    )
    labels = Labels(
        address=np.array(list(known), np.int64),
        chain=np.zeros(len(known), np.int32),
        start=np.full(len(known), ALWAYS),
        end=np.full(len(known), NEVER),
        role=np.array([ROLE_BY_CATEGORY[category] for category in known.values()], np.int8),
        entity=np.array(list(known), np.int32),
    )
    nobody = Hubs(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int64))
    return build(transfers, labels, nobody, np.zeros(1, np.int32), ("ETH",), 26)


def letters(graph: TransferGraph, edges: np.ndarray) -> list[str]:
    """Transfers as the letters of their ends."""
    return [letter(graph, graph.sender[e]) + letter(graph, graph.receiver[e]) for e in edges]


def letter(graph: TransferGraph, vertex: int) -> str:
    """The letter of a vertex."""
    return chr(ord("A") + graph.address[vertex])
