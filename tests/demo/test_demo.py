"""The filters part of the demo, on smaller images, and what its numbers rest on."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

import convcore
from convcore import demo
from convcore.cli import main
from convcore.demo.measure import OPERANDS, evaluate
from convcore.demo.problems import edge_bank, gabor_bank, problems, shrunk
from convcore.plugin import OPERATIONS, Geometry, Refusal
from convcore.testing.catalogue import oracle

filters = pytest.importorskip("convcore.demo.filters")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_reference_is_the_definition(operation):
    geometry = Geometry.of((2, 3, 7, 6), (4, 3, 3, 4), padding=((1, 2), (0, 3)))
    rng = np.random.default_rng(5)
    arrays = {
        "input": rng.integers(-9, 9, geometry.input_shape).astype(float),
        "weight": rng.integers(-9, 9, geometry.weight_shape).astype(float),
        "grad_output": rng.integers(-9, 9, geometry.output_shape).astype(float),
    }
    first, second = (arrays[name] for name in OPERANDS[operation])
    found = evaluate(geometry, operation, first, second)
    expected = oracle.convolve(geometry, operation, first, second)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_banks_answer_to_change_only():
    for bank in (edge_bank(), gabor_bank(9, 8), gabor_bank(31, 4)):
        np.testing.assert_allclose(bank.sum((1, 2)), 0, atol=1e-14)
        np.testing.assert_allclose(np.abs(bank).sum((1, 2)), 1, atol=1e-14)
        assert len(np.unique(bank.reshape(len(bank), -1), axis=0)) == len(bank)


def test_shrinking_takes_means():
    image = np.arange(20.0).reshape(1, 1, 4, 5)
    assert shrunk(image, 2).tolist() == [[[[3, 5], [13, 15]]]]


def test_images_are_the_real_ones():
    layers = problems()
    assert [layer.input.shape[:2] for layer in layers] == [(2, 3), (2, 1), (2, 1), (1797, 1)]
    extents = [layer.geometry.output_extents for layer in layers]
    assert extents == [(427, 640), (427, 640), (213, 320), (8, 8)]
    assert all(0 <= layer.input.min() < layer.input.max() <= 1 for layer in layers)


def test_every_backend_stays_within_its_bound(tmp_path, capsys):
    found = filters.run(out=tmp_path, shrink=8)
    names = filters.available()
    assert {"naive", "im2col", "fft"} <= set(names)
    ran = Counter(entry.backend for entry in found)
    assert set(ran) == set(names)
    assert all(ran[name] == len(OPERATIONS) * 4 for name in ("naive", "im2col", "fft"))
    assert all(0 < entry.error <= 1 for entry in found)
    assert all(entry.seconds > 0 for entry in found)
    assert (tmp_path / "filters.png").read_bytes().startswith(b"\x89PNG")
    out = capsys.readouterr().out
    assert str(tmp_path / "filters.png") in out
    assert all(f"\n  {name} " in out or f"\n{name} " in out for name in names)


def test_wrong_backend_exceeds_its_bound(registered, tmp_path, monkeypatch):
    monkeypatch.setattr(filters, "draw_filters", lambda *arguments: None)

    class Careless(convcore.get_backend("naive")):
        name = "careless"

        def _forward(self, input, weight, output):
            super()._forward(input, weight, output)
            output[-1, -1, 0, 0] *= 1.001

    registered(Careless)
    found = filters.run(backends=["careless"], out=tmp_path, shrink=16)
    wrong = {entry.operation for entry in found if entry.error > 1}
    assert wrong == {"forward"}


def test_refusal_is_printed_with_its_reason(registered, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(filters, "draw_filters", lambda *arguments: None)

    class Narrow(convcore.get_backend("naive")):
        name = "narrow"

        @classmethod
        def refusal(cls, geometry, dtype, operation=None):
            return Refusal("WIDE", "31 taps") if geometry.kernel_extents[0] == 31 else None

    registered(Narrow)
    found = filters.run(backends=["narrow"], out=tmp_path, shrink=16)
    assert len({entry.problem for entry in found}) == 3
    line = "narrow refused 'Gabor 31x31, half-size grey': "
    lines = [text for text in capsys.readouterr().out.splitlines() if text.startswith(line)]
    assert len(lines) == 1
    assert lines[0].endswith("31 taps")


def test_command_makes_its_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(filters, "problems", lambda shrink: problems(shrink * 16))
    out = tmp_path / "new" / "folder"
    assert main(["demo", "filters", "--backend", "fft,naive", "--out", str(out)]) == 0
    assert "Filters: 24/24" in capsys.readouterr().err
    assert (out / "filters.png").exists()


def test_drawing_needs_no_global_state():
    program = "import sys, convcore.demo.filters; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


@pytest.mark.parametrize("module", ["sklearn", "matplotlib"])
def test_missing_package_is_one_sentence(module, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["demo", "filters", "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert 'pip install "convcore[demo]"' in err


def test_parts_are_those_present():
    assert demo.present()[0] == "filters"
    assert set(demo.present()) <= set(demo.PARTS)
