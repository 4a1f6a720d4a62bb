"""How findings come as transfers arrive: what a typology declares beside its `find`.

Cheap kernels name the addresses or transfers that may matter, too many rather than too few; the typology's own `find`
judges, on the few transfers that it needs. What must not stand here: definitions, which are the typologies' own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flow_pipeline.graph.nearby import Step
from flow_pipeline.graph.tip import Taken, Window

Look = Callable[[Window, Taken], np.ndarray]


@dataclass(frozen=True)
class OfAddresses:
    """Findings about an address, told by nothing but its own transfers.

    Attributes:
        look: Vertices whose findings the transfers that came may have changed.
        is_out: Its payments tell.
        is_in: Its receipts tell.
    """

    look: Look
    is_out: bool = True
    is_in: bool = True


@dataclass(frozen=True)
class OfPaths:
    """Findings that are paths which no transfer can lengthen.

    Attributes:
        step: When a hop may follow the one before.
        min_hops: Fewest hops.
        max_hops: Most hops.
    """

    step: Step
    min_hops: int
    max_hops: int


@dataclass(frozen=True)
class OfRoutes:
    """Findings that are paths from one role to another, each for itself.

    Attributes:
        origin: Role of the first sender.
        target: Role of the last receiver.
        step: When a hop may follow the one before; its gap is the longest duration of all.
        max_hops: Most hops.
    """

    origin: int
    target: int
    step: Step
    max_hops: int


@dataclass(frozen=True)
class OfCircles:
    """Findings that are circles, the best of its day for each.

    Attributes:
        step: When a hop may follow the one before; its gap is the longest duration of all.
        max_hops: Most hops.
    """

    step: Step
    max_hops: int


@dataclass(frozen=True)
class OfDays:
    """Findings that are the largest transfers of a token and day between ends that are not terminal.

    Attributes:
        per_day: How many, one per sender.
    """

    per_day: int


@dataclass(frozen=True)
class OfTargets:
    """Findings that rest on arrivals at a role, so few that all of a token are judged together.

    Attributes:
        target: The role.
        step: When a hop may follow the one before; its gap is the longest duration of all.
        max_hops: Most hops of a route to it.
    """

    target: int
    step: Step
    max_hops: int


Advance = OfAddresses | OfPaths | OfRoutes | OfCircles | OfDays | OfTargets
