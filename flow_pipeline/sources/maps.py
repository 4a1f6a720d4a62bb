"""Map files: the user's own names of columns, for what no format fits.

A map is a layout that its user wrote: columns to fields, and constants for what the file does not say. It is TOML, as a
file of `--map` or as the settings' section `[sources.map]`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import vocabulary as words
from flow_pipeline.sources.files import InputFile
from flow_pipeline.sources.layouts import Layout
from flow_pipeline.sources.tabular import Tabular, missing

FORMAT = "map"
FIELDS = {
    "from": "from",
    "to": "to",
    "time": "time",
    "amount": "value",
    "token_amount": "coins",
    "base_amount": "base",
    **{
        name: name
        for name in (
            "chain", "block_number", "tx_hash", "transaction_index", "decimals", "token_address", "token_symbol",
            "amount_usd", "success", "failure", "error", "removed", "kind",
        )
    },
    "transfer_index": "log_index",
}  # fmt: skip
"""Fields of a map, and what the vocabulary calls them. `amount` is coins or base units as its values decide."""


def read_map(path: Path) -> dict[str, Any]:
    """The content of a map file, as `[sources.map]` of the settings has it.

    Raises:
        UsageError: missing, or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"map file {path}: {error.strerror}", "`netraflow inspect FILE --write-map` drafts one"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"map file {path} is not valid TOML: {error}", "mend the line it names") from None


def mapped(settings: SourceSettings) -> Tabular | None:
    """The source of the map in force; None without one.

    Raises:
        UsageError: an unknown field, or no column for what every transfer needs.
    """
    told = settings.map
    if told is None:
        return None
    unknown = sorted(set(told.columns) - set(FIELDS))
    if unknown:
        raise UsageError(f"the map names no field {', '.join(unknown)}", f"fields are {', '.join(FIELDS)}")
    layout = Layout(
        FORMAT,
        "your own columns",
        "A map file.",
        tuple(told.columns.values()),
        fields={
            **({"coins": (), "base": (), "value": ()} if told.columns.keys() & _AMOUNTS else {}),
            **{FIELDS[field]: (column,) for field, column in told.columns.items()},
        },
        constants=told.constants.as_text(),
        unit=told.constants.unit,
        statuses={
            **{word.strip().lower(): False for word in told.status.ok},
            **{word.strip().lower(): True for word in told.status.failed},
        },
    )
    lacks = missing(InputFile(Path(FORMAT), "csv", Path(FORMAT), tuple(told.columns.values())), layout)
    if lacks:
        raise UsageError(
            f"the map names no column for {', '.join(lacks)}", "every transfer needs from, to, time and amount"
        )
    return Tabular(FORMAT, (layout,))


_AMOUNTS = {"amount", "token_amount", "base_amount"}


def named(used: Mapping[str, str]) -> dict[str, str]:
    """Columns by the fields of a map, from columns by the words of the vocabulary; one column has one amount."""
    names = {field: name for name, field in FIELDS.items()}
    given: dict[str, str] = {}
    for field in sorted(used, key=lambda field: list(names).index(field) if field in names else 99):
        name = names.get(field, field)
        if name == "amount" and used[field] in (used.get("base"), used.get("coins")):
            continue
        given[name] = used[field]
    return given


def draft(file: InputFile, used: dict[str, str]) -> str:
    """A map file to complete: what was recognised, what is missing, and the columns that were not used.

    Args:
        file: The file.
        used: Column per field of a map, as it would be read.
    """
    lines = ["# Columns of the file, by field.", "[columns]"]
    given = {field: column for field, column in used.items() if field in FIELDS}
    for need in ("from", "to", "time"):
        given.setdefault(need, "?")
    if not given.keys() & _AMOUNTS:
        given["amount"] = "?"
    lines += [f"{name} = {_quoted(column)}" for name, column in given.items()]
    left = [column for column in file.columns if column not in given.values()]
    if left:
        lines += [
            "",
            f"# not used: {', '.join(left[:60])}",
            f"# other fields: {', '.join(sorted(set(FIELDS) - set(given)))}",
        ]
    lines += ["", "# What the file does not say; remove what it does.", "[constants]"]
    lines += ['# chain = "ethereum"', '# token_symbol = "USDC"', '# token_address = "0x…"', "# decimals = 6"]
    lines += ['# unit = "token"          # or "base": what the amounts count', '# time_zone = "UTC"']
    lines += ["", "# Words of a status column that are on no list.", "[status]", "ok = []", "failed = []", ""]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


assert set(FIELDS.values()) <= set(words.COLUMNS)
