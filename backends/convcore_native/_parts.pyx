# distutils: language = c++
"""Passes over arrays (A, B, L), stacks of matrices whose rows are runs of memory.

They run in threads, without the GIL: copies that move elements or convert them, and the bias.
"""

cimport numpy as cnp

from libc.stdint cimport int64_t

from ._bridge cimport (
    Borders, Conversions, Convert, Copies, DepthwiseLast, Extents, LastAxis, LastProblem, Rows,
    Sources,
    begin_passes, end_passes, shared_borders, shared_copies, shared_kernels,
)

cdef extern from "numpy/ndarraytypes.h":
    enum:
        NPY_HALF

cnp.import_array()

cdef const Copies* _copies = shared_copies()
cdef const Borders* _borders = shared_borders()


def transpose(cnp.ndarray array, cnp.ndarray out, int threads):
    """Overwrite `out` (A, L, B) with `array` (A, B, L), whose items have 1 to 16 bytes."""
    cdef Extents extents = _extents(array)
    _check(_holds(array, array, extents) and _holds(out, array, _turned(extents)))
    cdef Rows source = _rows(array), target = _rows(out)
    cdef int size = cnp.PyArray_ITEMSIZE(array)
    begin_passes()
    with nogil:
        _copies.transpose(threads, size, extents, source, target)
    end_passes()


def split(cnp.ndarray pairs, cnp.ndarray real, cnp.ndarray imaginary, int threads):
    """Write the parts of complex numbers to two arrays of real ones."""
    cdef Extents extents = _extents(real)
    _check(_are_parts(pairs, real, imaginary, extents))
    cdef Rows source = _rows(pairs, 2), x = _rows(real), y = _rows(imaginary)
    cdef int size = cnp.PyArray_ITEMSIZE(real)
    begin_passes()
    with nogil:
        _copies.split(threads, size, extents, source, x, y)
    end_passes()


def join(cnp.ndarray real, cnp.ndarray imaginary, cnp.ndarray pairs, int threads):
    """The inverse of `split`."""
    cdef Extents extents = _extents(real)
    _check(_are_parts(pairs, real, imaginary, extents))
    cdef Rows x = _rows(real), y = _rows(imaginary), target = _rows(pairs, 2)
    cdef int size = cnp.PyArray_ITEMSIZE(real)
    begin_passes()
    with nogil:
        _copies.join(threads, size, extents, x, y, target)
    end_passes()


def add_bias(cnp.ndarray output, cnp.ndarray bias, int threads):
    """Add `bias` (K,) to `output` (N, K, *O); False if nothing is done, as it is not for these."""
    cdef char kind = output.descr.kind
    cdef int axis, size = cnp.PyArray_ITEMSIZE(output)
    cdef cnp.npy_intp* shape = cnp.PyArray_DIMS(output)
    cdef bint integers = kind == c"i" or kind == c"u"
    if not (integers or kind == c"f" and (size == 4 or size == 8)):
        return False
    if not (cnp.PyArray_ISCARRAY(output) and cnp.PyArray_ISCARRAY_RO(bias)):
        return False
    _check(cnp.PyArray_NDIM(output) > 1 and bias.descr.kind == kind
           and cnp.PyArray_ITEMSIZE(bias) == size and cnp.PyArray_SIZE(bias) == shape[1])
    cdef Extents extents = Extents(shape[0], shape[1], 1)
    for axis in range(2, cnp.PyArray_NDIM(output)):
        extents.columns *= shape[axis]
    cdef Rows target = Rows(cnp.PyArray_DATA(output), shape[1] * extents.columns, extents.columns)
    cdef const void* values = cnp.PyArray_DATA(bias)
    begin_passes()
    with nogil:
        _copies.add_bias(threads, integers, size, extents, target, values)
    end_passes()
    return True


def extend(cnp.ndarray array, cnp.ndarray out, int64_t[::1] rows, int64_t[::1] columns,
           cnp.ndarray value, int threads):
    """Overwrite `out` (A, R, M) with the rows and columns of `array` (A, B, L), or with `value`."""
    cdef int size = cnp.PyArray_ITEMSIZE(out)
    _check(_is_extended(out, array, rows, columns) and cnp.PyArray_ITEMSIZE(value) == size)
    cdef Extents extents = _extents(out)
    cdef Rows source = _rows(array), target = _rows(out)
    cdef const void* filled = cnp.PyArray_DATA(value)
    if not cnp.PyArray_SIZE(out):
        return
    cdef Sources sources = Sources(&rows[0], &columns[0])
    begin_passes()
    with nogil:
        _borders.extend(threads, size, extents, source, target, sources, filled)
    end_passes()


