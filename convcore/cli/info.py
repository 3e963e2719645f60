"""``convcore info``: versions, BLAS, processor, threads, backends and options."""

from __future__ import annotations

import argparse
import platform
import traceback
from importlib import metadata
from typing import Any

from ..errors import ConvcoreError
from .parsers import Subparsers, subparser, write_json

_REPORT = """\
In a bug report, send what `convcore info --json` and `convcore doctor` print, the call with the
shapes, dtypes and options that it was given, and the whole message or the wrong numbers."""
_EXAMPLES = (
    "convcore info                                 tables for people",
    "convcore info --json                          the same for a script",
    "CONVCORE_NUM_THREADS=1 convcore info          see where an option's value comes from",
)


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "show versions, the processor, every backend's state and every option's source"
    parser = subparser(subparsers, "info", summary, _EXAMPLES)
    parser.add_argument("--json", action="store_true", help="write JSON instead of tables")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what is installed here and what is in force."""
    found = collect()
    if args.json:
        write_json(found)
    else:
        _print(found)
    return 0


def collect() -> dict[str, Any]:
    """Everything that ``convcore info`` shows, as plain data."""
    from .. import registry, settings

    return {
        "versions": _versions(),
        "machine": _machine(),
        "backends": [_backend(record) for record in registry.backends()],
        "options": [entry._asdict() for entry in settings.provenance()],
    }


def _versions() -> dict[str, str]:
    import numpy as np

    from .. import __version__

    python = f"{platform.python_version()} ({platform.python_implementation()})"
    return {
        "convcore": __version__,
        "Python": python,
        "NumPy": np.__version__,
        "SciPy": metadata.version("scipy"),
        "BLAS": _blas(np.show_config(mode="dicts")),
    }


def _blas(config: Any) -> str:
    """Name, version and, where threadpoolctl is installed, threads of NumPy's BLAS."""
    blas = config.get("Build Dependencies", {}).get("blas", {})
    text = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    try:
        from threadpoolctl import threadpool_info  # type: ignore[import-untyped]
    except ImportError:
        return text
    threads = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return f"{text}, {threads[0]} threads" if threads else text


def _machine() -> dict[str, Any]:
    import numpy as np

    from ..contract import available_cpus

    config: Any = np.show_config(mode="dicts")
    simd = config.get("SIMD Extensions", {})
    return {
        "system": platform.platform(terse=True),
        "architecture": platform.machine(),
        "cpu_features": [*simd.get("baseline", ()), *simd.get("found", ())],
        "processors": available_cpus(),
    }


def _backend(record: Any) -> dict[str, Any]:
    declaration, error = record.declaration, record.error
    return {
        "name": record.name,
        "distribution": record.distribution,
        "version": record.version,
        "state": record.state,
        "description": declaration.description if declaration else None,
        "automatic": declaration.automatic if declaration else None,
        "error": _reason(error) if error else None,
        "traceback": "".join(traceback.format_exception(error)) if error else None,
    }


def _reason(error: BaseException) -> str:
    """One line: the sentence of a backend that explains itself, else with the exception's name."""
    if isinstance(error, ConvcoreError):
        return str(error)
    return traceback.format_exception_only(error)[-1].strip()


def _print(found: dict[str, Any]) -> None:
    from ..terminal import table

    machine = found["machine"] | {"cpu_features": " ".join(found["machine"]["cpu_features"])}
    facts = found["versions"] | {key.replace("_", " "): value for key, value in machine.items()}
    table("Installation", ("what", "value"), list(facts.items()))
    table(
        "Backends",
        ("name", "distribution", "version", "state", "description or reason"),
        [_row(backend) for backend in found["backends"]],
    )
    options = [
        (entry["option"], _value(entry["value"]), entry["source"]) for entry in found["options"]
    ]
    table("Options", ("option", "value", "source"), options)
    for backend in found["backends"]:
        if backend["state"] == "broken":
            print(f"Backend '{backend['name']}' is broken:\n{backend['traceback']}")
    print(_REPORT)


def _value(value: Any) -> Any:
    return (", ".join(map(str, value)) or None) if isinstance(value, list | tuple) else value


def _row(backend: dict[str, Any]) -> list[Any]:
    described = backend["error"] or backend["description"]
    return [backend[name] for name in ("name", "distribution", "version", "state")] + [described]
