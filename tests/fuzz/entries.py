"""The functions that are called, each with its truth."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

import convcore

from . import oracle
from .call import Asked, Call, Finding, require_sentence
from .judge import Promise, fault
from .problems import Axis, Problem
from .trial import Trial
from .truths import truth_of
from .values import HALVES, draw_array


def _keywords(call: Call, *names: str) -> dict[str, Any]:
    trial = call.trial
    known = {"padding_mode": trial.mode, "flip": trial.flip, "padding_value": trial.value}
    taken = {name: known[name] for name in names if trial.r.random() < 0.5 or known[name]}
    return trial.problem.steps | taken | call.asking


def _asked(trial: Trial, operation: str, *, plain: bool = False) -> Asked:
    """What is left for a backend, once a border has been put around the input."""
    p = trial.problem if plain or trial.mode == "zeros" else trial.problem.extended()
    return Asked(p.input_shape, p.weight_shape, p.steps, operation)


def forward(call: Call) -> None:
    """`conv`, with and without a bias."""
    trial, truth = call.trial, call.trial.truth("forward")
    operands = [call.operand(trial.x), call.operand(trial.w)]
    if trial.r.random() < 0.3:
        operands.append(call.operand(trial.b))
        truth = truth.plus(trial.b)
    keywords = _keywords(call, "padding_mode", "padding_value", "flip")
    asked = _asked(trial, "forward")
    call.result(convcore.conv, *operands, truth=truth, asked=asked, **keywords)


def grad_input(call: Call) -> None:
    """`conv_grad_input`."""
    trial = call.trial
    operands = call.operand(trial.g), call.operand(trial.w), trial.problem.input_shape
    keywords = _keywords(call, "padding_mode", "flip")
    truth, asked = trial.truth("grad_input"), _asked(trial, "grad_input")
    call.result(convcore.conv_grad_input, *operands, truth=truth, asked=asked, **keywords)


def grad_weight(call: Call) -> None:
    """`conv_grad_weight`."""
    trial = call.trial
    operands = call.operand(trial.g), call.operand(trial.x), list(trial.problem.weight_shape)
    keywords = _keywords(call, "padding_mode", "padding_value", "flip")
    truth, asked = trial.truth("grad_weight"), _asked(trial, "grad_weight")
    call.result(convcore.conv_grad_weight, *operands, truth=truth, asked=asked, **keywords)


def pullback(call: Call) -> None:
    """`conv_vjp`, its pullback at once or one gradient at a time, pickled or not."""
    trial, r = call.trial, call.trial.r
    bias = r.random() < 0.5
    operands = [call.operand(trial.x), call.operand(trial.w)]
    operands += [call.operand(trial.b)] if bias else []
    keywords = _keywords(call, "padding_mode", "padding_value", "flip")
    forward, everything = _asked(trial, "forward"), _asked(trial, "all")
    output, back = call.invoke(convcore.conv_vjp, *operands, asked=forward, **keywords)
    truth = trial.truth("forward")
    call.check(output, truth.plus(trial.b) if bias else truth, forward)
    back = pickle.loads(pickle.dumps(back)) if r.random() < 0.2 else back
    g = call.operand(trial.g)
    gradients = call.invoke(back, g, asked=everything)
    if (gradients[2] is None) == bias:
        raise Finding("the gradient with respect to the bias is missing, or not wanted")
    names = ("grad_input", "grad_weight", "bias")[: 2 + bias]
    for gradient, name in zip(gradients, names, strict=False):
        call.check(gradient, trial.truth(name), _asked(trial, name))
    alone = call.invoke(back.grad_weight, g, asked=everything)
    if alone.tobytes() != gradients[1].tobytes():
        raise Finding("one gradient alone has other bits")


def transpose(call: Call) -> None:
    """`conv_transpose`, with output padding and a bias."""
    trial, r, p = call.trial, call.trial.r, call.trial.problem
    if min(axis.outputs for axis in p.axes) < 1 or isinstance(p.padding, str):
        return forward(call)
    ends = [r.choice((0, 0, r.randrange(min(9, max(a.stride, a.dilation))))) for a in p.axes]
    axes = tuple(axis.transposed(end) for axis, end in zip(p.axes, ends, strict=True))
    problem = replace(p, axes=axes)
    keywords = p.steps | {"output_padding": tuple(ends), "flip": trial.flip} | call.asking
    operands = [call.operand(trial.g), call.operand(trial.w)]
    within = all(_reached(*axis) for axis in zip(p.axes, axes, ends, strict=True))
    if not within or not all(axis.extent >= 0 and axis.valid for axis in axes):
        return _impossible(call, convcore.conv_transpose, *operands, **keywords)
    truth = truth_of(problem, "grad_input", trial.g, trial.flipped(trial.w))
    if r.random() < 0.3:
        bias = trial.array("b", (p.groups * p.inputs,), 0)
        truth, operands = truth.plus(bias), [*operands, call.operand(bias)]
    asked = _transposed(problem, ends)
    call.result(convcore.conv_transpose, *operands, truth=truth, asked=asked, **keywords)
    return None


def _reached(axis: Axis, transposed: Axis, end: int) -> bool:
    """Whether rows that nothing reads, which are cropped, are not more than there are."""
    after = axis.after - end // axis.stride * axis.stride
    return max(0, -axis.before) + max(0, -after) <= transposed.extent


def _transposed(p: Problem, ends: list[int]) -> Asked:
    """The convolution whose gradient it is: rows that nothing reads are cropped."""
    axes = zip(p.axes, ends, strict=True)
    pairs = tuple((a.before, a.after - end // a.stride * a.stride) for a, end in axes)
    return Asked(p.input_shape, p.weight_shape, p.steps | {"padding": pairs}, "grad_input")


def plan(call: Call) -> None:
    """A plan, its three methods, and a weight that it has prepared."""
    trial, r, p = call.trial, call.trial.r, call.trial.problem
    operation = r.choice((None, "forward", "grad_input", "grad_weight"))
    asked = _asked(trial, operation or "all", plain=True)
    shapes = p.input_shape, p.weight_shape
    keywords = p.steps | {"dtype": str(trial.dtype), "operation": operation} | call.asking
    made = call.invoke(convcore.plan, *shapes, asked=asked, **keywords)
    made = pickle.loads(pickle.dumps(made)) if r.random() < 0.1 else made
    asked.operation = operation  # None is what the plan was made for
    arrays = {"forward": (trial.x, trial.w), "grad_input": (trial.g, trial.w)}
    arrays["grad_weight"] = (trial.g, trial.x)
    for name in r.sample(list(arrays), 2):
        first, second = map(call.operand, arrays[name])
        method, truth = getattr(made, name), trial.truth(name, plain=True)
        result = call.result(method, first, second, truth=truth, asked=asked)
        if name != "grad_weight" and r.random() < 0.5:
            _prepared(call, made, name, first, result, asked)


def _prepared(
    call: Call, made: Any, name: str, first: np.ndarray, plain: np.ndarray, asked: Asked
) -> None:
    """The plan's own weight, prepared, gives the same bits, whatever happens to the array."""
    trial, r = call.trial, call.trial.r
    weight = call.operand(trial.w).copy()
    prepared = made.prepare(weight, operation=r.choice((None, name)))
    weight[...] = 0
    prepared = prepared if r.random() < 0.9 else _revived(made, prepared)
    method, truth = getattr(made, name), trial.truth(name, plain=True)
    result = call.result(method, first, prepared, truth=truth, asked=asked)
    if result.tobytes() != plain.tobytes():
        raise Finding("a prepared weight gives other bits")


