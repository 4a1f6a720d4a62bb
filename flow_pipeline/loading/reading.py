"""From an input file to a relation: Parquet is read in place, text is staged once in a temporary table.

Text is split by DuckDB's strict CSV reader. Where that gives up (mixed line ends, a stray quote that swallows the lines
after it), the lines that are no well-formed CSV are set aside first and the rest is read as before. JSON is parsed
once; the values of a row become columns by their pointers.
"""

from __future__ import annotations

import codecs
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from flow_pipeline.domain.errors import FlowError, Unreadable
from flow_pipeline.domain.sql import statements
from flow_pipeline.loading.relations import STAGED_ROWS
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import vocabulary
from flow_pipeline.sources.evidence import TOO_WIDE
from flow_pipeline.sources.fields import Shape, literal, quoted
from flow_pipeline.sources.files import InputFile, Mixed, json_views, parsed
from flow_pipeline.warehouse.faults import first_line, stopping, way_out_of
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def views_of(connection: Connection, file: InputFile, settings: SourceSettings) -> list[InputFile]:
    """The file with its columns, as its rows may be meant: one view of a table, one or more of JSON.

    Raises:
        Unreadable: broken, nested too deep, or too many columns.
    """
    if file.kind == "csv":
        return [file]
    if file.kind == "parquet":
        return [_with_parquet_columns(connection, file)]
    try:
        _make_malformed_rows(connection)
        if file.kind == "jsonl":
            _check_depth(file, settings)
        _stage_lines(connection, file, settings)
        structure = connection.execute("select json_group_structure(line) from lines").fetchone()
        grouped = json.loads(structure[0]) if structure and structure[0] else {}
        _resolve_mixed(connection, grouped, "$")
    except (duckdb.Error, OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None
    views = [replace(view, constants=_outer_chain(connection, view)) for view in json_views(file, grouped)]
    widest = max((len(view.columns) for view in views), default=0)
    if widest > settings.max_columns:
        raise Unreadable(
            f"{file.path}: {widest:,} different keys: its keys are values (a table by address, say), not columns",
            "give one object per transfer, or raise sources.max_columns",
        )
    return views


def _resolve_mixed(connection: Connection, structure: Any, path: str) -> None:
    """Fill in the objects of keys that hold an object in one value and text in another, at any depth.

    Args:
        connection: A connection with the relation `lines`.
        structure: What json_group_structure tells of the values at a path; changed in place.
        path: JSON path of the values inside a line.
    """
    if isinstance(structure, list) and structure:
        _resolve_mixed(connection, structure[0], f"{path}[*]")
    if not isinstance(structure, dict):
        return
    for key, item in structure.items():
        if '"' in key:
            continue
        inner = f'{path}."{key}"'
        if item == "JSON":
            statement = sql("reading_json_objects", unnested="unnest" if "[*]" in inner else "")
            row = connection.execute(statement, {"path": inner}).fetchone()
            objects = json.loads(row[0] if row and row[0] else "null")
            if isinstance(objects, dict) and objects:
                structure[key] = Mixed(objects)
        else:
            _resolve_mixed(connection, item, inner)


def lost_lists(connection: Connection, file: InputFile) -> list[str]:
    """Lists of transfers inside the rows that are staged, which no column holds."""
    found = []
    for name in (one for one in file.lists if "transfer" in one.lower()):
        inside = f"line -> {literal('/' + name.replace('.', '/'))}"
        row = connection.execute(f"select 1 from lines where json_array_length({inside}) > 0 limit 1").fetchone()
        found += [name] if row else []
    return found


def _outer_chain(connection: Connection, view: InputFile) -> dict[str, str]:
    """The chain that an answer names outside its rows, where it names one: `data.chain_id`."""
    inside = ""
    for pointer, is_list in view.steps:
        for name in vocabulary.COLUMNS["chain"]:
            at = f"line ->> {literal(f'{inside}/{name}')}"
            try:
                found = connection.execute(f"select distinct {at} from lines where {at} is not null limit 2").fetchall()
            except duckdb.Error:
                found = []
            if len(found) == 1:
                return {name: str(found[0][0])}
        if is_list:
            break
        inside += pointer
    return {}


def answer_of(connection: Connection, file: InputFile) -> str | None:
    """The words of an API that answers with an error instead of rows; None where the file is no such answer."""
    if file.kind not in ("json", "jsonl"):
        return None
    for (line,) in connection.execute("select line::varchar from lines limit 100").fetchall():
        answer = parsed(line)
        if isinstance(answer, dict) and (words := _error_words(answer)):
            return words
    return None


def partial_answer(connection: Connection) -> str | None:
    """The words of errors that stand beside rows, as GraphQL answers in part."""
    row = connection.execute(
        "select line ->> '/errors/0/message' from lines where json_type(line -> '/errors') = 'ARRAY' limit 1"
    ).fetchone()
    return str(row[0]) if row and row[0] else None


def has_no_rows(connection: Connection, file: InputFile) -> bool:
    """True for the honest empty page of an API: a list of rows that holds none, and no error beside it."""
    if file.kind not in ("json", "jsonl") or answer_of(connection, file):
        return False
    documents = [parsed(line) for (line,) in connection.execute("select line::varchar from lines limit 2").fetchall()]
    if not documents:
        return file.kind == "json"
    return all(isinstance(one, dict) and _has_an_empty_list(one) for one in documents)


def _has_an_empty_list(answer: dict[str, Any], depth: int = 3) -> bool:
    lists = [value for value in answer.values() if isinstance(value, list)]
    inner = [value for value in answer.values() if isinstance(value, dict)]
    if lists:
        return all(value == [] for value in lists)
    return depth > 0 and any(_has_an_empty_list(value, depth - 1) for value in inner)


def _error_words(answer: dict[str, Any]) -> str | None:
    """What an API's answer says of its failure: Etherscan's NOTOK, JSON-RPC's and GraphQL's errors, plain messages."""
    if str(answer.get("status")) in ("0", "error", "NOTOK") and "message" in answer:
        result = answer.get("result")
        if isinstance(result, list) or str(answer["message"]).lower().startswith("no "):
            return None
        return str(result or answer["message"])
    for key in ("error", "errors", "Error", "detail", "error_message", "fault"):
        value = answer.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            return str(value.get("message") or value.get("reason") or value)
        if isinstance(value, str) and value.strip():
            return value
    result = answer.get("result")
    if isinstance(result, str) and re.fullmatch("[0-9a-fA-F]{160,}", result):
        return "a block or transaction in hexadecimal (Bitcoin Core, verbosity 0): ask for verbosity 3"
    if (answer.get("success") is False or answer.get("error") is True) and answer.get("message"):
        return str(answer["message"])
    if "message" in answer and not any(isinstance(value, list | dict) for value in answer.values()):
        return str(answer["message"])
    return None


def _with_parquet_columns(connection: Connection, file: InputFile) -> InputFile:
    """A Parquet file with its columns and types filled in, and its chain where there is only one.

    A constant costs nothing per row.
    """
    relation = f"read_parquet({literal(_no_pattern(file.content))})"
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
        wide = connection.execute(sql("reading_wide_decimals"), {"path": _no_pattern(file.content)}).fetchall()
        kinds = {row[0]: row[1] for row in described} | {name: TOO_WIDE for (name,) in wide}
        nested = [name for name, kind in kinds.items() if kind.startswith("STRUCT(") and not kind.endswith("]")]
        pointers = _fields_of_structs(connection, relation, nested)
        types = {name: kind for name, kind in kinds.items() if name not in nested}
        types |= {name: kind for name, (_, kind) in pointers.items()}
        tidy = connection.execute(sql("reading_parquet_tidy"), {"path": _no_pattern(file.content)}).fetchall()
        found = replace(
            file,
            columns=tuple(types),
            types=types,
            pointers={name: expression for name, (expression, _) in pointers.items()},
            lists=tuple(name for name, kind in types.items() if kind.endswith("[]")),
            tidy=frozenset(name for (name,) in tidy if types.get(name) == "VARCHAR" and name not in pointers),
        )
        chain = found.find(*vocabulary.COLUMNS["chain"])
        if chain is None:
            return found
        values = connection.execute(f"select distinct {quoted(chain)} from {relation} limit 2").fetchall()
    except duckdb.Error as error:
        raise _unreadable(file, error) from None
    is_one = len(values) == 1 and values[0][0] not in (None, "")
    return replace(found, constants={chain: str(values[0][0])}) if is_one else found


def _fields_of_structs(connection: Connection, relation: str, names: list[str]) -> dict[str, tuple[str, str]]:
    """SQL and type of every value inside columns of objects, by its path (`from.hash`), as in JSON."""
    found: dict[str, tuple[str, str]] = {}
    waiting = [(name, quoted(name)) for name in names]
    while waiting:
        path, expression = waiting.pop(0)
        described = connection.execute(f"describe select unnest({expression}) from {relation}").fetchall()
        for inner, kind, *_ in described:
            at = f"{expression}[{literal(inner)}]"
            if kind.startswith("STRUCT(") and not kind.endswith("]"):
                waiting.append((f"{path}.{inner}", at))
            else:
                found[f"{path}.{inner}"] = (at, kind)
    return found


def _no_pattern(path: Path) -> str:
    """A path that the engine does not take for a pattern: `[`, `*` and `?` stand for themselves."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _text_options(file: InputFile, settings: SourceSettings) -> dict[str, object]:
    """What the reader of text is told about a file."""
    return {
        "path": _no_pattern(file.content),
        "compression": "none",
        "max_line_size": settings.max_line_bytes,
    }


def _stage_document(connection: Connection, file: InputFile, settings: SourceSettings) -> None:
    """Stage `lines` of a document: the items of a list, or the one object."""
    with file.content.open("rb") as handle:
        document = handle.read(settings.max_json_bytes + 1)
    if len(document) > settings.max_json_bytes:
        raise Unreadable(
            f"{file.path}: JSON document over {settings.max_json_bytes} bytes",
            "raise sources.max_json_bytes, or convert it to JSON Lines",
        )
    _check_depth_of(file, document, settings)
    connection.execute(sql("reading_json_document"), {"document": document.decode("utf-8-sig")})
    row = connection.execute("select count(*) from lines where json_type(line) <> 'OBJECT'").fetchone()
    if row and row[0]:
        raise Unreadable(
            f"{file.path}: {row[0]} items of the document are not objects", "give a list of objects, or JSON Lines"
        )


def _check_depth(file: InputFile, settings: SourceSettings) -> None:
    with file.content.open("rb") as lines:
        while line := lines.readline(settings.max_line_bytes):
            if line.count(b"{") + line.count(b"[") > settings.max_json_depth:
                _check_depth_of(file, line, settings)


def _check_depth_of(file: InputFile, text: bytes, settings: SourceSettings) -> None:
    """Refuse JSON that is nested deeper than any answer: the engine's parser would not survive it."""
    signs = np.frombuffer(re.sub(rb'"(?:[^"\\]|\\.)*"', b"", text), dtype=np.uint8)
    opens, closes = (signs == 0x7B) | (signs == 0x5B), (signs == 0x7D) | (signs == 0x5D)
    depth = np.cumsum(opens.astype(np.int32) - closes).max(initial=0)
    if depth > settings.max_json_depth:
        raise Unreadable(
            f"{file.path}: JSON nested {depth:,} levels deep", "no export is; raise sources.max_json_depth if yours is"
        )


def stage(connection: Connection, file: InputFile, settings: SourceSettings, shape: Shape) -> str:
    """Make the file's rows a relation with a `source_row` column; what is no row of it goes to `malformed_rows`.

    Returns:
        The relation, as it stands after FROM.

    Raises:
        Unreadable: the file can not be read at all.
    """
    computed = "".join(f", {expression} as {quoted(name)}" for name, expression in shape.computed.items())
    try:
        if file.kind in ("parquet", "csv"):
            _make_malformed_rows(connection)
        if file.kind == "parquet":
            own = [quoted(column) for column in file.columns if column.lower() == "source_row"]
            rest = f"* exclude ({', '.join(own)})" if own else "*"
            rest += "".join(f", {expression} as {quoted(name)}" for name, expression in file.pointers.items())
            path = literal(_no_pattern(file.content))
            return (
                f"(select {rest}, file_row_number + 1 as source_row{computed} "
                f"from read_parquet({path}, file_row_number = true))"
            )
        if file.kind == "csv":
            _stage_csv(connection, file, settings)
        else:
            if _is_inside(file):
                _step_into_lines(connection, file)
            _stage_json(connection, file, shape.explode)
    except (duckdb.Error, EOFError, OSError) as error:
        raise _unreadable(file, error) from None
    return f"(select *{computed} from {STAGED_ROWS.name})" if computed else STAGED_ROWS.name


def _make_malformed_rows(connection: Connection) -> None:
    connection.execute(
        "create or replace temp table malformed_rows (source_row bigint, message varchar, raw_text varchar)"
    )


def texts_among(connection: Connection, rows: str, columns: tuple[str, ...]) -> list[str]:
    """Those of some columns that rows have, and have as text."""
    found = connection.execute(f"describe select * from {rows}").fetchall()
    texts = {name for name, kind, *_ in found if kind == "VARCHAR"}
    return [column for column in columns if column in texts]


def _unreadable(file: InputFile, error: Exception) -> FlowError:
    way_out = way_out_of(error, "fetch or export the file again")
    return stopping(error) or Unreadable(f"{file.path}: can not be read: {first_line(error)}", way_out)


def _stage_csv(connection: Connection, file: InputFile, settings: SourceSettings) -> None:
    try:
        _read_csv(connection, file, settings, _text_options(file, settings), skip=file.lines_before)
        unclear = connection.execute(
            "select count(*) from malformed_rows where contains(rtrim(raw_text, chr(10) || chr(13)), chr(10)) "
            "or message like 'Maximum line size%'"
        ).fetchone()
        if unclear and not unclear[0]:
            return
    except duckdb.Error:
        pass
    with tempfile.TemporaryDirectory(prefix="netraflow-") as folder:
        clean = Path(folder) / "clean.csv"
        set_aside = _set_aside_broken_lines(file, clean, settings.max_line_bytes)
        options = {**_text_options(file, settings), "path": str(clean)}
        _read_csv(connection, file, settings, options, skip=0, set_aside=set_aside)


def _read_csv(
    connection: Connection,
    file: InputFile,
    settings: SourceSettings,
    options: dict[str, object],
    skip: int,
    set_aside: list[tuple[int, str, str]] | None = None,
) -> None:
    columns = [*file.columns, *(["_trailing"] if file.has_trailing_column else [])]
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    _drop_errors(connection)
    connection.execute("delete from malformed_rows")
    connection.execute(
        sql("reading_csv_rows", columns=f"{{{types}}}"), {**options, "delimiter": file.delimiter, "skip": skip}
    )
    _take_errors(connection, skip, settings.max_raw_text * 10)
    if set_aside:
        connection.executemany("insert into malformed_rows values (?, ?, ?)", set_aside)
    _number_rows(connection, file)
    _set_headers_aside(connection, file)


def _set_headers_aside(connection: Connection, file: InputFile) -> None:
    """Rows that are the header again, as in files put one behind another, are no transfers."""
    first = file.columns[:3]
    is_header = " and ".join(f"trim({quoted(column)}) = {literal(column)}" for column in first)
    if connection.execute(f"select 1 from staged_rows where {is_header} limit 1").fetchone():
        connection.execute(
            "insert into malformed_rows select source_row, 'the header stands here again', "
            f"{quoted(file.columns[0])} from staged_rows where {is_header}"
        )
        connection.execute(f"delete from staged_rows where {is_header}")


def _take_errors(connection: Connection, skip: int, max_text: int) -> None:
    """Lines that the reader refused become malformed rows."""
    connection.execute(sql("reading_malformed_rows"), {"skip": skip, "max_text": max_text})
    _drop_errors(connection)


def _drop_errors(connection: Connection) -> None:
    connection.execute("drop table if exists csv_errors; drop table if exists csv_scans")


def _number_rows(connection: Connection, file: InputFile) -> None:
    """Stage the well-formed rows with their place in the file, which is their own count where no row is malformed."""
    has_own = any(column.lower() == "source_row" for column in file.columns)
    if has_own or connection.execute("select 1 from malformed_rows limit 1").fetchone():
        connection.execute(sql("reading_numbered_rows"))
        connection.execute("drop table well_formed_rows")
        return
    connection.execute("drop table if exists staged_rows")
    connection.execute("alter table well_formed_rows rename column well_formed_row to source_row")
    connection.execute("alter table well_formed_rows rename to staged_rows")


def _set_aside_broken_lines(file: InputFile, clean: Path, max_line_bytes: int) -> list[tuple[int, str, str]]:
    """Copy the well-formed data lines; return (row, message, text) of the others.

    Lines are read one at a time: memory stays bounded.
    """
    delimiter = re.escape(file.delimiter.encode())
    value = rb'(?:"(?:[^"]|"")*"|[^"' + delimiter + rb"][^" + delimiter + rb"]*|)"
    others = len(file.columns) - 1 + file.has_trailing_column
    well_formed = re.compile(value + rb"(?:" + delimiter + value + rb"){%d}" % others).fullmatch
    decode: Callable[[bytes], tuple[str, int]] = codecs.getdecoder("utf-8")
    broken: list[tuple[int, str, str]] = []
    with file.content.open("rb") as lines, clean.open("wb") as out:
        for _ in range(file.lines_before):
            lines.readline(max_line_bytes)
        row = 0
        while line := lines.readline(max_line_bytes):
            message = ""
            if len(line) == max_line_bytes and not line.endswith(b"\n"):
                message = f"line longer than {max_line_bytes} bytes"
                while (rest := lines.readline(max_line_bytes)) and not rest.endswith(b"\n"):
                    pass
            text = line.rstrip(b"\r\n")
            if not text:
                continue
            row += 1
            if (not message and not well_formed(text)) or b"\r" in text:
                message = message or "quotes, columns or line ends do not match the header"
            if not message:
                try:
                    decode(text)
                except UnicodeDecodeError:
                    message = "not valid UTF-8"
            if message:
                broken.append((row, message, text[:2000].decode("utf-8", errors="replace").replace("\x00", "")))
            else:
                out.write(text + b"\n")
    return broken


def _stage_lines(connection: Connection, file: InputFile, settings: SourceSettings) -> None:
    """Stage `lines`: one JSON object each; what is none becomes malformed."""
    if file.kind == "json":
        _stage_document(connection, file, settings)
        return
    _drop_errors(connection)
    connection.execute(sql("reading_text_lines"), _text_options(file, settings))
    _take_errors(connection, 0, settings.max_raw_text)
    _number_rows(connection, file)
    is_object = "json_valid(line) and ltrim(line) like '{%'"
    connection.execute(
        "insert into malformed_rows "
        f"select source_row, 'not a JSON object', line from staged_rows where not ({is_object})"
    )
    connection.execute(
        "create or replace temp table lines as "
        f"select source_row as line_row, line::json as line from staged_rows where {is_object}"
    )


def _is_inside(file: InputFile) -> bool:
    """True where the rows lie inside documents or lines: their places are their own."""
    return file.steps not in ((), (("", True),))


def _step_into_lines(connection: Connection, file: InputFile) -> None:
    """Replace `lines` by the rows inside them; a line that has none says so, unless its list is empty."""
    connection.execute("update malformed_rows set source_row = -source_row")
    for pointer, is_list in file.steps:
        if pointer:
            item, kind = f"line -> {literal(pointer)}", "ARRAY" if is_list else "OBJECT"
            connection.execute(
                "insert into malformed_rows select -line_row, $message || left(line::varchar, 200), line::varchar "
                f"from lines where json_type({item}) is distinct from $kind",
                {"message": f"no rows at {pointer}: ", "kind": kind},
            )
            rows = f"unnest(json_extract({item}, '$[*]'))" if is_list else item
            connection.execute(sql("reading_json_step", item=item, kind=literal(kind), rows=rows))


def _value_at(file: InputFile, column: str, text: str) -> str:
    """SQL of the text of a column inside a line, also where a row has plain text for the object around it."""
    if column not in file.mixed:
        return text
    around = literal(file.mixed[column])
    return f"coalesce({text}, case when json_type(line -> {around}) = 'VARCHAR' then line ->> {around} end)"


def _stage_json(connection: Connection, file: InputFile, explode: str | None) -> None:
    is_numbered_anew = _is_inside(file)
    if explode:
        if not is_numbered_anew:
            connection.execute("update malformed_rows set source_row = -source_row")
        connection.execute(
            "create or replace temp table staged_rows as "
            f"select row_number() over (order by line_row, ordinal) as source_row, * from ({explode})"
        )
    else:
        # All values of a line at once: each pointer of its own would parse the line again.
        places = ", ".join(map(literal, file.pointers.values()))
        names = "".join(
            f", {_value_at(file, column, f'texts[{place}]')} as {quoted(column)}"
            for place, column in enumerate(file.pointers, 1)
        )
        connection.execute(
            f"create or replace temp table staged_rows as select line_row as source_row{names} "
            f"from (select line_row, line, line ->> [{places}]::varchar[] as texts from lines)"
        )
    if explode or is_numbered_anew:
        connection.execute(sql("reading_malformed_rows_last"))
