"""A file of lines that many processes read and append to, and that anybody may have damaged.

Only a regular file of a bounded size is read. What is no line of ours is left alone; a file whose
first line is none of ours is somebody else's, and is never written to. Whoever appends holds a
lock and writes at once, and takes back what did not fit on the disk.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from .measured import KEYED

# How a line begins that describes a machine, as does the first line of every file.
HEADER = b'{"machine": "'
KEY_LETTERS = 16
MOST_BYTES = 16 << 20
LONGEST_LINE = 1 << 14
# Seconds to wait for another process that appends.
PATIENCE = 10
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))

# What tells whether a file has changed: its number, size and time.
Stamp = tuple[int, int, int]


class Content(NamedTuple):
    """The lines of a file: choices by their keys, the headers, and how many are neither."""

    choices: dict[bytes, bytes]
    headers: tuple[bytes, ...]
    unread: int


EMPTY = Content({}, (), 0)


def stamp(path: Path) -> Stamp | None:
    """What changes when the file does; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def read(path: Path) -> Content:
    """The lines of a file; an OSError tells why it cannot be read."""
    with open(_opened(path, os.O_RDONLY), "rb") as file:
        return _sorted(file.read(MOST_BYTES + 1).split(b"\n"))


def _sorted(lines: Iterable[bytes]) -> Content:
    start, stop = len(KEYED), len(KEYED) + KEY_LETTERS
    choices, headers, unread = {}, [], 0
    for line in lines:
        if line[:start] == KEYED and line[-1:] == b"}" and len(line) <= LONGEST_LINE:
            choices[line[start:stop]] = line  # the last one wins
        elif line[: len(HEADER)] == HEADER and line[-1:] == b"}" and len(line) <= LONGEST_LINE:
            headers.append(line)
        elif line:
            unread += 1
    return Content(choices, tuple(headers), unread)


def append(path: Path, lines: Iterable[bytes]) -> None:
    """Add whole lines, or nothing: ImportError without filelock, OSError where that fails.

    A line that another process left half-written is ended first.
    """
    text = b"".join(line + b"\n" for line in lines)
    with lock(f"{path}.lock"):
        descriptor = _opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            size = _size_of_ours(descriptor, path)
            if size + len(text) > MOST_BYTES:
                raise OSError(f"{path} would exceed {MOST_BYTES} bytes")
            if size and _read_at(descriptor, size - 1, 1) != b"\n":
                text = b"\n" + text
            _write(descriptor, size, text)
        finally:
            os.close(descriptor)


def remove(path: Path) -> None:
    """Delete a file of ours, if there is one."""
    if path.exists():
        with lock(f"{path}.lock"):
            descriptor = _opened(path, os.O_RDONLY)
            try:
                _size_of_ours(descriptor, path)
            finally:
                os.close(descriptor)
            path.unlink()


def lock(path: str, patience: float = PATIENCE) -> AbstractContextManager[object]:
    """What one process holds at a time; the others wait so many seconds, then raise OSError."""
    from filelock import FileLock

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, timeout=patience)


def _opened(path: Path, flags: int) -> int:
    """A descriptor of a regular file that is not too large; nothing else is waited for or read."""
    descriptor = os.open(path, flags | _FLAGS, 0o644)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_size <= MOST_BYTES:
        return descriptor
    os.close(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is no regular file")
    raise OSError(f"{path} has {found.st_size} bytes, at most {MOST_BYTES} are read")


def _size_of_ours(descriptor: int, path: Path) -> int:
    """Size of a file; an OSError where its first line is none of ours."""
    size = os.fstat(descriptor).st_size
    begin = _read_at(descriptor, 0, len(HEADER))
    if begin != HEADER[: len(begin)]:
        raise OSError(f"{path} holds something else")
    return size


def _read_at(descriptor: int, place: int, count: int) -> bytes:
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.read(descriptor, count)


def _write(descriptor: int, size: int, text: bytes) -> None:
    """Append all of `text` to a file of `size` bytes, or leave it as it was."""
    left = memoryview(text)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except BaseException:
        os.ftruncate(descriptor, size)
        raise
