"""Lines of results, for every channel of every sample; `lines.inl.h` says in which order."""

from libc.stdint cimport int64_t

cdef extern from "lines.h" nogil:
    void line_float(
        const float* x, const float* w, float* y,
        int64_t count, int64_t pitch, int64_t taps, int sign,
    ) noexcept
    void line_double(
        const double* x, const double* w, double* y,
        int64_t count, int64_t pitch, int64_t taps, int sign,
    ) noexcept

ctypedef fused number:
    float
    double


cdef int parity(const number* w, int64_t taps) noexcept nogil:
    """1 where an odd number of taps is even about its middle, -1 where it is odd, else 0."""
    cdef int64_t r, half = taps // 2
    cdef bint even = taps % 2 == 1, odd = taps % 2 == 1
    for r in range(half):
        even = even and w[r] == w[taps - 1 - r]
        odd = odd and w[r] == -w[taps - 1 - r]
    return 1 if even else -1 if odd else 0


def forward(
    const number[:, :, :, ::1] input, const number[:, ::1] weight, number[:, :, :, :, ::1] output,
):
    """Filter `input` (N, C, before, after) by `weight` (C K, R), giving (N, C, K, before, after).

    The axis that is filtered is the first of those behind `before`, all of which are one here.
    """
    cdef int64_t n, c, k, r, filters = output.shape[2]
    cdef int64_t taps = weight.shape[1], count = output.shape[4]
    cdef int64_t pitch = 0 if taps == 1 else (input.shape[3] - count) // (taps - 1)
    cdef const number* w
    cdef int sign
    with nogil:
        for c in range(input.shape[1]):
            for k in range(filters):
                w = &weight[c * filters + k, 0]
                sign = parity(w, taps)
                for n in range(input.shape[0]):
                    for r in range(input.shape[2]):
                        if number is float:
                            line_float(&input[n, c, r, 0], w, &output[n, c, k, r, 0],
                                       count, pitch, taps, sign)
                        else:
                            line_double(&input[n, c, r, 0], w, &output[n, c, k, r, 0],
                                        count, pitch, taps, sign)
