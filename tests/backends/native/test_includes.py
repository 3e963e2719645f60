"""What the native sources may include: layers, and never one algorithm another."""

from __future__ import annotations

import re
import shutil
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = next(each for each in Path(__file__).parents if (each / "setup.py").exists())
NATIVE = ROOT / "backends" / "convcore_native" / "native"
ALGORITHMS = {
    "conversions",
    "depthwise_last",
    "gemm_channels",
    "gemm_positions",
    "few_channels",
    "few_positions",
    "tilefft",
    "winograd",
}
# A file may include those of the layers before its own, and of its own but for algorithms.
LAYERS = (
    {"problem", "simd"},
    {"machine", "reference", "method"},
    ALGORITHMS,
    {"isa"},
    {"plan"},
)
FILES = sorted(path for path in NATIVE.rglob("*") if path.suffix in {".h", ".cpp"})
COMPILER = shutil.which("g++") or shutil.which("clang++")


def room(path: Path) -> str:
    """Folder of a file, or its own name where it stands at the top."""
    relative = path.relative_to(NATIVE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def layer(path: Path) -> int:
    return next(rank for rank, rooms in enumerate(LAYERS) if room(path) in rooms)


def included(path: Path) -> list[Path]:
    found = []
    for name in re.findall(r'^#include "(.+)"', path.read_text(), re.MULTILINE):
        beside = (path.parent / name).resolve()
        found.append(beside if beside.exists() else NATIVE / name)
    return found


def test_every_file_has_a_layer():
    assert {room(path) for path in FILES} == set().union(*LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(NATIVE).as_posix())
def test_a_file_includes_what_stands_below_it(path):
    for header in included(path):
        assert header.exists()
        assert header != path, "an include that finds the file itself, and with it nothing"
        if room(header) == room(path):
            continue
        assert layer(header) <= layer(path)
        assert not {room(header), room(path)} <= ALGORITHMS


def test_no_headers_include_each_other():
    TopologicalSorter({path: included(path) for path in FILES}).prepare()  # raises CycleError


def test_headers_are_read_once_and_kernels_have_a_namespace_of_their_own():
    for path in FILES:
        text = path.read_text()
        if path.suffix == ".h":
            assert text.count("#pragma once") == 1, path
        if room(path) in ALGORITHMS and path.name not in {"kernels.cpp", "integers.cpp"}:
            assert f"namespace convcore::{room(path)} {{" in text, path


@pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler")
def test_every_header_includes_what_it_needs():
    # The headers of instruction sets exclude each other, and one of them is read before all else.
    first = {NATIVE / "isa" / "tiles.h"}
    first |= {path for path in FILES if "#define CONVCORE_ISA" in path.read_text()}
    headers = [path for path in FILES if path.suffix == ".h" and path not in first]
    command = [COMPILER, "-std=c++17", "-fsyntax-only", "-w", f"-I{NATIVE}", "-x", "c++"]
    command += ["-include", NATIVE / "isa" / "baseline.h", *headers]
    subprocess.run(command, check=True)
