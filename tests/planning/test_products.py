"""What complex products are made of: the algebra, on numbers instead of convolutions."""

import numpy as np
import pytest

import convcore
from convcore.planning.products import Channels, Four, Three
from convcore.planning.workspace import LINE, Workspace
from convcore.problem import ROLES, Geometry

POINT = Geometry.of((1, 1, 1), (1, 1, 1))


def array(value):
    return np.array(value, "complex128").reshape(1, 1, 1)


@pytest.mark.parametrize("operation", ROLES)
@pytest.mark.parametrize("way", [Channels, Four, Three])
def test_the_calls_amount_to_the_complex_product(way, operation):
    products = way(convcore.get_backend("naive"))
    space = Workspace(40 * LINE, np.dtype("float64"))
    plan = products.backend(products.geometry(POINT), "float64")
    first = products.first(POINT, array(3 - 5j), space)
    second = products.second(POINT, operation, array(-7 + 2j), space)
    assert len(first) == len(second) == way.calls
    results = [getattr(plan, operation)(*pair) for pair in zip(first, second, strict=True)]
    out = array(0)
    products.join(POINT, operation, results, out)
    assert out.item() == (3 - 5j) * (-7 + 2j)


@pytest.mark.parametrize("operation", ROLES)
@pytest.mark.parametrize("way", [Channels, Four, Three])
def test_the_numbers_are_as_many_as_is_said(way, operation):
    products = way(convcore.get_backend("naive"))
    geometry = Geometry.of((2, 6, 9), (4, 3, 2), groups=2)
    real = products.geometry(geometry)
    told = [
        count * np.prod(shape) / (1 if way is Channels else way.calls)
        for count, shape in zip(
            products.count(operation), geometry.signatures[operation], strict=True
        )
    ]
    if way is not Four:  # which has the parts twice, and keeps them once
        assert told == [np.prod(shape) for shape in real.signatures[operation]]
    space = Workspace(2000, np.dtype("float32"))
    first, second = (np.zeros(shape, "complex64") for shape in geometry.operand_shapes(operation))
    products.first(geometry, first, space)
    begin = space.used
    products.second(geometry, operation, second, space)
    counts = products.count(operation)
    for used, count, size in (
        (begin, counts[0], first.size),
        (space.used - begin, counts[1], second.size),
    ):
        assert count * size <= used < count * size + 4 * LINE
