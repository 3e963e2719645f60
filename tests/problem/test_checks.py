"""What is no convolution is refused with a sentence, however a geometry is made."""

from dataclasses import replace

import pytest

from convcore import Geometry, GeometryError, ShapeError


def geometry(extent=8, taps=3, **options):
    return Geometry.of((2, 4, extent), (6, 4, taps), **options)


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
