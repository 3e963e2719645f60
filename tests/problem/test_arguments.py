"""What users may write for stride, padding and shapes, and what comes of it."""

import array

import numpy as np
import pytest

import convcore
from convcore import DtypeError, Geometry, GeometryError, OptionError
from convcore.problem import freeze
from convcore.problem.arguments import parse_count, parse_extents, parse_int, parse_positive


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


@pytest.mark.parametrize(
    ("value", "frozen"),
    [
        (3, 3),
        ("same", "same"),
        ((1, 2), (1, 2)),
        ([1, [2, 3]], (1, (2, 3))),
        (np.int8(3), 3),
        (np.array(3), 3),
        (np.array([1, 2]), (1, 2)),
        (np.array([[1, 2], [3, 4]], "uint8"), ((1, 2), (3, 4))),
        ((np.int64(1), np.array([2, 3])), (1, (2, 3))),
        (range(1, 4), (1, 2, 3)),
        (array.array("i", [1, 2]), (1, 2)),
    ],
)
def test_what_is_frozen_is_a_key_of_plain_ints(value, frozen):
    found = freeze(value)
    assert found == frozen
    assert hash(found) == hash(frozen)
    assert type(found) is type(frozen)


@pytest.mark.parametrize("value", [True, 1.0, np.float64(1), np.bool_(True), None, b"1", {1}])
def test_what_is_no_integer_is_no_key_of_one(value):
    """True and 1.0 equal 1, and would meet what is kept for it."""
    found = freeze((value, value))
    assert found not in ((1, 1), (value, value))
    assert freeze(value) != freeze(value)
    plain = value.tolist() if isinstance(value, np.generic) else value
    assert repr(found) == repr((plain, plain))


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (1.0, "must be an integer; got 1.0"),
        (True, "must be an integer; got True"),
        ("1", "must be an integer; got '1'"),
        (None, "must be an integer; got None"),
        (2**60 + 1, rf"must not exceed 2\*\*60; got {2**60 + 1}"),
        (-(2**60) - 1, rf"must not exceed 2\*\*60; got {-(2**60) - 1}"),
    ],
)
def test_an_integer_is_one_that_64_bits_can_add(value, rule):
    with pytest.raises(GeometryError, match=f"^taps: {rule}$"):
        parse_int("taps", value)
    with pytest.raises(OptionError, match=f"^taps: {rule}$"):
        parse_int("taps", value, OptionError)


def test_integers_of_any_kind_become_ints():
    for value in (7, np.int8(7), np.uint64(7), np.array(7)):
        assert parse_int("taps", value) == 7
        assert type(parse_int("taps", value)) is int
    assert parse_int("taps", -(2**60)) == -(2**60)


def test_counts_begin_at_nought_and_groups_at_one():
    assert (parse_count("batch", 0), parse_positive("groups", 1)) == (0, 1)
    with pytest.raises(GeometryError, match=r"^batch: must be >= 0; got -1$"):
        parse_count("batch", -1)
    with pytest.raises(GeometryError, match=r"^groups: must be >= 1; got 0$"):
        parse_positive("groups", 0)


@pytest.mark.parametrize("shape", [(2, 3), [2, 3], np.array([2, 3]), range(2, 4), (np.int8(2), 3)])
def test_a_shape_is_any_sequence_of_integers(shape):
    assert parse_extents("input", shape) == (2, 3)
    assert {type(extent) for extent in parse_extents("input", shape)} == {int}


@pytest.mark.parametrize(
    ("shape", "rule"),
    [
        (5, "shape must be a tuple of integers; got 5"),
        (None, "shape must be a tuple of integers; got None"),
        (np.ones((2, 3)), "shape must be a tuple of integers; got an array; write input.shape"),
        ("23", "shape must be a tuple of integers; got '23'"),
    ],
)
def test_one_integer_is_no_shape(shape, rule):
    with pytest.raises(GeometryError, match=f"^input: {rule}$"):
        parse_extents("input", shape)


# Each way to write a stride of (2, 1), a padding of (1, 2), a dilation of (1, 2) and the shapes.
SPELLINGS = {
    "lists": list,
    "arrays": np.array,
    "int8 arrays": lambda values: np.array(values, "int8"),
    "NumPy integers": lambda values: tuple(map(np.int32, values)),
    "a sequence of its own": lambda values: array.array("l", values),
}
X, W = (2, 4, 9, 8), (6, 2, 3, 3)
STEPS = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}


@pytest.fixture(params=SPELLINGS.values(), ids=SPELLINGS)
def spelled(request):
    """Shapes and steps in one spelling."""
    steps = {name: request.param(values) for name, values in STEPS.items()}
    return request.param(X), request.param(W), steps | {"groups": np.int64(2)}


def test_every_door_takes_every_spelling(spelled):
    x, w, steps = spelled
    want = Geometry.of(X, W, **STEPS, groups=2)
    assert Geometry.of(x, w, **steps) == want
    assert convcore.plan(x, w, **steps).geometry == want
    assert convcore.explain(x, w, **steps).geometry == want


def test_so_do_the_functions(spelled):
    x, w, steps = spelled
    input, weight = np.ones(X), np.ones(W)
    output = convcore.conv(input, weight, **STEPS, groups=2)
    np.testing.assert_array_equal(convcore.conv(input, weight, **steps), output)
    assert convcore.conv_grad_input(output, weight, x, **steps).shape == X
    assert convcore.conv_grad_weight(output, input, w, **steps).shape == W
    transposed = convcore.conv_transpose(output, weight, **steps, output_padding=[0, 0])
    np.testing.assert_array_equal(
        transposed, convcore.conv_transpose(output, weight, **STEPS, groups=2)
    )


def test_ranges_and_arrays_of_pairs_are_taken():
    pairs = np.array([[1, 0], [2, 1]])
    problem = Geometry.of((1, 1, 9, 8), (1, 1, 3, 3), padding=pairs, stride=range(1, 3))
    assert (problem.padding, problem.stride) == (((1, 0), (2, 1)), (1, 2))
    x, w = np.ones((1, 1, 9, 8)), np.ones((1, 1, 3, 3))
    assert convcore.conv(x, w, padding=pairs, stride=range(1, 3)).shape == problem.output_shape


@pytest.mark.parametrize(
    "value", [np.array([1.0, 2.0]), np.array([True, True]), np.array(["1", "2"]), {1, 2}]
)
@pytest.mark.parametrize("name", STEPS)
def test_arrays_of_anything_else_are_not(name, value):
    with pytest.raises(GeometryError, match=f"^{name}: "):
        Geometry.of(X, W, groups=2, **{name: value})
    with pytest.raises((GeometryError, DtypeError), match=f"^{name}: "):
        convcore.conv(np.ones(X), np.ones(W), groups=2, **{name: value})
