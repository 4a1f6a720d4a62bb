"""How answers leave: JSON, CSV or Arrow as asked, in pages whose cursor carries its run.

A browser that has an answer is told so instead of getting it again. A cursor goes on in the run in which it began, for
as long as that run is kept, in the list that it is of.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
import pyarrow as pa
from fastapi import Query, Request, Response

from flow_pipeline.domain.errors import FlowError, UsageError
from flow_pipeline.domain.text import csv_cell, harmless
from flow_pipeline.questions.rows import Rows
from flow_pipeline.questions.rows import jsonable as plainly

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"
FORMATS = (JSON, CSV, ARROW)
NAMES = {"json": JSON, "csv": CSV, "arrow": ARROW}
"""Forms as an address asks for them, where nobody sets headers."""
PROBLEM = "application/problem+json"
_LONGEST_CURSOR = 2_000
_NOT_FILTERS = ("cursor", "limit", "format")


class NotAcceptable(FlowError):
    """No form that was asked for is spoken."""


def jsonable(value: Any) -> Any:
    """A value for JSON as all of the project writes it, but that times say that they are UTC."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return f"{value.isoformat()}Z"
    return list(value) if isinstance(value, set | frozenset | tuple) else plainly(value)


def to_json(value: Any) -> bytes:
    """JSON of anything that a question gives; times are UTC and end with Z."""
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
    return orjson.dumps(_plain(value), default=jsonable, option=options)


def _plain(value: Any) -> Any:
    """Subclasses of list and dict as what they are; whole numbers beyond 64 bits as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


class Answer(Response):
    """JSON as this API writes it."""

    media_type = JSON

    def render(self, content: Any) -> bytes:
        """Bytes of the body."""
        return to_json(content)


def wanted_format(request: Request) -> str:
    """The form that the address names, else the one that the Accept header likes best.

    Raises:
        NotAcceptable: it names none that is spoken.
    """
    if (named := request.query_params.get("format")) is not None:
        if named not in NAMES:
            raise NotAcceptable(f"format={named[:40]}: no such form is spoken", f"choose from {', '.join(NAMES)}")
        return NAMES[named]
    best: tuple[float, int, str] | None = None
    accept = request.headers.get("accept") or "*/*"
    for place, part in enumerate(accept.split(",")):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        kind, _, _ = name.lower().partition("/")
        spoken = next((one for one in FORMATS if name.lower() == one), None)
        if (spoken is None and name in ("*/*", "")) or (kind == "application" and name.endswith("/*")):
            spoken = JSON
        elif spoken is None and name == "text/*":
            spoken = CSV
        if spoken and weight > 0 and (best is None or (weight, -place) > best[:2]):
            best = (weight, -place, spoken)
    if best is None:
        raise NotAcceptable(f"Accept: {accept[:100]}: no such form is spoken", f"ask for {', '.join(FORMATS)}")
    return best[2]


def answered(
    request: Request, run: str | None, body: bytes, form: str, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """An answer with its mark; without its body where whoever asks has it."""
    mark = f'W/"{run or ""}-{hashlib.sha256(body).hexdigest()[:16]}"'
    told = {"Vary": "Accept", "Cache-Control": "private, no-cache", "ETag": mark, **headers}
    if run:
        told["X-Run"] = run
    known = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    if request.method == "GET" and ("*" in known or mark in known or mark[2:] in known):
        return Response(status_code=304, headers=told)
    return Response(body, media_type=form, headers=told)


def filters_of(request: Request) -> str:
    """A mark of a list: its address and what it is asked for, but not which page."""
    asked = sorted((name, value) for name, value in request.query_params.multi_items() if name not in _NOT_FILTERS)
    path = request.scope["path"].removeprefix("/api/v1")
    return hashlib.sha256(json.dumps([path, asked]).encode()).hexdigest()[:8]


def cursor_of(request: Request, run: str | None, key: list[Any]) -> str:
    """The word that goes on behind a row: the run, a mark of the list, and the row's place in its order."""
    told = json.dumps([run or "", filters_of(request), *key], default=jsonable)
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[str, str, list[Any]]:
    """The run, the mark of the list and the place of a cursor.

    Raises:
        UsageError: it is none of ours.
    """
    try:
        run, mark, *key = json.loads(base64.urlsafe_b64decode(text[:_LONGEST_CURSOR] + "=" * (-len(text) % 4)))
        is_ours = isinstance(run, str) and isinstance(mark, str) and key
        if is_ours and all(isinstance(part, str | int | float | None) for part in key):
            return run, mark, key
    except (ValueError, TypeError, RecursionError):
        pass
    raise UsageError(f"cursor {text[:60]}: that is no cursor of this list", "take next_cursor of the page before")


