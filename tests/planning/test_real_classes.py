"""What backends for real numbers become, and what they promise then."""

import numpy as np

import convcore
from convcore.planning.products import Channels, Four, Three
from convcore.planning.real_classes import classes_for, in_real_parts

DIRECT = convcore.get_backend("direct")


def test_only_what_knows_no_complex_numbers_becomes_something_else():
    naive, complex64 = convcore.get_backend("naive"), np.dtype("complex64")
    assert classes_for(naive, complex64) == (naive,)
    assert classes_for(DIRECT, np.dtype("float32")) == (DIRECT,)
    winograd = convcore.get_backend("winograd")
    assert classes_for(winograd, np.dtype("complex128")) == (winograd,)
    names = {cls.name for cls in classes_for(winograd, complex64)}
    assert names == {"winograd"}


def test_three_products_promise_less():
    declared = in_real_parts(DIRECT, Three).declaration
    assert (declared.numerics, declared.nonfinite) == ("normwise", "spreads")
    for way in (Channels, Four):
        declared = in_real_parts(DIRECT, way).declaration
        assert (declared.numerics, declared.nonfinite) == ("componentwise", "local")
