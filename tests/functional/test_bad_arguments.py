"""Whatever a caller passes is answered by one sentence, before anything is allocated."""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from draws import array, huge
from fakes import own_backends

import convcore
from convcore import (
    DtypeError,
    GeometryError,
    OptionError,
    UnknownBackendError,
    UnsupportedError,
)

NAMES = own_backends()


# What is passed as the input of a convolution with a weight (2, 1, 3), and the answer.


@pytest.mark.parametrize("backend", NAMES)
def test_refusing_allocates_nothing(backend):
    """A problem of 2^40 elements, refused for one argument each, costs no memory."""
    input, weight = huge(2**20, 4, 2**18), array(8, 4, 3)
    for loaded in (backend, None):  # the first choice of all imports the backends
        convcore.conv(array(1, 4, 9), weight, backend=loaded)
    calls = [
        lambda: convcore.conv(input, weight, stride=0, backend=backend),
        lambda: convcore.conv(input, weight, groups=3, backend=backend),
        lambda: convcore.conv(input, weight, array(3), backend=backend),
        lambda: convcore.conv(input, weight, out=array(1), backend=backend),
        lambda: convcore.conv(input, weight, padding_mode="mirror", backend=backend),
        lambda: convcore.conv(input, weight, padding=1, padding_mode="reflect", padding_value=1),
        lambda: convcore.conv(input, weight, backend="nobody"),
        lambda: convcore.conv_grad_input(array(1), weight, input.shape, backend=backend),
        lambda: convcore.conv_grad_weight(array(1, 1, 1), input, weight.shape, backend=backend),
    ]
    tracemalloc.start()
    for call in calls:
        with pytest.raises((ValueError, TypeError, LookupError)):
            call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**19


ARGUMENTS = [
    (
        GeometryError,
        {"padding_mode": "mirror"},
        "padding_mode: must be one of zeros, constant, "
        "reflect, symmetric, replicate, circular; got 'mirror'",
    ),
    (GeometryError, {"padding_mode": 3}, "padding_mode: must be one of .*; got 3"),
    (
        GeometryError,
        {"padding_value": 2},
        "padding_value: needs padding_mode='constant'; got 2 with 'zeros'",
    ),
    (
        DtypeError,
        {"padding_mode": "constant", "padding_value": 1j},
        "padding_value: must be a number that float32 can hold; got 1j",
    ),
    (
        DtypeError,
        {"padding_mode": "constant", "padding_value": "1"},
        "padding_value: must be a number that float32 can hold; got '1'",
    ),
    (
        GeometryError,
        {"padding": 2, "padding_mode": "reflect", "input": (1, 1, 0)},
        "padding_mode: 'reflect' cannot extend an empty axis; got extent 0 on spatial axis 0",
    ),
    (
        UnknownBackendError,
        {"backend": "niave"},
        "backend: unknown name 'niave'; installed: .*fft, im2col, .*naive.*; did you mean 'naive'",
    ),
    (
        OptionError,
        {"backend": 5},
        "backend: must be a name, a Convolution subclass or a list of those; got 5",
    ),
    (
        OptionError,
        {"backend": dict},
        "backend: must be a Convolution subclass; got <class 'dict'>",
    ),
    (UnknownBackendError, {"backend": ["naive", "nobody"]}, "backend: unknown name 'nobody'"),
]


@pytest.mark.parametrize(("error", "change", "message"), ARGUMENTS)
def test_arguments(error, change, message):
    change = dict(change)
    input = array(*change.pop("input", (1, 1, 5)))
    with pytest.raises(error, match=rf"^{message}"):
        convcore.conv(input, array(2, 1, 3), **change)


@pytest.mark.parametrize(("dtype", "value"), [("int8", 200), ("int8", 0.5), ("uint8", -1)])
def test_a_padding_value_has_to_fit_the_integers(dtype, value):
    with pytest.raises(DtypeError, match=f"that {dtype} can hold; got {value}"):
        convcore.conv(
            array(1, 1, 5, dtype=dtype),
            array(2, 1, 3, dtype=dtype),
            padding=1,
            padding_mode="constant",
            padding_value=value,
        )


HUGE = [
    {"stride": 2**60},
    {"stride": 2**60, "padding": ((2**40, 2**40),)},
    {"dilation": 2**39, "padding": ((2**40, 2**40),), "stride": 2**38},
    {"padding": ((-2, 2**40),), "stride": 2**39},
]


@pytest.mark.parametrize("backend", NAMES)
def test_huge_numbers_on_small_arrays(backend, python):
    """In a process of its own, which is ended should it walk along the padding."""
    code = f"""
import test_bad_arguments
for options in test_bad_arguments.HUGE:
    test_bad_arguments.check_huge_numbers({backend!r}, options)
"""
    python(code, Path(__file__).parent, Path(__file__).parents[1] / "helpers")


def check_huge_numbers(backend, options):
    """All index arithmetic has to hold far outside the array."""
    rng = np.random.default_rng(0)
    input, weight = rng.integers(1, 9, (2, 2, 5)), rng.integers(1, 9, (3, 2, 3))
    geometry = convcore.Geometry.of(input.shape, weight.shape, **options)
    (before, _), stride, dilation = geometry.padding[0], geometry.stride[0], geometry.dilation[0]
    expected = np.zeros(geometry.output_shape)
    for o in range(geometry.output_extents[0]):
        for r in range(3):
            s = o * stride + r * dilation - before
            if 0 <= s < 5:
                expected[:, :, o] += np.einsum("nc,kc->nk", input[:, :, s], weight[:, :, r])
    refusal = convcore.get_backend(backend).refusal(geometry, np.dtype("float64"))
    options = options | {"backend": backend}
    x, w = input.astype("float64"), weight.astype("float64")
    if refusal is not None:
        with pytest.raises(UnsupportedError, match=re.escape(refusal.text)):
            convcore.conv(x, w, **options)
        return
    output, pullback = convcore.conv_vjp(x, w, **options)
    np.testing.assert_allclose(output, expected, rtol=1e-12, atol=1e-9)
    grad_input, grad_weight, _ = pullback(expected)
    square = np.sum(expected**2)
    assert np.isclose(np.sum(grad_input * x), square)
    assert np.isclose(np.sum(grad_weight * w), square)


def test_options_are_checked():
    for error, call, message in (
        (OptionError, lambda: convcore.options(threads=0), "threads: must be >= 1; got 0"),
        (OptionError, lambda: convcore.options(max_workspace=-1), "max_workspace: must be >= 0"),
        (
            OptionError,
            lambda: convcore.options(accuracy="high"),
            "accuracy: must be one of default, strict; got 'high'",
        ),
        (
            OptionError,
            lambda: convcore.options(deterministic=1),
            "deterministic: must be True, False or 'batch'; got 1",
        ),
    ):
        with pytest.raises(error, match=f"^{message}"):
            call()
