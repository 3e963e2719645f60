"""Operands and results are checked once, by one sentence, whoever computes."""

import numpy as np
import pytest
from draws import array, huge
from fakes import own_backends

import convcore
from convcore import (
    DtypeError,
    GeometryError,
    ShapeError,
)
from convcore.contract import as_plain, flipped, parse_dtype, result_array

NAMES = own_backends()


class Sub(np.ndarray):
    pass


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
        "input: must have 3 to 18 axes (N, C, *S); got 0 in shape (); add axes as in x[None, None]"
        ", or name those of both by layout= and weight_layout=",
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
        "weight: must have as many axes as input, 4; got 3 in shape (2, 1, 3); name those of both "
        "by layout= and weight_layout=",
    ),
    (
        ShapeError,
        array(1, 4, 5),
        "weight: second extent must be C / groups = 4 / 1 = 4; got 1 in shape (2, 1, 3); to filter "
        "each channel by itself, make it a sample: N in layout=",
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
        "weight: must have the dtype of input, float32; got float64; say what to compute in, for "
        "instance dtype='float64', or convert one of them"
    )
    with pytest.raises(DtypeError, match=r"bias: must have dtype float32 .* got float64"):
        convcore.conv(array(1, 1, 5), array(2, 1, 3), np.zeros(2))


@pytest.mark.parametrize(
    ("photo", "kernel", "named"),
    [("uint8", "float32", "float32"), ("uint8", "int8", "int32"), ("int64", "uint8", "int64")],
)
def test_the_dtype_that_is_named_has_room_for_both(photo, kernel, named):
    x, w = array(1, 1, 5, dtype=photo), array(2, 1, 3, dtype=kernel)
    with pytest.raises(DtypeError, match=f"for instance dtype='{named}'"):
        convcore.conv(x, w)
    assert convcore.conv(x, w, dtype=named).dtype == named


def out_cases():
    x = np.zeros(64, "float32")
    input = x[:5].reshape(1, 1, 5)
    raw = np.zeros(6 * 4 + 1, "uint8")[1:].view("float32").reshape(1, 2, 3)
    frozen = array(1, 2, 3)
    frozen.flags.writeable = False
    return [
        (ShapeError, array(1, 2, 4), "out: must have shape (1, 2, 3); got (1, 2, 4)"),
        (ShapeError, array(2, 3), "out: must have shape (1, 2, 3); got (2, 3)"),
        (DtypeError, array(1, 2, 3, dtype="float64"), "out: must have dtype float32; got float64"),
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


@pytest.mark.parametrize("spelling", ["f4", np.float32, np.dtype(">f4"), "float32", "single"])
def test_a_dtype_is_the_native_one_that_new_arrays_have(spelling):
    assert parse_dtype(spelling) is np.zeros(1, "float32").dtype


def test_a_dtype_that_is_not_computed_in():
    for dtype in (bool, object, "longdouble", "M8[s]"):
        with pytest.raises(DtypeError, match=r"^dtype: must be one of complex128, .*; got "):
            parse_dtype(dtype)
    with pytest.raises(DtypeError, match=r"^dtype: must name a NumPy dtype; got 'f5'$"):
        parse_dtype("f5")


def test_an_array_that_is_plain_already_is_not_copied():
    plain = np.arange(6, dtype="float32").reshape(1, 2, 3)
    assert as_plain(plain) is plain
    for other in (plain[:, ::-1], plain.astype(">f4"), np.asfortranarray(plain.repeat(2, 0))):
        copy = as_plain(other)
        assert copy.flags.carray
        assert copy.dtype == "float32"
        np.testing.assert_array_equal(copy, other)


def test_flipping_is_of_the_spatial_axes():
    weight = np.arange(12).reshape(1, 2, 3, 2)
    assert flipped(weight).tolist() == weight[:, :, ::-1, ::-1].tolist()


def test_a_result_is_new_unless_out_is_given():
    dtype, operand = np.dtype("float32"), array(1, 1, 5)
    new = result_array(None, (1, 2, 3), dtype, operand)
    assert (new.shape, new.dtype, new.flags.carray) == ((1, 2, 3), dtype, True)
    assert result_array(new, (1, 2, 3), dtype, operand) is new
