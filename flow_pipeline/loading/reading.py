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
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import literal, quoted
from flow_pipeline.sources.files import CHAIN_COLUMNS, JSON_WRAPPERS, SNIFF_BYTES, InputFile, open_bytes
from flow_pipeline.warehouse.store import Connection

_LINES = "delim='\x01', quote='', escape='', comment='', header=false, columns={'line': 'VARCHAR'}, auto_detect=false, strict_mode=false"


@dataclass(frozen=True)
class Relation:
    """A readable relation with a `source_row` column; malformed rows stand in the temporary table `malformed`."""

    sql: str


def with_parquet_columns(connection: Connection, file: InputFile) -> InputFile:
    """A Parquet file with its columns and types filled in, and its chain where there is only one: a constant costs nothing per row.

    Raises:
        Unreadable: the footer or schema is broken.
    """
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(file.path))})").fetchall()
    except duckdb.Error as error:
        raise _unreadable(file, error) from None
    found = replace(file, columns=tuple(row[0] for row in rows), types={row[0]: row[1] for row in rows})
    chain = found.find(*CHAIN_COLUMNS)
    if chain is None:
        return found
    values = connection.execute(
        f"SELECT DISTINCT {quoted(chain)} FROM read_parquet({literal(str(file.path))}) LIMIT 2"
    ).fetchall()
    return replace(found, constants={chain: str(values[0][0])}) if len(values) == 1 and values[0][0] else found


