// AVX-512: 28 of 32 registers hold sums.
#define VECTOR_BYTES 64
#define VECTOR_COLUMNS 2
#define PANEL_ROWS 14
#include "kernels.inl.h"

CONVCORE_KERNELS(avx512);
