"""The tilefft backend: its transforms, its tiles, its errors, and what it refuses."""

from __future__ import annotations

import re

import numpy as np
import pytest
from built import ISAS
from convcore_native import TileFFTConvolution
from native import DTYPES, native_plan, operands, reference, run

from convcore.plugin import OPERATIONS, Geometry, UnsupportedError
from convcore.testing.catalogue import oracle

DECLARED = TileFFTConvolution.declaration
KINDS = ("normal", "mean 100", "badly scaled", "cancelling")
VECTOR_BYTES = {"baseline": 16, "avx2": 32, "avx512vl": 32, "avx512": 64, "wide": 64}


def is_smooth(extent):
    """Whether `extent` has no prime factor above 5."""
    for prime in (2, 3, 5):
        while extent % prime == 0:
            extent //= prime
    return extent == 1


def extents(isa, dtype, largest):
    """Every length of a transform up to `largest`: smooth multiples of the lanes of a vector."""
    lanes = VECTOR_BYTES[isa] // np.dtype(dtype).itemsize
    return [n for n in range(lanes, largest + 1, lanes) if is_smooth(n)]


def radices(extent):
    """How the kernels split a transform: by 8 once where a power of 4 is left, then by 4, ..."""
    split, twos = [], 0
    while (extent >> twos) % 2 == 0:
        twos += 1
    if twos % 2 and twos >= 3:
        split, twos = [8], twos - 3
    split += [4] * (twos // 2) + [2] * (twos % 2)
    odd = extent // 2 ** ((extent & -extent).bit_length() - 1)
    for prime in (3, 5):
        while odd % prime == 0:
            split, odd = [*split, prime], odd // prime
    return split


def roots(extent, angle):
    """Roots of u^extent = e^(2 pi i angle), as shares of the circle, in the order of a spectrum."""
    angles = np.array([angle])
    for radix in radices(extent):
        angles = ((angles[:, None] + np.arange(radix)) / radix).ravel()
    return angles


def natural(spectrum, rows, columns, lanes):
    """Stored sections of (column, real or imaginary part, lane) as a complex matrix."""
    parts = spectrum[: 2 * rows * columns].reshape(rows // lanes, columns, 2, lanes)
    values = parts[:, :, 0] + 1j * parts[:, :, 1].astype(complex)
    return values.transpose(0, 2, 1).reshape(rows, columns)


def by_numpy(tile, line):
    """The same spectrum by numpy.fft: folded, twisted, transformed, and put in order."""
    rows, columns = tile.shape[0] // 2, tile.shape[1]
    folded = tile[:rows] + 1j * tile[rows:]
    turn = np.exp(2j * np.pi * np.arange(rows) / (4 * rows))
    down = roots(rows, 0.25)
    index = np.rint(down * rows - 0.25).astype(int)
    spectrum = (np.fft.ifft(folded * turn[:, None], axis=0) * rows)[index]
    if line:
        spectrum = spectrum * np.exp(2j * np.pi * np.outer(down, np.arange(columns)) / columns)
    across = np.rint(roots(columns, 0.0) * columns).astype(int)
    return (np.fft.ifft(spectrum, axis=1) * columns)[:, across]


def tile_extents(plan):
    """Rows and columns of the complex tile that a plan chose."""
    found = re.search(r"2x(\d+)x(\d+)|of (\d+)x(\d+)", plan.describe(0))
    line = found[1] is not None
    rows, columns = (int(n) for n in (found.group(1, 2) if line else found.group(3, 4)))
    return (rows if line else rows // 2), columns


def whole(shape, dtype, isa):
    """A plan whose weight fills one tile, the weight, its spectrum, and rows and columns."""
    geometry = Geometry.of((1, 1, *shape), (1, 1, *shape))
    plan = native_plan(geometry, dtype, isa=isa, algorithm="tilefft")
    weight = np.random.default_rng(shape).standard_normal((1, 1, *shape)).astype(dtype)
    spectrum = plan.prepare(0, weight).values.view(dtype)
    return geometry, plan, weight, spectrum, tile_extents(plan)


def check_tile(shape, dtype, isa):
    """Spectrum and way back of one tile; the tile that was taken."""
    geometry, plan, weight, spectrum, (rows, columns) = whole(shape, dtype, isa)
    tile = np.zeros(2 * rows * columns)
    if len(shape) == 1:
        tile[: shape[0]] = weight.ravel()
        tile = tile.reshape(2 * rows, columns)
    else:
        tile = tile.reshape(2 * rows, columns)
        tile[: shape[0], : shape[1]] = weight[0, 0]
    lanes = VECTOR_BYTES[isa] // np.dtype(dtype).itemsize
    found = natural(spectrum, rows, columns, lanes)
    limit = 2 * np.finfo(dtype).eps * np.linalg.norm(tile) * np.sqrt(rows * columns)
    assert np.abs(found - by_numpy(tile, len(shape) == 1)).max() <= limit
    one = np.ones((1, 1, *(1 for _ in shape)), dtype)
    back = run(plan, geometry, 2, weight, weight, one)
    assert np.abs(back - weight).max() <= 4 * np.finfo(dtype).eps * np.abs(weight).max()
    return rows, columns


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
def test_transforms_of_every_extent_match_numpy(isa, dtype):
    across, lengths = set(), extents(isa, dtype, 256)
    down = {check_tile((2 * n, lengths[0]), dtype, isa)[0] for n in lengths}
    across = {check_tile((2 * lengths[0], n), dtype, isa)[1] for n in lengths}
    assert down == across == set(lengths)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
def test_long_transforms_match_numpy(isa, dtype):
    assert check_tile((1024, 1024), dtype, isa) == (512, 1024)
    assert check_tile((960, 640), dtype, isa) == (480, 640)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
def test_lines_match_numpy(isa, dtype):
    for length in (100, 512, 1000, 1536, 4000, 4096, 6400, 10000, 50000):
        rows, columns = check_tile((length,), dtype, isa)
        assert 2 * rows * columns >= length


PROBLEMS = {
    "one tile": Geometry.of((2, 3, 20, 21), (4, 3, 9, 8), padding=4),
    "tiles": Geometry.of((2, 2, 150, 170), (3, 2, 13, 11), padding=((3, 9), (0, 5))),
    "depthwise": Geometry.of((2, 37, 30, 28), (37, 1, 15, 15), padding=7, groups=37),
    "groups": Geometry.of((1, 12, 33, 70), (18, 4, 12, 7), groups=3),
    "many channels": Geometry.of((1, 33, 30, 31), (35, 33, 9, 9), padding=4),
    "stride": Geometry.of((2, 3, 61, 64), (2, 3, 16, 15), stride=(3, 2), padding=5),
    "dilation": Geometry.of((2, 3, 61, 64), (2, 3, 7, 6), dilation=(4, 3), padding=6),
    "crop": Geometry.of((1, 2, 61, 64), (2, 2, 14, 9), padding=((-3, 2), (20, -5))),
    "line": Geometry.of((3, 2, 3000), (5, 2, 201), padding=100),
    "line, stride, dilation": Geometry.of((2, 4, 999), (6, 2, 40), stride=3, dilation=5, groups=2),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("isa", ISAS)
def test_problems_on_every_instruction_set(isa, name, operation):
    geometry = PROBLEMS[name]
    random = np.random.default_rng(0)
    x, w, y = (
        random.standard_normal(shape)
        for shape in (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    )
    number = OPERATIONS.index(operation)
    want = reference(geometry, number, x, w, y)
    for dtype in DTYPES:
        for workspace in (64 << 20, 1 << 19):
            plan = native_plan(
                geometry, dtype, isa=isa, threads=2, workspace=workspace, algorithm="tilefft"
            )
            got = run(plan, geometry, number, *(a.astype(dtype) for a in (x, w, y)))
            assert np.abs(got - want).max() <= 20 * np.finfo(dtype).eps * np.abs(want).max()
            assert plan.workspace_bytes(number) <= workspace


@pytest.mark.parametrize("extent", [*range(1, 70), 97, 104, 105, 128, 129, 208, 209])
def test_every_edge_of_a_tile(extent):
    for geometry in (
        Geometry.of((1, 1, extent, 9), (1, 1, 3, 3), padding=1),
        Geometry.of((1, 1, 9, extent), (1, 1, 3, 3), padding=1),
        Geometry.of((1, 1, 4 * extent), (1, 1, 33), padding=16),
    ):
        random = np.random.default_rng(extent)
        x = random.standard_normal(geometry.input_shape)
        w = random.standard_normal(geometry.weight_shape)
        y = random.standard_normal(geometry.output_shape)
        plan = native_plan(geometry, "float64", workspace=1 << 17, algorithm="tilefft")
        for number in range(3):
            want = reference(geometry, number, x, w, y)
            got = run(plan, geometry, number, x, w, y)
            assert np.abs(got - want).max() <= 1e-14 * max(1, np.abs(want).max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PROBLEMS)
def test_threads_do_not_change_a_bit(name, dtype):
    geometry = PROBLEMS[name]
    random = np.random.default_rng(1)
    x, w, y = (
        random.standard_normal(shape).astype(dtype)
        for shape in (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    )
    for number in range(3):
        one, two, five = (
            run(
                native_plan(geometry, dtype, threads=threads, algorithm="tilefft"),
                *(geometry, number, x, w, y),
            )
            for threads in (1, 2, 5)
        )
        assert (one == two).all()
        assert (one == five).all()


def values(kind, shape, seed):
    """Data of a kind; those of seed 1 cancel against those of another.

    Of so few bits that the naive backend's sums of normal ones are exact in float64.
    """
    random = np.random.default_rng([seed, *shape])
    data = np.round(random.standard_normal(shape) * 2**12) / 2**12
    if kind == "mean 100":
        data += 100
    elif kind == "badly scaled":
        data *= 10.0 ** random.uniform(-3, 3, (1, shape[1]) + (1,) * (len(shape) - 2))
    elif kind == "cancelling":
        spatial = tuple(range(2, len(shape)))
        data = data / 64 + 100 if seed == 1 else data - data.mean(axis=spatial, keepdims=True)
    return data


ACCURACY = {
    "25x25": Geometry.of((1, 1, 150, 150), (1, 1, 25, 25), padding=12),
    "channels": Geometry.of((2, 19, 20, 20), (17, 19, 9, 9), padding=4),
    "samples": Geometry.of((40, 2, 24, 24), (3, 2, 9, 9)),
    "line": Geometry.of((2, 3, 3000), (4, 3, 200), padding=100),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", ACCURACY)
def test_errors_stay_below_what_is_declared(name, operation, dtype):
    geometry, eps = ACCURACY[name], float(np.finfo(dtype).eps)
    plan = TileFFTConvolution(geometry, dtype)
    for kind in KINDS:
        x, w, y = (
            values(kind, shape, seed).astype(dtype)
            for seed, shape in enumerate(
                (geometry.input_shape, geometry.weight_shape, geometry.output_shape), start=1
            )
        )
        first, second = operands(OPERATIONS.index(operation), x, w, y)
        want = reference(
            geometry, OPERATIONS.index(operation), *(a.astype(float) for a in (x, w, y))
        )
        error = np.abs(getattr(plan, operation)(first, second).astype(float) - want)
        norms = oracle.norms(geometry, operation, first, second)
        assert (error <= DECLARED.bound * eps * norms).all(), kind
        if kind == "normal":
            typical = DECLARED.typical_error
            assert typical is not None
            assert error.max() <= typical * eps * np.abs(want).max()


def test_typical_errors_are_those_asked_for():
    assert DECLARED.relative_error("float32") <= 1e-6
    assert DECLARED.relative_error("float64") <= 1e-14


def test_prepared_weight_gives_the_same_bits():
    for geometry in PROBLEMS.values():
        random = np.random.default_rng(2)
        for workspace in (None, 1 << 20):
            plan = TileFFTConvolution(geometry, "float32", max_workspace=workspace)
            w = random.standard_normal(geometry.weight_shape).astype("float32")
            x = random.standard_normal(geometry.input_shape).astype("float32")
            y = random.standard_normal(geometry.output_shape).astype("float32")
            prepared = plan.prepare(w)
            assert (plan.forward(x, prepared) == plan.forward(x, w)).all()
            assert (plan.grad_input(y, prepared) == plan.grad_input(y, w)).all()


@pytest.mark.parametrize(
    ("geometry", "dtype", "code", "text"),
    [
        (
            Geometry.of((1, 1, 5, 5, 5), (1, 1, 3, 3, 3)),
            "float32",
            "RANK",
            "spatial rank 3 is not in 1 to 2",
        ),
        (
            Geometry.of((1, 1, 5, 5), (1, 1, 3, 3)),
            "int32",
            "DTYPE",
            "dtype int32 is not one of float32, float64",
        ),
        (
            Geometry.of((1, 1, 2000, 5), (1, 1, 1025, 3)),
            "float32",
            "RECEPTIVE_FIELD",
            "receptive field (1025, 3) is longer than 1024 on an axis",
        ),
    ],
)
def test_refusals_say_why(geometry, dtype, code, text):
    refusal = TileFFTConvolution.refusal(geometry, np.dtype(dtype))
    assert refusal is not None
    assert (refusal.code, refusal.text) == (code, text)


def test_longest_receptive_fields_are_taken():
    for geometry in (
        Geometry.of((1, 1, 1030, 4), (1, 1, 1024, 3)),
        Geometry.of((1, 1, 4, 1100), (1, 1, 3, 1024)),
    ):
        assert TileFFTConvolution.refusal(geometry, np.dtype("float32")) is None
        random = np.random.default_rng(3)
        x, w, y = (
            random.standard_normal(shape)
            for shape in (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
        )
        plan = native_plan(geometry, "float64", algorithm="tilefft")
        assert "fft" in plan.describe(0)
        for number in range(3):
            want = reference(geometry, number, x, w, y)
            assert np.abs(run(plan, geometry, number, x, w, y) - want).max() <= 1e-12


@pytest.mark.parametrize("bound", [0, 100, 4096])
def test_without_room_for_a_tile_it_is_refused(bound):
    geometry = PROBLEMS["stride"]
    said = rf"max_workspace: must hold the smallest tiles of forward; got {bound}$"
    with pytest.raises(UnsupportedError, match=said):
        TileFFTConvolution(geometry, "float64", threads=3, max_workspace=bound)
    plan = native_plan(geometry, "float64", workspace=bound, algorithm="tilefft")
    for number in range(3):
        assert not plan.fits(number)
        for ask in (plan.describe, plan.seconds, plan.workspace_bytes, plan.name):
            with pytest.raises(ValueError, match="operation: must be one"):
                ask(number)


def test_many_channels_of_long_lines_are_too_many():
    many = Geometry.of((1, 4000, 2**20), (1, 4000, 2**19))
    assert TileFFTConvolution.estimate(many, np.dtype("float32"), "forward", threads=1) is None
    with pytest.raises(UnsupportedError, match=f"got {64 << 20}"):
        TileFFTConvolution(many, "float32")
