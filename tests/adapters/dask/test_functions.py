"""The functions on dask arrays: the bits of the whole array, whatever the chunks."""

import inspect

import numpy as np
import pytest
from chunked import lazy_and_whole, random_problem

import convcore
from convcore.errors import DtypeError, GeometryError, OptionError, ShapeError

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")

# Backends whose sums are exact wherever the true ones are.
EXACT = ["direct", "im2col", "naive"]


def agree(lazy, whole, **compute):
    for name, got, array, want in zip(
        ("conv", "grad_input", "grad_weight"),
        dask.compute(*lazy, **compute),
        lazy,
        whole,
        strict=True,
    ):
        assert array.shape == got.shape == want.shape, name
        assert array.dtype == got.dtype == want.dtype, name
        assert [sum(axis) for axis in array.chunks] == list(got.shape), name
        np.testing.assert_array_equal(got, want, err_msg=name)


@pytest.mark.parametrize("hundred", range(3))
def test_random_problems_have_the_bits_of_the_whole_array(hundred):
    for seed in range(100 * hundred, 100 * (hundred + 1)):
        rng = np.random.default_rng(seed)
        problem = random_problem(rng)
        agree(*lazy_and_whole(chunked, da.from_array, problem, rng, EXACT), scheduler="threads")


@pytest.mark.parametrize("seed", range(40))
def test_windows_that_tasks_read_themselves_give_the_same(seed):
    rng = np.random.default_rng(10_000 + seed)
    problem = random_problem(rng)
    agree(*lazy_and_whole(chunked, chunked.Stored, problem, rng, EXACT), scheduler="sync")


def several(seed, count):
    """The operations of several problems, to be computed at once."""
    rng = np.random.default_rng(seed)
    lazy, whole = [], []
    for _ in range(count):
        more = lazy_and_whole(chunked, da.from_array, random_problem(rng), rng, EXACT)
        lazy, whole = lazy + more[0], whole + more[1]
    return lazy, whole


