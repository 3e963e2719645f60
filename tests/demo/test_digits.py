"""The digits part of the demo: real digits, read by a network that is trained on them."""

from __future__ import annotations

import numpy as np
import pytest
from networks import check_pictures

WHY = "the demo's own dependencies are not all installed"


digits = pytest.importorskip("convcore.demo.digits", reason=WHY)


comparison = pytest.importorskip("convcore.demo.comparison", reason=WHY)


def test_digits_are_split_by_the_seed():
    first, again, other = digits.load(0), digits.load(0), digits.load(1)
    assert first.x.shape == (1437, 1, 8, 8)
    assert first.held_x.shape == (360, 1, 8, 8)
    assert (first.x.min(), first.x.max()) == (-1, 1)
    np.testing.assert_array_equal(first.held_x, again.held_x)
    assert not np.array_equal(first.held_x, other.held_x)
    for split in (first, other):
        images = np.concatenate([split.x, split.held_x]).reshape(1797, 64)
        labels = np.concatenate([split.labels, split.held_labels])
        rows = np.column_stack([images, labels])
        whole = np.column_stack([digits.load_digits().data / 8 - 1, digits.load_digits().target])
        np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(whole, axis=0))


def test_fastest_backend_reads_98_percent_of_the_held_out_digits(tmp_path, capsys):
    outcome = digits.run(backends=["im2col"], out=tmp_path)
    assert outcome.trained.score >= 0.98
    assert len(outcome.trained.losses) == 15 * 45
    assert [run.backend for run in outcome.runs] == ["naive", "im2col"]
    assert comparison.difference(outcome.runs[0].network, outcome.runs[1].network) < 1e-4
    assert {run.backend for run in outcome.runs} >= {outcome.trained.backend}
    check_pictures(outcome, tmp_path)
    printed = capsys.readouterr().out
    for word in ("held-out", "time per epoch", "largest difference", "naive", "im2col"):
        assert word in printed
    assert f"{outcome.trained.score:.2%}" in printed
