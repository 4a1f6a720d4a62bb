"""What a run reads: the files of folders, and the landed parts of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flow_pipeline.domain.brokers import without_password
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.loading.lake import Landed, kind_of, land
from flow_pipeline.loading.reports import FileReport
from flow_pipeline.places import brought
from flow_pipeline.settings import Settings


@dataclass
class Inputs:
    """Files to load, the tables of whose parts some of them are, and tables that can not be read."""

    files: list[Path] = field(default_factory=list)
    tables: list[Landed] = field(default_factory=list)
    refused: list[FileReport] = field(default_factory=list)

    def add(self, place: str | Path, settings: Settings, is_recursive: bool) -> None:
        """Add what a place holds.

        Args:
            place: A folder, a table, or an address of S3 or of Postgres.
            settings: Settings in force.
            is_recursive: Subfolders count.

        Raises:
            UsageError: there is no such folder, object or table.
            FlowError: it can not be read.
        """
        if kind := kind_of(place):
            self._add_table(place, kind, settings)
            return
        folder = brought(place, settings.data_dir, is_recursive)
        if not folder.is_dir():
            what = "is a file, not a folder" if folder.is_file() else "does not exist"
            raise UsageError(
                f"{without_password(str(place))} {what}", "give the folder that holds the transfer files, or a table"
            )
        self._add_folder(folder, settings, is_recursive)

    def _add_table(self, place: str | Path, kind: str, settings: Settings) -> None:
        try:
            landed = land(place, kind, settings)
        except UsageError:
            raise
        except FlowError as error:
            note = f"{error.message}; {error.hint}"
            self.refused.append(FileReport(Path(without_password(str(place))), "refused", kind, notes=[note]))
            return
        self.tables.append(landed)
        self.files += landed.files

    def _add_folder(self, folder: Path, settings: Settings, is_recursive: bool) -> None:
        """Files of a folder, but hidden ones and the marks that engines leave beside data."""
        for path in folder.iterdir():
            if path.name.startswith((".", "_")):
                continue
            if path.is_dir() and (kind := kind_of(path)):
                self._add_table(path, kind, settings)
            elif not (path.is_dir() and is_recursive):
                self.files.append(path)
            elif not path.is_symlink():
                self._add_folder(path, settings, is_recursive)


def inputs_of(folder: str | Path, landing: Path | None, settings: Settings) -> Inputs:
    """What a run reads: its folder, the landing files, and the inputs of the settings."""
    found = Inputs()
    found.add(folder, settings, settings.sources.recursive)
    for more in settings.sources.inputs:
        found.add(more, settings, settings.sources.recursive)
    if landing is not None and landing.is_dir():
        found.add(landing, settings, is_recursive=True)
    found.files = list(dict.fromkeys(found.files))
    return found


def gone_parts(tables: Sequence[Landed]) -> list[Path]:
    """Landed parts that their tables hold no longer."""
    landed = ((table, path.resolve()) for table in tables for path in table.folder.glob("*.parquet"))
    return [path for table, path in landed if path not in table.files]
