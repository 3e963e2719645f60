# distutils: language = c++
"""Passes over arrays (A, B, L), stacks of matrices whose rows are runs of memory.

They run in threads, without the GIL: copies that move elements in their rows, and the bias.
"""

cimport numpy as cnp

from ._bridge cimport Copies, Extents, Rows, shared_copies

cnp.import_array()

cdef const Copies* _copies = shared_copies()


def transpose(cnp.ndarray array, cnp.ndarray out, int threads):
    """Overwrite `out` (A, L, B) with `array` (A, B, L), whose items have 1 to 16 bytes."""
    cdef Extents extents = _extents(array)
    cdef Rows source = _rows(array), target = _rows(out)
    cdef int size = cnp.PyArray_ITEMSIZE(array)
    with nogil:
        _copies.transpose(threads, size, extents, source, target)


def split(cnp.ndarray pairs, cnp.ndarray real, cnp.ndarray imaginary, int threads):
    """Write the parts of complex numbers to two arrays of real ones."""
    cdef Extents extents = _extents(real)
    cdef Rows source = _rows(pairs, 2), x = _rows(real), y = _rows(imaginary)
    cdef int size = cnp.PyArray_ITEMSIZE(real)
    with nogil:
        _copies.split(threads, size, extents, source, x, y)


def join(cnp.ndarray real, cnp.ndarray imaginary, cnp.ndarray pairs, int threads):
    """The inverse of `split`."""
    cdef Extents extents = _extents(real)
    cdef Rows x = _rows(real), y = _rows(imaginary), target = _rows(pairs, 2)
    cdef int size = cnp.PyArray_ITEMSIZE(real)
    with nogil:
        _copies.join(threads, size, extents, x, y, target)


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
    cdef Extents extents = Extents(shape[0], shape[1], 1)
    for axis in range(2, cnp.PyArray_NDIM(output)):
        extents.columns *= shape[axis]
    cdef Rows target = Rows(cnp.PyArray_DATA(output), shape[1] * extents.columns, extents.columns)
    cdef const void* values = cnp.PyArray_DATA(bias)
    with nogil:
        _copies.add_bias(threads, integers, size, extents, target, values)
    return True


cdef Extents _extents(cnp.ndarray array) noexcept:
    cdef cnp.npy_intp* shape = cnp.PyArray_DIMS(array)
    return Extents(shape[0], shape[1], shape[2])


cdef Rows _rows(cnp.ndarray array, int parts=1) noexcept:
    """Where the rows lie, counted in items, or in the parts that each has."""
    cdef cnp.npy_intp* strides = cnp.PyArray_STRIDES(array)
    cdef cnp.npy_intp size = cnp.PyArray_ITEMSIZE(array) // parts
    return Rows(cnp.PyArray_DATA(array), strides[0] // size, strides[1] // size)
