"""What pictures of networks are made of."""

from __future__ import annotations

import numpy as np
import pytest

WHY = "the demo's own dependencies are not all installed"


network_pictures = pytest.importorskip("convcore.demo.network_pictures", reason=WHY)


def test_mosaic_sets_images_apart():
    sheet = network_pictures.mosaic(np.arange(8.0).reshape(1, 2, 2, 2))
    np.testing.assert_array_equal(sheet, [[0, 1, np.nan, 4, 5], [2, 3, np.nan, 6, 7]])


def test_running_mean_starts_short():
    means = network_pictures._running_mean([4.0, 2.0, 6.0, 0.0], count=2)
    np.testing.assert_allclose(means, [4, 3, 4, 3])
