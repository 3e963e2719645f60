// The routines of this algorithm for integers, compiled once for some instruction sets.
#include "few_positions/routines.inl.h"
#include "simd/table.inl.h"

CONVCORE_INTEGER_TABLE(few_positions){
    convcore::few_positions::routines<uint8_t>, convcore::few_positions::routines<uint16_t>,
    convcore::few_positions::routines<uint32_t>, convcore::few_positions::routines<uint64_t>};
