"""Benchmarks of convcore, a file per theme; ../README.md says how to run and read them."""

import os

# Before NumPy is imported: with `--python=same` nobody else sets them.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("CONVCORE_NUM_THREADS", "1")
