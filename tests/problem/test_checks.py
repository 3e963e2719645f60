"""What is no convolution is refused with a sentence, however a geometry is made."""

from dataclasses import replace

import numpy as np
import pytest

from convcore import Geometry, GeometryError, ShapeError
from convcore.problem.checks import MAX_RANK, checked_rank


def geometry(extent=8, taps=3, **options):
    return Geometry.of((2, 4, extent), (6, 4, taps), **options)


ERRORS = [
    (
        ShapeError,
        {"input": (4, 8)},
        "input: must have 3 to 18 axes (N, C, *S); got 2 in shape "
        "(4, 8); add axes as in x[None, None], or name those of both by layout= and weight_layout=",
    ),
    (ShapeError, {"input": (1,) * 40}, "input: must have 3 to 18 axes (N, C, *S); got 40 in shape"),
    (ShapeError, {"input": ()}, "input: must have 3 to 18 axes (N, C, *S); got 0 in shape ()"),
    (ShapeError, {"weight": (6, 4, 3, 3)}, "weight: must have as many axes as input, 3; got 4"),
    (
        ShapeError,
        {"weight": (6, 8, 3)},
        "weight: second extent must be C / groups = 4 / 1 = 4; got 8 in shape (6, 8, 3); "
        "where the channels come last, say so by layout=, as in 'NHWC'",
    ),
    (
        ShapeError,
        {"weight": (6, 1, 3)},
        "weight: second extent must be C / groups = 4 / 1 = 4; got 1 in shape (6, 1, 3); "
        "to filter each channel by itself, make it a sample: N in layout=",
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
        "padding: must be integers, pairs or one of valid, same, same_lower, full; got 'wide'; "
        "padding_mode= says what lies there",
    ),
    (
        GeometryError,
        {"padding": "SAME"},
        "padding: must be integers, pairs or one of valid, same, same_lower, full; got 'SAME'; "
        "did you mean 'same'?",
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


FIELDS = {
    "batch": 2,
    "in_channels": 4,
    "out_channels": 6,
    "groups": 2,
    "input_extents": (9, 8),
    "kernel_extents": (3, 2),
    "stride": (2, 1),
    "dilation": (1, 2),
    "padding": ((1, 0), (0, 1)),
}
UNFIT = [
    ("batch", 1.5, "batch: must be an integer; got 1.5"),
    ("batch", "a", "batch: must be an integer; got 'a'"),
    ("batch", True, "batch: must be an integer; got True"),
    ("batch", None, "batch: must be an integer; got None"),
    ("in_channels", -4, "in_channels: must be >= 0; got -4"),
    ("out_channels", 6.0, "out_channels: must be an integer; got 6.0"),
    ("groups", 0, "groups: must be >= 1; got 0"),
    ("groups", "2", "groups: must be an integer; got '2'"),
    ("input_extents", 9, "input_extents: must be a tuple, one entry for each axis; got 9"),
    ("input_extents", (9, 8.5), "input_extents: must be an integer; got 8.5"),
    ("input_extents", (9, -8), "input_extents: every extent must be >= 0; got (9, -8)"),
    ("kernel_extents", (3,), "kernel_extents: expected one entry for each of 2 spatial axes"),
    ("kernel_extents", (3, 0), "weight: every kernel extent must be >= 1; got (3, 0)"),
    ("stride", 2, "stride: must be a tuple, one entry for each axis; got 2"),
    ("stride", "21", "stride: must be a tuple, one entry for each axis; got '21'"),
    ("dilation", (1, 0), "dilation: every entry must be >= 1 (1 means dense); got (1, 0)"),
    ("padding", (1, 0), "padding: every entry must be a (before, after) pair; got (1, 0)"),
    ("padding", ((1, 0), (0,)), "padding: every entry must be a (before, after) pair; got"),
    ("padding", "same", "padding: must be a tuple, one entry for each axis; got 'same'"),
    ("padding", ((1, 0.5), (0, 1)), "padding: must be an integer; got 0.5"),
    ("padding", ((2**60, 2**60), (0, 1)), "output: must hold at most 2**59 elements; got"),
]


@pytest.mark.parametrize(("name", "value", "message"), UNFIT)
def test_a_geometry_made_directly_is_checked_field_by_field(name, value, message):
    with pytest.raises(GeometryError) as caught:
        Geometry(**FIELDS | {name: value})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("kind", [list, np.array, lambda v: np.array(v, "int16")])
def test_fields_may_be_lists_and_arrays_and_become_tuples_of_ints(kind):
    fields = {name: kind(value) for name, value in FIELDS.items() if isinstance(value, tuple)}
    counts = {name: np.int64(FIELDS[name]) for name in ("batch", "in_channels", "groups")}
    made, want = Geometry(**FIELDS | fields | counts), Geometry(**FIELDS)
    assert made == want
    assert hash(made) == hash(want)
    assert repr(made) == repr(want)
    assert {type(made.batch), type(made.groups), type(made.stride[0])} == {int}
    assert {type(made.stride), type(made.padding), type(made.padding[0])} == {tuple}


def test_the_spatial_rank_is_that_of_both_shapes():
    assert checked_rank((1, 1, 5), (1, 1, 3)) == 1
    assert checked_rank((1,) * (MAX_RANK + 2), (1,) * (MAX_RANK + 2)) == MAX_RANK
    with pytest.raises(ShapeError, match=r"input: must have 3 to 18 axes .* got 19 in shape"):
        checked_rank((1,) * (MAX_RANK + 3), (1,) * (MAX_RANK + 3))
