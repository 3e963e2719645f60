"""Hypothesis strategies: problems with every option drawn at once, small enough for the oracle."""

from __future__ import annotations

from hypothesis import strategies as st

from convcore.problem import OPERATIONS, Geometry

FLOATS = ("float32", "float64", "complex64", "complex128")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


@st.composite
def axes(draw, largest):
    """Extent, kernel extent, stride, dilation and padding of one axis, which fit each other."""
    extent = draw(st.integers(0, largest))
    kernel, stride, dilation = (draw(st.integers(1, n)) for n in (4, 5, 3))
    before = draw(st.integers(-extent, 4))
    after = draw(st.integers(-(extent + min(before, 0)), 4))
    field = dilation * (kernel - 1) + 1
    padded = extent + before + after
    if 0 < padded < field:
        after += field - padded
    return extent, kernel, stride, dilation, (before, after)


@st.composite
def geometries(draw, smallest_batch=0):
    """Problems of spatial rank 1 to 4, empty ones among them."""
    rank = draw(st.sampled_from((1, 2, 2, 3, 4)))
    largest = {1: 14, 2: 8, 3: 5, 4: 3}[rank]
    parts = zip(*(draw(axes(largest)) for _ in range(rank)), strict=True)
    extents, kernel, stride, dilation, padding = parts
    groups = draw(st.integers(1, 3))
    channels, outputs = (draw(st.integers(0, 4 if rank < 3 else 2)) for _ in range(2))
    return Geometry(
        batch=draw(st.integers(smallest_batch, 3)),
        in_channels=groups * channels,
        out_channels=groups * outputs,
        groups=groups,
        input_extents=extents,
        kernel_extents=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
    )


operations = st.sampled_from(OPERATIONS)
seeds = st.integers(0, 2**32 - 1)
