"""What was planted against what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings
from flow_pipeline.simulation.flows import SOURCE
from flow_pipeline.warehouse.store import open_published

sql = statements(__package__)


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


def score_typologies(settings: Settings, truth: Path) -> list[dict[str, Any]]:
    """Precision and recall per typology against planted patterns.

    A suspicious finding is right when a planted pattern of its typology has exactly its transfers; near misses and
    decoys are never right.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of planted patterns as `netraflow generate` writes it.

    Returns:
        Per typology: planted, found, right, precision, recall, and wrong finding_ids and missed patterns. Where none
        is planted, no finding is right or wrong, and precision and recall are None.
    """
    events = _events(truth)
    with open_published(settings) as connection:
        names = [row[0] for row in connection.execute("select typology from ops.detections order by 1").fetchall()]
        rows = connection.execute(sql("truth_finding_transfers")).fetchall()
    found: dict[str, dict[frozenset[Any], str]] = {}
    for typology, finding_id, transfers in rows:
        found.setdefault(typology, {})[frozenset(map(tuple, transfers))] = finding_id
    return [
        _score(
            name,
            {transfers for typology, kind, transfers in events if (typology, kind) == (name, "planted")},
            found.get(name, {}),
        )
        for name in names
    ]


def score_flows(settings: Settings, truth: Path) -> dict[str, Any]:
    """Precision and recall of the flows out of the planted group.

    A flow is right when its transfers are exactly a planted one's.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of planted flows as `netraflow generate` writes it.

    Returns:
        The columns of score_typologies, for `group_flow`.
    """

    events = _events(truth)
    with open_published(settings) as connection:
        rows = connection.execute(sql("truth_flow_transfers"), {"source_group": SOURCE}).fetchall()
    return _score(
        "group_flow",
        {transfers for _, kind, transfers in events if kind == "planted"},
        {frozenset(map(tuple, path)): flow for flow, path in rows},
    )


def score_deposits(settings: Settings, truth: Path) -> dict[str, Any]:
    """Precision and recall of deposit addresses that hold to the end, against those the world used.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of deposit addresses as `netraflow generate` writes it.

    Returns:
        The columns of score_typologies, for `exchange_deposit`.
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
        The columns of score_typologies, per category and per kind of event.
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


def _events(truth: Path) -> list[tuple[str, str, frozenset[Any]]]:
    try:
        return [
            (event["typology"], event["kind"], frozenset(map(tuple, event["transfers"])))
            for event in json.loads(truth.read_text())
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{truth} is no truth file of `netraflow generate` ({error.__class__.__name__}: {error})",
            "generate the world again",
        ) from None


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
