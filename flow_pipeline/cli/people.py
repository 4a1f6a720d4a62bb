"""`netraflow people …`: who may sign in to `netraflow serve`, and with what."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, emit, put, settings_of

NameArgument = Annotated[str, typer.Argument(help="The name they sign in with.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    people = typer.Typer(help="Who may sign in: readers look, investigators write too.", no_args_is_help=True)
    for name, verb, example in (
        ("add", add, "netraflow people add mira --role investigator"),
        ("list", listing, "netraflow people list"),
        ("remove", remove, "netraflow people remove mira"),
        ("password", password, "netraflow people password mira"),
        ("token", token, 'netraflow people token mira --name "nightly export"'),
    ):
        people.command(name, epilog=f"Example: {example}")(verb)
    app.add_typer(people, name="people")


def add(
    context: typer.Context,
    name: NameArgument,
    role: Annotated[str, typer.Option("--role", help="reader or investigator.")] = "reader",
) -> None:
    """Let somebody in; the password is asked for, or read from the first line of what is piped in."""
    from flow_pipeline.domain.errors import one_of
    from flow_pipeline.explorer.store import people
    from flow_pipeline.explorer.store.opening import open_store

    one_of("role", role, people.ROLES)
    given = _password(f"Password of {name}: ")
    with open_store(settings_of(context)) as store:
        people.add(store, name, role, given)
    put(f"{name} may sign in as {role}")


def listing(context: typer.Context, as_json: JsonOption = False) -> None:
    """Who may sign in, with open sessions and tokens."""
    from flow_pipeline.explorer.store import people
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        emit(*people.listed(store), as_json, False, "People")


def remove(context: typer.Context, name: NameArgument) -> None:
    """Let somebody in no more: their sessions and tokens end at once; what they wrote stays under their name."""
    from flow_pipeline.explorer.store import people
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        people.remove(store, name)
    put(f"{name} may not sign in any more")


def password(context: typer.Context, name: NameArgument) -> None:
    """Give somebody another password, asked for or piped in; their sessions end, their tokens stay."""
    from flow_pipeline.explorer.store import people
    from flow_pipeline.explorer.store.opening import open_store

    given = _password(f"New password of {name}: ")
    with open_store(settings_of(context)) as store:
        people.set_password(store, name, given)
    put(f"{name} has another password")


def token(
    context: typer.Context,
    name: NameArgument,
    called: Annotated[str, typer.Option("--name", help="What the new token is for.")] = "token",
    shows: Annotated[bool, typer.Option("--list", help="Show the tokens there are instead of making one.")] = False,
    revoked: Annotated[int | None, typer.Option("--revoke", help="End the token of this id instead.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token for the API, shown this once; or list or end those that there are."""
    from flow_pipeline.explorer.store import people
    from flow_pipeline.explorer.store.opening import open_store

    with open_store(settings_of(context)) as store:
        if shows:
            emit(*people.tokens(store, name), as_json, False, f"Tokens of {name}")
        elif revoked is not None:
            people.revoke(store, name, revoked)
            put(f"token {revoked} of {name} is revoked")
        else:
            put(people.make_token(store, name, called))


def _password(prompt: str) -> str:
    """A password, asked twice on a terminal and read from a line elsewhere: arguments are seen by everybody.

    Raises:
        UsageError: there is none, or the two differ.
    """
    from flow_pipeline.domain.errors import UsageError

    if not sys.stdin.isatty():
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            raise UsageError("there is no password on the standard input", "pipe one line in, or call it on a terminal")
        return given
    given = getpass.getpass(prompt)
    if getpass.getpass("Again: ") != given:
        raise UsageError("the two are not the same", "try again")
    return given
