"""``convcore demo``: the library at work on real data, one module per part.

Each part is a module, or a package, with a function ``run``. Parts may need scikit-learn and
matplotlib, which the library itself does not.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConvcoreError

PARTS = ("filters", "digits", "series")
# Parts that run only where they are named: the first takes gigabytes of the disk, the second has
# use for libraries that nothing else needs.
NAMED_PARTS = ("volume", "doors")
# Import names, and what pip calls them.
_NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "PIL": "pillow"}
_NEEDED_FOR_VOLUME = {"matplotlib": "matplotlib"} | {
    name: name for name in ("dask", "distributed", "zarr")
}


def present() -> tuple[str, ...]:
    """Names of the parts, in the order in which they run."""
    return tuple(part for part in PARTS if importlib.util.find_spec(f"{__name__}.{part}"))


def run(
    parts: Sequence[str],
    *,
    backends: Sequence[str] | None = None,
    epochs: int | None = None,
    out: Path = Path("convcore-demo"),
    **options: Any,
) -> None:
    """Run parts of the demo: print tables, and write pictures into a folder.

    Parameters
    ----------
    parts : sequence of str
        Some of `present()`, or of `NAMED_PARTS`.
    backends : sequence of str, optional
        Backends to run; all that are available by default.
    epochs : int, optional
        Passes over the training data, for the parts that train.
    out : Path
        Folder for the pictures; made where it does not exist.
    **options
        What a single part takes besides.

    Raises
    ------
    ConvcoreError
        If a package that the demo needs is not installed.
    """
    for part in parts:
        check_installed(part)
    out.mkdir(parents=True, exist_ok=True)
    for part in parts:
        module = importlib.import_module(f".{part}", __name__)
        module.run(backends=backends, epochs=epochs, out=out, **options)


def check_installed(part: str) -> None:
    """Refuse to start where a package that a part of the demo needs is missing."""
    volume = part == "volume"
    needed = _NEEDED_FOR_VOLUME if volume else _NEEDED
    missing = [name for module, name in needed.items() if importlib.util.find_spec(module) is None]
    if missing:
        names, extras = ("scikit-learn and matplotlib", "demo")
        if volume:
            names, extras = ("matplotlib, dask, distributed and zarr", "demo,dask")
        raise ConvcoreError(
            f"demo: needs {names}; got no {' and no '.join(missing)}; "
            f'install them with: pip install "convcore[{extras}]"'
        )
