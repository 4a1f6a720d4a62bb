"""Closing a case: its verdict goes to the alert ledger, which `netraflow verdicts review` counts.

Database and ledger are two files, and no transaction holds both. The case is marked as closing with its verdict, the
ledger is written, the case is closed: a process killed in between leaves a case that is closing, and closing it again
does the rest. Nothing is judged twice, because the ledger leaves alone what stands judged so.
"""

from __future__ import annotations

from sqlalchemy import select

from flow_pipeline.alerts.ledger import VERDICTS, acknowledge_together
from flow_pipeline.domain.errors import UsageError, one_of
from flow_pipeline.explorer.store.changing import WORKED_ON, change, to_change
from flow_pipeline.explorer.store.models import Case, Item
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.explorer.store.words import a_name, a_text, now


def close(
    store: Store,
    case_id: int,
    author: str,
    verdict: str | None = None,
    reason: str | None = None,
    seen: int | None = None,
) -> list[str]:
    """Close a case, and judge its alerts; the ids of those that the ledger has.

    A case whose closing was cut off keeps verdict and reason, which need not be given again.

    Args:
        store: Where it is kept.
        case_id: The case.
        author: Who closes it, as the ledger keeps it.
        verdict: What its alerts turned out to be, one of `alerts.ledger.VERDICTS`.
        reason: Why.
        seen: Version of the case that was seen; None goes by whatever is there now.

    Raises:
        NotThere: there is no such case.
        UsageError: no verdict or reason is given, the case is closed, or it is being closed with another verdict.
        LedgerUnavailable: the alert ledger can not be written for now; the case is closing until somebody calls again.
    """
    author = a_name("the author's name", author)
    with store.session() as session:
        case = to_change(session, case_id, seen, (*WORKED_ON, "closing"))
        if case.status == "closing":
            _refuse_another(case, verdict)
        else:
            if verdict is None or reason is None:
                raise UsageError(f"case {case_id} needs a verdict and a reason", "give --as and --reason")
            case.status, case.verdict = "closing", one_of("verdict", verdict, VERDICTS)
            case.reason = a_text("the reason", reason, store.settings)
            case.closed_by, case.closed_at = author, now()
            change(session, case_id, author, "closing", verdict=case.verdict, reason=case.reason)
        told = (str(case.closed_by), f"case {case_id}: {case.reason}", str(case.verdict))
        alerts = list(
            session.scalars(select(Item.key).where(Item.case_id == case_id, Item.kind == "alert").order_by(Item.key))
        )
    judged = acknowledge_together(store.settings, alerts, *told) if alerts else []
    with store.session() as session:
        case = to_change(session, case_id, None, ("closing", "closed"))
        if case.status == "closing":  # else another process, which found it closing too, was first
            case.status = "closed"
            unknown = [one for one in alerts if one not in judged]
            change(session, case_id, author, "closed", verdict=case.verdict, alerts=judged, not_in_ledger=unknown)
    return judged


def reopen(store: Store, case_id: int, author: str, reason: str, seen: int | None = None) -> None:
    """Open a closed case again; its alerts stay judged until it is closed anew.

    Raises:
        NotThere: there is no such case.
        UsageError: it is not closed, or no reason is given.
    """
    why = a_text("the reason", reason, store.settings)
    with store.session() as session:
        case = to_change(session, case_id, seen, (*WORKED_ON, "closed"))
        if case.status != "closed":
            raise UsageError(f"case {case_id} is {case.status}", "nothing is to be done")
        was = case.verdict
        case.status, case.verdict, case.reason, case.closed_by, case.closed_at = "open", None, None, None, None
        change(session, case_id, author, "reopened", reason=why, verdict_before=was)


def _refuse_another(case: Case, verdict: str | None) -> None:
    if verdict is not None and verdict != case.verdict:
        raise UsageError(
            f"case {case.id} is being closed as {case.verdict}, not as {verdict}",
            f"`netraflow case close {case.id}` completes that; then reopen it",
        )
