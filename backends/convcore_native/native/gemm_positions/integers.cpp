// The routines of this algorithm for integers, compiled once for some instruction sets.
#include "gemm_positions/routines.inl.h"
#include "simd/table.inl.h"

CONVCORE_INTEGER_TABLE(gemm_positions){
    convcore::gemm_positions::routines<uint8_t>, convcore::gemm_positions::routines<uint16_t>,
    convcore::gemm_positions::routines<uint32_t>, convcore::gemm_positions::routines<uint64_t>};
