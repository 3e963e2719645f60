"""Run the catalogue with every array between two pages that nobody may touch.

A script of its own, because a read or write beyond an array ends the process: the last line it
printed then names the problem. A write into what is left of an array's own pages is found by what
they are filled with.
"""

from __future__ import annotations

import ctypes
import mmap
from itertools import product
from math import prod

import numpy as np
from built import ISAS
from native import DTYPES, PROBLEMS, algorithms, integers, native_plan, operands, run

from convcore.plugin import OPERATIONS

PAGE = mmap.PAGESIZE
FILLING = 0xA5
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class Guarded:
    """Memory between two inaccessible pages, for one array at a time."""

    def __init__(self, capacity: int) -> None:
        self.bytes = -(-capacity // PAGE) * PAGE
        self.map = mmap.mmap(-1, self.bytes + 2 * PAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        for guard in (address, address + PAGE + self.bytes):
            if libc.mprotect(guard, PAGE, 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        self.memory = np.frombuffer(self.map, "uint8", self.bytes, PAGE)

    def place(self, array: np.ndarray, at_end: bool) -> np.ndarray:
        """A copy of `array` that touches the guard in front or behind."""
        self.memory[:] = FILLING
        self.start = self.bytes - array.nbytes if at_end else 0
        part = self.memory[self.start : self.start + array.nbytes]
        placed = part.view(array.dtype).reshape(array.shape)
        placed[...] = array
        return placed

    def untouched(self, size: int) -> bool:
        """Whether everything but the array of `size` bytes is as `place` left it."""
        rest = (self.memory[: self.start], self.memory[self.start + size :])
        return all((part == FILLING).all() for part in rest)


def check(geometry, dtype, plan, told, regions) -> None:
    """All operations of one problem, at both ends of the memory."""
    arrays = integers(geometry, dtype)
    for number, operation in enumerate(OPERATIONS):
        print(*told, operation, plan.describe(number), flush=True)
        wanted = run(plan, geometry, number, *arrays)
        empty = np.full_like(wanted, np.nan)
        for at_end in (True, False):
            parts = zip(regions, (*operands(number, *arrays), empty), strict=True)
            placed = [region.place(array, at_end) for region, array in parts]
            plan.run(number, *placed)
            assert np.array_equal(placed[2], wanted), "the result depends on its place"
            for region, array in zip(regions, placed, strict=True):
                assert region.untouched(array.nbytes), "wrote beside an array"


def main() -> None:
    """Every problem, type, algorithm and instruction set."""
    shapes = ((g.input_shape, g.weight_shape, g.output_shape) for g in PROBLEMS.values())
    largest = max(prod(shape) for group in shapes for shape in group)
    regions = [Guarded(8 * largest) for _ in range(3)]
    for isa, dtype, (name, geometry) in product(ISAS, DTYPES, PROBLEMS.items()):
        for algorithm in algorithms(geometry, dtype):
            plan = native_plan(geometry, dtype, isa=isa, algorithm=algorithm)
            check(geometry, dtype, plan, (name, isa, dtype, algorithm), regions)
    print("all is well")


if __name__ == "__main__":
    main()
