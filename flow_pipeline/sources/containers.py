"""Containers: what wraps a table of text (gzip, bzip2, xz, zstd, zip, a workbook, UTF-16), undone into plain UTF-8.

A container is known by its first bytes, never by its name. What comes out is written once, to its end: a container that
is cut or damaged is refused before a row of it loads.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from flow_pipeline.domain.errors import Unreadable

_BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, NotImplementedError)
_BLOCK = 1 << 20
_EXACT_IN_A_CELL = 1e15
"""Workbooks keep 15 digits of a number; larger ones are written with an exponent, which tells that digits are lost."""
_MOST_WRAPPINGS = 3
"""Containers inside a container that are undone: text in UTF-16, gzipped, zipped."""
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_WORKBOOKS = {"xl/workbook.xml", "content.xml"}


def container_of(path: Path) -> str:
    """What the file is wrapped in: gzip, bzip2, xz, zstd, zip, xlsx, utf-16 or nothing (``)."""
    with path.open("rb") as handle:
        head = handle.read(6)
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return "xlsx" if name == "xls" or (name == "zip" and _is_workbook(path)) else name
    return ""


@contextmanager
def unpacked(path: Path, folder: Path, max_bytes: int) -> Iterator[Path]:
    """The file as plain UTF-8 text (or Parquet): itself, or a copy that is gone afterwards.

    Args:
        path: The file.
        folder: Where the copy may lie.
        max_bytes: Largest copy written; small files unpack to anything.

    Raises:
        Unreadable: the container is damaged, locked, larger than allowed, or holds several files.
    """
    try:
        container = container_of(path)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}", "check the file and its permissions") from None
    if container and container not in _OPEN:
        raise Unreadable(f"{path}: a {container}", "export its table as CSV, JSON Lines or Parquet, or unpack it")
    if not container and _is_text(path):
        yield path
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not container:
        # the engine takes names that are text only
        link = folder / "named.link"
        link.unlink(missing_ok=True)
        link.symlink_to(path)
        try:
            yield link
        finally:
            link.unlink()
        return
    copy = folder / "unpacked.copy"
    try:
        try:
            with closing(_OPEN[container](path)) as source, copy.open("wb") as out:
                _copy(path, source, out, max_bytes)
            for _ in range(_MOST_WRAPPINGS):
                if _is_tar(copy):
                    raise Unreadable(f"{path}: an archive of several files (tar)", "unpack it into the input folder")
                if not (container := container_of(copy)):
                    break
                _unwrap(path, container, copy, max_bytes)
        except UnicodeDecodeError as error:
            raise Unreadable(f"{path}: not valid UTF-16 ({error.reason})", "export it again as UTF-8") from None
        except _BROKEN as error:
            why = f"{path}: the {container} data is broken or locked ({error})"
            raise Unreadable(why, "fetch the file again, or unpack it yourself") from None
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _unwrap(path: Path, container: str, copy: Path, max_bytes: int) -> None:
    """Undo a container inside a container, in the place of the copy.

    Raises:
        Unreadable: it is one that can not be opened.
    """
    if container not in _OPEN:
        raise Unreadable(f"{path}: holds a {container}", "export its table as CSV, JSON Lines or Parquet, or unpack it")
    inner = copy.with_suffix(".inner")
    copy.rename(inner)
    try:
        with closing(_OPEN[container](inner)) as source, copy.open("wb") as out:
            _copy(path, source, out, max_bytes)
    finally:
        inner.unlink()


def _is_tar(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(262)[257:262] == b"ustar"


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _copy(path: Path, source: IO[bytes], out: IO[bytes], max_bytes: int) -> None:
    room = min(max_bytes, shutil.disk_usage(Path(out.name).parent).free)
    written = 0
    while block := source.read(_BLOCK):
        written += len(block)
        if written > room:
            raise Unreadable(
                f"{path}: unpacks to more than {room:,} bytes",
                "raise sources.max_unpacked_bytes or make room on the disk of the data directory",
            )
        out.write(block)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(_WORKBOOKS & set(archive.namelist()))
    except (zipfile.BadZipFile, OSError):
        return False


def _open_zip(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    names = [
        info.filename for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")
    ]
    if len(names) != 1:
        archive.close()
        raise Unreadable(
            f"{path}: an archive of {len(names)} files ({', '.join(names[:3])} …)", "unpack it into the input folder"
        )
    return archive.open(names[0])


def _open_zstd(path: Path) -> IO[bytes]:
    return pa.input_stream(str(path), compression="zstd")  # type: ignore[no-any-return]


def _open_utf16(path: Path) -> IO[bytes]:
    return _Encoded(path.open(encoding="utf-16", newline=""))  # type: ignore[return-value]


class _Encoded:
    """A text stream as UTF-8 bytes."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text

    def read(self, size: int) -> bytes:
        return self._text.read(size).encode()

    def close(self) -> None:
        self._text.close()


def _open_workbook(path: Path) -> IO[bytes]:
    """The one sheet of a workbook that holds rows, as CSV."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(path)
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=True) for name in workbook.sheet_names
        }
    except CalamineError as error:
        raise OSError(str(error)) from None
    filled = {name: rows for name, rows in sheets.items() if len(rows) > 1}
    if len(filled) != 1:
        names = ", ".join(filled) or "none"
        raise Unreadable(
            f"{path}: a workbook needs one sheet with rows, this one has {len(filled)} ({names})",
            "save the sheet with the transfers as CSV",
        )
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_cells, next(iter(filled.values()))))
    return io.BytesIO(text.getvalue().encode())


def _cells(row: list[Any]) -> list[str]:
    return [_cell(value) for value in row]


def _cell(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float):
        if abs(value) >= _EXACT_IN_A_CELL:
            return f"{Decimal(repr(value)):e}"
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"\xd0\xcf\x11\xe0": "xls",
    b"SQLite": "SQLite database",
    b"Obj\x01": "Avro file",
    b"ORC": "ORC file",
    b"7z\xbc\xaf": "7z archive",
    b"Rar!": "RAR archive",
    **_BYTE_ORDER_MARKS,
}
_OPEN: dict[str, Callable[[Path], Any]] = {
    "gzip": gzip.open,
    "bzip2": bz2.open,
    "xz": lzma.open,
    "zstd": _open_zstd,
    "zip": _open_zip,
    "xlsx": _open_workbook,
    "utf-16": _open_utf16,
}
