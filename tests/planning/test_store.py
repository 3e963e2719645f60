"""The file of wisdom: lines that many append to, and files that are damaged or no such thing."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from convcore.planning import store

HEADER = store.HEADER + b'm", "cpu": "Zen"}'


def entry(number, text="x"):
    return b'{"key": "%016d", "text": "%s"}' % (number, text.encode())


def keys(path):
    return sorted(int(key) for key in store.read(path).choices)


def test_lines_come_back_and_the_last_one_wins(tmp_path):
    path = tmp_path / "folder" / "wisdom.jsonl"
    store.append(path, [HEADER, entry(1), entry(2)])
    store.append(path, [entry(1, "later")])
    found = store.read(path)
    assert found.headers == (HEADER,)
    assert found.unread == 0
    assert sorted(found.choices.values()) == sorted([entry(1, "later"), entry(2)])


def test_a_half_written_line_is_ended_and_costs_no_other(tmp_path):
    path = tmp_path / "wisdom.jsonl"
    store.append(path, [HEADER, entry(1)])
    with path.open("ab") as file:
        file.write(entry(2)[:30])
    store.append(path, [entry(3)])
    assert (keys(path), store.read(path).unread) == ([1, 3], 1)


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00\xff\xfe binary",
        b"{}",
        b"[1, 2]",
        b'{"key": 7}',
        b"x" * (store.LONGEST_LINE + 1),
        entry(9, "x" * store.LONGEST_LINE),
        b'{"machine": "m',
    ],
)
def test_lines_that_are_none_are_counted_and_left_alone(tmp_path, junk):
    path = tmp_path / "wisdom.jsonl"
    store.append(path, [HEADER, entry(1)])
    with path.open("ab") as file:
        file.write(junk + b"\n")
    before = path.read_bytes()
    store.append(path, [entry(2)])
    assert path.read_bytes().startswith(before)
    assert keys(path) in ([1, 2], [1, 2, 9])
    found = store.read(path)
    assert found.unread == 1 or b'{"key": 7}' in found.choices.values()


@pytest.mark.parametrize("content", [b"a letter\n", b"\x7fELF\x00\x01", b'{"key": "1"}\n', b"\n"])
def test_a_file_of_somebody_else_is_never_written_or_deleted(tmp_path, content):
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    with pytest.raises(OSError, match="holds something else"):
        store.append(path, [HEADER, entry(1)])
    with pytest.raises(OSError, match="holds something else"):
        store.remove(path)
    assert path.read_bytes() == content


def test_a_folder_or_a_link_to_one_is_refused(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path, target_is_directory=True)
    for path in (tmp_path, link):
        with pytest.raises(OSError, match=r"no regular file|directory"):
            store.read(path)
        with pytest.raises(OSError, match=r"no regular file|directory"):
            store.append(path, [HEADER])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs os.mkfifo")
def test_nobody_waits_for_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="no regular file"):
        store.read(pipe)
    with pytest.raises(OSError, match="no regular file"):
        store.append(pipe, [HEADER])


def test_what_is_too_large_is_not_read_and_does_not_grow(tmp_path, monkeypatch):
    path = tmp_path / "wisdom.jsonl"
    store.append(path, [HEADER, entry(1)])
    size = path.stat().st_size
    monkeypatch.setattr(store, "MOST_BYTES", size + 5)
    with pytest.raises(OSError, match=f"would exceed {size + 5} bytes"):
        store.append(path, [entry(2)])
    assert path.stat().st_size == size
    monkeypatch.setattr(store, "MOST_BYTES", size - 1)
    with pytest.raises(OSError, match=f"has {size} bytes, at most {size - 1} are read"):
        store.read(path)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "wisdom.jsonl"
    store.append(path, [HEADER, entry(1)])
    before, write = path.read_bytes(), os.write

    def full(descriptor, data):
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, bytes(data)[:20])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        store.append(path, [entry(2)])
    monkeypatch.undo()
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        store.append(tmp_path / "file" / "wisdom.jsonl", [HEADER])


APPENDING = """
import sys
from pathlib import Path
from convcore.planning import store

first = int(sys.argv[2])
for number in range(first, first + 50):
    store.append(Path(sys.argv[1]), [store.HEADER + b'm"}', b'{"key": "%016d"}' % number])
"""


def test_processes_that_append_at_once_lose_nothing(tmp_path):
    path = tmp_path / "wisdom.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", APPENDING, str(path), str(number * 50)])
        for number in range(2)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert keys(path) == list(range(100))
    assert store.read(path).unread == 0


def test_a_file_is_deleted_once(tmp_path):
    path = tmp_path / "wisdom.jsonl"
    store.append(path, [HEADER])
    assert store.stamp(path) is not None
    store.remove(path)
    store.remove(path)
    assert store.stamp(path) is None
