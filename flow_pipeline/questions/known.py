"""What a question may name: tokens, exchanges, days, addresses; what is not there is refused with what is."""

from __future__ import annotations

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import NotThere, UsageError, meant
from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.labels.addresses import chain_of_form
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)
_NAMED = 10
"""Names in a refusal: the largest of what there is."""


def known_chain(connection: Connection, chain: str) -> str:
    """A chain that has transfers, by its canonical name.

    Raises:
        NotThere: none has it.
    """
    name = canonical_chain(chain)
    names = [row[0] for row in connection.execute("select distinct chain from store.tokens order by chain").fetchall()]
    if name not in names:
        raise NotThere(f"there is no transfer of the chain {chain[:80]}", _there_are(name[:80], names))
    return name


def check_watch(connection: Connection, kind: str, key: str, chain: str | None) -> None:
    """Refuse to watch what nothing will ever be told of: a chain without transfers, what is no address, no entity.

    An address that no transfer has yet may be watched.

    Raises:
        NotThere: the chain has no transfer, or no label names such an entity.
        UsageError: the text is no address of a known chain, and stands in no transfer.
    """
    if chain:
        known_chain(connection, chain)
    if kind == "address":
        if chain_of_form(key) is None and find_address(connection, key) is None:
            raise UsageError(f"'{key[:80]}' is no address of a known chain, and stands in no transfer", ADDRESS_HINT)
        return
    known = "select 1 from marts.dim_address_labels where lower(entity) = lower($entity) limit 1"
    if connection.execute(known, {"entity": key}).fetchone() is None:
        raise NotThere(f"no label names an entity {key[:80]}", "search finds entities by a part of the name")


def check_window(connection: Connection, window: Window) -> None:
    """Refuse days of which none is built.

    Raises:
        UsageError: with the first and the last day that is.
    """
    first, last = connection.execute("select min(block_date), max(block_date) from store.transfers").fetchall()[0]
    if first is None:
        return
    if (window.first and window.first > last) or (window.last and window.last < first):
        raise UsageError(f"{window}: no day of that is built", f"choose from {first} to {last}")


def check_token(connection: Connection, token: str | None) -> None:
    """Refuse a token that no transfer has, by symbol or contract.

    Raises:
        UsageError: with near names and the tokens of most transfers.
    """
    if token is None or connection.execute(sql("known_token"), {"token": token}).fetchone():
        return
    names = [name for (name,) in connection.execute(sql("known_tokens")).fetchall()]
    raise UsageError(f"there is no token {token}", _there_are(token, names))


def check_exchange(connection: Connection, exchange: str | None) -> None:
    """Refuse an exchange that has no day.

    Raises:
        UsageError: with near names and the largest there are.
    """
    if exchange is None:
        return
    names = [name for (name,) in connection.execute(sql("known_exchanges")).fetchall()]
    if exchange.lower() not in [name.lower() for name in names]:
        raise UsageError(f"there is no exchange {exchange}", _there_are(exchange, names))


def find_address(connection: Connection, text: str) -> str | None:
    """An address as transfers have it, from any case or from its ends, `0x1234…abcd`; None when none names it.

    Raises:
        UsageError: several addresses have those ends.
    """
    head, is_short, tail = text.replace("...", "…").partition("…")
    if not is_short:
        row = connection.execute(sql("known_address"), {"address": text}).fetchone()
        return str(row[0]) if row else None
    found = [name for (name,) in connection.execute(sql("known_ends"), {"head": head, "tail": tail}).fetchall()]
    if len(found) > 1:
        raise UsageError(f"{text} may be any of {len(found)}", f"give one whole: {', '.join(found[:_NAMED])}")
    return str(found[0]) if found else None


def known_address(connection: Connection, text: str) -> str:
    """An address that a transfer names.

    Raises:
        NotThere: none does.
    """
    found = find_address(connection, text)
    if found is None:
        raise NotThere(f"{text} stands in no transfer", ADDRESS_HINT)
    return found


ADDRESS_HINT = (
    "check the address: EVM addresses have 0x and 40 hex digits, Bitcoin addresses are case-sensitive; "
    "`netraflow destinations` shows those that received most"
)


def _there_are(name: str, names: list[str]) -> str:
    """Names that look like one, and the first of all."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{meant(name, names)}there are {', '.join(names[:_NAMED]) or 'none'}{more}"
