"""The definition as nested loops; the package's docstring derives what they compute."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

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

cdef enum Operation:
    FORWARD
    GRAD_INPUT
    GRAD_WEIGHT

cdef struct Axis:  # one row of the table that `axis_table` makes
    int64_t extent
    int64_t taps
    int64_t outputs
    int64_t stride
    int64_t dilation
    int64_t before
    int64_t input_pitch
    int64_t weight_pitch
    int64_t output_pitch

cdef struct Channels:
    int64_t batch
    int64_t groups
    int64_t group_in_channels
    int64_t group_out_channels
    int64_t input_pitch  # elements of one channel of the input, |S|
    int64_t weight_pitch  # |R|
    int64_t output_pitch  # |O|

cdef struct Patience:
    int64_t left  # products until signals are looked at
    bint lost  # a signal's handler raised an exception

cdef enum:
    MAX_RANK = 16  # of a convcore Geometry
    PATIENCE = 1 << 26  # some 50 ms
    ROW = 16  # products that a row costs besides its own
    LONG_ROW = 1024  # what a row has at least after it was cut

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept


cdef bint signal_raised() noexcept with gil:
    """Run the handlers of signals; whether one raised an exception, which stays set."""
    return PyErr_CheckSignals() != 0


cdef bint lost(Patience* patience, int64_t products) noexcept nogil:
    """Whether to end now, before so many products."""
    patience.left -= products
    if patience.left < 0 and not patience.lost:
        patience.left = PATIENCE
        patience.lost = signal_raised()
    return patience.lost


cdef inline number product(number a, number b) noexcept nogil:
    if number is uint16_t:  # C would multiply as int, and 65535 * 65535 overflows that
        return <uint16_t> (<uint32_t> a * <uint32_t> b)
    else:
        return a * b


cdef inline int64_t outputs_before(const Axis* axis, int64_t distance) noexcept nogil:
    """Number of outputs o >= 0 with o * stride < distance."""
    if distance <= 0:
        return 0
    return distance if axis.stride == 1 else (distance - 1) // axis.stride + 1


cdef inline void add_row(
    Operation operation, int64_t count, int64_t stride, number* x, number* w, number* y
) noexcept nogil:
    """Add the products of one tap and `count` outputs along the last axis."""
    cdef int64_t o
    cdef number weight = w[0], total = 0
    if operation == FORWARD:
        for o in range(count):
            y[o] = y[o] + product(weight, x[o * stride])
    elif operation == GRAD_INPUT:
        for o in range(count):
            x[o * stride] = x[o * stride] + product(weight, y[o])
    else:
        for o in range(count):
            total = total + product(y[o], x[o * stride])
        w[0] = weight + total


cdef void add_products(
    Operation operation, const Axis* axis, int64_t rank, number* x, number* w, number* y
) noexcept nogil:
    """Add every product w[r] x[o stride + r dilation - before] y[o] of one pair of channels.

    Of the three factors, the operation leaves out the one that it adds to. Each call does one
    axis and leaves the others to the next one, so that the rank is data.
    """
    cdef int64_t tap, start, first, end, o
    for tap in range(axis.taps):
        start = tap * axis.dilation - axis.before  # where output 0 reads the input
        first = outputs_before(axis, -start)
        end = min(axis.outputs, outputs_before(axis, axis.extent - start))
        if first >= end:
            continue
        if rank == 1:
            add_row(
                operation, end - first, axis.stride, x + first * axis.stride + start, w + tap,
                y + first,
            )
            continue
        for o in range(first, end):
            add_products(
                operation, axis + 1, rank - 1,
                x + (o * axis.stride + start) * axis.input_pitch,
                w + tap * axis.weight_pitch,
                y + o * axis.output_pitch,
            )


cdef void add_pair(
    Operation operation, Patience* patience, const Channels* of, const Axis* axes, int64_t rank,
    number* x, number* w, number* y,
) noexcept nogil:
    """Add the products of one pair of channels, some outputs of the first axis at a time."""
    cdef int64_t inner = axes.output_pitch + ROW if rank > 1 else 1
    cdef int64_t products = of.weight_pitch * inner  # of one output
    cdef int64_t most = max(PATIENCE // products, 1 if rank > 1 else LONG_ROW), begin = 0
    cdef Axis[MAX_RANK] part
    if axes.outputs <= most:
        if not lost(patience, axes.outputs * products):
            add_products(operation, axes, rank, x, w, y)
        return
    memcpy(&part[0], axes, rank * sizeof(Axis))
    while begin < axes.outputs and not lost(patience, most * products):
        part[0].outputs = min(most, axes.outputs - begin)
        part[0].before = axes.before - begin * axes.stride
        add_products(operation, &part[0], rank, x, w, y + begin * axes.output_pitch)
        begin += most


cdef void add_channels(
    Operation operation, Patience* patience, const Channels* of, const Axis* axes, int64_t rank,
    number* x, number* w, number* y,
) noexcept nogil:
    """Add the products of every sample and every pair of channels that share a group."""
    cdef int64_t inputs = of.group_in_channels, outputs = of.group_out_channels
    cdef int64_t n, g, k, c, in_channel, out_channel
    for n in range(of.batch):
        for g in range(of.groups):
            for k in range(outputs):
                out_channel = g * outputs + k
                for c in range(inputs):
                    in_channel = g * inputs + c
                    add_pair(
                        operation, patience, of, axes, rank,
                        x + (n * of.groups * inputs + in_channel) * of.input_pitch,
                        w + (out_channel * inputs + c) * of.weight_pitch,
                        y + (n * of.groups * outputs + out_channel) * of.output_pitch,
                    )
                    if patience.lost:
                        return


cdef int convolve(
    Operation operation, const int64_t[::1] channels, const int64_t[:, ::1] axes,
    number* x, number* w, number* y,
) except -1:
    """-1 where a signal's handler raised an exception."""
    cdef Patience patience = Patience(PATIENCE, False)
    with nogil:
        add_channels(
            operation, &patience, <const Channels*> &channels[0], <const Axis*> &axes[0, 0],
            axes.shape[0], x, w, y,
        )
    return -1 if patience.lost else 0


def forward(
    const number[::1] input, const number[::1] weight, number[::1] output,
    const int64_t[::1] channels, const int64_t[:, ::1] axes,
):
    """Add the convolution of `input` with `weight` to `output`."""
    convolve(
        FORWARD, channels, axes, <number*> &input[0], <number*> &weight[0], &output[0]
    )


def grad_input(
    const number[::1] grad_output, const number[::1] weight, number[::1] grad_input,
    const int64_t[::1] channels, const int64_t[:, ::1] axes,
):
    """Add the gradient with respect to the input to `grad_input`."""
    convolve(
        GRAD_INPUT, channels, axes, &grad_input[0], <number*> &weight[0],
        <number*> &grad_output[0],
    )


def grad_weight(
    const number[::1] grad_output, const number[::1] input, number[::1] grad_weight,
    const int64_t[::1] channels, const int64_t[:, ::1] axes,
):
    """Add the gradient with respect to the weight to `grad_weight`."""
    convolve(
        GRAD_WEIGHT, channels, axes, <number*> &input[0], &grad_weight[0],
        <number*> &grad_output[0],
    )
