"""What users may write for stride, padding and shapes, and what comes of it."""

import pytest

from convcore import Geometry


def geometry(extent=8, taps=3, **options):
    return Geometry.of((2, 4, extent), (6, 4, taps), **options)


@pytest.mark.parametrize("extent", range(13))
@pytest.mark.parametrize("taps", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_gives_the_ceiling_and_puts_the_odd_element_on_its_side(
    extent, taps, stride, dilation
):
    same = geometry(extent, taps, padding="same", stride=stride, dilation=dilation)
    lower = geometry(extent, taps, padding="same_lower", stride=stride, dilation=dilation)
    assert same.output_extents == lower.output_extents == (-(-extent // stride),)
    ((before, after),) = same.padding
    assert 0 <= after - before <= 1
    assert lower.padding == ((after, before),)


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        (1, ((1, 1), (1, 1))),
        ((1, 2), ((1, 1), (2, 2))),
        ([(1, 2), (0, -1)], ((1, 2), (0, -1))),
        ("valid", ((0, 0), (0, 0))),
        ("full", ((4, 4), (2, 2))),
    ],
)
def test_padding_spellings(padding, expected):
    problem = Geometry.of((1, 1, 9, 9), (1, 1, 3, 2), padding=padding, dilation=2)
    assert problem.padding == expected


def test_numpy_integers_and_lists_are_taken():
    np = pytest.importorskip("numpy")
    problem = geometry(stride=np.int64(2), padding=[np.int32(1)], dilation=[2])
    assert problem == geometry(stride=2, padding=1, dilation=2)
    assert type(problem.stride[0]) is int
