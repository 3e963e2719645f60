// All that is compiled for one instruction set: plain C types, no functions.
#pragma once
#include "few_channels/kernels.h"
#include "few_positions/kernels.h"
#include "gemm_channels/kernels.h"
#include "gemm_positions/kernels.h"
#include "tilefft/kernels.h"
#include "winograd/kernels.h"

namespace convcore {

struct Kernels {
    const char* name;
    int vector_bytes;
    const gemm_channels::Table* gemm_channels;
    const gemm_positions::Table* gemm_positions;
    const few_channels::Table* few_channels;
    const few_positions::Table* few_positions;
    const tilefft::Table* tilefft;
    const winograd::Table* winograd;
};

}  // namespace convcore
