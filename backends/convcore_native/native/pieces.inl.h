// Runs of target positions, flattened over all axes, cut where a row or a panel ends.

namespace {

using convcore::Axis;
using convcore::Blocking;
using convcore::Correlation;
using convcore::index_t;

// Target positions that lie side by side on the last axis, within one panel.
struct Piece {
    index_t row;    // flattened index over all axes but the last
    index_t start;  // first position on the last axis
    int lane;       // first column of the panel
    int count;
    index_t panel;
};

inline index_t row_length(const Correlation& problem) {
    return problem.axis[problem.axes - 1].count;
}

inline index_t outer_count(const Correlation& problem) {
    index_t rows = 1;
    for (int a = 0; a + 1 < problem.axes; ++a) rows *= problem.axis[a].count;
    return rows;
}

inline index_t position_count(const Correlation& problem) {
    return outer_count(problem) * row_length(problem);
}

inline index_t outer_taps(const Correlation& problem) {
    index_t taps = 1;
    for (int a = 0; a + 1 < problem.axes; ++a) taps *= problem.axis[a].taps;
    return taps;
}

inline index_t tap_count(const Correlation& problem) {
    return outer_taps(problem) * problem.axis[problem.axes - 1].taps;
}

// Pieces of the positions from `first` to `last`, in panels of `width`; returns how many.
inline int cut(const Correlation& problem, index_t first, index_t last, int width, Piece* pieces) {
    const index_t length = row_length(problem);
    int count = 0;
    index_t row = first / length, start = first % length;
    for (index_t p = first; p < last;) {
        const index_t panel = (p - first) / width;
        const int lane = int((p - first) % width);
        index_t run = length - start;
        if (run > width - lane) run = width - lane;
        if (run > last - p) run = last - p;
        pieces[count++] = {row, start, lane, int(run), panel};
        p += run;
        start += run;
        if (start == length) {
            start = 0;
            ++row;
        }
    }
    return count;
}

// Where the row begins in the target.
inline index_t target_offset(const Correlation& problem, index_t row) {
    index_t offset = problem.target_start;
    for (int a = problem.axes - 2; a >= 0; --a) {
        offset += row % problem.axis[a].count * problem.axis[a].target_pitch;
        row /= problem.axis[a].count;
    }
    return offset;
}

// Where the source row stands that outer tap `tap` reads for target row `row`; -1 if outside.
inline index_t source_offset(const Correlation& problem, index_t row, index_t tap) {
    index_t offset = 0;
    for (int a = problem.axes - 2; a >= 0; --a) {
        const Axis& axis = problem.axis[a];
        const index_t at = row % axis.count * axis.step + axis.shift[tap % axis.taps];
        if (at < 0 || at >= axis.extent) return -1;
        offset += at * axis.source_pitch;
        row /= axis.count;
        tap /= axis.taps;
    }
    return offset;
}

// What one tap reads for a piece: `first` to `last` are the columns of the piece that lie inside.
struct Reach {
    index_t offset;  // of column 0, which may lie outside
    int first, last;
    bool beyond;  // the source row goes on behind the last column
};

inline index_t ceiling(index_t a, index_t b) {
    return a > 0 ? (a + b - 1) / b : -(-a / b);
}

inline Reach reach(const Correlation& problem, const Piece& piece, index_t tap) {
    const Axis& axis = problem.axis[problem.axes - 1];
    const index_t row = source_offset(problem, piece.row, tap / axis.taps);
    if (row < 0) return {0, 0, 0, false};
    const index_t at = piece.start * axis.step + axis.shift[tap % axis.taps];
    index_t first = at >= 0 ? 0 : ceiling(-at, axis.step);
    index_t last = ceiling(axis.extent - at, axis.step);
    if (last > piece.count) last = piece.count;
    if (last <= first) return {0, 0, 0, false};
    return {row + at, int(first), int(last), at + last * axis.step <= axis.extent};
}

// Whether columns of the piece may be read with `load_spaced`.
inline bool spaced(const Reach& reach, index_t step) {
    return step == 1 || (step == 2 && reach.beyond);
}

}  // namespace
