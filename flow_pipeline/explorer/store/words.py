"""What every table of people's writing shares: times, names, texts within bounds."""

from __future__ import annotations

from datetime import UTC, datetime

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.text import harmless, harmless_lines
from flow_pipeline.explorer.store.models import NAME, TITLE
from flow_pipeline.settings import Settings


def now() -> datetime:
    """The present, UTC without a zone: what the database holds."""
    return datetime.now(UTC).replace(tzinfo=None)


def a_name(what: str, text: str) -> str:
    """A name in one line.

    Raises:
        UsageError: it is empty or too long.
    """
    name = harmless(text.strip())
    if not 0 < len(name) <= NAME:
        raise UsageError(f"{what} has {len(name)} letters", f"give from 1 to {NAME}")
    return name


def a_title(text: str) -> str:
    """A title in one line.

    Raises:
        UsageError: it is empty or too long.
    """
    title = harmless(text.strip())
    if not 0 < len(title) <= TITLE:
        raise UsageError(f"the title has {len(title)} letters", f"give from 1 to {TITLE}")
    return title


def a_text(what: str, text: str, settings: Settings) -> str:
    """A text of several lines.

    Raises:
        UsageError: it is empty or too long.
    """
    most = settings.explorer.max_text
    written = harmless_lines(text.replace("\r\n", "\n").expandtabs(4)).strip()
    if not 0 < len(written) <= most:
        raise UsageError(f"{what} has {len(written):,} letters", f"give from 1 to {most:,} (explorer.max_text)")
    return written
