# distutils: language = c++
"""From NumPy arrays to the kernels: pointers, the GIL, and nothing else."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t
from libcpp.memory cimport unique_ptr
from libcpp.string cimport string

cimport numpy as cnp

cnp.import_array()

cdef extern from "native/interface.h" namespace "convcore" nogil:
    ctypedef struct Kernels:
        const char* name
        int vector_bytes

cdef extern from "native/select.h" namespace "convcore" nogil:
    ctypedef struct Available:
        const Kernels* kernels[4]
        int count
    const Available& available()
    const Kernels& active()
    const char* unknown_cap()

cdef extern from "native/geometry.h" namespace "convcore" nogil:
    ctypedef struct Geometry:
        int64_t batch, in_channels, out_channels, groups
        int rank
        int64_t input[17]
        int64_t kernel[17]
        int64_t output[17]
        int64_t stride[17]
        int64_t dilation[17]
        int64_t before[17]

cdef extern from "native/plan.h" namespace "convcore" nogil:
    ctypedef enum Operation:
        FORWARD
        GRAD_INPUT
        GRAD_WEIGHT
    ctypedef enum Algorithm:
        DIRECT
    ctypedef struct Request:
        const Kernels* kernels
        int itemsize
        int threads
        size_t max_workspace
    cdef cppclass Plan:
        Plan(const Geometry&, Algorithm, const Request&) except +
        bint run(Operation, const void*, const void*, void*) except +
        size_t workspace(Operation) except +
        string describe(Operation) except +
        double seconds(Operation) except +


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


cdef const Kernels* _kernels(str isa) except NULL:
    cdef int i
    if isa is None:
        return &active()
    for i in range(available().count):
        if available().kernels[i].name == isa.encode():
            return available().kernels[i]
    raise ValueError(f"isa: must be one of {', '.join(available_isas())}; got {isa!r}")


cdef class NativePlan:
    """One problem bound to one algorithm: `run` carries out an operation."""

    cdef unique_ptr[Plan] _plan

    def __cinit__(self, geometry, str algorithm, int itemsize, int threads, size_t max_workspace,
                  str isa=None):
        cdef Geometry problem
        cdef Request request
        cdef int axis
        problem.batch = geometry.batch
        problem.in_channels = geometry.in_channels
        problem.out_channels = geometry.out_channels
        problem.groups = geometry.groups
        problem.rank = geometry.spatial_rank
        for axis in range(problem.rank):
            problem.input[axis] = geometry.input_extents[axis]
            problem.kernel[axis] = geometry.kernel_extents[axis]
            problem.output[axis] = geometry.output_extents[axis]
            problem.stride[axis] = geometry.stride[axis]
            problem.dilation[axis] = geometry.dilation[axis]
            problem.before[axis] = geometry.padding[axis][0]
        request.kernels = _kernels(isa)
        request.itemsize = itemsize
        request.threads = threads
        request.max_workspace = max_workspace
        self._plan.reset(new Plan(problem, {"direct": DIRECT}[algorithm], request))

    def run(self, int operation, cnp.ndarray first, cnp.ndarray second, cnp.ndarray result):
        """Carry out operation 0 forward, 1 grad_input or 2 grad_weight, overwriting `result`."""
        cdef const void* one = cnp.PyArray_DATA(first)
        cdef const void* other = cnp.PyArray_DATA(second)
        cdef void* to = cnp.PyArray_DATA(result)
        cdef bint done
        with nogil:
            done = self._plan.get().run(<Operation>operation, one, other, to)
        if not done:
            raise MemoryError(f"no memory for {self.workspace_bytes(operation)} bytes of workspace")

    def workspace_bytes(self, int operation):
        """Scratch memory of one call, in bytes."""
        return self._plan.get().workspace(<Operation>operation)

    def describe(self, int operation):
        """Kernel class and block sizes."""
        return self._plan.get().describe(<Operation>operation).decode()

    def seconds(self, int operation):
        """Expected seconds of one call."""
        return self._plan.get().seconds(<Operation>operation)
