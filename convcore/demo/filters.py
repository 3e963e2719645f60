"""Banks of filters over photographs, and a layer over all the digits, on every backend.

For each problem every backend computes the convolution and both gradients. The gradients are those
of half the energy of the responses, whose gradient with respect to a response is that response.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from .. import functional
from ..errors import UnsupportedError
from ..plugin import OPERATIONS
from ..terminal import progress, table
from ..text import binary_bytes, gflops, seconds, three_digits
from .comparison import available
from .measure import Case, Measurement, evaluate
from .pictures import draw_filters
from .problems import Filtering, problems


def run(
    *,
    backends: Sequence[str] | None = None,
    epochs: int | None = None,
    out: Path = Path("convcore-demo"),
    shrink: int = 1,
) -> list[Measurement]:
    """Measure every backend on every problem, print tables and draw a picture.

    Parameters
    ----------
    backends : sequence of str, optional
        Backends to run; all that are available by default.
    epochs : int, optional
        Not used: nothing is trained here.
    out : Path
        An existing folder, which gets the picture ``filters.png``.
    shrink : int
        Divides the extents of the photographs and the number of digits, for a quick look.

    Returns
    -------
    list of Measurement
        One for each problem, backend and operation.
    """
    names = list(backends or available())
    layers = problems(shrink)
    found, refused = _measure_all(layers, names)
    for layer in layers:
        _print_problem(layer, [entry for entry in found if entry.problem == layer.title])
    print("error: largest difference from float64, in units of the bound that a backend declares")
    for (backend, problem), reason in refused.items():
        print(f"{backend} refused '{problem}': {reason}")
    path = out / "filters.png"
    draw_filters(path, layers, found)
    print(f"Picture: {path}")
    return found


def _measure_all(
    layers: Sequence[Filtering], names: Sequence[str]
) -> tuple[list[Measurement], dict[tuple[str, str], str]]:
    """What was measured, and why a backend refused a problem, for the first operation it did."""
    found: list[Measurement] = []
    refused: dict[tuple[str, str], str] = {}
    total = len(layers) * len(OPERATIONS) * len(names)
    with progress("Filters") as report:
        for done, (case, name) in enumerate(_tasks(layers, names)):
            report(done, total, f"{name}: {case.operation}, {case.problem.title}")
            try:
                found.append(_measured(case, name))
            except UnsupportedError as error:
                refused.setdefault((name, case.problem.title), str(error))
        report(total, total, "")
    return found, refused


def _tasks(layers: Iterable[Filtering], names: Sequence[str]) -> Iterator[tuple[Case, str]]:
    for layer in layers:
        output = evaluate(layer.geometry, "forward", layer.input, layer.weight)
        grad_output = output.astype(layer.input.dtype)
        for operation in OPERATIONS:
            case = Case(layer, operation, grad_output)
            yield from ((case, name) for name in names)


def _measured(case: Case, name: str) -> Measurement:
    input, weight = case.problem.input, case.problem.weight
    plan = functional.plan(
        input.shape,
        weight.shape,
        dtype=input.dtype,
        padding=case.problem.padding,
        operation=case.operation,
        backend=name,
    )
    return case.measure(name, plan)


def _print_problem(layer: Filtering, found: Sequence[Measurement]) -> None:
    geometry = layer.geometry
    shapes = " * ".join(
        "x".join(map(str, shape)) for shape in (geometry.input_shape, geometry.weight_shape)
    )
    title = f"{layer.title}: {shapes}, {three_digits(geometry.flop / 1e9)} GFLOP an operation"
    columns = ("backend", *OPERATIONS, "GFLOP/s", "workspace", "error / bound")
    names = dict.fromkeys(entry.backend for entry in found)
    rows = [_row(name, [entry for entry in found if entry.backend == name]) for name in names]
    table(title, columns, rows, "lrrrrrr")


def _row(name: str, found: Sequence[Measurement]) -> list[str | None]:
    """One backend on one problem: a time for each operation, the rest over all of them."""
    times = {entry.operation: entry.seconds for entry in found}
    return [
        name,
        *(seconds(times[operation]) if operation in times else None for operation in OPERATIONS),
        gflops(sum(entry.flop for entry in found), sum(times.values())),
        binary_bytes(max(entry.workspace for entry in found)),
        three_digits(float(np.max([entry.error for entry in found]))),
    ]
