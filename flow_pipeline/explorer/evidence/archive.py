"""Reading a bundle that somebody brings: a ZIP that may have been made to do harm.

What lives here: names, sizes, hashes. What must not: what the files mean. Nothing is written to the disk.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.text import harmless
from flow_pipeline.explorer.evidence.bundle import FORMAT, MANIFEST

_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)?[A-Za-z0-9_-][A-Za-z0-9._-]*")
_MOST_FILES = 20_000
"""Files of a bundle: each finding has three, each view two."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED = 0x1
_NAMED = 5


@dataclass
class Archive:
    """A bundle's files, each read and hashed once.

    Attributes:
        files: Content by name; of a bundle with troubles those that could be read.
        manifest: What the manifest says, empty where it says nothing.
        troubles: Why the bundle is not as it was made, naming the file.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def parsed(self, name: str) -> Any:
        """A JSON file, None where there is none or it can not be read, which is a trouble."""
        if name not in self.files:
            return None
        try:
            return json.loads(self.files[name])
        except (ValueError, RecursionError):
            self.troubles.append(f"{name} is no JSON")
            return None


def read_archive(path: Path, most: int) -> Archive:
    """A bundle with what is wrong with it.

    Args:
        path: The file.
        most: Most bytes that are read, unpacked.

    Raises:
        UsageError: there is no such file, or it is no ZIP.
    """
    found = Archive()
    with _opened(path) as archive:
        entries = archive.infolist()
        found.troubles += _refused(entries, most)
        if not found.troubles:
            for entry in entries:
                _read(archive, entry, found)
    _check_manifest(found)
    return found


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    hint = "give the file that `netraflow case bundle` wrote"
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise UsageError(f"{path} can not be read: {error.strerror or error}", hint) from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UsageError(f"{path} is no ZIP that can be read: {harmless(str(error), 200)}", hint) from None
    with archive:
        yield archive


def _refused(entries: list[zipfile.ZipInfo], most: int) -> list[str]:
    """Why the entries are not even read."""
    if len(entries) > _MOST_FILES:
        return [f"it has {len(entries):,} files, and no bundle has more than {_MOST_FILES:,}"]
    troubles = [
        f"{harmless(entry.orig_filename, 200)!r} is no name of a file of a bundle"
        for entry in entries
        if not _NAME.fullmatch(entry.orig_filename)
    ]
    names = [entry.filename for entry in entries]
    troubles += [f"{name} is in it twice" for name in sorted({name for name in names if names.count(name) > 1})]
    troubles += [
        f"{entry.filename} is packed in a way that no bundle is"
        for entry in entries
        if entry.compress_type not in _METHODS or entry.flag_bits & _IS_ENCRYPTED
    ]
    size = sum(entry.file_size for entry in entries)
    if size > most:
        troubles.append(f"unpacked it has {size:,} bytes, and {most:,} are read (explorer.max_bundle_bytes)")
    return troubles


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, found: Archive) -> None:
    try:
        # No more than the entry says it has: one that has more fails its checksum.
        with archive.open(entry) as stream:
            found.files[entry.filename] = stream.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zipfile.zlib.error, OSError, EOFError, NotImplementedError, ValueError) as error:  # type: ignore[attr-defined]
        found.troubles.append(f"{entry.filename} can not be unpacked: {harmless(str(error), 200)}")


def _check_manifest(found: Archive) -> None:
    """Compare every file with the manifest, and the manifest with the files."""
    manifest = found.parsed(MANIFEST)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        if not found.troubles:
            found.troubles.append(f"{MANIFEST} is missing, or names no files")
        return
    found.manifest = manifest
    if manifest.get("format") != FORMAT:
        found.troubles.append(f"{MANIFEST}: the format is {harmless(str(manifest.get('format')), 60)}, not {FORMAT}")
    listed = {str(name): entry for name, entry in manifest["files"].items()}
    found.troubles += [f"{name} was added: the manifest does not name it" for name in _beyond(found.files, listed)]
    found.troubles += [f"{harmless(name, 200)} is missing" for name in sorted(set(listed) - set(found.files))]
    for name, entry in sorted(listed.items()):
        content = found.files.get(name)
        wanted = entry.get("sha256") if isinstance(entry, dict) else None
        if content is not None and hashlib.sha256(content).hexdigest() != wanted:
            found.troubles.append(f"{name} was changed: its SHA-256 is not that of the manifest")


def _beyond(files: dict[str, bytes], listed: dict[str, Any]) -> list[str]:
    return sorted(set(files) - set(listed) - {MANIFEST})


def some(names: list[str]) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
