// Block sizes of the matrix products, and the tables that the kernels look up.
#pragma once
#include "geometry.h"
#include "interface.h"

namespace convcore {

class OwnedBlocking {
  public:
    // `positions` and `slab_bytes` are what a block should stay below, `pieces` how many blocks
    // there should be at least; `copies` asks for a slab where none is needed.
    OwnedBlocking(const OwnedCorrelation&, index_t positions, size_t slab_bytes, index_t pieces,
                  int itemsize, bool copies);
    OwnedBlocking(OwnedBlocking&&) = default;

    Blocking block{};
    index_t blocks() const { return blocks_; }

  private:
    void choose_split(const Correlation&, index_t positions, index_t pieces);
    void lay_out(const Correlation&);
    void list_terms(const Correlation&);
    bool shrink(const Correlation&);

    index_t blocks_ = 1;
    std::vector<std::vector<Segment>> segments_;
    std::vector<std::vector<index_t>> tap_offsets_;  // of each axis, in elements
    std::vector<index_t> term_offset_;
};

// Whether some tap of some position reads outside the source.
bool padded(const Correlation&);

}  // namespace convcore
