"""What a finding of the tip is told by: exact sums, its sentence, how suspicious it is and what its alert is called.

The sums are those of `detection/sql/findings_measures.sql`; a test holds the two equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np

from flow_pipeline.detectors.typology import Hits, Measured, Typology, typologies
from flow_pipeline.graph.tip import EXACT
from flow_pipeline.live.events import FINDING, Event, exact, named
from flow_pipeline.live.findings import Standing
from flow_pipeline.live.knowledge import Knowledge, KnownToken
from flow_pipeline.scoring.severity import WORDS, severity
from flow_pipeline.settings import VerdictSettings

_SUSPECT = ("sanctioned", "exploit")
_IN, _OUT, _PEEL = 0, 1, 3
_LIMITED = "large_transfer"
"""Its touches of labelled addresses are told by rules of their own."""


class Teller:
    """Turns findings of one chain into events."""

    def __init__(self, chain: str, knowledge: Knowledge, verdicts: VerdictSettings, parameters: dict[str, Any]) -> None:
        self._chain, self._knowledge, self._verdicts, self._parameters = chain, knowledge, verdicts, parameters
        self._suspects = {
            address
            for address, labels in knowledge.labels.get(chain, {}).items()
            if any(label.category in _SUSPECT for label in labels)
        }

    def tell(
        self,
        finding: Standing,
        rows: list[dict[str, Any]],
        before: str | None,
        told_by: str | None,
        hashes: dict[int, str],
    ) -> Event:
        """The event of a finding.

        Args:
            finding: Which.
            rows: What those of its transfers say that are held, in their order.
            before: Name of the finding that it stands for.
            told_by: Name of a stronger finding of its day that shares a transfer with it.
            hashes: Hashes of the last blocks.
        """
        detector, parameters = typologies()[finding.typology], self._parameters[finding.typology]
        with localcontext(EXACT):
            moved, gross = _sums(detector, finding, rows)
        in_order = [rows[place] for place in finding.order]
        contract, symbol = finding.token
        known = self._knowledge.tokens.get((self._chain, contract or symbol or ""), KnownToken())
        symbol = known.symbol or symbol
        usd = _worth(rows, finding.part, moved, known)
        is_suspicious, rarity, suspect = self._verdict(detector, parameters, finding, rows, moved, gross, usd)
        if told_by is not None and is_suspicious:
            is_suspicious = False
        if suspect is not None and finding.typology == _LIMITED:
            is_suspicious = False
        word = None
        if is_suspicious is not None:
            word = WORDS[
                int(
                    severity(
                        np.array([is_suspicious]),
                        np.array([np.nan if rarity is None else rarity]),
                        np.array([np.nan if usd is None else usd]),
                        self._verdicts.small_usd,
                        self._verdicts.large_usd,
                    )[0]
                )
            ]
        addresses = list(dict.fromkeys(a for row in in_order for a in (row["from_address"], row["to_address"])))
        subject = _joined(
            finding.typology,
            self._chain,
            contract or symbol,
            finding.focus,
            _joined(*finding.opening, with_=" "),
        )
        number = in_order[-1]["block_number"]
        return Event(
            "finding",
            finding.typology,
            named(FINDING, subject),
            subject,
            self._chain,
            symbol or contract,
            contract,
            number if number is not None and number >= 0 else None,
            hashes.get(number),
            finding.last_time,
            finding.focus,
            in_order[0]["from_address"],
            in_order[-1]["to_address"],
            tuple(addresses),
            exact(moved),
            usd,
            tuple((row["tx_hash"], row["transfer_index"]) for row in in_order),
            _sentence(detector, parameters, finding, rows, moved, gross, symbol, len(addresses)),
            word,
            rarity,
            is_suspicious,
            finding.finding_id,
            before,
        )

    def is_rare(self, finding: Standing) -> bool:
        """True when its size alone makes it suspicious."""
        needed = self._needed(finding)
        return needed is not None and finding.strength > needed

    def _needed(self, finding: Standing) -> float | None:
        contract, symbol = finding.token
        known = self._knowledge.tokens.get((self._chain, contract or symbol or ""), KnownToken())
        token = contract or known.symbol or symbol or ""
        return self._knowledge.thresholds.get((finding.typology, self._chain, token))

    def _verdict(
        self,
        detector: Typology,
        parameters: Any,
        finding: Standing,
        rows: list[dict[str, Any]],
        moved: Decimal,
        gross: Decimal,
        usd: float | None,
    ) -> tuple[bool | None, float | None, str | None]:
        """Whether it is suspicious (None: nobody knows), how rare at least, and the label it touches."""
        contract, symbol = finding.token
        known = self._knowledge.tokens.get((self._chain, contract or symbol or ""), KnownToken())
        suspect = self._suspect(rows)
        limited = moved if detector.LIMITED_BY == "moved_amount" else gross
        limit = getattr(parameters, "amount_by_token", {}).get(known.symbol or symbol or "")
        usd_limit = getattr(parameters, "amount_usd", None)
        exceeds = (
            limited > Decimal(repr(limit))
            if limit is not None
            else usd is not None and usd_limit is not None and moved and usd * float(limited / moved) > usd_limit
        )
        needed = self._needed(finding)
        # The tail falls at least as one over the strength where little is known of it.
        rarity = needed / finding.strength if needed is not None and finding.strength > 0 else None
        is_rare = rarity is not None and rarity < 1
        if suspect is not None or detector.IS_PROOF or exceeds or is_rare:
            return True, rarity if is_rare else None, suspect
        return (None if needed is None else False), rarity, suspect

    def _suspect(self, rows: list[dict[str, Any]]) -> str | None:
        """A label of the ends that is suspicious whatever the size."""
        for row in rows if self._suspects else ():
            for end in self._suspects.intersection((row["from_address"], row["to_address"])):
                label = self._knowledge.label(self._chain, end, row["time"])
                if label is not None and label.category in _SUSPECT:
                    return f"{label.category} {label.entity}"
        return None


def instance_of(finding: Standing, others: Iterable[Standing]) -> str | None:
    """The strongest other path of its day that shares a transfer with a path: it tells the same story."""
    own = set(finding.serials.tolist())
    stronger = [
        other
        for other in others
        if other.finding_id != finding.finding_id
        and (other.strength, other.finding_id) > (finding.strength, finding.finding_id)
        and own.intersection(other.serials.tolist())
    ]
    return max(stronger, key=lambda other: other.strength).finding_id if stronger else None


def _joined(*parts: object, with_: str = "|") -> str:
    """As concat_ws joins: what is not there leaves no place."""
    return with_.join(str(part) for part in parts if part is not None)


def _sums(detector: Typology, finding: Standing, rows: list[dict[str, Any]]) -> tuple[Decimal, Decimal]:
    """What it moved, by the typology's way to count, and the sum of all its transfers but slices cut off."""
    zero = Decimal(0)
    parts = finding.part.tolist()
    plain = [row["amount"] for row, part in zip(rows, parts, strict=True) if part != _PEEL]
    gross = sum(plain, zero)
    inflow = sum((row["amount"] for row, part in zip(rows, parts, strict=True) if part == _IN), zero)
    outflow = sum((row["amount"] for row, part in zip(rows, parts, strict=True) if part == _OUT), zero)
    match detector.MOVED:
        case "least":
            return min(plain), gross
        case "sum":
            return gross, gross
        case "lesser_side":
            return min(inflow, outflow), gross
        case "arrived":
            paid = sum((row["amount"] for row in rows if row["from_address"] == finding.focus), zero)
            return min(outflow, paid), gross
        case "per_middle":
            sides: defaultdict[str, dict[int, Decimal]] = defaultdict(lambda: {_IN: zero, _OUT: zero})
            for row, part in zip(rows, parts, strict=True):
                middle = row["to_address"] if part == _IN else row["from_address"]
                if part in (_IN, _OUT):
                    sides[middle][part] += row["amount"]
            return sum((min(side.values()) for side in sides.values()), zero), gross


