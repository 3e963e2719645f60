// The gradient with respect to the weight as a product of matrices.
//
// rows = target channels, columns = (source channel, tap), depth = target positions, flattened over
// the batch and all axes: both operands are packed position by position, which transposes them. A
// long sum is cut into slices with a result each, added in order, so that the bits do not depend
// on the number of threads.

namespace {

// Up to one vector of neighbouring columns of a piece, zero where the tap lies outside.
template <class T>
inline vec<T> load_reach(const T* source, index_t step, const Reach& inside, int column) {
    constexpr int lanes = Simd<T>::lanes;
    const T* from = source + inside.offset + column * step;
    if (inside.first <= column && column + lanes <= inside.last &&
        (step == 1 || (step == 2 && (inside.beyond || column + lanes < inside.last))))
        return load_spaced(from, step);
    vec<T> value{};
    for (int i = 0; i < lanes; ++i)
        if (inside.first <= column + i && column + i < inside.last) value[i] = from[i * step];
    return value;
}

// Packs what one panel of terms reads at the positions of a piece.
template <class T>
void pack_terms(const Correlation& problem, const T* source, const Piece& piece,
                const Reach* reaches, index_t term, int terms, T* packed) {
    constexpr int lanes = Simd<T>::lanes, width = panel_columns<T>;
    const index_t taps = tap_count(problem);
    const index_t step = problem.axis[problem.axes - 1].step;
    for (int part = 0; part < width; part += lanes) {
        for (int column = 0; column < piece.count; column += lanes) {
            vec<T> block[lanes];
            for (int i = 0; i < lanes; ++i) {
                const index_t at = term + part + i;
                const T* channel = source + at / taps * problem.source_channel_pitch;
                block[i] = part + i < terms
                               ? load_reach(channel, step, reaches[part + i], column)
                               : vec<T>{};
            }
            transpose<T>(block);
            T* to = packed + (piece.lane + column) * width + part;
            const int count = int(smaller(lanes, piece.count - column));
            for (int i = 0; i < count; ++i) store(to + i * width, block[i]);
        }
    }
}

// Packs `rows` channels of the target at the positions of a piece.
template <class T>
void pack_channels(const Correlation& problem, const T* target, const Piece& piece, int rows,
                   T* packed) {
    const index_t pitch = problem.axis[problem.axes - 1].target_pitch;
    const T* from = target + target_offset(problem, piece.row) + piece.start * pitch;
    T* to = packed + piece.lane * rows;
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < piece.count; ++j) to[j * rows + i] = from[j * pitch];
        from += problem.target_channel_pitch;
    }
}

template <class T>
struct GradientTask {
    const Correlation& problem;
    const Blocking& block;
    index_t row, row_end, term, term_end;
    T* left;
    T* right;

    void pack(const T* target, const T* source, const Piece* pieces, int count, index_t depth) {
        constexpr int width = panel_columns<T>;
        const index_t taps = tap_count(problem);
        const index_t panels = quotient(row_end - row, PANEL_ROWS);
        Reach reaches[width];
        for (int i = 0; i < count; ++i) {
            for (index_t panel = 0; panel < panels; ++panel) {
                const index_t first = share(row_end - row, panels, panel);
                const int rows = int(share(row_end - row, panels, panel + 1) - first);
                const T* channels = target + (row + first) * problem.target_channel_pitch;
                pack_channels(problem, channels, pieces[i], rows, left + first * depth);
            }
            for (index_t first = term; first < term_end; first += width) {
                const int terms = int(smaller(width, term_end - first));
                for (int j = 0; j < terms; ++j)
                    reaches[j] = reach(problem, pieces[i], (first + j) % taps);
                pack_terms(problem, source, pieces[i], reaches, first, terms,
                           right + (first - term) * depth);
            }
        }
    }

    void multiply(index_t depth, T* weight, bool accumulate) {
        constexpr int width = panel_columns<T>;
        const index_t panels = quotient(row_end - row, PANEL_ROWS);
        const index_t pitch = problem.weight_target_pitch;
        for (index_t first = term; first < term_end; first += width) {
            const T* b = right + (first - term) * depth;
            for (index_t panel = 0; panel < panels; ++panel) {
                const index_t start = share(row_end - row, panels, panel);
                const int rows = int(share(row_end - row, panels, panel + 1) - start);
                const T* a = left + start * depth;
                T* to = weight + (row + start) * pitch + first;
                if (first + width <= term_end) {
                    const auto run = accumulate ? multiply_for<T, true>(rows)
                                                : multiply_for<T, false>(rows);
                    run(depth, a, b, to, pitch);
                } else {
                    T tile[PANEL_ROWS * width];
                    multiply_for<T, false>(rows)(depth, a, b, tile, width);
                    for (int i = 0; i < rows; ++i)
                        for (index_t j = 0; j < term_end - first; ++j)
                            to[i * pitch + j] =
                                tile[i * width + j] + (accumulate ? to[i * pitch + j] : T(0));
                }
            }
        }
    }

    void run(const T* target, const T* source, T* weight, index_t first, index_t last) {
        Piece pieces[MAX_COLUMNS];
        for (index_t p = first; p < last; p += block.depth) {
            const index_t end = smaller(p + block.depth, last);
            const int count = cut(problem, p, end, int(block.depth), pieces);
            pack(target, source, pieces, count, end - p);
            multiply(end - p, weight, p > first);
        }
    }
};

// Adds the results of the slices, in order, to that of slice 0.
template <class T>
void add_slices(index_t count, index_t slices, const T* partial, T* weight, int threads) {
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (index_t i = 0; i < count; ++i) {
        T sum = weight[i];
        for (index_t s = 1; s < slices; ++s) sum += partial[(s - 1) * count + i];
        weight[i] = sum;
    }
}

template <class T>
void weight_gradient(const Correlation& problem, const Blocking& block, const T* target,
                     const T* source, T* weight, T* workspace, int threads) {
    const index_t positions = position_count(problem), rows = problem.target_channels;
    const index_t terms = problem.source_channels * tap_count(problem);
    const index_t row_parts = quotient(rows, block.rows);
    const index_t term_parts = quotient(terms, block.columns);
    const index_t tasks = problem.groups * block.slices * row_parts * term_parts;
    const index_t result = problem.groups * rows * terms;
    T* partial = workspace;
    T* buffers = workspace + (block.slices - 1) * result;
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (threads > 1)
    for (index_t i = 0; i < tasks; ++i) {
        const index_t term_part = i % term_parts, row_part = i / term_parts % row_parts;
        const index_t slice = i / term_parts / row_parts % block.slices;
        const index_t g = i / term_parts / row_parts / block.slices;
        T* own = buffers + block.depth * (block.rows + block.columns) * thread_number();
        GradientTask<T> task{problem,
                             block,
                             row_part * block.rows,
                             smaller((row_part + 1) * block.rows, rows),
                             term_part * block.columns,
                             smaller((term_part + 1) * block.columns, terms),
                             own,
                             own + block.depth * block.rows};
        T* to = (slice == 0 ? weight : partial + (slice - 1) * result) + g * rows * terms;
        task.run(target + g * rows * problem.target_channel_pitch,
                 source + g * problem.source_channels * problem.source_channel_pitch, to,
                 share(positions, block.slices, slice), share(positions, block.slices, slice + 1));
    }
    if (block.slices > 1) add_slices(result, block.slices, partial, weight, threads);
}

}  // namespace
