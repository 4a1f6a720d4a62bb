"""Great Expectations suites, one file per stage border; imported late because the library takes seconds to import.

What lives here: expectations on what crosses a border. Each one is an SQL measurement that gives one number (most count
violations) and the range that passes; Great Expectations judges the small frame of measurements, so that no suite ever
pulls a table out of the database. What must not: the grain of models (dbt tests) or the behaviour of code (pytest).
"""

from __future__ import annotations

import importlib
import logging
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.imports import import_large
from flow_pipeline.settings import QualitySettings

STAGES = ("raw", "marts", "collapse", "detection", "drift", "reading")
Measure = Callable[[str], float | None]
_ENGINES = ("pyspark", "google", "botocore")
"""Engines of other users of Great Expectations: they take a fifth of its import where they are installed."""
_FOR_OTHER_EXPECTATIONS = ("scipy.stats", "altair")
"""What one expectation that no suite has needs: a quarter of the import."""


@dataclass(frozen=True)
class Expectation:
    """An expectation: its name, the table it is about, what it says, the SQL of its number, and the range that passes.

    `blocking` ones stop the run; `warning` ones are reported. `{last_day}` in the SQL stands for the last day with a
    transfer, as a literal, so that views read that day only; `{first_changed_day}` for the first one that changed,
    9999-12-31 for none, 0001-01-01 where every day is audited: rows of the days before it were audited by earlier runs
    and stand as they did; `{wrong_hashes}` for the number of relations whose kept content hash is not that of their
    rows, 0 unless every day is audited; `{published}` for the catalog of what is published, and of the build itself
    where nothing is. `shown` is the SQL of a text that says more than the number, `way_out` what to do where it is no
    matter of the input.
    """

    name: str
    about: str
    says: str
    sql: str
    severity: Literal["blocking", "warning"] = "blocking"
    high: float = 0.0
    low: float = 0.0
    shown: str = ""
    way_out: str = ""

    @property
    def allowed(self) -> str:
        """The passing range in words."""
        return f"= {self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Verdict:
    """What an expectation came to; `observed` is the measured number, `shown` what else there is to say of it."""

    stage: str
    expectation: Expectation
    is_success: bool
    observed: float | None
    shown: str = ""


class Suite(Protocol):
    """A stage's suite."""

    def expectations(self, settings: QualitySettings) -> list[Expectation]:
        """Its expectations under the settings in force."""


def suite(stage: str, settings: QualitySettings) -> list[Expectation]:
    """The expectations of a stage."""
    module: Suite = importlib.import_module(f"{__name__}.{stage}")
    return module.expectations(settings)


def audit(stage: str, measure: Measure, settings: QualitySettings) -> list[Verdict]:
    """Measure a stage and let Great Expectations judge.

    Args:
        stage: One of STAGES.
        measure: Runs an SQL text on the build and returns its one number.
        settings: Thresholds in force.

    Raises:
        FlowError: an expectation could not be judged; an error is not a verdict.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import_large("great_expectations", _ENGINES, _FOR_OTHER_EXPECTATIONS)
    import great_expectations as gx
    import pandas as pd

    checks = suite(stage, settings)
    observed = {check.name: measure(check.sql) for check in checks}
    # Great Expectations passes over nulls; an infinite number lies in no range.
    frame = pd.DataFrame({name: [math.inf if value is None else float(value)] for name, value in observed.items()})
    # The greatest of one number is that number, judged in a third of the time of row by row.
    rules = [
        gx.expectations.ExpectColumnMaxToBeBetween(
            column=check.name, min_value=check.low, max_value=check.high, meta={"says": check.says}
        )
        for check in checks
    ]
    batch = _measurements().get_batch({"dataframe": frame})
    result = batch.validate(gx.ExpectationSuite(name=stage, expectations=rules))
    passed = {check.name: True for check in checks}
    for item in result.results:
        if item.exception_info.get("raised_exception"):
            raise FlowError(
                f"expectation {item.expectation_config.kwargs['column']} of stage {stage} could not be judged",
                "this is a fault of netraflow; run with --debug",
            )
        passed[item.expectation_config.kwargs["column"]] &= bool(item.success)
    return [Verdict(stage, check, passed[check.name], observed[check.name]) for check in checks]


@cache
def _measurements() -> Any:
    """What a frame of measurements is handed to: the same for every stage and run of this process."""
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("build").add_dataframe_asset("measurements")
    return asset.add_batch_definition_whole_dataframe("all")
