"""Errors a user can act on.

One root, `FlowError`: what happened, which input, and the way out. The CLI prints both and no traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class FlowError(Exception):
    """A refusal or failure with a message and a hint.

    Args:
        message: What is wrong, naming the input.
        hint: What to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(FlowError):
    """Bad usage, settings or input path; the command exits with 2."""

    exit_code = 2


def meant(name: str, known: Iterable[str]) -> str:
    """The question whether names that look like one were meant, with a space behind it; empty where none does."""
    by_lower = {word.lower(): word for word in known}
    near = [by_lower[word] for word in get_close_matches(name.lower(), by_lower, 3)]
    return f"did you mean {' or '.join(near)}? " if near else ""


def one_of(what: str, value: str, known: Iterable[str]) -> str:
    """A word of a closed list, as it was given.

    Args:
        what: What the list is of.
        value: The word.
        known: The list.

    Raises:
        UsageError: it is not on the list; the hint is what is.
    """
    words = list(known)
    if value not in words:
        raise UsageError(f"there is no {what} {value}", f"{meant(value, words)}choose from {', '.join(words)}")
    return value


class NotThere(UsageError):
    """What is asked for by its id does not exist."""


class Conflict(FlowError):
    """Somebody else changed it since it was read; nothing was written."""


class AuditFailed(FlowError):
    """A blocking expectation failed, so nothing was published; the command exits with 3."""

    exit_code = 3


class Unreadable(FlowError):
    """One input file can not be read at all; the load of the other files goes on."""
