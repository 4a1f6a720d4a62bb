"""What was planted against what was found."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_pipeline.detectors.typology import typologies
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings
from flow_pipeline.simulation.flows import SOURCE
from flow_pipeline.warehouse.store import Connection, open_published

sql = statements(__package__)
BUDGETS = (0.1, 0.3, 1.0, 3.0, 10.0)
"""False alarms in 10,000 transfers per typology at which precision and recall are told: around the default of one."""
LEAST_HELD = 0.5
"""A finding holds a planted pattern when it has this share of its transfers: a window may cut it."""
LEAST_OWN = 0.1
"""And when they are this share of its own: one that holds all there is finds nothing."""
LEAST_CRIME = 0.5
"""A finding with this share of planted transfers points to a crime, though it be one of another typology."""
Key = tuple[Any, ...]
"""A transfer: tx_hash, transfer_index."""


@dataclass(frozen=True)
class _Planted:
    typology: str
    transfers: frozenset[Key]
    expected: float


@dataclass(frozen=True)
class _Finding:
    typology: str
    finding_id: str
    expected: float
    is_itself: bool
    transfers: frozenset[Key]

    def is_under(self, budget: float) -> bool:
        return self.is_itself or self.expected < budget

    def holds(self, planted: _Planted) -> bool:
        shared = len(self.transfers & planted.transfers)
        return shared >= LEAST_HELD * len(planted.transfers) and shared >= LEAST_OWN * len(self.transfers)


def compare_anomalies(settings: Settings, truth: Path) -> list[dict[str, Any]]:
    """Each planted netflow anomaly with what was made of its day.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of planted events as `netraflow generate` writes it.

    Returns:
        The planted events with `netflow` and `e_value` of the day, its `place` among the days of its series so far (1
        is the farthest from its level, None for a day without a score) and `found`: whether it was flagged.
    """
    names = ("netflow", "e_value", "place", "found")
    planted: list[dict[str, Any]] = json.loads(truth.read_text())
    with open_published(settings) as connection:
        for event in planted:
            values = {
                "day": event["block_date"],
                "scope": event["scope"],
                "token": event["token_symbol"],
                "direction": event["direction"],
            }
            row = connection.execute(sql("truth_anomalies"), values).fetchone() or (None, None, None, False)
            event |= dict(zip(names, row, strict=True))
    return planted


def score_typologies(settings: Settings, truth: Path, budgets: Sequence[float] = BUDGETS) -> list[dict[str, Any]]:
    """Precision and recall per typology against planted patterns, at the budget in force and over others.

    A suspicious finding is right when it holds at least half of the transfers of a planted pattern of its typology and
    these are at least a tenth of its own: patterns mingle with ordinary traffic, and windows cut them. It points
    elsewhere when at least half of its transfers are planted, in whatever pattern or flow: the hop of a theft is a
    large transfer. Any other is wrong, near misses and decoys too. Other budgets are told from the stored E.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of planted patterns as `netraflow generate` writes it; flows.json beside it is read too.
        budgets: False alarms per 10,000 transfers to tell a curve over.

    Returns:
        Per typology: planted, found, right (patterns found), elsewhere, precision (of what was found, the share that is
        not wrong), recall; above, above_right and recall_above of the patterns above the budget's size;
        wrong_per_1000 ordinary transfers, and of these wrong_itself_per_1000 that no budget holds back, such as a fan
        of an address that was still before; wrong finding_ids and missed patterns; curve: the same figures per budget.
        Where none is planted, no finding is right or wrong, and precision and recall are None.
    """
    with open_published(settings) as connection:
        return score_findings(connection, settings, truth, budgets)


def score_findings(
    connection: Connection, settings: Settings, truth: Path, budgets: Sequence[float] = BUDGETS
) -> list[dict[str, Any]]:
    """What score_typologies gives, of a build file or a published one.

    Args:
        connection: The file.
        settings: Settings in force: the budget, and what makes a fan suspicious by its own rate.
        truth: As for score_typologies.
        budgets: As for score_typologies.
    """
    planted, crimes = _planted(truth), _crimes(truth, truth.with_name("flows.json"))
    proofs = [name for name, item in typologies().items() if item.IS_PROOF]
    budget = settings.verdicts.alarms_per_10000
    names = [row[0] for row in connection.execute("select typology from ops.detections order by 1").fetchall()]
    values = {"most": max(*budgets, budget), "proofs": proofs}
    rows = connection.execute(sql("truth_finding_transfers"), values).fetchall()
    transfers = connection.execute(sql("truth_traffic")).fetchall()[0][0]
    found = [_Finding(row[0], row[1], row[2], row[3], frozenset(map(tuple, row[4]))) for row in rows]
    ordinary = max(1, transfers - len(crimes))
    scores = []
    for name in names:
        own = [pattern for pattern in planted if pattern.typology == name]
        hits = [finding for finding in found if finding.typology == name]
        wrong = {
            finding.finding_id
            for finding in hits
            if not any(finding.holds(pattern) for pattern in own)
            and len(finding.transfers & crimes) < LEAST_CRIME * len(finding.transfers)
        }
        holders = [(pattern, [finding for finding in hits if finding.holds(pattern)]) for pattern in own]
        shown = [finding for finding in hits if finding.is_under(budget)]
        missed = [
            sorted(pattern.transfers)
            for pattern, holding in holders
            if not any(finding.is_under(budget) for finding in holding)
        ]
        scores.append(
            {
                "typology": name,
                **_figures(hits, wrong, holders, budget, ordinary),
                "wrong": sorted(finding.finding_id for finding in shown if finding.finding_id in wrong) if own else [],
                "missed": missed,
                "curve": [
                    {"budget": value, **_figures(hits, wrong, holders, value, ordinary)} for value in sorted(budgets)
                ],
            }
        )
    return scores


def curves(worlds: Sequence[list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Per typology, and under `all` over those that something is planted of, figures per budget over several worlds.

    Args:
        worlds: What score_typologies gives of each.
    """
    sums: dict[str, dict[float, dict[str, float]]] = {}
    for scores in worlds:
        for score in scores:
            for point in score["curve"]:
                at = sums.setdefault(score["typology"], {}).setdefault(point["budget"], dict.fromkeys(_COUNTS, 0))
                for name in _COUNTS:
                    at[name] += point[name]
    everything: dict[float, dict[str, float]] = {}
    for points in sums.values():
        for budget, counts in points.items():
            at = everything.setdefault(budget, dict.fromkeys(_COUNTS, 0))
            if counts["planted"]:
                at |= {name: at[name] + counts[name] for name in _COUNTS if name != "ordinary"}
            at["ordinary"] = counts["ordinary"]
    return {
        name: [{"budget": budget, **_shares(counts)} for budget, counts in sorted(points.items())]
        for name, points in (*sorted(sums.items()), ("all", everything))
    }


