"""What a call may use: threads and bytes of workspace."""

from __future__ import annotations

from ..errors import OptionError
from ..problem import parse_int

# What a C int holds, as which libraries take a number of threads.
MOST_THREADS = 2**31 - 1


def parse_threads(name: str, value: object) -> int:
    """`value` as a number of threads."""
    number = parse_int(name, value, OptionError)
    if number < 1:
        raise OptionError(f"{name}: must be >= 1; got {number}")
    if number > MOST_THREADS:
        raise OptionError(f"{name}: must not exceed 2**31 - 1; got {number}")
    return number


def parse_workspace(value: object) -> int | None:
    """`value` as a number of bytes of at least 0, or None."""
    if value is None:
        return None
    number = parse_int("max_workspace", value, OptionError)
    if number < 0:
        raise OptionError(f"max_workspace: must be >= 0 bytes; got {number}")
    return number
