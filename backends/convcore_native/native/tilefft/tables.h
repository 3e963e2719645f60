// The twiddle factors of a tile transform, computed in double precision.
#pragma once
#include <vector>

#include "tilefft/kernels.h"

namespace convcore::tilefft {

// Whether a transform of that extent can be split into levels.
bool transformable(index_t extent);

// A Transform with the memory that it points into.
template <class T>
class Tables {
  public:
    // Of 2 rows x columns numbers, or of as many in a line; both are multiples of `lanes`.
    Tables(index_t rows, index_t columns, bool line, index_t lanes);
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;

    const Transform<T>& transform() const { return transform_; }
    // For each row and each column of the spectrum its root, as a share of the circle. Those of
    // the columns of a line are relative to the root that its row was twisted by.
    const std::vector<double>& down_angles() const { return down_angles_; }
    const std::vector<double>& across_angles() const { return across_angles_; }

  private:
    Transform<T> transform_{};
    std::vector<T> down_, across_, twist_;
    std::vector<double> down_angles_, across_angles_;
};

}  // namespace convcore::tilefft
