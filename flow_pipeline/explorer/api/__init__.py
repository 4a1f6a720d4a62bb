"""The read API, `/api/v1`: the answers of `questions` over HTTP.

What lives here: routes, one file per subject, and what they take. What must not: questions, and how answers are
written (`answers`). Read more: docs/explorer.md, and /api/v1/openapi.json of a running explorer.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends

from flow_pipeline.domain.plugs import files_of
from flow_pipeline.explorer.who import reader

ROOT = "/api/v1"


def router() -> APIRouter:
    """Every route of the API, for who may read; a new file in this room is found without any other edit."""
    api = APIRouter(prefix=ROOT, dependencies=[Depends(reader)])
    for module in files_of(__name__):
        api.include_router(module.router)
    return api
