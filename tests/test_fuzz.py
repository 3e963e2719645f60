"""The fuzzer: its oracle against sums done by hand, planted faults, the line that repeats one."""

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest
from fuzz import memory, oracle
from fuzz.command import main
from fuzz.judge import Promise, fault
from fuzz.problems import Axis, Problem, draw_problem
from fuzz.rounds import outcome
from fuzz.trial import Trial
from fuzz.truths import truth_of

import convcore
from convcore.plugin import Convolution, Declaration

pytestmark = pytest.mark.usefixtures("isolated")
ROOT = Path(__file__).parents[1]
BORDERS = ("reflect", "symmetric", "replicate", "circular")
FORTY = ["--inline", "--problems", "40", "--findings", "1"]


def line(extent, taps, stride=1, dilation=1, pad=(0, 0)):
    return Problem(1, 1, 1, 1, (Axis(extent, taps, stride, dilation, *pad),), (pad,))


def floats(*values):
    return np.array([[values]], "float64")


def test_the_oracle_agrees_with_sums_done_by_hand():
    p = line(4, 2, stride=2, pad=(1, 0))
    x, w, g = floats(1, 2, 3, 4), floats(1, 10), floats(5, 7)
    assert oracle.convolve(p, "forward", x, w).tolist() == [[[10, 2 + 30]]]
    assert oracle.convolve(p, "grad_input", g, w).tolist() == [[[50, 7, 70, 0]]]
    assert oracle.convolve(p, "grad_weight", g, x).tolist() == [[[7 * 2, 5 * 1 + 7 * 3]]]


def test_the_oracle_forms_no_product_with_an_implicit_zero():
    p = line(3, 2, pad=(1, 0))
    got = oracle.convolve(p, "forward", floats(1, 2, 3), floats(np.inf, 1))
    assert got.tolist() == [[[1, np.inf, np.inf]]]


@pytest.mark.parametrize(
    ("mode", "numpy_mode"),
    [
        ("reflect", "reflect"),
        ("symmetric", "symmetric"),
        ("replicate", "edge"),
        ("circular", "wrap"),
    ],
)
@pytest.mark.parametrize("extent", [1, 2, 5])
def test_borders_are_those_of_numpy_and_folding_is_their_adjoint(mode, numpy_mode, extent):
    p = line(extent, 1, pad=(4, 7))
    x, g = np.arange(1.0, extent + 1)[None, None], np.arange(1.0, extent + 12)[None, None]
    extended = oracle.extend(p, [mode], x, 0)
    assert extended.tolist() == np.pad(x, ((0, 0), (0, 0), (4, 7)), numpy_mode).tolist()
    assert np.vdot(extended, g) == np.vdot(x, oracle.fold(p, [mode], g))


def test_what_is_drawn_depends_on_the_seed_and_the_number_only():
    first, again, other = (Trial(1, n, ()) for n in (5, 5, 6))
    assert str(first) == str(again) != str(other)
    assert first.x.tobytes() == again.x.tobytes()


def test_draws_reach_every_corner():
    problems = [draw_problem(Random(n)) for n in range(2000)]
    axes = [axis for problem in problems for axis in problem.axes]
    assert {problem.rank for problem in problems} == {1, 2, 3, 4}
    assert {type(problem.padding) for problem in problems} >= {int, str, tuple, list}
    assert any(not problem.valid for problem in problems)
    assert any(problem.batch == 0 for problem in problems)
    for wanted in (lambda a: a.before < 0, lambda a: a.outputs == 1, lambda a: a.taps > 100):
        assert any(wanted(axis) for axis in axes if axis.valid)


def verdict(got, *, dtype="float32", promise=None, x=(1, 1e20, 1)):
    p = line(3, 3)
    first, second = np.array([[x]], dtype), np.ones((1, 1, 3), dtype)
    truth = truth_of(p, "forward", first, second)
    return fault(np.array([[[got]]], dtype), truth, promise or Promise())


def test_the_judge_knows_the_bounds():
    assert verdict(1e20) is None
    assert "1 of 1 results" in verdict(1.00001e20)
    assert verdict(np.nan) is not None
    assert verdict(3, dtype="int8", x=(1, 1, 1)) is None
    assert verdict(4, dtype="int8", x=(1, 1, 1)) is not None
    assert verdict(np.inf, x=(1, np.inf, 1)) is None
    assert verdict(np.nan, x=(1, np.inf, 1)) is not None
    assert verdict(np.nan, x=(1, np.inf, 1), promise=Promise(local=False)) is None
    assert verdict(np.inf, x=(3e38, 3e38, 1)) is None
    assert verdict(np.inf, x=(3e38, 1, 1)) is not None


