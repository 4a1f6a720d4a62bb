"""`netraflow case …`: from an alert to a file that can be handed in."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, LimitOption, emit, jsonable, note, put, settings_of
from flow_pipeline.cli.tables import Shape, table

if TYPE_CHECKING:
    from flow_pipeline.explorer.evidence.verify import Verification

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="A case's number as `case list` shows it.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who does it; else the user of this session.")]
SeenOption = Annotated[
    int | None, typer.Option("--seen", help="Version that was seen: refuse where somebody changed it since.")
]
SHAPE = Shape(("id", "status", "priority", "title", "assignee", "verdict", "alerts", "findings", "addresses"))


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(help="Cases: from an alert to a file that can be handed in.", no_args_is_help=True)
    for name, verb, example in (
        ("list", listing, "netraflow case list --status all"),
        ("open", open_case, "netraflow case open 1f0c9f0ad2b3 --assignee mira"),
        ("show", show, "netraflow case show 7"),
        ("note", note_case, 'netraflow case note 7 "The exchange was told."'),
        ("add", add, "netraflow case add 7 --address ethereum:0x946d43f3b60e70c62e1f5fe71ea4327eed2d6443"),
        ("remove", remove, "netraflow case remove 7 finding 27c44ae52b105fef"),
        ("edit", edit, "netraflow case edit 7 --priority urgent --status waiting"),
        ("narrative", narrative, "netraflow case narrative 7 --set narrative.md"),
        ("assign", assign, "netraflow case assign 7 mira"),
        ("merge", merge, "netraflow case merge 8 --into 7"),
        ("close", close, 'netraflow case close 7 --as true --reason "reported"'),
        ("reopen", reopen, 'netraflow case reopen 7 --reason "a new transfer"'),
        ("bundle", bundle, "netraflow case bundle 7 --out case-7.zip"),
        ("verify", verify, "netraflow case verify case-7.zip"),
    ):
        group.command(name, epilog=f"Example: {example}")(verb)
    app.add_typer(group, name="case")


def listing(
    context: typer.Context,
    status: Annotated[
        str | None, typer.Option("--status", help="open, waiting, closing, closed, merged, all; else those worked on.")
    ] = None,
    assignee: Annotated[str | None, typer.Option("--assignee", help="Only cases of this person.")] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Cases, those last changed first."""
    from flow_pipeline.explorer.store import asking
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context, asks=True)) as store:
        columns, rows = asking.listed(store, status, assignee)
    emit(columns, rows, as_json, as_csv, f"Cases: {status or 'worked on'}", limit, SHAPE)


def open_case(
    context: typer.Context,
    alert_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ALERT]...", help="Alerts as `alerts list` shows them.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="In a line; else that of the first alert.")] = None,
    priority: Annotated[str, typer.Option("--priority", help="low, normal, high, urgent.")] = "normal",
    assignee: Annotated[str | None, typer.Option("--assignee", help="Who works on it.")] = None,
    by: ByOption = None,
) -> None:
    """Open a case from alerts: they are copied with the findings, transfers and addresses that they name."""
    from flow_pipeline.explorer.store import cases, copies
    from flow_pipeline.explorer.store.opening import open_store

    settings = settings_of(context)
    with open_store(settings) as store, copies.open_for_copies(settings) as published:
        case_id = cases.open_case(store, _who(by), alert_ids or (), title, priority, assignee, published)
    put(f"opened case {case_id}")


def show(context: typer.Context, case_id: IdArgument, as_json: JsonOption = False) -> None:
    """One case: what it is about, notes, who did what; as JSON with all that was copied."""
    from flow_pipeline.explorer.store import asking
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        found = asking.shown(store, case_id)
    if as_json or not sys.stdout.isatty():
        put(json.dumps(found, default=jsonable, indent=1))
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    put(f"Case {found['id']} ({found['status']}, {found['priority']}, version {found['version']}): {found['title']}\n")
    if found["merged_into"]:
        put(f"Merged into case {found['merged_into']}.\n")
    if found["verdict"]:
        put(f"Closed as {found['verdict']} by {found['closed_by']}: {found['reason']}\n")
    put(f"Assignee: {found['assignee'] or 'nobody'}. Narrative: {'edited' if found['narrative'] else 'the draft'}.\n")
    names = ["kind", "key", "run", "added_by", "added_at"]
    for key, title, columns in (
        ("items", "About", names),
        ("timeline", "Timeline", ["made_at", "author", "act", "detail", "case_id"]),
    ):
        rows = [[_told(row[name]) for name in columns] for row in found[key]]
        if rows:
            table(columns, rows, title)
    for one in found["notes"]:
        put(f"{one['author']}, {str(one['made_at'])[:19]} UTC:\n{one['body']}\n")


