"""Passes over arrays by way of a backend: each does what NumPy would, and nothing beside it."""

import numpy as np
import pytest
from fakes import own_backends

import convcore

DTYPES = ("uint8", "int16", "float32", "float64", "complex64", "complex128")


@pytest.mark.parametrize("name", own_backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1, 5000), (2, 67, 131), (3, 3, 700), (1, 300, 129)])
def test_every_backend_transposes(name, dtype, shape):
    backend = convcore.get_backend(name)
    wide = np.arange(shape[0] * (shape[1] + 2) * (shape[2] + 3))
    wide = wide.astype(dtype).reshape(shape[0], shape[1] + 2, shape[2] + 3)
    source = wide[:, 1:-1, 1:-2]
    room = np.full((shape[0], shape[2] + 2, shape[1] + 3), 7, dtype)
    target = room[:, 1:-1, 1:-2]
    for threads in (1, 2):
        target[...] = 0
        backend.copy_transposed(source, target, threads=threads)
        np.testing.assert_array_equal(target, source.transpose(0, 2, 1))
        assert (room[:, 0] == 7).all()
        assert (room[:, -1] == 7).all()
        assert (room[:, :, :1] == 7).all()
        assert (room[:, :, -2:] == 7).all()


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("length", [1, 7, 64, 1001])
@pytest.mark.parametrize("name", own_backends())
def test_every_backend_takes_complex_numbers_apart_and_puts_them_together(name, length, dtype):
    backend = convcore.get_backend(name)
    rng = np.random.default_rng(length)
    given = (rng.standard_normal((4, 3, length)) + 1j * rng.standard_normal((4, 3, length))).astype(
        dtype
    )
    wide = np.zeros((4, 3, length + 5), dtype)
    wide[..., :length] = given
    parts = np.zeros((8, 3, length), given.real.dtype)
    for threads in (1, 2):
        parts.fill(0)
        backend.split_complex(wide[..., :length], parts[::2], parts[1::2], threads=threads)
        np.testing.assert_array_equal(parts[::2], given.real)
        np.testing.assert_array_equal(parts[1::2], given.imag)
        out = np.ones_like(wide)
        backend.join_complex(parts[::2], parts[1::2], out[..., :length], threads=threads)
        np.testing.assert_array_equal(out[..., :length], given)
        assert (out[..., length:] == 1).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 1, 70, 71), (3, 700, 1, 1), (2, 5, 2, 3, 1000)])
@pytest.mark.parametrize("name", own_backends())
def test_every_backend_adds_a_bias(name, shape, dtype):
    backend = convcore.get_backend(name)
    rng = np.random.default_rng(len(shape))
    room = rng.integers(0, 250, (shape[0], shape[1] + 2, *shape[2:])).astype(dtype)
    bias = rng.integers(0, 250, 2 * shape[1]).astype(dtype)
    for given in (bias[: shape[1]], bias[::2]):
        expected = room[:, 1:-1] + given.reshape(-1, *(1,) * (len(shape) - 2))
        for threads in (1, 2):
            whole, part = room[:, 1:-1].copy(), room.copy()
            backend.add_bias(whole, given, threads=threads)
            np.testing.assert_array_equal(whole, expected)
            backend.add_bias(part[:, 1:-1], given, threads=threads)
            np.testing.assert_array_equal(part[:, 1:-1], expected)
            np.testing.assert_array_equal(part[:, [0, -1]], room[:, [0, -1]])


@pytest.mark.parametrize("name", own_backends())
@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (2, 3, 0), (1, 2, 4)])
def test_every_backend_adds_a_bias_that_overflows_or_to_nothing_silently(name, shape):
    """Warnings are errors in this suite."""
    for dtype, largest, doubled in (
        ("float32", np.finfo("float32").max, np.inf),
        ("int8", 100, -56),
    ):
        output = np.full(shape, largest, dtype)
        convcore.get_backend(name).add_bias(output, np.full(shape[1], largest, dtype))
        assert (output == doubled).all()


def filled(*shape, dtype="float32"):
    return np.zeros(shape, dtype)


