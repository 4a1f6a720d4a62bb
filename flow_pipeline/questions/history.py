"""What an address got and paid per day and token, and how far it has changed since the window began."""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.windows import Window
from flow_pipeline.questions.known import check_window, known_chain
from flow_pipeline.questions.places import relations
from flow_pipeline.questions.rows import Records, records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

CHANGE_IN_WORDS = (
    "change: inflow - outflow since the first day shown. It is no balance: what the address held before is not known, "
    "and transfers that were not loaded are not in it."
)
"""What whoever shows the column `change` says beside it."""


def history(connection: Connection, chain: str, address_id: int, window: Window = Window()) -> Records:
    """A row per day with transfers and token, in order of days.

    Args:
        connection: The published file.
        chain: Any spelling.
        address_id: Of store.addresses.
        window: Days, all where open.

    Returns:
        block_date, token_symbol, token_address, transfers_in, transfers_out, unknown_amounts (transfers whose amount no
        source gave, or of a token whose amounts are too large to sum), inflow, outflow, netflow, change
        (CHANGE_IN_WORDS says what it is not), usd_in, usd_out. Counted are transfers to and from other addresses of an
        amount above zero or unknown. Amounts are NULL where all of a day are unknown, dollars where no price is known.

    Raises:
        UsageError: there is no such chain, or none of those days.
    """
    check_window(connection, window)
    values = {"chain": known_chain(connection, chain), "address_id": address_id}
    return records(
        connection,
        sql("history", ends=relations(connection).ends),
        {**values, "first": window.first, "last": window.last},
    )
