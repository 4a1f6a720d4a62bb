"""Importing large libraries when they are needed, and no sooner."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands for a module that is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def import_large(name: str, without: Iterable[str] = (), later: Iterable[str] = ()) -> None:
    """Import a large library for the first time, with the garbage collector paused and kept off what it made.

    All that an import makes stays; looking for garbage in it takes a third of the time of the import, and once more of
    the next collection.

    Args:
        name: The library.
        without: Libraries that it uses where they are installed: it is to find none.
        later: Modules that it imports and that are loaded only when it asks them for something.
    """
    if name in sys.modules:
        return
    stands: dict[str, Any] = {other: None for other in without if other not in sys.modules}
    stands |= {other: _Later(other) for other in later if other not in sys.modules}
    was_enabled = gc.isenabled()
    gc.disable()
    sys.modules.update(stands)
    try:
        importlib.import_module(name)
    finally:
        for other, stand in stands.items():
            if sys.modules.get(other, sys) is stand:
                del sys.modules[other]
        gc.freeze()
        if was_enabled:
            gc.enable()
