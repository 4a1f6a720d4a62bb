"""From an input file to a relation: Parquet is read in place, text is staged once in a temporary table.

Text is split by DuckDB's strict CSV reader. Where that gives up (mixed line ends, a stray quote that swallows the lines
after it), the lines that are no well-formed CSV are set aside first and the rest is read as before.
"""

from __future__ import annotations

import codecs
import re
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb

from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.domain.sql import statements
from flow_pipeline.loading.relations import STAGED_ROWS
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import literal, quoted
from flow_pipeline.sources.files import CHAIN_COLUMNS, JSON_WRAPPERS, SNIFF_BYTES, InputFile, open_bytes
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def with_parquet_columns(connection: Connection, file: InputFile) -> InputFile:
    """A Parquet file with its columns and types filled in, and its chain where there is only one.

    A constant costs nothing per row.

    Raises:
        Unreadable: the footer or schema is broken.
    """
    relation = f"read_parquet({literal(str(file.path))})"
    try:
        rows = connection.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error as error:
        raise _unreadable(file, error) from None
    found = replace(file, columns=tuple(row[0] for row in rows), types={row[0]: row[1] for row in rows})
    chain = found.find(*CHAIN_COLUMNS)
    if chain is None:
        return found
    values = connection.execute(f"select distinct {quoted(chain)} from {relation} limit 2").fetchall()
    return replace(found, constants={chain: str(values[0][0])}) if len(values) == 1 and values[0][0] else found


def with_json_columns(connection: Connection, file: InputFile, settings: SourceSettings) -> InputFile:
    """A JSON file with the keys of all its objects, not only of the first: a key that appears late is a column too.

    Raises:
        Unreadable: a document that holds no list of objects.
    """
    try:
        if file.kind == "json":
            _stage_document(connection, file, settings)
        elif file.path.stat().st_size > SNIFF_BYTES or file.is_gzip:
            connection.execute(sql("reading_json_lines"), _text_options(file, settings))
        else:
            return file
        found = connection.execute(
            "select distinct unnest(json_keys(line)) from lines where json_type(line) = 'OBJECT'"
        ).fetchall()
    except (duckdb.Error, EOFError, OSError, zlib.error, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None
    return replace(file, columns=(*file.columns, *sorted({row[0] for row in found} - set(file.columns))))


def _text_options(file: InputFile, settings: SourceSettings) -> dict[str, object]:
    """What the reader of text is told about a file."""
    return {
        "path": str(file.path),
        "compression": "gzip" if file.is_gzip else "none",
        "max_line_size": settings.max_line_bytes,
    }


def _stage_document(connection: Connection, file: InputFile, settings: SourceSettings) -> None:
    """Stage `lines` of a document: a list of objects, such a list under a known key, or one object."""
    with open_bytes(file.path, file.is_gzip) as handle:
        document = handle.read(settings.max_json_bytes + 1)
    if len(document) > settings.max_json_bytes:
        raise Unreadable(
            f"{file.path}: JSON document over {settings.max_json_bytes} bytes",
            "raise sources.max_json_bytes, or convert it to JSON Lines",
        )
    lists = " ".join(
        f"when json_type(doc -> '$.{name}') = 'ARRAY' then (doc -> '$.{name}')::json[]" for name in JSON_WRAPPERS
    )
    connection.execute(
        sql("reading_json_document", list_under_key=f"case {lists} end"), {"document": document.decode("utf-8-sig")}
    )
    row = connection.execute("select count(*) from lines where json_type(line) <> 'OBJECT'").fetchone()
    if row and row[0]:
        raise Unreadable(
            f"{file.path}: {row[0]} items of the document are not objects", "give a list of objects, or JSON Lines"
        )


def stage(connection: Connection, file: InputFile, settings: SourceSettings, explode: str | None) -> str:
    """Make the file's rows a relation with a `source_row` column; what is no row of it goes to `malformed_rows`.

    Returns:
        The relation, as it stands after FROM.

    Raises:
        Unreadable: the file can not be read at all.
    """
    connection.execute(
        "create or replace temp table malformed_rows (source_row bigint, message varchar, raw_text varchar)"
    )
    try:
        if file.kind == "parquet":
            path = literal(str(file.path))
            own = [quoted(column) for column in file.columns if column.lower() == "source_row"]
            rest = f"* exclude ({', '.join(own)})" if own else "*"
            return (
                f"(select {rest}, file_row_number + 1 as source_row from read_parquet({path}, file_row_number = true))"
            )
        if file.is_gzip:
            _check_gzip(file)
        if file.kind == "csv":
            _stage_csv(connection, file, settings)
        else:
            _stage_lines(connection, file, settings)
            _stage_json(connection, file, explode)
    except (duckdb.Error, EOFError, OSError, zlib.error) as error:
        raise _unreadable(file, error) from None
    return STAGED_ROWS.name


def _check_gzip(file: InputFile) -> None:
    """Read to the end once: DuckDB checks neither the end nor the checksum of a gzip file."""
    with open_bytes(file.path, True) as handle:
        while handle.read(1 << 20):
            pass


def _unreadable(file: InputFile, error: Exception) -> Unreadable:
    return Unreadable(f"{file.path}: can not be read: {str(error).splitlines()[0]}", "fetch or export the file again")


def _stage_csv(connection: Connection, file: InputFile, settings: SourceSettings) -> None:
    try:
        _read_csv(connection, file, settings, _text_options(file, settings), skip=1)
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
        options = {**_text_options(file, settings), "path": str(clean), "compression": "none"}
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
    _number_rows(connection)


def _take_errors(connection: Connection, skip: int, max_text: int) -> None:
    """Lines that the reader refused become malformed rows."""
    connection.execute(sql("reading_malformed_rows"), {"skip": skip, "max_text": max_text})
    _drop_errors(connection)


def _drop_errors(connection: Connection) -> None:
    connection.execute("drop table if exists csv_errors; drop table if exists csv_scans")


def _number_rows(connection: Connection) -> None:
    """Stage the well-formed rows with their place in the file."""
    connection.execute(sql("reading_numbered_rows"))
    connection.execute("drop table well_formed_rows")


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
    with open_bytes(file.path, file.is_gzip) as lines, clean.open("wb") as out:
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
    _number_rows(connection)
    is_object = "json_valid(line) and ltrim(line) like '{%'"
    connection.execute(
        "insert into malformed_rows "
        f"select source_row, 'not a JSON object', line from staged_rows where not ({is_object})"
    )
    connection.execute(
        "create or replace temp table lines as "
        f"select source_row as line_row, line::json as line from staged_rows where {is_object}"
    )


def _stage_json(connection: Connection, file: InputFile, explode: str | None) -> None:
    if explode:
        connection.execute("update malformed_rows set source_row = -source_row")
        connection.execute(
            "create or replace temp table staged_rows as "
            f"select row_number() over (order by line_row, ordinal) as source_row, * from ({explode})"
        )
        connection.execute(sql("reading_malformed_rows_last"))
        return
    names = ", ".join(
        f"line ->> {literal('$.' + chr(34) + column + chr(34))} as {quoted(column)}" for column in file.columns
    )
    connection.execute(f"create or replace temp table staged_rows as select line_row as source_row, {names} from lines")
