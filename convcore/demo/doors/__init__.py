"""Programs of other libraries, run by theirs and by ours, on real data.

photograph   filters of scikit-image under `convcore.scipy.patched`
detection    PP-OCR's network that finds text in a picture, by `convcore.adapters.onnx`
denoising    a network of PyTorch that learns to take noise off, under `convcore.adapters.torch`

Each is a module with a function `run`; `turns` times theirs and ours, `pictures` draws.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from ...errors import ConvcoreError
from ...planning import use_backend
from ...terminal import table, track
from ...text import seconds
from .turns import Outcome


class Door(NamedTuple):
    """One of the modules, the packages that it needs, and what makes pip install them."""

    name: str
    needs: tuple[str, ...]
    install: str

    @property
    def missing(self) -> list[str]:
        """Packages that it needs, and that are not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]


DOORS = (
    Door("photograph", ("skimage",), "pip install scikit-image"),
    Door(
        "detection",
        ("onnx", "rapidocr_onnxruntime"),
        'pip install "convcore[onnx]" && pip install --no-deps rapidocr-onnxruntime==1.4.4',
    ),
    Door("denoising", ("torch",), 'pip install "convcore[torch]"'),
)


def run(
    *,
    backends: Sequence[str] | None = None,
    epochs: int | None = None,
    out: Path = Path("convcore-demo"),
) -> list[Outcome]:
    """Run each program whose library is installed, print a table and draw a picture of each.

    Parameters
    ----------
    backends : sequence of str, optional
        What runs, as an ordered fallback; the automatic choice by default.
    epochs : int, optional
        Not used: what is trained here is trained for a fixed number of steps.
    out : Path
        An existing folder, which gets a picture ``doors-NAME.png`` for each.

    Returns
    -------
    list of Outcome
        One for each row of the table.

    Raises
    ------
    ConvcoreError
        If a result of ours is not theirs.
    """
    for door in DOORS:
        if door.missing:
            print(
                f"{door.name}: needs {' and '.join(door.needs)}; got no "
                f"{' and no '.join(door.missing)}; install with: {door.install}"
            )
    there = [door.name for door in DOORS if not door.missing]
    outcomes: list[Outcome] = []
    with nullcontext() if backends is None else use_backend(list(backends)):
        for name in track("Doors", there):
            module = importlib.import_module(f".{name}", __name__)
            outcomes += module.run(out / f"doors-{name}.png")
    _print(outcomes)
    for name in there:
        print(f"Picture: {out / f'doors-{name}.png'}")
    _check(outcomes)
    return outcomes


def _print(outcomes: Sequence[Outcome]) -> None:
    columns = ("what", "theirs", "ours", "ratio", "same result?")
    rows = [
        (o.what, seconds(o.theirs), seconds(o.ours), f"{o.theirs / o.ours:.2f}", _same(o))
        for o in outcomes
    ]
    if rows:
        table("Times of theirs divided by ours: above 1 ours is faster", columns, rows, "lrrrl")


def _same(outcome: Outcome) -> str:
    if not outcome.difference:
        return "the same bits"
    word = "yes" if outcome.is_same else "no"
    return f"{word}, to {outcome.difference:.0e} of the largest"


def _check(outcomes: Sequence[Outcome]) -> None:
    different = [outcome.what for outcome in outcomes if not outcome.is_same]
    if different:
        raise ConvcoreError(f"doors: ours must compute what theirs do; not so {different}")
