"""The compiled extensions; everything else is configured in pyproject.toml.

Naming the .pyx files and leaving their translation to `build_ext` keeps generated C out of the
source tree, the sdist and the wheel. Each extension is optional: where it cannot be compiled, the
install goes through and its backend is listed as unavailable.
"""

import os
import sys

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


def extension(package: str, module: str) -> Extension:
    """Extension `package.module`, written in Cython under backends/."""
    return Extension(
        f"{package}.{module}",
        [f"backends/{package}/{module}.pyx"],
        extra_compile_args=[] if DEBUG else OPTIMISE,
        optional=True,
    )


setup(
    ext_modules=[
        extension("convcore_naive", "_loops"),
        extension("convcore_im2col", "_lowering"),
    ],
    options={"build_ext": {"cython_c_in_temp": True, "cython_directives": DIRECTIVES}},
)
