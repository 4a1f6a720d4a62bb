"""The read API, `/api/v1`: the answers of `questions` over HTTP.

What lives here: routes, one file per subject, and what they take. What must not: questions, and how answers are
written (`answers`). Read more: docs/explorer.md, and /api/v1/openapi.json of a running explorer.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from flow_pipeline.domain.plugs import files_of
from flow_pipeline.explorer.answers import ARROW, CSV, JSON, PROBLEM
from flow_pipeline.explorer.who import reader

ROOT = "/api/v1"


_PAGE = {
    "type": "object",
    "required": ["items", "next_cursor", "run"],
    "properties": {
        "items": {"type": "array", "items": {"type": "object"}},
        "next_cursor": {"type": ["string", "null"], "description": "for the next page; null behind the last row"},
        "run": {"type": ["string", "null"], "description": "the publication; null for what no run published"},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "way_out": {"type": "string", "description": "what to do about it"},
    },
}


def describe(schema: dict[str, Any]) -> dict[str, Any]:
    """Say in the description of the API what all routes share: pages and their forms, problems, tokens."""
    schema.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
    for ways in schema["paths"].values():
        for way, route in ways.items():
            route["responses"].pop("422", None)
            route["responses"]["default"] = {
                "description": "A refusal, as RFC 9457 says.",
                "content": {PROBLEM: {"schema": _PROBLEM}},
            }
            if way == "get" and any(one["name"] == "cursor" for one in route.get("parameters", ())):
                done = route["responses"]["200"]
                done["content"] = {JSON: {"schema": _PAGE}} | {form: {"schema": {}} for form in (CSV, ARROW)}
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"].get("schemas", {}).pop(name, None)
    return schema


def router() -> APIRouter:
    """Every route of the API, for who may read; a new file in this room is found without any other edit."""
    api = APIRouter(prefix=ROOT, dependencies=[Depends(reader)])
    for module in files_of(__name__):
        api.include_router(module.router)
    return api