def with_json_columns(connection: Connection, file: InputFile, settings: SourceSettings) -> InputFile:
    """A JSON file with the keys of all its objects, not only of the first ones: a key that appears late is a column too.

    Raises:
        Unreadable: a document that holds no list of objects.
    """
    try:
        if file.kind == "json":
            _stage_document(connection, file, settings)
        elif file.path.stat().st_size > SNIFF_BYTES or file.is_gzip:
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE lines AS SELECT line FROM read_csv({literal(str(file.path))}, {_LINES}, compression='{'gzip' if file.is_gzip else 'none'}', "
                f"max_line_size={settings.max_line_bytes}, ignore_errors=true) WHERE json_valid(line) AND ltrim(line) LIKE '{{%'"
            )
        else:
            return file
        keys = [
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT unnest(json_keys(line)) FROM lines WHERE json_type(line) = 'OBJECT'"
            ).fetchall()
        ]
    except (duckdb.Error, EOFError, OSError, zlib.error, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None
    return replace(file, columns=(*file.columns, *sorted(set(keys) - set(file.columns))))


def _stage_document(connection: Connection, file: InputFile, settings: SourceSettings) -> None:
    """Stage `lines(line_row, line JSON)` of a document: a list of objects, such a list under a known key, or one object."""
    with open_bytes(file.path, file.is_gzip) as handle:
        document = handle.read(settings.max_json_bytes + 1)
    if len(document) > settings.max_json_bytes:
        raise Unreadable(
            f"{file.path}: JSON document over {settings.max_json_bytes} bytes",
            "raise sources.max_json_bytes, or convert it to JSON Lines",
        )
    wrapped = " ".join(
        f"WHEN json_type(doc->'$.{name}') = 'ARRAY' THEN (doc->'$.{name}')::JSON[]" for name in JSON_WRAPPERS
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE lines AS SELECT generate_subscripts(items, 1) AS line_row, unnest(items) AS line FROM "
        f"(SELECT CASE WHEN json_type(doc) = 'ARRAY' THEN doc::JSON[] {wrapped} ELSE [doc] END AS items FROM (SELECT ?::JSON AS doc))",
        [document.decode("utf-8-sig")],
    )
    row = connection.execute("SELECT count(*) FROM lines WHERE json_type(line) <> 'OBJECT'").fetchone()
    if row and row[0]:
        raise Unreadable(
            f"{file.path}: {row[0]} items of the document are not objects", "give a list of objects, or JSON Lines"
        )


def stage(connection: Connection, file: InputFile, settings: SourceSettings, explode: str | None) -> Relation:
    """Make the file's rows a relation.

    Raises:
        Unreadable: the file can not be read at all.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE malformed (source_row BIGINT, message VARCHAR, raw_text VARCHAR)")
    try:
        if file.kind == "parquet":
            path = literal(str(file.path))
            own = [quoted(column) for column in file.columns if column.lower() == "source_row"]
            rest = f"* EXCLUDE ({', '.join(own)})" if own else "*"
            return Relation(
                f"(SELECT {rest}, file_row_number + 1 AS source_row FROM read_parquet({path}, file_row_number = true))"
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
    return Relation("staged")


def _check_gzip(file: InputFile) -> None:
    """Read to the end once: DuckDB checks neither the end nor the checksum of a gzip file."""
    with open_bytes(file.path, True) as handle:
        while handle.read(1 << 20):
            pass


def _unreadable(file: InputFile, error: Exception) -> Unreadable:
    return Unreadable(f"{file.path}: can not be read: {str(error).splitlines()[0]}", "fetch or export the file again")


def _stage_csv(connection: Connection, file: InputFile, settings: SourceSettings) -> None:
    try:
        _read_csv(connection, file, settings, file.path, file.is_gzip, skip=1)
        unclear = connection.execute(
            "SELECT count(*) FROM malformed WHERE contains(rtrim(raw_text, chr(10) || chr(13)), chr(10)) OR message LIKE 'Maximum line size%'"
        ).fetchone()
        if unclear and not unclear[0]:
            return
    except duckdb.Error:
        pass
    with tempfile.TemporaryDirectory(prefix="netraflow-") as folder:
        clean = Path(folder) / "clean.csv"
        set_aside = _set_aside_broken_lines(file, clean, settings.max_line_bytes)
        _read_csv(connection, file, settings, clean, False, skip=0, set_aside=set_aside)


def _read_csv(
    connection: Connection,
    file: InputFile,
    settings: SourceSettings,
    path: Path,
    is_gzip: bool,
    skip: int,
    set_aside: list[tuple[int, str, str]] | None = None,
) -> None:
    columns = [*file.columns, *(["_trailing"] if file.has_trailing_column else [])]
    spec = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    connection.execute("DROP TABLE IF EXISTS csv_errors; DROP TABLE IF EXISTS csv_scans; DELETE FROM malformed")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE accepted AS SELECT row_number() OVER () AS accepted_row, * FROM read_csv({literal(str(path))}, "
        f"delim={literal(file.delimiter)}, quote='\"', escape='\"', header=false, skip={skip}, columns={{{spec}}}, auto_detect=false, "
        f"strict_mode=true, null_padding=false, compression='{'gzip' if is_gzip else 'none'}', max_line_size={settings.max_line_bytes}, "
        "store_rejects=true, rejects_limit=0, rejects_table='csv_errors', rejects_scan='csv_scans')"
    )
    connection.execute(
        f"INSERT INTO malformed SELECT line - {skip}, arg_min(error_message, error_message), left(any_value(csv_line), {settings.max_raw_text * 10}) "
        "FROM csv_errors GROUP BY line"
    )
    connection.execute("DROP TABLE IF EXISTS csv_errors; DROP TABLE IF EXISTS csv_scans")
    if set_aside:
        connection.executemany("INSERT INTO malformed VALUES (?, ?, ?)", set_aside)
    _number_rows(connection)


def _number_rows(connection: Connection) -> None:
    """Give accepted rows their place in the file: their own count plus the malformed rows before them."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE staged AS
        WITH shifts AS (
            SELECT source_row - row_number() OVER (ORDER BY source_row) AS last_before, row_number() OVER (ORDER BY source_row) AS shift FROM malformed
        ), steps AS (SELECT last_before + 1 AS first_after, max(shift) AS shift FROM shifts GROUP BY last_before)
        SELECT a.accepted_row + coalesce(s.shift, 0) AS source_row, a.* EXCLUDE (accepted_row)
        FROM accepted a ASOF LEFT JOIN steps s ON a.accepted_row >= s.first_after
    """)
    connection.execute("DROP TABLE accepted")


def _set_aside_broken_lines(file: InputFile, clean: Path, max_line_bytes: int) -> list[tuple[int, str, str]]:
    """Copy the well-formed data lines; return (row, message, text) of the others. Lines are read one at a time: memory stays bounded."""
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
    """Stage `lines(line_row, line JSON)`: one JSON object each; what is not becomes malformed."""
    path = literal(str(file.path))
    if file.kind == "json":
        _stage_document(connection, file, settings)
        return
    connection.execute("DROP TABLE IF EXISTS csv_errors; DROP TABLE IF EXISTS csv_scans")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE accepted AS SELECT row_number() OVER () AS accepted_row, line FROM read_csv({path}, {_LINES}, "
        f"compression='{'gzip' if file.is_gzip else 'none'}', max_line_size={settings.max_line_bytes}, "
        "store_rejects=true, rejects_limit=0, rejects_table='csv_errors', rejects_scan='csv_scans') WHERE trim(line) <> ''"
    )
    connection.execute(
        f"INSERT INTO malformed SELECT line, arg_min(error_message, error_message), left(any_value(csv_line), {settings.max_raw_text}) "
        "FROM csv_errors GROUP BY line"
    )
    connection.execute("DROP TABLE IF EXISTS csv_errors; DROP TABLE IF EXISTS csv_scans")
    _number_rows(connection)
    connection.execute(
        "INSERT INTO malformed SELECT source_row, 'not a JSON object', line FROM staged WHERE NOT (json_valid(line) AND ltrim(line) LIKE '{%')"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE lines AS SELECT source_row AS line_row, line::JSON AS line FROM staged WHERE json_valid(line) AND ltrim(line) LIKE '{%'"
    )


def _stage_json(connection: Connection, file: InputFile, explode: str | None) -> None:
    if explode:
        connection.execute("UPDATE malformed SET source_row = -source_row")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE staged AS SELECT row_number() OVER (ORDER BY line_row, ordinal) AS source_row, * FROM ({explode})"
        )
        connection.execute(
            "UPDATE malformed SET source_row = (SELECT count(*) FROM staged) + n FROM "
            "(SELECT source_row AS old, row_number() OVER (ORDER BY source_row DESC) AS n FROM malformed) o WHERE malformed.source_row = o.old"
        )
        return
    names = ", ".join(
        f"line->>{literal('$.' + chr(34) + column + chr(34))} AS {quoted(column)}" for column in file.columns
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT line_row AS source_row, {names} FROM lines")
