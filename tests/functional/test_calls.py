"""The cache of plans: equal calls share one, and nothing that a choice depends on is left out."""

from __future__ import annotations

import numpy as np
import pytest
from draws import array
from fakes import counting_class

import convcore
from convcore import (
    GeometryError,
)
from convcore.functional import calls

pytestmark = pytest.mark.usefixtures("isolated")

CHANGES = {
    "input shape": {"input_shape": (1, 2, 9)},
    "weight shape": {"weight_shape": (2, 2, 3)},
    "dtype": {"dtype": np.dtype("float32")},
    "stride": {"steps": (2, 0, 1, 1)},
    "padding": {"steps": (1, 1, 1, 1)},
    "dilation": {"steps": (1, 0, 2, 1)},
    "groups": {"steps": (1, 0, 1, 2), "weight_shape": (4, 1, 3)},
    "padding mode": {"padding_mode": "reflect"},
    "operation": {"operation": "grad_input"},
    "backend": {"backend": "naive"},
}
PLAIN = {
    "input_shape": (1, 2, 8),
    "weight_shape": (4, 2, 3),
    "dtype": np.dtype("float64"),
    "steps": (1, 0, 1, 1),
    "padding_mode": "zeros",
    "operation": "forward",
    "backend": None,
}


def test_equal_calls_share_a_plan():
    assert calls.call_for(**PLAIN) is calls.call_for(**PLAIN)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_argument_is_part_of_the_key(change):
    before, after = calls.call_for(**PLAIN), calls.call_for(**PLAIN | change)
    assert before is not after
    assert before.plan is not after.plan


OPTIONS = {
    "threads": (1, 3),
    "max_workspace": (1 << 20, 1 << 21),
    "accuracy": ("default", "strict"),
    "deterministic": (False, True),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_part_of_the_key(option):
    found = [calls.call_for(**PLAIN)]
    for value in OPTIONS[option]:
        with convcore.options(**{option: value}):
            found.append(calls.call_for(**PLAIN))
            assert calls.call_for(**PLAIN) is found[-1]
            if option in ("threads", "max_workspace"):
                assert getattr(found[-1].plan, option) == value
    assert len({id(call) for call in found}) == 3


def test_so_is_everything_that_the_choice_depends_on(register, environment):
    found = [calls.call_for(**PLAIN)]
    with convcore.use_backend("naive"):
        found.append(calls.call_for(**PLAIN))
    convcore.set_default_backend("im2col")
    found.append(calls.call_for(**PLAIN))
    convcore.set_default_backend(None)
    register("fast", seconds=0.0)
    found.append(calls.call_for(**PLAIN))
    environment(CONVCORE_BACKEND="fft")
    found.append(calls.call_for(**PLAIN))
    names = [call.plan.name for call in found]
    assert names[1:] == ["naive", "im2col", "fast", "fft"]


def test_a_shape_is_no_key_before_it_is_known_to_be_integers():
    x, w, g = (np.ones(shape) for shape in ((1, 2, 8), (4, 2, 3), (1, 4, 6)))
    for shape in (w.shape, list(w.shape), tuple(map(np.int64, w.shape))):
        assert convcore.conv_grad_weight(g, x, shape).shape == w.shape
    for shape in (x.shape, list(x.shape), tuple(map(np.int64, x.shape))):
        assert convcore.conv_grad_input(g, w, shape).shape == x.shape
    for wrong in ((4.0, 2, 3), (4, 2, 3.0)):
        with pytest.raises(convcore.GeometryError, match="weight shape: must be an integer; got"):
            convcore.conv_grad_weight(g, x, wrong)
    assert convcore.conv(x, w, stride=1, groups=1).shape == g.shape
    for option in ({"stride": True}, {"groups": 1.0}, {"stride": (1.0,)}, {"padding": False}):
        with pytest.raises(convcore.GeometryError, match=r"must be an integer; got [TF1]"):
            convcore.conv(x, w, **option)


@pytest.mark.parametrize("mode", [[], None, "mirror", ("mirror",), np.zeros(2)])
def test_a_padding_mode_that_is_none_is_refused_each_time(mode):
    for _ in range(2):
        with pytest.raises(convcore.GeometryError, match="padding_mode: must be one of zeros"):
            convcore.conv(np.ones((1, 1, 5)), np.ones((1, 1, 3)), padding_mode=mode)


def test_an_unknown_name_is_refused_each_time():
    calls.call_for(**PLAIN)
    for _ in range(2):
        with pytest.raises(convcore.UnknownBackendError, match=r"^backend: unknown name 'naiv'"):
            calls.call_for(**PLAIN | {"backend": "naiv"})


@pytest.mark.parametrize("value", [1.0, True, np.float32(1)])
@pytest.mark.parametrize("name", ["stride", "padding", "dilation", "groups"])
def test_no_cached_plan_lets_a_wrong_type_through(name, value):
    """1.0 and True equal 1 as keys of a cache, and must be refused all the same."""
    convcore.conv(array(1, 1, 5), array(2, 1, 3), **{name: 1})
    convcore.conv(array(1, 1, 5), array(2, 1, 3), **{} if name == "groups" else {name: (1,)})
    for spelling in (value, (value,), [value]):
        with pytest.raises(GeometryError, match=f"{name}: must be an integer; got"):
            convcore.conv(array(1, 1, 5), array(2, 1, 3), **{name: spelling})


def round_of(lengths, backend):
    for length in lengths:
        convcore.conv(np.ones((1, 1, length)), np.ones((1, 1, 3)), backend=backend)


def test_going_round_three_hundred_lengths_plans_each_once():
    log = []
    backend = counting_class("counting", log)
    for _ in range(2):
        round_of(range(3, 303), backend)
    assert log == ["counting built"] * 300


def test_what_is_kept_is_bounded():
    assert calls._call_for.cache_info().maxsize == calls.CACHE_SIZE == 4096
    assert calls._transposed_call_for.cache_info().maxsize == calls.CACHE_SIZE


def test_the_same_tuples_are_frozen_once_and_kept_within_bounds(monkeypatch):
    monkeypatch.setattr(calls, "_known", {})
    steps = ((1,), ((0, 0),), (1,), 1)
    found = calls.call_for(**PLAIN | {"steps": steps})
    monkeypatch.setattr(calls, "freeze", None)  # which would not be asked again
    assert calls.call_for(**PLAIN | {"steps": steps}) is found
    monkeypatch.undo()
    for _ in range(calls.CACHE_SIZE + 10):
        calls.call_for(**PLAIN | {"steps": (tuple([1]), 0, 1, 1)})
    assert len(calls._known) <= calls.CACHE_SIZE


def test_a_list_that_changes_is_seen_anew():
    steps = ([1], ([0, 0],), np.array([1]), 1)
    before = calls.call_for(**PLAIN | {"steps": steps})
    steps[1][0][1] = 1
    assert calls.call_for(**PLAIN | {"steps": steps}) is not before
    steps[1][0][1], steps[0][0] = 0, 2
    assert calls.call_for(**PLAIN | {"steps": steps}).geometry.stride == (2,)


@pytest.mark.parametrize("stride", [[1], (1,), np.array([1]), range(1, 2), (np.int64(1),)])
def test_spellings_of_one_stride_share_a_call(stride):
    want = calls.call_for(**PLAIN | {"steps": ((1,), 0, 1, 1)})
    assert calls.call_for(**PLAIN | {"steps": (stride, 0, 1, 1)}) is want
    assert calls.call_for(**PLAIN | {"steps": (np.int8(1), 0, 1, 1)}) is calls.call_for(**PLAIN)
