"""`netraflow flows …`: money followed from group to group."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flow_pipeline.cli.common import (
    CsvOption,
    FromOption,
    JsonOption,
    LimitOption,
    TokenOption,
    ToOption,
    emit,
    settings_of,
)
from flow_pipeline.cli.tables import Shape

if TYPE_CHECKING:
    from flow_pipeline.questions.rows import Rows

GroupArgument = Annotated[str, typer.Argument(help="A group's id or name, as `flows groups` lists them.")]

SHAPE = Shape(
    (
        *("group_id", "flow_id", "source_group", "destination_group", "name", "address", "token_symbol", "amount"),
        *("total_amount", "block_date", "flow_count", "risk_score", "confidence", "average_confidence", "hop_count"),
        *("average_hops", "first_at", "last_at", "started_at", "completed_at"),
    )
)


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    flows = typer.Typer(
        help="Money followed from one group of addresses to another, over addresses that nobody watches.",
        no_args_is_help=True,
    )
    for name, verb, example in (
        ("groups", groups, "netraflow flows groups"),
        ("group", group, "netraflow flows group Northbank"),
        ("of", of_address, "netraflow flows of 0x8d383920d3437684cb87d4430115f542f923908e"),
        ("active", active, "netraflow flows active --limit 5"),
        ("pair", pair, 'netraflow flows pair Northbank "Kopi Exchange"'),
        ("summaries", summaries, "netraflow flows summaries --csv"),
        ("top-risk", top_risk, "netraflow flows top-risk --limit 5"),
        ("outgoing", outgoing, "netraflow flows outgoing Northbank"),
        ("incoming", incoming, "netraflow flows incoming Northbank"),
        ("path", path, "netraflow flows path 0c364a061099257e"),
        ("by-amount", by_amount, "netraflow flows by-amount --token ETH --min 10"),
        ("statistics", statistics, "netraflow flows statistics --from 2025-03-01 --to 2025-03-31"),
        ("risk", risk, "netraflow flows risk"),
        ("storage", storage, "netraflow flows storage"),
    ):
        flows.command(name, epilog=f"Example: {example}")(verb)
    app.add_typer(flows, name="flows")


def _show(
    context: typer.Context, ask: Callable[[Any, Any], Rows], title: str, as_json: bool, as_csv: bool, limit: int
) -> None:
    from flow_pipeline.questions import flows as questions
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings_of(context, asks=True)) as connection:
        columns, rows = ask(questions, connection)
    emit(columns, rows, as_json, as_csv, title, limit, SHAPE)


def groups(
    context: typer.Context, as_json: JsonOption = False, as_csv: CsvOption = False, limit: LimitOption = 30
) -> None:
    """Every group: type, risk level, whether flows begin and end there, its addresses seen."""
    _show(context, lambda q, c: q.groups(c), "Groups", as_json, as_csv, limit)


def group(
    context: typer.Context,
    name: GroupArgument,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 30,
) -> None:
    """The addresses of a group."""
    _show(context, lambda q, c: q.group(c, name), f"Addresses of {name}", as_json, as_csv, limit)


def of_address(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="An address.")],
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 30,
) -> None:
    """The groups of an address."""
    _show(context, lambda q, c: q.groups_of_address(c, address), f"Groups of {address}", as_json, as_csv, limit)


def active(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Only flows of this group.")] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Flows on their way at the end of the last day."""
    _show(context, lambda q, c: q.active_flows(c, name), "Active flows", as_json, as_csv, limit)


def pair(
    context: typer.Context,
    source: GroupArgument,
    destination: GroupArgument,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """What went from one group to another."""
    _show(
        context,
        lambda q, c: q.summary_of_pair(c, source, destination),
        f"{source} → {destination}",
        as_json,
        as_csv,
        limit,
    )


def summaries(
    context: typer.Context, as_json: JsonOption = False, as_csv: CsvOption = False, limit: LimitOption = 20
) -> None:
    """Every pair of groups and token."""
    _show(context, lambda q, c: q.summaries(c), "Group flows", as_json, as_csv, limit)


def top_risk(
    context: typer.Context, as_json: JsonOption = False, as_csv: CsvOption = False, limit: LimitOption = 20
) -> None:
    """Pairs by risk."""
    _show(context, lambda q, c: q.top_risk(c), "Riskiest group flows", as_json, as_csv, limit)


def outgoing(
    context: typer.Context,
    name: GroupArgument,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """What left a group, and where it arrived."""
    _show(context, lambda q, c: q.outgoing(c, name), f"Out of {name}", as_json, as_csv, limit)


def incoming(
    context: typer.Context,
    name: GroupArgument,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """What arrived in a group, and from where."""
    _show(context, lambda q, c: q.incoming(c, name), f"Into {name}", as_json, as_csv, limit)


def path(
    context: typer.Context,
    flow_id: Annotated[str, typer.Argument(help="A flow's id, as `flows by-amount` lists them.")],
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """The transfers of a flow, in order."""
    _show(context, lambda q, c: q.path_of_flow(c, flow_id), f"Flow {flow_id}", as_json, as_csv, limit)


def by_amount(
    context: typer.Context,
    token: TokenOption = None,
    least: Annotated[float | None, typer.Option("--min", min=0, help="At least this many token units.")] = None,
    most: Annotated[float | None, typer.Option("--max", min=0, help="At most this many.")] = None,
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Flows by amount, the largest first."""
    from flow_pipeline.domain.windows import Window

    _show(
        context,
        lambda q, c: q.by_amount(c, token, least, most, Window.parse(first, last)),
        "Flows",
        as_json,
        as_csv,
        limit,
    )


def statistics(
    context: typer.Context,
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """What became of flows in a period."""
    from flow_pipeline.domain.windows import Window

    _show(context, lambda q, c: q.statistics(c, Window.parse(first, last)), "Flow statistics", as_json, as_csv, 1)


def risk(
    context: typer.Context, as_json: JsonOption = False, as_csv: CsvOption = False, limit: LimitOption = 20
) -> None:
    """Flows by the risk levels of their ends."""
    _show(context, lambda q, c: q.risk_analysis(c), "Risk of group flows", as_json, as_csv, limit)


def storage(context: typer.Context, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """What the tracker holds."""
    _show(context, lambda q, c: q.storage(c), "Storage", as_json, as_csv, 1)
