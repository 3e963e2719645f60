// 256 bits of the 32 registers of AVX-512: 24 hold sums, 4 columns, 1 a row. For processors that cut
// vectors of 512 bits in two.
#define VECTOR_BYTES 32
#define VECTOR_REGISTERS 32
#define VECTOR_COLUMNS 4
#define PANEL_ROWS 6
#include "isa/kernels.inl.h"

CONVCORE_KERNELS(avx512vl);
