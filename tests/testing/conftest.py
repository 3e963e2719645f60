"""What the tests of the conformance kit share."""

import os
import warnings

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    """Undo what the mutants of global state do."""
    before = set(os.environ)
    with np.printoptions(), np.errstate(), warnings.catch_warnings():
        yield
    for name in set(os.environ) - before:
        del os.environ[name]
