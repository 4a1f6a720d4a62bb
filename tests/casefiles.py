"""A small published world with alerts to open cases from, built once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flow_pipeline.alerts import ledger
from flow_pipeline.settings import Settings, load_settings
from tests.conftest import build, label_file, transfer, write_csv
from tests.servers import Server
from tests.worlds import LIMITS, address, at

HOSTILE = "=cmd|'/c calc'!A0"
"""What a stranger may call his token."""
NAMES = ("thief", "hand", "helper", "desk", "payer1", "payer2", "payer3", "payer4", "payer5", "payer6", "hoard")
THIEF, HAND, HELPER, DESK, *PAYERS, HOARD = map(address, NAMES)


def build_world(folder: Path) -> Path:
    """Build it below a folder; its data directory."""
    rows = [
        transfer(1, THIEF, HAND, 900, at=at(0), symbol="ETH"),
        transfer(2, HAND, HELPER, 899, at=at(120), symbol="ETH"),
        transfer(3, HELPER, DESK, 898, at=at(300), symbol="ETH"),
        *(transfer(10 + n, payer, HOARD, 60, at=at(4_000 + n), symbol=HOSTILE) for n, payer in enumerate(PAYERS)),
        *(transfer(30 + n, payer, HOARD, 40, at=at(90_000 + n), symbol="ETH") for n, payer in enumerate(PAYERS)),
        transfer(50, HOARD, DESK, 5_000, at=at(100_000), symbol="ETH"),
    ]
    labels = [
        ["ethereum", DESK, "Harbour", "exchange", "hot", 0.9, "a test", "2020-01-01", ""],
        ["ethereum", HOARD, "Lantern", "exploit", "hoard", 0.9, "one list", "2020-01-01", ""],
        ["ethereum", HOARD, "Lamp", "other", "hoard", 0.4, "another list", "2020-01-01", ""],
    ]
    write_csv(folder / "in" / "t.csv", rows)
    settings = load_settings(folder / "data").with_changes(
        labels={"files": (label_file(folder / "l.csv", labels),)},
        alerts={"transfer_by_token": {"ETH": (10, 100, 1_000)}},
        typologies={**LIMITS, "fan_in": {"amount_by_token": {"ETH": 50, HOSTILE: 50}}},
        reports={"each_run": False},
    )
    build(settings, folder / "in")
    return settings.data_dir


def copied(world: Path, folder: Path) -> Settings:
    """Settings on a copy of it that a test may change."""
    shutil.copytree(world, folder, symlinks=True)
    return load_settings(folder)


def alerts(settings: Settings, rule: str | None = None) -> list[str]:
    """Ids of the alerts told, the severest first."""
    return [row[0] for row in ledger.listed(settings, None, rule, "open", None)[1]]


def on_postgres(settings: Settings, server: Server) -> Settings:
    """The same with a fresh database of cases on a server."""
    psycopg = pytest.importorskip("psycopg")
    name = f"cases_{abs(hash(settings.data_dir)):x}"
    with psycopg.connect(f"postgresql://flow@127.0.0.1:{server.port}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return settings.with_changes(explorer={"database": f"postgresql://flow@127.0.0.1:{server.port}/{name}"})
