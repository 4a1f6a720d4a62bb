"""Whether a file tells all of its days."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flow_pipeline.settings import SourceSettings


def doubts_about(
    sources: SourceSettings,
    last_day: date | None,
    read: int,
    first: datetime | None,
    last: datetime | None,
    count: int,
) -> list[str]:
    """Why rows of a file may be missing: as many as an API gives at most, or an end long before the window's.

    Args:
        sources: Settings in force.
        last_day: Last day of the window, None when it is open.
        read: Rows read.
        first: Time of the first row.
        last: Time of the last row.
        count: Rows with a believable time.
    """
    doubts = []
    if read in sources.api_caps:
        missing = f"rows {f'after {last}' if last else ''} are probably missing"
        doubts.append(f"exactly {read:,} rows, an API cap: {missing}")
    if last_day and first and last and count > 1:
        gap = (last - first) / (count - 1)
        silence = datetime.combine(min(last_day, date(9000, 1, 1)) + timedelta(days=1), datetime.min.time()) - last
        if silence > timedelta(days=1) and silence > sources.silence_factor * gap:
            doubts.append(
                f"ends at {last}, {silence.days} days before the window does, "
                f"with a mean gap of {gap.total_seconds():,.0f} s"
            )
    return doubts
