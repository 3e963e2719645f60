"""The functions users call: padding modes, transposition, flips, biases, gradients, `out`."""

import itertools

import numpy as np
import pytest
from fakes import own_backends

import convcore
from convcore.functional.padding_modes import NUMPY_MODES

EXTENTS, TAPS = (6, 5, 4, 3), (3, 2, 3, 2)
MODES = ("zeros", *NUMPY_MODES)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def draw(rng, shape, dtype="float64"):
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def inner(a, b):
    return np.sum(a * np.conj(b))


def operands(rng, rank, dtype="float64", groups=2):
    input = draw(rng, (2, 2 * groups, *EXTENTS[:rank]), dtype)
    return input, draw(rng, (3 * groups, 2, *TAPS[:rank]), dtype)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "zeros"])
@pytest.mark.parametrize("padding", [2, ((1, 3), (4, 0)), ((-1, 7), (9, -2)), "same", "full"])
def test_modes_mean_what_numpy_pad_means(rng, mode, padding):
    input, weight = operands(rng, 2)
    options = {"stride": 2, "groups": 2}
    pairs = convcore.Geometry.of(input.shape, weight.shape, padding=padding, **options).padding
    value = 3.5 if mode == "constant" else 0
    kept = [slice(max(0, -b), n - max(0, -a)) for n, (b, a) in zip(EXTENTS, pairs, strict=False)]
    halos = [(0, 0), (0, 0), *((max(0, b), max(0, a)) for b, a in pairs)]
    extra = {"constant_values": value} if mode == "constant" else {}
    extended = np.pad(input[:, :, kept[0], kept[1]], halos, NUMPY_MODES[mode], **extra)
    given = convcore.conv(
        input, weight, padding=padding, padding_mode=mode, padding_value=value, **options
    )
    np.testing.assert_allclose(given, convcore.conv(extended, weight, **options), rtol=1e-13)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_gradients_are_adjoint_in_every_mode(rng, rank, mode, dtype):
    input, weight = operands(rng, rank, dtype)
    dilation = (1, 2, 1, 1)[:rank]
    for padding in ("same", "full", ((-1, 3),) * rank):
        options = {
            "stride": 2, "dilation": dilation, "groups": 2, "padding": padding,
            "padding_mode": mode, "flip": rank == 2,
        }  # fmt: skip
        output = convcore.conv(input, weight, **options)
        gradient = draw(rng, output.shape, dtype)
        grad_input = convcore.conv_grad_input(gradient, weight, input.shape, **options)
        grad_weight = convcore.conv_grad_weight(gradient, input, weight.shape, **options)
        expected = inner(output, gradient)
        np.testing.assert_allclose(inner(input, grad_input), expected, rtol=1e-10)
        np.testing.assert_allclose(inner(weight, grad_weight), expected, rtol=1e-10)


def test_gradients_fold_integers_exactly():
    input = np.arange(5, dtype="int64").reshape(1, 1, 5)
    weight = np.array([[[1, 10, 100]]])
    gradient = np.ones((1, 1, 5), "int64")
    options = {"padding": 1, "padding_mode": "replicate"}
    grad = convcore.conv_grad_input(gradient, weight, input.shape, **options)
    # Each tap reads every position once, and an end once more where it reads the halo.
    assert grad.tolist() == [[[12, 111, 111, 111, 210]]]


@pytest.mark.parametrize("dtype", ["float32", "int8", "complex64"])
def test_constant_padding_is_not_part_of_the_input(dtype):
    input, weight = np.ones((1, 1, 2), dtype), np.ones((1, 1, 2), dtype)
    options = {"padding": 1, "padding_mode": "constant"}
    assert convcore.conv(input, weight, padding_value=5, **options).tolist() == [[[6, 2, 6]]]
    gradient = np.ones((1, 1, 3), dtype)
    assert convcore.conv_grad_input(gradient, weight, input.shape, **options).tolist() == [[[2, 2]]]
    by_weight = convcore.conv_grad_weight(gradient, input, weight.shape, padding_value=5, **options)
    assert by_weight.tolist() == [[[7, 7]]]


def test_the_gradient_with_respect_to_the_weight_conjugates_the_padding_value(rng):
    input, weight = operands(rng, 2, "complex128")
    options = {"groups": 2, "padding": 2, "padding_mode": "constant", "padding_value": 2 - 3j}
    output, pullback = convcore.conv_vjp(input, weight, **options)
    gradient = draw(rng, output.shape, "complex128")
    by_weight = convcore.conv_grad_weight(gradient, input, weight.shape, **options)
    for grad_weight in (by_weight, pullback(gradient)[1]):
        np.testing.assert_allclose(inner(weight, grad_weight), inner(output, gradient), rtol=1e-10)


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


