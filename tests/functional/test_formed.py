"""Layouts and dtypes: the bits of the plain call on arrays that NumPy transposed and converted."""

from __future__ import annotations

import numpy as np
import pytest
from draws import draw
from fakes import looking_backend
from hypothesis import given, settings
from hypothesis import strategies as st

import convcore

LETTERS = "HWD"
OPTIONS = {"stride": 2, "padding": 1, "groups": 2}


def to(array, full, text):
    """`array`, whose axes are `full`, in the order of `text`."""
    return np.ascontiguousarray(array.transpose([full.index(axis) for axis in text]))


@st.composite
def problems(draw):
    rank = draw(st.integers(1, 3))
    space = LETTERS[:rank]
    orders = ["".join(draw(st.permutations(channels + space))) for channels in ("NC", "OI", "NC")]
    # The library's spatial axes stand in the order of `layout`.
    ours = "".join(axis for axis in orders[0] if axis in space)
    return rank, ours, orders, draw(st.sampled_from(["zeros", "reflect", "circular"]))


def arrays(rank, dtype="float32"):
    rng = np.random.default_rng(rank)
    extents, taps = (6, 5, 4)[:rank], (3, 2, 3)[:rank]
    shapes = (2, 4, *extents), (6, 2, *taps), (6,)
    return [draw(rng, shape, dtype) for shape in shapes]


@settings(max_examples=40)
@given(problems(), st.booleans())
def test_any_layouts_give_the_bits_of_the_default(problem, flip):
    rank, space, (layout, weight_layout, out_layout), mode = problem
    x, w, b = arrays(rank)
    options = OPTIONS | {"padding_mode": mode, "flip": flip}
    texts = {"layout": layout, "weight_layout": weight_layout, "out_layout": out_layout}
    want, pull = convcore.conv_vjp(x, w, b, **options)
    own = to(x, "NC" + space, layout), to(w, "OI" + space, weight_layout), b
    got, pull_own = convcore.conv_vjp(*own, **options, **texts)
    gradient = draw(np.random.default_rng(0), want.shape, "float32")
    assert got.flags.c_contiguous
    check(got, want, "NC" + space, out_layout)
    found = pull_own(to(gradient, "NC" + space, out_layout))
    for mine, plain, full, text in zip(
        found, pull(gradient), ("NC" + space, "OI" + space, "O"), (layout, weight_layout, "O"),
        strict=True,
    ):  # fmt: skip
        check(mine, plain, full, text)


@settings(max_examples=40)
@given(problems(), st.booleans())
def test_so_does_the_transposed_convolution(problem, flip):
    rank, space, (layout, weight_layout, out_layout), _ = problem
    x, w, _ = arrays(rank)
    x, b = np.concatenate([x, x[:, :2]], axis=1), np.arange(4, dtype="float32")
    options = {"stride": 3, "dilation": 2, "output_padding": 2, "groups": 2, "flip": flip}
    texts = {"layout": layout, "weight_layout": weight_layout, "out_layout": out_layout}
    want, pull = convcore.conv_transpose_vjp(x, w, b, **options)
    own = to(x, "NC" + space, layout), to(w, "OI" + space, weight_layout), b
    got, pull_own = convcore.conv_transpose_vjp(*own, **options, **texts)
    check(got, want, "NC" + space, out_layout)
    gradient = draw(np.random.default_rng(0), want.shape, "float32")
    found = pull_own(to(gradient, "NC" + space, out_layout))
    for mine, plain, full, text in zip(
        found, pull(gradient), ("NC" + space, "OI" + space, "C"), (layout, weight_layout, "C"),
        strict=True,
    ):  # fmt: skip
        check(mine, plain, full, text)


def check(got, want, full, text):
    np.testing.assert_array_equal(got, to(want, full, text))
    assert got.dtype == want.dtype


@pytest.mark.parametrize(
    ("layout", "weight_layout", "out_layout", "weight_shape", "out_shape"),
    [
        ("HW", "HW", None, (3, 2), (4, 6)),
        ("HW", "W", None, (3,), (6, 5)),
        ("HW", "OHW", "HWC", (5, 3, 2), (4, 6, 5)),
        ("HW", "HWO", "CHW", (3, 2, 5), (5, 4, 6)),
        ("CX", "IX", "X", (6, 2), (6,)),
        ("XN", "X", None, (3,), (4, 7)),
    ],
)
def test_axes_may_be_absent(rng, layout, weight_layout, out_layout, weight_shape, out_shape):
    x, w = draw(rng, (6, 7)), draw(rng, weight_shape)
    texts = {"layout": layout, "weight_layout": weight_layout, "out_layout": out_layout}
    y, pullback = convcore.conv_vjp(x, w, **texts)
    assert y.shape == out_shape
    grad_input, grad_weight, _ = pullback(y)
    assert (grad_input.shape, grad_weight.shape) == (x.shape, w.shape)
    square = np.sum(y * y)
    assert np.isclose(np.sum(grad_input * x), square)
    assert np.isclose(np.sum(grad_weight * w), square)


