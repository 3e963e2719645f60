"""How the kernels are compiled: what each object file may share with the others."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NATIVE = ROOT / "backends" / "convcore_native" / "native"
COMPILER = shutil.which("g++") or shutil.which("clang++")


@pytest.fixture(scope="module")
def build():
    """The flags in setup.py."""
    pytest.importorskip("setuptools")
    specification = importlib.util.spec_from_file_location("convcore_setup", ROOT / "setup.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    if not module.HAS_KERNELS:
        pytest.skip("this machine has no native kernels")
    return module


def symbols(path, *options):
    """Kind and name of every symbol that an object file defines."""
    printed = subprocess.run(
        ["nm", "--defined-only", *options, path], capture_output=True, text=True, check=True
    )
    return [tuple(line.split()[-2:]) for line in printed.stdout.splitlines() if line.strip()]


@pytest.mark.skipif(COMPILER is None or shutil.which("nm") is None, reason="needs g++ and nm")
@pytest.mark.parametrize(
    "source",
    sorted([*NATIVE.glob("*/kernels.cpp"), *NATIVE.glob("*/integers.cpp")]),
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_an_instruction_set_shares_its_tables_and_nothing_else(build, tmp_path, source):
    # They all have the same sources; the first one has vectors that the drivers have not.
    isa = "avx2" if "avx2" in build.ISA_FLAGS else "baseline"
    target = tmp_path / f"{isa}.o"
    # With the least optimisation nothing is inlined, and every function that could be shared shows.
    flags = [f"-I{NATIVE}", *build.NATIVE_FLAGS, *build.KERNEL_FLAGS, *build.ISA_FLAGS[isa], "-O0"]
    flags += ["-include", build.first_read(source, isa)]
    subprocess.run([COMPILER, *flags, "-c", source, "-o", target], check=True)
    found = symbols(target)
    shared = [name for kind, name in found if kind.isupper()]
    weak = [name for kind, name in found if kind in "vwu"]
    table = "kernels" if source.parent.name == "isa" else source.parent.name
    table += "_integers" if source.stem == "integers" else ""
    assert [name.lstrip("_") for name in shared] == [f"convcore_{table}_{isa}"]
    assert not weak


def test_kernels_include_plain_headers_only():
    plain = {"<stddef.h>", "<stdint.h>"}
    kernels = [
        path
        for pattern in ("*.inl.h", "kernels.cpp", "integers.cpp", "kernels.h")
        for path in NATIVE.rglob(pattern)
    ]
    assert len(kernels) > 20
    for source in (*kernels, *NATIVE.glob("isa/*.h")):
        included = [
            line.split()[1]
            for line in source.read_text().splitlines()
            if line.startswith("#include")
        ]
        assert not {name for name in included if name.startswith("<")} - plain, source.name


def test_every_source_is_among_those_that_setup_compiles(build, monkeypatch):
    monkeypatch.chdir(ROOT)
    compiled = build.native_sources()
    assert {path for path, _ in compiled} == {*build.NATIVE.rglob("*.cpp")}
    assert len(set(compiled)) == len(compiled)
    for path, isa in compiled:
        assert (isa is not None) == (path.name in {"kernels.cpp", "integers.cpp"})
    listed = {ROOT / path for path in build.bridge().depends}
    assert listed == {*NATIVE.rglob("*.h"), *NATIVE.rglob("*.cpp"), NATIVE.with_name("_bridge.pxd")}


def test_what_a_source_includes_is_found_through_its_headers(build, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = build.included(build.NATIVE / "few_positions" / "method.cpp")
    assert {path.relative_to(build.NATIVE).as_posix() for path in found} >= {
        "few_positions/method.cpp",
        "few_positions/method.h",
        "method.h",
        "problem/axis.h",
    }
    assert build.NATIVE / "plan" / "direct.h" not in found
