"""Fixtures: settings on a fresh data directory, small files, and the real data beside the project."""

from __future__ import annotations

import csv
import gzip
import os
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions, LoadReport, load_folder
from flow_pipeline.pipeline import RunResult, run
from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.store import open_build
from tests.browser import launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

with warnings.catch_warnings():
    # Third-party modules warn while they are imported; what they warn about is theirs to mend.
    warnings.simplefilter("ignore")
    import dbt.cli.main
    import great_expectations  # noqa: F401
    from dbt_common.behavior_flags import BehaviorFlagRendered

# dbt reads the source of every frame of the stack for each of its flags, and under pytest that is deep: a 25th of all
# tests' time, for the name of a file in an event that nobody reads.
BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")

ROOT = Path(__file__).resolve().parents[1]
REAL = Path(os.environ.get("REAL_DATA_DIR", ROOT.parent / "shared" / "data"))

U = "0x" + "1" * 40
V = "0x" + "2" * 40
HEADER = [
    "chain",
    "block_number",
    "block_timestamp",
    "tx_hash",
    "transfer_index",
    "token_address",
    "token_symbol",
    "from_address",
    "to_address",
    "amount",
]

TX_HEADER = [
    "hash", "nonce", "block_number", "transaction_index", "from_address", "to_address", "value", "gas", "gas_price",
    "input", "block_timestamp", "receipt_gas_used", "receipt_status",
]  # fmt: skip
"""Columns of ethereum-etl's transactions."""


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("NETRAFLOW_"):
            monkeypatch.delenv(name)
    # a report draws charts for seconds; tests of reports switch it on
    monkeypatch.setenv("NETRAFLOW_REPORTS__EACH_RUN", "false")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "data")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; `tests.browser.visit` opens a page in it."""
    with launched() as browser:
        yield browser


@pytest.fixture
def real() -> Path:
    if not REAL.is_dir():
        pytest.skip(f"no real data at {REAL}")
    return REAL


def transfer(
    n: int,
    sender: str,
    receiver: str,
    amount: object,
    at: str = "2025-05-01T12:00:00Z",
    index: object = 0,
    symbol: str = "ETH",
    chain: str = "ethereum",
) -> list[object]:
    """One canonical row; `n` makes its hash."""
    return [chain, 1, at, f"0x{n:064x}", index, "", symbol, sender, receiver, amount]


def write_csv(path: Path, rows: Iterable[Iterable[object]], header: list[str] = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    opener: Callable[..., object] = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", newline="") as handle:  # type: ignore[attr-defined]
        csv.writer(handle).writerows([header, *rows])
    return path


def load_only(
    settings: Settings, folder: Path, window: Window = Window(), options: LoadOptions = LoadOptions()
) -> LoadReport:
    with open_build(settings) as connection:
        return load_folder(connection, folder, window, settings, options)


@contextmanager
def hearing_interrupts() -> Iterator[None]:
    """Processes started here hear interrupts, also where a shell put these tests, deaf to those, in the background."""
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def build(
    settings: Settings, folder: Path, window: Window = Window(), options: LoadOptions = LoadOptions()
) -> RunResult:
    return run(settings, folder, window, options)


def ask(settings: Settings, sql: str, is_build: bool = False) -> list[tuple[object, ...]]:
    """Rows of the published file, or of the build file."""
    import duckdb

    path = settings.build_file if is_build else settings.published_link.resolve()
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def hashes(settings: Settings) -> dict[str, object]:
    """Content hash per table of the last publication."""
    rows = ask(
        settings,
        "SELECT table_name, (row_count, content_hash) FROM ops.publications "
        "WHERE run_id = (SELECT max(run_id) FROM ops.publications)",
    )
    return {str(name): mark for name, mark in rows}


def label_file(path: Path, rows: Iterable[Iterable[object]]) -> Path:
    return write_csv(
        path, rows, ["chain", "address", "entity", "category", "label", "confidence", "source", "valid_from", "regions"]
    )


assert dbt.cli.main
