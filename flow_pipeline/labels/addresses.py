"""Addresses of label lists: one spelling per address, checked by the rules of its chain; a chain from the form."""

from __future__ import annotations

import re

from flow_pipeline.domain.chains import EVERY_EVM_CHAIN, canonical_chain, family_of
from flow_pipeline.labels.checksums import cash_address_is_valid, checksum_is_valid, eip55_is_valid, tron_address

_EVM = re.compile(r"0[xX][0-9a-fA-F]{40}")
_TRON_HEX = re.compile(r"(0[xX])?41[0-9a-fA-F]{40}")
_SMALL = ("0x", "bc1", "ltc1")
"""Beginnings of addresses whose case says nothing beyond a checksum."""
_BY_CHECKSUM = ("bitcoin", "tron", "litecoin", "dogecoin", "dash", "zcash", "bitcoin-cash", "solana")
"""Chains whose addresses are told from others by their checksum, the likeliest owner of a shared form first."""


class BadLabel(Exception):
    """A label that can not be taken: an address that its chain does not have, an impossible value.

    Attributes:
        reason: A reject reason.
        message: What is wrong with it.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


def checked_address(chain: str, address: str) -> str:
    """The spelling of an address that transfers have.

    Args:
        chain: Canonical name, or `*` for every EVM chain.
        address: As the list has it.

    Raises:
        BadLabel: the chain has no such address.
    """
    if chain == EVERY_EVM_CHAIN or family_of(chain) == "evm":
        return _checked_evm(chain, address)
    if chain == "tron" and _TRON_HEX.fullmatch(address):
        address = tron_address(address) or address
    if len(address) > 128 or not address or any(letter.isspace() for letter in address):
        raise BadLabel("bad_label", f"{address[:60]} is no address")
    if checksum_is_valid(chain, address) is False:
        kind = "Base58Check or Bech32 checksum" if chain != "solana" else "form: 32 bytes in Base58"
        raise BadLabel("bad_checksum", f"{address} fails its {kind}, as {chain} has it")
    if chain == "bitcoin-cash" and cash_address_is_valid(address):
        return address.lower().removeprefix("bitcoincash:")
    return address.lower() if address.lower().startswith(_SMALL) else address


def _checked_evm(chain: str, address: str) -> str:
    if not _EVM.fullmatch(address):
        raise BadLabel("bad_label", f"{address} is no {chain} address")
    if not eip55_is_valid(address):
        raise BadLabel("bad_checksum", f"{address} fails its EIP-55 checksum")
    return address.lower()


def chain_of_form(address: str) -> str | None:
    """The chain that an address belongs to by its form and checksum: `*` for EVM; None where the form does not say."""
    if _EVM.fullmatch(address):
        return EVERY_EVM_CHAIN
    if _TRON_HEX.fullmatch(address):
        return "tron"
    return next((chain for chain in _BY_CHECKSUM if checksum_is_valid(chain, address)), None)


def chain_of_coin(coin: str, address: str) -> str:
    """The chain of an address that a list gives with a coin: an EVM key is its owner's on every EVM chain.

    Args:
        coin: Such as `XBT` or `USDT`, which lives on several chains.
        address: As the list has it.
    """
    found, form = canonical_chain(coin), chain_of_form(address)
    if form is None or (form != EVERY_EVM_CHAIN and checksum_is_valid(found, address)):
        return found
    return form


def looks_like_address(text: str) -> bool:
    """True for what an address of a known chain could be, right or mistyped."""
    return bool(re.fullmatch(r"0[xX][0-9a-fA-F]{38,42}|(bitcoincash:)?[0-9A-Za-z]{25,112}", text))


def spelling(address: str) -> str:
    """The spelling that transfers have, for an address given without its chain; unchanged where its form is unknown."""
    chain = chain_of_form(address)
    return checked_address(chain, address) if chain else address
