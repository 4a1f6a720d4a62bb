"""Address checksums: EIP-55 for EVM chains; Base58Check, Bech32 (BIP 173) and Bech32m (BIP 350) for Bitcoin."""

from __future__ import annotations


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
    from embit import base58, bech32

    if address.lower().startswith("bc1"):
        return bech32.decode("bc", address)[0] is not None
    try:
        payload = base58.decode_check(address)
    except Exception:
        return False
    return len(payload) == 21 and payload[0] in (0, 5)


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
