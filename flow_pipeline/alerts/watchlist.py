"""The watch list: addresses and entities that somebody has an eye on, with who and why. It stands in the alert ledger.

What lives here: adding, ending and showing. What must not: which of their doings are alerts (rules/watched).
"""

from __future__ import annotations

from datetime import date, datetime
from hashlib import md5

from flow_pipeline.alerts.ledger import as_utc, open_ledger
from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import NotThere, UsageError, one_of
from flow_pipeline.questions.rows import Rows, rows
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import transaction

KINDS = ("address", "entity")


def watch(
    settings: Settings,
    kind: str,
    key: str,
    owner: str,
    reason: str,
    chain: str | None = None,
    *,
    first_day: date,
    now: datetime | None = None,
) -> str:
    """Put an address or an entity on the list; the id of the watch.

    What is watched already is watched on, for the owner and the reason given now.

    Args:
        settings: Where the ledger is.
        kind: One of `KINDS`.
        key: The address, or the entity by its name.
        owner: Who wants to know.
        reason: Why.
        chain: Only there; None for every chain.
        first_day: Its doings of this day and later are told.
        now: When; else the present.

    Raises:
        UsageError: key, owner or reason is empty, or there is no such kind or chain.
    """
    one_of("kind", kind, KINDS)
    key, owner, reason = key.strip(), owner.strip(), reason.strip()
    for what, text in (("address or entity", key), ("owner", owner), ("reason", reason)):
        if not text:
            raise UsageError(f"a watch needs its {what}", "give one")
    if kind == "address" and key[:2] in ("0x", "0X"):
        key = key.lower()
    place = canonical_chain(chain) if chain else None
    at = as_utc(now)
    watch_id = md5(f"{kind}|{place or ''}|{key.lower() if kind == 'entity' else key}".encode()).hexdigest()[:12]
    with open_ledger(settings) as connection, transaction(connection):
        before = connection.execute("select first_day from watched where watch_id = ?", [watch_id]).fetchone()
        connection.execute("delete from watched where watch_id = ?", [watch_id])
        connection.execute(
            "insert into watched values (?, ?, ?, ?, ?, ?, ?, null, ?)",
            [watch_id, kind, place, key, owner, reason, min(first_day, before[0]) if before else first_day, at],
        )
    return watch_id


def unwatch(settings: Settings, watch_id: str, last_day: date) -> str:
    """End a watch; the whole id.

    Args:
        settings: Where the ledger is.
        watch_id: Its id, or the first letters of it.
        last_day: What was told stands; doings of later days are not told.

    Raises:
        NotThere: nothing is watched by that id.
        UsageError: several ids begin so.
    """
    with open_ledger(settings) as connection, transaction(connection):
        found = connection.execute(
            "select watch_id from watched where starts_with(watch_id, ?) and last_day is null", [watch_id.lower()]
        ).fetchall()
        if len(found) != 1:
            raise (UsageError if found else NotThere)(
                f"{'several watches begin' if found else 'nothing is watched that begins'} with '{watch_id}'",
                "`netraflow watchlist list` shows the ids",
            )
        connection.execute(
            "update watched set last_day = greatest(?, first_day) where watch_id = ?",
            [last_day, found[0][0]],
        )
    return str(found[0][0])


def listed(settings: Settings, every: bool = False) -> Rows:
    """What is watched, the latest first, with `every` also what was.

    Returns:
        watch_id, kind, chain, key, owner, reason, first_day, last_day, made_at.
    """
    statement = "select * from watched where $every or last_day is null order by made_at desc, watch_id"
    with open_ledger(settings) as connection:
        return rows(connection, statement, {"every": every})