def whole_number(key: list[Any]) -> int:
    """The place of a cursor of a list that is counted.

    Raises:
        UsageError: it is no number.
    """
    if len(key) != 1 or not isinstance(key[0], int) or isinstance(key[0], bool) or not 0 <= key[0] < 2**62:
        raise UsageError("the cursor is of another list", "take next_cursor of the page before")
    return key[0]


def text_of(key: list[Any]) -> str | None:
    """The place of a cursor of a list that goes on behind a name; None for the first page.

    Raises:
        UsageError: it is no name.
    """
    if not key:
        return None
    if len(key) != 1 or not isinstance(key[0], str):
        raise UsageError("the cursor is of another list", "take next_cursor of the page before")
    return key[0]


def with_cursor(request: Request, cursor: str) -> str:
    """The address of a request, as it was sent, with another cursor."""
    path = request.scope["raw_path"].decode("ascii")
    return f"{path}?{urlencode({**dict(request.query_params), 'cursor': cursor})}"


def page(
    request: Request, run: str | None, found: Rows, next_key: list[Any] | None, more: Mapping[str, Any] | None = None
) -> Response:
    """One page of a list in the form asked for.

    Args:
        request: Whose Accept header decides.
        run: Of the file that was asked; None for what no run published.
        found: Columns, rows and types.
        next_key: Place of the last row where there is another behind it.
        more: Beside the items, in JSON alone.
    """
    form = wanted_format(request)
    cursor = cursor_of(request, run, next_key) if next_key is not None else None
    headers = {"Link": f'<{with_cursor(request, cursor)}>; rel="next"'} if cursor else {}
    columns, rows = found
    if form == CSV:
        return answered(request, run, _csv(columns, rows).encode(), "text/csv; charset=utf-8", headers)
    if form == ARROW:
        return answered(request, run, _arrow(found), ARROW, headers)
    items = [dict(zip(columns, row, strict=True)) for row in rows]
    told = {"items": items, "next_cursor": cursor, "run": run, **(more or {})}
    return answered(request, run, to_json(told), JSON, headers)


def single(request: Request, run: str | None, found: Mapping[str, Any]) -> Response:
    """One thing with what belongs to it, as JSON.

    Raises:
        NotAcceptable: another form is asked for.
    """
    if wanted_format(request) != JSON:
        raise NotAcceptable("this is no table: it is told as JSON alone", f"ask for {JSON}")
    return answered(request, run, to_json({**found, "run": run}), JSON)


def _csv(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        value = json.dumps(value, default=jsonable, ensure_ascii=False)
    if isinstance(value, str):
        return csv_cell(harmless(value))
    return jsonable(value) if isinstance(value, Decimal | date | datetime) else value


def _arrow(found: Rows) -> bytes:
    """An Arrow stream; what has no type of its own, such as JSON and lists of structs, is text."""
    columns, rows = found
    arrays = []
    for place, kind in enumerate(found.types):
        values = [row[place] for row in rows]
        known = _ARROW.get(kind.partition("(")[0])
        if kind.startswith("DECIMAL("):
            width, scale = (int(part) for part in kind[8:-1].split(","))
            known = pa.decimal128(width, scale)
        if kind == "VARCHAR[]":
            known = pa.list_(pa.string())
        if known is None:
            values = [None if value is None else str(_cell(value)) for value in values]
        arrays.append(pa.array(values, known or pa.string()))
    sink = io.BytesIO()
    table = pa.Table.from_arrays(arrays, names=columns)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


_ARROW = {
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}


def problem(status: int, title: str, detail: str, way_out: str = "", **more: Any) -> Response:
    """An error as RFC 9457 says; `way_out` is what to do about it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": harmless(detail), **more}
    if way_out:
        body["way_out"] = harmless(way_out)
    return Response(to_json(body), status, media_type=PROBLEM, headers={"Cache-Control": "no-store"})


Cursor = Annotated[str | None, Query(max_length=_LONGEST_CURSOR, description="next_cursor of the page before")]
