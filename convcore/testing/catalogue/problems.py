"""The one catalogue of named problems, shared by the conformance kit, the benchmarks and the demo.

`CATALOGUE` holds small problems for the kit: every option alone in each spatial rank, every pair of
options, and a few that no option describes; `EMPTY` and `LARGE` hold empty and larger ones.
`LAYERS` holds problems worth timing, each with the network and layer it comes from; `CHOICES` those
that tell whether the automatic choice takes the best backend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ...plugin import Geometry
from . import layers


@dataclass(frozen=True)
class Problem:
    """A geometry with a name to find it by.

    Parameters
    ----------
    name : str
        Short and unique within its catalogue.
    geometry : Geometry
        The problem itself.
    source : str
        What the problem stands for: the option under test, or the network and layer.
    """

    name: str
    geometry: Geometry
    source: str


# -- the conformance catalogue ---------------------------------------------------------------------

# Odd and even extents meet odd and even kernels, and no two axes of the base problem are alike, so
# that exchanged axes show. Extents by spatial rank, all else one entry per axis, cut to the rank.
_EXTENTS = {1: (9,), 2: (7, 6), 3: (5, 4, 6), 4: (4, 3, 3, 5)}
_KERNELS = {1: (3,), 2: (3, 2), 3: (3, 2, 2), 4: (2, 1, 2, 3)}
_BASE: Mapping[str, Any] = {
    "batch": 1,
    "channels": (2, 3, 1),  # C / G, K / G, G
    "extents": _EXTENTS,
    "kernel": _KERNELS,
    "stride": (1, 1, 1, 1),
    "dilation": (1, 1, 1, 1),
    "padding": ((0, 0),) * 4,
}
# name -> (part of the problem it sets, value). Options that set the same part exclude each other.
OPTIONS: Mapping[str, tuple[str, Any]] = {
    "batch3": ("batch", 3),
    "groups": ("channels", (3, 2, 2)),
    "depthwise": ("channels", (1, 1, 3)),
    "multiplier": ("channels", (1, 2, 3)),
    "channels": ("channels", (5, 6, 1)),
    "pointwise": ("kernel", {rank: (1,) * rank for rank in _KERNELS}),
    "even": ("kernel", {1: (4,), 2: (4, 2), 3: (2, 4, 2), 4: (2, 2, 2, 2)}),
    "cube": ("kernel", {1: (5,), 2: (3, 3), 3: (3, 3, 3), 4: (3, 2, 3, 2)}),
    "long": ("extents", {1: (29,), 2: (5, 17), 3: (14, 3, 3), 4: (2, 13, 2, 3)}),
    "unit": ("extents", {1: (1,), 2: (1, 5), 3: (1, 5, 1), 4: (3, 1, 1, 4)}),
    "outgrown": ("extents", {1: (2,), 2: (2, 1), 3: (2, 1, 1), 4: (1, 1, 1, 2)}),
    "stride": ("stride", (2, 3, 2, 1)),
    "leap": ("stride", (5, 4, 3, 4)),
    "dilation": ("dilation", (2, 3, 1, 2)),
    "padding": ("padding", ((1, 1),) * 4),
    "asymmetric": ("padding", ((2, 0), (0, 1), (1, 2), (0, 1))),
    "crop": ("padding", ((-1, 1), (0, -2), (-1, 0), (1, -1))),
}


def compose(rank: int, *options: str) -> Geometry:
    """The base problem of a spatial rank with these options applied.

    Where the receptive field would not fit, padding is added before the axis until it does.

    Examples
    --------
    >>> compose(2, "stride", "padding").output_shape
    (1, 3, 4, 3)
    """
    parts = {**_BASE, **dict(OPTIONS[option] for option in options)}
    extents, kernel = parts["extents"][rank], parts["kernel"][rank]
    stride, dilation, padding = (parts[key][:rank] for key in ("stride", "dilation", "padding"))
    per_group, outputs_per_group, groups = parts["channels"]
    return Geometry(
        batch=parts["batch"],
        in_channels=per_group * groups,
        out_channels=outputs_per_group * groups,
        groups=groups,
        input_extents=extents,
        kernel_extents=kernel,
        stride=stride,
        dilation=dilation,
        padding=tuple(map(_fitted, extents, kernel, dilation, padding)),
    )


def _fitted(
    extent: int, kernel_extent: int, dilation: int, padding: tuple[int, int]
) -> tuple[int, int]:
    """`padding` without crops beyond the extent, grown until the receptive field fits."""
    before, after = max(padding[0], -extent), padding[1]
    after = max(after, -(extent + min(before, 0)))
    missing = dilation * (kernel_extent - 1) + 1 - (extent + before + after)
    return before + max(missing, 0), after


def _alone(rank: int) -> Iterator[Problem]:
    yield Problem(f"{rank}d", compose(rank), "no option")
    for option in OPTIONS:
        yield Problem(f"{rank}d+{option}", compose(rank, option), option)
    everything = ("batch3", "groups", "even", "stride", "dilation", "asymmetric")
    yield Problem(f"{rank}d+everything", compose(rank, *everything), " with ".join(everything))


def _pairs(rank: int) -> Iterator[Problem]:
    for first, second in combinations(OPTIONS, 2):
        if OPTIONS[first][0] != OPTIONS[second][0]:
            name = f"{rank}d+{first}+{second}"
            yield Problem(name, compose(rank, first, second), f"{first} with {second}")


def _special() -> Iterator[Problem]:
    """What no option describes: tile edges, whole rows of padding, and many axes."""
    for name, input_shape, weight_shape, options in (
        ("1d.long", (1, 1, 131), (1, 1, 9), {}),
        ("1d.long-kernel", (1, 2, 90), (2, 2, 67), {"padding": 5}),
        ("1d.gap", (1, 1, 3), (2, 1, 2), {"padding": ((4, 5),), "stride": 2}),
        ("2d.channels", (2, 17, 3, 4), (19, 17, 2, 2), {"padding": 1}),
        ("2d.wide", (1, 2, 3, 70), (3, 2, 3, 3), {"padding": 1}),
        ("2d.tall", (1, 3, 37, 2), (5, 3, 4, 1), {"stride": (3, 1)}),
        ("2d.groups5", (2, 20, 5, 4), (15, 4, 3, 2), {"groups": 5, "padding": 1}),
        ("2d.depthwise17", (2, 17, 6, 5), (17, 1, 3, 3), {"groups": 17, "padding": 1}),
        ("2d.pointwise33", (2, 33, 3, 3), (34, 33, 1, 1), {}),
        ("2d.same", (1, 2, 6, 5), (2, 2, 4, 3), {"padding": "same", "stride": 2}),
        ("2d.full", (1, 2, 4, 5), (2, 2, 3, 2), {"padding": "full", "dilation": 2}),
        ("2d.kernel9", (1, 1, 13, 12), (2, 1, 9, 11), {"padding": "same"}),
        ("3d.cube5", (1, 2, 5, 5, 5), (2, 2, 3, 3, 3), {"padding": 1}),
        ("6d", (1, 2, 2, 3, 1, 2, 2, 2), (2, 2, 2, 2, 1, 1, 2, 1), {"stride": (1, 2, 1, 1, 1, 1)}),
        ("16d", (1, 2, *(1,) * 14, 3, 2), (2, 2, *(1,) * 14, 2, 2), {}),
        ("1d.batch7", (7, 2, 5), (3, 2, 2), {}),
        ("1d.channels139", (1, 139, 3), (131, 139, 2), {}),
        ("2d.pointwise-padded", (1, 2, 5, 6), (3, 2, 1, 1), {"stride": 2, "padding": 1}),
        ("2d.shifted", (1, 2, 5, 6), (3, 2, 2, 2), {"padding": ((2, -1), (-1, 2))}),
    ):
        geometry = Geometry.of(input_shape, weight_shape, **options)
        yield Problem(name, geometry, "edge of a tile or of the definition")


def _empty() -> Iterator[Problem]:
    for name, input_shape, weight_shape in (
        ("batch", (0, 2, 5, 4), (3, 2, 2, 2)),
        ("in-channels", (2, 0, 5, 4), (3, 0, 2, 2)),
        ("out-channels", (2, 2, 5, 4), (0, 2, 2, 2)),
        ("extent", (2, 2, 0, 4), (3, 2, 2, 2)),
    ):
        yield Problem(f"empty.{name}", Geometry.of(input_shape, weight_shape), f"no {name}")
    padded = Geometry.of((2, 2, 0, 4), (3, 2, 2, 2), padding=1)
    yield Problem("empty.padded", padded, "an output of nothing but padding")
    cropped = Geometry.of((1, 2, 4), (3, 2, 1), padding=((-2, -2),))
    yield Problem("empty.cropped", cropped, "nothing left of the input")


def _large() -> Iterator[Problem]:
    """Beyond the blocks that backends cut a problem into, and worth more than one thread."""
    for name, input_shape, weight_shape, options in (
        ("large.2d", (2, 19, 18, 25), (34, 19, 3, 3), {"padding": 1}),
        ("large.channels", (2, 70, 7, 9), (66, 70, 2, 3), {}),
        ("large.batch", (37, 3, 12, 14), (16, 3, 3, 3), {"stride": 2, "padding": 1}),
        ("large.depthwise", (2, 35, 30, 31), (35, 1, 5, 5), {"groups": 35, "padding": 2}),
        ("large.1d", (1, 2, 3000), (3, 2, 61), {"dilation": 2}),
        ("large.3d", (1, 5, 12, 13, 14), (9, 5, 3, 3, 3), {"padding": 1}),
        ("large.kernel", (1, 1, 38, 45), (3, 1, 15, 13), {"padding": "same"}),
    ):
        geometry = Geometry.of(input_shape, weight_shape, **options)
        yield Problem(name, geometry, "more than one block")


def _index(*parts: Iterable[Problem]) -> dict[str, Problem]:
    return {problem.name: problem for part in parts for problem in part}


ALONE: Mapping[str, Problem] = _index(*map(_alone, _EXTENTS), _special())
# A few of each kind, for what hardly depends on the problem.
BRIEF: Mapping[str, Problem] = {
    name: problem
    for name, problem in ALONE.items()
    if name.startswith("2d+") or name.endswith(("d", "everything", "d.long", "cube5"))
}
PAIRS: Mapping[str, Problem] = _index(*map(_pairs, (1, 2, 3)))
CATALOGUE: Mapping[str, Problem] = {**ALONE, **PAIRS}
EMPTY: Mapping[str, Problem] = _index(_empty())
LARGE: Mapping[str, Problem] = _index(_large())


# -- problems worth timing -------------------------------------------------------------------------


def _shape(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("x")))


def _per_axis(text: str) -> int | tuple[int, ...]:
    return _shape(text) if "x" in text else int(text)


def _layers(table: str) -> Iterator[Problem]:
    for line in table.strip().splitlines():
        name, input_shape, weight_shape, options, source = map(str.strip, line.split("|"))
        *per_axis, groups = options.split(",")
        stride, padding, dilation = map(_per_axis, per_axis)
        geometry = Geometry.of(
            _shape(input_shape),
            _shape(weight_shape),
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=int(groups),
        )
        yield Problem(name, geometry, source)


LAYERS: Mapping[str, Problem] = _index(_layers(layers.TABLE))
CHOICES: Mapping[str, Problem] = _index(_layers(layers.CHOICES))
