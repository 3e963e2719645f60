"""The filters part of the demo, on smaller images."""

from __future__ import annotations

from collections import Counter

import pytest

import convcore
from convcore.plugin import OPERATIONS, Refusal

filters = pytest.importorskip("convcore.demo.filters")


def test_every_backend_stays_within_its_bound(tmp_path, capsys):
    found = filters.run(out=tmp_path, shrink=8)
    names = set(filters.available()) - {"lines"}  # which takes kernels along one axis only
    assert {"naive", "im2col", "fft"} <= names
    ran = Counter(entry.backend for entry in found)
    assert set(ran) == names
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
            wide = geometry.kernel_extents[0] == 31
            return Refusal("WIDE", f"{operation} has 31 taps") if wide else None

    registered(Narrow)
    found = filters.run(backends=["narrow"], out=tmp_path, shrink=16)
    assert len({entry.problem for entry in found}) == 3
    line = "narrow refused 'Gabor 31x31, half-size grey': "
    lines = [text for text in capsys.readouterr().out.splitlines() if text.startswith(line)]
    assert len(lines) == 1
    assert lines[0].endswith("31 taps")
