"""The table of docs/how-to/accuracy.md: the largest error of each backend on four kinds of data.

    python accuracy.py

prints it in Markdown: float32 against float64, relative to the largest result, worst of the three
operations; for a backend with a bound on norms, in brackets, in units of the bound it declares.
"""

from __future__ import annotations

import numpy as np

import convcore
from convcore.plugin import OPERATIONS, Geometry
from convcore.testing import unit_bound

PROBLEMS = {
    "3x3, 64 to 64 channels of 56x56": Geometry.of((1, 64, 56, 56), (64, 64, 3, 3), padding=1),
    "3x3, 256 to 256 channels of 14x14": Geometry.of((2, 256, 14, 14), (256, 256, 3, 3), padding=1),
    "3x3, 512 to 512 channels of 7x7": Geometry.of((2, 512, 7, 7), (512, 512, 3, 3), padding=1),
    "5x5, 32 to 64 channels of 28x28": Geometry.of((4, 32, 28, 28), (64, 32, 5, 5), padding=2),
    "25x25, 3 to 8 channels of 128x128": Geometry.of((1, 3, 128, 128), (8, 3, 25, 25), padding=12),
}
KINDS = ("normal", "mean 100", "badly scaled", "cancelling")
BACKENDS = ("direct", "im2col", "winograd", "fft", "tilefft")


def values(kind: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Data of a kind; cancelling: a large constant meets what adds up to zero over each plane."""
    rng = np.random.default_rng([seed, *shape])
    data = rng.standard_normal(shape)
    if kind == "mean 100":
        data += 100
    elif kind == "badly scaled":
        data *= 10.0 ** rng.uniform(-3, 3, (1, shape[1], *(1 for _ in shape[2:])))
    elif kind == "cancelling":
        planes = tuple(range(2, len(shape)))
        data = data / 64 + 100 if seed == 1 else data - data.mean(axis=planes, keepdims=True)
    return data.astype(np.float32)


def operands(geometry: Geometry, kind: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    shapes = geometry.input_shape, geometry.weight_shape, geometry.output_shape
    x, w, dy = (values(kind, shape, seed) for seed, shape in enumerate(shapes, 1))
    return {"forward": (x, w), "grad_input": (dy, w), "grad_weight": (dy, x)}


def error(name: str, geometry: Geometry, kind: str) -> str:
    """Largest error relative to the largest result, and in units of a declared bound on norms."""
    cls = convcore.get_backend(name)
    plan, exact = cls(geometry, "float32"), convcore.get_backend("direct")(geometry, "float64")
    relative = units = 0.0
    for operation in OPERATIONS:
        first, second = operands(geometry, kind)[operation]
        want = getattr(exact, operation)(first.astype(float), second.astype(float))
        off = np.abs(getattr(plan, operation)(first, second) - want)
        relative = max(relative, off.max() / np.abs(want).max())
        if cls.declaration.numerics == "normwise":
            unit = unit_bound("normwise", geometry, operation, first, second)
            units = max(units, (off / unit).max() / cls.declaration.bound)
    return f"{relative:.0e}" + (f" ({units:.2f})" if units else "")


def main() -> None:
    print("| problem | backend |", " | ".join(KINDS), "|")
    print("|---" * (2 + len(KINDS)) + "|")
    for title, geometry in PROBLEMS.items():
        for name in BACKENDS:
            if convcore.get_backend(name).refusal(geometry, np.dtype("float32")) is not None:
                continue
            if name == "fft" and geometry.kernel_extents[0] < 25:
                continue  # it can, but nobody would
            cells = (error(name, geometry, kind) for kind in KINDS)
            print(f"| {title} | `{name}` |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
