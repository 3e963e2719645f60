// The routines of this algorithm for integers, compiled once for some instruction sets.
#include "few_channels/routines.inl.h"
#include "simd/table.inl.h"

CONVCORE_INTEGER_TABLE(few_channels){
    convcore::few_channels::routines<uint8_t>, convcore::few_channels::routines<uint16_t>,
    convcore::few_channels::routines<uint32_t>, convcore::few_channels::routines<uint64_t>};