def _told(value: Any) -> Any:
    return (json.dumps(value) if value else None) if isinstance(value, dict) else value


def note_case(
    context: typer.Context,
    case_id: IdArgument,
    text: Annotated[str | None, typer.Argument(help="Markdown; else read from the standard input.")] = None,
    by: ByOption = None,
    seen: SeenOption = None,
) -> None:
    """Add a note, Markdown; it stays as it is."""
    from flow_pipeline.explorer.store import cases
    from flow_pipeline.explorer.store.opening import open_store

    given = sys.stdin.read() if text is None else text
    with open_store(settings_of(context)) as store:
        cases.add_note(store, case_id, _who(by), given, seen)
    put(f"noted in case {case_id}")


def add(
    context: typer.Context,
    case_id: IdArgument,
    alerts: Annotated[list[str] | None, typer.Option("--alert", help="An alert; again for more.")] = None,
    findings: Annotated[list[str] | None, typer.Option("--finding", help="A finding; again for more.")] = None,
    addresses: Annotated[
        list[str] | None, typer.Option("--address", help="An address as CHAIN:ADDRESS; again for more.")
    ] = None,
    entities: Annotated[list[str] | None, typer.Option("--entity", help="An entity of the labels; again.")] = None,
    views: Annotated[list[str] | None, typer.Option("--view", help="A saved view of the graph; again.")] = None,
    by: ByOption = None,
) -> None:
    """Add what a case is about; it is copied as it is known now, and what is there already stays as it was."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.explorer.store import cases, copies
    from flow_pipeline.explorer.store.opening import open_store

    settings = settings_of(context)
    given = {"alert": alerts, "finding": findings, "address": addresses, "entity": entities, "view": views}
    if not any(given.values()):
        raise UsageError("nothing is named that could be added", "give --alert, --finding, --address, --entity, --view")
    with open_store(settings) as store, copies.open_for_copies(settings) as published:
        for kind, keys in given.items():
            for key in cases.add(store, case_id, _who(by), kind, keys, published) if keys else ():
                put(f"added {kind} {key} to case {case_id}")


def remove(
    context: typer.Context,
    case_id: IdArgument,
    kind: Annotated[str, typer.Argument(help="alert, finding, address, entity or view.")],
    key: Annotated[str, typer.Argument(help="As `case show` names it.")],
    by: ByOption = None,
    seen: SeenOption = None,
) -> None:
    """Take something out of a case; the timeline keeps that it was there."""
    from flow_pipeline.explorer.store import cases
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        cases.drop(store, case_id, _who(by), kind, key, seen)
    put(f"removed {kind} {key} from case {case_id}")


def edit(
    context: typer.Context,
    case_id: IdArgument,
    title: Annotated[str | None, typer.Option("--title", help="Another title.")] = None,
    priority: Annotated[str | None, typer.Option("--priority", help="low, normal, high, urgent.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="open or waiting.")] = None,
    by: ByOption = None,
    seen: SeenOption = None,
) -> None:
    """Change title, priority or status."""
    from flow_pipeline.explorer.store import cases
    from flow_pipeline.explorer.store.opening import open_store

    given = {"title": title, "priority": priority, "status": status}
    changes = {name: value for name, value in given.items() if value is not None}
    with open_store(settings_of(context)) as store:
        changed = cases.edit(store, case_id, _who(by), changes, seen)
    put(f"changed {', '.join(changed)} of case {case_id}" if changed else f"case {case_id} is as it was")


def narrative(
    context: typer.Context,
    case_id: IdArgument,
    text: Annotated[Path | None, typer.Option("--set", help="A file with the edited text, Markdown.")] = None,
    drafted: Annotated[bool, typer.Option("--draft", help="Drop the edited text: the draft again.")] = False,
    by: ByOption = None,
    seen: SeenOption = None,
) -> None:
    """Print the narrative to edit it, drafted from the findings; --set keeps what somebody made of it."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.explorer.evidence.dossier import dossier
    from flow_pipeline.explorer.evidence.narrative import narrative_of
    from flow_pipeline.explorer.store import cases
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        if text is None and not drafted:
            put(narrative_of(dossier(store, case_id)))
            return
        try:
            given = text.read_text(encoding="utf-8") if text else None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{text} can not be read: {error}", "give a text file in UTF-8") from None
        cases.edit(store, case_id, _who(by), {"narrative": given}, seen)
    put(f"case {case_id} has {'the text of ' + str(text) if text else 'the draft'}")