def test_vjp_agrees_with_the_three_functions_and_sums_the_bias(rng):
    input, weight = operands(rng, 2, "float32")
    bias = draw(rng, (6,), "float32")
    options = {"groups": 2, "padding": "same", "padding_mode": "reflect", "flip": True}
    output, pullback = convcore.conv_vjp(input, weight, bias, **options)
    np.testing.assert_array_equal(output, convcore.conv(input, weight, bias, **options))
    gradient = draw(rng, output.shape, "float32")
    grad_input, grad_weight, grad_bias = pullback(gradient)
    np.testing.assert_array_equal(
        grad_input, convcore.conv_grad_input(gradient, weight, input.shape, **options)
    )
    np.testing.assert_array_equal(
        grad_weight, convcore.conv_grad_weight(gradient, input, weight.shape, **options)
    )
    np.testing.assert_allclose(grad_bias, gradient.sum(axis=(0, 2, 3)), rtol=1e-4)
    assert {entry.dtype for entry in (grad_input, grad_weight, grad_bias)} == {np.dtype("float32")}
    assert (
        convcore.conv_vjp(input, weight, groups=2)[1](draw(rng, (2, 6, 4, 4), "float32"))[2] is None
    )


def test_pullback_remembers_the_settings_it_was_made_under(rng):
    with convcore.use_backend("naive"):
        _, pullback = convcore.conv_vjp(*operands(rng, 1), groups=2)
    with convcore.use_backend("fft"):
        first = pullback(np.ones((2, 6, 4)))
    with convcore.use_backend("naive"):
        second = pullback(np.ones((2, 6, 4)))
    assert all((a == b).all() for a, b in zip(first[:2], second[:2], strict=True))


def test_double_backward_closes_under_the_three_maps(rng):
    """Gradients of <grad_input(g, w), v> are a convolution and a weight gradient again."""
    input, weight = operands(rng, 2)
    options = {"groups": 2, "padding": 1, "stride": 2}
    gradient = draw(rng, convcore.conv(input, weight, **options).shape)
    probe = draw(rng, input.shape)
    value = inner(convcore.conv_grad_input(gradient, weight, input.shape, **options), probe)
    by_gradient = convcore.conv(probe, weight, **options)
    by_weight = convcore.conv_grad_weight(gradient, probe, weight.shape, **options)
    assert np.isclose(inner(gradient, by_gradient), value)
    assert np.isclose(inner(weight, by_weight), value)


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


any_layout = pytest.mark.parametrize(
    "change",
    [
        lambda a: a.astype(a.dtype.newbyteorder()),
        lambda a: np.asfortranarray(a),
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        lambda a: a[:, :, ::-1].copy()[:, :, ::-1],
        lambda a: misaligned(a),
    ],
    ids=["byte order", "fortran", "strided", "negative strides", "misaligned"],
)


@any_layout
def test_any_layout_of_the_operands_gives_the_same_bits(rng, change):
    input, weight = operands(rng, 2, "float32")
    bias = draw(rng, (6,), "float32")
    expected = convcore.conv(input, weight, bias, groups=2, padding=1)
    given = convcore.conv(change(input), change(weight), bias, groups=2, padding=1)
    np.testing.assert_array_equal(given, expected)
    assert given.dtype == expected.dtype


@any_layout
@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64"])
def test_any_layout_of_the_gradient_gives_the_same_bits(rng, dtype, change):
    input, weight, bias = *operands(rng, 2, dtype), draw(rng, (6,), dtype)
    output, pullback = convcore.conv_vjp(input, weight, bias, groups=2, padding=1)
    gradient = draw(rng, output.shape, dtype)
    for given, expected in zip(pullback(change(gradient)), pullback(gradient), strict=True):
        np.testing.assert_array_equal(given, expected)
        assert given.dtype == expected.dtype == dtype


@any_layout
def test_the_bias_gradient_of_float16_is_summed_in_float32(rng, change):
    input, weight = np.zeros((2, 1, 60, 40), "float16"), np.zeros((3, 1, 1, 1), "float16")
    gradient = rng.integers(1, 4, (2, 3, 60, 40)).astype("float16")  # 2048 + 1 is no float16
    _, pullback = convcore.conv_vjp(input, weight, np.zeros(3, "float16"))
    exact = gradient.sum(axis=(0, 2, 3), dtype="float64")
    np.testing.assert_array_equal(pullback(change(gradient))[2], exact.astype("float16"))


def misaligned(array):
    raw = np.empty(array.nbytes + 1, "uint8")
    moved = raw[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved


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
