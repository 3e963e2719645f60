// Vectors of 64 bytes for any processor, which the compiler cuts to its own: so that the tests of
// a debug build reach the paths of AVX-512 everywhere.
#define VECTOR_BYTES 64
#define VECTOR_REGISTERS 32
#define VECTOR_COLUMNS 4
#define PANEL_ROWS 6
#include "isa/kernels.inl.h"

CONVCORE_KERNELS(wide);