ROWS, COLUMNS = np.arange(2), np.arange(3)
DEPTHWISE = convcore.Geometry.of((1, 16, 5, 5), (16, 1, 3, 3), padding=1, groups=16)
IMAGE = filled(1, 5, 5, 16).transpose(0, 3, 1, 2)
KERNEL = filled(16, 1, 3, 3)
UNFIT = {
    "copy_transposed": [
        (filled(1, 2, 3), filled(1, 2, 3)),
        (filled(1, 2, 3), filled(1, 3, 2, dtype="float64")),
        (filled(2, 3), filled(3, 2)),
        (filled(1, 2, 6)[:, :, ::2], filled(1, 3, 2)),
        (filled(1, 1, 1, dtype="S17"), filled(1, 1, 1, dtype="S17")),
    ],
    "copy_converted": [
        (filled(1, 2, 3, dtype="float16"), filled(1, 2, 4)),
        (filled(1, 2, 3, dtype="float16"), filled(1, 3, 2).transpose(0, 2, 1)[:, :1]),
        (filled(1, 2, 3, dtype="float16"), filled(2, 3)),
    ],
    "copy_extended": [
        (filled(1, 2, 3), filled(1, 2, 3), ROWS + 1, COLUMNS, filled()),
        (filled(1, 2, 3), filled(1, 2, 3), ROWS, COLUMNS + 1, filled()),
        (filled(1, 2, 3), filled(1, 2, 3), ROWS[:1], COLUMNS, filled()),
        (filled(1, 2, 3), filled(2, 2, 3), ROWS, COLUMNS, filled()),
        (filled(1, 2, 3), filled(1, 2, 3), ROWS, COLUMNS, filled(dtype="int8")),
        (filled(1, 2, 3), filled(1, 2, 6)[:, :, ::2], ROWS, COLUMNS, filled()),
    ],
    "fold_extended": [
        (filled(1, 2, 3), filled(1, 1, 3), ROWS, COLUMNS),
        (filled(1, 2, 3), filled(1, 2, 2), ROWS, COLUMNS),
        (filled(1, 2, 3), filled(1, 2, 3), ROWS, COLUMNS[1:]),
        (filled(1, 2, 3), filled(1, 2, 3, dtype="int8"), ROWS, COLUMNS),
    ],
    "add_bias": [
        (filled(1, 2, 3), filled(3)),
        (filled(1, 2, 3), filled(2, dtype="float64")),
        (filled(2), filled(2)),
    ],
    "split_complex": [
        (filled(1, 1, 4, dtype="complex64"), filled(1, 1, 5), filled(1, 1, 5)),
        (filled(1, 1, 4, dtype="complex64"), filled(1, 1, 4), filled(1, 1, 3)),
        (filled(1, 1, 4), filled(1, 1, 4), filled(1, 1, 4)),
    ],
    "join_complex": [
        (filled(1, 1, 5), filled(1, 1, 5), filled(1, 1, 4, dtype="complex64")),
        (filled(1, 4), filled(1, 4), filled(1, 4, dtype="complex64")),
    ],
    "run_channels_last": [
        (DEPTHWISE, "forward", IMAGE, KERNEL, IMAGE[:, :, :4].copy()),
        (DEPTHWISE, "forward", IMAGE[:, :8], KERNEL, IMAGE),
        (DEPTHWISE, "grad_weight", IMAGE, IMAGE, filled(16, 1, 3, 2)),
        (DEPTHWISE, "forward", IMAGE, KERNEL, IMAGE.astype("float64")),
        (DEPTHWISE, "forward", np.ascontiguousarray(IMAGE), KERNEL, IMAGE),
    ],
}


@pytest.mark.parametrize(
    ("method", "number"), [(name, i) for name, calls in UNFIT.items() for i in range(len(calls))]
)
def test_native_passes_refuse_what_they_would_read_or_write_beyond(method, number):
    with pytest.raises(ValueError, match=r"^arrays: must"):
        getattr(convcore.get_backend("direct"), method)(*UNFIT[method][number])
