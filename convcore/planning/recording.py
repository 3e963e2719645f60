"""What a program asked for: with CONVCORE_RECORD=FILE every question is noted once, to be tuned."""

from __future__ import annotations

import json
import os

from .. import registry
from .lines import fields_of
from .question import Question

_noted: set[tuple[str, Question]] = set()


def note(question: Question, path: str) -> None:
    """Append the question to a file; processes may do so at once."""
    if (path, question) in _noted:
        return
    _noted.add((path, question))
    line = json.dumps(fields_of(question)) + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, line.encode())  # at once, so that no other line comes between
        finally:
            os.close(descriptor)
    except OSError as error:
        registry.warn(f"CONVCORE_RECORD: cannot note what is asked: {error}")