def _revived(made: Any, prepared: Any) -> Any:
    """The weight prepared anew by the same plan, from the array that it carries."""
    return made.prepare(prepared.weight)


def same_bits(call: Call) -> None:
    """`deterministic=`: other threads, and where it is "batch" other batches, change no bit."""
    trial, r, n = call.trial, call.trial.r, call.trial.problem.batch
    wanted = r.choice((True, "batch"))
    call.backend, call.options = None, call.options | {"deterministic": wanted}
    asked, truth = _asked(trial, "forward"), trial.truth("forward")
    keywords = _keywords(call, "padding_mode", "padding_value", "flip")
    whole = call.result(convcore.conv, trial.x, trial.w, truth=truth, asked=asked, **keywords)
    call.options = call.options | {"threads": r.choice((1, 2, 4))}
    part = slice(0, n)
    if wanted == "batch" and n > 1:
        start = r.randrange(n)
        part = slice(start, r.randint(start + 1, n))
    again = call.invoke(convcore.conv, trial.x[part].copy(), trial.w, asked=asked, **keywords)
    if again.tobytes() != whole[part].tobytes():
        raise Finding(f"samples {part} have other bits than in the whole batch")


def _impossible(call: Call, function: Any, *operands: Any, **keywords: Any) -> None:
    """What is no convolution is refused as such."""
    try:
        call.invoke(function, *operands, asked=_asked(call.trial, "forward"), **keywords)
    except (convcore.GeometryError, convcore.ShapeError) as error:
        require_sentence(error)
        return
    raise Finding("this is no convolution, and was not refused")


def impossible(call: Call) -> None:
    """Every function refuses a problem that is none."""
    trial, p = call.trial, call.trial.problem
    x, w = call.operand(trial.x), call.operand(trial.w)
    keywords = _keywords(call, "padding_mode", "padding_value", "flip")
    if trial.r.random() < 0.5 or trial.mode != "zeros":
        _impossible(call, convcore.conv, x, w, **keywords)
    else:
        _impossible(call, convcore.plan, p.input_shape, p.weight_shape, **p.steps)


def separable(call: Call) -> None:
    """`separable` of an outer product, and its filter, held to the whole kernel."""
    trial, r, problem = call.trial, call.trial.r, _alone(call.trial.problem)
    if trial.dtype.kind in "iu" or str(trial.dtype) in HALVES:
        return forward(call)  # a kernel of integers is taken as float64, and halves round between
    x, *factors = (
        draw_array(r, trial.rng, shape, trial.dtype, r.choice(("normal", "whole", "positive")))
        for shape in (problem.input_shape, *((axis.taps,) for axis in problem.axes))
    )
    kernel = reduce(np.multiply.outer, factors)
    found, call.backend = convcore.separable(kernel), None
    keywords = _keywords(call, "padding_mode", "padding_value", "flip")
    del keywords["groups"]
    asked = Asked(problem.input_shape, problem.weight_shape, problem.steps, "forward")
    result = call.invoke(found.conv, x[0, 0], asked=asked, **keywords)
    if trial.mode != "zeros":
        x = oracle.extend(problem, trial.modes, x, trial.value)
        problem = problem.extended()
    truth = truth_of(problem, "forward", x, trial.flipped(kernel[None, None]))
    steps = sum(axis.taps + 4 for axis in problem.axes)
    if said := fault(result[None, None], truth, Promise("normwise", 4.0 * steps)):
        raise Finding(said)
    return None


def _alone(problem: Problem) -> Problem:
    """The problem of a single image and a single kernel."""
    return replace(problem, batch=1, groups=1, inputs=1, outputs=1)


ENTRIES: dict[Callable[[Call], None], int] = {
    forward: 6,
    grad_input: 4,
    grad_weight: 4,
    pullback: 2,
    transpose: 3,
    plan: 4,
    same_bits: 1,
    separable: 1,
}
