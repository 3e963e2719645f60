"""What the kernels offer, as their headers declare it."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t
from libcpp cimport bool as cbool
from libcpp.string cimport string
from libcpp.vector cimport vector

cdef extern from "native/machine/copies.h" namespace "convcore" nogil:
    ctypedef struct Rows:
        void* data
        int64_t matrix_pitch, row_pitch
    ctypedef struct Extents:
        int64_t matrices, rows, columns
    ctypedef void (*Convert)(const void*, int64_t, void*) noexcept nogil
    ctypedef struct Copies:
        void (*transpose)(int, int, Extents, Rows, Rows) noexcept nogil
        void (*split)(int, int, Extents, Rows, Rows, Rows) noexcept nogil
        void (*join)(int, int, Extents, Rows, Rows, Rows) noexcept nogil
        void (*add_bias)(int, cbool, int, Extents, Rows, const void*) noexcept nogil
        void (*convert)(int, Convert, Extents, int, int, cbool, Rows, Rows) noexcept nogil
    const Copies& copies()

cdef extern from "native/machine/borders.h" namespace "convcore" nogil:
    ctypedef struct Sources:
        const int64_t* rows
        const int64_t* columns
    ctypedef struct Borders:
        void (*extend)(int, int, Extents, Rows, Rows, Sources, const void*) noexcept nogil
        void (*fold)(int, cbool, int, Extents, Extents, Rows, Rows, Sources) noexcept nogil
    const Borders& borders()

cdef extern from "native/conversions/kernels.h" namespace "convcore::conversions" nogil:
    ctypedef struct Conversions "convcore::conversions::Table":
        Convert[6] widen
        Convert[2] narrow

cdef extern from "native/depthwise_last/kernels.h" namespace "convcore::depthwise_last" nogil:
    ctypedef struct LastAxis "convcore::depthwise_last::Axis":
        int64_t target, source, taps, step, dilation, before
    ctypedef struct LastProblem "convcore::depthwise_last::Problem":
        int64_t batch, channels
        LastAxis rows, columns
    ctypedef struct LastFloats "convcore::depthwise_last::Routines<float>":
        int lanes
        void (*correlate)(const LastProblem&, const float*, const float*, float*,
                          int) noexcept nogil
        int64_t most_taps
        void (*weight_gradient)(const LastProblem&, const float*, const float*, float*,
                                int) noexcept nogil
    ctypedef struct LastDoubles "convcore::depthwise_last::Routines<double>":
        int lanes
        void (*correlate)(const LastProblem&, const double*, const double*, double*,
                          int) noexcept nogil
        int64_t most_taps
        void (*weight_gradient)(const LastProblem&, const double*, const double*, double*,
                                int) noexcept nogil
    ctypedef struct DepthwiseLast "convcore::depthwise_last::Table":
        LastFloats f32
        LastDoubles f64

cdef extern from "native/isa/isa.h" namespace "convcore" nogil:
    ctypedef struct Kernels:
        const char* name
        int vector_bytes
        const Conversions* conversions
        const DepthwiseLast* depthwise_last

cdef extern from "native/isa/select.h" namespace "convcore" nogil:
    ctypedef struct Available:
        const Kernels* kernels[4]
        int count
    const Available& available()
    const Kernels& active()
    const Kernels& active_narrow()
    const char* unknown_cap()

cdef extern from "native/machine/interruption.h" namespace "convcore" nogil:
    void ask_whether_to_stop(cbool (*question)() noexcept nogil)
    void begin_call()
    cbool was_interrupted()

cdef extern from "native/machine/parallel.inl.h" namespace "convcore" nogil:
    ctypedef void (*Team)(void (*)(void*) noexcept, void*, unsigned, unsigned) noexcept
    void use_team(Team)

# For what is compiled apart; what it does begins and ends with the first two.
cdef void begin_passes() noexcept
cdef int end_passes() except -1
cdef const Copies* shared_copies() noexcept
cdef const Borders* shared_borders() noexcept
cdef const Kernels* shared_kernels(str isa) except NULL

cdef extern from "native/problem/correlation.h" namespace "convcore" nogil:
    ctypedef struct Geometry:
        int64_t batch, in_channels, out_channels, groups
        int rank
        int64_t input[17]
        int64_t kernel[17]
        int64_t output[17]
        int64_t stride[17]
        int64_t dilation[17]
        int64_t before[17]

cdef extern from "native/plan/plan.h" namespace "convcore" nogil:
    ctypedef enum Operation:
        FORWARD
        GRAD_INPUT
        GRAD_WEIGHT
    ctypedef enum Algorithm:
        DIRECT
        TILEFFT
        WINOGRAD
    ctypedef struct Request:
        cbool integers
        int itemsize
        int threads
        size_t max_workspace
        cbool batch_invariant
    ctypedef enum Outcome:
        NO_MEMORY
        INTERRUPTED
        DONE
        ALL_FINITE
        NOT_FINITE
    cdef cppclass Plan:
        Plan(const Geometry&, Algorithm, const Kernels&, const Request&,
             const vector[string]&) except +
        bint fits(Operation) except +
        vector[string] variants(Operation) except +
        string name(Operation) except +
        Outcome run(Operation, const void*, const void*, void*) except +
        size_t workspace(Operation) except +
        string describe(Operation) except +
        double seconds(Operation) except +
        size_t prepared_bytes(Operation) except +
        Outcome prepare(Operation, const void*, void*, cbool*) except +
        Outcome run_prepared(Operation, const void*, const void*, void*) except +
