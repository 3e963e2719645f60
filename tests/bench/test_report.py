"""The comparison as tables for people."""

from dataclasses import replace

from benching import comparison, result

from convcore.bench import show
from convcore.bench.results import Comparison
from convcore.bench.roofline import Roofline


def shown(capsys, *results):
    show(replace(comparison(*results), versions={"p": "1.0"}))
    return capsys.readouterr().out


def line(out, start):
    return next(line.split() for line in out.splitlines() if line.strip().startswith(start))


def test_the_fastest_comes_first_with_its_ratio_to_the_best_peer(capsys):
    results = [
        result("naive", "backend", 4e-6, 5e-6, workspace=0),
        result("im2col", "backend", 1e-6, 3e-6, workspace=2048),
    ]
    found = Comparison("float32", 2, Roofline(1e9, 1e9), {"p": "1.0"}, {}, [], results)
    found.results.append(result("p", "peer", 2e-6))
    show(found)
    out = capsys.readouterr().out
    assert out.index("im2col") < out.index("p ") < out.index("naive")
    cells = "im2col 1.00 us 2.00 us 2 0.0960 14 % 2.00 KiB 0.500"
    assert line(out, "im2col") == cells.split()
    assert line(out, "naive")[-1] == "2.00"
    assert "tiny 1d k3 1c16 b1, forward: 9.60e-08 GFLOP, roofline 140 ns" in out
    assert "Peers present: p 1.0." in out


def test_without_peers_there_is_no_ratio(capsys):
    out = shown(capsys, result("naive", "backend", 4e-6))
    assert line(out, "naive")[-2:] == ["-", "-"]
    assert "Peers present: none." in out


def test_who_ran_under_another_name_is_told(capsys):
    out = shown(
        capsys,
        result("auto", "backend", 1e-6, backend="direct"),
        result("fft+prepared", "backend", 1e-6, backend="fft"),
    )
    assert "auto (direct)" in out
    assert "fft+prepared " in out
    assert "fft+prepared (fft)" not in out


def test_who_was_not_timed_has_a_reason(capsys):
    out = shown(
        capsys,
        result("fft", "backend", reason="stride (2,) is not 1"),
        result("p", "peer", reason="is off by 3", wrong=True),
    )
    assert "Not timed" in out
    assert "stride (2,) is not 1" in out
    assert "WRONG: is off by 3" in out


def test_the_legend_tells_conditions_absences_and_notes(capsys):
    show(Comparison("float64", 3, Roofline(2e9, 1e9), {}, {"jax": "not here"}, ["BLAS is odd"]))
    out = capsys.readouterr().out
    assert "float64, 3 threads for everybody" in out
    assert "Roofline: 2 GFLOP/s (best numpy.matmul" in out
    assert "and 1.0 GB/s (best numpy.copyto" in out
    assert "Peer absent: jax: not here." in out
    assert "Note: BLAS is odd." in out
