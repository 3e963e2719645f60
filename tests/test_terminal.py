"""Tables and progress, with rich and without."""

from __future__ import annotations

import io
import sys

import pytest

from convcore import terminal as tables


@pytest.mark.parametrize("rich", [True, False])
def test_table_aligns_and_prints_markup_as_it_is(rich, monkeypatch, capsys):
    if not rich:
        monkeypatch.setitem(sys.modules, "rich", None)
    rows = [["[bold]fft", "7"], ["naive", "1234"], ["long " * 50, None]]
    tables.table("Times", ["backend", "ms"], rows, "lr")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == "Times"
    assert len(lines) == 3 + len(rows)
    assert len({len(line) for line in lines[3:]}) == 1
    assert lines[3].strip().startswith("[bold]fft")
    assert lines[5].endswith("-")


def test_progress_without_a_terminal_prints_few_lines(capsys):
    assert [item for item in tables.track("Counting", range(1000))] == list(range(1000))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Counting: 0/1000 0"
    assert lines[-1] == "Counting: 1000/1000"
    assert len(lines) < 10


def test_progress_without_a_terminal_is_a_line_every_few_seconds(monkeypatch, capsys):
    seconds = iter(range(100, 200))
    monkeypatch.setattr(tables.time, "monotonic", lambda: next(seconds))
    with tables.progress("Counting") as report:
        for done in range(1, 22):
            report(done, 30, "")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Counting: {done}/30" for done in (1, 6, 11, 16, 21)]


@pytest.mark.parametrize("rich", [True, False])
def test_progress_on_a_terminal(rich, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    if not rich:
        monkeypatch.setitem(sys.modules, "rich.progress", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with tables.progress("Checking [a]") as report:
        report(1, 2, "geometry")
        report(2, 2, "done")
    assert "Checking [a]" in sys.stderr.getvalue()
    assert "2/2" in sys.stderr.getvalue()
