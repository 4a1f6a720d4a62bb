"""`netraflow alerts …`: what people were told, who took care of it, and what still has to be sent."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import date
from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import (
    CsvOption,
    FromOption,
    JsonOption,
    LimitOption,
    emit,
    jsonable,
    note,
    put,
    settings_of,
)
from flow_pipeline.cli.tables import Shape, table

IdArgument = Annotated[str, typer.Argument(help="An alert's id as `alerts list` shows it, or its first letters.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for whoever looks later.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who decides; else the user of this session.")]
UntilOption = Annotated[str, typer.Option("--until", help="The day on which it ends, YYYY-MM-DD.")]

SHAPE = Shape(("alert_id", "severity", "block_date", "rule", "title", "change", "rarity"))


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    alerts = typer.Typer(help="Alerts: each new, changed or withdrawn once.", no_args_is_help=True)
    for name, verb, example in (
        ("list", listing, "netraflow alerts list --severity CRITICAL"),
        ("show", show_alert, "netraflow alerts show 1f0c9f0ad2b3"),
        ("ack", ack, 'netraflow alerts ack 1f0c9f0ad2b3 --as known --reason "treasury move"'),
        ("snooze", snooze, 'netraflow alerts snooze 1f0c9f0ad2b3 --until 2030-01-31 --reason "audit under way"'),
        ("allow", allow, 'netraflow alerts allow Harbour Northbank --until 2030-06-30 --reason "settlement account"'),
        ("send", send, "netraflow alerts send"),
        ("test", test, "netraflow alerts test ops"),
    ):
        alerts.command(name, epilog=f"Example: {example}")(verb)
    app.add_typer(alerts, name="alerts")


def listing(
    context: typer.Context,
    severity: Annotated[str | None, typer.Option("--severity", help="CRITICAL, HIGH or MEDIUM.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only alerts of this kind, such as finding.")] = None,
    status: Annotated[
        str, typer.Option("--status", help="open, waiting, acknowledged, snoozed, part, withdrawn, all.")
    ] = "open",
    first: FromOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Alerts, the severest and rarest first; open ones unless another status is given."""
    from flow_pipeline.alerts.ledger import listed

    settings, since = settings_of(context, asks=True), _day("--from", first) if first else None
    severity = severity.upper() if severity else None
    columns, rows = listed(settings, severity, rule, status, since)
    emit(columns, rows, as_json, as_csv, f"Alerts: {status}", limit, SHAPE)
    waiting = len(listed(settings, severity, rule, "waiting", since)[1]) if status == "open" else 0
    if waiting:
        note(f"{waiting:,} more wait behind these (alerts.per_week): netraflow alerts list --status waiting")


def show_alert(context: typer.Context, alert_id: IdArgument, as_json: JsonOption = False) -> None:
    """One alert: what, against what baseline, by which rule and labels; what changed, who decided, what was sent."""
    from flow_pipeline.alerts.ledger import shown

    found = shown(settings_of(context, asks=True), alert_id)
    if as_json or not sys.stdout.isatty():
        put(json.dumps(found, default=jsonable, indent=1))
        return
    put(f"[{found['severity']}] {found['rule']} {found['alert_id']}: {found['status']}\n\n{found['title']}\n")
    explained = found["explanation"]
    put(f"Rule: {explained['rule']['says']} (version {explained['rule']['version']}, {explained['software']})")
    for name in ("baseline", "labels"):
        put(f"{name.capitalize()}: {json.dumps(explained[name]) if explained[name] else 'none'}")
    put(f"Parameters: {json.dumps(explained['rule']['parameters'])}\n")
    if found["part_of"]:
        put(f"Part of alert {found['part_of']}, which is told.\n")
    for part in found["content"].get("parts", []):
        put(f"With [{part['severity']}] {part['rule']} {part['alert_id']}: {part['title']}")
    for key, names in (
        ("events", ["revision", "change", "made_at", "run_id", "severity", "before", "after"]),
        ("actions", ["action", "author", "verdict", "reason", "until", "made_at"]),
        ("messages", ["channel", "is_allowed", "not_before", "is_digest", "attempts", "sent_at", "last_error"]),
    ):
        if found[key]:
            table(
                names,
                [[row[name] if name != "made_at" else str(row[name]) for name in names] for row in found[key]],
                key.capitalize(),
            )


