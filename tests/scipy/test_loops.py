"""The inner loops against SciPy's own: bit for bit along one axis, within rounding in windows."""

import numpy as np
import pytest
from scipy.ndimage import _nd_image as theirs

import convcore
from convcore.errors import BackendLoadError, UnknownBackendError
from convcore.scipy import _loops as loops
from convcore.scipy._borders import CONSTANT, NEAREST, REFLECT, WRAP

DTYPES = ["uint8", "int16", "int64", "float32", "float64", ">f8"]
OUTPUTS = ["uint8", "int32", "float32", "float64"]


def draw(seed):
    """An array, the dtype of the result, an axis, and the random numbers to go on with."""
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(1, 25, random.integers(1, 4)))
    array = random.standard_normal(shape) * 50 + 60
    axis = int(random.integers(len(shape)))
    return array.astype(DTYPES[seed % 6]), OUTPUTS[seed % 4], axis, random


def both(name, array, output, *arguments):
    """Results of SciPy's loop and of ours."""
    results = np.zeros(array.shape, output), np.zeros(array.shape, output)
    before, after = arguments
    for module, result in zip((theirs, loops), results, strict=True):
        getattr(module, name)(array, *before, result, *after)
    return results


@pytest.mark.usefixtures("ours")
class TestAgainstScipy:
    @pytest.mark.parametrize("seed", range(60))
    def test_along_one_axis_the_bits_are_the_same(self, seed):
        array, output, axis, random = draw(seed)
        taps = int(random.integers(1, 14))
        weights = random.standard_normal(taps)
        weights = (weights, weights + weights[::-1], weights - weights[::-1])[seed % 3]
        origin = int(random.integers(-(taps // 2), (taps - 1) // 2 + 1))
        mode = int(random.integers(7))
        want, got = both("correlate1d", array, output, (weights, axis), (mode, 1.5, origin))
        np.testing.assert_array_equal(got, want)

    @pytest.mark.parametrize("seed", range(60))
    def test_windows_agree_within_rounding(self, seed):
        array, _, _, random = draw(seed)
        shape = tuple(random.integers(1, 5, array.ndim))
        weights = random.standard_normal(shape)
        origins = [int(random.integers(-(n // 2), (n - 1) // 2 + 1)) for n in shape]
        mode = int(random.integers(7))
        want, got = both("correlate", array, "float64", (weights,), (mode, 1.5, origins))
        largest = np.abs(weights).sum() * max(1.5, np.abs(array).max())
        assert np.abs(want - got).max() <= 1e-15 * (weights.size + 2) * largest

    @pytest.mark.parametrize("cval", [np.float32(2.5), np.array(2.5), np.nan, np.inf])
    def test_any_real_number_can_stand_beyond_the_ends(self, cval):
        array, weights = np.arange(60.0).reshape(6, 10), np.array([[1.0, 0.0], [-2.0, 0.5]])
        with np.errstate(invalid="raise"):
            want, got = both("correlate", array, "float64", (weights,), (CONSTANT, cval, [0, 0]))
        np.testing.assert_array_equal(got, want)

    @pytest.mark.parametrize("output", OUTPUTS)
    def test_integers_are_cut_off_and_wrap(self, output):
        array = np.arange(200, dtype="uint8").reshape(10, 20)
        weights = np.array([[0.5, -3.0], [0.25, 1.0]])
        want, got = both("correlate", array, output, (weights,), (REFLECT, 0.0, [0, 0]))
        np.testing.assert_array_equal(got, want)

    @pytest.mark.parametrize("size", [1, 2, 5, 64, 65, 90])
    @pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
    def test_means(self, size, dtype):
        array = (np.random.default_rng(1).random((40, 90)) * 255).astype(dtype)
        for axis in (0, 1):
            want, got = both("uniform_filter1d", array, dtype, (size, axis), (WRAP, 0.0, 0))
            if dtype != "float64":
                np.testing.assert_array_equal(got, want)
            else:  # SciPy's running sum carries its rounding errors along
                np.testing.assert_allclose(got, want, rtol=0, atol=1e-11)

    @pytest.mark.parametrize("axis", [0, 1])
    def test_a_result_can_take_the_place_of_its_input(self, axis):
        array = np.random.default_rng(2).random((50, 60))
        want = np.empty_like(array)
        theirs.correlate1d(array, np.arange(5.0), axis, want, NEAREST, 0.0, 0)
        loops.correlate1d(array, np.arange(5.0), axis, array, NEAREST, 0.0, 0)
        np.testing.assert_array_equal(array, want)

    @pytest.mark.parametrize("axis", [0, 1])
    @pytest.mark.parametrize("size", [5, 70])
    def test_a_result_can_overlap_its_input(self, axis, size):
        memory = np.random.default_rng(2).random((51, 60))
        array, result = memory[1:], memory[:-1]
        want = np.empty_like(array)
        theirs.uniform_filter1d(array, size, axis, want, NEAREST, 0.0, 0)
        loops.uniform_filter1d(array, size, axis, result, NEAREST, 0.0, 0)
        np.testing.assert_allclose(result, want, atol=1e-12)

    def test_nan_under_a_weight_of_nothing_does_not_count(self):
        array = np.ones((30, 30))
        array[10, 10] = np.nan
        weights = np.array([[1.0, 1e-17], [0.0, 2.0]])
        want, got = both("correlate", array, "float64", (weights,), (REFLECT, 0.0, [0, 0]))
        np.testing.assert_array_equal(got, want)
        assert np.isnan(got).sum() == 2


def test_the_derivative_of_a_constant_is_zero():
    weights = np.random.default_rng(3).random(9)
    result = np.empty((300, 300))
    odd = weights - weights[::-1]
    loops.correlate1d(np.full((300, 300), 0.1), odd, 0, result, REFLECT, 0.0, 0)
    assert not result.any()


@pytest.mark.parametrize(
    ("taps", "treated_as"),
    [
        ([0.1, 0.2, 1.0, 0.2 + 3e-17, 0.1], [0.1, 0.2, 1.0, 0.2, 0.1]),
        ([-0.3, 0.0, 0.1 + 0.2], [-0.3, 0.0, 0.3]),
        ([1e-20, 1e-20, 5e-20], [1e-20, 1e-20, 5e-20]),
        ([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
        ([0.1, 0.1], [0.1, 0.1]),
    ],
)
def test_kernels_are_even_or_odd_but_for_rounding(taps, treated_as):
    np.testing.assert_array_equal(loops.folded(np.array(taps)), treated_as)


class TestSums:
    W = np.array([1.0, 2.0, 1.0])

    def dtype(self, weights, dtype, cval=0.0):
        return loops.kernel_for(np.asarray(weights), np.dtype(dtype), CONSTANT, cval).dtype

    def test_are_in_double_unless_nothing_is_lost(self):
        assert self.dtype(self.W, "uint8") == "float32"
        assert self.dtype(self.W, "bool") == "float32"
        assert self.dtype(self.W, "int32") == "float64"
        assert self.dtype(self.W / 4, "uint8") == "float64"
        assert self.dtype(self.W * 2**15, "uint8") == "float64"
        assert self.dtype(self.W, "uint8", cval=0.5) == "float64"
        assert self.dtype(self.W, "uint8", cval=1e30) == "float64"
        assert self.dtype(self.W, "float32") == "float64"

    def test_are_native_where_that_is_asked_for(self):
        with convcore.options(precision="native"):
            assert self.dtype(self.W / 4, "float32") == "float32"
            assert self.dtype(self.W / 4, "float64") == "float64"
            assert self.dtype(self.W / 4, "uint8") == "float64"

    @pytest.mark.usefixtures("isolated")
    def test_are_native_in_the_whole_process(self):
        convcore.set_default_options(precision="native")
        assert self.dtype(self.W / 4, "float32") == "float32"
        with convcore.options(precision="double"):
            assert self.dtype(self.W / 4, "float32") == "float64"


@pytest.mark.parametrize(
    ("shape", "dtype", "output"),
    [
        ((5, 5), "float64", "float64"),
        ((0, 900), "float64", "float64"),
        ((), "float64", "float64"),
        ((900, 900), "float64", "bool"),
        ((900, 900), "longdouble", "float64"),
    ],
)
def test_what_is_small_or_no_array_of_real_numbers_is_left_to_scipy(shape, dtype, output):
    assert loops.is_left(np.zeros(shape, dtype), np.zeros(shape, output), 9, 1000)
    assert not loops.is_left(np.zeros((900, 900)), np.zeros((900, 900)), 9, 1000)


@pytest.mark.parametrize("error", [BackendLoadError, UnknownBackendError])
def test_without_a_compiler_filters_along_one_axis_are_scipys(monkeypatch, error):
    def get_backend(name):
        raise error(name)

    monkeypatch.setattr(loops, "get_backend", get_backend)
    monkeypatch.setattr(loops, "along", None)
    loops.is_built.cache_clear()
    try:
        image, result = np.ones((600, 600)), np.empty((600, 600))
        loops.correlate1d(image, np.ones(3), 0, result, REFLECT, 0.0, 0)
        assert (result == 3).all()
        loops.uniform_filter1d(image, 3, 0, result, REFLECT, 0.0, 0)
        assert (result == 1).all()
    finally:
        loops.is_built.cache_clear()
