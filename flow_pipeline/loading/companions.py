"""The token file and the price file of the settings: read into the store, replacing what was there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import Settings
from flow_pipeline.sources.fields import literal
from flow_pipeline.sources.files import sha256_of
from flow_pipeline.warehouse.store import Connection, set_state, transaction

sql = statements(__package__)


@dataclass(frozen=True)
class _Companion:
    """A file beside the transfers: what it must hold, and the believable values of its one figure per key."""

    name: str
    table: str
    columns: tuple[str, ...]
    key: str
    value: str
    is_impossible: str


_TOKENS = _Companion(
    "token file",
    "token_decimals",
    ("chain", "token_address", "decimals"),
    "chain, token",
    "decimals",
    "decimals is null or decimals not between 0 and 77",
)
_PRICES = _Companion(
    "price file",
    "prices",
    ("token", "date", "usd"),
    "token, price_date",
    "usd",
    "usd is null or not isfinite(usd) or usd <= 0",
)


def load_companions(connection: Connection, settings: Settings) -> None:
    """Read the token file and the price file of the settings, and make them known to sources.

    Raises:
        UsageError: a file is missing, lacks a column, or has an impossible value.
    """
    with transaction(connection):
        for companion, path in ((_TOKENS, settings.sources.tokens), (_PRICES, settings.sources.prices)):
            connection.execute(f"delete from store.{companion.table}")
            set_state(connection, f"{companion.table}_sha256", "")
            if path is not None:
                _load(connection, companion, path)
                set_state(connection, f"{companion.table}_sha256", sha256_of(path))
    connection.execute("create or replace temp view token_decimals as select * from store.token_decimals")


def _load(connection: Connection, companion: _Companion, path: Path) -> None:
    name, columns = companion.name, ", ".join(companion.columns)
    if not path.is_file():
        raise UsageError(f"{name} {path} does not exist", f"give a CSV with the columns {columns}")
    file = f"read_csv({literal(str(path))}, all_varchar = true, header = true)"
    if path.suffix == ".parquet":
        file = f"read_parquet({literal(str(path))})"
    try:
        found = {row[0] for row in connection.execute(f"describe select * from {file}").fetchall()}
        missing = [column for column in companion.columns if column not in found]
        if missing:
            raise UsageError(f"{name} {path} has no column {', '.join(missing)}", f"it needs {columns}")
        if companion is _TOKENS:
            symbol = next((column for column in ("token_symbol", "symbol") if column in found), "null")
            connection.execute(sql("companions_tokens", file=file, symbol=symbol))
        else:
            connection.execute(sql("companions_prices", file=file))
        _check(connection, companion, path)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{name} {path}: {str(error).splitlines()[0]}", "mend the value it names") from None


def _check(connection: Connection, companion: _Companion, path: Path) -> None:
    """One believable value per key: a second price of a day would count every transfer of that day twice."""
    name, value, key, table = companion.name, companion.value, companion.key, f"store.{companion.table}"
    row = connection.execute(
        f"select concat_ws(' ', {key}), {value} from {table} where {companion.is_impossible} limit 1"
    ).fetchone()
    if row:
        raise UsageError(f"{name} {path}: {value} of {row[0]} is {row[1]}", "mend the value it names")
    row = connection.execute(
        f"select concat_ws(' ', {key}), count(*) from {table} group by {key} having count(*) > 1 limit 1"
    ).fetchone()
    if row:
        raise UsageError(f"{name} {path} has {row[1]} rows for {row[0]} that differ", "keep one of them")
