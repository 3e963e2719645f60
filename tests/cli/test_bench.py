"""`convcore bench`: tables, files, the list, and what is not known."""

import re

import pytest
from benching import TINY, bench

from convcore.bench import roofline
from convcore.bench.roofline import Roofline
from convcore.cli import main
from convcore.testing.catalogue.problems import LAYERS


def test_table_json_and_plot(tmp_path, capsys, fake_peers):
    plot = tmp_path / "bench.png"
    status, found = bench(tmp_path, "--against", "copy", "--plot", str(plot), "--op", "all")
    out = capsys.readouterr().out
    assert status == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert f"{TINY}, grad_weight" in out
    assert "Roofline: " in out
    assert "Peers present: copy 0." in out
    timed = [row for row in found["results"] if "seconds" in row]
    assert {row["contender"] for row in timed} >= {"naive", "im2col", "fft", "copy"}
    assert all(row["flop_per_second"] == row["flop"] / min(row["seconds"]) for row in timed)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--problem", "resnat*"), r"--problem: must match a name .*; got 'resnat\*'"),
        (("--op", "backward"), "--op: must be of forward, grad_input, grad_weight, all; got"),
        (("--backend", "fff"), "unknown name 'fff'"),
    ],
)
def test_what_is_not_known_is_said(argv, message, capsys):
    assert main(["bench", "--problem", TINY, *argv]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_the_list_names_every_problem_and_its_source(capsys):
    assert main(["bench", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out and problem.source in out for name, problem in LAYERS.items())


def test_what_is_repeated_adds_up(tmp_path, capsys, fake_peers):
    repeated = (
        "--backend",
        "naive",
        "--backend",
        "im2col",
        "--op",
        "grad_weight",
        "--op",
        "forward",
    )
    status, found = bench(tmp_path, *repeated, "--against", "copy", "--against", "doubler")
    assert status == 1  # the doubler is wrong
    assert {row["contender"] for row in found["results"]} == {"naive", "im2col", "copy", "doubler"}
    assert [row["operation"] for row in found["results"][::4]] == ["forward", "grad_weight"]


def test_what_was_timed_before_an_interruption_is_kept(tmp_path, capsys, monkeypatch):
    limits = iter([Roofline(1e9, 1e9)] * 2)  # before the tasks, and after the first

    def measure(dtype, threads):
        for found in limits:
            return found
        raise KeyboardInterrupt  # after the second

    monkeypatch.setattr(roofline, "measure", measure)
    status, found = bench(tmp_path, "--backend", "naive", "--op", "all")
    assert status == 130
    assert found["interrupted"]
    assert [row["operation"] for row in found["results"]] == ["forward", "grad_input"]
    out = capsys.readouterr().out
    assert f"{TINY}, grad_input" in out
    assert "Interrupted: " in out
