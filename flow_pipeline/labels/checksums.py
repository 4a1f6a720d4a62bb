"""Address checksums: EIP-55 for EVM chains; Base58Check, Bech32 (BIP 173) and Bech32m (BIP 350) for Bitcoin.

Bitcoin's sisters have the same checksums with version bytes and prefixes of their own; Bitcoin Cash has CashAddr.
"""

from __future__ import annotations

import re

BASE58_VERSIONS: dict[str, tuple[bytes, ...]] = {
    "bitcoin": (b"\x00", b"\x05"),
    "litecoin": (b"\x30", b"\x32", b"\x05"),
    "dogecoin": (b"\x1e", b"\x16"),
    "dash": (b"\x4c", b"\x10"),
    "bitcoin-cash": (b"\x00", b"\x05"),
    "zcash": (b"\x1c\xb8", b"\x1c\xbd"),
    "tron": (b"\x41",),
}
"""Version bytes of a chain's Base58Check addresses, which 20 bytes of a hash follow."""
BECH32_PREFIXES = {"bitcoin": "bc", "litecoin": "ltc"}
_SHIELDED = re.compile(r"(zs1|u1)[a-z0-9]{40,400}|zc[1-9A-HJ-NP-Za-km-z]{90,100}")
"""Zcash's shielded addresses: their form alone is checked."""
_CASH_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CASH_GENERATOR = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)


def eip55(address: str) -> str:
    """The EIP-55 spelling of a hexadecimal address (https://eips.ethereum.org/EIPS/eip-55)."""
    from Crypto.Hash import keccak

    digits = address[2:].lower()
    digest = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    return "0x" + "".join(
        letter.upper() if int(nibble, 16) >= 8 else letter for letter, nibble in zip(digits, digest, strict=False)
    )


def eip55_is_valid(address: str) -> bool:
    """True unless the address is written in mixed case that does not match; one case alone carries no checksum."""
    digits = address[2:]
    return digits in (digits.lower(), digits.upper()) or eip55(address) == "0x" + digits


def bitcoin_address_is_valid(address: str) -> bool:
    """True when the address passes Base58Check (versions 0 and 5), or Bech32 / Bech32m for mainnet."""
    return checksum_is_valid("bitcoin", address) is True


def checksum_is_valid(chain: str, address: str) -> bool | None:
    """True when an address passes the checksum of its own chain; None where no check of that chain is at hand.

    Args:
        chain: Canonical name.
        address: As it is written.
    """
    if chain == "solana":
        return is_public_key(address)
    if chain not in BASE58_VERSIONS:
        return None
    prefix = BECH32_PREFIXES.get(chain)
    if prefix and address.lower().startswith(f"{prefix}1"):
        from embit import bech32

        return bech32.decode(prefix, address)[0] is not None
    if chain == "zcash" and _SHIELDED.fullmatch(address):
        return True
    return _base58check_is_valid(address, BASE58_VERSIONS[chain]) or (
        chain == "bitcoin-cash" and cash_address_is_valid(address)
    )


def _base58check_is_valid(address: str, versions: tuple[bytes, ...]) -> bool:
    from embit import base58

    if not 20 <= len(address) <= 40:
        return False
    try:
        payload = base58.decode_check(address)
    except Exception:
        return False
    return any(payload.startswith(version) and len(payload) == len(version) + 20 for version in versions)


def is_public_key(address: str) -> bool:
    """True for 32 bytes in Base58, the form of a Solana address, which carries no checksum."""
    from embit import base58

    if not 32 <= len(address) <= 44:
        return False
    try:
        return len(base58.decode(address)) == 32
    except Exception:
        return False


def cash_address_is_valid(address: str) -> bool:
    """True for a CashAddr of Bitcoin Cash, with or without `bitcoincash:`, in one case."""
    if address not in (address.lower(), address.upper()):
        return False
    text = address.lower().removeprefix("bitcoincash:")
    if not 42 <= len(text) <= 112 or any(letter not in _CASH_LETTERS for letter in text):
        return False
    values = [ord(letter) & 31 for letter in "bitcoincash"] + [0] + [_CASH_LETTERS.index(letter) for letter in text]
    check = 1
    for value in values:
        top = check >> 35
        check = ((check & 0x07FFFFFFFF) << 5) ^ value
        for place, generator in enumerate(_CASH_GENERATOR):
            if top >> place & 1:
                check ^= generator
    return check == 1


def tron_address(text: str | None) -> str | None:
    """The Base58Check spelling of a Tron address in hexadecimal, with or without 0x and the 41 before it."""
    from embit import base58

    if not text:
        return None
    try:
        return str(base58.encode_check(b"\x41" + bytes.fromhex(text[-40:])))
    except ValueError:
        return None


def script_address(script: str | None) -> str | None:
    """The address of an output script in hexadecimal; None for an unknown form.

    Forms: P2PK (of the hashed key), P2PKH, P2SH, P2WPKH, P2WSH, P2TR.
    """
    from embit import base58, hashes
    from embit.script import Script

    if not script:
        return None
    try:
        code = bytes.fromhex(script)
    except ValueError:
        return None
    if (len(code), code[:1], code[-1:]) in ((67, b"\x41", b"\xac"), (35, b"\x21", b"\xac")):
        return str(base58.encode_check(b"\x00" + hashes.hash160(code[1:-1])))
    if len(code) == 34 and code[:2] == b"\x51\x20":
        from embit import bech32

        return str(bech32.encode("bc", 1, list(code[2:])))
    try:
        return str(Script(code).address())
    except Exception:
        return None
