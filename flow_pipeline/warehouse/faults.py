"""What the disk, the memory and damaged files do to a run or a reader, in words with the way out.

DuckDB and the system tell these apart by their texts alone; whatever is not known here stays the error that it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from flow_pipeline.domain.errors import FlowError

HELD = "another process holds it; wait for it or stop it"
_DAMAGED = re.compile(
    r"Corrupt database|not a valid DuckDB|Could not read enough bytes|[Cc]hecksum|Failed to load metadata|"
    r"Failure while replaying WAL|Serialization Error|INTERNAL Error|deserializ"
)
_FAULTS = (duckdb.Error, OSError, MemoryError, ImportError)
"""What a fault comes as; a library that finds no room in memory is not imported."""
_FULL = r"No space left on device|Disk quota exceeded|max_temp_directory_size", r"File too large"
_NO_MEMORY = (
    r"Out of Memory|MemoryError|[Bb]ad[_ ]?[Aa]lloc|[Ff]ailed to allocate|Cannot allocate memory|failed to map segment|"
    r"could not allocate|failed to pin block"
)
_CAUSES = (
    (
        _FULL[0],
        "the disk is full",
        "free some room, then run again: what is loaded stays loaded, published files stay readable",
    ),
    (
        _FULL[1],
        "a file would grow beyond what the system allows",
        "raise the limit of file sizes (`ulimit -f unlimited`), then run again: published files stay readable",
    ),
    (
        r"Read-only file system|Permission denied|Operation not permitted",
        "access is refused",
        "make it readable and writable for this user, or give another data directory with --data-dir or --out",
    ),
    (
        _NO_MEMORY,
        "there was not enough memory",
        "raise warehouse.memory_limit (`NETRAFLOW_WAREHOUSE__MEMORY_LIMIT=8GB`) where the machine has more, else lower "
        "it and warehouse.threads so that more goes to disk, then run again: published files stay readable",
    ),
)
_ADVICE = re.compile(r"\s*Possible solutions:.*?how_to_tune_workloads", re.DOTALL)
"""DuckDB's own, in words of its settings."""
_FIRST = re.compile(r"Original error: (.*)", re.DOTALL)
"""After a fatal error DuckDB answers everything with another one, which quotes the first."""


def cause_of(text: str) -> tuple[str, str] | None:
    """What a text of DuckDB or of the system says in short, and the way out; None when it is none of those faults."""
    return next(((what, way_out) for pattern, what, way_out in _CAUSES if re.search(pattern, text)), None)


def without_advice(text: str) -> str:
    """A text of DuckDB without what it advises."""
    return _ADVICE.sub("", text)


def is_damage(error: BaseException) -> bool:
    """Whether DuckDB met a file that is not as it was written."""
    return isinstance(error, duckdb.Error) and bool(_DAMAGED.search(str(error))) and not cause_of(str(error))


def is_held(error: BaseException) -> bool:
    """Whether another process has the file open for writing."""
    return "Could not set lock" in str(error)


def explained(error: BaseException, path: Path | None = None, way_out: str = "") -> FlowError | None:
    """A fault of disk, memory or file as a refusal; None for any other error.

    Args:
        error: What was raised.
        path: The database at work; else the file that the error names.
        way_out: What to do when that one is damaged.
    """
    if isinstance(error, FlowError) or not isinstance(error, _FAULTS):
        return None
    text, named = first_line(error), path
    if isinstance(error, OSError):
        text, named = error.strerror or text, error.filename or path
    if found := cause_of(text):
        about = f"{named}: " if named and '"/' not in text else ""  # texts of DuckDB quote the file they are about
        return FlowError(f"{about}{found[0]}: {text}", found[1])
    if path and is_damage(error):
        return FlowError(f"{path} is damaged: {text}", way_out)
    return None


def stopping(error: BaseException) -> FlowError | None:
    """A fault that stops a run, whichever input file was read when it came; None where that file may be to blame."""
    is_fatal = isinstance(error, duckdb.FatalException) or re.search("|".join(_FULL), str(error))
    return explained(error) if is_fatal else None


def way_out_of(error: BaseException, usual: str) -> str:
    """What to do about an input that could not be read: where memory was short it is not the input's fault."""
    return _CAUSES[-1][2] if re.search(_NO_MEMORY, str(error)) else usual


def first_line(error: BaseException) -> str:
    """The first line of the first error: the name of the type where there is no text."""
    text = str(error)
    if found := _FIRST.search(text):
        text = found[1].strip(' "')
    lines = (text or type(error).__name__).splitlines()
    return lines[0] if not isinstance(error, MemoryError) else f"MemoryError {lines[0]}".strip()


@contextmanager
def faults_of(path: Path, way_out: str) -> Iterator[None]:
    """Say which file it is that can not be read or written.

    Raises:
        FlowError: the file is damaged, the disk is full or there is not enough memory.
    """
    try:
        yield
    except _FAULTS as error:
        if told := explained(error, path, way_out):
            raise told from error
        raise


def read_whole(connection: duckdb.DuckDBPyConnection) -> None:
    """Read every value of every table, so that DuckDB compares each block with its checksum.

    Raises:
        duckdb.Error: something is damaged.
    """
    tables = connection.execute(
        'select format(\'"{}"."{}"\', schema_name, table_name) from duckdb_tables() '
        "where database_name = current_database() and not temporary"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"select sum(hash(t)::hugeint) from {table} as t").fetchall()


def damage_of(path: Path, way_out: str) -> FlowError | None:
    """Why a database can not be read in whole; None when it can."""
    try:
        with faults_of(path, way_out), duckdb.connect(str(path), read_only=True) as connection:
            read_whole(connection)
    except duckdb.Error as error:
        hint = HELD if is_held(error) else way_out
        return FlowError(f"{path} can not be opened: {first_line(error)}", hint)
    except FlowError as error:
        return error
    return None
