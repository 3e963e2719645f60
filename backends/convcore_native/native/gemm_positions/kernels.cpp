// The routines of this algorithm, compiled once for each instruction set.
#include "gemm_positions/routines.inl.h"
#include "simd/table.inl.h"

CONVCORE_TABLE(gemm_positions){convcore::gemm_positions::routines<float>,
                               convcore::gemm_positions::routines<double>};
