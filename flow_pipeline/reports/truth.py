"""What was planted against what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import open_published


def compare_anomalies(settings: Settings, truth: Path) -> list[dict[str, Any]]:
    """Each planted netflow anomaly with the flag that found it.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of planted events as `netraflow generate` writes it.

    Returns:
        The planted events with `found`, and the `netflow` and `zscore` of the flag.
    """
    with open_published(settings) as connection:
        planted: list[dict[str, Any]] = json.loads(truth.read_text())
        for event in planted:
            row = connection.execute(
                "SELECT netflow::DOUBLE, zscore FROM detection.netflow_anomalies WHERE block_date = ?::DATE AND scope = ? AND token_symbol = ? AND direction = ?",
                [event["block_date"], event["scope"], event["token_symbol"], event["direction"]],
            ).fetchone()
            event |= {"found": row is not None, "netflow": row[0] if row else None, "zscore": row[1] if row else None}
    return planted


def score_typologies(settings: Settings, truth: Path) -> list[dict[str, Any]]:
    """Precision and recall per typology against planted patterns.

    A suspicious finding is right when a planted pattern of its typology has exactly its transfers; near misses and decoys are never right.

    Args:
        settings: Settings whose published file is read.
        truth: JSON list of planted patterns as `netraflow generate` writes it.

    Returns:
        Per typology: planted, found, right, precision, recall, and wrong finding_ids and missed patterns.
    """
    try:
        events = [(event["typology"], event["kind"], frozenset(map(tuple, event["transfers"]))) for event in json.loads(truth.read_text())]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{truth} is no truth file of `netraflow generate` ({error.__class__.__name__}: {error})", "generate the world again") from None
    with open_published(settings) as connection:
        names = [row[0] for row in connection.execute("SELECT typology FROM ops.detections ORDER BY 1").fetchall()]
        rows = connection.execute("""
            SELECT f.typology, f.finding_id, list((t.tx_hash, t.transfer_index)) FROM detection.findings f JOIN detection.finding_transfers t USING (finding_id)
            WHERE f.is_suspicious GROUP BY ALL
        """).fetchall()
    found: dict[str, dict[frozenset[Any], str]] = {}
    for typology, finding_id, transfers in rows:
        found.setdefault(typology, {})[frozenset(map(tuple, transfers))] = finding_id
    scores = []
    for name in names:
        planted = {transfers for typology, kind, transfers in events if typology == name and kind == "planted"}
        own = found.get(name, {})
        right = len(planted & own.keys())
        scores.append(
            {
                "typology": name,
                "planted": len(planted),
                "found": len(own),
                "right": right,
                "precision": right / len(own) if own else 1.0,
                "recall": right / len(planted) if planted else 1.0,
                "wrong": sorted(finding_id for key, finding_id in own.items() if key not in planted),
                "missed": [sorted(key) for key in planted - own.keys()],
            }
        )
    return scores
