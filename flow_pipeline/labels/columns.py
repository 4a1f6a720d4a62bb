"""Columns of label lists: which of them is which, by the names that lists give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

SPELLINGS: dict[str, tuple[str, ...]] = {
    "address": (
        "address",
        "addr",
        "wallet",
        "wallet_address",
        "account",
        "account_address",
        "crypto_address",
        "contract_address",
        "contract",
        "public_key",
    ),
    "chain": ("chain", "network", "blockchain", "chain_id", "chain_name", "network_id", "currency"),
    "entity": (
        "entity",
        "entity_name",
        "cex_name",
        "owner",
        "name_tag",
        "name",
        "tag",
        "label_name",
        "display_name",
        "public_name_tag",
        "address_name",
        "project",
    ),
    "category": ("category", "categories", "type", "labels", "tags", "label_type", "address_type"),
    "label": ("label", "distinct_name", "name_tag", "name"),
    "source": ("source", "source_url", "list", "contributor", "creator"),
    "known_from": ("known_from", "created_at", "listed_on", "date_listed", "first_seen", "lastmod", "last_modified"),
    "note": ("note", "notes", "remarks", "comment", "description", "abuse"),
    **{
        name: (name,)
        for name in (
            *("entity_type", "confidence", "valid_from", "valid_to", "regions"),
            *("risk_level", "is_source", "is_destination", "licence"),
        )
    },
}
"""Names of columns, most telling first, with small letters and `_` between words."""
_NAME_TAGS = ("name_tag", "public_name_tag")


def key_of(name: str) -> str:
    """`Chain ID`, `chainId` and `chain-id` → `chain_id`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).lower()).strip("_")


def roles_of(names: Iterable[str]) -> dict[str, str]:
    """Which column of a file is taken as which of a label's: `{"chain": "blockchain", …}`."""
    by_key: dict[str, str] = {}
    for name in names:
        by_key.setdefault(key_of(name).replace("nametag", "name_tag"), name)
    found = {}
    for role, spellings in SPELLINGS.items():
        given = next((by_key[spelling] for spelling in spellings if spelling in by_key), None)
        if given is not None:
            found[role] = given
    return _untangle(found, by_key)


def _untangle(found: dict[str, str], by_key: Mapping[str, str]) -> dict[str, str]:
    """One column that two roles want: where a name tag stands beside it, `label` is what kind of address it is."""
    if "category" not in found and "label" in by_key and any(tag in by_key for tag in _NAME_TAGS):
        found["category"] = by_key["label"]
        found["label"] = found["entity"]
    return found


def exchange_words(names: Iterable[str], roles: Mapping[str, str]) -> Callable[[Mapping[str, Any]], str]:
    """What Dune says beside the category of an address: `cex_name` and models of exchanges, whose category is wider."""
    by_key = {key_of(name): name for name in names}
    if "cex_name" in by_key and "category" not in roles:
        return lambda record: "cex"
    model = by_key.get("model_name")
    return lambda record: "cex" if model and text_of(record.get(model)).lower().startswith("cex") else ""


def remark(roles: Mapping[str, str]) -> str | None:
    """The columns that were taken under other names, in a sentence; None when all are called as they are here."""
    others = [f"{name} as {role}" for role, name in roles.items() if key_of(name) != role and role != "label"]
    return f"columns taken: {', '.join(others)}" if others else None


def renamed(record: Mapping[str, Any], roles: Mapping[str, str]) -> dict[str, str]:
    """A record under the names of a label's columns, every value as text."""
    return {role: text_of(record.get(name)) for role, name in roles.items()}


def text_of(value: Any) -> str:
    """A value as text: a list as its parts, nothing as empty."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ";".join(text_of(part) for part in value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()
