"""Groups of addresses from a file: who is watched, how risky it is, and where flows may begin and end."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.vocabulary import RISK_LEVELS
from flow_pipeline.labels.addresses import chain_of_form, spelling
from flow_pipeline.labels.checksums import eip55_is_valid

TYPES = (
    "EXCHANGE",
    "MIXER",
    "BLACKLIST",
    "SANCTIONED",
    "EXPLOIT",
    "PHISHING",
    "BRIDGE",
    "DEX",
    "LENDING",
    "CONTRACT",
    "FUND",
    "WHALE",
    "MINER",
    "MEV_BOT",
    "OTHER",
)
"""What a group may be: the label categories, and BLACKLIST."""
_SPELLINGS = {"riskLevel": "risk_level", "isSource": "is_source", "isDestination": "is_destination"}
_KEYS = ("name", "type", "risk_level", "is_source", "is_destination", "addresses")


@dataclass(frozen=True)
class Group:
    """A group: id, name, type of TYPES, risk level, whether flows begin or end there, and its addresses as written."""

    group_id: str
    name: str
    type: str
    risk_level: str
    is_source: bool
    is_destination: bool
    addresses: tuple[str, ...]


@dataclass
class GroupFile:
    """What a file came to.

    Attributes:
        groups: In the file's order.
        rejects: (row, reason, message, text) of addresses that are none, row counting addresses from 1.
        read: Addresses in the file.
        notes: What a reader should know: groups without an address, addresses in two groups.
    """

    groups: list[Group] = field(default_factory=list)
    rejects: list[tuple[int, str, str, str]] = field(default_factory=list)
    read: int = 0
    notes: list[str] = field(default_factory=list)


def read_groups(path: Path) -> GroupFile:
    """Read a YAML or JSON file: group id → type, risk_level, is_source, is_destination, addresses (a list, or keys).

    Args:
        path: The file.

    Raises:
        UsageError: unreadable, an unknown key, type or risk level; the group is named.
    """
    if not path.is_file():
        raise UsageError(f"group file {path} does not exist", "check --groups or tracing.groups")
    try:
        content = _parsed(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"group file {path} is neither YAML nor JSON: {str(error).splitlines()[0]}", "mend the line it names"
        ) from None
    if not isinstance(content, dict):
        raise UsageError(f"group file {path} holds no groups", "write one key per group; see docs/operations.md")
    found = GroupFile()
    homes: dict[str, str] = {}
    for name, body in content.items():
        group, bad = _group(path, str(name), body, found.read)
        found.read += len(group.addresses) + len(bad)
        found.groups.append(group)
        found.rejects += bad
        if not group.addresses:
            found.notes.append(f"group {group.group_id} has no usable address")
        for address in group.addresses:
            if address in homes:
                found.notes.append(f"{address} is in {homes[address]} and in {group.group_id}: the riskier one counts")
            homes[address] = group.group_id
    return found


def _parsed(text: str) -> Any:
    """YAML or JSON whose values are text as written, so that 0x12Ab… stays an address; true and false are read.

    An alias is no way to write a group, and a few of them make a text of gigabytes.
    """
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
        raise yaml.YAMLError("an alias (*name) stands in it")
    return _with_flags(yaml.load(text, Loader=yaml.BaseLoader))


def _with_flags(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_flags(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_flags(item) for item in value]
    return {"true": True, "false": False, "null": None, "~": None, "": None}.get(str(value).lower(), value)


def _group(path: Path, name: str, body: Any, read: int) -> tuple[Group, list[tuple[int, str, str, str]]]:
    if not isinstance(body, dict):
        raise UsageError(f"group {name} of {path} is no mapping", f"give it the keys {', '.join(_KEYS)}")
    given = {_SPELLINGS.get(str(key), str(key)): value for key, value in body.items()}
    unknown = sorted(set(given) - set(_KEYS))
    if unknown:
        raise UsageError(
            f"group {name} of {path}: there is no key {', '.join(unknown)}", f"keys are {', '.join(_KEYS)}"
        )
    kind, risk = str(given.get("type", "OTHER")).upper(), str(given.get("risk_level", "LOW")).upper()
    if kind not in TYPES:
        raise UsageError(f"group {name} of {path}: there is no type {kind}", f"types are {', '.join(TYPES)}")
    if risk not in RISK_LEVELS:
        raise UsageError(
            f"group {name} of {path}: there is no risk level {risk}", f"levels are {', '.join(RISK_LEVELS)}"
        )
    flags = []
    for key in ("is_source", "is_destination"):
        value = given.get(key, True)
        if not isinstance(value, bool):
            raise UsageError(f"group {name} of {path}: {key} is {json.dumps(value, default=str)}", "give true or false")
        flags.append(value)
    addresses: list[str] = []
    rejects = []
    for number, raw in enumerate(given.get("addresses") or (), read + 1):
        # YAML reads hexadecimal digits without quotes as a number
        address = f"0x{raw:040x}" if isinstance(raw, int) else str(raw).strip()
        reason = _why_not(address)
        if reason:
            rejects.append((number, "bad_checksum", f"group {name}: {address} {reason}", address))
        else:
            addresses.append(spelling(address))
    return Group(
        name, str(given.get("name", name)), kind, risk, flags[0], flags[1], tuple(dict.fromkeys(addresses))
    ), rejects


def _why_not(address: str) -> str | None:
    """Why an address is none, None for a good one."""
    if address.lower().startswith("0x"):
        if not re.fullmatch(r"0x[0-9a-fA-F]{40}", address):
            return "is no address of 20 bytes"
        return None if eip55_is_valid(address) else "fails EIP-55"
    return None if chain_of_form(address) else "fails Base58Check and Bech32"
