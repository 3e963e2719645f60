"""The compiled extensions; everything else is configured in pyproject.toml.

Naming the .pyx files and leaving their translation to `build_ext` keeps generated C out of the
source tree, the sdist and the wheel. Each extension is optional: where it cannot be compiled, the
install goes through and its backend is listed as unavailable.

One build serves CPython 3.11 and every later one (the limited API), a free-threaded one its own.

CONVCORE_DEBUG=1 checks indices, and adds kernels for vectors wider than those of the processor;
CONVCORE_SANITIZE=address,undefined instruments the native code.
"""

import os
import platform
import re
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

DEBUG = os.environ.get("CONVCORE_DEBUG") == "1"
SANITIZE = os.environ.get("CONVCORE_SANITIZE", "")
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,
    "freethreading_compatible": True,
}
ABI3 = not sysconfig.get_config_var("Py_GIL_DISABLED")
# What Python itself was compiled with often asks for debug symbols: a third of the time to compile.
OPTIMISE = ["/O2"] if sys.platform == "win32" else ["-O3", "-g0"]

NATIVE = Path("backends/convcore_native/native")
MACHINE = platform.machine().lower().replace("amd64", "x86_64")
# gcc and clang have the vector extensions that the kernels are written in.
HAS_KERNELS = sys.platform != "win32" and MACHINE in {"x86_64", "arm64", "aarch64"}
ISA_FLAGS = {"baseline": []}
if MACHINE == "x86_64":
    # Compiles in three quarters of the time; whoever wants speed has AVX2.
    ISA_FLAGS["baseline"] += [] if DEBUG or SANITIZE else ["-O2"]
    ISA_FLAGS["avx2"] = ["-mavx2", "-mfma", "-mf16c"]
    ISA_FLAGS["avx512vl"] = [*ISA_FLAGS["avx2"], "-mavx512f", "-mavx512vl", "-mavx512dq"]
    ISA_FLAGS["avx512"] = [*ISA_FLAGS["avx512vl"], "-mprefer-vector-width=512"]
if DEBUG:  # what AVX-512 does, on any processor
    ISA_FLAGS.pop("avx512", None)
    ISA_FLAGS["wide"] = ["-Wno-psabi"]
LONGEST = "few_channels"  # takes half of the time to compile
KERNEL_FLAGS = ["-fno-exceptions", "-fno-rtti", "-fvisibility=hidden", "-ffp-contract=fast"]
# So that their loops do not depend on what is linked before them (depthwise 7 x 7: 1.04).
KERNEL_FLAGS += ["-falign-functions=64"]
if SANITIZE:  # with all checks, or with each one inline, they would take minutes to compile
    KERNEL_FLAGS += ["-fno-sanitize=undefined", "-fsanitize=bounds,signed-integer-overflow"]
    KERNEL_FLAGS += ["--param", "asan-instrumentation-with-call-threshold=0"]
