"""What became of the files of a load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flow_pipeline.sources.evidence import Decision


@dataclass
class FileReport:
    """What became of one file.

    `status` is loaded, known (nothing new), skipped (no data file) or refused (unreadable).
    """

    path: Path
    status: str
    format: str = ""
    rows_read: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    is_truncation_suspected: bool = False
    notes: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    load_id: int | None = None
    lacks_times: bool = False


@dataclass
class LoadReport:
    """What became of every file of a load, in file order; `notes` is what all files together leave open."""

    files: list[FileReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def total(self, name: str) -> int:
        """Sum of a row count over all files."""
        return sum(getattr(file, name) for file in self.files)

    @property
    def refused(self) -> list[FileReport]:
        """Files that could not be read at all."""
        return [file for file in self.files if file.status == "refused"]

    @property
    def has_news(self) -> bool:
        """True when any file was loaded."""
        return any(file.status == "loaded" for file in self.files)
