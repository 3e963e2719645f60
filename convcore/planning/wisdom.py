"""Wisdom: choices that were measured, kept in the process and in a file for other processes.

Where the file cannot be read or written, that is told once, in a sentence, and what is measured
serves this process alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import lru_cache
from pathlib import Path

from .. import registry, settings
from ..errors import OptionError
from . import store
from .machine import machine, machine_id
from .measured import Measured, key_of, line_of, measured_in
from .question import Question

# Seconds to wait for another process that measures.
PATIENCE = 60.0
NOT_KEPT = "what is measured is used in this process only"
NOT_INSTALLED = f"{NOT_KEPT}; to keep it, pip install 'convcore[tune]'"


class Wisdom:
    """What is known in this process: lines of a file, and what was measured since.

    Parameters
    ----------
    path : Path or None
        The file; None where nothing is read or kept.
    writes : bool
        Whether the file may be written to.
    """

    def __init__(self, path: Path | None, writes: bool) -> None:
        self.path, self.writes = path, writes
        self._own: dict[str, bytes] = {}  # lines that were added here, whether kept or not
        self._content = store.EMPTY
        self._stamp: store.Stamp | None = None
        self._parsed: dict[bytes, Measured | None] = {}
        self._told: set[str] = set()

    def find(self, question: Question) -> Measured | None:
        """What is known of a question; others may have measured it meanwhile."""
        key = key_of(question)
        line = self._own.get(key) or self._content.choices.get(key.encode())
        if line is None:
            self._reread()
            line = self._content.choices.get(key.encode())
        return None if line is None else self._read(line)

    def add(self, lines: dict[str, bytes], headers: Sequence[bytes] = ()) -> None:
        """Know these lines by their keys from now on, and keep them, with headers they need."""
        self._own |= lines
        if self.writes:
            self._keep(dict.fromkeys([_header(), *headers]), lines.values())

    def turn(self) -> AbstractContextManager[object]:
        """Hold this while measuring, so that processes do not disturb each other's times."""
        held = ExitStack()
        if self.writes and self.path is not None:
            with suppress(ImportError, OSError):  # then they do
                held.enter_context(store.lock(f"{self.path}.turn", PATIENCE))
        return held

    def export(self, target: Path) -> int:
        """Write all that is known to another file; the number of choices."""
        self._reread()
        headers = dict.fromkeys([_header(), *self._content.headers])
        own = {key.encode(): line for key, line in self._own.items()}
        choices = (self._content.choices | own).values()
        target.write_bytes(b"".join(line + b"\n" for line in (*headers, *choices)))
        return len(choices)

    def take(self, source: Path) -> int:
        """Add what is sound in another file; the number of choices that serve this machine."""
        content = store.read(source)
        found = {
            key.decode(): line
            for key, line in content.choices.items()
            if key.isalnum() and measured_in(line)
        }
        if not found and content.unread:
            raise OptionError(f"source: must be a file of wisdom; got {str(source)!r}")
        self.add(found, content.headers)
        here = machine_id()
        return sum(json.loads(line).get("machine") == here for line in found.values())

    def forget(self) -> None:
        """Know nothing, and delete the file where it may be written to."""
        if self.writes and self.path is not None:
            store.remove(self.path)
        self._own, self._content, self._stamp = {}, store.EMPTY, None

    def _read(self, line: bytes) -> Measured | None:
        if line not in self._parsed:
            self._parsed[line] = found = measured_in(line)
            if found is None:
                self._tell(f"{self.path} has a damaged line, which counts for nothing")
        return self._parsed[line]

    def _reread(self) -> None:
        """Read the file where it has changed since the last time."""
        if self.path is None or (found := store.stamp(self.path)) == self._stamp:
            return
        self._stamp = found
        try:
            content = self._content = store.EMPTY if found is None else store.read(self.path)
        except OSError as error:
            self._tell(f"cannot read {self.path}: {error}")
            return
        if content.unread:
            count = f"{content.unread} cannot be read"
            self._tell(f"of the lines of {self.path}, {count}; such lines are left alone")

    def _keep(self, headers: Iterable[bytes], lines: Iterable[bytes]) -> None:
        if self.path is None:
            self._tell(NOT_INSTALLED)
            return
        self._reread()
        missing = [header for header in headers if header not in self._content.headers]
        try:
            store.append(self.path, [*missing, *lines])
        except ImportError:
            self._tell(NOT_INSTALLED)
        except OSError as error:
            self._tell(f"cannot write {self.path}: {error}; {NOT_KEPT}")

    def _tell(self, sentence: str) -> None:
        """Warn, once for each sentence."""
        if sentence not in self._told:
            self._told.add(sentence)
            registry.warn(f"wisdom: {sentence}")


def _header() -> bytes:
    """The line that describes this machine."""
    return json.dumps({"machine": machine_id()} | machine()).encode()


def current_wisdom() -> Wisdom:
    """The wisdom of this process, as CONVCORE_WISDOM has it."""
    return _wisdom(settings.environment().wisdom)


@lru_cache(maxsize=1)
def _wisdom(variable: str | None) -> Wisdom:
    word = variable or ""
    if word == "off":
        return Wisdom(None, writes=False)
    if word in ("", "ro"):
        return Wisdom(_usual_path(), writes=word != "ro")
    return Wisdom(Path(os.path.abspath(os.path.expanduser(word))), writes=True)


def _usual_path() -> Path | None:
    """In the user's cache folder; None where nobody tells which that is."""
    try:
        from platformdirs import user_cache_dir
    except ImportError:
        return None
    return Path(user_cache_dir("convcore", appauthor=False), "wisdom.jsonl")


def find(question: Question) -> Measured | None:
    """What is known of a question."""
    return current_wisdom().find(question)


def keep(question: Question, measured: Measured) -> None:
    """Know this choice from now on."""
    current_wisdom().add({key_of(question): line_of(question, measured)})
