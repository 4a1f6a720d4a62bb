"""Importing large libraries when they are needed, and no sooner."""

from __future__ import annotations

import gc
import importlib
import sys


def import_large(name: str) -> None:
    """Import a large library for the first time, with the garbage collector paused and kept off what it made.

    All that an import makes stays; looking for garbage in it takes a third of the time of the import, and once more of
    the next collection.
    """
    if name in sys.modules:
        return
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        importlib.import_module(name)
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
