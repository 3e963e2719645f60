// SSE2 on x86-64, NEON on aarch64: what every processor has. 12 of 16 registers hold sums.
#define VECTOR_BYTES 16
#ifdef __aarch64__
#define VECTOR_REGISTERS 32
#else
#define VECTOR_REGISTERS 16
#endif
#define VECTOR_COLUMNS 2
#define PANEL_ROWS 6
#include "isa/kernels.inl.h"

CONVCORE_KERNELS(baseline);
