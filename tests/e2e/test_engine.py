"""What the database engine must not get wrong."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import open_build, open_published
from tests.conftest import U, V, build, transfer, write_csv


def test_two_columns_of_one_view_are_two_in_the_branches_of_a_union(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, V, 5)])
    build(settings, tmp_path / "in")
    ends = "SELECT to_address AS end FROM raw.transfers UNION ALL SELECT from_address FROM raw.transfers"
    for opened in (open_published, open_build):
        with opened(settings) as connection:
            found = connection.execute(f'SELECT "end", count(*) FROM ({ends}) GROUP BY ALL').fetchall()
            assert sorted(found) == sorted([(U, 1), (V, 1)])
