"""``convcore demo``: the library at work on real data, one module per part.

Each part is a module with a function ``run``. Parts may need scikit-learn and matplotlib, which
the library itself does not.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConvcoreError

PARTS = ("filters", "digits", "series")
# Import name and what pip calls it.
_NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "PIL": "pillow"}


def present() -> tuple[str, ...]:
    """Names of the parts, in the order in which they run."""
    return tuple(part for part in PARTS if importlib.util.find_spec(f"{__name__}.{part}"))


def run(
    parts: Sequence[str],
    *,
    backends: Sequence[str] | None = None,
    epochs: int | None = None,
    out: Path = Path("convcore-demo"),
) -> None:
    """Run parts of the demo: print tables, and write pictures into a folder.

    Parameters
    ----------
    parts : sequence of str
        Some of `present()`.
    backends : sequence of str, optional
        Backends to run; all that are available by default.
    epochs : int, optional
        Passes over the training data, for the parts that train.
    out : Path
        Folder for the pictures; made where it does not exist.

    Raises
    ------
    ConvcoreError
        If a package that the demo needs is not installed.
    """
    check_installed()
    out.mkdir(parents=True, exist_ok=True)
    for part in parts:
        module = importlib.import_module(f".{part}", __name__)
        module.run(backends=backends, epochs=epochs, out=out)


def check_installed() -> None:
    """Refuse to start where a package that the demo needs is missing."""
    missing = [name for module, name in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ConvcoreError(
            f"demo: needs scikit-learn and matplotlib; got no {' and no '.join(missing)}; "
            'install them with: pip install "convcore[demo]"'
        )
