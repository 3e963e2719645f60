"""Whatever a caller passes is answered by one sentence, before anything is allocated."""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from fakes import own_backends

import convcore
from convcore import (
    DtypeError,
    GeometryError,
    OptionError,
    ShapeError,
    UnknownBackendError,
    UnsupportedError,
)

NAMES = own_backends()


def array(*shape, dtype="float32"):
    return np.zeros(shape, dtype)


class Sub(np.ndarray):
    pass


def huge(*shape):
    """Array of any extents in the memory of one element."""
    return np.lib.stride_tricks.as_strided(np.zeros(1, "float32"), shape, (0,) * len(shape))


# What is passed as the input of a convolution with a weight (2, 1, 3), and the answer.
OPERANDS = [
    (
        DtypeError,
        [[[1.0, 2.0, 3.0]]],
        "input: must be a numpy.ndarray; got list; convert it with numpy.asarray",
    ),
    (DtypeError, None, "input: must be a numpy.ndarray; got NoneType; convert it with"),
    (DtypeError, 3.0, "input: must be a numpy.ndarray; got float; convert it with"),
    (DtypeError, np.float32(3), "input: must be a numpy.ndarray; got float32; convert it with"),
    (
        DtypeError,
        np.ma.zeros((1, 1, 5)),
        "input: must be a numpy.ndarray; got MaskedArray; fill it first, as in x.filled(0)",
    ),
    (DtypeError, array(1, 1, 5).view(Sub), "input: must be a numpy.ndarray; got Sub; convert it"),
    (
        DtypeError,
        array(1, 1, 5, dtype=bool),
        "input: must be float16, float32, float64, complex64, "
        "complex128 or an integer; got dtype bool; convert it with input.astype",
    ),
    (
        DtypeError,
        array(1, 1, 5, dtype=object),
        "input: must be float16, float32, float64, "
        "complex64, complex128 or an integer; got dtype object; convert it with input.astype",
    ),
    (
        DtypeError,
        array(1, 1, 5, dtype="longdouble"),
        "input: must be float16, float32, float64, complex64, complex128 or an integer; got dtype",
    ),
    (DtypeError, array(1, 1, 5, dtype="datetime64[s]"), "input: must be float16, float32"),
    (DtypeError, array(1, 1, 5, dtype=[("a", "f4")]), "input: must be float16, float32"),
    (
        ShapeError,
        np.zeros((), "float32"),
        "input: must have 3 to 18 axes (N, C, *S); got 0 in shape (); add axes as in x[None, None]",
    ),
    (
        ShapeError,
        array(5),
        "input: must have 3 to 18 axes (N, C, *S); got 1 in shape (5,); add axes",
    ),
    (ShapeError, array(*(1,) * 40), "input: must have 3 to 18 axes (N, C, *S); got 40 in shape"),
    (
        ShapeError,
        array(1, 1, 5, 5),
        "weight: must have as many axes as input, 4; got 3 in shape (2, 1, 3)",
    ),
    (
        ShapeError,
        array(1, 4, 5),
        "weight: second extent must be C / groups = 4 / 1 = 4; got 1 in shape (2, 1, 3)",
    ),
    (
        GeometryError,
        array(1, 1, 2),
        "input: receptive field (3,) exceeds the padded extents (2,) on spatial axis 0; got 2 < 3",
    ),
    (
        GeometryError,
        huge(2**30, 1, 2**30),
        f"input: must hold at most 2**59 elements; got {2**60} in shape {(2**30, 1, 2**30)}",
    ),
]


@pytest.mark.parametrize("backend", [None, *NAMES])
@pytest.mark.parametrize(("error", "input", "message"), OPERANDS, ids=lambda v: type(v).__name__)
def test_operands(backend, error, input, message):
    weight = array(2, 1, 3)
    if type(input) is np.ndarray and input.dtype == np.float32:
        weight = weight.astype(input.dtype)
    with pytest.raises(error) as caught:
        convcore.conv(input, weight, backend=backend)
    assert str(caught.value).startswith(message)


