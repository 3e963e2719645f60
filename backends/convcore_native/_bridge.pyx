# distutils: language = c++
"""From NumPy arrays to the kernels: pointers, the GIL, and nothing else."""

import os
import threading

from libc.stddef cimport size_t
from libc.string cimport memcmp
from libcpp cimport bool as cbool
from libcpp.memory cimport unique_ptr
from libcpp.string cimport string
from libcpp.vector cimport vector

cimport numpy as cnp

from convcore.plugin import OPERATIONS

cnp.import_array()

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept
    unsigned long PyThread_get_thread_ident() noexcept nogil

ALGORITHMS = {"direct": DIRECT, "tilefft": TILEFFT, "winograd": WINOGRAD}


# Which thread runs the handlers of signals.
cdef unsigned long _main_thread


def _find_main_thread():
    """Keep its number; a child of a fork has the thread that forked."""
    global _main_thread
    _main_thread = threading.main_thread().ident


cdef cbool _signal_raised() noexcept with gil:
    """Run the handlers of signals; whether one raised an exception, which stays set."""
    return PyErr_CheckSignals() != 0


cdef cbool _to_stop() noexcept nogil:
    """Whether a call of this thread is to end now, with the exception that is set."""
    return PyThread_get_thread_ident() == _main_thread and _signal_raised()


_find_main_thread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_find_main_thread)
ask_whether_to_stop(_to_stop)


def share_loops_in(size_t team):
    use_team(<Team> team)


cdef void begin_passes() noexcept:
    begin_call()


cdef int end_passes() except -1:
    return -1 if was_interrupted() else 0  # there is an exception: that of a signal's handler


cdef const Copies* shared_copies() noexcept:
    return &copies()


cdef const Borders* shared_borders() noexcept:
    return &borders()


def available_isas():
    """Instruction sets that this processor can run, best first."""
    cdef int i
    return [available().kernels[i].name.decode() for i in range(available().count)]


def active_isa():
    """The instruction set in use: the best one, or what CONVCORE_MAX_ISA allows."""
    return active().name.decode()


def unknown_isa():
    """The value of CONVCORE_MAX_ISA if it names no instruction set, else None."""
    return None if unknown_cap() == NULL else unknown_cap().decode()


cdef const Kernels* _kernels(str isa, str algorithm) except NULL:
    cdef int i
    if isa is None:
        return &active_narrow() if algorithm == "direct" else &active()
    for i in range(available().count):
        if available().kernels[i].name == isa.encode():
            return available().kernels[i]
    raise ValueError(f"isa: must be one of {', '.join(available_isas())}; got {isa!r}")


cdef const Kernels* shared_kernels(str isa) except NULL:
    return _kernels(isa, "")


# Operands and result of each operation, as places in (input, weight, output).
cdef int[3][3] PLACES = [[0, 1, 2], [2, 1, 0], [2, 0, 1]]


