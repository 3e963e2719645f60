"""`convcore tune`: what is measured, shown, written, and what a program asks for."""

from __future__ import annotations

import json
import sys

import pytest

import convcore
from convcore.cli import main
from convcore.planning import measurement
from convcore.planning.race import Timing

pytestmark = pytest.mark.usefixtures("isolated", "wisdom_file")


@pytest.fixture
def rivals(register, monkeypatch):
    """Two backends, of which the second is measured to be twice as fast; what was timed."""
    register("first", seconds=1e-12)
    register("second", seconds=2e-12)
    raced = []

    def race(runs):
        raced.append(len(runs))
        return [Timing(2e-3, 2e-3), Timing(1e-3, 1e-3)]

    monkeypatch.setattr(measurement, "race", race)
    return raced


def cells(text, begin):
    return next(line for line in text.splitlines() if line.strip().startswith(begin)).split()


def test_it_tells_before_and_after_and_where_it_is_kept(rivals, wisdom_file, capsys):
    assert main(["tune", "1x1x9", "1x1x3", "--threads", "1"]) == 0
    out = capsys.readouterr().out
    row = "1x1x9 * 1x1x3 float32 forward first 2.00 ms second 1.00 ms 2.00"
    assert cells(out, "1x1x9") == row.split()
    assert "1 of 1 choices change; 2.00 times as fast in the mean." in out
    assert f"Kept in {wisdom_file}, and used where planning='measure'." in out
    with convcore.options(planning="measure", threads=1):
        assert convcore.plan((1, 1, 9), (1, 1, 3), operation="forward").name == "second"


def test_what_is_known_is_not_measured_again_unless_asked(rivals, capsys):
    for extra, times in ([], 1), ([], 1), (["--again"], 2):  # each with a race to confirm it
        assert main(["tune", "1x1x9", "1x1x3", *extra]) == 0
        assert len(rivals) == 2 * times
    assert "second" in capsys.readouterr().out


def test_what_is_unsure_is_measured_again(rivals, monkeypatch, capsys):
    unsure = [Timing(2e-3, 3e-3), Timing(1e-3, 1e-3)]
    with monkeypatch.context() as patched:
        patched.setattr(measurement, "race", lambda runs: unsure)
        assert main(["tune", "1x1x9", "1x1x3"]) == 0
    out = capsys.readouterr().out
    assert "first, unsure" in out
    assert "1 of them are unsure, on a busy machine" in out
    assert main(["tune", "1x1x9", "1x1x3"]) == 0
    assert ", unsure" not in capsys.readouterr().out


def test_nothing_to_choose_is_told(register, capsys):
    register("only", seconds=1e-12)
    assert main(["tune", "1x1x9", "1x1x3"]) == 0
    assert "nothing to choose" in capsys.readouterr().out


def test_equal_questions_are_asked_once_and_all_are_written(rivals, tmp_path, capsys):
    path = tmp_path / "out.json"
    argv = ["tune", "tiny*", "tiny 1d*", "--op", "all", "--json", str(path)]
    assert main(argv) == 0
    found = json.loads(path.read_text())
    assert 2 * len(found) == len(rivals) == 12
    assert {each["measured"]["backend"] for each in found} == {"second"}
    assert {each["operation"] for each in found} == {"forward", "grad_input", "grad_weight"}


def test_of_many_those_that_gain_most_are_shown(rivals, capsys):
    assert main(["tune", "*", "--op", "forward,grad_weight"]) == 0
    out = capsys.readouterr().out
    assert "The 40 of " in out
    assert sum("2.00 ms" in line for line in out.splitlines()) == 40


PROGRAM = """
import sys
import numpy as np
import convcore
convcore.conv(np.ones((1, 1, 9)), np.ones((1, 1, 3)))
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize("status", [0, 7])
def test_a_program_runs_and_what_it_asked_for_is_measured(rivals, status, tmp_path, capfd):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    assert main(["tune", "--run", sys.executable, str(script), str(status)]) == status
    assert cells(capfd.readouterr().out, "1x1x9")[3:5] == ["float64", "forward"]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "what: must name a problem; got none"),
        (["nosuch"], "what: must be two shapes, a file, or a name of `convcore bench --list`"),
        (["1x1x9"], "what: must be two shapes"),
        (["1x1x9", "1x1x3", "--op", "back"], "--op: must be of forward, grad_input, grad_weight"),
        (["1x1x9", "1x2x3"], "weight: second extent"),
        (["--run", "no such command"], "--run: must be a command; "),
        (["--run", sys.executable, "-c", "pass"], "what: must name a problem; got none"),
    ],
)
def test_what_cannot_be_tuned_is_told(argv, told, capsys):
    assert main(["tune", *argv]) == 2
    assert told in capsys.readouterr().err
