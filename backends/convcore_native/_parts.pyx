"""Complex numbers apart into their parts, and together again: runs of memory, without the GIL."""

ctypedef fused number:
    float
    double


def split(const number[:, :, :] pairs, number[:, :, :] real, number[:, :, :] imaginary):
    """Write the even elements of every row (i, j) to `real`, the odd ones to `imaginary`."""
    cdef Py_ssize_t i, j
    if real.shape[2] == 0:
        return
    with nogil:
        for i in range(real.shape[0]):
            for j in range(real.shape[1]):
                split_run(real.shape[2], &pairs[i, j, 0], &real[i, j, 0], &imaginary[i, j, 0])


def join(const number[:, :, :] real, const number[:, :, :] imaginary,
         number[:, :, :] pairs):
    """The inverse of `split`."""
    cdef Py_ssize_t i, j
    if real.shape[2] == 0:
        return
    with nogil:
        for i in range(real.shape[0]):
            for j in range(real.shape[1]):
                join_run(real.shape[2], &real[i, j, 0], &imaginary[i, j, 0], &pairs[i, j, 0])


cdef inline void split_run(
    Py_ssize_t count, const number* pairs, number* real, number* imaginary
) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(count):
        real[k] = pairs[2 * k]
        imaginary[k] = pairs[2 * k + 1]


cdef inline void join_run(
    Py_ssize_t count, const number* real, const number* imaginary, number* pairs
) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(count):
        pairs[2 * k] = real[k]
        pairs[2 * k + 1] = imaginary[k]
