"""The reference profile: the largest findings of a stated traffic, for those whose own traffic tells nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import UsageError

LARGEST = 11
"""Findings kept per typology: ten tell the tail, the eleventh where it begins."""
_SHIPPED = Path(__file__).parent / "reference.json"


@dataclass(frozen=True)
class Profile:
    """A reference traffic.

    Attributes:
        source: Which traffic, from where.
        first_day, last_day: Its days, ISO dates.
        made_on: When the profile was made, ISO date.
        transfers: How many transfers it has.
        token_usd: US dollars per unit of each of its tokens then, by `chain:symbol`.
        typologies: Per typology the strengths of its largest findings, US dollars, and how many findings it had.
    """

    source: str
    first_day: str
    last_day: str
    made_on: str
    transfers: int
    token_usd: dict[str, float]
    typologies: dict[str, tuple[list[float], int]]

    @property
    def name(self) -> str:
        """What verdicts call it."""
        return f"{self.source}, {self.first_day} to {self.last_day}"


@cache
def read_profile(path: Path | None) -> Profile:
    """A profile from a file; None for the one that ships.

    Raises:
        UsageError: the file can not be read or lacks something.
    """
    file = path or _SHIPPED
    try:
        found: dict[str, Any] = json.loads(file.read_text())
        return Profile(
            **{**found, "typologies": {name: (list(sizes), int(n)) for name, (sizes, n) in found["typologies"].items()}}
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"verdicts.reference: {file} is no profile: {error}", "`netraflow profile --out FILE` makes one"
        ) from None


def as_json(profile: Profile) -> str:
    """The text of a profile's file."""
    return json.dumps(asdict(profile), indent=1) + "\n"
