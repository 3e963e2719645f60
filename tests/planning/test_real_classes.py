"""What backends for real numbers become, and what they promise then."""

import numpy as np
import pytest

import convcore
from convcore.planning.products import Channels, Four, Three
from convcore.planning.real_classes import classes_for, in_real_parts

DIRECT = convcore.get_backend("direct")


def test_only_what_knows_no_complex_numbers_becomes_something_else():
    naive, complex64 = convcore.get_backend("naive"), np.dtype("complex64")
    assert classes_for(naive, complex64) == (naive,)
    assert classes_for(DIRECT, np.dtype("float32")) == (DIRECT,)
    winograd = convcore.get_backend("winograd")
    names = {cls.name for cls in classes_for(winograd, complex64)}
    assert names == {"winograd"}


def test_a_backend_without_double_precision_says_which_complex_numbers_it_takes():
    told = "^backend 'winograd' cannot run this problem: dtype complex128 is not one of complex64$"
    with pytest.raises(convcore.UnsupportedError, match=told):
        convcore.plan((1, 4, 9, 9), (4, 4, 3, 3), dtype="complex128", backend="winograd")
    rows = str(convcore.explain((1, 4, 9, 9), (4, 4, 3, 3), dtype="complex128")).splitlines()
    assert sum(row.startswith("winograd") for row in rows) == 1


def test_three_products_promise_less():
    declared = in_real_parts(DIRECT, Three).declaration
    assert (declared.numerics, declared.nonfinite) == ("normwise", "spreads")
    for way in (Channels, Four):
        declared = in_real_parts(DIRECT, way).declaration
        assert (declared.numerics, declared.nonfinite) == ("componentwise", "local")
