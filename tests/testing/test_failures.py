"""Right or wrong: errors in units of a tolerance, and sentences about them."""

import numpy as np
import pytest

from convcore.testing import CheckFailure
from convcore.testing.failures import describe, expected, in_units, require, require_close


def floats(*values):
    return np.array(values, "float64")


def test_what_holds_passes_and_what_does_not_is_told():
    require(True, "never seen")
    with pytest.raises(CheckFailure, match=r"^name: must be short$"):
        require([], "name: must be short")


@pytest.mark.parametrize("errors", [KeyError, (KeyError, TypeError)])
def test_an_expected_exception_is_the_end_of_it(errors):
    with expected(errors, "a call"):
        raise KeyError
    names = "KeyError or TypeError" if isinstance(errors, tuple) else "KeyError"
    with pytest.raises(CheckFailure, match=f"^a call must raise {names}; got no exception$"):
        with expected(errors, "a call"):
            pass
    with pytest.raises(CheckFailure, match=rf"^a call must raise {names}; got ValueError\(3\)$"):
        with expected(errors, "a call"):
            raise ValueError(3)


@pytest.mark.parametrize(
    ("got", "want", "units"),
    [
        (floats(1, 2), floats(1, 2), 0),
        (floats(1, 2.5), floats(1, 2), 0.5),
        (floats(np.nan, 2), floats(1, 2), np.inf),
        (floats(np.inf, 2), floats(np.inf, 2), 0),
        (np.array([1, 3]), np.array([1, 2]), np.inf),
        (np.array([1 + 3j]), np.array([1 + 1j]), 2),
    ],
)
def test_errors_are_measured_in_tolerances(got, want, units):
    assert in_units(got, want, np.ones(())) == units


def test_parts_of_complex_numbers_have_tolerances_of_their_own():
    got, want = np.array([2 + 3j]), np.array([1 + 1j])
    assert in_units(got, want, np.array([1 + 4j])) == 1
    assert in_units(got, want, np.array([4 + 1j])) == 2


def test_a_failure_has_its_units_and_where_it_is_worst():
    got, want = floats([1, 2], [3, 9]), floats([1, 2], [4, 4])
    with pytest.raises(CheckFailure) as caught:
        require_close(got, want, np.array(2.0))
    assert caught.value.units == 2.5
    assert str(caught.value) == (
        "result: error is 2.5 bounds; 2 of 4 elements differ, most at (1, 1): got 9.0, want 4.0"
    )
    assert require_close(got, want, np.array(5.0)) == 1
    with pytest.raises(CheckFailure, match=r"^sum: must be exact; 2 of 4 elements differ"):
        require_close(got, want, np.zeros(()), "sum")


@pytest.mark.parametrize("got", [floats(1), [1.0, 2.0], None])
def test_a_result_of_another_shape_is_no_result(got):
    with pytest.raises(CheckFailure, match=r"^result: must be an array of shape \(2,\); got "):
        require_close(got, floats(1, 2), np.ones(()))


def test_nan_is_the_worst_of_all():
    assert describe(floats(5, np.nan), floats(1, 2)).endswith("at (1,): got nan, want 2.0")
