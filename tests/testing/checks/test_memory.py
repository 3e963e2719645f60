"""The checks of memory catch a workspace that nobody stated, and what is kept."""

import tracemalloc

import numpy as np
from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import memory


@caught_by_checks_of(memory)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


def test_the_peak_of_a_block_is_traced():
    with memory.traced() as found:
        np.ones(1 << 20, np.uint8)
    assert (1 << 20) <= found.peak < (1 << 20) + (1 << 16)
    assert not tracemalloc.is_tracing()


def test_what_a_collection_frees_is_not_left():
    counts = iter([3, 1])
    assert memory._unless_collected(lambda: next(counts)) == 1
    assert memory._unless_collected(lambda: 0) == 0
