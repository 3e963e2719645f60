"""`convcore demo doors`: what is missing is told, what is there runs, what differs is refused."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import pytest

import convcore
from convcore.cli import main
from convcore.demo import doors
from convcore.demo.doors.turns import Outcome
from convcore.errors import ConvcoreError


@pytest.fixture
def one_door(monkeypatch):
    """Doors of which the second is open, and what it gives."""
    given = [Outcome("adding", 3.0, 1.5, 0.0, 1e-6)]
    seen = []

    def run(path):
        seen.append((path, convcore.explain((1, 1, 9), (1, 1, 3)).chosen))
        return given

    found = (doors.Door("shut", ("no_such_a", "numpy", "no_such_b"), "pip install it"),)
    monkeypatch.setattr(doors, "DOORS", (*found, doors.Door("open", ("numpy",), "")))
    monkeypatch.setitem(sys.modules, "convcore.demo.doors.open", SimpleNamespace(run=run))
    return given, seen


def test_what_is_missing_is_one_sentence_and_the_rest_runs(one_door, capsys, tmp_path):
    assert main(["demo", "doors", "--out", str(tmp_path)]) == 0
    first, *table = capsys.readouterr().out.splitlines()
    assert first == (
        "shut: needs no_such_a and numpy and no_such_b; got no no_such_a and no no_such_b; "
        "install with: pip install it"
    )
    (row,) = [line.split() for line in table if "adding" in line]
    assert row == ["adding", "3.00", "s", "1.50", "s", "2.00", "the", "same", "bits"]
    assert table[-1] == f"Picture: {tmp_path / 'doors-open.png'}"
    assert [path for path, _ in one_door[1]] == [tmp_path / "doors-open.png"]


@pytest.mark.parametrize("door", doors.DOORS, ids=lambda door: door.name)
@pytest.mark.parametrize("place", [0, -1])
def test_each_says_what_to_install(door, place, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(doors, "DOORS", (door,))
    monkeypatch.setitem(sys.modules, door.needs[place], None)
    assert doors.run(out=tmp_path) == []
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.startswith(f"{door.name}: needs ")
    assert f"no {door.needs[place]}" in out
    assert "install with: pip install" in out


def test_the_backends_that_are_asked_for_run(one_door, tmp_path):
    for names in (["naive"], ["fft", "naive"], None):
        doors.run(backends=names, out=tmp_path)
    assert [name for _, name in one_door[1]][:2] == ["naive", "fft"]


@pytest.mark.parametrize("difference", [1e-5, float("nan")])
def test_another_result_is_refused(one_door, difference, capsys, tmp_path):
    one_door[0].append(Outcome("dividing", 1.0, 1.0, difference, 1e-6))
    with pytest.raises(ConvcoreError, match=r"not so \['dividing'\]"):
        doors.run(out=tmp_path)
    assert "no, to " in capsys.readouterr().out


def test_a_difference_that_is_allowed_is_told(one_door, capsys, tmp_path):
    one_door[0].append(Outcome("dividing", 1.0, 1.0, 1e-7, 1e-6))
    assert len(doors.run(out=tmp_path)) == 2
    assert "yes, to 1e-07 of the largest" in capsys.readouterr().out


def test_every_door_is_a_module():
    for door in doors.DOORS:
        assert importlib.util.find_spec(f"convcore.demo.doors.{door.name}")
