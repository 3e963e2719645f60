"""im2col and its adjoint col2im, one tile of columns at a time.

A column matrix has one row for each input channel and tap, and one column for each output
position. It holds the element of the input that the tap reads there, or zero in the padding.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

# Signed integers come in as unsigned ones: the same bits, and wrapping is defined.
ctypedef fused number:
    float
    double
    float complex
    double complex
    uint8_t
    uint16_t
    uint32_t
    uint64_t

cdef enum:
    MAX_RANK = 16  # of a convcore Geometry

cdef struct Axis:  # one row of the table that `axis_table` makes
    int64_t extent
    int64_t taps
    int64_t outputs
    int64_t stride
    int64_t dilation
    int64_t before
    int64_t input_pitch
    int64_t output_pitch

cdef struct Reach:  # what one tap does along one axis
    int64_t start  # position that output 0 reads, perhaps outside the input
    int64_t first  # outputs from `first` until `end` read inside it
    int64_t end

cdef struct Tap:
    int64_t rank
    int64_t flat  # from this axis on, a step between outputs is the same step in the input
    const Axis* axes
    Reach reach[MAX_RANK]


cdef void bind(Tap* tap, const int64_t[:, ::1] axes) noexcept nogil:
    """Fill in all but the reach."""
    cdef const Axis* axis
    tap.axes = <const Axis*> &axes[0, 0]
    tap.rank = tap.flat = axes.shape[0]
    while tap.flat > 0:
        axis = &tap.axes[tap.flat - 1]
        if axis.stride * axis.input_pitch != axis.output_pitch:
            break
        tap.flat -= 1


cdef int64_t outputs_before(const Axis* axis, int64_t distance) noexcept nogil:
    """Number of outputs o >= 0 with o * stride < distance."""
    return 0 if distance <= 0 else min((distance - 1) // axis.stride + 1, axis.outputs)


cdef void aim(Tap* tap, int64_t index) noexcept nogil:
    """Fill in the reach of the tap with this flat index along every axis."""
    cdef int64_t a
    cdef const Axis* axis
    cdef Reach* reach
    for a in range(tap.rank - 1, -1, -1):
        axis = &tap.axes[a]
        reach = &tap.reach[a]
        reach.start = index % axis.taps * axis.dilation - axis.before
        reach.first = outputs_before(axis, -reach.start)
        reach.end = outputs_before(axis, axis.extent - reach.start)
        index //= axis.taps


cdef inline void blank(
    number* column, int64_t begin, int64_t end, int64_t period, int64_t first, int64_t last
) noexcept nogil:
    """Zero those outputs of [begin, end) that lie in [first, last) of their period."""
    cdef int64_t start = begin // period * period, o
    while first < last and start < end:
        for o in range(max(begin, start + first), min(end, start + last)):
            column[o - begin] = 0
        start += period


cdef void copy_flat(
    const Tap* tap, int64_t a, const number* input, number* column, int64_t begin, int64_t end
) noexcept nogil:
    """Lower outputs that lie as their inputs do: copy them at once, then blank the padding.

    Between the first and the last output inside the input, those in the padding are copied from
    the neighbouring row, which is faster than a copy for each row.
    """
    cdef int64_t first = 0, last = 1, shift = 0, pitch, period, b
    cdef const Reach* reach
    for b in range(a, tap.rank):
        reach = &tap.reach[b]
        if reach.first >= reach.end:
            memset(column, 0, (end - begin) * sizeof(number))
            return
        pitch = tap.axes[b].output_pitch
        first += reach.first * pitch
        last += (reach.end - 1) * pitch
        shift += reach.start * tap.axes[b].input_pitch
    first, last = max(first, begin), min(last, end)
    if first < last:
        memcpy(column + first - begin, input + first + shift, (last - first) * sizeof(number))
    for b in range(a, tap.rank):
        pitch = tap.axes[b].output_pitch
        period = pitch * tap.axes[b].outputs
        blank(column, begin, end, period, 0, tap.reach[b].first * pitch)
        blank(column, begin, end, period, tap.reach[b].end * pitch, period)


cdef inline void copy_row(
    const number* input, int64_t step, number* column, int64_t zeros, int64_t count, int64_t more
) noexcept nogil:
    """Lower one row: `zeros` outputs in the padding, `count` inside the input, `more` beyond it."""
    cdef int64_t o
    if zeros:
        memset(column, 0, zeros * sizeof(number))
    column += zeros
    if step == 1:
        memcpy(column, input, count * sizeof(number))
    else:
        for o in range(count):
            column[o] = input[o * step]
    if more:
        memset(column + count, 0, more * sizeof(number))


cdef inline void add_row(
    number* input, int64_t step, const number* column, int64_t count
) noexcept nogil:
    """Add `count` outputs to the elements of the input that they read."""
    cdef int64_t o
    if step == 1:
        for o in range(count):
            input[o] = input[o] + column[o]
    else:
        for o in range(count):
            input[o * step] = input[o * step] + column[o]


cdef inline void do_row(
    bint adjoint, const Axis* axis, const Reach* reach, number* input, number* column,
    int64_t begin, int64_t end,
) noexcept nogil:
    """Lower, or add back, outputs [begin, end) along the last axis."""
    cdef int64_t first = min(max(begin, reach.first), end), last = min(end, reach.end)
    cdef int64_t step = axis.stride * axis.input_pitch
    if first < last:
        input += (first * axis.stride + reach.start) * axis.input_pitch
    else:
        last = first
    if adjoint:
        add_row(input, step, column + first - begin, last - first)
    else:
        copy_row(input, step, column, first - begin, last - first, end - last)


cdef void walk(
    bint adjoint, const Tap* tap, int64_t a, number* input, number* column,
    int64_t begin, int64_t end,
) noexcept nogil:
    """Lower, or add back, the flat range [begin, end) of outputs along axis `a` and those after it.

    Each call does one axis and leaves the others to the next one, so that the rank is data.
    """
    cdef const Axis* axis = &tap.axes[a]
    cdef int64_t o, stop, position
    if a == tap.rank - 1:
        do_row(adjoint, axis, &tap.reach[a], input, column, begin, end)
        return
    if a >= tap.flat and not adjoint:
        copy_flat(tap, a, input, column, begin, end)
        return
    for o in range(begin // axis.output_pitch, (end - 1) // axis.output_pitch + 1):
        stop = min(end, (o + 1) * axis.output_pitch)
        if tap.reach[a].first <= o < tap.reach[a].end:
            position = o * axis.stride + tap.reach[a].start
            walk(
                adjoint, tap, a + 1, input + position * axis.input_pitch, column,
                begin - o * axis.output_pitch, stop - o * axis.output_pitch,
            )
        elif not adjoint:
            memset(column, 0, (stop - begin) * sizeof(number))
        column += stop - begin
        begin = stop


cdef void lower(
    bint adjoint, const number[:, :, :] input, const number[:, :, :] columns,
    const int64_t[:, ::1] axes, int64_t begin, int64_t first_tap,
) noexcept nogil:
    """Walk every sample, channel and tap of a tile."""
    cdef int64_t taps = columns.shape[1] // input.shape[1], end = begin + columns.shape[2]
    cdef int64_t n, c, t
    cdef Tap tap
    bind(&tap, axes)
    for c in range(input.shape[1]):
        for t in range(taps):
            aim(&tap, first_tap + t)
            for n in range(columns.shape[0]):
                walk(
                    adjoint, &tap, 0, <number*> &input[n, c, 0],
                    <number*> &columns[n, c * taps + t, 0], begin, end,
                )


def im2col(
    const number[:, :, :] input, number[:, :, :] columns, const int64_t[:, ::1] axes,
    int64_t begin, int64_t first_tap,
):
    """Overwrite `columns` with a tile of the column matrices of `input`."""
    with nogil:
        lower(False, input, columns, axes, begin, first_tap)


def col2im(
    number[:, :, :] input, const number[:, :, :] columns, const int64_t[:, ::1] axes,
    int64_t begin, int64_t first_tap,
):
    """Add a tile of column matrices to the elements of `input` that they came from."""
    with nogil:
        lower(True, input, columns, axes, begin, first_tap)