_COUNTS = ("planted", "found", "right", "wrong_count", "wrong_itself", "above", "above_right", "ordinary")


def _figures(
    hits: list[_Finding],
    wrong: set[str],
    holders: list[tuple[_Planted, list[_Finding]]],
    budget: float,
    ordinary: int,
) -> dict[str, Any]:
    shown = [finding for finding in hits if finding.is_under(budget)]
    right = [pattern for pattern, holding in holders if any(finding.is_under(budget) for finding in holding)]
    above = [pattern for pattern, _ in holders if pattern.expected < budget]
    counts: dict[str, float] = {
        "planted": len(holders),
        "found": len(shown),
        "right": len(right),
        "wrong_count": sum(finding.finding_id in wrong for finding in shown),
        "wrong_itself": sum(finding.finding_id in wrong and finding.is_itself for finding in shown),
        "above": len(above),
        "above_right": sum(pattern.expected < budget for pattern in right),
        "ordinary": ordinary,
    }
    return _shares(counts)


def _shares(counts: dict[str, float]) -> dict[str, Any]:
    planted, found, above = counts["planted"], counts["found"], counts["above"]
    return {
        **{name: counts[name] for name in _COUNTS},
        "precision": 1 - counts["wrong_count"] / found if planted and found else None,
        "recall": counts["right"] / planted if planted else None,
        "recall_above": counts["above_right"] / above if above else None,
        "wrong_per_1000": 1_000 * counts["wrong_count"] / counts["ordinary"],
        "wrong_itself_per_1000": 1_000 * counts["wrong_itself"] / counts["ordinary"],
    }


