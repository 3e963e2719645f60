// Correlation as a product of matrices whose right operand is lowered block by block.
//
// rows = target channels, depth = (source channel, tap), columns = target positions, flattened over
// the batch and all axes. Blocks as in BLIS: a task takes `columns` of them, goes through the
// depth in steps, lowers depth x columns into its workspace (level 2 cache), and multiplies it
// panel by panel (level 1) with the packed weight.

namespace {

using convcore::Routines;

inline index_t smaller(index_t a, index_t b) { return a < b ? a : b; }
inline index_t quotient(index_t a, index_t b) { return (a + b - 1) / b; }

// Row `part` of `rows` cut into parts that differ by one at most: no register tile is nearly empty.
inline index_t share(index_t rows, index_t parts, index_t part) { return rows * part / parts; }

inline index_t tap_weight_offset(const Correlation& problem, index_t tap) {
    index_t offset = 0;
    for (int a = problem.axes - 1; a >= 0; --a) {
        const Axis& axis = problem.axis[a];
        offset += axis.weight_offset[tap % axis.taps];
        tap /= axis.taps;
    }
    return offset;
}

// Terms first to last of rows row .. row + rows, term by term.
template <class T>
void pack_rows(const Correlation& problem, const T* weight, index_t taps, index_t first,
               index_t last, int rows, T* packed) {
    for (index_t tap = 0; tap < taps; ++tap) {
        const index_t begin = ceiling(first - tap, taps), end = ceiling(last - tap, taps);
        if (begin >= end) continue;
        const T* from = weight + tap_weight_offset(problem, tap);
        for (index_t c = begin; c < end; ++c) {
            T* to = packed + (c * taps + tap - first) * rows;
            const T* value = from + c * problem.weight_source_pitch;
            for (int i = 0; i < rows; ++i) to[i] = value[i * problem.weight_target_pitch];
        }
    }
}

// NaN if any value is NaN or infinite, else 0.
template <class T>
inline T spoiled(const T* values, index_t count) {
    vec<T> sum{};
    index_t i = 0;
    for (; i + Simd<T>::lanes <= count; i += Simd<T>::lanes) {
        const vec<T> value = load(values + i);
        sum += value - value;
    }
    T all = T(0);
    for (; i < count; ++i) all += values[i] - values[i];
    for (int lane = 0; lane < Simd<T>::lanes; ++lane) all += sum[lane];
    return all;
}

template <class T>
bool pack_weight(const Correlation& problem, const Blocking& block, const T* weight, T* packed,
                 int threads) {
    const index_t taps = tap_count(problem), rows = problem.target_channels;
    const index_t depth = problem.source_channels * taps;
    const index_t panels = quotient(rows, PANEL_ROWS), steps = quotient(depth, block.depth);
    int finite = 1;
#pragma omp parallel for collapse(3) num_threads(threads) if (threads > 1) reduction(& : finite)
    for (index_t g = 0; g < problem.groups; ++g) {
        for (index_t step = 0; step < steps; ++step) {
            for (index_t panel = 0; panel < panels; ++panel) {
                const index_t row = share(rows, panels, panel);
                const index_t end = share(rows, panels, panel + 1);
                const index_t first = step * block.depth;
                const index_t last = smaller(first + block.depth, depth);
                const T* from = weight + g * problem.weight_group_pitch +
                                row * problem.weight_target_pitch;
                T* to = packed + (g * depth + first) * rows + row * (last - first);
                pack_rows(problem, from, taps, first, last, int(end - row), to);
                finite &= spoiled(to, (end - row) * (last - first)) == T(0);
            }
        }
    }
    return finite != 0;
}

// Puts a register tile where its pieces belong: across images, or with a stride of the target.
template <class T>
void scatter(const Correlation& problem, const T* tile, int rows, const Piece* piece,
             const Piece* end, index_t panel, bool accumulate, T* target) {
    const index_t pitch = problem.axis[problem.axes - 1].target_pitch;
    for (; piece < end && piece->panel == panel; ++piece) {
        T* to = target + target_offset(problem, piece->row) + piece->start * pitch;
        const T* from = tile + piece->lane;
        for (int i = 0; i < rows; ++i) {
            if (accumulate) {
                for (int j = 0; j < piece->count; ++j) to[j * pitch] += from[j];
            } else {
                for (int j = 0; j < piece->count; ++j) to[j * pitch] = from[j];
            }
            to += problem.target_channel_pitch;
            from += panel_columns<T>;
        }
    }
}

// A block of columns and where they are.
struct Columns {
    index_t first, last;
    int pieces;
    Piece piece[MAX_COLUMNS];
};

template <class T>
struct CorrelateTask {
    const Correlation& problem;
    const Blocking& block;
    const T* packed;
    T* target;
    T* workspace;
    Columns columns;

