"""What the tip tells: one form for findings, single transfers and what is taken back, named as the daily build does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from flow_pipeline.domain.identity import alert_id


@dataclass(frozen=True)
class Event:
    """Something that is worth telling, or that no longer is.

    Attributes:
        kind: "finding" for a new or changed finding, "alert" for what a rule says of transfers, "withdrawn" for
            either when the block it rests on fell.
        rule: Typology of a finding, else the rule's name.
        alert_id: What the daily build calls the alert, so that it confirms instead of telling twice.
        subject: What the alert is about, as the daily build has it.
        chain: Canonical name of the chain.
        token: Symbol of the token, else its contract.
        token_address: Its contract.
        block_number, block_hash: The last block it rests on; None where the source names none.
        time: Microseconds since 1970 of its last transfer.
        focus: The address it is about.
        from_address: First sender.
        to_address: Last receiver.
        addresses: All of them.
        amount: Token units, exact; None where it is not known.
        amount_usd: US dollars; None where no price is known.
        transfers: tx_hash and place of each transfer, in order.
        reason: What happened, in a sentence.
        severity: As the words of the daily build; None for what nobody judged.
        rarity: How much rarer than the budget it is at least, None where that is no matter.
        is_suspicious: None for a finding of which nothing tells what is ordinary: it is no alert.
        finding_id: The finding's name.
        replaces: The finding, or for a rule the alert, that this one stands for.
    """

    kind: str
    rule: str
    alert_id: str
    subject: str
    chain: str
    token: str | None
    token_address: str | None
    block_number: int | None
    block_hash: str | None
    time: int
    focus: str | None
    from_address: str | None
    to_address: str | None
    addresses: tuple[str, ...]
    amount: str | None
    amount_usd: float | None
    transfers: tuple[tuple[str | None, int | None], ...]
    reason: str
    severity: str | None
    rarity: float | None
    is_suspicious: bool | None
    finding_id: str | None = None
    replaces: str | None = None

    @property
    def is_alert(self) -> bool:
        """True for what the daily build would tell."""
        return bool(self.is_suspicious) and self.severity not in (None, "LOW")


FINDING = "finding"
"""The rule of the daily build that tells findings."""


def named(rule: str, subject: str) -> str:
    """The alert's name."""
    return alert_id(rule, subject)


def exact(amount: Decimal | None) -> str | None:
    """An amount as text, with all of its digits."""
    return None if amount is None else f"{amount:f}"


def moment(time: int) -> str:
    """A time for people, UTC."""
    return datetime.fromtimestamp(time / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def in_words(value: float | Decimal) -> str:
    """A number for people: thousands without decimals, small ones with four digits."""
    return f"{float(value):,.0f}" if abs(float(value)) >= 1000 else f"{float(value):.4g}"


def short_address(address: str) -> str:
    """An address by its ends."""
    return f"{address[:8]}…{address[-4:]}" if len(address) > 14 else address
