"""DuckDB's extensions out of installed packages, never from the network."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from flow_pipeline.domain.errors import FlowError, UsageError


def missing(package: str) -> UsageError:
    """The refusal where what reads and writes lakes is not installed."""
    return UsageError(f"{package} is not installed", 'pip install "netraflow[lake]"')


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Have a connection know an extension.

    Raises:
        UsageError: its package is not installed.
        FlowError: the package is for another version of DuckDB.
    """
    file = str(_file_of(name)).replace("'", "''")
    connection.execute(f"load '{file}'")


def _file_of(name: str) -> Path:
    package = f"duckdb_extension_{name}"
    spec = find_spec(package)
    version = duckdb.__version__
    found = Path(spec.origin).parent.glob(f"extensions/v{version}/*.duckdb_extension") if spec and spec.origin else ()
    file = next(iter(found), None)
    if file is None and spec:
        raise FlowError(
            f"{package.replace('_', '-')} is not the one for duckdb {version}", 'pip install "netraflow[lake]"'
        )
    if file is None:
        raise missing(package.replace("_", "-"))
    return file