def assign(
    context: typer.Context,
    case_id: IdArgument,
    name: Annotated[str | None, typer.Argument(help="Who works on it; nobody where it is left out.")] = None,
    by: ByOption = None,
    seen: SeenOption = None,
) -> None:
    """Say who works on a case."""
    from flow_pipeline.explorer.store import cases
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        cases.edit(store, case_id, _who(by), {"assignee": name}, seen)
    put(f"case {case_id} is {f'of {name}' if name else 'of nobody'}")


def merge(
    context: typer.Context,
    case_id: IdArgument,
    into: Annotated[int, typer.Option("--into", help="The case that goes on.")],
    by: ByOption = None,
) -> None:
    """Make a case part of another, which gets all that it is about; notes and timeline are shown with that one's."""
    from flow_pipeline.explorer.store import cases
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        cases.merge(store, case_id, into, _who(by))
    put(f"case {case_id} is part of case {into}")


def close(
    context: typer.Context,
    case_id: IdArgument,
    verdict: Annotated[
        str | None, typer.Option("--as", help="What it turned out to be: true, known (explained) or noise.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for whoever looks later.")] = None,
    by: ByOption = None,
    seen: SeenOption = None,
) -> None:
    """Close a case: its alerts are acknowledged with the verdict, which `verdicts review` counts.

    Where that was cut off, call it again without verdict and reason.
    """
    from flow_pipeline.explorer.store import closing
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        judged = closing.close(store, case_id, _who(by), verdict, reason, seen)
    put(f"closed case {case_id}, with {len(judged)} of its alerts judged")


def reopen(
    context: typer.Context,
    case_id: IdArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever looks later.")],
    by: ByOption = None,
    seen: SeenOption = None,
) -> None:
    """Open a closed case again; its alerts stay judged until it is closed anew."""
    from flow_pipeline.explorer.store import closing
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        closing.reopen(store, case_id, _who(by), reason, seen)
    put(f"case {case_id} is open again")


def bundle(
    context: typer.Context,
    case_id: IdArgument,
    out: Annotated[Path | None, typer.Option("--out", help="The file; else case-ID.zip here.")] = None,
    by: ByOption = None,
) -> None:
    """Write all of a case into one ZIP: narrative, tables, statements, pictures, a page that opens offline."""
    from flow_pipeline.explorer.evidence.bundle import write_bundle
    from flow_pipeline.explorer.store.opening import open_store
    from flow_pipeline.places import outgoing, shown

    with open_store(settings_of(context)) as store, outgoing(out) as file:
        written = write_bundle(store, case_id, _who(by), file)
    put(shown(written, file, out))


def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A bundle, as `case bundle` wrote it.")],
    run: Annotated[
        str | None, typer.Option("--run", help="Prove it against this run; else its own, or what is published now.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Prove a bundle: hashes, each finding's statement run again, each transfer found; exit 1 on any difference."""
    from flow_pipeline.explorer.evidence.verify import verify_bundle
    from flow_pipeline.places import brought

    settings = settings_of(context)
    found = verify_bundle(settings, brought(file, settings.data_dir), run)
    if as_json or not sys.stdout.isatty():
        from dataclasses import asdict

        put(json.dumps({**asdict(found), "is_proved": found.is_proved}, indent=1))
    else:
        _show_verification(found)
    for check in found.checks:
        for said in check.differences:
            note(f"netraflow: {check.name}: {said}")
    if not found.is_proved:
        raise typer.Exit(1)


def _show_verification(found: Verification) -> None:
    against = f"against run {found.run}" if found.run else "against no published file"
    own = "its own" if found.run in found.bundle_runs else f"not its own ({', '.join(found.bundle_runs) or 'none'})"
    put(f"Case {found.case_id} {'is proved' if found.is_proved else 'is NOT proved'} {against}, {own}.\n")
    rows = [[check.name, check.count, len(check.differences), len(check.changes)] for check in found.checks]
    table(["what", "compared", "differ", "changed_since"], rows, "Checked")
    for check in found.checks:
        for said in check.changes:
            put(f"- changed since: {check.name}: {said}")
        for said in check.by_hash_alone:
            put(f"- by its hash alone: {said}")
    told = "there is no database of cases here to ask whether a timeline has it"
    if found.told_by is not None:
        cases = ", ".join(map(str, found.told_by))
        told = f"the timeline of case {cases} has it" if cases else "no timeline of the cases here has it"
    put(f"- SHA-256 of the file: {found.sha256}; {told}")


def _who(by: str | None) -> str:
    return by or getpass.getuser()
