"""The stage borders: each expectation of a suite is an asset check; blocking ones stop the stages below."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from flow_pipeline.defs.common import FOLLOW, POOL, settings
from flow_pipeline.quality import STAGES, Expectation, Verdict, suite
from flow_pipeline.warehouse.audit import audit_stage, stop_if_blocked
from flow_pipeline.warehouse.store import open_build, run_lock

GUARDED = {
    "raw": "raw.transfers",
    "marts": "marts.fct_daily_exchange_netflow",
    "collapse": "marts.fct_daily_exchange_netflow",
    "detection": "detection.netflow_scores",
    "drift": "detection.smart_money_drift",
    "reading": "store.address_transfers",
}
"""The table whose readers wait for the audit of its stage.

Every check hangs on the table it is about. If those blocked too, an audit would wait for tables that wait for it.
Checks that warn stop nothing, but readers wait for them as well: nothing is published before every audit was made.
"""
SEVERITY = {"blocking": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def _facts(verdict: Verdict) -> dict[str, Any]:
    facts = {"measured": verdict.observed, "allowed": verdict.expectation.allowed}
    return facts | ({"what": verdict.shown, "way out": verdict.expectation.way_out} if verdict.shown else {})


def _spec(stage: str, item: Expectation) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        item.name,
        asset=item.about.split("."),
        description=item.says,
        blocking=item.about == GUARDED[stage],
        automation_condition=FOLLOW,
    )


def _checks(stage: str) -> dg.AssetChecksDefinition:
    specs = [_spec(stage, item) for item in suite(stage, settings().quality)]

    @dg.multi_asset_check(specs=specs, name=f"audit_{stage}", pool=POOL, can_subset=True)
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        with run_lock(settings()), open_build(settings()) as connection:
            verdicts = audit_stage(connection, stage, context.op_execution_context.run_id, settings())
        for verdict in verdicts:
            if check_key(verdict.expectation) in context.selected_asset_check_keys:
                yield _result(verdict)
        stop_if_blocked(verdicts)

    return check


def check_key(item: Expectation) -> dg.AssetCheckKey:
    """Of the check that an expectation is."""
    return dg.AssetCheckKey(dg.AssetKey(item.about.split(".")), item.name)


def _result(verdict: Verdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=verdict.is_success,
        asset_key=verdict.expectation.about.split("."),
        check_name=verdict.expectation.name,
        severity=SEVERITY[verdict.expectation.severity],
        metadata=_facts(verdict),
    )


@dg.definitions
def audits() -> dg.Definitions:
    """The suites of all stages."""
    return dg.Definitions(asset_checks=[_checks(stage) for stage in STAGES])
