// The routines of this algorithm, compiled once for each instruction set.
#include "few_channels/routines.inl.h"
#include "simd/table.inl.h"

CONVCORE_TABLE(few_channels){convcore::few_channels::routines<float>,
                             convcore::few_channels::routines<double>};