# As fast as with more, in three quarters of the time to compile.
INTEGER_FLAGS = [] if DEBUG or SANITIZE else ["-O2"]
# The drivers have no long loops of their own, and the definition those that its callers wait for
# anyway: a tenth of the time to compile for it (no slower, AMD Zen 3, 2026-12).
DRIVER_FLAGS = [] if DEBUG or SANITIZE else ["-O2"]
SANITIZER = [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer"] if SANITIZE else []
NATIVE_FLAGS = ["-std=c++17", "-fPIC", "-pthread", *SANITIZER]
NATIVE_FLAGS += ["-O1", "-g1"] if DEBUG or SANITIZE else ["-O3", "-g0"]


def extension(package: str, module: str, **options) -> Extension:
    """Extension `package.module`, written in Cython under backends/."""
    flags = options.pop("extra_compile_args", [])
    macros = options.pop("define_macros", [])
    return Extension(
        f"{package}.{module}",
        [f"backends/{package}/{module}.pyx"],
        extra_compile_args=[*([] if DEBUG else OPTIMISE), *flags],
        define_macros=[*macros, *([("Py_LIMITED_API", "0x030B0000")] if ABI3 else [])],
        py_limited_api=ABI3,
        optional=True,
        **options,
    )


def lines() -> Extension:
    """The filters along one axis, in C; nothing is fused, since their bits are promised."""
    folder = Path("backends/convcore_lines")
    return extension(
        "convcore_lines",
        "_lines",
        extra_compile_args=[] if sys.platform == "win32" else ["-ffp-contract=off"],
        include_dirs=[str(folder)],
        depends=[str(path) for path in sorted(folder.glob("*.h"))],
    )


def bridge(module: str = "_bridge") -> Extension:
    """A bridge to the native kernels, whose C++ sources `BuildExtensions` compiles."""
    headers, sources = sorted(NATIVE.rglob("*.h")), sorted(NATIVE.rglob("*.cpp"))
    return extension(
        "convcore_native",
        module,
        language="c++",
        extra_compile_args=NATIVE_FLAGS,
        extra_link_args=["-pthread", *SANITIZER],
        include_dirs=[str(NATIVE.parent), str(NATIVE), numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        depends=[str(path) for path in (NATIVE.with_name("_bridge.pxd"), *headers, *sources)],
    )


class BuildExtensions(build_ext):
    """Compiles the C++ sources in parallel, each kernel with the flags of its instruction set."""

    command_name = "build_ext"  # what its options are filed under

    def run(self) -> None:
        """Build what is older than its sources; all of it after a build with other options."""
        options = f"CONVCORE_DEBUG={int(DEBUG)} CONVCORE_SANITIZE={SANITIZE}\n"
        made = Path(self.build_temp, "options")
        if not made.exists() or made.read_text() != options:
            self.force = True
        super().run()
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(options)

    def build_extensions(self) -> None:
        """Build all, the C++ sources of the bridge beside the other extensions."""
        self.objects = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            if HAS_KERNELS:
                self.objects = [pool.submit(self.compiled, *job) for job in native_sources()]
            super().build_extensions()
            pool.shutdown(cancel_futures=True)

    def build_extension(self, ext: Extension) -> None:
        """Build one extension; the bridge of what the pool has compiled."""
        if ext.name == "convcore_native._bridge":
            ext.extra_objects = [each.result() for each in self.objects]
        super().build_extension(ext)
        remove_others(Path(self.get_ext_fullpath(ext.name)))

    def copy_extensions_to_source(self) -> None:
        """Put what was built beside its sources, and nothing else that Python would load."""
        super().copy_extensions_to_source()
        for ext in self.extensions:
            remove_others(Path("backends", self.get_ext_filename(ext.name)))

    def compiled(self, source: Path, isa: str | None) -> str:
        """Object file of `source` for `isa`, compiled where it is older than what it includes."""
        flags = [f"-I{NATIVE}", *NATIVE_FLAGS]
        flags += ["-DCONVCORE_WIDE"] if DEBUG else []
        folder, read = self.build_temp, included(source)
        if isa is not None:
            first = first_read(source, isa)
            flags += [*KERNEL_FLAGS, *ISA_FLAGS[isa], "-include", str(first)]
            flags += INTEGER_FLAGS if source.stem == "integers" else []
            folder, read = os.path.join(folder, isa), read | included(first)
        elif source.parent.name != "machine":  # what copies is there
            flags += DRIVER_FLAGS
        (target,) = self.compiler.object_filenames([str(source)], output_dir=folder)
        if self.force or outdated(Path(target), read):
            self.compiler.compile([str(source)], output_dir=folder, extra_postargs=flags)
        return target


def remove_others(built: Path) -> None:
    """Remove what was built of the same module for one version of Python: it is loaded first."""
    for other in built.parent.glob(f"{built.name.split('.')[0]}.*{built.suffix}"):
        if other != built:
            other.unlink()


def outdated(target: Path, sources: set[Path]) -> bool:
    """Whether `target` is missing or older than one of its sources."""
    made = target.stat().st_mtime if target.exists() else 0
    return any(source.stat().st_mtime > made for source in sources)


def included(source: Path) -> set[Path]:
    """`source` and the headers of ours that it includes, by way of others too."""
    found, new = set(), [source]
    while new:
        found.add(path := new.pop())
        for name in re.findall(r'^#include "(.+)"', path.read_text(), re.MULTILINE):
            beside = path.parent / name
            header = Path(os.path.normpath(beside if beside.exists() else NATIVE / name))
            new += [] if header in found else [header]
    return found


def first_read(source: Path, isa: str) -> Path:
    """The header with the vectors and register tiles of an instruction set for `source`."""
    return NATIVE / "isa" / (f"integers_{isa}.h" if source.stem == "integers" else f"{isa}.h")


def native_sources() -> list[tuple[Path, str | None]]:
    """The C++ sources and what to compile them for, the longest to compile first.

    Those named kernels.cpp are compiled for each instruction set, those named integers.cpp for
    those that have a header for it, the others for any processor.
    """
    sources = sorted(NATIVE.rglob("*.cpp"), key=lambda path: (path.parent.name != LONGEST, path))
    kernels = [path for path in sources if path.name in {"kernels.cpp", "integers.cpp"}]
    drivers = [(path, None) for path in sources if path not in kernels]
    pairs = ((path, isa) for path in kernels for isa in reversed(ISA_FLAGS))
    return [*(pair for pair in pairs if first_read(*pair).exists()), *drivers]


if __name__ == "__main__":
    setup(
        ext_modules=[
            extension("convcore_naive", "_loops"),
            extension("convcore_im2col", "_lowering"),
            lines(),
            *([bridge("_parts"), bridge()] if HAS_KERNELS else []),
        ],
        cmdclass={"build_ext": BuildExtensions},
        options={
            "build_ext": {"cython_c_in_temp": True, "cython_directives": DIRECTIVES},
            "bdist_wheel": {"py_limited_api": "cp311"} if ABI3 else {},
        },
    )
