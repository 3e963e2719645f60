// A convolution problem, and the correlations that its operations are made of.
#pragma once
#include <vector>

#include "problem/axis.h"

namespace convcore {

enum Operation { FORWARD, GRAD_INPUT, GRAD_WEIGHT };

struct Geometry {
    index_t batch, in_channels, out_channels, groups;
    int rank;
    index_t input[MAX_AXES], kernel[MAX_AXES], output[MAX_AXES];
    index_t stride[MAX_AXES], dilation[MAX_AXES], before[MAX_AXES];

    index_t taps() const;
    index_t input_positions() const;  // of one channel
    index_t output_positions() const;
    // Multiplications and additions of any operation, taps in the padding included.
    double flop() const;
};

// Whether each target position of an axis reads the source position of the same number.
bool plain(const Axis& axis, index_t shift);

// A correlation with the memory that its axes point into.
class OwnedCorrelation {
  public:
    explicit OwnedCorrelation(bool merges = true) : merges_(merges) {}
    OwnedCorrelation(OwnedCorrelation&&) = default;  // a copy would point into what it copied

    Correlation problem{};
    // Appends an axis; those with nothing to do for themselves are merged into their neighbour,
    // if wanted.
    void add_axis(const Axis& axis, const std::vector<index_t>& shift,
                  const std::vector<index_t>& weight_offset);
    // Points the axes at their tables: last, since the tables move while they grow.
    void finish();

    index_t positions() const;
    index_t taps() const;
    index_t depth() const { return problem.source_channels * taps(); }
    // Whether some tap of some position reads outside the source.
    bool padded() const;
    // The share of what the taps read that is not padding.
    double inside() const;

  private:
    bool merges_;
    std::vector<std::vector<index_t>> shifts_, offsets_;
};

// What an operation is made of, and how many elements of its result to set to zero first, since
// some are reached by no tap.
struct Correlations {
    std::vector<OwnedCorrelation> parts;
    index_t clear;
};

// The forward pass is one correlation, and the weight gradient the derivative of it. The gradient
// with respect to the input is one for each phase of the stride that a tap reaches; the phases of
// the last axis vary fastest. Axes are merged if that is wanted, or if there is one part only.
Correlations correlations(const Geometry&, Operation, bool merges = true);

}  // namespace convcore