def ack(
    context: typer.Context,
    alert_id: IdArgument,
    reason: ReasonOption,
    verdict: Annotated[
        str | None,
        typer.Option("--as", help="What it turned out to be: true, known (explained) or noise; kept to learn from."),
    ] = None,
    by: ByOption = None,
) -> None:
    """Somebody took care of it. It is told again only when it changes."""
    from flow_pipeline.alerts.ledger import VERDICTS, acknowledge

    verdict = _choice("--as", verdict, VERDICTS)
    put(f"acknowledged {acknowledge(settings_of(context), alert_id, by or getpass.getuser(), reason, verdict)}")


def snooze(
    context: typer.Context, alert_id: IdArgument, until: UntilOption, reason: ReasonOption, by: ByOption = None
) -> None:
    """Hold back what happens to it until a day begins; then it is told."""
    from flow_pipeline.alerts.ledger import snooze as hold_back

    day = _day("--until", until)
    put(f"snoozed {hold_back(settings_of(context), alert_id, day, by or getpass.getuser(), reason)} until {until}")


def allow(
    context: typer.Context,
    sender: Annotated[str, typer.Argument(help="Address or entity that pays.")],
    receiver: Annotated[str, typer.Argument(help="Address or entity that is paid.")],
    until: UntilOption,
    reason: ReasonOption,
    by: ByOption = None,
) -> None:
    """Send nothing about transfers of a pair until a day begins; they stay in the ledger."""
    from flow_pipeline.alerts.ledger import allow as allow_pair

    allow_pair(settings_of(context), sender, receiver, _day("--until", until), by or getpass.getuser(), reason)
    put(f"allowed {sender} to {receiver} until {until}")


def send(context: typer.Context, as_json: JsonOption = False) -> None:
    """Send what is due, as a timer or the sensor does; exit with 1 when a channel did not take it."""
    from flow_pipeline.alerts.delivery import deliver
    from flow_pipeline.alerts.ledger import commit
    from flow_pipeline.alerts.rules import check_channels

    settings = settings_of(context)
    check_channels(settings)
    commit(settings)
    outcome = deliver(settings)
    if as_json or not sys.stdout.isatty():
        put(
            json.dumps(
                {
                    "sent": outcome.sent,
                    "errors": outcome.errors,
                    "waiting": outcome.waiting,
                    "homeless": outcome.homeless,
                },
                indent=1,
            )
        )
    else:
        for name, count in outcome.sent.items():
            put(f"{name}: {count} sent")
        put(
            f"{outcome.waiting:,} waiting"
            if settings.alerts.channels
            else "no channel is set; see docs/operations.md, Delivery"
        )
    for name, error in outcome.errors.items():
        put(f"netraflow: channel {name}: {error}; it is tried again", file=sys.stderr)
    for name, count in outcome.homeless.items():
        put(
            f"netraflow: {count:,} messages wait for channel {name}, which the settings no longer have; "
            "put it back and they are sent",
            file=sys.stderr,
        )
    if outcome.errors:
        raise typer.Exit(1)


def test(
    context: typer.Context, channel: Annotated[str, typer.Argument(help="A channel's name in the settings.")]
) -> None:
    """Send a test message to a channel."""
    from flow_pipeline.alerts.delivery import try_channel

    try_channel(settings_of(context), channel)
    put(f"{channel} took the test message")


def _choice(option: str, value: str | None, known: Any) -> str | None:
    from flow_pipeline.domain.errors import UsageError

    if value is not None and value not in known:
        raise UsageError(f"{option} {value}: there is no such one", f"choose from {', '.join(known)}")
    return value


def _day(option: str, value: str) -> date:
    from flow_pipeline.domain.errors import UsageError

    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError(f"{option} {value}: that is no day", "write it as YYYY-MM-DD") from None
