"""The values of options: what is refused, in which words."""

from __future__ import annotations

import numpy as np
import pytest

import convcore
from convcore import settings
from convcore.contract import usable_processors

X, W = np.ones((1, 1, 5)), np.ones((1, 1, 3))


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("threads", 0, "threads: must be >= 1; got 0"),
        ("threads", 1.5, "threads: must be an integer; got 1.5"),
        ("threads", True, "threads: must be an integer; got True"),
        ("accuracy", "high", "accuracy: must be one of default, strict; got 'high'"),
        ("max_workspace", -1, "max_workspace: must be >= 0 bytes; got -1"),
        ("max_workspace", "1 MB", "max_workspace: must be an integer; got '1 MB'"),
        ("deterministic", "no", "deterministic: must be True, False or 'batch'; got 'no'"),
        ("planning", "patient", "planning: must be one of estimate, measure; got 'patient'"),
        ("planning", True, "planning: must be one of estimate, measure; got True"),
        ("deterministic", 0, "deterministic: must be True, False or 'batch'; got 0"),
    ],
)
def test_unfit_values_are_refused_at_once(option, value, rule):
    with pytest.raises(convcore.OptionError, match=f"^{rule}$"):
        convcore.options(**{option: value})


def test_only_what_is_named_is_set():
    assert settings.parsed_options(2, None, None, None, "measure", None) == {
        "threads": 2,
        "planning": "measure",
    }


@pytest.mark.parametrize("backend", ["direct", "naive", None])
def test_threads_are_as_many_as_a_c_int_counts(backend, environment):
    rule = r"threads: must not exceed 2\*\*31 - 1; got 2147483648$"
    with pytest.raises(convcore.OptionError, match=f"^{rule}"):
        convcore.options(threads=2**31)
    with pytest.raises(convcore.OptionError, match=f"^{rule}"):
        convcore.get_backend("naive")(convcore.Geometry.of(X.shape, W.shape), "f8", threads=2**31)
    with convcore.options(threads=2**31 - 1):
        assert convcore.conv(X, W, backend=backend).flat[0] == 3
    environment(OMP_NUM_THREADS=str(2**31))
    found = {entry.option: (entry.value, entry.source) for entry in settings.provenance()}
    assert found["threads"] == usable_processors()
    environment(CONVCORE_NUM_THREADS=str(2**31))
    with pytest.raises(convcore.OptionError, match=r"^CONVCORE_NUM_THREADS: must not ex"):
        convcore.conv(X, W, backend=backend)
