"""What a backend says of itself: defaults, values, and errors that are typical."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from convcore import Declaration, Refusal
from convcore.contract.declaration import dtype_name

PLAIN = Declaration(dtypes=("float32", "float64"))


def test_what_is_not_declared_is_the_strictest():
    assert PLAIN.ranks == range(1, 17)
    assert (PLAIN.numerics, PLAIN.bound, PLAIN.typical_error) == ("componentwise", 1.0, None)
    assert (PLAIN.deterministic, PLAIN.nonfinite) == ("fixed_threads", "local")
    assert (PLAIN.automatic, PLAIN.releases_gil, PLAIN.capabilities) == (True, True, ())


def test_it_is_a_value_with_keywords_only():
    assert replace(PLAIN) == PLAIN
    assert hash(replace(PLAIN)) == hash(PLAIN)
    assert replace(PLAIN, capabilities=("variants",)) != PLAIN
    with pytest.raises(FrozenInstanceError):
        PLAIN.bound = 2.0
    with pytest.raises(TypeError):
        Declaration(("float32",))


@pytest.mark.parametrize(
    ("declared", "dtype", "units"),
    [
        ({}, "float32", 0),
        ({"bound": 9.0}, "float64", 0),
        ({"numerics": "normwise", "bound": 9.0}, "float32", 9),
        ({"numerics": "normwise", "bound": 9.0, "typical_error": 0.5}, "float64", 0.5),
        ({"numerics": "normwise", "bound": 9.0}, "complex64", 9),
        ({"numerics": "normwise", "bound": 9.0}, "int32", 0),
    ],
)
def test_the_relative_error_is_what_is_typical(declared, dtype, units):
    eps = np.finfo(dtype).eps if np.dtype(dtype).kind in "fc" else 0
    found = replace(PLAIN, **declared).relative_error(np.dtype(dtype))
    assert type(found) is float
    assert found == units * eps


def test_a_refusal_is_a_code_and_a_sentence():
    refusal = Refusal("RANK", "spatial rank 3 is not in 1 to 2")
    assert str(refusal) == "RANK: spatial rank 3 is not in 1 to 2"
    assert refusal == Refusal("RANK", "spatial rank 3 is not in 1 to 2")
    with pytest.raises(FrozenInstanceError):
        refusal.code = "DTYPE"


def test_a_dtype_has_one_name():
    assert dtype_name(np.dtype("f4")) == dtype_name(np.dtype("float32")) == "float32"