    // Whether the panel's columns stand side by side in the target too.
    bool side_by_side(const Piece* piece, index_t column, index_t place) const {
        const Piece* end = columns.piece + columns.pieces;
        while (piece + 1 < end && piece[1].panel == column) ++piece;
        const index_t pitch = problem.axis[problem.axes - 1].target_pitch;
        const index_t final = piece->start + piece->count - 1;
        return piece->lane + piece->count == panel_columns<T> &&
               target_offset(problem, piece->row) + final * pitch - place == panel_columns<T> - 1;
    }

    // Rows of panels [panel, panel_end) times panel `column` of the lowered block.
    void multiply(index_t panel, index_t panel_end, index_t panels, index_t column, index_t depth,
                  const T* left, const T* right, const Piece* piece, bool accumulate) {
        constexpr int width = panel_columns<T>;
        const index_t rows = problem.target_channels;
        const Axis& last = problem.axis[problem.axes - 1];
        const index_t place =
            target_offset(problem, piece->row) + piece->start * last.target_pitch;
        const bool whole = side_by_side(piece, column, place);
        for (; panel < panel_end; ++panel) {
            const index_t row = share(rows, panels, panel);
            const int count = int(share(rows, panels, panel + 1) - row);
            T* to = target + row * problem.target_channel_pitch;
            const T* a = left + row * depth;
            if (whole) {
                const auto run = accumulate ? multiply_for<T, true>(count)
                                            : multiply_for<T, false>(count);
                run(depth, a, right, to + place, problem.target_channel_pitch);
            } else {
                T tile[PANEL_ROWS * width];
                multiply_for<T, false>(count)(depth, a, right, tile, width);
                scatter(problem, tile, count, piece, columns.piece + columns.pieces, column,
                        accumulate, to);
            }
        }
    }

    void run(const T* source, const T* left, index_t panel_begin, index_t panel_end) {
        const index_t rows = problem.target_channels;
        const index_t depth = problem.source_channels * tap_count(problem);
        const index_t panels = quotient(rows, PANEL_ROWS);
        const index_t group = quotient(block.rows, PANEL_ROWS);
        const index_t count = columns.last - columns.first;
        for (index_t first = 0; first < depth; first += block.depth) {
            const index_t last = smaller(first + block.depth, depth);
            lower(problem, source, columns.piece, columns.pieces, count, first, last, workspace);
            const T* a = left + first * rows;
            for (index_t panel = panel_begin; panel < panel_end; panel += group) {
                const index_t end = smaller(panel + group, panel_end);
                const Piece* piece = columns.piece;
                for (index_t column = 0; column * panel_columns<T> < count; ++column) {
                    while (piece->panel < column) ++piece;
                    const T* b = workspace + column * (last - first) * panel_columns<T>;
                    multiply(panel, end, panels, column, last - first, a, b, piece, first > 0);
                }
            }
        }
    }
};

template <class T>
void correlate(const Correlation& problem, const Blocking& block, const T* source,
               const T* packed, T* target, T* workspace, int threads) {
    const index_t positions = position_count(problem);
    const index_t depth = problem.source_channels * tap_count(problem);
    const index_t parts = quotient(positions, block.columns);
    const index_t panels = quotient(problem.target_channels, PANEL_ROWS);
    const index_t tasks = problem.groups * parts * block.row_tasks;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        T* own = workspace + block.depth * block.columns * thread_number();
        CorrelateTask<T> task{problem, block, packed, target, own, {}};
#pragma omp for schedule(dynamic)
        for (index_t i = 0; i < tasks; ++i) {
            const index_t part = i / block.row_tasks % parts, g = i / block.row_tasks / parts;
            const index_t split = i % block.row_tasks;
            task.columns.first = part * block.columns;
            task.columns.last = smaller(task.columns.first + block.columns, positions);
            task.columns.pieces = cut(problem, task.columns.first, task.columns.last,
                                      panel_columns<T>, task.columns.piece);
            task.target = target + g * problem.target_channels * problem.target_channel_pitch;
            task.run(source + g * problem.source_channels * problem.source_channel_pitch,
                     packed + g * depth * problem.target_channels,
                     share(panels, block.row_tasks, split),
                     share(panels, block.row_tasks, split + 1));
        }
    }
}

}  // namespace