def test_second_operands_are_checked_under_their_own_names():
    x, w, g = array(1, 1, 5), array(2, 1, 3), array(1, 2, 3)
    calls = [
        ("weight", lambda bad: convcore.conv(x, bad)),
        ("bias", lambda bad: convcore.conv(x, w, bad)),
        ("grad_output", lambda bad: convcore.conv_grad_input(bad, w, x.shape)),
        ("weight", lambda bad: convcore.conv_grad_input(g, bad, x.shape)),
        ("grad_output", lambda bad: convcore.conv_grad_weight(bad, x, w.shape)),
        ("input", lambda bad: convcore.conv_grad_weight(g, bad, w.shape)),
        ("input", lambda bad: convcore.conv_transpose(bad, w)),
        ("grad_output", lambda bad: convcore.conv_vjp(x, w)[1](bad)),
        ("out", lambda bad: convcore.conv(x, w, out=bad)),
    ]
    for name, call in calls:
        with pytest.raises(DtypeError, match=rf"^{name}: must be a numpy.ndarray; got list"):
            call([[[1.0]]])


def test_mixed_dtypes_are_not_converted():
    with pytest.raises(DtypeError) as caught:
        convcore.conv(array(1, 1, 5), array(2, 1, 3, dtype="float64"))
    assert str(caught.value) == (
        "weight: must have the dtype of input, float32; got float64; convert one of them, for "
        "instance weight.astype('float32')"
    )
    with pytest.raises(DtypeError, match=r"bias: must have dtype float32 .* got float64"):
        convcore.conv(array(1, 1, 5), array(2, 1, 3), np.zeros(2))


def out_cases():
    x = np.zeros(64, "float32")
    input = x[:5].reshape(1, 1, 5)
    raw = np.zeros(6 * 4 + 1, "uint8")[1:].view("float32").reshape(1, 2, 3)
    frozen = array(1, 2, 3)
    frozen.flags.writeable = False
    return [
        (ShapeError, array(1, 2, 4), "out: must have shape (1, 2, 3); got (1, 2, 4)"),
        (ShapeError, array(2, 3), "out: must have shape (1, 2, 3); got (2, 3)"),
        (DtypeError, array(1, 2, 3, dtype="float64"), "out: must have dtype float32; got <f8"),
        (DtypeError, array(1, 2, 3, dtype=">f4"), "out: must have dtype float32; got >f4"),
        (ShapeError, raw, "out: must be aligned; got a misaligned array"),
        (ShapeError, frozen, "out: must be writeable; got a read-only array"),
        (ShapeError, array(1, 3, 2).transpose(0, 2, 1), "out: must be C-contiguous; got a strided"),
        (ShapeError, array(1, 2, 6)[:, :, ::2], "out: must be C-contiguous; got a strided array"),
        (DtypeError, np.ma.zeros((1, 2, 3), "float32"), "out: must be a numpy.ndarray; got Masked"),
        (
            ShapeError,
            x[2:8].reshape(1, 2, 3),
            "out: must not overlap an operand; got shape "
            "(1, 2, 3) inside the memory of an operand of shape (1, 1, 5)",
        ),
    ], input


@pytest.mark.parametrize("backend", NAMES)
@pytest.mark.parametrize("case", range(10))
def test_out(backend, case):
    cases, input = out_cases()
    error, out, message = cases[case]
    weight = array(2, 1, 3)
    before = np.array(out)
    plan = convcore.plan(input.shape, weight.shape, backend=backend)
    for call in (
        lambda: convcore.conv(input, weight, out=out, backend=backend),
        lambda: plan.forward(input, weight, out=out),
    ):
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value).startswith(message)
    np.testing.assert_array_equal(before, np.array(out))


def test_out_must_not_overlap_the_bias():
    memory = array(6)
    with pytest.raises(ShapeError, match="out: must not overlap an operand"):
        convcore.conv(array(1, 1, 5), array(2, 1, 3), memory[:2], out=memory.reshape(1, 2, 3))


def test_interleaved_memory_is_no_overlap():
    memory = np.arange(22, dtype="float32")
    input, out = memory[:12:2].reshape(1, 1, 6), memory[14:18].reshape(1, 1, 4)
    convcore.conv(input, np.ones((1, 1, 3), "float32"), out=out)
    assert out.tolist() == [[[6, 12, 18, 24]]]


