"""Answers as frames: Arrow tables, pandas or polars frames, in which every amount is what the warehouse holds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import duckdb
import pyarrow as pa

from flow_pipeline.domain.errors import UsageError, one_of
from flow_pipeline.questions.rows import Records, Rows

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Frames = Literal["pandas", "arrow", "polars"]
Frame: TypeAlias = "pd.DataFrame | pa.Table | pl.DataFrame"


def checked(frames: str) -> str:
    """A kind of frame that can be made here.

    Raises:
        UsageError: there is no such kind, or polars is asked for and not installed.
    """
    one_of("kind of frame", frames, get_args(Frames))
    if frames == "polars":
        try:
            import polars  # noqa: F401
        except ImportError:
            raise UsageError(
                "polars is not installed", "`pip install polars` into this environment, or take pandas or arrow"
            ) from None
    return frames


def frame(answer: Rows | pa.Table, frames: str) -> Any:
    """An answer as a frame of the kind asked for.

    In Arrow and polars amounts are decimals of 38 digits, as in the warehouse; sums of theirs go around beyond 10^20
    token units, so that what may reach it is summed by `sql`. In pandas amounts are decimals of 76 digits, as
    `ArrowDtype`: `sum`, `mean`, `groupby` and comparisons are exact. Python's Decimal, which pandas would take else,
    rounds a sum to 28 digits without a word; a float rounds from 2^53 on. What Arrow has no exact result for, such as
    a ratio, it refuses: `.astype(float)` says that rounding is meant. Whole numbers and truth values may be missing
    (`Int64`, `boolean`), days and times are `datetime64`, UTC.

    Args:
        answer: Columns and rows of a question, or a table.
        frames: pandas, arrow or polars.
    """
    table = answer if isinstance(answer, pa.Table) else arrow(answer)
    if frames == "pandas":
        return table.to_pandas(types_mapper=_pandas_type, date_as_object=False)
    if frames == "polars":
        import polars as pl

        return pl.from_arrow(table)
    return table


def page(value: Any, frames: str) -> Any:
    """An answer of several parts: rows become frames, all else stays what it is."""
    if isinstance(value, Records) and not any(isinstance(part, Records) for row in value for part in row.values()):
        return frame(value.rows, frames)
    if isinstance(value, list):
        return [page(item, frames) for item in value]
    if isinstance(value, dict):
        return {key: page(item, frames) for key, item in value.items()}
    return value


def arrow(answer: Rows) -> pa.Table:
    """Columns and rows as a table with the types of the engine, also where it is empty."""
    columns, rows = answer
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [pa.array(column, _arrow_type(kind)) for column, kind in zip(values, answer.types, strict=True)]
    return pa.Table.from_arrays(arrays, names=columns)


@cache
def _arrow_type(kind: str) -> pa.DataType:
    """The Arrow type that the engine gives a type of its own; JSON is text."""
    with duckdb.connect() as connection:
        return connection.execute(f"select null::{kind.replace('JSON', 'VARCHAR')} as value").to_arrow_table()[0].type


def _pandas_type(kind: pa.DataType) -> Any:
    import pandas as pd

    if pa.types.is_decimal(kind):
        return pd.ArrowDtype(pa.decimal256(76, kind.scale))
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    if pa.types.is_integer(kind):
        sign = "UInt" if pa.types.is_unsigned_integer(kind) else "Int"
        return pd.api.types.pandas_dtype(f"{sign}{kind.bit_width}")
    return None
