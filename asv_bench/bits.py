"""Whether every backend still gives the same bits: hashes of all results, kept and compared.

    python bits.py write before.json      before a change
    python bits.py compare before.json    after it, on the same machine

Both run every available backend on the conformance catalogue and on the layers worth timing, all
three operations, every declared dtype, with one thread and with two. Bits depend on the instruction
set, the BLAS and the compiler, so that a file is good for the machine that it was written on.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import convcore
from convcore.plugin import OPERATIONS
from convcore.testing import CATALOGUE, LAYERS, operands

THREADS = (1, 2)
# Literal loops make some 10^9 FLOP a second, and the other backends 100 times as many.
MOST_FLOP = {"naive": 2e7}
# Layers are run in these only; the catalogue in every dtype that a backend declares.
LAYER_DTYPES = ("float32", "float64")


def cases() -> Iterator[tuple[str, type[convcore.Convolution], convcore.Geometry, str, str]]:
    """A name, the backend's class, and what it is to compute."""
    for record in convcore.backends():
        if record.state != "available":
            continue
        backend = convcore.get_backend(record.name)
        for title, problem in (CATALOGUE | LAYERS).items():
            if problem.geometry.flop > MOST_FLOP.get(record.name, 2e9):
                continue
            for dtype in backend.declaration.dtypes:
                if title in LAYERS and dtype not in LAYER_DTYPES:
                    continue
                for operation in OPERATIONS:
                    name = f"{record.name} | {title} | {dtype} | {operation}"
                    yield name, backend, problem.geometry, dtype, operation


def hashes() -> dict[str, str]:
    """For every case, the hash of its result for each number of threads, or the refusal's code."""
    found = {}
    for name, backend, geometry, dtype, operation in cases():
        refusal = backend.refusal(geometry, np.dtype(dtype), operation)
        if refusal is not None:
            found[name] = refusal.code
            continue
        kind = "random" if np.dtype(dtype).kind in "fc" else "integers"
        pair = operands(kind, geometry, dtype, operation)
        for threads in THREADS:
            plan = backend(geometry, dtype, threads=threads)
            result = getattr(plan, operation)(*pair)
            found[f"{name} | {threads}"] = hashlib.sha256(result.tobytes()).hexdigest()[:16]
        if len(found) % 500 < len(THREADS):
            print(f"\r{len(found)} results", end="", file=sys.stderr)
    print(file=sys.stderr)
    return found


def compare(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The cases that are not what they were."""
    names = sorted(before.keys() | after.keys())
    return [
        f"{name}: {before.get(name, 'not there')} -> {after.get(name, 'not there')}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def main() -> int:
    """Write a file of hashes, or compare with one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("write", "compare"))
    parser.add_argument("file", type=Path)
    args = parser.parse_args()
    found = hashes()
    if args.action == "write":
        args.file.write_text(json.dumps(found, indent=0))
        print(f"{len(found)} results")
        return 0
    differences = compare(json.loads(args.file.read_text()), found)
    print(*differences, f"{len(found)} results, {len(differences)} differences", sep="\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
