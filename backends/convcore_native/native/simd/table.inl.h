// The one symbol of an object file: convcore_<algorithm>_<instruction set>, or
// convcore_<algorithm>_integers_<instruction set>.
//
// All that an object file has besides has internal linkage: it is compiled with the flags of one
// instruction set, and nothing of it may be merged with a copy compiled with others. For the same
// reason its sources include plain headers only: what a standard header defines inline could
// replace the copy that all processors run.
#pragma once

#define CONVCORE_JOINED(algorithm, isa) convcore_##algorithm##_##isa
#define CONVCORE_SYMBOL(algorithm, isa) CONVCORE_JOINED(algorithm, isa)
#define CONVCORE_TABLE(algorithm)                                                         \
    extern "C" const convcore::algorithm::Table CONVCORE_SYMBOL(algorithm, CONVCORE_ISA); \
    const convcore::algorithm::Table CONVCORE_SYMBOL(algorithm, CONVCORE_ISA)

#define CONVCORE_INTEGERS(algorithm, isa) CONVCORE_JOINED(algorithm##_integers, isa)
#define CONVCORE_INTEGER_TABLE(algorithm)                                                          \
    extern "C" const convcore::algorithm::IntegerTable CONVCORE_INTEGERS(algorithm, CONVCORE_ISA); \
    const convcore::algorithm::IntegerTable CONVCORE_INTEGERS(algorithm, CONVCORE_ISA)
