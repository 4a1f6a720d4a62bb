"""A large import finds none of what it is to do without, and loads what it needs later only when it asks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BIG = """
import other.part as part
try:
    import engine
except ImportError:
    engine = None
"""
ASKS = """
import sys
from flow_pipeline.domain.imports import import_large
import_large("big", ["engine"], ["other.part"])
import big
assert big.engine is None and "other.part" not in sys.modules
import engine
assert big.part.VALUE == 7 and sys.modules["other.part"].VALUE == 7
"""


def run(code: str, folder: Path) -> str:
    paths = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(Path(__file__).parents[3])!r}]\n"
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True)
    return done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "__init__.py").write_text("")
    for name, text in (("big.py", BIG), ("engine.py", ""), ("other/part.py", "VALUE = 7")):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_without_and_later(folder: Path) -> None:
    assert run(ASKS, folder) == ""
    assert "AssertionError" in run(ASKS.replace('["engine"]', "[]"), folder)
    assert "AssertionError" in run(ASKS.replace(', ["other.part"])', ")"), folder)


def test_great_expectations_loads_no_engine_and_no_statistics() -> None:
    code = """
from flow_pipeline.quality import Expectation, _ENGINES, _FOR_OTHER_EXPECTATIONS, import_large
import_large("great_expectations", _ENGINES, _FOR_OTHER_EXPECTATIONS)
loaded = set(sys.modules) & {*_ENGINES, *_FOR_OTHER_EXPECTATIONS}
assert not loaded, loaded
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as other
assert other.stats.norm.cdf(0) == 0.5
assert other.alt.Chart is __import__("altair").Chart
"""
    assert run("import sys\n" + code, Path()) == ""
