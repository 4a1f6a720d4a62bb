"""Reading a bundle that somebody brings: a ZIP that may have been made to do harm.

What lives here: names, sizes, hashes. What must not: what the files mean. Nothing is written to the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import zipfile
from collections import Counter
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
_MOST_JSON = 32 * 1024**2
"""Bytes of a JSON file: copies of forty thousand transfers; a letter takes up to four bytes once it is read."""
_MOST_VALUES = 1_000_000
"""Signs that begin a value, in all JSON that is read: forty thousand transfers of twenty-five. What has two bytes in a
file can take two hundred in memory, so that the size alone bounds nothing."""
_END = struct.Struct("<4s4H2LH")
"""The record at the end of a ZIP, which says where its directory is (PKWARE, APPNOTE, 4.3.16)."""
_END_MARK, _LARGE_MARK, _LARGE_BYTES = b"PK\x05\x06", b"PK\x06\x07", 20
_ENTRY_BYTES = 46 + 80
"""An entry of the directory: its fixed part, and a name longer than any."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED = 0x1
_NAMED = 5
_HINT = "give the file that `netraflow case bundle` wrote"


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
    _values: int = 0

    def parsed(self, name: str) -> Any:
        """A JSON file, None where there is none or it can not be read, which is a trouble."""
        content = self.files.get(name)
        if content is None:
            return None
        self._values += sum(map(content.count, (b"[", b"{", b",")))
        if len(content) > _MOST_JSON or self._values > _MOST_VALUES:
            self.troubles.append(
                f"{name} is not read: it has {len(content):,} bytes, with it all JSON has {self._values:,} values, and "
                f"{_MOST_JSON:,} and {_MOST_VALUES:,} are read"
            )
            return None
        try:
            return json.loads(content.decode())
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
    found.troubles += _too_many(path)
    if found.troubles:
        return found
    with _opened(path) as archive:
        entries = archive.infolist()
        found.troubles += _refused(entries, most)
        if not found.troubles:
            for entry in entries:
                _read(archive, entry, found)
    _check_manifest(found)
    return found


def _too_many(path: Path) -> list[str]:
    """Why the directory of a ZIP is not even read: opening one makes an object of each entry that it has.

    Raises:
        UsageError: there is no such file, or it does not end as a bundle does: without a comment, and small.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _LARGE_BYTES - _END.size, 0))
            tail = file.read()
    except OSError as error:
        raise UsageError(f"{path} can not be read: {error.strerror or error}", _HINT) from None
    end = tail[-_END.size :]
    if len(end) < _END.size or not end.startswith(_END_MARK) or end[-2:] != b"\0\0":
        raise UsageError(f"{path} is no ZIP that can be read: it does not end as a bundle does", _HINT)
    if tail[: -_END.size].startswith(_LARGE_MARK):
        raise UsageError(f"{path} is no ZIP that can be read: it is a large one (ZIP64), and no bundle is", _HINT)
    _, _, _, _, count, directory, _, _ = _END.unpack(end)
    if count > _MOST_FILES:
        return [f"it has {count:,} files, and no bundle has more than {_MOST_FILES:,}"]
    if directory > count * _ENTRY_BYTES:
        return [f"its directory has {directory:,} bytes, which is more than {count:,} files of a bundle need"]
    return []


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise UsageError(f"{path} can not be read: {error.strerror or error}", _HINT) from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UsageError(f"{path} is no ZIP that can be read: {harmless(str(error), 200)}", _HINT) from None
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
    names = Counter(entry.filename for entry in entries)
    troubles += [f"{name} is in it twice" for name, count in sorted(names.items()) if count > 1]
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
        wanted = entry if isinstance(entry, dict) else {}
        if content is None:
            continue
        if hashlib.sha256(content).hexdigest() != wanted.get("sha256"):
            found.troubles.append(f"{name} was changed: its SHA-256 is not that of the manifest")
        elif wanted.get("bytes") != len(content):
            found.troubles.append(f"{name} has {len(content):,} bytes, which is not what the manifest says")


def _beyond(files: dict[str, bytes], listed: dict[str, Any]) -> list[str]:
    return sorted(set(files) - set(listed) - {MANIFEST})


def some(names: list[str]) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
