"""The stage borders: each expectation of a suite is an asset check; blocking ones stop the stages below."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from flow_pipeline.defs.common import POOL, settings
from flow_pipeline.quality import STAGES, Verdict, suite
from flow_pipeline.warehouse.audit import audit_stage
from flow_pipeline.warehouse.store import open_build, run_lock

GUARDED = {
    "raw": ["raw", "transfers"],
    "marts": ["marts", "fct_daily_exchange_netflow"],
    "collapse": ["marts", "fct_daily_exchange_netflow"],
    "detection": ["detection", "netflow_scores"],
    "drift": ["detection", "smart_money_drift"],
}
_SEVERITY = {"blocking": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def _facts(verdict: Verdict) -> dict[str, Any]:
    facts = {"measured": verdict.observed, "allowed": verdict.expectation.allowed}
    return facts | ({"what": verdict.shown, "way out": verdict.expectation.way_out} if verdict.shown else {})


def _checks(stage: str) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            item.name, asset=dg.AssetKey(GUARDED[stage]), description=item.says, blocking=item.severity == "blocking"
        )
        for item in suite(stage, settings().quality)
    ]

    @dg.multi_asset_check(specs=specs, name=f"audit_{stage}", pool=POOL)
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        with run_lock(settings()), open_build(settings()) as connection:
            verdicts = audit_stage(connection, stage, context.op_execution_context.run_id, settings())
        for verdict in verdicts:
            yield dg.AssetCheckResult(
                passed=verdict.is_success,
                check_name=verdict.expectation.name,
                severity=_SEVERITY[verdict.expectation.severity],
                metadata=_facts(verdict),
            )

    return check


@dg.definitions
def audits() -> dg.Definitions:
    """The suites of all stages."""
    return dg.Definitions(asset_checks=[_checks(stage) for stage in STAGES])