def fold(cnp.ndarray array, cnp.ndarray out, int64_t[::1] rows, int64_t[::1] columns, int threads):
    """The adjoint of `extend`, from `array` (A, R, M); False if it is not for this dtype."""
    cdef char kind = array.descr.kind
    cdef int size = cnp.PyArray_ITEMSIZE(array)
    cdef bint integers = kind == c"i" or kind == c"u"
    cdef Extents extended = _extents(array), own = _extents(out)
    cdef Rows source = _rows(array), target = _rows(out)
    if not (integers or kind == c"f" and (size == 4 or size == 8)):
        return False
    _check(_is_extended(array, out, rows, columns))
    if not (cnp.PyArray_SIZE(array) and cnp.PyArray_SIZE(out)):
        return False
    cdef Sources sources = Sources(&rows[0], &columns[0])
    begin_passes()
    with nogil:
        _borders.fold(threads, integers, size, extended, own, source, target, sources)
    end_passes()
    return True


# What is widened to float32, and the first two also narrowed, in the order of the kernels; among
# the types of NumPy and of extensions of it.
_KINDS = {NPY_HALF: 0, cnp.NPY_UBYTE: 2, cnp.NPY_BYTE: 3, cnp.NPY_USHORT: 4, cnp.NPY_SHORT: 5}
NARROWED = 2


def convert(cnp.ndarray array, cnp.ndarray out, int threads, str isa=None):
    """Overwrite `out` (A, B, L) with `array`; False if there is no kernel for their dtypes.

    The last axis of `array` is a run of memory, of `out` that or the one before.
    """
    cdef const Conversions* kernels = shared_kernels(isa).conversions
    cdef int given = _kind(array), wanted = _kind(out)
    cdef int size = cnp.PyArray_ITEMSIZE(array), out_size = cnp.PyArray_ITEMSIZE(out)
    cdef Extents extents = _extents(array), written = _extents(out)
    cdef bint transposed = cnp.PyArray_STRIDES(out)[2] != out_size and written.columns > 1
    cdef Rows source = _rows(array), target
    cdef Convert routine
    if given >= 0 and _is_float32(out):
        routine = kernels.widen[given]
    elif 0 <= wanted < NARROWED and _is_float32(array):
        routine = kernels.narrow[wanted]
    else:
        return False
    placed = out.transpose(0, 2, 1) if transposed else out
    _check(_holds(array, array, extents)
           and _holds(placed, placed, _turned(extents) if transposed else extents))
    target = _rows(placed)
    begin_passes()
    with nogil:
        _copies.convert(threads, routine, extents, size, out_size, transposed, source, target)
    end_passes()
    return True


def depthwise_last(cnp.ndarray source, cnp.ndarray weight, cnp.ndarray target, rows, columns,
                   int threads, str isa=None):
    """Depthwise correlation of arrays (N, H, W, C) with (R, S, C); False for fewer than a vector.

    `rows` and `columns` are step, dilation, and source positions before the first.
    """
    cdef const DepthwiseLast* kernels = shared_kernels(isa).depthwise_last
    cdef LastProblem problem = _last_problem(source, weight, target, rows, columns)
    cdef bint single = cnp.PyArray_ITEMSIZE(source) == 4
    cdef const void* x = cnp.PyArray_DATA(source)
    cdef const void* w = cnp.PyArray_DATA(weight)
    cdef void* y = cnp.PyArray_DATA(target)
    if problem.channels < (kernels.f32.lanes if single else kernels.f64.lanes):
        return False
    begin_passes()
    with nogil:
        if single:
            kernels.f32.correlate(problem, <const float*> x, <const float*> w, <float*> y, threads)
        else:
            kernels.f64.correlate(problem, <const double*> x, <const double*> w, <double*> y,
                                  threads)
    end_passes()
    return True


def depthwise_last_gradient(cnp.ndarray source, cnp.ndarray weight, cnp.ndarray target, rows,
                            columns, int threads, str isa=None):
    """Overwrite `weight` with its gradient, from that of `target`; False also for many taps."""
    cdef const DepthwiseLast* kernels = shared_kernels(isa).depthwise_last
    cdef LastProblem problem = _last_problem(source, weight, target, rows, columns)
    cdef bint single = cnp.PyArray_ITEMSIZE(source) == 4
    cdef const void* x = cnp.PyArray_DATA(source)
    cdef const void* y = cnp.PyArray_DATA(target)
    cdef void* w = cnp.PyArray_DATA(weight)
    if problem.channels < (kernels.f32.lanes if single else kernels.f64.lanes):
        return False
    if problem.rows.taps * problem.columns.taps > kernels.f32.most_taps:
        return False
    begin_passes()
    with nogil:
        if single:
            kernels.f32.weight_gradient(problem, <const float*> y, <const float*> x, <float*> w,
                                        threads)
        else:
            kernels.f64.weight_gradient(problem, <const double*> y, <const double*> x,
                                        <double*> w, threads)
    end_passes()
    return True