cdef class NativePlan:
    """One problem bound to one algorithm: `run` carries out an operation."""

    cdef unique_ptr[Plan] _plan
    cdef int _axes
    cdef object _dtype
    cdef char _kind
    cdef int _itemsize
    cdef bint _empty
    cdef cnp.npy_intp[3][18] _shapes

    def __cinit__(self, geometry, str algorithm, cnp.dtype dtype, int threads, size_t max_workspace,
                  bint batch_invariant=False, str isa=None, variants=None):
        cdef Request request
        cdef vector[string] wanted
        cdef int place, axis
        cdef const Kernels* kernels = _kernels(isa, algorithm)
        request.integers = dtype.kind != c"f"
        request.itemsize = dtype.itemsize
        request.threads = threads
        request.max_workspace = max_workspace
        request.batch_invariant = batch_invariant
        for operation in OPERATIONS:
            wanted.push_back(variants.get(operation, "").encode() if variants else b"")
        self._plan.reset(new Plan(_problem(geometry), ALGORITHMS[algorithm], kernels[0], request,
                                  wanted))
        self._axes = geometry.spatial_rank + 2
        self._dtype = dtype
        self._kind = dtype.kind
        self._itemsize = dtype.itemsize
        self._empty = geometry.degenerate
        cdef tuple shape
        shapes = geometry.input_shape, geometry.weight_shape, geometry.output_shape
        for place in range(3):
            shape = shapes[place]
            for axis in range(self._axes):
                self._shapes[place][axis] = shape[axis]

    def run(self, int operation, first, second, result):
        """Carry out operation 0 forward, 1 grad_input or 2 grad_weight, overwriting `result`.

        The weight may be what `prepare` made of it for the operation. Returns whether the result
        is finite, or None where the algorithm need not know.
        """
        cdef bint prepared = isinstance(second, TransformedWeight)
        if prepared:
            second = second.values
        if result is None or not self._takes(operation, first, second, result, prepared):
            raise ValueError("arrays: must be those of this plan, contiguous and apart")
        cdef Outcome outcome = self._carry_out(operation, first, second, result, prepared)
        return None if outcome == DONE else outcome == ALL_FINITE

    def fits(self, int operation):
        """Whether it can be carried out as wanted; what is asked about another is a ValueError."""
        return self._empty or self._plan.get().fits(<Operation>operation)

    def variants(self, int operation):
        """Names of the ways to carry it out, that which would be chosen first."""
        if self._empty:
            return ()
        return tuple([name.decode() for name in self._plan.get().variants(<Operation>operation)])

    def name(self, int operation):
        """Which of them is taken."""
        if self._empty:
            return ""
        return self._plan.get().name(<Operation>operation).decode()

    def workspace_bytes(self, int operation):
        """Workspace of one call, in bytes."""
        if self._empty:
            return 0
        return self._plan.get().workspace(<Operation>operation)

    def describe(self, int operation):
        """Kernel class and block sizes."""
        if self._empty:
            return "nothing to compute"
        return self._plan.get().describe(<Operation>operation).decode()

    def seconds(self, int operation):
        """Expected seconds of one call."""
        if self._empty:
            return 0.0
        return self._plan.get().seconds(<Operation>operation)

    def prepare(self, int operation, weight):
        """A weight for `run` of operation 0 or 1; None where that would gain nothing."""
        cdef cnp.npy_intp count = 0
        cdef cbool usable = False
        if not self._empty:
            count = self._plan.get().prepared_bytes(<Operation>operation)
        if count == 0 or not self._fits(weight, 1):
            return None
        prepared = cnp.PyArray_EMPTY(1, &count, cnp.NPY_BYTE, 0)
        self._checked(operation, self._plan.get().prepare(
            <Operation>operation, cnp.PyArray_DATA(weight), cnp.PyArray_DATA(prepared), &usable))
        return TransformedWeight(prepared) if usable else None

    cdef bint _fits(self, object array, int place) noexcept:
        """Whether the kernels can read `array`: an exact ndarray, contiguous, aligned, native."""
        if not cnp.PyArray_CheckExact(array):
            return False
        cdef cnp.ndarray checked = <cnp.ndarray>array
        return (
            checked.descr.kind == self._kind
            and cnp.PyArray_ITEMSIZE(checked) == self._itemsize
            and cnp.PyArray_NDIM(checked) == self._axes
            and cnp.PyArray_ISCARRAY_RO(checked)
            and memcmp(cnp.PyArray_DIMS(checked), self._shapes[place],
                       self._axes * sizeof(cnp.npy_intp)) == 0
        )

    cdef bint _fits_prepared(self, object values, int operation):
        """Whether `values` can be what `prepare` made for the operation."""
        cdef cnp.npy_intp count = self._plan.get().prepared_bytes(<Operation>operation)
        return (
            count > 0
            and cnp.PyArray_CheckExact(values)
            and cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>values)
            and cnp.PyArray_NBYTES(<cnp.ndarray>values) == count
        )

    cdef bint _takes(self, int operation, object first, object second, object result,
                     bint prepared=False):
        """Whether the three arrays are just what the kernels take."""
        cdef int* places = PLACES[operation]
        return (
            not self._empty
            and self._fits(first, places[0])
            and (self._fits_prepared(second, operation) if prepared
                 else self._fits(second, places[1]))
            and (result is None or (
                self._fits(result, places[2])
                and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>result)
                and _apart(<cnp.ndarray>result, <cnp.ndarray>first)
                and _apart(<cnp.ndarray>result, <cnp.ndarray>second)
            ))
        )

    cdef object _new(self, int operation):
        """An array for the result."""
        return cnp.PyArray_EMPTY(self._axes, self._shapes[PLACES[operation][2]],
                                 self._dtype.num, 0)

    cdef Outcome _carry_out(self, int operation, cnp.ndarray first, cnp.ndarray second,
                            cnp.ndarray result, bint prepared=False) except NO_MEMORY:
        cdef const void* one = cnp.PyArray_DATA(first)
        cdef const void* other = cnp.PyArray_DATA(second)
        cdef void* to = cnp.PyArray_DATA(result)
        cdef Outcome outcome
        with nogil:
            if prepared:
                outcome = self._plan.get().run_prepared(<Operation>operation, one, other, to)
            else:
                outcome = self._plan.get().run(<Operation>operation, one, other, to)
        return self._checked(operation, outcome)

    cdef Outcome _checked(self, int operation, Outcome outcome) except NO_MEMORY:
        """The outcome of what was carried out; else there is an exception."""
        if outcome == NO_MEMORY:
            raise MemoryError(f"no memory for {self.workspace_bytes(operation)} bytes of workspace")
        if outcome == INTERRUPTED:
            return NO_MEMORY  # says that there is one: that of a signal's handler
        return outcome


