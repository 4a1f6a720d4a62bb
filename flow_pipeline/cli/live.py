"""`netraflow live`: what a process that follows has seen so far."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import JsonOption, put, settings_of
from flow_pipeline.domain.text import harmless


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("live", epilog="Example: netraflow live")(live)


def live(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", help="Draw it anew each second until interrupted.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the tip: last blocks, totals per class, netflow so far, lag, alerts, as `netraflow watch` sees them."""
    import time

    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.questions.tip import tip_status

    settings = settings_of(context, builds=True)
    found = tip_status(settings)
    if found is None:
        raise UsageError(
            f"nothing was ever followed with the data directory {settings.data_dir}",
            "`netraflow watch evm --rpc URL` follows the head of a chain",
        )
    if as_json or not sys.stdout.isatty():
        import json

        put(json.dumps(found, indent=1))
        return
    from rich.console import Console
    from rich.live import Live

    if not follow:
        Console().print(page_of(found))
        return
    with Live(page_of(found), auto_refresh=False) as page:
        while True:
            time.sleep(1)
            page.update(page_of(tip_status(settings) or found), refresh=True)


def page_of(status: dict[str, Any]) -> Any:
    """The tip as a terminal page."""
    from rich.console import Group
    from rich.text import Text

    age = status.get("age_seconds", 0.0)
    state = "following"
    if not status.get("is_following", True):
        state = "ended" if status["is_over"] else "stopped, or hanging:"
        state += f" {'' if status['is_over'] else 'last heard of '}{_lasting(age)} ago; followed"
    parts: list[Any] = [Text(f"{state} since {status['started_at'][:19].replace('T', ' ')} UTC", style="bold"), Text()]
    parts += [_sources(status["sources"]), Text()]
    for title, rows, names in (
        ("Today so far, by class", status.get("detection", {}).get("classes", []), _CLASSES),
        ("Netflow of exchanges today so far; positive = onto the exchange", _netflow(status), _NETFLOW),
    ):
        if rows:
            parts += [Text(title, style="bold"), _table(names, rows), Text()]
    blocks = [row for row in status["last_blocks"] if "number" in row]
    if blocks:
        parts += [Text("Last blocks", style="bold"), _blocks(status["last_blocks"]), Text()]
    parts += [_alerts(status)]
    for name, reason in status.get("failing", {}).items():
        parts.append(Text(f"channel {name}: {reason}; its messages wait in the ledger", style="red"))
    return Group(*parts)


_LONGEST = 40
"""Letters of a name that a column shows."""
_CLASSES = ("token_symbol", "class", "transfers", "amount")
_NETFLOW = ("exchange", "token_symbol", "inflow", "outflow", "netflow")


def _netflow(status: dict[str, Any]) -> list[dict[str, Any]]:
    return list(status.get("detection", {}).get("netflow", []))[:10]


def _table(names: tuple[str, ...], rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False)
    for name in names:
        is_number = name not in ("token_symbol", "class", "exchange")
        made.add_column(name.replace("_", " "), justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        # A stranger named the tokens: no markup, no control characters.
        made.add_row(*(Text(harmless(_shown(row.get(name)), _LONGEST)) for name in names))
    return made


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,.2f}".removesuffix(".00") if isinstance(value, int | float) else str(value)


def _sources(sources: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    for name in ("source", "block", "head", "final", "behind", "transfers", "per second", "fell"):
        made.add_column(name, justify="left" if name == "source" else "right", no_wrap=True)
    for of in sources:
        lag = of["lag_seconds"]
        made.add_row(
            of["source"],
            _number(of["last_block"]),
            _number(of["head"]),
            _number(of["final"] if of["final"] >= 0 else None),
            "–" if lag is None else _lasting(lag),
            _number(of["transfers"]),
            f"{of['transfers_per_second']:,.1f}",
            f"{of['reorganisations']} (deepest {of['deepest']})" if of["reorganisations"] else "0",
        )
    return made


def _blocks(blocks: list[dict[str, Any]]) -> Any:
    from datetime import UTC, datetime

    from rich.table import Table

    made = Table(box=None, pad_edge=False)
    for name in ("block", "time", "hash", "transfers"):
        made.add_column(name, justify="left" if name in ("time", "hash") else "right", no_wrap=True)
    for row in blocks[-8:]:
        if "number" not in row:
            made.add_row(_number(row["fell_to"]), "", f"{row['depth']} blocks above it fell", "")
            continue
        time = datetime.fromtimestamp(row["time"] / 1e6, UTC).strftime("%H:%M:%S")
        made.add_row(_number(row["number"]), time, f"{row['hash'][:8]}…{row['hash'][-4:]}", _number(row["transfers"]))
    return made


def _alerts(status: dict[str, Any]) -> Any:
    from rich.text import Text

    counts = status["ledger"]
    told = ", ".join(f"{count:,} {change}" for change, count in counts.items()) or "none yet"
    text = Text(f"Alerts since then: {told}\n", style="bold")
    for row in status["last_alerts"][-6:]:
        word = "" if row["is_standing"] else "withdrawn: "
        told = harmless(f"[{row['severity']}] {word}{row['title']} ({row['finality']}, {row['alert_id']})")
        text.append(f"{told}\n", style="not bold")
    return text


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _lasting(seconds: float) -> str:
    for length, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {name}"
    return f"{seconds:.1f} s"