def score_flows(settings: Settings, truth: Path) -> dict[str, Any]:
    """Precision and recall of the flows out of the planted group.

    A flow is right when its transfers are exactly a planted one's.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of planted flows as `netraflow generate` writes it.

    Returns:
        typology, planted, found, right, precision, recall, wrong and missed, for `group_flow`.
    """

    events = _events(truth)
    with open_published(settings) as connection:
        rows = connection.execute(sql("truth_flow_transfers"), {"source_group": SOURCE}).fetchall()
    return _score(
        "group_flow",
        {event["transfers"] for event in events if event["kind"] == "planted"},
        {frozenset(map(tuple, path)): flow for flow, path in rows},
    )


def score_deposits(settings: Settings, truth: Path) -> dict[str, Any]:
    """Precision and recall of deposit addresses that hold to the end, against those the world used.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of deposit addresses as `netraflow generate` writes it.

    Returns:
        The same columns, for `exchange_deposit`.
    """
    planted = {frozenset([(row["address"], row["entity"])]) for row in json.loads(truth.read_text())}
    with open_published(settings) as connection:
        rows = connection.execute(
            """
            select address, entity from detection.address_clusters
            where kind = 'exchange_deposit' and known_to is null
            """
        ).fetchall()
    return _score("exchange_deposit", planted, {frozenset([(address, entity)]): address for address, entity in rows})


def score_wallets(settings: Settings, truth: Path, mev: Path) -> list[dict[str, Any]]:
    """Precision and recall of the category of each planted wallet, and of sandwiches, arbitrages and liquidations.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of wallets as `netraflow generate --wallets` writes it.
        mev: Its JSON list of events; one is right when its wallet and its transactions are exactly a planted one's.

    Returns:
        The same columns, per category and per kind of event.
    """
    planted: dict[str, set[frozenset[Any]]] = {}
    for row in json.loads(truth.read_text()):
        planted.setdefault(row["category"], set()).add(frozenset([row["address"]]))
    for row in json.loads(mev.read_text()):
        planted.setdefault(row["kind"], set()).add(frozenset([row["wallet"], *row["tx_hashes"]]))
    known = {next(iter(key)) for name in planted for key in planted[name] if len(key) == 1}
    found: dict[str, dict[frozenset[Any], str]] = {}
    with open_published(settings) as connection:
        for name, address in connection.execute(
            "select category, wallet from detection.smart_money_wallets"
        ).fetchall():
            if address in known:
                found.setdefault(name, {})[frozenset([address])] = address
        for name, address, transactions, event_id in connection.execute(
            "select kind, wallet, tx_hashes, event_id from detection.mev_events"
        ).fetchall():
            found.setdefault(name, {})[frozenset([address, *transactions])] = event_id
    return [_score(name, keys, found.get(name, {})) for name, keys in planted.items()]


def _events(truth: Path) -> list[dict[str, Any]]:
    try:
        events: list[dict[str, Any]] = json.loads(truth.read_text())
        return [
            {
                "typology": event["typology"],
                "kind": event["kind"],
                "expected": event.get("expected_per_10000", math.inf),
                "transfers": frozenset(map(tuple, event["transfers"])),
            }
            for event in events
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{truth} is no truth file of `netraflow generate` ({error.__class__.__name__}: {error})",
            "generate the world again",
        ) from None


def _planted(truth: Path) -> list[_Planted]:
    return [
        _Planted(event["typology"], event["transfers"], event["expected"])
        for event in _events(truth)
        if event["kind"] == "planted"
    ]


def _crimes(truth: Path, flows: Path) -> frozenset[Key]:
    """All transfers of planted patterns, and of flows out of the planted group, near misses of flows too."""
    patterns = [pattern.transfers for pattern in _planted(truth)]
    return frozenset().union(*patterns, *(event["transfers"] for event in (_events(flows) if flows.is_file() else [])))


def _score(name: str, planted: set[frozenset[Any]], found: dict[frozenset[Any], str]) -> dict[str, Any]:
    right = len(planted & found.keys())
    wrong = sorted(label for key, label in found.items() if key not in planted) if planted else []
    return {
        "typology": name,
        "planted": len(planted),
        "found": len(found),
        "right": right,
        "precision": right / len(found) if planted and found else None,
        "recall": right / len(planted) if planted else None,
        "wrong": wrong,
        "missed": [sorted(key) for key in planted - found.keys()],
    }
