"""`doors.py`: what it times, and how it judges."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "asv_bench" / "doors.py"


@pytest.fixture
def doors(monkeypatch):
    spec = importlib.util.spec_from_file_location("doors", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr("sys.argv", ["doors.py", "--seconds", "0"])
    return module


def test_there_are_forty_calls_and_both_sides_compute_the_same(doors, monkeypatch):
    monkeypatch.setattr(doors, "numbers", lambda *shape, dtype="f8": np.empty(shape, dtype))
    names = [name for name, _, _ in doors.calls()]
    assert len(set(names)) == len(names) == 40
    for name, theirs, ours in doors.calls():
        if "32x32" in name or "1e3 by 10" in name:
            assert theirs().shape == ours().shape


@pytest.mark.parametrize(
    ("ratios", "status", "said"),
    [
        ([4.0, 4.1], 0, "2 calls, geometric mean 4.05; missed: none"),
        ([3.0, 3.5], 1, "geometric mean 3.24; missed: none"),
        ([90.0, 0.9], 1, "missed: call 1"),
    ],
)
def test_bars(doors, monkeypatch, capsys, ratios, status, said):
    timed = iter(ratios)
    calls = [(f"call {n}", len, len) for n in range(len(ratios))]
    monkeypatch.setattr(doors, "calls", lambda: calls)
    monkeypatch.setattr(doors, "once", lambda call, count: 1.0)
    monkeypatch.setattr(doors, "least", lambda theirs, ours, budget: (next(timed), 1.0))
    assert doors.main() == status
    assert said in capsys.readouterr().out


def test_least_takes_turns(doors):
    turns = []
    theirs, ours = doors.least(lambda: turns.append("theirs"), lambda: turns.append("ours"), 0)
    assert 0 < theirs < 1
    assert 0 < ours < 1
    assert turns.index("ours") < len(turns) - 1 - turns[::-1].index("theirs")
