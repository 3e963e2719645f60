// Block sizes of the matrix products, and the tables that the kernels look up.
#pragma once
#include "problem/correlation.h"
#include "gemm_channels/kernels.h"

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

}  // namespace convcore::gemm_channels
