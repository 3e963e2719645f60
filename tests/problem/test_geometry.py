"""Extents by enumeration, what users may write for padding, and every refusal with its values."""

import pickle
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcore import Geometry, GeometryError, ShapeError


def geometry(extent=8, taps=3, **options):
    return Geometry.of((2, 4, extent), (6, 4, taps), **options)


def positions(extent, taps, stride, dilation, before, after):
    """Starts of all windows that lie inside the padded axis, found by trying each."""
    span = dilation * (taps - 1)
    return [s for s in range(-before, extent + after, stride) if s + span < extent + after]


@settings(max_examples=300)
@given(
    extent=st.integers(0, 12),
    taps=st.integers(1, 5),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 4),
    before=st.integers(-4, 6),
    after=st.integers(-4, 6),
)
def test_output_extent_counts_the_windows(extent, taps, stride, dilation, before, after):
    padded = extent + before + after
    cropped = max(0, -before) + max(0, -after)
    options = {"stride": stride, "dilation": dilation, "padding": ((before, after),)}
    if cropped > extent or 0 < padded < dilation * (taps - 1) + 1:
        with pytest.raises(GeometryError):
            geometry(extent, taps, **options)
        return
    expected = positions(extent, taps, stride, dilation, before, after) if padded else []
    assert geometry(extent, taps, **options).output_extents == (len(expected),)


def test_derived_numbers():
    problem = Geometry.of((8, 6, 20, 30), (4, 3, 3, 5), stride=(2, 1), dilation=2, groups=2)
    assert problem.spatial_rank == 2
    assert problem.receptive_field == (5, 9)
    assert problem.input_shape == (8, 6, 20, 30)
    assert problem.weight_shape == (4, 3, 3, 5)
    assert problem.output_shape == (8, 4, 8, 22)
    assert problem.flop == 2 * 8 * 4 * 3 * 15 * 8 * 22
    assert problem.accumulation_length("forward") == 3 * 15
    assert problem.accumulation_length("grad_input") == 2 * 15
    assert problem.accumulation_length("grad_weight") == 8 * 8 * 22
    assert [problem.result_shape(name) for name in ("forward", "grad_input", "grad_weight")] == [
        problem.output_shape,
        problem.input_shape,
        problem.weight_shape,
    ]


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


def test_is_a_value():
    problem = geometry(padding=1)
    assert problem == geometry(padding=((1, 1),))
    assert hash(problem) == hash(geometry(padding=(1,)))
    assert problem != geometry(padding=2)
    assert pickle.loads(pickle.dumps(problem)) == problem
    with pytest.raises(AttributeError):
        problem.batch = 3


@pytest.mark.parametrize("shapes", [((0, 4, 8), (6, 4, 3)), ((2, 0, 8), (6, 0, 3))])
def test_empty_operands_are_degenerate(shapes):
    assert Geometry.of(*shapes).degenerate
    assert not geometry().degenerate


def test_a_padded_extent_of_zero_gives_an_empty_output():
    assert geometry(extent=0).output_shape == (2, 6, 0)
    assert geometry(extent=4, padding=-2).output_shape == (2, 6, 0)


