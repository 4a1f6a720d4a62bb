"""Files that ship with the code: in a wheel they lie inside the package, in a checkout at the top of the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
IS_INSTALLED = (_PACKAGE / "dbt_project").is_dir()
"""True when the package runs from a wheel, whose folder belongs to the installer and is not written to."""


def shipped(name: str) -> Path:
    """A file or folder of the repository, such as `dbt_project` or `data/sample`, wherever the code runs from."""
    return (_PACKAGE if IS_INSTALLED else _PACKAGE.parent) / name
