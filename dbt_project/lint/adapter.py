"""What sqlfluff takes for dbt's `adapter`: to the linter, a word of one engine is a call like any other."""

from collections.abc import Callable


def dispatch(name: str, _package: str) -> Callable[..., str]:
    """The call as it would be written."""
    return lambda *given: "" if name == "in_place" else f"{name}({', '.join(map(str, given))})"
