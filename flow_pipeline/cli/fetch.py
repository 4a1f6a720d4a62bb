"""`netraflow fetch`: transfers from a node or an explorer into landing files."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flow_pipeline.cli.common import (
    FromOption,
    JsonOption,
    TokenFilesOption,
    ToOption,
    counted,
    emit,
    note,
    put,
    settings_of,
    tell_next,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_pipeline.nodes.fetching import Progress
    from flow_pipeline.pipeline.fetch import Outcome

_SECONDS_BETWEEN_LINES = 5.0


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("fetch", epilog="Example: netraflow fetch evm --rpc env:NODE --from 2025-05-01")(fetch)


def fetch(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="evm, etherscan, blockscout or bitcoin.")],
    rpc: Annotated[
        str | None,
        typer.Option(
            "--rpc",
            help="Address of the node, or of the explorer's API; env:NAME is one in a variable, for those with a key.",
        ),
    ] = None,
    token: Annotated[
        list[str] | None, typer.Option("--token", help="Only this contract; several may be given. Else all.")
    ] = None,
    address: Annotated[
        list[str] | None,
        typer.Option("--address", help="Only transfers from or to this address; several may be given. Else all."),
    ] = None,
    first: FromOption = None,
    last: ToOption = None,
    from_block: Annotated[
        int | None, typer.Option("--from-block", min=0, help="First block, instead of --from.")
    ] = None,
    to_block: Annotated[
        int | None, typer.Option("--to-block", min=0, help="Last block, included, instead of --to.")
    ] = None,
    chain: Annotated[
        str | None, typer.Option("--chain", help="Name of the chain, where the source does not say it.")
    ] = None,
    tokens: TokenFilesOption = None,
    native: Annotated[bool, typer.Option("--native", help="The chain's own coin too.")] = False,
    with_unfinal: Annotated[
        bool,
        typer.Option(
            "--with-unfinal",
            help="Also blocks that may still fall out of the chain; what was landed of them stays.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch transfers from the chain itself into <data dir>/landing, which `netraflow run` loads.

    It goes on where it stopped, asks for nothing that is there, and ends with the proof that the blocks join. Keys come
    from the environment: NETRAFLOW_ETHERSCAN_KEY, NETRAFLOW_BLOCKSCOUT_KEY, NETRAFLOW_RPC_USER, NETRAFLOW_RPC_PASSWORD.
    """
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.pipeline.fetch import Asked, fetch_into_landing

    settings = settings_of(context, builds=True).with_files((), tokens or (), ())
    asked = Asked(
        source,
        rpc,
        chain,
        tuple(token or ()),
        tuple(address or ()),
        Window.parse(first, last),
        from_block,
        to_block,
        native,
        not with_unfinal,
    )
    outcome = fetch_into_landing(settings, asked, _progress())
    _tell(outcome, as_json)
    if outcome.fetched.faults:
        raise typer.Exit(1)


def _progress() -> Callable[[Progress], None]:
    """Lines on stderr, not too many of them."""
    told = 0.0

    def say(progress: Progress) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _SECONDS_BETWEEN_LINES or progress.blocks == progress.of:
            told = now
            note(f"netraflow: {progress}")

    return say


def _tell(outcome: Outcome, as_json: bool) -> None:
    """The proof: a row per file, then whether they join."""
    columns = ("file", "first_block", "last_block", "transfers", "first_hash", "parent_hash", "last_hash")
    rows = [
        (
            _shown(one.path),
            one.first.number,
            one.last.number,
            one.rows,
            one.first.hash or None,
            one.first.parent,
            one.last.hash or None,
        )
        for one in outcome.fetched.files
    ]
    emit(columns, rows, as_json, False, f"Landed of {outcome.chain}")
    for text in outcome.notes:
        note(f"netraflow: {text}")
    blocks = outcome.last - outcome.first + 1
    asked = f"{counted(outcome.fetched.asked, 'block')} asked for now, {blocks - outcome.fetched.asked:,} were there"
    for fault in outcome.fetched.faults:
        note(f"netraflow: {fault}")
    if not outcome.fetched.faults:
        total = counted(sum(one.rows for one in outcome.fetched.files), "transfer")
        how = "by their hashes" if all(one.first.hash for one in outcome.fetched.files) else "by their numbers"
        note(
            f"netraflow: blocks {outcome.first:,} to {outcome.last:,} of {outcome.chain} join without a gap {how}: "
            f"{counted(len(rows), 'file')}, {total}; {asked}"
        )
        if sys.stdout.isatty() and not as_json:
            put()
            tell_next(["run --from DAY --to DAY"])


def _shown(path: Path) -> str:
    return "/".join(path.parts[-3:])
