// Packing of the right operand: for each term (source channel, tap) of the sum, in that order, the
// values that the columns of a panel, which are target positions, read.

namespace {

template <class T>
inline void lower_column(const T* source, index_t step, const Reach& reach, int count, T* to) {
    for (int i = 0; i < reach.first; ++i) to[i] = T(0);
    if (step == 1) {
        for (int i = reach.first; i < reach.last; ++i) to[i] = source[i];
    } else {
        for (int i = reach.first; i < reach.last; ++i) to[i] = source[i * step];
    }
    for (int i = reach.last; i < count; ++i) to[i] = T(0);
}

template <class T>
inline void lower_full(const T* source, index_t step, T* to) {
    constexpr int lanes = Simd<T>::lanes;
#pragma GCC unroll 4
    for (int j = 0; j < VECTOR_COLUMNS; ++j)
        store(to + j * lanes, load_spaced(source + j * lanes * step, step));
}

// One piece of a panel; terms `first` to `last` of the sum.
template <class T>
void lower_piece(const Correlation& problem, const T* source, const Piece& piece, index_t taps,
                 index_t first, index_t last, T* panel) {
    constexpr int width = panel_columns<T>;
    const index_t step = problem.axis[problem.axes - 1].step;
    for (index_t tap = 0; tap < taps; ++tap) {
        const index_t begin = ceiling(first - tap, taps), end = ceiling(last - tap, taps);
        if (begin >= end) continue;
        const Reach inside = reach(problem, piece, tap);
        const bool whole = inside.first == 0 && inside.last == width && spaced(inside, step);
        const T* from = source + inside.offset + begin * problem.source_channel_pitch;
        T* to = panel + (begin * taps + tap - first) * width + piece.lane;
        for (index_t c = begin; c < end; ++c) {
            if (whole) {
                lower_full(from, step, to);
            } else {
                lower_column(from, step, inside, piece.count, to);
            }
            from += problem.source_channel_pitch;
            to += taps * width;
        }
    }
}

// Columns behind the last position of the last panel take part in the product; nobody reads them.
template <class T>
void clear_tail(index_t columns, index_t depth, T* packed) {
    constexpr int width = panel_columns<T>;
    const int used = int(columns % width);
    if (used == 0) return;
    T* panel = packed + columns / width * width * depth;
    for (index_t k = 0; k < depth; ++k)
        for (int j = used; j < width; ++j) panel[k * width + j] = T(0);
}

template <class T>
void lower(const Correlation& problem, const T* source, const Piece* pieces, int count,
           index_t columns, index_t first, index_t last, T* packed) {
    const index_t taps = tap_count(problem), depth = last - first;
    for (int i = 0; i < count; ++i) {
        T* panel = packed + pieces[i].panel * depth * panel_columns<T>;
        lower_piece(problem, source, pieces[i], taps, first, last, panel);
    }
    clear_tail(columns, depth, packed);
}

}  // namespace