def _worth(rows: list[dict[str, Any]], part: np.ndarray, moved: Decimal, known: KnownToken) -> float | None:
    """US dollars of what it moved: by the last known price, else by what the source gave."""
    if known.usd is not None:
        return float(moved) * known.usd
    given = [
        (row["amount_usd"], float(row["amount"]))
        for row, side in zip(rows, part.tolist(), strict=True)
        if side != _PEEL and row["amount_usd"] is not None
    ]
    amount = sum(item[1] for item in given)
    return None if known.is_spoof or not amount else sum(item[0] for item in given) / amount * float(moved)


def _sentence(
    detector: Typology,
    parameters: Any,
    finding: Standing,
    rows: list[dict[str, Any]],
    moved: Decimal,
    gross: Decimal,
    symbol: str | None,
    address_count: int,
) -> str:
    """What happened, in the words of the typology."""
    times = [row["time"] for row in rows]
    measured = Measured(
        [symbol],
        np.array([(max(times) - min(times)) / 1_000_000]),
        np.array([finding.hop_count]),
        np.array([len(rows)]),
        np.array([address_count]),
        [moved],
        [gross],
        [finding.focus],
    )
    hits = Hits(
        np.array([0, len(rows)]),
        np.arange(len(rows)),
        finding.part,
        np.array([-1], np.int32),
        np.array([finding.hop_count]),
        {name: np.array([value]) for name, value in finding.facts.items()},
    )
    return detector.describe(measured, hits, parameters)[0]
