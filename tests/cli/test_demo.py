"""`convcore demo`: its folder, and what is missing."""

from __future__ import annotations

import sys

import pytest

from convcore.cli import main
from convcore.demo.problems import problems

filters = pytest.importorskip("convcore.demo.filters")


def test_command_makes_its_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(filters, "problems", lambda shrink: problems(shrink * 16))
    out = tmp_path / "new" / "folder"
    assert main(["demo", "filters", "--backend", "fft,naive", "--out", str(out)]) == 0
    assert "Filters: 24/24" in capsys.readouterr().err
    assert (out / "filters.png").exists()


@pytest.mark.parametrize("module", ["dask", "distributed", "zarr"])
def test_missing_package_of_the_volume_is_one_sentence(module, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["demo", "volume", "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert module in err
    assert 'pip install "convcore[demo,dask]"' in err


def test_a_size_goes_with_the_volume_alone(capsys):
    assert main(["demo", "filters", "--gib", "1"]) == 2
    assert main(["demo", "volume", "--gib", "0"]) == 2
    assert capsys.readouterr().err.count("goes with the part volume") == 2


@pytest.mark.parametrize("module", ["sklearn", "matplotlib"])
def test_missing_package_is_one_sentence(module, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["demo", "filters", "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert 'pip install "convcore[demo]"' in err
