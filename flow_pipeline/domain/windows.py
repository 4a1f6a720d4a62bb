"""Windows of UTC calendar days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from flow_pipeline.domain.errors import UsageError


@dataclass(frozen=True)
class Window:
    """Days from `first` to `last`, both inclusive; None means open on that side.

    Raises:
        UsageError: when `last` lies before `first`.
    """

    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise UsageError(
                f"the window ends before it begins: --from {self.first} --to {self.last}",
                "swap the two dates",
            )

    @classmethod
    def day(cls, day: date) -> Window:
        """The window that holds one day."""
        return cls(day, day)

    @classmethod
    def parse(cls, first: str | None, last: str | None) -> Window:
        """A window from two ISO dates (YYYY-MM-DD), either of which may be None."""
        return cls(_day("--from", first), _day("--to", last))

    def days(self) -> Iterator[date]:
        """Every day of a closed window, in order."""
        if self.first is None or self.last is None:
            raise UsageError("this needs both ends of the window", "give --from and --to")
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)

    def covers(self, other: Window) -> bool:
        """True when every day of `other` lies in this window."""
        starts = self.first is None or (other.first is not None and self.first <= other.first)
        ends = self.last is None or (other.last is not None and self.last >= other.last)
        return starts and ends

    def __str__(self) -> str:
        if self.first is None and self.last is None:
            return "all days"
        return f"{self.first or '…'} to {self.last or '…'}"


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option}: '{text}' is not a date", "write it as YYYY-MM-DD, for example 2025-05-01"
        ) from None
