"""What was planted against what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
