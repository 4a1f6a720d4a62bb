"""JSON: dumps of explorers' labels (address → name and labels, label → addresses), records in a list or one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flow_pipeline.labels.addresses import looks_like_address
from flow_pipeline.labels.columns import roles_of
from flow_pipeline.labels.readers import Content, Found, table, tagpack

NAME, RANK = "json_dump", 20
SAYS = "JSON of records, of address → name and labels, or of label → addresses"

_WRAPPERS = ("rows", "data", "result", "results", "labels", "items", "records", "accounts", "addresses", "response")
"""Keys under which an answer of an API holds its records."""


def recognise(content: Content) -> bool:
    """A JSON object or array, or one object a line."""
    return content.sample.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def read(content: Content) -> Found:
    """The labels of whatever shape the JSON has.

    Raises:
        UsageError: it is broken, or of no shape that is known.
    """
    document = _document(content)
    if isinstance(document, dict) and isinstance(document.get("tags"), list):
        return tagpack.take(document, content)
    rows = _rows(document)
    if rows is None:
        raise content.unreadable(
            "it is JSON, and neither records with an address nor address → labels nor label → addresses",
            "make it a CSV with the columns chain, address, entity, category",
        )
    names = list(dict.fromkeys(name for row in rows for name in row))
    return table.take(names, rows, content) if rows else Found([], names={"address"})


def _document(content: Content) -> Any:
    try:
        return json.loads(content.text)
    except RecursionError:
        raise content.unreadable("its JSON is nested too deeply", "no list of labels is; fetch it again") from None
    except ValueError as error:
        lines = [line for line in content.text.splitlines() if line.strip()]
        try:
            documents = [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            raise content.unreadable(f"its JSON is broken: {error}") from None
    return _merged(documents)


def _merged(documents: list[Any]) -> Any:
    """Documents one a line as one: records as a list, dumps by address as one dump."""
    if all(isinstance(one, dict) for one in documents) and not _is_record(documents[0]):
        return {key: value for one in documents for key, value in one.items()}
    return documents


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and "address" in roles_of(value) and not _is_dump(value)


def _is_dump(value: dict[str, Any]) -> bool:
    """True when the keys are addresses."""
    some = [key for key, _ in zip(value, range(50), strict=False)]
    return bool(some) and all(looks_like_address(key) for key in some)


def _rows(document: Any) -> list[dict[str, Any]] | None:
    """The document as records of one label each; None for an unknown shape."""
    if isinstance(document, list):
        return _rows_of_list(document)
    if not isinstance(document, dict):
        return None
    if not document:
        return []
    if _is_dump(document):
        return [{"address": address, **_said(value)} for address, value in document.items()]
    if _is_record(document) and not isinstance(next(iter(document.values())), list | dict):
        return [document]
    for name in _WRAPPERS:
        inner = document.get(name)
        if isinstance(inner, dict) or (isinstance(inner, list) and inner and isinstance(inner[0], dict)):
            found = _rows(inner)
            if found:
                return found
    found = list(_rows_by_label(document))
    return found or None


def _rows_of_list(document: list[Any]) -> list[dict[str, Any]] | None:
    if all(isinstance(one, str) and looks_like_address(one) for one in document):
        return [{"address": one} for one in document]
    if document and all(_is_record(one) for one in document):
        return document
    return [] if not document else None


def _said(value: Any) -> dict[str, Any]:
    """What a dump says of an address: a record, a name, or labels."""
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key.lower() != "address"}
    if isinstance(value, list):
        return {"labels": value, **({"name": str(value[0])} if value else {})}
    return {"name": value}


def _rows_by_label(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """label → addresses, label → address → name, label → records."""
    for label, held in document.items():
        if isinstance(held, dict) and _is_dump(held):
            yield from ({"address": address, **_said(value), "category": label} for address, value in held.items())
        elif isinstance(held, list):
            for one in held:
                if isinstance(one, str) and looks_like_address(one):
                    yield {"address": one, "category": label}
                elif _is_record(one):
                    yield {"category": label, **one}
