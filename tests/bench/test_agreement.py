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
