// `line_float` and `line_double` of lines.inl.h, for whichever vectors the processor has.
#pragma once
#include <stdint.h>

#ifdef _MSC_VER
#define restrict __restrict
#endif
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif
#ifdef __GNUC__
#define INLINE __attribute__((always_inline)) static inline
#else
#define INLINE static inline
#endif
#define BLOCK 256  // results that stay in the innermost cache while the taps go by

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

#define NUMBER float
#define NAMED(name) name##_float
#include "lines.inl.h"
#undef NUMBER
#undef NAMED
#define NUMBER double
#define NAMED(name) name##_double
#include "lines.inl.h"
#undef NUMBER
#undef NAMED
