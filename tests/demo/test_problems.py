"""The images are the real ones, and the filters answer to change only."""

from __future__ import annotations

import numpy as np

from convcore.demo.problems import edge_bank, gabor_bank, problems, shrunk


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
