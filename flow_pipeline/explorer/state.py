"""What all requests of the application share, and the dependencies that hand it to routes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from flow_pipeline.explorer.answers import Cursor, read_cursor, refuse_known, wanted_format
from flow_pipeline.explorer.reading import Reading, Snapshot
from flow_pipeline.settings import Settings


@dataclass
class State:
    """Settings, the published files, the address listened on."""

    settings: Settings
    reading: Reading
    host: str
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def close(self) -> None:
        """Let go of files."""
        self.reading.close()


def state_of(request: Request) -> State:
    """The shared state."""
    state: State = request.app.state.netraflow
    return state


def snapshot(request: Request, cursor: Cursor = None) -> Iterator[Snapshot]:
    """The published file for this request: that of the cursor, else the current one."""
    run, _ = read_cursor(cursor) if cursor else (None, [])
    with state_of(request).reading.snapshot(run or None) as found:
        if request.method in ("GET", "HEAD") and request.url.path.startswith("/api/"):
            refuse_known(request, found.run, wanted_format(request))
        yield found


Read = Annotated[Snapshot, Depends(snapshot)]
Shared = Annotated[State, Depends(state_of)]
