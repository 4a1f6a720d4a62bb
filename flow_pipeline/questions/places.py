"""Places, an address on a chain: their ids, their names, and the relations that answer what is asked about one.

Where the read tables are kept (`explorer.read_tables`), they answer in milliseconds; else the same is answered from
every transfer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import NotThere, UsageError
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.known import ADDRESS_HINT, known_address
from flow_pipeline.questions.rows import Records, Rows, records
from flow_pipeline.warehouse.read_tables import sorted_through
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


@dataclass(frozen=True)
class Relations:
    """What to read.

    Attributes:
        ends: Transfers by address, like intermediate.int_transfers__ends.
        tokens: Names of tokens, like intermediate.int_tokens__canonical.
        texts: Addresses by text, like store.addresses.
        through: The last day that store.counterparties has; None where there are no read tables.
    """

    ends: str
    tokens: str
    texts: str
    through: date | None = None

    @property
    def first_unlisted(self) -> date | None:
        """The first day that store.counterparties does not have."""
        return self.through + timedelta(days=1) if self.through else None


def relations(connection: Connection) -> Relations:
    """The read tables, or what has the same without them."""
    if through := sorted_through(connection):
        return Relations("store.address_transfers", "store.token_names", "store.address_texts", through)
    return Relations("intermediate.int_transfers__ends", "intermediate.int_tokens__canonical", "store.addresses")


def place_of(connection: Connection, chain: str, address: str) -> int:
    """The id of an address, in any case, that a transfer of a chain names.

    Raises:
        NotThere: no transfer of that chain does.
    """
    read, name = relations(connection), canonical_chain(chain)
    is_there = f"select 1 from {read.ends} where address_id = $address_id and chain = $chain limit 1"
    for (number,) in connection.execute(sql("places_id", texts=read.texts), {"address": address}).fetchall():
        if connection.execute(is_there, {"address_id": number, "chain": name}).fetchone():
            return int(number)
    raise NotThere(f"{address[:120]} stands in no transfer of {name}", ADDRESS_HINT)


def tokens_of(connection: Connection, chain: str, token: str | None) -> list[int] | None:
    """The ids that a token has, by symbol or contract; None for all tokens.

    Raises:
        UsageError: no transfer of the chain has that token.
    """
    if token is None:
        return None
    statement = sql("places_tokens", tokens=relations(connection).tokens)
    found = connection.execute(statement, {"chain": chain, "token": token}).fetchall()
    if not found:
        raise UsageError(f"there is no token {token[:120]} on {chain}", "give a symbol as it is shown, or a contract")
    return [number for (number,) in found]


def names_of(connection: Connection, chain: str, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """`address`, `entity` and `category` of address ids, by the surest label that holds at present."""
    values = {"ids": list(ids), "chain": chain, "now": datetime.now(UTC).replace(tzinfo=None)}
    return {row["address_id"]: row for row in records(connection, sql("places_names"), values)}


def with_names(connection: Connection, chain: str, found: Rows, column: str = "other_id") -> Records:
    """Rows whose column with an address id is followed by that address's `address`, `entity` and `category`."""
    columns, rows = found
    at = columns.index(column)
    names = names_of(connection, chain, {row[at] for row in rows})
    shown = ("address", "entity", "category")
    made = [(*row[: at + 1], *(names[row[at]][name] for name in shown), *row[at + 1 :]) for row in rows]
    kinds = [*found.types[: at + 1], *["VARCHAR"] * len(shown), *found.types[at + 1 :]]
    return Records(Rows([*columns[: at + 1], *shown, *columns[at + 1 :]], made, kinds))


def one_place(connection: Connection, address: str, chain: str | None) -> tuple[str, int]:
    """The chain and the id of an address, where no chain needs to be said: it stands on one alone.

    Raises:
        UsageError: it stands on several chains and none is said; NotThere: no transfer names it.
    """
    spelled = known_address(connection, address)
    if chain is None:
        read = relations(connection)
        statement = f"""
            select distinct e.chain from {read.ends} as e inner join {read.texts} as a using (address_id)
            where a.address = $address order by e.chain
        """
        chains = [row[0] for row in connection.execute(statement, {"address": spelled}).fetchall()]
        if len(chains) > 1:
            raise UsageError(f"{spelled} stands on {len(chains)} chains", f"add --chain: {', '.join(chains)}")
        chain = str(chains[0])
    return canonical_chain(chain), place_of(connection, chain, spelled)
