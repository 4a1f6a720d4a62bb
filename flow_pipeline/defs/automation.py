"""What starts runs by itself: the daily schedule, and the sensors of the inbox, of failures and of untold alerts."""

import hashlib
from collections.abc import Iterator

import dagster as dg

from flow_pipeline.alerts.ledger import record_failure
from flow_pipeline.defs.common import daily, last_day, settings
from flow_pipeline.pipeline import send_alerts

daily_flow = dg.define_asset_job(
    "daily_flow",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("models"),
    partitions_def=daily(),
    executor_def=dg.in_process_executor,
    description="Load, build, detect, audit and publish the days of the run.",
)

follow = dg.AutomationConditionSensorDefinition(
    "follow",
    target=dg.AssetSelection.all() - dg.AssetSelection.groups("models"),
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Rebuilds and publishes what stands below a table that was materialized by itself.",
)


daily_schedule = dg.build_schedule_from_partitioned_job(
    daily_flow,
    name="daily_flow_schedule",
    hour_of_day=settings().schedule.hour_utc,
    description="Yesterday's partition, every day.",
)


@dg.sensor(
    job=daily_flow,
    minimum_interval_seconds=settings().schedule.inbox_seconds,
    description="Starts a run when files of the inbox are new or changed, or landing files are new.",
)
def inbox(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run over all days, for each state of the inbox and of the landing files."""
    folder, landing = settings().inbox, settings().landing
    files = sorted(path for path in folder.glob("*") if path.is_file() and not path.name.startswith("."))
    files += sorted(path for path in landing.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    if not files:
        yield dg.SkipReason(f"{folder} is empty")
        return
    state = hashlib.sha256(
        "".join(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns};" for path in files).encode()
    ).hexdigest()
    if state == context.cursor:
        yield dg.SkipReason("nothing new in the inbox")
        return
    context.update_cursor(state)
    tags = {
        "dagster/asset_partition_range_start": daily().get_first_partition_key(),
        "dagster/asset_partition_range_end": last_day().isoformat(),
    }
    yield dg.RunRequest(run_key=state, tags=tags)


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING, description="Makes every failed run an alert and sends it."
)
def failures(context: dg.RunFailureSensorContext) -> None:
    """The run is the alert's subject; what was published before stands."""
    record_failure(
        settings(), context.dagster_run.run_id, f"{context.dagster_run.job_name}: {context.failure_event.message}"
    )
    send_alerts(settings())


@dg.sensor(
    minimum_interval_seconds=settings().schedule.send_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends what the alert ledger has to send; a channel that is down is tried again.",
)
def alert_sender(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """It starts no run: sending is its work."""
    outcome = send_alerts(settings())
    for channel, error in outcome.errors.items():
        context.log.warning(f"channel {channel}: {error}")
    return dg.SkipReason(f"{sum(outcome.sent.values())} messages sent, {outcome.waiting} wait")