def test_processes_give_the_same():
    lazy, whole = several(20_000, 10)
    computed = dask.compute(*lazy, scheduler="processes", num_workers=2)
    for got, want in zip(computed, whole, strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_cluster_gives_the_same(client):
    lazy, whole = several(30_000, 20)
    for got, want in zip(client.gather(client.compute(lazy)), whole, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("seed", range(60))
def test_naive_has_the_same_bits_on_any_numbers_where_channels_are_whole(seed):
    rng = np.random.default_rng(40_000 + seed)
    problem = random_problem(rng)._replace(dtype=["float32", "float64", "complex64"][seed % 3])
    geometry, options = problem.geometry, problem.options | {"backend": "naive"}
    x, w, g = (
        rng.standard_normal(geometry.shape_of(role)).astype(problem.dtype)
        for role in ("input", "weight", "output")
    )
    batch, _, *space = problem.input_chunks
    dx = da.from_array(x, chunks=(batch, -1, *space))
    batch, _, *space = problem.grad_chunks
    dg = da.from_array(g, chunks=(batch, -1, *space))
    lazy = [
        chunked.conv(dx, w, **options),
        chunked.conv_grad_input(dg, w, x.shape, chunks=dx.chunks, **options),
    ]
    whole = convcore.conv(x, w, **options), convcore.conv_grad_input(g, w, x.shape, **options)
    for got, want in zip(dask.compute(*lazy), whole, strict=True):
        assert got.tobytes() == want.tobytes()


@pytest.mark.parametrize("backend", [None, "direct", "im2col"])
def test_other_sums_differ_by_no_more_than_their_bound(backend):
    """The sum of n products has n + 2 roundings at most in whatever order it is made."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 6, 40, 31)).astype("float32")
    w = rng.standard_normal((4, 6, 5, 3)).astype("float32")
    dx = da.from_array(x, chunks=(1, (2, 3, 1), 13, 7))
    with convcore.options(accuracy="strict"):
        got = chunked.conv(dx, w, padding="same", backend=backend).compute()
    exact = convcore.conv(x.astype(float), w.astype(float), padding="same")
    size = convcore.conv(abs(x).astype(float), abs(w).astype(float), padding="same")
    units = abs(got - exact) / (size * (6 * 15 + 2) * np.finfo("float32").eps)
    assert 0 < units.max() <= 1


def transposed(seed):
    """A transposed convolution on chunks and on the whole array; GeometryError if there is none."""
    rng = np.random.default_rng(50_000 + seed)
    problem = random_problem(rng)
    options = problem.options | {"backend": EXACT}
    del options["padding_mode"]
    options["padding"] = [(max(0, before), max(0, after)) for before, after in options["padding"]]
    options["output_padding"] = [min(1, step - 1) for step in options["stride"]]
    x, w = problem.array("output", rng), problem.array("weight", rng)
    bias = problem.array("input", rng)[0].reshape(problem.geometry.in_channels, -1)[:, 0].copy()
    whole = convcore.conv_transpose(x, w, bias, **options)
    cut = da.from_array(x, chunks=problem.grad_chunks)
    return chunked.conv_transpose(cut, w, bias, **options), whole


def test_transposed_convolutions_are_those_of_the_whole_array():
    done = 0
    for seed in range(80):
        try:
            lazy, whole = transposed(seed)
        except GeometryError:  # crops more than there is
            continue
        np.testing.assert_array_equal(lazy.compute(), whole)
        done += 1
    assert done >= 40


def test_mixed_dtypes_are_converted_window_by_window():
    x = np.random.default_rng(0).integers(0, 256, (1, 2, 20), dtype="uint8")
    w = np.array([[[0.5, 1.0], [-1.0, 2.0]]], "float32")
    lazy = da.from_array(x, chunks=(1, 1, 7))
    want = convcore.conv(x.astype("float32"), w)
    got = chunked.conv(lazy, w, dtype="float32")
    assert got.dtype == "float32"
    np.testing.assert_array_equal(got.compute(), want)
    with pytest.raises(
        DtypeError, match="weight: must have the dtype of input, uint8; got float32"
    ):
        chunked.conv(lazy, w)


def test_big_endian_chunks_give_native_results():
    x = np.arange(10.0).reshape(1, 1, 10)
    lazy = chunked.conv(da.from_array(x.astype(">f8"), chunks=3), np.ones((1, 1, 3)))
    assert lazy.dtype == lazy.compute().dtype == np.dtype("float64")
    np.testing.assert_array_equal(lazy.compute(), convcore.conv(x, np.ones((1, 1, 3))))


@pytest.mark.parametrize(
    ("shape", "weight_shape", "padding"),
    [((0, 2, 5), (3, 2, 2), 0), ((2, 0, 5), (3, 0, 2), 1), ((2, 2, 0), (3, 2, 2), 2),
     ((2, 2, 5), (0, 2, 2), 0), ((2, 2, 5), (3, 2, 2), ((-5, 0),))],
)  # fmt: skip
def test_empty_problems_are_as_those_of_the_whole_array(shape, weight_shape, padding):
    x, w, bias = np.ones(shape), np.ones(weight_shape), np.arange(float(weight_shape[0]))
    dx = da.from_array(x, chunks=2)
    want = convcore.conv(x, w, bias, padding=padding)
    got = chunked.conv(dx, w, bias, padding=padding)
    assert got.shape == want.shape
    np.testing.assert_array_equal(got.compute(), want)
    g = da.ones(want.shape, chunks=2)
    grads = [
        chunked.conv_grad_input(g, w, shape, padding=padding),
        chunked.conv_grad_weight(g, dx, weight_shape, padding=padding),
    ]
    wholes = [
        convcore.conv_grad_input(np.ones(want.shape), w, shape, padding=padding),
        convcore.conv_grad_weight(np.ones(want.shape), x, weight_shape, padding=padding),
    ]
    for lazy, whole in zip(grads, wholes, strict=True):
        np.testing.assert_array_equal(lazy.compute(), whole)


def test_chunks_of_no_extent_are_passed_over():
    x = da.from_array(np.ones((1, 1, 5)), chunks=((1,), (1,), (0, 3, 0, 2)))
    assert chunked.conv(x, np.ones((1, 1, 2))).compute().tolist() == [[[2.0] * 4]]


X, W = da.ones((1, 2, 9), chunks=3), np.ones((3, 2, 3))
FAULTS = {
    "unknown chunks": (
        lambda: chunked.conv(X[:, :, da.ones(9, chunks=3) > 0], W),
        ShapeError,
        r"input: must have known chunks; .* input.compute_chunk_sizes\(\) first",
    ),
    "numpy": (lambda: chunked.conv(np.ones((1, 2, 9)), W), DtypeError, "dask.array.from_array"),
    "list": (lambda: chunked.conv(X, [[1.0]]), DtypeError, "weight: must be a numpy.ndarray or"),
    "dtype": (lambda: chunked.conv(X.astype(bool), W), DtypeError, "got dtype bool"),
    "mode": (lambda: chunked.conv(X, W, padding_mode="mirror"), GeometryError, "got 'mirror'"),
    "value": (lambda: chunked.conv(X, W, padding_value=1), GeometryError, "padding_mode='consta"),
    "shape": (lambda: chunked.conv(X, np.ones((3, 1, 3))), ShapeError, "C / groups"),
    "bias": (lambda: chunked.conv(X, W, np.ones(2)), ShapeError, r"bias: must have shape \(3,\)"),
    "grad_output": (
        lambda: chunked.conv_grad_input(X, W, (1, 2, 9)),
        ShapeError,
        r"grad_output: must have shape \(1, 3, 7\); got \(1, 2, 9\)",
    ),
    "split_every": (
        lambda: chunked.conv_grad_weight(X, X, (2, 2, 1), split_every=1),
        OptionError,
        "split_every: must be an integer >= 2; got 1",
    ),
    "backend": (lambda: chunked.conv(X, W, backend="nae"), LookupError, "did you mean"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_told_when_a_function_is_called(fault):
    call, error, sentence = FAULTS[fault]
    with pytest.raises(error, match=sentence):
        call()


@pytest.mark.parametrize(
    ("name", "more"),
    [("conv", set()), ("conv_vjp", set()), ("conv_transpose", {"chunks"}),
     ("conv_grad_input", {"chunks"}), ("conv_grad_weight", {"split_every"})],
)  # fmt: skip
def test_every_option_of_the_originals_is_there_with_its_default(name, more):
    ours, original = (
        inspect.signature(getattr(module, name)).parameters for module in (chunked, convcore)
    )
    assert set(ours) == set(original) - {"out"} | more
    for option in set(ours) - more:
        assert ours[option].default == original[option].default
        assert ours[option].kind == original[option].kind
