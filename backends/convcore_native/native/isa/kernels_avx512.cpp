// AVX-512: 24 of 32 registers hold sums, 4 columns, 1 a row; the addresses of 6 rows fit too.
#define VECTOR_BYTES 64
#define VECTOR_REGISTERS 32
#define VECTOR_COLUMNS 4
#define PANEL_ROWS 6
#include "isa/kernels.inl.h"

CONVCORE_KERNELS(avx512);
