// One way to carry out one operation of one problem.
#pragma once
#include <memory>
#include <string>

#include "problem/correlation.h"

namespace convcore {

// What a method is made for: at most `threads` threads and `max_workspace` bytes.
struct Request {
    bool integers;  // that wrap, of any sign; else floats
    int itemsize;
    int threads;
    size_t max_workspace;
    // A sample has the same bits alone, in any batch and at any place in it: what decides the order
    // of its sums, of the forward pass and of the input gradient, is chosen as for USUAL_BATCH.
    bool batch_invariant;
};

constexpr index_t USUAL_BATCH = 16;

inline Geometry with_batch(Geometry geometry, index_t batch) {
    geometry.batch = batch;
    return geometry;
}

// What became of a run: that there was no memory, that it was to end before its work was done, that
// it is done, or what was seen of the results by a method whose results may have to be mended.
enum Outcome { NO_MEMORY, INTERRUPTED, DONE, ALL_FINITE, NOT_FINITE };

inline Outcome outcome(bool finite) { return finite ? ALL_FINITE : NOT_FINITE; }

class Method {
  public:
    virtual ~Method() = default;
    // What a plan is asked for it by: stable, other than what `describe` tells.
    virtual const char* name() const = 0;
    // Bytes of workspace that `run` needs.
    virtual size_t workspace() const = 0;
    // Operands in the order of the operation's arguments. Thread-safe: all state is in `workspace`.
    virtual Outcome run(const void* first, const void* second, void* result, void* workspace,
                        int threads) const = 0;
    // For weights that are used often: what `prepare` writes, in bytes, or 0 where it gains
    // nothing, and the operation on it. Both have the workspace of `run`. False if this weight, by
    // its values, has to be used as it is.
    virtual size_t prepared_bytes() const { return 0; }
    virtual bool prepare(const void* /*weight*/, void* /*prepared*/, void* /*workspace*/,
                         int /*threads*/) const {
        return false;
    }
    virtual Outcome run_prepared(const void* /*first*/, const void* /*prepared*/, void* /*result*/,
                                 void* /*workspace*/, int /*threads*/) const {
        return DONE;
    }
    // Kernel class and block sizes, for `explain`.
    virtual std::string describe() const = 0;
    // Seconds that one call should take.
    virtual double seconds(int threads) const = 0;
};

}  // namespace convcore
