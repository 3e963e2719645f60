// The copy of a source, and the tables that tell the kernel where everything lies in it.
#pragma once
#include <vector>

#include "few_positions/kernels.h"
#include "problem/correlation.h"
#include "problem/integers.h"

namespace convcore::few_positions {

// One axis in the copy, which holds its positions low, low + 1, ... of the source: the one
// number `at` from there stands at at % step * phase_pitch + at / step * pitch.
struct CopyAxis {
    index_t low, span, step;
    index_t pitch, phase_pitch;

    index_t place(index_t at) const { return at % step * phase_pitch + at / step * pitch; }
    index_t extent() const { return ceiling(span, step); }
};

// Elements of the copy of all groups, as a real number, since it may be beyond any integer.
double copied_elements(const Correlation&);

class OwnedLayout {
  public:
    // For register tiles of `rows` target channels by vectors of `lanes` positions. `threads`
    // decide on the number of tasks, and never on the order of a sum.
    OwnedLayout(const Correlation&, int rows, int lanes, int itemsize, int threads);

    OwnedLayout(OwnedLayout&&) = default;  // a copy would point into what it copied

    Layout layout{};

  private:
    void add_strips(int axis, index_t from, index_t to);
    void add_taps(int axis, index_t shift, index_t weight);
    void add_rows(int axis, index_t target, index_t start);
    void add_row(index_t target, index_t start, const Axis&);
    void find_quick();
    void cut(int tile_rows, int itemsize, int threads);
    void add_columns(int axis, index_t target, index_t* at);
    void use_dots();
    void add_reads(int axis, const index_t* at, index_t source);
    bool weight_in_order() const;

    const Correlation& problem_;
    const index_t lanes_;
    CopyAxis axes_[MAX_AXES];
    std::vector<Strip> strips_;
    std::vector<Tap> taps_;
    std::vector<index_t> vectors_;
    std::vector<Row> rows_;
    std::vector<index_t> reads_, places_;
};

}  // namespace convcore::few_positions
