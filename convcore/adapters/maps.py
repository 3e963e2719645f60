"""The three maps that adapters differentiate: linear in each operand, and none conjugates.

With T(x, w, g) = sum of conv(x, w) g, each is T without the operand that it makes, and so every
derivative of one, of any order, is another one. They are named by what they make: "x" the input,
"w" the weight, "g" the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..contract import Array
from ..functional import PaddingMode, conv, conv_grad_input, conv_grad_weight
from ..problem import Geometry, Padding, Pair, PerAxis, transposed_geometry

Shape = tuple[int, ...]

NAMES = {"g": "forward", "x": "grad_input", "w": "grad_weight"}
# From what each is made, in the order in which a map takes it.
OPERANDS = {"g": ("x", "w"), "x": ("g", "w"), "w": ("g", "x")}


class Problem(NamedTuple):
    """What a map depends on beside its operands; hashable."""

    stride: Shape
    padding: tuple[Pair, ...]
    dilation: Shape
    groups: int
    padding_mode: PaddingMode = "zeros"
    backend: str | None = None

    @classmethod
    def of(cls, geometry: Geometry, *rest: Any) -> Problem:
        """That of a geometry, with the padding as pairs; `rest` are mode and backend."""
        g = geometry
        return cls(g.stride, g.padding, g.dilation, g.groups, *rest)


def problem_of(
    input_shape: Shape,
    weight_shape: Shape,
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    groups: int,
    *rest: Any,
) -> tuple[Problem, Shape]:
    """Problem of a convolution from what users write, and its output's shape."""
    geometry = Geometry.of(
        input_shape, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    return Problem.of(geometry, *rest), geometry.output_shape


def transposed_problem(*arguments: Any, backend: str | None = None) -> tuple[Problem, Shape]:
    """Problem of the convolution that one is the transpose of, and the shape of the result.

    The arguments are those of `transposed_geometry`.
    """
    geometry = transposed_geometry(*arguments)
    return Problem.of(geometry, "zeros", backend), geometry.input_shape


def map_for(made: str, shape: Shape, problem: Problem) -> Callable[..., Array]:
    """The map that makes `made`, of this shape, from two arrays.

    The function that is returned also takes what is left of the arguments of `conv`: layouts, in
    whose order `shape` is then, and `out`.
    """
    steps = problem._asdict()
    for name in ("stride", "padding", "dilation"):
        steps[name] = _single(steps[name])

    def forward(x: Array, w: Array, **form: Any) -> Array:
        return conv(x, w, **steps, **form)

    # The public gradients conjugate their second operand once more.
    def grad_input(g: Array, w: Array, **form: Any) -> Array:
        return conv_grad_input(g, _conjugate(w), shape, **steps, **form)

    def grad_weight(g: Array, x: Array, **form: Any) -> Array:
        return conv_grad_weight(g, _conjugate(x), shape, **steps, **form)

    maps: dict[str, Callable[..., Array]] = {"g": forward, "x": grad_input, "w": grad_weight}
    return maps[made]


def _single(per_axis: Any) -> Any:
    """The number that stands everywhere, if there is one: calls with such are looked up sooner."""
    numbers = {n for entry in per_axis for n in (entry if isinstance(entry, tuple) else (entry,))}
    return numbers.pop() if len(numbers) == 1 else per_axis


def _conjugate(array: Array) -> Array:
    return array.conj() if array.dtype.kind == "c" else array


def biased(output: Any, bias: Any | None) -> Any:
    """`output`, whatever library's, with a bias of its own for each channel."""
    return output if bias is None else output + bias.reshape(-1, *[1] * (output.ndim - 2))


def merging_axis(role: str, grouped: bool) -> int:
    """Where several maps are computed as one: the axis along which this operand is longer.

    Without a weight of its own for each they are one batch; otherwise `grouped`: their channels are
    groups, and the weight has more output channels.
    """
    return int(grouped and role != "w")
