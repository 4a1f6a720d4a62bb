"""Values of settings before they are checked: files and what a data directory remembers, as flat keys.

What lives here: TOML to flat keys and back, paths, the names of `--forget`, the file of a data directory. What must
not: which keys exist and what they may be; that is settings.py.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import UsageError

SETTINGS_FILE = "netraflow.toml"
PUBLISHED_LINK = "warehouse.duckdb"

Key = tuple[str, ...]
Flat = dict[Key, Any]
"""Values by the path of their key, such as ("sources", "chain")."""

NAMES: dict[str, Key] = {
    "labels": ("labels", "files"),
    "tokens": ("sources", "tokens"),
    "prices": ("sources", "prices"),
    "groups": ("tracing", "groups"),
    "map": ("sources", "map"),
    "chains": ("sources", "chains"),
}
"""What people call keys that an option of the command line sets; other keys are called as in the settings file."""
ADDED = (NAMES["labels"], NAMES["tokens"], NAMES["prices"])
"""Lists of files that a run adds to."""
INPUTS = (*ADDED, NAMES["groups"], ("verdicts", "reference"))
"""Keys whose values are files that a run reads."""
OUTPUTS = (
    ("reports", "metrics_file"),
    ("alerts", "channels", "*", "path"),
    ("exports", "delta"),
    ("exports", "parquet"),
)
"""Keys whose values are files or folders that a run writes."""
PLACES = (("sources", "inputs"), *OUTPUTS)
"""Keys whose values may be addresses of a lake or a database, which stay as they are."""
WHOLE = (NAMES["chains"], NAMES["map"])
"""Tables that are one value: the first pattern that fits gives a chain, and half of a map is none."""
NOT_REMEMBERED = ("data_dir", "engine", "lake", "spark", "warehouse", "explorer")
"""Where a directory lies, how much of its machine a run may take and who may look at it belong to the machine."""
HEAD = """# How this data directory is built: what its runs were given beside the defaults, written as they publish.
# Command line, environment and the settings file of a run come before it; `--forget NAME` drops a value.
"""


@dataclass(frozen=True)
class Recall:
    """Where the values of a settings object come from.

    Attributes:
        kept: What the data directory remembers, before anything of it is forgotten.
        origins: remembered, file or environment per key; "remembered, file" where a list has files of both.
        notes: What to tell whoever asked to forget something.
    """

    kept: Flat = field(default_factory=dict)
    origins: dict[Key, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def flat(values: Mapping[str, Any]) -> Flat:
    """Nested tables as flat keys; an empty table is a value, and so are the tables of WHOLE."""
    found: Flat = {}

    def walk(table: Mapping[str, Any], above: Key) -> None:
        for name, value in table.items():
            key = (*above, name)
            if isinstance(value, Mapping) and value and key not in WHOLE:
                walk(value, key)
            else:
                found[key] = _as_list(value) if key in ADDED else value

    walk(values, ())
    return found


def nested(values: Flat) -> dict[str, Any]:
    """Flat keys as nested tables."""
    made: dict[str, Any] = {}
    for key, value in values.items():
        table = made
        for name in key[:-1]:
            table = table.setdefault(name, {})
        table[key[-1]] = value
    return made


def over(lower: Flat, upper: Flat, does_add: bool = False) -> Flat:
    """Values with others over them; with `does_add` the files of ADDED come beside those below."""
    left = {key: value for key, value in lower.items() if not any(overlap(key, other) for other in upper)}
    both = [key for key in ADDED if does_add and isinstance(lower.get(key), list) and isinstance(upper.get(key), list)]
    return {**left, **upper, **{key: joined(lower[key], upper[key]) for key in both}}


def joined(before: Iterable[Any], more: Iterable[Any]) -> list[Any]:
    """A list with what another adds, each once, in their order."""
    return list(dict.fromkeys([*before, *more]))


def overlap(one: Key, other: Key) -> bool:
    """True when one is the other, or stands for a table that the other is in."""
    return one[: len(other)] == other[: len(one)]


def _as_list(value: Any) -> Any:
    """One file or several as a list; what is neither is refused where settings are checked."""
    if isinstance(value, list | tuple):
        return list(value)
    return [value] if isinstance(value, str | Path) else value


def plain(value: Any) -> Any:
    """A value as TOML's reader and pydantic's JSON mode both give it."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return value if isinstance(value, bool | int | float | str | None) else str(value)


