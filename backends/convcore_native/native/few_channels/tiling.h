// A band with the tables that it points into, and the sizes of its blocks.
#pragma once
#include "few_channels/kernels.h"
#include "problem/correlation.h"

namespace convcore::few_channels {

class OwnedBand {
  public:
    // From the stride phases [first, last) that differ in their last two axes only; the phases of
    // the last axis vary fastest and are `column_phases`.
    OwnedBand(const OwnedCorrelation* first, const OwnedCorrelation* last, index_t column_phases,
              int lanes, int itemsize);
    OwnedBand(OwnedBand&&) = default;

    Band band{};
    index_t blocks() const;
    index_t depth() const;  // terms of one sum, of the largest phase
    bool padded() const { return padded_; }
    // Elements that fit into the level 2 cache, with room for everything else.
    bool fits() const { return fits_; }

  private:
    struct Tables {
        std::vector<index_t> column_offset, tap_offset, weight_offset;
    };
    void add_phase(const Axis& rows, const Axis& columns);
    void choose_slots(const OwnedCorrelation* first, const OwnedCorrelation* last);
    void choose_blocks(int lanes, int itemsize);
    void lay_out(int lanes);
    void count_workspace(int lanes, int itemsize);
    bool plain_weight() const;
    // Points the band at its tables, which stay where they are when this is moved.
    void finish();
    index_t plane(index_t rows, index_t columns, int lanes) const;

    std::vector<BandPhase> phases_;
    std::vector<Tables> tables_;
    std::vector<index_t> slots_;
    bool padded_ = false, fits_ = true;
};

}  // namespace convcore::few_channels
