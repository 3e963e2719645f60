"""Layout strings: what they mean, and a sentence for each that means nothing."""

import pytest

from convcore import GeometryError, ShapeError
from convcore.problem import parse_layouts


def test_no_string_is_no_layout():
    assert parse_layouts(None, None, None) is None


@pytest.mark.parametrize(
    ("given", "axes"),
    [
        (("NHWC", None, None), ("NHWC", "OIHW", "NHWC")),
        (("NHWC", "HWIO", "NCHW"), ("NHWC", "HWIO", "NCHW")),
        (("HW", "HW", None), ("HW", "HW", "HW")),
        ((None, "HWIO", None), ("NCHW", "HWIO", "NCHW")),
        ((None, None, "WNC"), ("NCW", "OIW", "WNC")),
        (("HWD", "D", "OHDW".replace("O", "C")), ("HWD", "D", "CHDW")),
        (("...CX", "OIX", None), ("CX", "OIX", "CX")),
    ],
)
def test_what_is_not_given_is_the_default_order(given, axes):
    assert tuple(layout.axes for layout in parse_layouts(*given)) == axes


def test_the_spatial_axes_stand_in_the_order_of_the_input():
    layouts = parse_layouts("CWHN", "HWIO", None)
    assert layouts.input.full_shape("input", (3, 5, 7, 2)) == (2, 3, 5, 7)
    assert layouts.weight.full_shape("weight", (9, 11, 3, 4)) == (4, 3, 11, 9)
    assert layouts.output.own_shape((2, 4, 5, 7)) == (4, 5, 7, 2)


def test_an_axis_that_is_not_named_has_extent_1():
    layouts = parse_layouts("HW", "W", None)
    assert layouts.input.full_shape("input", (5, 7)) == (1, 1, 5, 7)
    assert layouts.weight.full_shape("weight", (3,)) == (1, 1, 1, 3)
    assert layouts.output.own_shape((1, 1, 5, 5)) == (5, 5)


@pytest.mark.parametrize("lead", [(), (4,), (2, 3), (0, 3)])
def test_dots_stand_for_any_batch_axes(lead):
    layouts = parse_layouts("...HWC", None, "...CHW")
    batch = {(): 1, (4,): 4, (2, 3): 6, (0, 3): 0}[lead]
    shape = (*lead, 5, 7, 3)
    assert layouts.input.full_shape("input", shape) == (batch, 3, 5, 7)
    assert layouts.input.leading_extents("input", shape) == lead
    assert layouts.output.own_shape((batch, 4, 5, 5), lead) == (*lead, 4, 5, 5)


BAD = [
    (("NHHC", None, None), "layout: must name each axis once; got 'NHHC'"),
    (("nhwc", None, None), "layout: must consist of capital letters, which only '...' for leading "
     "batch axes may precede; got 'nhwc'"),
    (("NHW C", None, None), "layout: must consist of capital letters, .*; got 'NHW C'"),
    (("HWC...", None, None), "layout: must consist of capital letters, .*; got 'HWC...'"),
    (("NC", None, None), "layout: must name 1 to 16 spatial axes; got 'NC'"),
    (("", None, None), "layout: must name 1 to 16 spatial axes; got ''"),
    (("ABDEFGHJKLMPQRSTU", None, None), "layout: must name 1 to 16 spatial axes; got 'ABDEF.*'"),
    ((3, None, None), "layout: must be a string such as 'NHWC'; got 3"),
    ((None, None, ["N"]), r"out_layout: must be a string such as 'NHWC'; got \['N'\]"),
    (("NIHW", None, None), "layout: must name the channels C; O and I are those of a weight; got"),
    (("NHWC", None, "OHW"), "out_layout: must name the channels C; .*; got 'OHW'"),
    (("NHWC", "HWCO", None), "weight_layout: must name the channels of a weight O and I; got 'HWC"),
    (("NHWC", "...OIHW", None), "weight_layout: must have no leading batch axes; got '...OIHW'"),
    (("NHWC", "RSIO", None), "weight_layout: must name no spatial axes but H, W, those of the "
     "other layouts; got 'RSIO'"),
    (("NHWC", None, "NHWDC"), "out_layout: must name no spatial axes but H, W, .*; got 'NHWDC'"),
    (("...NCHW", None, None), "layout: must name the batch by N or by '...', not by both; got"),
    (("NHWC", "hwio", None), "weight_layout: must consist of capital letters; got 'hwio'"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), BAD)
def test_a_string_that_is_no_layout_is_one_sentence(given, message):
    with pytest.raises(GeometryError, match=f"^{message}"):
        parse_layouts(*given)


def test_a_shape_of_other_axes_is_refused():
    layouts = parse_layouts("NHWC", None, None)
    message = r"input: must have the 4 axes of layout='NHWC'; got 3 in shape \(1, 2, 3\)"
    with pytest.raises(ShapeError, match=f"^{message}$"):
        layouts.input.full_shape("input", (1, 2, 3))
    dots = parse_layouts("...HWC", None, None)
    with pytest.raises(ShapeError, match=r"^input: must have at least the 3 axes of layout="):
        dots.input.full_shape("input", (2, 3))


def test_a_result_has_to_name_what_is_longer_than_1():
    layouts = parse_layouts("HW", "OHW", None)
    message = "out_layout: must name the axis C, whose extent is 8; got 'HW'"
    with pytest.raises(ShapeError, match=f"^{message}$"):
        layouts.output.own_shape((1, 8, 5, 5))
