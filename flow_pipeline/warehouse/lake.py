"""Opening lakes and databases from DuckDB: its extensions out of installed packages, never from the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import duckdb

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.settings import Settings, object_store
from flow_pipeline.warehouse.extensions import load_extension
from flow_pipeline.warehouse.store import Connection, engine_config


def text(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name as an SQL identifier, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def lake_connection(settings: Settings, *extensions: str) -> Iterator[Connection]:
    """An empty database in memory with extensions of DuckDB; `httpfs` also gives it the way to S3.

    Raises:
        UsageError: an extension is not installed, or there are no credentials.
    """
    with closing(duckdb.connect(config=engine_config(settings))) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        for name in extensions:
            load_extension(connection, name)
        if "httpfs" in extensions:
            _let_into_s3(connection)
        yield connection


def _let_into_s3(connection: Connection) -> None:
    store = object_store()
    options = {"key_id": store.key, "secret": store.secret, "session_token": store.token, "region": store.region}
    said = ", ".join(f"{name} {text(value)}" for name, value in options.items() if value)
    if store.endpoint:
        server = urlsplit(store.endpoint)
        said += f", endpoint {text(server.netloc)}, url_style 'path', use_ssl {str(server.scheme == 'https').lower()}"
    connection.execute(f"create secret (type s3, {said})")


def delta_options() -> dict[str, str]:
    """How delta-rs reaches S3."""
    store = object_store()
    options = {
        "aws_access_key_id": store.key,
        "aws_secret_access_key": store.secret,
        "aws_session_token": store.token,
        "aws_region": store.region,
        "aws_endpoint_url": store.endpoint,
        "aws_allow_http": str(store.endpoint.startswith("http://")).lower(),
        "aws_conditional_put": "etag",
    }
    return {name: value for name, value in options.items() if value}


def attach_postgres(connection: Connection, address: str, name: str = "pg", is_read_only: bool = False) -> None:
    """Attach a database of Postgres; a password comes from the address or from PGPASSWORD.

    Raises:
        FlowError: it does not let us in.
    """
    mode = ", read_only" if is_read_only else ""
    try:
        connection.execute(f"attach {text(address)} as {name} (type postgres{mode})")
    except duckdb.Error as error:
        raise FlowError(
            f"the database does not let us in: {without_address(error, address)}",
            "check the address; a password comes from PGPASSWORD, or with the whole address from env:NAME",
        ) from None


def without_address(error: Exception, address: str) -> str:
    """What the client says of Postgres, in a line and without the address, which may hold a password."""
    said = str(error).replace(address, "…")
    password = urlsplit(address).password
    said = said.replace(password, "…") if password else said
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = next((line for line in lines if "ERROR:" in line or "FATAL:" in line), lines[0] if lines else "")
    return told.rpartition('"…": ')[2][:300]
