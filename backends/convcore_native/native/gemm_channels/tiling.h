// Block sizes of the matrix products, the tables that the kernels look up, and what is carried out
// at a time.
#pragma once
#include <vector>

#include "../method.h"
#include "gemm_channels/kernels.h"
#include "problem/correlation.h"

namespace convcore::gemm_channels {

// Source channels that a block should have at least, if there are as many.
constexpr index_t FEW_CHANNELS = 16;

class OwnedBlocking {
  public:
    // `positions` and `slab` elements are what a block should stay below, with `channels` source
    // channels at least; `copies` asks for a slab where none is needed. All decide the order of a
    // sum: never by the number of threads.
    OwnedBlocking(const OwnedCorrelation&, index_t positions, index_t slab, bool copies,
                  index_t channels = FEW_CHANNELS);
    OwnedBlocking(OwnedBlocking&&) = default;
    OwnedBlocking& operator=(OwnedBlocking&&) = default;

    Blocking block{};
    index_t blocks() const { return blocks_; }

    // At least `parts` blocks of source channels.
    void cut_channels(const Correlation&, index_t parts);
    // Last: makes the tables of terms.
    void finish(const Correlation&);

  private:
    void choose_split(const Correlation&, index_t positions);
    void lay_out(const Correlation&);
    bool shrink(const Correlation&);
    void fill_terms(const std::vector<index_t>& taps, index_t channels,
                    std::vector<index_t>* terms) const;

    index_t blocks_ = 1;
    std::vector<std::vector<Segment>> segments_;
    std::vector<std::vector<index_t>> tap_offsets_;  // of each axis, in elements
    std::vector<index_t> term_offset_, last_term_offset_;
};

// `channels` are the source channels of a block where those are settled, otherwise 0.
OwnedBlocking correlation_blocking(const OwnedCorrelation&, index_t panel_width, const Request&,
                                   index_t channels = 0);

// The blocks and slices decide the order of the sum, and the estimate: they depend on the problem
// alone. Enough tasks for eight threads, as many for each of two, four or eight.
OwnedBlocking gradient_blocking(const OwnedCorrelation&, const Request&);

// The part of a problem that is carried out at a time, where the whole weight is too large for the
// workspace: some groups, or some target channels of one group.
struct Pass {
    Correlation problem;
    index_t source, target, weight;  // where its operands start
};

// Passes that need at most `room` elements, where a target channel takes `each`; none if even one
// vector of channels is too much.
std::vector<Pass> passes(const Correlation& whole, index_t each, index_t lanes, index_t room);

}  // namespace convcore::gemm_channels
