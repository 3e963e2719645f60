"""The native conversions: every half there is, and what lies between, for each instruction set."""

import numpy as np
import pytest

from convcore.contract import parse_dtype

parts = pytest.importorskip("convcore_native._parts")
bridge = pytest.importorskip("convcore_native._bridge")

ISAS = bridge.available_isas()


def dtype_of(name):
    """The dtype, where there is one."""
    if name == "bfloat16":
        pytest.importorskip("ml_dtypes")
    return parse_dtype(name)


def line(array):
    return array.reshape(1, 1, -1)


def require_bits(got, wanted):
    """The same bits, but for those of NaN."""
    kind = f"u{got.itemsize}"
    nan = np.isnan(wanted)
    np.testing.assert_array_equal(np.isnan(got), nan)
    np.testing.assert_array_equal(got.view(kind)[~nan], wanted.view(kind)[~nan])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("start", [0, 3])
def test_every_half_is_widened(isa, name, start):
    given = line(np.arange(1 << 16, dtype="u2").view(dtype_of(name))[start:])
    wide = np.empty(given.shape, "f4")
    assert parts.convert(given, wide, 1, isa)
    require_bits(wide, given.astype("f4"))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_all_halves_their_ties_and_their_neighbours_are_rounded_as_numpy_does(isa, name):
    dtype = dtype_of(name)
    halves = np.arange(1 << 16, dtype="u2").view(dtype).astype("f4")
    step = 13 if name == "float16" else 16
    upper = halves.view("u4") + np.uint32(1 << step - 1)  # half way to the next of a larger size
    bits = np.concatenate([halves.view("u4"), upper, upper - np.uint32(1), upper + np.uint32(1)])
    given, half = line(bits.view("f4")), np.empty((1, 1, bits.size), dtype)
    assert parts.convert(given, half, 1, isa)
    with np.errstate(all="ignore"):
        require_bits(half, given.astype(dtype))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_any_bits_are_rounded_as_numpy_does(isa, name):
    rng = np.random.default_rng(0)
    given = line(rng.integers(0, 1 << 32, 1 << 18, "u4").view("f4"))
    half = np.empty(given.shape, dtype_of(name))
    assert parts.convert(given, half, 2, isa)
    with np.errstate(all="ignore"):
        require_bits(half, given.astype(half.dtype))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", ["uint8", "int8", "uint16", "int16"])
def test_every_small_integer_is_widened(isa, name):
    info = np.iinfo(name)
    given = line(np.arange(info.min, info.max + 1).astype(name))
    wide = np.empty(given.shape, "f4")
    assert parts.convert(given, wide, 1, isa)
    np.testing.assert_array_equal(wide, given)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("pair", [("float16", "float32"), ("float32", "float16")])
@pytest.mark.parametrize("shape", [(1, 1, 7), (2, 131, 3), (3, 16, 129), (1, 300, 257)])
@pytest.mark.parametrize("threads", [1, 3])
def test_rows_and_transposed_rows_lie_where_they_should(isa, pair, shape, threads):
    rng = np.random.default_rng(0)
    given = rng.standard_normal([extent + 2 for extent in shape]).astype(pair[0])
    given = given[1:-1, :-2, 2:]
    for order in ((0, 1, 2), (0, 2, 1)):
        room = np.full([shape[axis] + 3 for axis in order], 7, pair[1])
        out = room[2:-1, 1:-2, 1:-2].transpose(order)
        assert parts.convert(given, out, threads, isa)
        np.testing.assert_array_equal(out, given.astype(pair[1]))
        out[...] = 7
        assert (room == 7).all()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("float64", "float32"),
        ("float16", "float64"),
        ("float32", "int8"),
        (">f2", "float32"),
        ("float32", ">f2"),
    ],
)
def test_what_there_is_no_kernel_for_is_left_to_the_host(given, wanted):
    array, out = np.ones((1, 1, 9), given), np.zeros((1, 1, 9), wanted)
    assert not parts.convert(array, out, 1)
    assert not out.any()
