"""PyTorch in the layout that it likes best."""

import numpy as np
from benching import GEOMETRY, connected

from convcore.problem import OPERATIONS
from convcore.testing.catalogue.data import operands
from convcore.testing.catalogue.problems import ALONE


def test_channels_last_neither_pays_for_contiguous_arrays_nor_gives_them():
    geometry = ALONE["2d"].geometry
    for operation in OPERATIONS:
        pair = operands("random", geometry, "float32", operation)
        assert all(operand.flags.c_contiguous for operand in pair)
        got = connected("torch-nhwc").prepare(geometry, operation, *pair)()
        assert np.moveaxis(got, 1, -1).flags.c_contiguous
        assert connected("torch").prepare(geometry, operation, *pair)().flags.c_contiguous
    assert "no channels_last" in connected("torch-nhwc").refusal(GEOMETRY, "forward")
