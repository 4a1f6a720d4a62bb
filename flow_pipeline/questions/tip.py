"""What a process that follows a chain says of itself: the status file beside the tip's store.

The store is open in that one process and locks out all others; this file is replaced whole, once a second.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flow_pipeline.settings import Settings

STALE_SECONDS = 10.0
"""A process that writes each second and has said nothing for so long has stopped, or hangs."""


def tip_status(settings: Settings) -> dict[str, Any] | None:
    """The last status that was written, with `age_seconds` and `is_following`; None where nothing was ever followed."""
    try:
        found: dict[str, Any] = json.loads((settings.live_dir / "status.json").read_text(encoding="utf-8"))
        age = (datetime.now(UTC) - datetime.fromisoformat(found["written_at"])).total_seconds()
    except (OSError, ValueError, KeyError):
        return None
    return {**found, "age_seconds": age, "is_following": not found.get("is_over") and age < STALE_SECONDS}
