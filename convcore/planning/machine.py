"""What a measured time depends on beside the problem: the processor, and what would run on it.

The modules of wisdom are imported where something is measured or looked up, and not before.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any
from zlib import adler32, crc32

import numpy as np

from .. import registry
from ..contract import Convolution, available_cpus

# Of /proc/cpuinfo: enough for its first processor.
_CPUINFO_BYTES = 4096
_CPUINFO_FIELDS = ("model name", "CPU implementer", "CPU part", "stepping")
# What a module's file ends with.
_MODULES = {".py", ".so", ".pyd"}


def machine() -> dict[str, str]:
    """The machine, as this process uses it."""
    return dict(_machine(registry.generation()))


def machine_id() -> str:
    """A short name that differs where anything of `machine` does."""
    return _machine_id(registry.generation())


@lru_cache(maxsize=1)
def _machine_id(generation: int) -> str:
    return digest(_machine(generation))


def digest(content: Any) -> str:
    """Sixteen letters that stand for plain data; no secret, only short."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return f"{crc32(text):08x}{adler32(text):08x}"


@lru_cache(maxsize=1)
def _machine(generation: int) -> dict[str, str]:
    """The same until a backend is registered, or the environment is read again."""
    config: Any = np.show_config(mode="dicts")
    simd = config.get("SIMD Extensions", {})
    return {
        "cpu": _cpu(),
        "isa": " ".join([*simd.get("baseline", ()), *simd.get("found", ())]),
        "max_isa": os.environ.get("CONVCORE_MAX_ISA", ""),
        "processors": str(available_cpus()),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": np.__version__,
        "scipy": metadata.version("scipy"),  # whose import takes long
        "backends": ", ".join(_backends()),
    }


def _cpu(info: Path = Path("/proc/cpuinfo")) -> str:
    """Name of the processor, as the system tells it without starting another program."""
    try:
        with info.open("rb") as file:
            lines = file.read(_CPUINFO_BYTES).decode(errors="replace").splitlines()
    except OSError:
        if sys.platform == "darwin":
            return os.uname().version  # names the chip
        return os.environ.get("PROCESSOR_IDENTIFIER", platform.machine())
    pairs = [line.partition(":")[::2] for line in reversed(lines)]
    found = {name.strip(): value.strip() for name, value in pairs}
    named = [found[name] for name in _CPUINFO_FIELDS if name in found]
    return " ".join([*named, platform.machine()])


def _backends() -> Iterator[str]:
    """Each backend that may be chosen, its version, and what tells one build of it from another."""
    for record in registry.records():
        backend = registry.try_load(record)
        if backend is not None and backend.declaration.automatic:
            yield " ".join(filter(None, (record.name, record.version, _build(backend))))


def _build(backend: type[Convolution]) -> str:
    """Bytes of a backend's modules, source and compiled, alike wherever one wheel is installed."""
    module = sys.modules.get(backend.__module__.partition(".")[0])
    file = Path(getattr(module, "__file__", None) or "")
    if not file.is_file():
        return ""
    beside = sorted(file.parent.iterdir()) if file.name == "__init__.py" else [file]
    return str(sum(path.stat().st_size for path in beside if path.suffix in _MODULES))
