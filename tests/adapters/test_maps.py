"""The three maps that adapters differentiate: each is the others' adjoint, and none conjugates."""

import numpy as np
import pytest

from convcore.adapters.maps import OPERANDS, map_for, problem_of, transposed_problem

STEPS = ((2, 1), ((1, 0), (0, 1)), (1, 2), 2)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_one_number_is_made_by_all_three(dtype):
    random = np.random.default_rng(0)
    problem, output_shape = problem_of((2, 4, 6, 5), (6, 2, 3, 2), *STEPS)
    arrays = {}
    for name, shape in (("x", (2, 4, 6, 5)), ("w", (6, 2, 3, 2)), ("g", output_shape)):
        arrays[name] = random.standard_normal(shape).astype(dtype)
        if dtype == "complex128":
            arrays[name] += 1j * random.standard_normal(shape)
    sums = []
    for made, operands in OPERANDS.items():
        run = map_for(made, arrays[made].shape, problem)
        sums.append((run(*(arrays[name] for name in operands)) * arrays[made]).sum())
    np.testing.assert_allclose(sums, sums[0], rtol=1e-12)


def test_a_transposed_problem_makes_the_input_of_the_convolution():
    problem, shape = transposed_problem((1, 3, 4), (3, 2, 3), 2, 1, 1)
    assert shape == (1, 2, 8)
    made = map_for("x", shape, problem)(np.ones((1, 3, 4)), np.ones((3, 2, 3)))
    assert made.shape == shape