# ------------------------------------------------------------------------------------------------ paths


def with_paths(values: Flat, change: Callable[[str], str], keys: tuple[Key, ...] = (*INPUTS, *PLACES)) -> Flat:
    """The values with every path of the keys changed; SYMBOL= before a price file stays."""
    return {key: _changed(key, value, change) if _is_one_of(key, keys) else value for key, value in values.items()}


def absolute(values: Flat, base: Path, data_dir: Path) -> Flat:
    """The values with relative paths below a folder; a file in S3 is its local copy below the data directory."""

    def copied(path: str) -> str:
        return os.path.abspath(base.absolute() / Path(local_copy(path, data_dir)).expanduser())  # noqa: PTH100

    def placed(path: str) -> str:
        return path if is_address(path) else copied(path)

    return with_paths(with_paths(values, copied, INPUTS), placed, PLACES)


_ADDRESS = re.compile(r"(s3|postgres|postgresql|env):")
_OBJECT = re.compile(r"s3:/+([^/]+)/*(.*)")
_COPIES = "s3"
"""Folder of a data directory with the copies of objects, by bucket and key."""


def is_address(place: str | Path) -> bool:
    """True for what no file system holds: `s3://…`, `postgresql://…`, `env:NAME`."""
    return _ADDRESS.match(str(place)) is not None


def local_copy(place: str | Path, data_dir: Path) -> Path:
    """Where the copy of an object lies; a path is its own copy. `Path` has made `s3:/` of `s3://`."""
    found = _OBJECT.match(str(place))
    return data_dir.absolute().joinpath(_COPIES, found[1], found[2]) if found else Path(place)


def object_of(path: Path, data_dir: Path) -> str | None:
    """`bucket/key` of what a path below the data directory is the copy of; None for any other path."""
    root, whole = (Path(os.path.abspath(one)) for one in (data_dir / _COPIES, path))  # noqa: PTH100
    return whole.relative_to(root).as_posix() if whole != root and whole.is_relative_to(root) else None


def relative(values: Flat, folder: Path) -> Flat:
    """The values with paths inside a folder relative to it, so that it can be moved."""
    root = Path(os.path.abspath(folder))  # noqa: PTH100
    return with_paths(
        values, lambda path: str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path
    )


def _is_one_of(key: Key, keys: tuple[Key, ...]) -> bool:
    return any(len(key) == len(known) and all(b in (a, "*") for a, b in zip(key, known, strict=True)) for known in keys)


def _changed(key: Key, value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list | tuple):
        return [_changed(key, item, change) for item in value]
    if not isinstance(value, str | Path) or not str(value):
        return value
    before, path = split_price(str(value)) if key == NAMES["prices"] else ("", str(value))
    return before + change(path) if path else str(value)


def split_price(entry: str) -> tuple[str, str]:
    """(`SYMBOL=`, file) of a price entry; the first is empty where the file names its tokens itself."""
    name, equals, file = entry.partition("=")
    is_name = equals and "/" not in name and not Path(entry).exists()
    return (name + equals, file) if is_name else ("", entry)


def files_of(key: Key, value: Any) -> list[Path]:
    """The input files that a value names; none for a key that names no file."""
    if key not in INPUTS or value is None:
        return []
    entries = value if isinstance(value, list | tuple) else [value]
    return [Path(split_price(str(entry))[1] if key == NAMES["prices"] else entry) for entry in entries]


# ------------------------------------------------------------------------------------------------ names


def named(key: Key) -> str:
    """What a key is called: labels, sources.chain."""
    return next((name for name, known in NAMES.items() if known == key), ".".join(key))


def item_name(item: Any) -> str:
    """A file of a list by its name, ETH=FILE with the token."""
    before, path = split_price(str(item))
    return before + Path(path).name


