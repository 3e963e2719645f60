// The routines of this algorithm, compiled once for each instruction set.
#include "few_positions/routines.inl.h"
#include "simd/table.inl.h"

CONVCORE_TABLE(few_positions){convcore::few_positions::routines<float>,
                              convcore::few_positions::routines<double>};
