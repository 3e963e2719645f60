"""The functions users call: padding modes, transposition, flips, biases, gradients, `out`."""

import itertools

import numpy as np
import pytest
from draws import EXTENTS, TAPS, draw
from fakes import own_backends

import convcore


@pytest.mark.parametrize(
    ("stride", "dilation", "output_padding", "padding"),
    [
        (1, 1, 0, 0),
        (2, 1, 1, 0),
        (1, 3, 2, 1),
        (2, 3, 2, ((1, 0),)),
        (3, 1, 2, 2),
        (2, 4, 3, ((0, 1),)),
    ],
)
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolution_scatters(rng, stride, dilation, output_padding, padding, groups):
    input, weight = draw(rng, (2, 4, 5)), draw(rng, (4, 3, 3))
    bias = draw(rng, (3 * groups,))
    full = np.zeros((2, 3 * groups, 4 * stride + 2 * dilation + 1 + output_padding))
    for n, c, k, o, r in itertools.product(range(2), range(4), range(3), range(5), range(3)):
        channel = c // (4 // groups) * 3 + k
        full[n, channel, o * stride + r * dilation] += input[n, c, o] * weight[c, k, r]
    before, after = (padding, padding) if isinstance(padding, int) else padding[0]
    expected = full[:, :, before : full.shape[2] - after] + bias[:, None]
    given = convcore.conv_transpose(
        input, weight, bias, stride=stride, dilation=dilation, groups=groups,
        output_padding=output_padding, padding=padding,
    )  # fmt: skip
    np.testing.assert_allclose(given, expected, rtol=1e-12, atol=1e-12)


def test_transposed_convolution_is_the_unconjugated_adjoint(rng):
    weight = draw(rng, (6, 2, 3, 2), "complex128")
    input = draw(rng, (2, 6, 3, 5), "complex128")
    options = {"stride": (2, 1), "groups": 2, "padding": 1}
    given = convcore.conv_transpose(input, weight, **options)
    probe = draw(rng, given.shape, "complex128")
    assert np.isclose(
        np.sum(given * probe), np.sum(input * convcore.conv(probe, weight, **options))
    )


def test_transposed_convolution_of_an_empty_axis():
    weight = np.ones((2, 3, 3))
    assert convcore.conv_transpose(np.ones((1, 2, 0)), weight).shape == (1, 3, 0)
    with pytest.raises(convcore.GeometryError, match=r"padding: crops 2 of the 0 elements"):
        convcore.conv_transpose(np.ones((1, 2, 0)), weight, padding=1)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_flip_is_the_true_convolution(rng, rank):
    signal = pytest.importorskip("scipy.signal")
    input, weight = draw(rng, EXTENTS[:rank]), draw(rng, TAPS[:rank])
    given = convcore.conv(input[None, None], weight[None, None], padding="full", flip=True)
    np.testing.assert_allclose(given[0, 0], signal.convolve(input, weight), rtol=1e-12)


def test_forward_does_not_conjugate():
    i = np.array([[[1j]]])
    assert convcore.conv(i, i).item() == -1
    assert convcore.conv_grad_input(i, i, (1, 1, 1)).item() == 1
    assert convcore.conv_grad_weight(i, i, (1, 1, 1)).item() == 1


OPERATIONS = {
    "conv": lambda x, w, g, **o: convcore.conv(x, w, **o),
    "grad_input": lambda x, w, g, **o: convcore.conv_grad_input(g, w, x.shape, **o),
    "grad_weight": lambda x, w, g, **o: convcore.conv_grad_weight(g, x, w.shape, **o),
    "transpose": lambda x, w, g, **o: convcore.conv_transpose(g, w, **o),
}


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "int32"])
def test_out_is_overwritten_and_returned(rng, name, dtype, flip):
    run = OPERATIONS[name]
    input = rng.integers(-3, 4, (2, 4, 7)).astype(dtype)
    weight = rng.integers(-3, 4, (6, 4, 3)).astype(dtype)
    gradient = rng.integers(-3, 4, (2, 6, 5)).astype(dtype)
    expected = run(input, weight, gradient, flip=flip)
    assert expected.dtype == dtype
    out = np.full_like(expected, 77)
    assert run(input, weight, gradient, flip=flip, out=out) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("backend", own_backends())
@pytest.mark.parametrize(
    ("shapes", "options", "expected"),
    [
        (((0, 4, 8), (6, 4, 3)), {}, (0, 6, 6)),
        (((2, 0, 8), (6, 0, 3)), {}, (2, 6, 6)),
        (((2, 4, 8), (0, 4, 3)), {}, (2, 0, 6)),
        (((2, 4, 0), (6, 4, 3)), {}, (2, 6, 0)),
        (((2, 4, 0), (6, 4, 3)), {"padding": 2}, (2, 6, 2)),
        (((2, 4, 0), (6, 4, 3)), {"padding": "same"}, (2, 6, 0)),
    ],
)
def test_zero_extents(backend, dtype, shapes, options, expected):
    input, weight = (np.ones(shape, dtype) for shape in shapes)
    bias = np.arange(weight.shape[0]).astype(dtype)
    options = options | {"backend": backend}
    output = convcore.conv(input, weight, bias, **options)
    assert output.shape == expected
    np.testing.assert_array_equal(output, np.broadcast_to(bias[:, None], expected))
    gradient = np.ones(expected, dtype)
    grad_input = convcore.conv_grad_input(gradient, weight, input.shape, **options)
    grad_weight = convcore.conv_grad_weight(gradient, input, weight.shape, **options)
    assert output.dtype == grad_input.dtype == grad_weight.dtype == dtype
    assert grad_input.shape == input.shape
    assert grad_weight.shape == weight.shape
    assert not grad_input.any()
    assert not grad_weight.any()


@pytest.mark.parametrize("backend", own_backends())
@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64", "int8", "uint64"])
def test_nothing_warns_where_values_overflow(dtype, backend):
    """Warnings are errors in this suite: wrapping and infinities have to come silently."""
    largest = np.array(60000 if dtype == "float16" else 100, dtype)
    top = np.finfo(dtype).max if np.dtype(dtype).kind in "fc" else largest
    input = np.full((1, 2, 4), top, dtype)
    weight = np.full((2, 2, 3), largest, dtype)
    bias = np.full(2, top, dtype)
    try:
        _, pullback = convcore.conv_vjp(input, weight, bias, backend=backend)
    except convcore.UnsupportedError as error:
        pytest.skip(str(error))
    assert pullback(np.full((1, 2, 2), top, dtype))[0].dtype == dtype


@pytest.mark.parametrize("backend", own_backends())
def test_nothing_warns_where_values_are_not_finite(backend):
    spread = np.array([[[np.inf, -np.inf, np.nan, 1, np.inf, -np.inf]]], "float32")
    assert np.isnan(convcore.conv(spread, np.ones((1, 1, 3), "float32"), backend=backend)).all()