def names_of(values: Flat) -> list[str]:
    """Every name that `--forget` takes."""
    found = []
    for key, value in values.items():
        found.append(named(key))
        if key in ADDED and len(value) > 1:
            found += [f"{named(key)}/{item_name(item)}" for item in value]
        if key == NAMES["chains"] and len(value) > 1:
            found += [f"{named(key)}/{pattern}" for pattern in value]
    return found


def without(values: Flat, forgotten: Iterable[str]) -> Flat:
    """The values without those that are forgotten.

    Args:
        values: What is remembered.
        forgotten: A name of NAMES, a key, or a section; with `/` a file of a list or a pattern of the chains.

    Raises:
        UsageError: nothing of that name is remembered.
    """
    left = dict(values)
    for name in forgotten:
        head, slash, item = name.partition("/")
        key = NAMES.get(head, tuple(head.split(".")))
        if slash:
            met = _without_item(left, key, item)
        else:
            met = [known for known in left if known[: len(key)] == key]
            for known in met:
                del left[known]
        if not met:
            remembered = ", ".join(names_of(values)) or "nothing"
            raise UsageError(f"--forget {name}: that is not remembered", f"what is: {remembered}")
    return left


def _without_item(values: Flat, key: Key, item: str) -> list[Any]:
    """Drop an item of a value in place, the value with its last one; what was dropped."""
    value = values.get(key)
    if isinstance(value, Mapping):
        met: list[Any] = [one for one in value if one == item]
        rest: Any = {one: value[one] for one in value if one != item}
    else:
        listed = value if isinstance(value, list) else []
        met = [one for one in listed if item in (str(one), item_name(one), split_price(str(one))[1])]
        met += [one for one in listed if one not in met and Path(split_price(str(one))[1]).name == item]
        rest = [one for one in listed if one not in met]
    if met:
        values.pop(key)
        values |= {key: rest} if rest else {}
    return met


# ------------------------------------------------------------------------------------------------ files


def read_toml(path: Path) -> dict[str, Any]:
    """A settings file as it is written.

    Raises:
        UsageError: it can not be read or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "check the file and its permissions") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}", "mend the line it names") from None


def memory_file(data_dir: Path) -> Path:
    """The file with what a data directory remembers.

    That is the one of the published run where a killed process had no time to put it into its place.
    """
    link = data_dir / PUBLISHED_LINK
    waiting = pending_file(data_dir, link.readlink().stem) if link.is_symlink() else None
    return waiting if waiting and waiting.exists() else data_dir / SETTINGS_FILE


def pending_file(data_dir: Path, publication: str) -> Path:
    """What is to be remembered as soon as a publication is what readers see."""
    return data_dir / "build" / f"{publication}.toml"


def read_memory(data_dir: Path) -> Flat:
    """What a data directory remembers; its relative paths are below it.

    Raises:
        UsageError: its file can not be read.
    """
    path = memory_file(data_dir)
    found = flat(read_toml(path)) if path.is_file() else {}
    # Whoever wrote this file by hand to use it as settings file may have said where the directory is.
    found.pop(("data_dir",), None)
    return absolute({key: plain(value) for key, value in found.items()}, data_dir, data_dir)


def edited(text: str, changes: Flat) -> str:
    """A settings file with other values; None drops one. Comments and the order of what stays are kept."""
    import tomlkit

    document = tomlkit.parse(text)
    for key, value in changes.items():
        if value is None:
            _drop(document, key)
            continue
        table: Any = document
        for name in key[:-1]:
            table = table.setdefault(name, tomlkit.table())
        table[key[-1]] = tomlkit.item(value)
        if isinstance(value, list) and len(value) > 1:
            table[key[-1]].multiline(True)
    return tomlkit.dumps(document)


def _drop(table: Any, key: Key) -> None:
    """Drop a key, and the tables that are empty without it."""
    if key[0] not in table:
        return
    if len(key) > 1:
        _drop(table[key[0]], key[1:])
        if table[key[0]]:
            return
    del table[key[0]]


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was, whenever the process or the machine stops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)