cdef LastProblem _last_problem(cnp.ndarray source, cnp.ndarray weight, cnp.ndarray target, rows,
                               columns):
    cdef cnp.npy_intp* extents = cnp.PyArray_DIMS(source)
    cdef cnp.npy_intp* wanted = cnp.PyArray_DIMS(target)
    cdef cnp.npy_intp* taps = cnp.PyArray_DIMS(weight)
    return LastProblem(
        extents[0], extents[3], LastAxis(wanted[1], extents[1], taps[0], rows[0], rows[1], rows[2]),
        LastAxis(wanted[2], extents[2], taps[1], columns[0], columns[1], columns[2]))


cdef int _check(bint fit) except -1:
    """Refuse arrays that a pass would read or write beyond."""
    if not fit:
        raise ValueError("arrays: must have the shapes, dtypes and strides that the method names")
    return 0


cdef bint _holds(cnp.ndarray array, cnp.ndarray items, Extents extents) noexcept:
    """Whether it is a stack of these extents with such items, its rows being runs of memory."""
    cdef cnp.npy_intp* shape = cnp.PyArray_DIMS(array)
    cdef cnp.npy_intp size = cnp.PyArray_ITEMSIZE(array)
    return (
        cnp.PyArray_NDIM(array) == 3 and size == cnp.PyArray_ITEMSIZE(items) and size <= 16
        and shape[0] == extents.matrices and shape[1] == extents.rows
        and shape[2] == extents.columns
        and (extents.columns < 2 or cnp.PyArray_STRIDES(array)[2] == size)
    )


cdef bint _are_parts(cnp.ndarray pairs, cnp.ndarray real, cnp.ndarray imaginary,
                     Extents extents) noexcept:
    """Whether complex numbers have the extents of two arrays of their parts."""
    cdef int size = cnp.PyArray_ITEMSIZE(real)
    return (
        (size == 4 or size == 8) and cnp.PyArray_ITEMSIZE(pairs) == 2 * size
        and _holds(real, real, extents) and _holds(imaginary, real, extents)
        and _holds(pairs, pairs, extents)
    )


cdef bint _is_extended(cnp.ndarray extended, cnp.ndarray own, const int64_t[::1] rows,
                       const int64_t[::1] columns) except -1:
    """Whether one array is another with rows and columns that copy what there is."""
    cdef Extents extents = _extents(extended), inner = _extents(own)
    return (
        inner.matrices == extents.matrices
        and rows.shape[0] == extents.rows and columns.shape[0] == extents.columns
        and _holds(extended, own, extents) and _holds(own, own, inner)
        and cnp.PyArray_IS_C_CONTIGUOUS(extended) and cnp.PyArray_IS_C_CONTIGUOUS(own)
        and _all_below(rows, inner.rows) and _all_below(columns, inner.columns)
    )


cdef bint _all_below(const int64_t[::1] positions, int64_t extent) noexcept:
    cdef Py_ssize_t i
    for i in range(positions.shape[0]):
        if positions[i] >= extent:
            return False
    return True


cdef Extents _turned(Extents extents) noexcept:
    return Extents(extents.matrices, extents.columns, extents.rows)


cdef bint _is_float32(cnp.ndarray array) noexcept:
    return cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT and cnp.PyArray_ISNOTSWAPPED(array)


cdef int _kind(cnp.ndarray array) except -2:
    """Number of a kernel, or -1."""
    cdef int number = cnp.PyArray_TYPE(array)
    if number not in _KINDS and array.dtype.kind == "V":
        _KINDS[number] = 1 if array.dtype.name == "bfloat16" else -1
    return _KINDS.get(number, -1) if cnp.PyArray_ISNOTSWAPPED(array) else -1


cdef Extents _extents(cnp.ndarray array) except *:
    _check(cnp.PyArray_NDIM(array) == 3)
    cdef cnp.npy_intp* shape = cnp.PyArray_DIMS(array)
    return Extents(shape[0], shape[1], shape[2])


cdef Rows _rows(cnp.ndarray array, int parts=1) noexcept:
    """Where the rows lie, counted in items, or in the parts that each has."""
    cdef cnp.npy_intp* strides = cnp.PyArray_STRIDES(array)
    cdef cnp.npy_intp size = cnp.PyArray_ITEMSIZE(array) // parts
    return Rows(cnp.PyArray_DATA(array), strides[0] // size, strides[1] // size)
