// The tables of all algorithms for one instruction set, which the build includes first.
#include "isa/isa.h"
#include "simd/table.inl.h"

#define CONVCORE_DECLARED(algorithm) \
    extern "C" const convcore::algorithm::Table CONVCORE_SYMBOL(algorithm, CONVCORE_ISA)
#define CONVCORE_INTEGERS_DECLARED(algorithm)                                       \
    extern "C" const convcore::algorithm::IntegerTable CONVCORE_INTEGERS(algorithm, \
                                                                         CONVCORE_INTEGER_ISA)
CONVCORE_DECLARED(conversions);
CONVCORE_DECLARED(depthwise_last);
CONVCORE_DECLARED(gemm_channels);
CONVCORE_DECLARED(gemm_positions);
CONVCORE_DECLARED(few_channels);
CONVCORE_DECLARED(few_positions);
CONVCORE_DECLARED(tilefft);
CONVCORE_DECLARED(winograd);
CONVCORE_INTEGERS_DECLARED(gemm_channels);
CONVCORE_INTEGERS_DECLARED(gemm_positions);
CONVCORE_INTEGERS_DECLARED(few_channels);
CONVCORE_INTEGERS_DECLARED(few_positions);

#define CONVCORE_NAMED(isa) #isa
#define CONVCORE_NAME(isa) CONVCORE_NAMED(isa)
#define CONVCORE_TABLES(algorithm) \
    {&CONVCORE_SYMBOL(algorithm, CONVCORE_ISA), &CONVCORE_INTEGERS(algorithm, CONVCORE_INTEGER_ISA)}
#define CONVCORE_KERNELS CONVCORE_SYMBOL(kernels, CONVCORE_ISA)

extern "C" const convcore::Kernels CONVCORE_KERNELS;
const convcore::Kernels CONVCORE_KERNELS{
    CONVCORE_NAME(CONVCORE_ISA),
    VECTOR_BYTES,
    CONVCORE_TABLES(gemm_channels),
    CONVCORE_TABLES(gemm_positions),
    CONVCORE_TABLES(few_channels),
    CONVCORE_TABLES(few_positions),
    &CONVCORE_SYMBOL(conversions, CONVCORE_ISA),
    &CONVCORE_SYMBOL(depthwise_last, CONVCORE_ISA),
    &CONVCORE_SYMBOL(tilefft, CONVCORE_ISA),
    &CONVCORE_SYMBOL(winograd, CONVCORE_ISA),
};
