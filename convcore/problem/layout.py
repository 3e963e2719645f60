"""In which order the axes of an array stand: strings such as "NHWC", as jax.lax writes them.

N is the batch, C the channels, O and I are the output and the input channels of a weight, and any
other capital letter is a spatial axis. An axis that is not named is not there: its extent is 1.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple, TypeAlias

from ..errors import GeometryError, ShapeError
from .checks import MAX_RANK

# "...", first in a string, stands for any number of batch axes.
DOTS = "..."
Shape: TypeAlias = tuple[int, ...]


class Layout(NamedTuple):
    """The axes of one array, in its own order and in that of the library.

    Attributes
    ----------
    argument, text : str
        What the caller wrote, and for which argument.
    axes : str
        A letter for each axis in the order in which they stand, without leading ones.
    leading : bool
        Whether any number of batch axes come first.
    full : str
        All axes that the library sees, in its order: N, C or O, I, then space.
    """

    argument: str
    text: str
    axes: str
    leading: bool
    full: str

    @property
    def collapsed(self) -> str:
        """A letter for each axis once the leading ones are one axis."""
        return "N" + self.axes if self.leading else self.axes

    def leading_extents(self, name: str, shape: Shape) -> Shape:
        """Extents of the axes that the dots stand for; ShapeError if `shape` has other axes."""
        count, surplus = len(self.axes), len(shape) - len(self.axes)
        if surplus < 0 or (surplus and not self.leading):
            least = "at least " if self.leading else ""
            raise ShapeError(
                f"{name}: must have {least}the {count} axes of {self.argument}={self.text!r}; "
                f"got {len(shape)} in shape {shape}"
            )
        return shape[:surplus]

    def collapsed_shape(self, name: str, shape: Shape) -> Shape:
        """`shape` with the leading axes as one."""
        lead = self.leading_extents(name, shape)
        rest = shape[len(lead) :]
        return (prod(lead), *rest) if self.leading else rest

    def full_shape(self, name: str, shape: Shape) -> Shape:
        """The shape that the library sees."""
        collapsed = self.collapsed_shape(name, shape)
        extents = dict(zip(self.collapsed, collapsed, strict=True))
        return tuple(extents.get(axis, 1) for axis in self.full)

    @lru_cache(maxsize=1024)  # noqa: B019, an instance is a few strings
    def own_shape(self, full_shape: Shape, lead: Shape = ()) -> Shape:
        """Shape in the order of the caller, with `lead` where the dots stand."""
        extents = dict(zip(self.full, full_shape, strict=True))
        for axis, extent in extents.items():
            if axis not in self.collapsed and extent != 1:
                raise ShapeError(
                    f"{self.argument}: must name the axis {axis}, whose extent is {extent}; "
                    f"got {self.text!r}"
                )
        own = tuple(extents[axis] for axis in self.axes)
        return (*lead, *own) if self.leading else own


class Layouts(NamedTuple):
    """The layouts of a problem's three arrays."""

    input: Layout
    weight: Layout
    output: Layout


def parse_layouts(layout: object, weight_layout: object, out_layout: object) -> Layouts | None:
    """The layouts that strings stand for; None where none is given.

    The spatial axes are those of the first string that is given, in the order in which they stand
    there; the others name the same, or some of them.

    Examples
    --------
    >>> parse_layouts("NHWC", "HWIO", None).weight.full_shape("weight", (3, 5, 8, 16))
    (16, 8, 3, 5)
    """
    if layout is weight_layout is out_layout is None:
        return None
    return _parsed(
        _checked("layout", layout),
        _checked("weight_layout", weight_layout),
        _checked("out_layout", out_layout),
    )


def _checked(argument: str, text: object) -> str | None:
    if text is not None and not isinstance(text, str):
        raise GeometryError(f"{argument}: must be a string such as 'NHWC'; got {text!r}")
    return text


@lru_cache(maxsize=256)
def _parsed(layout: str | None, weight_layout: str | None, out_layout: str | None) -> Layouts:
    given = {"layout": layout, "weight_layout": weight_layout, "out_layout": out_layout}
    first, text = next((name, text) for name, text in given.items() if text is not None)
    channels = "OI" if first == "weight_layout" else "NC"
    space = "".join(axis for axis in _axes(first, text, channels) if axis not in channels)
    if not 1 <= len(space) <= MAX_RANK:
        raise GeometryError(f"{first}: must name 1 to {MAX_RANK} spatial axes; got {text!r}")
    ours = "NC" + space if layout is None else layout
    theirs = "OI" + space if weight_layout is None else weight_layout
    return Layouts(
        _layout("layout", ours, "NC", space),
        _layout("weight_layout", theirs, "OI", space),
        _layout("out_layout", ours if out_layout is None else out_layout, "NC", space),
    )


def _layout(argument: str, text: str, channels: str, space: str) -> Layout:
    axes = _axes(argument, text, channels)
    if any(axis not in channels + space for axis in axes):
        raise GeometryError(
            f"{argument}: must name no spatial axes but {', '.join(space)}, those of the other "
            f"layouts; got {text!r}"
        )
    return Layout(argument, text, axes, text.startswith(DOTS), channels + space)


def _axes(argument: str, text: str, channels: str) -> str:
    """The letters of `text`, once they are known to name axes of such an array, each once."""
    axes = text.removeprefix(DOTS)
    reason = _fault(axes, channels, dots=axes != text)
    if reason:
        raise GeometryError(f"{argument}: {reason}; got {text!r}")
    return axes


def _fault(axes: str, channels: str, *, dots: bool) -> str:
    """What is wrong with the letters of a layout; empty if nothing is."""
    weight = channels == "OI"
    if not all("A" <= axis <= "Z" for axis in axes):
        rule = "" if weight else ", which only '...' for leading batch axes may precede"
        return f"must consist of capital letters{rule}"
    if dots and weight:
        return "must have no leading batch axes"
    if dots and "N" in axes:
        return "must name the batch by N or by '...', not by both"
    if len(set(axes)) < len(axes):
        return "must name each axis once"
    if weight and ("N" in axes or "C" in axes):
        return "must name the channels of a weight O and I"
    if not weight and ("O" in axes or "I" in axes):
        return "must name the channels C; O and I are those of a weight"
    return ""
