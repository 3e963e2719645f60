"""The cache of plans: equal calls share one, and nothing that a choice depends on is left out."""

from __future__ import annotations

import numpy as np
import pytest

import convcore
from convcore import binding

pytestmark = pytest.mark.usefixtures("isolated")

CHANGED = {
    "input_shape": (1, 2, 9),
    "weight_shape": (2, 2, 3),
    "dtype": np.dtype("float32"),
    "stride": 2,
    "padding": 1,
    "dilation": 2,
    "groups": 2,
    "padding_mode": "reflect",
    "operation": "grad_input",
    "backend": "naive",
}
PLAIN = {
    "input_shape": (1, 2, 8),
    "weight_shape": (4, 2, 3),
    "dtype": np.dtype("float64"),
    "stride": 1,
    "padding": 0,
    "dilation": 1,
    "groups": 1,
    "padding_mode": "zeros",
    "operation": "forward",
    "backend": None,
}


def test_equal_calls_share_a_plan():
    assert binding.bind(**PLAIN) is binding.bind(**PLAIN)


@pytest.mark.parametrize("name", CHANGED)
def test_every_argument_is_part_of_the_key(name):
    change = {name: CHANGED[name]}
    if name == "groups":
        change["weight_shape"] = (4, 1, 3)
    before, after = binding.bind(**PLAIN), binding.bind(**PLAIN | change)
    assert before is not after
    assert before.runner is not after.runner


OPTIONS = {
    "threads": (1, 3),
    "max_workspace": (1 << 20, 1 << 21),
    "accuracy": ("default", "strict"),
    "deterministic": (False, True),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_part_of_the_key(option):
    found = [binding.bind(**PLAIN)]
    for value in OPTIONS[option]:
        with convcore.options(**{option: value}):
            found.append(binding.bind(**PLAIN))
            assert binding.bind(**PLAIN) is found[-1]
            if option in ("threads", "max_workspace"):
                assert getattr(found[-1].runner.plan, option) == value
    assert len({id(bound) for bound in found}) == 3


def test_so_is_everything_that_the_choice_depends_on(register, environment):
    found = [binding.bind(**PLAIN)]
    with convcore.use_backend("naive"):
        found.append(binding.bind(**PLAIN))
    convcore.set_default_backend("im2col")
    found.append(binding.bind(**PLAIN))
    convcore.set_default_backend(None)
    register("fast", seconds=0.0)
    found.append(binding.bind(**PLAIN))
    environment(CONVCORE_BACKEND="fft")
    found.append(binding.bind(**PLAIN))
    names = [bound.runner.plan.name for bound in found]
    assert names[1:] == ["naive", "im2col", "fast", "fft"]