@pytest.mark.parametrize("lead", [(), (3,), (2, 3), (2, 0, 1)])
def test_leading_axes_are_kept(rng, lead):
    x, w = draw(rng, (*lead, 4, 9, 8)), draw(rng, (6, 4, 3, 3))
    y, pullback = convcore.conv_vjp(x, w, layout="...CHW", out_layout="...HWC")
    plain = convcore.conv(x.reshape(-1 if x.size else 0, 4, 9, 8), w)
    assert y.shape == (*lead, 7, 6, 6)
    np.testing.assert_array_equal(y.reshape(-1, 7, 6, 6), plain.transpose(0, 2, 3, 1))
    assert pullback.grad_input(y).shape == x.shape
    with pytest.raises(convcore.ShapeError, match="grad_output: must have shape"):
        pullback.grad_input(y[None])


@pytest.mark.parametrize("order", ["C", "F"])
def test_operands_may_be_views(rng, order):
    image = rng.integers(0, 255, (40, 30, 3)).astype("uint8", order=order)[::-1, ::2]
    kernel = draw(rng, (5, 3), "float32")
    got = convcore.conv(
        image, kernel, layout="HWN", weight_layout="HW", dtype="float32", padding="same"
    )
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[:, None].astype("float32"))
    want = convcore.conv(planes, kernel[None, None], padding="same")
    np.testing.assert_array_equal(got, want[:, 0].transpose(1, 2, 0))


def test_out_has_the_layout_of_the_result(rng):
    x, w = draw(rng, (2, 9, 8, 4)), draw(rng, (6, 4, 3, 3))
    want = convcore.conv(x, w, layout="NHWC")
    out = np.empty_like(want)
    assert convcore.conv(x, w, layout="NHWC", out=out) is out
    np.testing.assert_array_equal(out, want)
    for bad, message in (
        (np.empty((2, 6, 7, 6)), r"out: must have shape \(2, 7, 6, 6\); got \(2, 6, 7, 6\)"),
        (out.astype("float32"), "out: must have dtype float64"),
        (x.reshape(-1)[: out.size].reshape(out.shape), "out: must not overlap an operand"),
    ):
        with pytest.raises((convcore.ShapeError, convcore.DtypeError), match=f"^{message}"):
            convcore.conv(x, w, layout="NHWC", out=bad)


def test_where_no_copy_is_needed_the_backend_writes_to_the_result(rng):
    """A single image of a single channel is what a backend takes already."""
    x, w = draw(rng, (9, 8)), draw(rng, (3, 3))
    backend, seen = looking_backend()
    y = convcore.conv(x, w, layout="HW", weight_layout="HW", backend=backend)
    assert np.shares_memory(seen[0][0], x)
    assert np.shares_memory(seen[0][2], y)


def test_arrays_that_lie_as_the_library_has_them_are_convolved_whatever_their_layout(rng):
    """Not even a border makes a copy then: what runs is what runs without a layout."""
    x, w = draw(rng, (1200, 900), "float32"), draw(rng, (3, 3), "float32")
    backend, seen = looking_backend()
    options = {"padding": 1, "padding_mode": "reflect", "backend": backend}
    got = convcore.conv(x, w, layout="HW", weight_layout="HW", **options)
    assert np.shares_memory(seen[0][0], x)
    want = convcore.conv(x[None, None], w[None, None], **options)
    np.testing.assert_array_equal(got, want[0, 0])


def test_slabs_of_a_large_operand_are_copied_one_by_one(rng):
    x, w = draw(rng, (3, 64, 20, 4), "float32"), draw(rng, (6, 4, 3, 3), "float32")
    options = {"layout": "NHWC", "padding": 1, "padding_mode": ("reflect", "constant"),
               "padding_value": 2.5, "backend": "naive"}  # fmt: skip
    want, pull = convcore.conv_vjp(x, w, **options)
    gradient = draw(rng, want.shape, "float32")
    with convcore.options(max_workspace=20_000):
        got, pull_slabs = convcore.conv_vjp(x, w, **options)
        found = pull_slabs(gradient)
    np.testing.assert_array_equal(got, want)
    for mine, plain in zip(found[:2], pull(gradient)[:2], strict=True):
        np.testing.assert_allclose(mine, plain, rtol=2e-4, atol=1e-3)
