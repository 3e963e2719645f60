"""Arguments that have to be refused: with an exception of ours, or Python's, and one sentence."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

import convcore

from .call import Call, Finding, require_sentence
from .layouts import misaligned, swapped

ACCEPTED = (convcore.ConvcoreError, TypeError, ValueError)


class _Strange:
    """Refuses to be anything."""

    def __index__(self) -> int:
        raise TypeError("no number")

    def __bool__(self) -> bool:
        raise TypeError("neither true nor false")

    def __eq__(self, other: object) -> bool:
        raise TypeError("not to be compared")

    __hash__ = None  # type: ignore[assignment]


class _Own(np.ndarray):
    """A subclass, which is not taken."""


STEPS = (0, -1, 1.0, "1", None, True, 2**61, 2**70, -(2**70), (), (1,) * 9, [1.5], {1: 1}, {1})
STEPS += (b"1", float("nan"), np.float32(1), np.array(1.5), np.array([[[1]]]), object(), 1j, len)
STEPS += ("same", range(0), _Strange(), [[1, 1]], (None,), np.array([], int), np.bool_(True))
SHAPES = ("abc", None, 3, (), (1,), (1, 1, -1), (1, 1, 2**70), (1.0, 1, 3), object(), _Strange())
SHAPES += ((1,) * 30, (None, 1, 1), np.ones((2, 2)), b"123", {1: 2}, (1, 1, "3"), [[1], 1, 1])
HOSTILE: dict[str, tuple[Any, ...]] = {
    "stride": STEPS,
    "dilation": STEPS,
    "groups": (0, -1, 2**70, 1.0, "1", (1,), [1], None, True, b"1", object(), 1j, np.array([1, 2])),
    "padding": (
        *("SAME", "foo", 1.5, None, True, 2**70, -(2**70), (1,) * 9, ((1, 2, 3),) * 9, 1j),
        *([[1.0, 1.0]], {1: 1}, b"valid", object(), ((((1, 1),),),), _Strange(), ["same"] * 9),
    ),
    "padding_mode": ("wrap", None, 1, b"zeros", object(), {}, "ZEROS", True, _Strange()),
    "padding_value": ("1", None, [1], np.zeros(2), np.zeros((2, 2)), object(), {}, _Strange()),
    "backend": (
        *("", "nonsense", 1, object(), [], ["nonsense"], [1], b"naive", int, {"naive"}, True),
        *(("naive", None), np.array("naive"), [["naive"]], 1.5, {}, _Strange(), "naive "),
    ),
    "dtype": ("nonsense", object, "bool", 3, "longdouble", [("a", "i4")], "f4,f4", "S3", "M8[s]"),
    "operation": ("backward", 1, b"forward", [], "", True, object(), _Strange()),
    "threads": (0, -1, 1.5, "2", True, 2**40, 2**70, [], object(), _Strange()),
    "accuracy": ("Strict", 1, b"default", ["strict"], "", True, object(), _Strange()),
    "max_workspace": (-1, 1.5, "1", True, 2**70, [], object(), _Strange()),
    "deterministic": (1, "Batch", 0, "yes", [], "", 1.0, object(), _Strange()),
}


def mistake(call: Call) -> None:
    """One call with one argument that has to be refused; an `out` is not written to."""
    trial, r = call.trial, call.trial.r
    call.options, call.strict_caller = {}, False
    name = r.choice((_argument, _argument, _array, _out, _option))
    function, arguments, keywords = name(call, r)
    out = keywords.get("out")
    before = out.tobytes() if isinstance(out, np.ndarray) else None
    shown = {k: v for k, v in keywords.items() if not isinstance(v, np.ndarray)}
    call.made = f"{function.__name__}({[_shown(a) for a in arguments]}, {shown})"
    try:
        function(*arguments, **keywords)
    except ACCEPTED as error:
        require_sentence(error)
        if before is not None and out.tobytes() != before:
            raise Finding("out was written to although the call was refused") from error
        return
    raise Finding(f"this was not refused: {trial}")


def _shown(argument: Any) -> str:
    if isinstance(argument, np.ndarray):
        return f"{type(argument).__name__} {argument.shape} {argument.dtype}"
    return repr(argument)


Drawn = tuple[Any, tuple[Any, ...], dict[str, Any]]


def _functions(call: Call) -> list[Drawn]:
    """Every function with good arguments."""
    t, p = call.trial, call.trial.problem
    border = {"padding_mode": t.mode, "padding_value": t.value}
    mode = {"padding_mode": t.mode}
    return [
        (convcore.conv, (t.x, t.w), p.steps | border),
        (convcore.conv_vjp, (t.x, t.w), p.steps | border),
        (convcore.conv_grad_input, (t.g, t.w, p.input_shape), p.steps | mode),
        (convcore.conv_grad_weight, (t.g, t.x, p.weight_shape), p.steps | border),
        (convcore.plan, (p.input_shape, p.weight_shape), p.steps | {"dtype": t.dtype}),
    ]


def _argument(call: Call, r: Random) -> Drawn:
    function, arguments, keywords = r.choice(_functions(call))
    names = ["stride", "dilation", "groups", "padding", "backend"]
    if function is convcore.plan:
        names += ["dtype", "operation", "shape"]
    elif function in (convcore.conv_grad_input, convcore.conv_grad_weight):
        names += ["padding_mode", "shape"]
    else:
        names += ["padding_mode", "padding_value"]
    name = r.choice(names)
    if name == "shape":
        return function, (*arguments[:-1], r.choice(SHAPES)), keywords
    if name == "padding_value":
        keywords = keywords | {"padding_mode": "constant"}
    return function, arguments, keywords | {name: r.choice(HOSTILE[name])}


def _option(call: Call, r: Random) -> Drawn:
    name = r.choice(("threads", "accuracy", "max_workspace", "deterministic"))
    return convcore.options, (), {name: r.choice(HOSTILE[name])}


def _array(call: Call, r: Random) -> Drawn:
    """One operand that is no plain array, or does not fit the other."""
    function, arguments, keywords = r.choice(_functions(call)[:4])
    place = r.randrange(2)
    bad = r.choice(_not_arrays(arguments[place], call.trial.dtype))
    changed = list(arguments)
    changed[place] = bad
    return function, tuple(changed), keywords


def _not_arrays(array: np.ndarray, dtype: np.dtype) -> list[Any]:
    other = np.dtype("float64") if dtype != np.float64 else np.dtype("float32")
    wrong = [array.tolist(), None, 1.0, "x", _Strange(), memoryview(b"abc"), np.float32(1)]
    wrong += [np.ma.masked_array(array), array.view(_Own), array.astype(object), object()]
    wrong += [array.astype(bool), np.zeros(array.shape, "S8"), np.zeros(array.shape, "f4,f4")]
    wrong += [np.zeros(array.shape, "M8[s]"), array[0] if len(array) else array.ravel()]
    wrong += [np.zeros(array.shape, np.longdouble), np.zeros(array.shape, other)]
    wrong += [array.reshape((*array.shape, 1)), np.zeros((), dtype), np.zeros(3, dtype)]
    return wrong


def _out(call: Call, r: Random) -> Drawn:
    """An `out` that cannot be written to as it is."""
    function, (input, weight), keywords = _functions(call)[0]
    good = np.ones(call.trial.problem.output_shape, call.trial.dtype)
    if good.size and input.size and r.random() < 0.3:
        memory = np.ones(good.size + input.size, good.dtype)
        start = r.randrange(input.size)
        input = memory[: input.size].reshape(input.shape)
        out = memory[start : start + good.size].reshape(good.shape)
    else:
        out = r.choice(_not_outs(good, r))
    return function, (input, weight), keywords | {"out": out}


def _not_outs(good: np.ndarray, r: Random) -> list[Any]:
    other = np.ones(good.shape, "float64" if good.dtype != np.float64 else "float32")
    wrong = [good.tolist(), "out", 1, other, good[None], good.view(_Own), np.ma.masked_array(good)]
    frozen = good.copy()
    frozen.setflags(write=False)
    wrong.append(frozen)
    if good.itemsize > 1:
        wrong += [swapped(good, r)] if good.dtype.kind != "V" else []
        wrong += [misaligned(good, r)] if good.size else []
    return wrong + ([np.repeat(good, 2, axis=-1)[..., ::2]] if good.size > 1 else [])
