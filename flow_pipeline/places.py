"""Places of files that are no folder of this machine: objects of S3, and what speaks like it.

What lives here: copies of objects below the data directory, kept as the bucket has them; folders that are written,
here or there. What must not: what stands in the files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from flow_pipeline import layers
from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.layers import is_address, local_copy, object_of
from flow_pipeline.settings import Settings, object_store

_SAYS = {
    "NO_SUCH_BUCKET": "there is no such bucket",
    "ACCESS_DENIED": "the credentials do not allow it",
    "INVALID_ACCESS_KEY_ID": "the credentials are not known there",
    "SIGNATURE_DOES_NOT_MATCH": "the credentials are not known there",
    "NETWORK_CONNECTION": "nothing answers there",
}
_HINT = "check the address, and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL"
_UNSURE_SECONDS = 2
"""Objects that changed so shortly before they were copied may change again under the same time."""


def is_object(place: str | Path) -> bool:
    """True for an address of S3."""
    return str(place).startswith("s3:")


def bucket_and_key(place: str | Path) -> str:
    """`bucket/key` of an address of S3."""
    return str(place).removeprefix("s3:").strip("/")


def url_of(place: str | Path) -> str:
    """An address of S3 as people write it; `Path` takes one of its strokes."""
    return f"s3://{bucket_and_key(place)}"


def filesystem() -> Any:
    """S3 as pyarrow's file system.

    Raises:
        UsageError: there are no credentials.
    """
    from pyarrow.fs import S3FileSystem

    store = object_store()
    return S3FileSystem(
        access_key=store.key,
        secret_key=store.secret,
        session_token=store.token or None,
        region=store.region,
        endpoint_override=store.endpoint or None,
        connect_timeout=10,
    )


@contextmanager
def telling(place: str) -> Iterator[None]:
    """What S3 refuses, in words.

    Raises:
        FlowError: it refused.
    """
    try:
        yield
    except OSError as error:
        said = next((words for sign, words in _SAYS.items() if sign in str(error)), str(error).splitlines()[0][:300])
        raise FlowError(f"s3://{place}: {said}", _HINT) from None


def brought(place: str | Path, data_dir: Path, is_recursive: bool = False) -> Path:
    """A file or folder to read: a local one as it is, one in S3 as its local copy, which is brought up to date.

    What is gone from the bucket is gone from the copy.

    Args:
        place: A path, the path of a copy, or an address of S3.
        data_dir: Where copies lie.
        is_recursive: A folder is copied with its subfolders.

    Raises:
        UsageError: there are no credentials, or there is no such object.
        FlowError: S3 does not give it.
    """
    copy = local_copy(place, data_dir)
    key = object_of(copy, data_dir)
    if key is None:
        return copy
    from pyarrow.fs import FileSelector, FileType

    remote = filesystem()
    with telling(key):
        found = remote.get_file_info(key)
        if found.type == FileType.File:
            _copy(remote, found, copy)
            return copy
        infos = remote.get_file_info(FileSelector(key, recursive=is_recursive, allow_not_found="/" in key))
        if not infos and remote.get_file_info(key.partition("/")[0]).type == FileType.NotFound:
            raise UsageError(f"s3://{key}: there is no such bucket", _HINT)
        if not infos:
            raise UsageError(f"s3://{key}: there is no such object", "check bucket and key")
        copy.mkdir(parents=True, exist_ok=True)
        kept = {copy}
        for info in infos:
            local = copy / info.path.removeprefix(f"{key}/")
            kept |= {local, *local.parents}
            if info.type == FileType.File:
                _copy(remote, info, local)
            else:
                local.mkdir(parents=True, exist_ok=True)
    for local in sorted(copy.rglob("*") if is_recursive else copy.iterdir(), reverse=True):
        if local not in kept:
            shutil.rmtree(local) if local.is_dir() else local.unlink()
    return copy


def _copy(remote: Any, info: Any, local: Path) -> None:
    """Copy an object unless the copy has its size and its time."""
    if local.is_file() and (local.stat().st_size, local.stat().st_mtime_ns) == (info.size, info.mtime_ns):
        return
    if local.is_dir():
        shutil.rmtree(local)
    local.parent.mkdir(parents=True, exist_ok=True)
    began, fresh = time.time(), local.with_name(f".{local.name}.incoming")
    with remote.open_input_stream(info.path) as read, fresh.open("wb") as write:
        shutil.copyfileobj(read, write, 1 << 20)
    is_sure = began - info.mtime_ns / 1e9 > _UNSURE_SECONDS
    os.utime(fresh, ns=(info.mtime_ns, info.mtime_ns if is_sure else 0))
    fresh.replace(local)


def bring_files(settings: Settings) -> None:
    """Bring the files in S3 that the settings name up to date: labels, tokens, prices, groups."""
    for key, value in layers.flat(settings.model_dump(mode="json")).items():
        for path in layers.files_of(key, value):
            brought(path, settings.data_dir)


class Folder:
    """A folder that is written, file by file: each is there whole or as it was."""

    def __init__(self, place: str | Path) -> None:
        if is_address(place) and not is_object(place):
            raise UsageError(f"{place} is no folder", "give a folder, or s3://bucket/folder")
        self.is_remote = is_object(place)
        self.place = url_of(place) if self.is_remote else str(place)
        self._key = bucket_and_key(place)
        self._remote = filesystem() if self.is_remote else None

    def shown(self, name: str) -> str:
        """Where a file of it lies."""
        return f"{self.place}/{name}"

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A local folder, gone afterwards, for what is to be put here; beside the files where they are local."""
        if self.is_remote:
            with tempfile.TemporaryDirectory(prefix="netraflow-") as folder:
                yield Path(folder)
            return
        staged = Path(self.place) / ".incoming"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        try:
            yield staged
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none."""
        if self._remote is None:
            with suppress(FileNotFoundError, NotADirectoryError):
                return Path(self.place, name).read_bytes()
            return None
        with telling(self._key):
            try:
                with self._remote.open_input_stream(f"{self._key}/{name}") as stream:
                    return bytes(stream.read())
            except FileNotFoundError:
                return None

    def put(self, staged: Path, name: str) -> None:
        """Move a staged file to its place, or a folder of files, over what was there."""
        if self._remote is None:
            target = Path(self.place, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                shutil.rmtree(target)
            staged.replace(target)
            return
        with telling(self._key):
            if staged.is_dir():
                self._remote.delete_dir_contents(f"{self._key}/{name}", missing_dir_ok=True)
            for file in [staged] if staged.is_file() else sorted(path for path in staged.rglob("*") if path.is_file()):
                inside = "" if file == staged else f"/{file.relative_to(staged).as_posix()}"
                with file.open("rb") as read, self._remote.open_output_stream(f"{self._key}/{name}{inside}") as write:
                    shutil.copyfileobj(read, write, 1 << 20)

    def drop(self, name: str) -> None:
        """Remove a file, if it is there."""
        with telling(self._key), suppress(FileNotFoundError):
            self._remote.delete_file(f"{self._key}/{name}") if self._remote else Path(self.place, name).unlink()


_Place = TypeVar("_Place", Path, Path | None)


@contextmanager
def outgoing(place: _Place) -> Iterator[_Place]:
    """A local file or folder to write; when it is whole it is put to its place in S3, if that is where it belongs."""
    if place is None or not is_object(place):
        yield place
        return
    target = Folder(url_of(place).rpartition("/")[0])
    with target.staging() as staged:
        yield staged / place.name
        target.put(staged / place.name, place.name)


def shown(path: Path, written: Path | None, place: Path | None) -> str:
    """What was written inside `outgoing`, by the place where it lies in the end."""
    if written is None or place is None or not is_object(place):
        return str(path)
    return f"{url_of(place)}/{path.relative_to(written).as_posix()}".removesuffix("/.")
