"""What a finding and an alert are called, in memory as in the database: the same parts give the same name.

The statements `detection/sql/findings_measures.sql` and `alerts/ledger.py` make the same names of rows; a test holds
the two equal.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from hashlib import md5
from operator import xor

_LETTERS = 16
_PLACES = 18
"""Decimals of an amount of raw.transfers, which its text has all of."""


def transfer_identity(
    tx_hash: str, transfer_index: int | None, from_address: str, to_address: str, amount: Decimal
) -> str:
    """What tells a transfer with a hash from others, as the macro `transfer_identity` says it."""
    place = f"{from_address}>{to_address}>{amount:.{_PLACES}f}" if transfer_index is None else str(transfer_index)
    return f"{tx_hash}:{place}"


def transfer_key(identity: str) -> int:
    """The lower 64 bits of the hash of an identity, as md5_number_lower gives them."""
    return int.from_bytes(md5(identity.encode(), usedforsecurity=False).digest()[8:], "little")


def finding_id(
    typology: str, chain: str, token_address: str | None, token_symbol: str | None, focus: str | None, keys: list[int]
) -> str:
    """The name of a finding.

    Args:
        typology: Its name.
        chain: Canonical name of the chain.
        token_address: Contract of the token.
        token_symbol: Its symbol, where it has no contract.
        focus: The address the finding is about, None for none.
        keys: Keys of all its transfers, or of the first one alone: what makes it what it is.
    """
    parts = (typology, chain, token_address or token_symbol or "", focus or "", str(reduce(xor, keys)))
    return _short("|".join(parts))


def alert_id(rule: str, subject: str) -> str:
    """The name of an alert of a rule about a subject."""
    return _short(f"{rule}|{subject}")


def _short(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()[:_LETTERS]