cdef bint _apart(cnp.ndarray result, cnp.ndarray operand) noexcept:
    """Whether two contiguous arrays share no byte."""
    cdef char* one = cnp.PyArray_BYTES(result)
    cdef char* other = cnp.PyArray_BYTES(operand)
    return one + cnp.PyArray_NBYTES(result) <= other or other + cnp.PyArray_NBYTES(operand) <= one


cdef Geometry _problem(geometry):
    """The integers of a geometry in C."""
    cdef Geometry problem
    cdef int axis
    problem.batch = geometry.batch
    problem.in_channels = geometry.in_channels
    problem.out_channels = geometry.out_channels
    problem.groups = geometry.groups
    cdef tuple inputs = geometry.input_extents, kernel = geometry.kernel_extents
    cdef tuple outputs = geometry.output_extents, strides = geometry.stride
    cdef tuple dilations = geometry.dilation, padding = geometry.padding
    problem.rank = <int>len(inputs)
    for axis in range(problem.rank):
        problem.input[axis] = inputs[axis]
        problem.kernel[axis] = kernel[axis]
        problem.output[axis] = outputs[axis]
        # No step is taken to a single position, however long it is.
        problem.stride[axis] = strides[axis] if problem.output[axis] > 1 else 1
        problem.dilation[axis] = dilations[axis]
        problem.before[axis] = padding[axis][0]
    return problem


class TransformedWeight:
    """What a plan makes of a weight that is used often: bytes that it alone understands."""

    def __init__(self, values):
        self.values = values


def at_once(NativePlan native, int operation, method, own, first, second, out, bint mended):
    """The result, where `method` is `own` and the kernels take the arrays as they are; else None.

    `own` is what `NativeConvolution` does once arrays are checked: a subclass may replace it. None
    too for a result that the host has to mend, if it does so: it computes that again.
    """
    if getattr(method, "__func__", None) is not own:
        return None
    if not native._takes(operation, first, second, out):
        return None
    if out is None:
        out = native._new(operation)
    cdef Outcome outcome = native._carry_out(operation, first, second, out)
    return None if mended and outcome != ALL_FINITE else out
