"""What was measured of one question, and the line that keeps it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..problem import OPERATIONS, Operation
from .lines import fields_of
from .machine import digest, machine_id
from .question import Question

# How a line begins that holds a choice: its key follows, so that a file is searched unparsed.
KEYED = b'{"key": "'


class Measured(NamedTuple):
    """Times of one question on one machine.

    Attributes
    ----------
    backend : str
        Name of the one to run.
    variants : mapping of operation to str
        Which of its variants; its own choice where an operation is not named.
    best : float
        Seconds of that.
    seconds : mapping of str to float
        Seconds of each backend that was measured, in the way it would choose itself.
    estimate : str
        Name of the backend that the estimate would have chosen.
    settled : bool
        False where no time was met twice, on a busy machine or for a call that takes long, and
        the estimate had its way.
    at : str
        When, in ISO 8601 and UTC.
    """

    backend: str
    variants: Mapping[Operation, str]
    best: float
    seconds: Mapping[str, float]
    estimate: str
    settled: bool
    at: str

    @property
    def gain(self) -> float:
        """How many times as fast as the choice of the estimate."""
        return self.seconds[self.estimate] / self.best

    @property
    def times(self) -> dict[str, float]:
        """Seconds of each backend; of the one to run, in the way in which it is to run."""
        return {**self.seconds, self.backend: self.best}

    @property
    def way(self) -> str:
        """What is to run, for people: the backend, with the variants where it has to take one."""
        names = ", ".join(dict.fromkeys(self.variants.values()))
        return f"{self.backend} ({names})" if names else self.backend

    def __str__(self) -> str:
        unsure = "" if self.settled else ", unsure"
        return f"measured {datetime.fromisoformat(self.at):%Y-%m-%d %H:%M} UTC: {self.way}{unsure}"


def key_of(question: Question) -> str:
    """What a choice is kept under: the problem, the options, and the machine."""
    return digest([machine_id(), fields_of(question.judged)])


def line_of(question: Question, measured: Measured) -> bytes:
    """The line that keeps what was measured."""
    kept = {"key": key_of(question), "machine": machine_id()} | measured._asdict()
    return json.dumps(kept | fields_of(question.judged)).encode()


def measured_in(line: bytes) -> Measured | None:
    """What a line keeps; None where it is damaged."""
    try:
        fields = json.loads(line)
        found = Measured(*(fields[name] for name in Measured._fields))
        return found if _is_sound(found) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _is_sound(found: Measured) -> bool:
    """Whether all fields have their types; whose names they are is for the choice to see."""
    if not isinstance(found.variants, dict) or not isinstance(found.seconds, dict):
        return False
    datetime.fromisoformat(found.at)
    words = [found.backend, *found.variants.values(), *found.seconds]
    times: list[Any] = [found.best, *found.seconds.values()]
    return (
        set(found.variants) <= set(OPERATIONS)
        and found.estimate in found.seconds
        and isinstance(found.settled, bool)
        and all(isinstance(word, str) and word.isprintable() for word in words)
        and all(isinstance(time, float) and 0 < time < math.inf for time in times)
    )
