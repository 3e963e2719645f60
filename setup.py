"""The compiled extensions; everything else is configured in pyproject.toml.

Naming the .pyx files and leaving their translation to `build_ext` keeps generated C out of the
source tree, the sdist and the wheel. Each extension is optional: where it cannot be compiled, the
install goes through and its backend is listed as unavailable.
"""

import os
import platform
import sys
from pathlib import Path

import numpy
from setuptools import Extension, setup

DEBUG = os.environ.get("CONVCORE_DEBUG") == "1"
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,
    "freethreading_compatible": True,
}
OPTIMISE = ["/O2"] if sys.platform == "win32" else ["-O3"]


def extension(package: str, module: str, *sources: str) -> Extension:
    """Extension `package.module`, written in Cython under backends/."""
    return Extension(
        f"{package}.{module}",
        [f"backends/{package}/{module}.pyx", *sources],
        extra_compile_args=[] if DEBUG else [*OPTIMISE],
        optional=True,
    )


# The C++ kernels, once for each instruction set and as a static library, since flags go by library.
NATIVE = Path("backends/convcore_native/native")
MACHINE = platform.machine().lower().replace("amd64", "x86_64")
ISA_FLAGS = {"baseline": []}
if MACHINE == "x86_64":
    ISA_FLAGS["avx2"] = ["-mavx2", "-mfma"]
    ISA_FLAGS["avx512"] = ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mfma"]
    ISA_FLAGS["avx512"] += ["-mprefer-vector-width=512"]
# gcc and clang have the vector extensions that the kernels are written in.
HAS_KERNELS = sys.platform != "win32" and (MACHINE in {"x86_64", "arm64", "aarch64"})
OPENMP = ["-fopenmp"] if sys.platform == "linux" else []
SANITIZE = os.environ.get("CONVCORE_SANITIZE", "")
NATIVE_FLAGS = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fPIC", "-fvisibility=hidden"]
NATIVE_FLAGS += ["-O1", "-g"] if DEBUG or SANITIZE else ["-O3"]
SANITIZER = [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer"] if SANITIZE else []


def native_libraries() -> list[tuple[str, dict]]:
    """A static library for each instruction set, holding the kernels, not the drivers."""
    if not HAS_KERNELS:
        return []
    headers = sorted(map(str, [*NATIVE.glob("*.inl.h"), NATIVE / "interface.h"]))
    return [
        (
            f"convcore_{isa}",
            {
                "sources": [str(NATIVE / f"kernels_{isa}.cpp")],
                "cflags": [*NATIVE_FLAGS, *OPENMP, *SANITIZER, *flags],
                "obj_deps": {"": headers},
            },
        )
        for isa, flags in ISA_FLAGS.items()
    ]


def native_extension() -> list[Extension]:
    """The bridge with the drivers, linked with the kernels."""
    if not HAS_KERNELS:
        return []
    drivers = sorted(p for p in NATIVE.glob("*.cpp") if not p.name.startswith("kernels_"))
    bridge = extension("convcore_native", "_bridge", *map(str, drivers))
    bridge.language = "c++"
    bridge.extra_compile_args += ["-std=c++17", *OPENMP, *SANITIZER]
    bridge.extra_link_args += [*OPENMP, *SANITIZER]
    bridge.include_dirs += ["backends/convcore_native", numpy.get_include()]
    bridge.define_macros += [("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")]
    bridge.depends = sorted(map(str, NATIVE.glob("*.h")))
    return [bridge]


setup(
    ext_modules=[
        extension("convcore_naive", "_loops"),
        extension("convcore_im2col", "_lowering"),
        *native_extension(),
    ],
    libraries=native_libraries(),
    options={"build_ext": {"cython_c_in_temp": True, "cython_directives": DIRECTIVES}},
)