ERRORS = [
    (
        ShapeError,
        {"input": (4, 8)},
        "input: must have 3 to 18 axes (N, C, *S); got 2 in shape "
        "(4, 8); add axes as in x[None, None]",
    ),
    (ShapeError, {"input": (1,) * 40}, "input: must have 3 to 18 axes (N, C, *S); got 40 in shape"),
    (ShapeError, {"input": ()}, "input: must have 3 to 18 axes (N, C, *S); got 0 in shape ()"),
    (ShapeError, {"weight": (6, 4, 3, 3)}, "weight: must have as many axes as input, 3; got 4"),
    (
        ShapeError,
        {"weight": (6, 8, 3)},
        "weight: second extent must be C / groups = 4 / 1 = 4; got 8 in shape (6, 8, 3)",
    ),
    (
        GeometryError,
        {"groups": 3},
        "groups: must divide the input channels 4 and the output channels 6; got 3",
    ),
    (GeometryError, {"groups": 0}, "groups: must be >= 1; got 0"),
    (GeometryError, {"groups": 2.0}, "groups: must be an integer; got 2.0"),
    (GeometryError, {"stride": 0}, "stride: every entry must be >= 1; got (0,)"),
    (GeometryError, {"stride": True}, "stride: must be an integer; got True"),
    (GeometryError, {"stride": "2"}, "stride: must be an integer; got '2'"),
    (
        GeometryError,
        {"stride": (1, 2)},
        "stride: expected one integer for each of 1 spatial axes; got (1, 2)",
    ),
    (
        GeometryError,
        {"dilation": 0},
        "dilation: every entry must be >= 1 (1 means dense); got (0,)",
    ),
    (GeometryError, {"dilation": 2**70}, f"dilation: must not exceed 2**60; got {2**70}"),
    (
        GeometryError,
        {"padding": (1, 2)},
        "padding: expected one integer for each of 1 spatial "
        "axes; got (1, 2); write (before, after) as ((1, 2),)",
    ),
    (
        GeometryError,
        {"padding": ((1, 1), (1, 1))},
        "padding: expected one (before, after) pair for "
        "each of 1 spatial axes; got ((1, 1), (1, 1))",
    ),
    (GeometryError, {"padding": ((1, 2, 3),)}, "padding: expected one (before, after) pair"),
    (
        GeometryError,
        {"padding": "wide"},
        "padding: must be integers, pairs or one of valid, same, same_lower, full; got 'wide'",
    ),
    (GeometryError, {"padding": 0.5}, "padding: must be an integer; got 0.5"),
    (
        GeometryError,
        {"padding": -5},
        "padding: crops 10 of the 8 elements on spatial axis 0; got (-5, -5)",
    ),
    (GeometryError, {"padding": ((-9, 9),)}, "padding: crops 9 of the 8 elements"),
    (GeometryError, {"weight": (6, 4, 0)}, "weight: every kernel extent must be >= 1; got (0,)"),
    (
        GeometryError,
        {"weight": (6, 4, 9)},
        "input: receptive field (9,) exceeds the padded extents (8,) on spatial axis 0; got 8 < 9",
    ),
    (
        GeometryError,
        {"input": (2**40, 4, 2**20)},
        f"input: must hold at most 2**59 elements; got {2**62} in shape {(2**40, 4, 2**20)}",
    ),
    (GeometryError, {"padding": 2**59}, "output: must hold at most 2**59 elements; got"),
    (
        GeometryError,
        {"input": (2, -4, 8)},
        "input: every extent must be >= 0; got shape (2, -4, 8)",
    ),
]


@pytest.mark.parametrize(("error", "change", "message"), ERRORS)
def test_refusals_name_the_argument_and_the_value(error, change, message):
    arguments = {"input": (2, 4, 8), "weight": (6, 4, 3)} | change
    with pytest.raises(error) as caught:
        Geometry.of(arguments.pop("input"), arguments.pop("weight"), **arguments)
    assert str(caught.value).startswith(message)


def test_fields_are_checked_however_a_geometry_is_made():
    with pytest.raises(GeometryError, match=r"stride: expected one entry .* got \(1, 2\)"):
        replace(geometry(), stride=(1, 2))
    with pytest.raises(GeometryError, match="batch: must be >= 0; got -1"):
        replace(geometry(), batch=-1)
    with pytest.raises(GeometryError, match=r"groups: must divide .* got 4"):
        replace(geometry(), groups=4)
    with pytest.raises(GeometryError, match=r"stride: every entry must be >= 1; got \(0,\)"):
        replace(geometry(), stride=(0,))
    with pytest.raises(GeometryError, match=r"dilation: every entry must be >= 1 .* got \(-1,\)"):
        replace(geometry(), dilation=(-1,))
    for rank in (0, 17):
        axes = {name: (3,) * rank for name in ("input_extents", "kernel_extents")}
        steps = {name: (1,) * rank for name in ("stride", "dilation")}
        with pytest.raises(GeometryError, match=f"input_extents: .* 1 to 16 axes; got {rank}"):
            replace(geometry(), **axes, **steps, padding=((0, 0),) * rank)


def test_an_empty_axis_does_not_hide_the_extents_of_the_others():
    with pytest.raises(GeometryError, match=r"output: must hold at most 2\*\*59 elements"):
        Geometry.of((0, 1, 4), (1, 1, 1), padding=2**60)
