// Arrays that are extended by copies of their own elements, and the adjoint, in several threads.
#pragma once
#include "machine/copies.h"

namespace convcore {

// What each row and each column of an extended matrix copies; nothing where that is negative.
struct Sources {
    const index_t *rows, *columns;
};

struct Borders {
    // Writes to each matrix `to`, of the `extended` extents, what it copies, and `value` elsewhere:
    // elements of 1, 2, 4, 8 or 16 bytes.
    void (*extend)(int threads, int itemsize, Extents extended, Rows from, Rows to, Sources sources,
                   const void* value);
    // Adds each element of the extended matrices `from` to what it copies, in matrices of the
    // extents `own`, which are overwritten: floats, or integers that wrap.
    void (*fold)(int threads, bool integers, int itemsize, Extents extended, Extents own, Rows from,
                 Rows to, Sources sources);
};

const Borders& borders();

}  // namespace convcore
