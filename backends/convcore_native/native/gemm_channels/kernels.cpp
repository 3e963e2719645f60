// The routines of this algorithm, compiled once for each instruction set.
#include "gemm_channels/routines.inl.h"
#include "simd/table.inl.h"

CONVCORE_TABLE(gemm_channels){convcore::gemm_channels::routines<float>,
                              convcore::gemm_channels::routines<double>};
