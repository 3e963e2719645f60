"""The three maps as primitives of JAX, on the CPU.

A map is linear in each operand and its transposes are the other two, so that JAX differentiates it
forwards and backwards as often as it likes; nothing is conjugated on the way, as everywhere in JAX.
Under `vmap` operands become a batch where they can, and groups where the weight is among them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from ...contract import Array
from ..maps import NAMES, OPERANDS, Problem, Shape, map_for, merging_axis


def mapped(made: str, first: Any, second: Any, *, shape: Shape, problem: Problem) -> Any:
    """What `made` names ("x", "w" or "g"), of this shape, from the other two."""
    return PRIMITIVES[made].bind(first, second, shape=shape, problem=problem)


def computed(compute: Callable[..., Array], *operands: Any) -> Array:
    """`compute` on arrays; bfloat16, which NumPy has not, in float32, and rounded once."""
    arrays = [np.asarray(operand) for operand in operands]
    dtype = arrays[0].dtype
    if dtype != jnp.bfloat16:
        return compute(*arrays)
    return compute(*(array.astype(np.float32) for array in arrays)).astype(dtype)


def called_back(context: Any, run: Callable[..., Array], *operands: Any) -> Any:
    """Lowering of a call of `run`, a function of arrays with one result."""
    results, _, _ = mlir.emit_python_callback(
        context,
        lambda *arrays: (run(*arrays),),
        None,
        operands,
        context.avals_in,
        context.avals_out,
        has_side_effect=False,
        returns_token=False,
    )
    return results


def _run(made: str, first: Any, second: Any, *, shape: Shape, problem: Problem) -> Any:
    return jnp.asarray(computed(map_for(made, shape, problem), first, second))


def _lowered(
    made: str, context: Any, first: Any, second: Any, *, shape: Shape, problem: Problem
) -> Any:
    return called_back(context, partial(computed, map_for(made, shape, problem)), first, second)


def _shaped(first: Any, second: Any, *, shape: Shape, problem: Problem) -> ShapedArray:
    if first.dtype != second.dtype:
        raise TypeError(f"operands: must have one dtype; got {first.dtype} and {second.dtype}")
    return ShapedArray(shape, first.dtype)


def _pulled_back(made: str, place: int, t: Any, first: Any, second: Any, **rest: Any) -> Any:
    """Transpose with respect to the operand at `place`, which is no more than a shape here."""
    roles, operands = OPERANDS[made], (first, second)
    given = {made: t, roles[1 - place]: operands[1 - place]}
    wanted = roles[place]
    ordered = (given[name] for name in OPERANDS[wanted])
    return mapped(wanted, *ordered, shape=operands[place].aval.shape, problem=rest["problem"])


def _batched(
    made: str, operands: Any, axes: Any, *, shape: Shape, problem: Problem
) -> tuple[Any, int]:
    """All maps as one, and the axis along which their results stand."""
    roles = OPERANDS[made]
    count = next(o.shape[a] for o, a in zip(operands, axes, strict=True) if a is not None)
    grouped = made == "w" or axes[roles.index("w")] is not None
    if grouped:
        problem = problem._replace(groups=problem.groups * count)
    merged = [
        operand
        if role == "w" and not grouped
        else _merged(operand, axis, count, merging_axis(role, grouped))
        for role, operand, axis in zip(roles, operands, axes, strict=True)
    ]
    place = merging_axis(made, grouped)
    wide = (*shape[:place], count * shape[place], *shape[place + 1 :])
    result = mapped(made, *merged, shape=wide, problem=problem)
    return result.reshape(*shape[:place], count, *shape[place:]), place


def _merged(operand: Any, axis: int | None, count: int, place: int) -> Any:
    """The operand with the axis of `vmap`, or copies of it, merged into another."""
    if axis is None:
        operand, axis = jnp.broadcast_to(operand, (count, *operand.shape)), 0
    moved = jnp.moveaxis(operand, axis, place)
    shape = moved.shape
    return moved.reshape(*shape[:place], count * shape[place + 1], *shape[place + 2 :])


def _primitive(made: str) -> Primitive:
    primitive = Primitive(f"convcore_{NAMES[made]}")
    primitive.def_impl(partial(_run, made))
    primitive.def_abstract_eval(_shaped)
    ad.defbilinear(primitive, *(partial(_pulled_back, made, place) for place in (0, 1)))
    batching.primitive_batchers[primitive] = partial(_batched, made)
    mlir.register_lowering(primitive, partial(_lowered, made), platform="cpu")
    return primitive


PRIMITIVES = {made: _primitive(made) for made in NAMES}
