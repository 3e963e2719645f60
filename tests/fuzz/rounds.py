"""One problem after another, each called in several ways."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import NamedTuple

from .call import Call, Finding, Refused
from .entries import ENTRIES, impossible
from .mistakes import mistake
from .trial import Trial

CALLS_PER_PROBLEM = 8
MISTAKES = 0.08


class Outcome(NamedTuple):
    """What became of one problem: calls made, refused by name, and what was found."""

    calls: int
    refused: int
    found: tuple[str, ...]
    log: tuple


def outcome(seed: int, index: int, backends: tuple[str, ...]) -> Outcome:
    """Draw a problem and call it in several ways."""
    trial = Trial(seed, index, backends)
    calls = refused = 0
    found, log = [], []
    for _ in range(CALLS_PER_PROBLEM if trial.valid else 1):
        call = Call.draw(trial)
        try:
            entry = _entry(trial)
            with trial.favouring():
                entry(call)
        except Refused:
            refused += 1
        except Finding as error:
            found.append(f"{error}\n    {call.said}\n    {trial}")
        except Exception as error:
            text = "".join(traceback.format_exception(error)).rstrip()
            found.append(f"{type(error).__name__}: {error}\n    {call.said}\n    {trial}\n{text}")
        calls += max(1, len(call.log))
        log += call.log
        if found:
            break
    return Outcome(calls, refused, tuple(found), tuple(log))


def _entry(trial: Trial):
    if not trial.valid:
        return impossible
    if trial.r.random() < MISTAKES:
        return mistake
    return trial.r.choices(list(ENTRIES), list(ENTRIES.values()))[0]


def outcomes(seed: int, start: int, backends: tuple[str, ...]) -> Iterator[tuple[int, Outcome]]:
    """Problems without end, from number `start` on."""
    index = start
    while True:
        yield index, outcome(seed, index, backends)
        index += 1
