// AVX2 with FMA: 12 of 16 registers hold sums, 2 columns, 1 row.
#define VECTOR_BYTES 32
#define VECTOR_REGISTERS 16
#define VECTOR_COLUMNS 2
#define PANEL_ROWS 6
#include "isa/kernels.inl.h"

CONVCORE_KERNELS(avx2);
