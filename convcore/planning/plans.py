"""`plan` binds a problem to the backend that is to run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import settings
from ..contract import Convolution, is_half, parse_dtype
from ..problem import (
    Geometry,
    Operation,
    Padding,
    PerAxis,
    parse_extents,
    parse_layouts,
    parse_operation,
)
from .laid_out import LaidOutConvolution, full_shapes
from .question import Question
from .requested import requested_backend
from .samples import chosen_plan, deciding
from .slabwise import SlabwiseConvolution, widened

if TYPE_CHECKING:
    from .measured import Measured


def plan_for(
    question: Question, backend: settings.BackendSpec = None, *, slabwise: bool = False
) -> Convolution:
    """The plan that runs what is asked by who is asked for; `slabwise` converts its operands."""
    spec, _ = requested_backend(backend)
    if slabwise or is_half(question.dtype):
        return SlabwiseConvolution(question, spec)
    return chosen_plan(question, spec)


def plan(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    *,
    dtype: Any = "float32",
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    layout: str | None = None,
    weight_layout: str | None = None,
    out_layout: str | None = None,
    operation: Operation | None = None,
    backend: settings.BackendSpec = None,
) -> Convolution:
    """Choose a backend once and bind it to a problem, for calls without further ado.

    Parameters
    ----------
    input_shape, weight_shape : sequence of int
        (N, C, *S) and (K, C / groups, *R).
    dtype : str or numpy.dtype
        Dtype of the operands and of the result; float16 and bfloat16 are widened to float32 slab
        by slab, and rounded once.
    operation : {"forward", "grad_input", "grad_weight"}, optional
        What the plan is mostly for; by default it is chosen for the sum of the three.
    stride, padding, dilation, groups, layout, weight_layout, out_layout, backend
        As in `conv`; the shapes are in the order of `layout` and `weight_layout`.

    Returns
    -------
    Convolution
        With the methods `forward`, `grad_input` and `grad_weight`; immutable, usable from several
        threads at once, and picklable.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, OptionError, UnsupportedError, UnknownBackendError, \
BackendLoadError
        As in `conv`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = plan((1, 1, 4), (1, 1, 2), dtype="float64")
    >>> layer.forward(np.array([[[1.0, 2.0, 3.0, 4.0]]]), np.array([[[1.0, 10.0]]]))
    array([[[21., 32., 43.]]])
    """
    layouts = parse_layouts(layout, weight_layout, out_layout)
    shapes = full_shapes(layouts, input_shape, weight_shape)
    steps: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    geometry = Geometry.of(*shapes, **steps, groups=groups)
    question = Question.now(geometry, parse_dtype(dtype), parse_operation(operation))
    if layouts is None:
        return plan_for(question, backend)
    lead = layouts.input.leading_extents("input", parse_extents("input", input_shape))
    spec, _ = requested_backend(backend)
    return LaidOutConvolution(question, spec, layouts, lead)


def measure(question: Question, *, again: bool = False) -> Measured | None:
    """What was measured of a question, now if it was not before or is to be done again.

    None where there is nothing to choose, or too much to allocate for it.
    """
    from .measurement import measured  # imported where somebody measures

    return measured(deciding(widened(question)), again=again)
