"""Results that differ by more than rounding."""

import numpy as np
from benching import GEOMETRY

from convcore.bench.agreement import disagreement
from convcore.bench.contenders import Task
from convcore.testing.catalogue.data import operands
from convcore.testing.catalogue.problems import Problem


def test_results_of_another_shape_or_dtype_disagree():
    problem = Problem("p", GEOMETRY, "test")
    task = Task(problem, "forward", *operands("random", GEOMETRY, "float32", "forward"))
    want = np.zeros(GEOMETRY.output_shape, np.float32)
    assert "shape (1, 1, 16)" in disagreement(task, want[0], want)
    assert "dtype float32; got" in disagreement(task, want.astype(float), want)
    assert "off by nan" in disagreement(task, np.full_like(want, np.nan), want)


def test_rounding_is_no_disagreement_and_more_is():
    task = Task(
        Problem("p", GEOMETRY, "test"),
        "forward",
        *operands("random", GEOMETRY, "float32", "forward"),
    )
    want = np.ones(GEOMETRY.output_shape, np.float32)
    assert disagreement(task, np.nextafter(want, np.float32(2)), want) is None
    assert "is off by 0.5, more than rounding explains" in disagreement(task, 1.5 * want, want)
    assert "got float and float" in disagreement(task, 1.0, want)