class Planted(Convolution):
    """Right, by the oracle's own sums, but for what a subclass does to them."""

    name = "planted"
    declaration = Declaration(dtypes=("float32", "float64"), automatic=False)

    def _problem(self):
        g = self.geometry
        columns = (g.input_extents, g.kernel_extents, g.stride, g.dilation)
        axes = zip(*columns, g.padding, strict=True)
        axes = tuple(Axis(*numbers, *pair) for *numbers, pair in axes)
        return Problem(g.batch, g.groups, g.group_in_channels, g.group_out_channels, axes, 0)

    def _run(self, operation, first, second, result):
        wide = oracle.widened(first), oracle.widened(second)
        result[...] = oracle.convolve(self._problem(), operation, *wide)

    def _forward(self, input, weight, output):
        self._run("forward", input, weight, output)

    def _grad_input(self, grad_output, weight, grad_input):
        self._run("grad_input", grad_output, weight, grad_input)

    def _grad_weight(self, grad_output, input, grad_weight):
        self._run("grad_weight", grad_output, input, grad_weight)


class OneBitTooMany(Planted):
    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        output *= 1 + 1e-3


class Writes(Planted):
    def _grad_input(self, grad_output, weight, grad_input):
        super()._grad_input(grad_output, weight, grad_input)
        if grad_output.flags.writeable:  # of halves a copy, which nobody reads again
            grad_output *= 2


class Raises(Planted):
    def _grad_weight(self, grad_output, input, grad_weight):
        raise ZeroDivisionError("planted")


def test_a_right_backend_passes(registered, capsys):
    registered(Planted)
    assert main([*FORTY, "--backend", "planted"]) == 0
    assert " 0 found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (OneBitTooMany, "results are wrong"),
        (Writes, "an operand was written to"),
        (Raises, "ZeroDivisionError: planted"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_fault_is_found_and_its_line_finds_it_again(registered, capsys, backend, said):
    registered(backend)
    assert main([*FORTY, "--backend", "planted"]) == 1
    told = capsys.readouterr().out
    assert said in told
    words = told.split("again: python tests/fuzz ")[1].splitlines()[0].split()
    assert main(["--inline", *words]) == 1
    assert told.split("\n")[1] in capsys.readouterr().out


def test_a_fault_of_the_automatic_choice_is_found(registered, monkeypatch):
    """Even one that a backend asked for by name may have."""
    monkeypatch.setattr(convcore.Convolution, "_execute", _forgetting(Convolution._execute))
    convcore.refresh_backends()
    found = [text for n in range(60) for text in outcome(3, n, ()).found]
    assert any("results are wrong" in text for text in found)


def _forgetting(execute):
    def spreads(self, operation, first, second, out):
        result = execute(self, operation, first, second, out)
        if result.dtype.kind == "f" and not np.isfinite(result).all():
            result.fill(np.nan)
        return result

    return spreads


class Dies(Planted):
    def _forward(self, input, weight, output):
        os.abort()


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_crash_is_told_with_the_problem_that_it_came_in(registered, capfd):
    registered(Dies)
    assert main(["--problems", "40", "--backend", "planted"]) == 1
    told = capfd.readouterr().out
    assert "ended the process with status -6" in told
    assert "again: python tests/fuzz --seed 0 --start" in told


def test_threads_repeat_what_was_found_right(capsys):
    assert main(["--inline", "--problems", "12", "--threads", "4", "--calls", "100000"]) == 0
    assert " 0 found" in capsys.readouterr().out


class Unsteady(Planted):
    """Gives other bits whenever another thread is inside."""

    inside = 0

    def _forward(self, input, weight, output):
        Unsteady.inside += 1
        time.sleep(1e-4)
        super()._forward(input, weight, output)
        output += Unsteady.inside > 1
        Unsteady.inside -= 1


def test_threads_find_other_bits(registered, capsys):
    registered(Unsteady)
    arguments = ["--inline", "--problems", "60", "--calls", "1000000", "--findings", "1"]
    assert main([*arguments, "--threads", "8", "--backend", "planted"]) == 1
    assert "other bits than alone" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_flat(capsys):
    assert main(["--inline", "--memory", "--calls", "1500"]) == 0
    assert "flat" in capsys.readouterr().out


class Keeps(Planted):
    """Keeps what it has computed."""

    kept = []  # noqa: RUF012

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        self.kept.append(np.ones(200_000))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_that_grows_is_told(registered, capsys, monkeypatch):
    registered(Keeps)
    monkeypatch.setattr(memory, "DTYPES", ("float32",))
    arguments = ["--inline", "--memory", "--calls", "300", "--backend", "planted"]
    try:
        assert main(arguments) == 1
    finally:
        Keeps.kept.clear()
    assert "grows" in capsys.readouterr().out


def test_it_runs_from_a_checkout_and_teaches():
    done = subprocess.run(
        [sys.executable, "tests/fuzz", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "--start" in done.stdout
    assert "examples:" in done.stdout
