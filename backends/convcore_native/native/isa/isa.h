// All that is compiled for one instruction set: plain C types, no functions.
#pragma once
#include "conversions/kernels.h"
#include "depthwise_last/kernels.h"
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
    gemm_channels::Tables gemm_channels;
    gemm_positions::Tables gemm_positions;
    few_channels::Tables few_channels;
    few_positions::Tables few_positions;
    const conversions::Table* conversions;
    const depthwise_last::Table* depthwise_last;
    const tilefft::Table* tilefft;
    const winograd::Table* winograd;
};

}  // namespace convcore
