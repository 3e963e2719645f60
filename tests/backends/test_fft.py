"""The fft backend: against scipy.signal, against the definition, and within its own promises."""

import tracemalloc

import numpy as np
import pytest
import scipy.signal
from convcore_fft import FFTConvolution
from numpy.lib.stride_tricks import sliding_window_view

from convcore.plugin import OPERATIONS, Geometry

DTYPES = FFTConvolution.declaration.dtypes
BOUND = FFTConvolution.declaration.bound


def values(shape, dtype, kind="normal", seed=0):
    """Data of a kind that is easy or hard for a transform."""
    rng = np.random.default_rng([seed, *shape])
    data = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        data = data + 1j * rng.standard_normal(shape)
    if kind == "mean 100":
        data = data + 100
    elif kind == "badly scaled":
        data = data * 10.0 ** rng.uniform(-6, 6, shape)
    elif kind == "constant":
        data = np.full(shape, 1.1)
    elif kind == "single":
        data = np.zeros(shape)
        data.reshape(-1)[data.size // 3] = 1.234567
    return data.astype(dtype)


def operands(geometry, dtype, operation, kind="normal"):
    x = values(geometry.input_shape, dtype, kind, 1)
    w = values(geometry.weight_shape, dtype, kind, 2)
    dy = values(geometry.output_shape, dtype, kind, 3)
    return {"forward": (x, w), "grad_input": (dy, w), "grad_weight": (dy, x)}[operation]


def windows(x, geometry):
    """(N, G, C / G, *O, *R): what each output reads."""
    pads = [(max(b, 0), max(a, 0)) for b, a in geometry.padding]
    crops = [
        slice(max(-b, 0), s + max(b, 0) + min(a, 0) + max(a, 0))
        for (b, a), s in zip(geometry.padding, geometry.input_extents, strict=True)
    ]
    padded = np.pad(x, [(0, 0), (0, 0), *pads])[(..., *crops)]
    axes = tuple(range(2, x.ndim))
    every = sliding_window_view(padded, geometry.receptive_field, axis=axes)
    strides = [slice(None, None, s) for s in geometry.stride]
    dilations = [slice(None, None, d) for d in geometry.dilation]
    every = every[(slice(None), slice(None), *strides, *dilations)]
    return every.reshape(x.shape[0], geometry.groups, -1, *every.shape[2:])


def definition(operation, a, b, geometry):
    """The three sums, by einsum over windows, in double precision."""
    groups, rank = geometry.groups, geometry.spatial_rank
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    a, b = a.astype(wide), b.astype(wide)
    outs, taps = "hijl"[:rank], "pqrs"[:rank]
    if operation == "forward":
        w = b.reshape(groups, -1, *b.shape[1:])
        y = np.einsum(f"ngc{outs}{taps},gkc{taps}->ngk{outs}", windows(a, geometry), w)
        return y.reshape(geometry.output_shape)
    dy = a.reshape(a.shape[0], groups, -1, *a.shape[2:])
    if operation == "grad_weight":
        dw = np.einsum(f"ngc{outs}{taps},ngk{outs}->gkc{taps}", windows(b, geometry), dy)
        return dw.reshape(geometry.weight_shape)
    w = b.reshape(groups, -1, *b.shape[1:])
    products = np.einsum(f"ngk{outs},gkc{taps}->ngc{outs}{taps}", dy, w)
    # Numbers from 1 for the positions, so that 0 collects what falls on padding.
    number = np.arange(1, np.prod(geometry.input_extents) + 1)
    single = Geometry.of(
        (1, 1, *geometry.input_extents),
        (1, 1, *geometry.kernel_extents),
        stride=geometry.stride,
        dilation=geometry.dilation,
        padding=geometry.padding,
    )
    where = windows(number.reshape(single.input_shape), single).ravel()
    products = products.reshape(geometry.batch * geometry.in_channels, -1)
    dx = np.zeros((len(products), number.size + 1), wide)
    for row, product in zip(dx, products, strict=True):
        np.add.at(row, where, product)
    return dx[:, 1:].reshape(geometry.input_shape)


def scale(operation, a, b, geometry):
    """||a|| ||b|| over what the sample and the channel of each result can meet."""
    groups, spatial = geometry.groups, (1,) * geometry.spatial_rank

    def norms(array, *kept):
        axes = tuple(axis for axis in range(array.ndim) if axis not in kept)
        return np.sqrt((np.abs(array.astype(np.complex128)) ** 2).sum(axis=axes))

    channels, outputs = geometry.in_channels // groups, geometry.out_channels // groups
    first = a.reshape(a.shape[0], groups, -1, *a.shape[2:])
    if operation == "grad_weight":
        x = b.reshape(b.shape[0], groups, -1, *b.shape[2:])
        both = norms(first, 1, 2)[:, :, None] * norms(x, 1, 2)[:, None]
        return both.reshape(geometry.out_channels, channels, *spatial)
    w = b.reshape(groups, outputs, channels, *b.shape[2:])
    kept = norms(w, 0, 1) if operation == "forward" else norms(w, 0, 2)
    both = norms(first, 0, 1)[:, :, None] * kept[None]
    return both.reshape(geometry.batch, -1, *spatial)


def check(geometry, dtype, *, kind="normal", **options):
    """All three operations against the definition, within the declared bound."""
    convolution = FFTConvolution(geometry, dtype, **options)
    for operation in OPERATIONS:
        a, b = operands(geometry, dtype, operation, kind)
        result = getattr(convolution, operation)(a, b)
        assert result.dtype == dtype
        error = np.abs(result - definition(operation, a, b, geometry))
        unit = np.finfo(dtype).eps * scale(operation, a, b, geometry)
        worst = (error / np.where(unit == 0, 1, unit)).max()
        assert worst <= BOUND, f"{operation}: {worst:.3g} units of {geometry} {dtype} {kind}"


GEOMETRIES = {
    "1-D": Geometry.of((2, 3, 50), (4, 3, 9)),
    "2-D same": Geometry.of((2, 3, 17, 12), (4, 3, 5, 4), padding="same"),
    "3-D": Geometry.of((1, 2, 7, 6, 9), (2, 2, 3, 2, 4), padding=1),
    "4-D": Geometry.of((1, 1, 4, 5, 3, 6), (2, 1, 2, 3, 2, 2), padding=1, stride=(1, 2, 1, 3)),
    "one tap": Geometry.of((2, 3, 8, 8), (4, 3, 1, 1), stride=2),
    "one axis": Geometry.of((2, 2, 9, 20), (2, 2, 1, 7), padding=((0, 0), (3, 3))),
    "stride": Geometry.of((1, 2, 40), (2, 2, 11), stride=3, padding=((4, 7),)),
    "stride beyond the kernel": Geometry.of((1, 2, 40), (2, 2, 3), stride=5, padding=4),
    "dilation": Geometry.of((2, 2, 40), (2, 2, 5), dilation=4, padding=8),
    "stride and dilation": Geometry.of((1, 2, 60), (2, 2, 7), stride=3, dilation=2, padding=6),
    "common divisor": Geometry.of((1, 2, 70), (2, 2, 5), stride=4, dilation=6, padding=((3, 11),)),
    "equal": Geometry.of((1, 1, 50), (1, 1, 6), stride=3, dilation=3, padding=((1, 0),)),
    "mixed axes": Geometry.of(
        (2, 2, 20, 25),
        (3, 2, 4, 5),
        stride=(2, 3),
        dilation=(3, 2),
        padding=((-2, 5), (7, -3)),
    ),
    "groups": Geometry.of((2, 6, 15, 15), (9, 2, 4, 4), groups=3, padding=((0, 3), (2, 1))),
    "depthwise": Geometry.of((2, 5, 20, 20), (10, 1, 7, 7), groups=5, padding=3, stride=2),
    "crop": Geometry.of((1, 2, 30), (2, 2, 4), padding=((-7, -5),)),
    "kernel beyond the image": Geometry.of((1, 2, 5), (2, 2, 30), padding=29),
    "one output": Geometry.of((2, 2, 12, 12), (3, 2, 12, 12), stride=7),
    "many channels": Geometry.of((2, 40, 10), (33, 40, 3), padding=1),
    "long sums": Geometry.of((1, 200, 8), (2, 200, 3)),
    "many samples": Geometry.of((300, 2, 12), (2, 2, 5)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", GEOMETRIES)
def test_definition(name, dtype):
    check(GEOMETRIES[name], dtype, threads=1)


@pytest.mark.parametrize("dtype", ["complex64", "float32"])
@pytest.mark.parametrize("name", sorted(GEOMETRIES.keys() - {"many channels", "many samples"}))
def test_smallest_tiles_and_blocks(name, dtype):
    """No workspace at all asks for the plan that needs least: single channels, shortest tiles."""
    check(GEOMETRIES[name], dtype, threads=1, max_workspace=0)


@pytest.mark.parametrize("limit", [200_000, 400_000])
@pytest.mark.parametrize("name", ["many channels", "many samples", "depthwise", "groups"])
def test_smaller_blocks_and_chunks(name, limit):
    check(GEOMETRIES[name], "complex64", threads=1, max_workspace=limit)
    check(GEOMETRIES[name], "float32", threads=1, max_workspace=limit)


@pytest.mark.parametrize("seed", range(40))
def test_random_geometries(seed):
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(1, 4))
    kernel = rng.integers(1, [0, 12, 6, 4][rank], rank)
    stride, dilation = rng.integers(1, 6, rank), rng.integers(1, 7, rank)
    padding = rng.integers(-1, 6, (rank, 2))
    extra = rng.integers(0, [0, 40, 12, 5][rank], rank)
    extents = np.maximum(dilation * (kernel - 1) + 1 - padding.sum(1), 2) + extra
    groups = int(rng.integers(1, 4))
    geometry = Geometry.of(
        (int(rng.integers(1, 4)), 2 * groups, *extents.tolist()),
        (groups * int(rng.integers(1, 3)), 2, *kernel.tolist()),
        stride=stride.tolist(),
        dilation=dilation.tolist(),
        padding=padding.tolist(),
        groups=groups,
    )
    check(geometry, DTYPES[seed % 4], threads=1)


@pytest.mark.parametrize("kind", ["mean 100", "badly scaled", "constant", "single"])
@pytest.mark.parametrize("name", ["2-D same", "depthwise", "dilation", "long sums", "many samples"])
def test_error_bound_on_hard_data(name, kind):
    check(GEOMETRIES[name], "float32", kind=kind, threads=1)
    check(GEOMETRIES[name], "float64", kind=kind, threads=1)


@pytest.mark.parametrize("kind", ["normal", "mean 100", "constant"])
@pytest.mark.parametrize(
    ("shapes", "options"),
    [
        (((1, 1, 300_000), (1, 1, 100_000)), {}),
        (((1, 1, 400, 400), (1, 1, 25, 25)), {"padding": 12}),
        (((1, 3, 100, 100), (2, 3, 65, 65)), {"padding": 32}),
        (((5000, 1, 64), (1, 1, 9)), {}),
        (((1, 4096, 16), (1, 4096, 3)), {}),
    ],
)
def test_error_bound_in_single_precision_on_long_sums(shapes, options, kind):
    """The double precision of the same backend, held to the definition above, is the reference."""
    geometry = Geometry.of(*shapes, **options)
    single, double = (FFTConvolution(geometry, dtype, threads=1) for dtype in DTYPES[:2])
    for operation in OPERATIONS:
        a, b = operands(geometry, "float32", operation, kind)
        exact = getattr(double, operation)(a.astype("f8"), b.astype("f8"))
        error = np.abs(getattr(single, operation)(a, b) - exact)
        unit = np.finfo("f4").eps * scale(operation, a, b, geometry)
        assert (error / unit).max() <= BOUND / 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("extents", "taps"), [((3000,), (40,)), ((90, 110), (21, 8))])
def test_oaconvolve_and_correlate(extents, taps, dtype):
    x, w = values((1, 1, *extents), dtype), values((1, 1, *taps), dtype)
    for mode in ("valid", "full"):
        geometry = Geometry.of(x.shape, w.shape, padding=mode)
        y = FFTConvolution(geometry, dtype, threads=1).forward(x, w)[0, 0]
        unit = BOUND * np.finfo(dtype).eps * np.linalg.norm(x) * np.linalg.norm(w)
        flipped = w[0, 0][(slice(None, None, -1),) * len(taps)]
        np.testing.assert_allclose(
            y, scipy.signal.oaconvolve(x[0, 0], flipped, mode), rtol=0, atol=2 * unit
        )
        # Unlike scipy's, this correlation does not conjugate.
        np.testing.assert_allclose(
            y, scipy.signal.correlate(x[0, 0], w[0, 0].conj(), mode), rtol=0, atol=2 * unit
        )


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_adjoints(name, dtype):
    geometry = GEOMETRIES[name]
    convolution = FFTConvolution(geometry, dtype, threads=1)
    (x, w), (dy, _) = (operands(geometry, dtype, op) for op in ("forward", "grad_input"))
    expected = np.sum(convolution.forward(x, w) * dy)
    unit = np.linalg.norm(x) * np.linalg.norm(w) * np.linalg.norm(dy)
    for product in (x * convolution.grad_input(dy, w), w * convolution.grad_weight(dy, x)):
        assert abs(product.sum() - expected) <= BOUND * np.finfo(dtype).eps * unit


def test_small_workspace_means_many_tiles():
    geometry = Geometry.of((1, 2, 300, 300), (2, 2, 9, 9), padding=4)
    large, small = (
        FFTConvolution(geometry, "float64", threads=1, max_workspace=limit)
        for limit in (2**26, 2**19)
    )
    count = [c._choice("forward").cut.tile.number for c in (large, small)]
    assert count[1] > 2 * count[0]
    for operation in OPERATIONS:
        a, b = operands(geometry, "float64", operation)
        assert small.workspace_bytes(operation) <= 2**19 < large.workspace_bytes(operation)
        roomy, narrow = (getattr(c, operation)(a, b) for c in (large, small))
        np.testing.assert_allclose(narrow, roomy, rtol=0, atol=1e-9)


@pytest.mark.parametrize("limit", [None, 1_000_000])
@pytest.mark.parametrize(
    "geometry",
    [
        Geometry.of((4, 12, 64, 70), (24, 2, 21, 5), groups=6, stride=(3, 1), dilation=2),
        Geometry.of((3, 8, 3000), (6, 4, 732), groups=2, dilation=2),
        Geometry.of((2, 32, 20, 20), (32, 32, 3, 3), padding=1),
        Geometry.of((1, 1, 40, 40, 40), (2, 1, 5, 5, 5)),
        Geometry.of((8, 16, 32, 32), (16, 16, 1, 1)),
    ],
    ids=["groups", "dilation", "channels", "3-D", "one tap"],
)
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_workspace_is_no_larger_than_said(geometry, limit, dtype):
    convolution = FFTConvolution(geometry, dtype, threads=1, max_workspace=limit)
    for operation in OPERATIONS:
        a, b = operands(geometry, dtype, operation)
        out = np.empty(geometry.result_shape(operation), dtype)
        stated = convolution.workspace_bytes(operation)
        # Once without looking, so that scipy.fft is imported and caches are warm.
        getattr(convolution, operation)(a, b, out=out)
        tracemalloc.start()
        getattr(convolution, operation)(a, b, out=out)
        measured = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert measured <= stated


@pytest.mark.parametrize(
    "options",
    [
        {"padding": 2**40, "stride": 2**39},
        {"padding": ((2**40, 3),), "stride": 2**38 + 1},
        {"padding": 2**50, "dilation": 2**49, "stride": 2**49},
        {"padding": 2**52, "dilation": 2**50 - 1, "stride": 2**48},
        {"padding": 2**45 + 7, "dilation": 2**45 - 1, "stride": 2**41 - 5},
        {"padding": 100_000},
        {"stride": 2**60},
        {"padding": 2**57, "stride": 2**60, "dilation": 2**54},
        {"padding": 3000, "dilation": 1009, "stride": 11},
    ],
    ids=str,
)
def test_huge_steps_and_padding(options):
    """Reference: the definition, summed over the few products that exist."""
    geometry = Geometry.of((1, 1, 7), (1, 1, 3), **options)
    convolution = FFTConvolution(geometry, "float64", threads=1)
    (x, w), (dy, _) = (operands(geometry, "float64", op) for op in ("forward", "grad_input"))
    (s,), (d,), ((before, _),) = geometry.stride, geometry.dilation, geometry.padding
    y, dx, dw = (np.zeros(shape) for shape in (dy.shape, x.shape, w.shape))
    for o in range(geometry.output_extents[0]):
        for r in range(3):
            i = o * s + r * d - before
            if 0 <= i < 7:
                y[0, 0, o] += w[0, 0, r] * x[0, 0, i]
                dx[0, 0, i] += w[0, 0, r] * dy[0, 0, o]
                dw[0, 0, r] += dy[0, 0, o] * x[0, 0, i]
    assert convolution.workspace_bytes("forward") < 2**22
    np.testing.assert_allclose(convolution.forward(x, w), y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(convolution.grad_input(dy, w), dx, rtol=0, atol=1e-13)
    np.testing.assert_allclose(convolution.grad_weight(dy, x), dw, rtol=0, atol=1e-13)


WIDE = {
    "2-D": Geometry.of((1, 3, 256, 320), (8, 3, 33, 33), padding=16),
    "groups": Geometry.of((4, 8, 256, 258), (12, 4, 9, 9), groups=2, stride=2),
    "1-D": Geometry.of((3, 2, 200_000), (2, 2, 301), dilation=3),
    "many channels": Geometry.of((8, 40, 64, 64), (33, 40, 5, 5), padding=2),
}


@pytest.mark.parametrize("limit", [None, 4_000_000])
@pytest.mark.parametrize("name", WIDE)
def test_chunks_at_once(name, limit):
    """The same bits as one after the other, within the stated workspace and that in its limit."""
    geometry = WIDE[name]
    plans = [FFTConvolution(geometry, "float32", threads=n, max_workspace=limit) for n in (1, 2, 5)]
    for operation in OPERATIONS:
        teams = [plan._choice(operation).team(plan.threads) for plan in plans]
        assert [team.at_once for team in teams] == sorted(team.at_once for team in teams)
        assert limit or teams[1] == (2, 1)
        a, b = operands(geometry, "float32", operation)
        alone, *shared = (getattr(plan, operation)(a, b) for plan in plans)
        assert all(alone.tobytes() == result.tobytes() for result in shared)
        for plan in plans:
            stated, out = plan.workspace_bytes(operation), np.empty_like(alone)
            assert stated <= (limit or 2**26)
            tracemalloc.start()
            getattr(plan, operation)(a, b, out=out)
            measured = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert measured <= stated


@pytest.mark.parametrize("threads", [1, 2])
def test_same_bits_from_run_to_run(threads):
    geometry = Geometry.of((2, 8, 60, 60), (8, 8, 9, 9), padding=4)
    first, second = (FFTConvolution(geometry, "float32", threads=threads) for _ in range(2))
    for operation in OPERATIONS:
        a, b = operands(geometry, "float32", operation)
        results = [getattr(c, operation)(a, b) for c in (first, second)]
        assert results[0].tobytes() == results[1].tobytes()


def test_rank_sixteen():
    ones, pads = (1,) * 13, ((0, 0),) * 12
    flat = Geometry.of((1, 2, 3, 4, 5), (2, 2, 2, 3, 2), padding=1)
    geometry = Geometry.of(
        (1, 2, 3, *ones, 4, 5),
        (2, 2, 2, *ones, 3, 2),
        padding=((1, 1), *pads, (1, 1), (1, 1), (1, 1)),
    )
    x, w = operands(flat, "float64", "forward")
    y = FFTConvolution(geometry, "float64").forward(
        x.reshape(geometry.input_shape), w.reshape(geometry.weight_shape)
    )
    inner = y[(slice(None), slice(None), slice(None), *(0,) * 12, 1)]
    np.testing.assert_allclose(inner, definition("forward", x, w, flat), rtol=0, atol=1e-13)
    # All else are windows that lie in the padding of the thirteenth axis between.
    assert np.count_nonzero(y) == inner.size


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nonfinite_values_stay_in_their_sample(value):
    geometry = Geometry.of((2, 1, 40), (1, 1, 5))
    x, w = operands(geometry, "float32", "forward")
    clean = FFTConvolution(geometry, "float32").forward(x, w)
    x[1, 0, 20] = value
    y = FFTConvolution(geometry, "float32").forward(x, w)
    assert not np.isfinite(y[1, 0, 16:21]).any()
    np.testing.assert_array_equal(y[0], clean[0])


def test_integers_are_refused():
    geometry = GEOMETRIES["1-D"]
    refusal = FFTConvolution.refusal(geometry, np.dtype("int32"))
    assert refusal.code == "DTYPE"
    assert "int32" in refusal.text
    assert FFTConvolution.refusal(geometry, np.dtype("float32")) is None