@pytest.mark.parametrize("backend", NAMES)
@pytest.mark.parametrize("operation", ["forward", "grad_input", "grad_weight"])
def test_a_plan_checks_every_array(backend, operation):
    plan = convcore.plan((1, 1, 5), (2, 1, 3), backend=backend)
    shapes = {"input": (1, 1, 5), "weight": (2, 1, 3), "grad_output": (1, 2, 3)}
    names = {
        "forward": ("input", "weight"),
        "grad_input": ("grad_output", "weight"),
        "grad_weight": ("grad_output", "input"),
    }[operation]
    good = [array(*shapes[name]) for name in names]
    for place, name in enumerate(names):
        for bad, error, message in (
            (array(1, 1, 77), ShapeError, f"{name}: must have shape"),
            (array(*shapes[name], dtype="float64"), DtypeError, f"{name}: must have dtype float32"),
            ([1.0], DtypeError, f"{name}: must be a numpy.ndarray; got list"),
        ):
            operands = list(good)
            operands[place] = bad
            with pytest.raises(error, match=f"^{message}"):
                getattr(plan, operation)(*operands)


@pytest.mark.parametrize("backend", NAMES)
def test_refusing_allocates_nothing(backend):
    """A problem of 2^40 elements, refused for one argument each, costs no memory."""
    input, weight = huge(2**20, 4, 2**18), array(8, 4, 3)
    convcore.conv(array(1, 4, 9), weight, backend=backend)
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
        "backend: unknown name 'niave'; installed: .*fft, im2col, naive.*; did you mean 'naive'",
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


TRANSPOSED = [
    (
        ShapeError,
        {"weight": (2, 1, 3)},
        "weight: first extent must be the input channels 4; got 2 in shape (2, 1, 3)",
    ),
    (
        GeometryError,
        {"padding": "same"},
        "padding: must be integers or (before, after) pairs for a "
        "transposed convolution; got 'same'",
    ),
    (
        GeometryError,
        {"output_padding": 1},
        "output_padding: every entry must be >= 0 and below max(stride, dilation) = (1,); got (1,)",
    ),
    (
        GeometryError,
        {"output_padding": (0, 0)},
        "output_padding: expected one integer for each of 1 spatial axes; got (0, 0)",
    ),
    (
        GeometryError,
        {"padding": 9},
        "padding: crops 18 of the 7 elements of the result on spatial axis 0; got (9, 9)",
    ),
    (
        GeometryError,
        {"groups": 3},
        "groups: must divide the input channels 3 and the output channels 4; got 3",
    ),
]


@pytest.mark.parametrize(("error", "change", "message"), TRANSPOSED)
def test_transposed_arguments(error, change, message):
    change = dict(change)
    weight = array(*change.pop("weight", (4, 1, 3)))
    with pytest.raises(error) as caught:
        convcore.conv_transpose(array(1, 4, 5), weight, **change)
    assert str(caught.value) == message


def test_gradients_check_the_shape_of_the_output():
    with pytest.raises(ShapeError) as caught:
        convcore.conv_grad_input(array(1, 2, 4), array(2, 1, 3), (1, 1, 5))
    assert str(caught.value) == (
        "grad_output: must have the output's shape (1, 2, 3); got (1, 2, 4)"
    )


@pytest.mark.parametrize("value", [1.0, True, np.float32(1)])
@pytest.mark.parametrize("name", ["stride", "padding", "dilation", "groups"])
def test_no_cached_plan_lets_a_wrong_type_through(name, value):
    """1.0 and True equal 1 as keys of a cache, and must be refused all the same."""
    convcore.conv(array(1, 1, 5), array(2, 1, 3), **{name: 1})
    convcore.conv(array(1, 1, 5), array(2, 1, 3), **{} if name == "groups" else {name: (1,)})
    for spelling in (value, (value,), [value]):
        with pytest.raises(GeometryError, match=f"{name}: must be an integer; got"):
            convcore.conv(array(1, 1, 5), array(2, 1, 3), **{name: spelling})


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
