"""Fields that a report of suspicious activity asks for, under the names of FinCEN's form and of goAML.

What lives here: values that follow from the copies of a case. What must not: who files, which codes of a form apply,
anything about persons: that is the filer's. docs/cases.md says which field is which.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flow_pipeline.explorer.evidence.dossier import Dossier
from flow_pipeline.explorer.evidence.narrative import narrative_of
from flow_pipeline.explorer.markup import as_text

_NARRATIVE, _PIECES = 4_000, 5
"""FinCEN's XML schema 2.0 takes a narrative of up to five pieces of 4,000 letters in one line; the rest is attached."""


def filing(dossier: Dossier) -> dict[str, Any]:
    """Both forms, as far as the case fills them."""
    return {"fincen_sar": _fincen(dossier), "goaml": _goaml(dossier)}


def _fincen(dossier: Dossier) -> dict[str, Any]:
    usd, span = dossier.moved_usd(), dossier.span()
    pieces = list(_pieces(as_text(narrative_of(dossier)), _NARRATIVE))
    return {
        "SuspiciousActivity": {
            "SuspiciousActivityFromDateText": _day(span[0]) if span else None,
            "SuspiciousActivityToDateText": _day(span[1]) if span else None,
            "TotalSuspiciousAmountText": None if usd is None else str(usd.quantize(Decimal(1), ROUND_HALF_UP)),
            "AmountUnknownIndicator": "Y" if usd is None and dossier.findings else None,
            "SuspiciousActivityClassification": [
                {"OtherSuspiciousActivityTypeText": name}
                for name in sorted({one["typology"] for one in dossier.findings})
            ],
        },
        "Subject": [
            {"AccountNumberText": address, "chain": chain, "label": dossier.name_of(chain, address)}
            for chain, address in dossier.subjects()
        ],
        "ActivityNarrativeInformation": [
            {"ActivityNarrativeSequenceNumber": number, "ActivityNarrativeText": text}
            for number, text in enumerate(pieces[:_PIECES], 1)
        ],
        "ActivitySupportDocument": ["transfers.csv", *(["narrative.md"] if len(pieces) > _PIECES else [])],
    }


def _goaml(dossier: Dossier) -> dict[str, Any]:
    verdict, reason = dossier.case["verdict"], dossier.case["reason"]
    return {
        "report_code": "STR",
        "entity_reference": f"case {dossier.case['id']}",
        "reason": as_text(narrative_of(dossier)),
        "action": f"closed as {verdict}: {reason}" if verdict else None,
        "report_indicators": sorted({one["typology"] for one in dossier.findings}),
        "transactions": "transfers.csv",
    }


def _day(time: str) -> str:
    return time[:10].replace("-", "")


def _pieces(text: str, most: int) -> Iterator[str]:
    """A text in pieces of at most so many letters, cut between words where it can be."""
    while text:
        cut = len(text) if len(text) <= most else text.rfind(" ", 0, most) + 1 or most
        yield text[:cut].strip()
        text = text[cut:]
