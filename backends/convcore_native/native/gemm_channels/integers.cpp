// The routines of this algorithm for integers, compiled once for some instruction sets.
#include "gemm_channels/routines.inl.h"
#include "simd/table.inl.h"

CONVCORE_INTEGER_TABLE(gemm_channels){
    convcore::gemm_channels::routines<uint8_t>, convcore::gemm_channels::routines<uint16_t>,
    convcore::gemm_channels::routines<uint32_t>, convcore::gemm_channels::routines<uint64_t>};
