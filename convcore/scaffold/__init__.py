"""The start of a backend: templates of a small distribution that passes the conformance kit.

The templates are `string.Template` files beside this module; `write` fills them in.
"""

from __future__ import annotations

import re
from importlib import resources, util
from pathlib import Path
from string import Template
from typing import Literal

from ..errors import ConvcoreError
from ..registry import records

Language = Literal["python", "cython"]
LANGUAGES: tuple[Language, ...] = ("python", "cython")

_COMMON = {
    "README.md": "README.md",
    "tests/test_conformance.py": "test_conformance.py",
    "asv_bench/asv.conf.json": "asv.conf.json",
    "asv_bench/benchmarks/__init__.py": "benchmarks.py",
}
# What is written: the path below the new folder, and the template that it is made from.
FILES: dict[Language, dict[str, str]] = {
    "python": _COMMON
    | {
        "pyproject.toml": "python/pyproject.toml",
        "src/$package/__init__.py": "python/backend.py",
    },
    "cython": _COMMON
    | {
        "pyproject.toml": "cython/pyproject.toml",
        "setup.py": "cython/setup.py",
        "src/$package/__init__.py": "cython/backend.py",
        "src/$package/_loops.pyx": "cython/loops.pyx",
    },
}
# What the README says of loops, where there are any.
_LOOPS: dict[Language, str] = {
    "python": "",
    "cython": "\n   The loops in `_loops.pyx` are compiled by `pip install -e .`, after each edit.",
}
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def write(name: str, language: Language = "python", parent: Path | None = None) -> list[Path]:
    """Write a distribution with one backend to a new folder of its name.

    Parameters
    ----------
    name : str
        The backend's name: lower-case letters, digits and single underscores.
    language : {"python", "cython"}
        Whether it starts as einsum over sliding windows or as Cython loops.
    parent : Path, optional
        Where the folder goes; the working directory by default.

    Returns
    -------
    list of Path
        The files, all new.

    Raises
    ------
    ConvcoreError
        If the name does not fit or is taken, or the folder exists; nothing has been written then.
    """
    check_name(name)
    folder = (parent or Path()) / name
    try:
        folder.mkdir()
    except FileExistsError:
        raise ConvcoreError(
            f"name: must be that of no existing file or folder; got {name!r} and {folder} exists"
        ) from None
    words = _words(name) | {"loops": _LOOPS[language]}
    return [_write(folder, words, *entry) for entry in FILES[language].items()]


def check_name(name: str) -> None:
    """Refuse a name that cannot be one of a new backend."""
    if not _NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "_", name.lower()).lstrip("_0123456789").rstrip("_")
        hint = f"; write {near!r}" if _NAME.fullmatch(near) else ""
        raise ConvcoreError(
            "name: must be lower-case letters, digits and single underscores that begin with a "
            f"letter; got {name!r}{hint}"
        )
    for record in records():
        if name == record.name:
            raise ConvcoreError(
                f"name: must be that of no known backend; got {name!r}, "
                f"which {record.distribution or 'this process'} has"
            )
    package = _words(name)["package"]
    if util.find_spec(package) is not None:
        raise ConvcoreError(f"name: package {package} must not exist yet; got {name!r}")


def _words(name: str) -> dict[str, str]:
    """What the templates are filled with."""
    return {
        "name": name,
        "package": f"convcore_{name}",
        "distribution": f"convcore-{name.replace('_', '-')}",
        "class_name": "".join(map(str.capitalize, name.split("_"))) + "Convolution",
    }


def _write(folder: Path, words: dict[str, str], path: str, template: str) -> Path:
    source = resources.files(__name__).joinpath(f"{template}.tmpl")
    target = folder / Template(path).substitute(words)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8") as file:
        file.write(Template(source.read_text(encoding="utf-8")).substitute(words))
    return target
