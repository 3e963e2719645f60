// Single channels with three column taps and one or three row taps, or with five or seven of both,
// straight from the source: of vectors that reach outside only the lanes inside are kept.
#pragma once
#include "few_channels/band.inl.h"
#include "few_channels/tiles.inl.h"
#include "machine/parallel.inl.h"

namespace convcore::few_channels {
namespace {

constexpr int STRAIGHT_COLUMN_TAPS = 3;

// In each 16 bytes every second lane of a from `first` on, then every second of b from `then` on:
// one instruction, where an ordered choice would take several.
template <int first, int then, class V, int... lane>
inline V every_second(V a, V b, Lanes<lane...>) {
    constexpr int count = int(sizeof...(lane)), part = 16 * count / int(sizeof(V)), half = part / 2;
    return __builtin_shufflevector(
        a, b,
        (lane / part * part + lane % half * 2 + (lane % part < half ? first : then + count))...);
}

// From that order: all that came from a, then all that came from b.
template <class V, int... lane>
inline V in_order(V parts, Lanes<lane...>) {
    constexpr int count = int(sizeof...(lane)), half = 8 * count / int(sizeof(V));
    return __builtin_shufflevector(
        parts, parts,
        (lane % (count / 2) / half * 2 * half + lane % half + (lane < count / 2 ? 0 : half))...);
}

// What column tap `t` reads in one row of the source for a vector of positions; with step 2 in the
// order of every_second. Nothing behind the last element is read.
template <class T, int step>
ALWAYS_INLINE inline vec<T> load_tap(const T* from, int t) {
    constexpr int lanes = Simd<T>::lanes;
    if constexpr (step == 1) {
        return load(from + t);
    } else {
        const typename Count<lanes>::type all;
        if (t == 0) return every_second<0, 0>(load(from), load(from + lanes), all);
        if (t == 1) return every_second<1, 1>(load(from), load(from + lanes), all);
        return every_second<0, 1>(load(from + 2), load(from + lanes + 1), all);
    }
}

// How many target rows share what they read.
constexpr int STRAIGHT_TILE_ROWS = 4, STRAIGHT_LONG_TILE_ROWS = TILES.few_channels.straight_rows;
constexpr int MOST_LINES = int(STRAIGHT_LINES) - 2;

// `rows` target rows at one vector of positions, which reads from `at` on in each line; with
// `masked`, what lies outside counts as zero. Those go tap by tap, since masks leave too few
// registers for all weights.
template <class T, int step, int row_taps, int rows, bool masked>
ALWAYS_INLINE inline void straight_tile(const T* const* line, const T* inside, index_t at,
                                        const vec<T>* weight, T* to, index_t pitch) {
    constexpr int line_step = row_taps == 1 ? 1 : step;
    constexpr int lines = (rows - 1) * line_step + row_taps;
    vec<T> keep[STRAIGHT_COLUMN_TAPS], sum[rows] = {};
#pragma GCC unroll 4
    for (int t = 0; masked && t < STRAIGHT_COLUMN_TAPS; ++t)
        keep[t] = load_tap<T, step>(inside + at, t);
#pragma GCC unroll 32
    for (int i = 0; i < lines * STRAIGHT_COLUMN_TAPS; ++i) {
        const int y = masked ? i % lines : i / STRAIGHT_COLUMN_TAPS;
        const int t = masked ? i / lines : i % STRAIGHT_COLUMN_TAPS;
        vec<T> tap = load_tap<T, step>(line[y] + at, t);
        if constexpr (masked) tap = keep[t] != vec<T>{} ? tap : vec<T>{};
#pragma GCC unroll 4
        for (int r = 0; r < row_taps; ++r) {
            const int row = (y - r) / line_step;
            if (y < r || (y - r) % line_step || row >= rows) continue;
            sum[row] += product<T>(tap, weight[r * STRAIGHT_COLUMN_TAPS + t]);
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
        if constexpr (step > 1) sum[i] = in_order(sum[i], typename Count<Simd<T>::lanes>::type{});
        store(to + i * pitch, sum[i]);
    }
}

// The columns of a block; those from `low` on and before `high` read nothing outside.
struct StraightColumns {
    index_t start;  // column of the source that tap 0 of the first position reads
    index_t count, low, high;
    index_t taps;
    index_t span;  // columns that its vectors read
};

inline StraightColumns straight_columns(const Band& band, const Block& block, int lanes) {
    const index_t step = band.column.step, count = block.column_end - block.column;
    const index_t start = block.column * step + band.column.first;
    const index_t taps = band.phase[0].column_taps, rest = band.column.extent - taps - start;
    return {start,
            count,
            start < 0 ? quotient(-start, step) : 0,
            rest < 0 ? 0 : smaller(count, rest / step + 1),
            taps,
            (count < lanes ? lanes : count) * step - 1 + taps};
}

// Some target rows: where each line of the source begins that they read, and where they go.
template <class T>
struct StraightRows {
    const T* const* line;
    const T* inside;  // 0 for what is outside
    const T* taps;
    T* to;
    index_t pitch, count;
};

// Calls run(lines, column, place) for every vector of positions, for `rows` rows at a time; the
// last ones may overlap those before them. A row shorter than a vector has one.
template <class T, int rows, int step, int row_taps, class Run>
ALWAYS_INLINE inline void visit_vectors(const StraightColumns& columns, const StraightRows<T>& some,
                                        Run run) {
    constexpr int lanes = Simd<T>::lanes, line_step = row_taps == 1 ? 1 : step;
    constexpr int lines = (rows - 1) * line_step + row_taps;
    for (index_t next = 0; next < some.count; next += rows) {
        const index_t row = smaller(next, some.count - rows);
        const T* line[lines];
        for (int y = 0; y < lines; ++y) line[y] = some.line[row * line_step + y];
        T* const to = some.to + row * some.pitch;
        for (index_t first = 0; first < columns.count; first += lanes) {
            const index_t at = first == 0 ? 0 : smaller(first, columns.count - lanes);
            run(line, at, to + at);
        }
    }
}

// The vectors that reach outside, or those that do not. A row shorter than a vector reaches
// outside.
template <class T, int step, int row_taps, int rows, bool masked>
__attribute__((noinline)) void straight_vectors(const StraightColumns& where,
                                                const StraightRows<T>& shared) {
    constexpr int terms = row_taps * STRAIGHT_COLUMN_TAPS;
    const StraightColumns columns = where;
    const StraightRows<T> some = shared;
    vec<T> weight[terms];
#pragma GCC unroll 16
    for (int i = 0; i < terms; ++i) weight[i] = broadcast(some.taps[i]);
    visit_vectors<T, rows, step, row_taps>(
        columns, some, [&](const T* const* line, index_t at, T* to) ALWAYS_INLINE {
            if (masked != (at < columns.low || at + Simd<T>::lanes > columns.high)) return;
            straight_tile<T, step, row_taps, rows, masked>(line, some.inside, at * step, weight, to,
                                                           some.pitch);
        });
}

// The same for any number of column taps, one after the other, each of them masked.
template <class T, int step, int row_taps, int rows>
ALWAYS_INLINE inline void long_straight_tile(const T* const* line, const T* inside, index_t at,
                                             const T* taps, index_t column_taps, T* to,
                                             index_t pitch) {
    const typename Count<Simd<T>::lanes>::type all;
    vec<T> sum[rows] = {};
    for (index_t t = 0; t < column_taps; ++t, ++at) {
        const vec<T> keep = load_tap<T, step>(inside + at, 0);
        vec<T> weight[row_taps];
#pragma GCC unroll 8
        for (int r = 0; r < row_taps; ++r) weight[r] = broadcast(taps[r * column_taps + t]);
#pragma GCC unroll 16
        for (int y = 0; y < (rows - 1) * step + row_taps; ++y) {
            const vec<T> read = load_tap<T, step>(line[y] + at, 0);
            const vec<T> tap = keep != vec<T>{} ? read : vec<T>{};
#pragma GCC unroll 8
            for (int r = 0; r < row_taps; ++r) {
                const int row = (y - r) / step;
                if (y >= r && (y - r) % step == 0 && row < rows)
                    sum[row] += product<T>(tap, weight[r]);
            }
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) store(to + i * pitch, step > 1 ? in_order(sum[i], all) : sum[i]);
}

template <class T>
using RunStraight = void (*)(const StraightColumns&, const StraightRows<T>&);

template <class T, int step, int row_taps, int rows>
void run_straight(const StraightColumns& columns, const StraightRows<T>& some) {
    if (columns.high - columns.low >= Simd<T>::lanes)
        straight_vectors<T, step, row_taps, rows, false>(columns, some);
    straight_vectors<T, step, row_taps, rows, true>(columns, some);
}

template <class T, int step, int row_taps, int rows>
void run_long_straight(const StraightColumns& where, const StraightRows<T>& shared) {
    const StraightColumns columns = where;
    const StraightRows<T> some = shared;
    visit_vectors<T, rows, step, row_taps>(
        columns, some, [&](const T* const* line, index_t at, T* to) ALWAYS_INLINE {
            long_straight_tile<T, step, row_taps, rows>(line, some.inside, at * step, some.taps,
                                                        columns.taps, to, some.pitch);
        });
}

// What runs target rows, and how many of them at a time.
template <class T>
struct StraightKernel {
    RunStraight<T> run;
    int rows;
};

template <class T, int step, int row_taps, int rows>
inline StraightKernel<T> straight_of(index_t wanted) {
    if constexpr (rows > 1) {
        constexpr int next = rows > 4 ? rows - 1 : 1;
        if (wanted < rows) return straight_of<T, step, row_taps, next>(wanted);
    }
    if constexpr (row_taps > 3) return {run_long_straight<T, step, row_taps, rows>, rows};
    return {run_straight<T, step, row_taps, rows>, rows};
}

template <class T, int step>
inline StraightKernel<T> straight_of(index_t row_taps, index_t wanted) {
    constexpr int rows = STRAIGHT_TILE_ROWS, most = step == 1 ? STRAIGHT_LONG_TILE_ROWS : rows;
    if (row_taps == 1) return straight_of<T, step, 1, rows>(wanted);
    if (row_taps == 3) return straight_of<T, step, 3, rows>(wanted);
    return row_taps == 5 ? straight_of<T, step, 5, most>(wanted)
                         : straight_of<T, step, 7, most>(wanted);
}

// For `count` target rows: as many at a time as leave few of the last ones idle.
template <class T>
inline StraightKernel<T> straight_for(const Band& band, index_t count) {
    const index_t wanted = quotient(count, quotient(count, STRAIGHT_LONG_TILE_ROWS));
    const index_t row_taps = band.phase[0].row_taps;
    return band.column.step == 1 ? straight_of<T, 1>(row_taps, wanted)
                                 : straight_of<T, 2>(row_taps, wanted);
}

template <class T>
struct StraightTask {
    const Band& band;
    const StraightColumns columns;
    const T* source;       // of the group at the position of the outer axes; null if outside
    const T *begin, *end;  // of the whole source
    const T* taps;
    const T *zeros, *inside;  // lines: inside holds 0 for what is outside
    T* copies;
    T* target;

    // A row of the source from `columns.start` on, or zeros; a copy where vectors would read what
    // is not the source's.
    ALWAYS_INLINE inline const T* line(index_t row, T* copy) const {
        if (source == nullptr || row < 0 || row >= band.row.extent) return zeros;
        const T* from = source + row * band.row.pitch;
        const index_t before = from - begin, behind = end - from;
        if (before + columns.start >= 0 && columns.start + columns.span <= behind)
            return from + columns.start;
        copy_line(from, copy);
        return copy;
    }

    __attribute__((noinline)) void copy_line(const T* from, T* copy) const {
        for (index_t i = 0; i < columns.span; ++i) {
            const index_t at = columns.start + i;
            copy[i] = at >= 0 && at < band.column.extent ? from[at] : T(0);
        }
    }

    // Target rows `row` to `row + count`, at least as many as the kernel takes at a time.
    void run_rows(RunStraight<T> run, index_t row, index_t count) const {
        constexpr int lanes = Simd<T>::lanes;
        const index_t row_taps = band.phase[0].row_taps, step = band.row.step;
        const index_t top = row * step + band.phase[0].first_row;
        // Of a single row tap, only the lines that are read are listed.
        const index_t apart = row_taps == 1 ? step : 1, line_step = row_taps == 1 ? 1 : step;
        const T* lines[MOST_LINES];
        for (index_t y = 0; y < (count - 1) * line_step + row_taps; ++y)
            lines[y] = line(top + y * apart, copies + y * band.line_length);
        T* const to = target + row * band.row.target_pitch;
        if (columns.count >= lanes)
            return run(columns, {lines, inside, taps, to, band.row.target_pitch, count});
        T full[STRAIGHT_ROWS * lanes];
        run(columns, {lines, inside, taps, full, lanes, count});
        put_narrow(full, to, count);
    }

    // Rows shorter than a vector: what one puts behind its own columns is the next one's.
    void put_narrow(const T* full, T* to, index_t count) const {
        constexpr int lanes = Simd<T>::lanes;
        const index_t pitch = band.row.target_pitch;
        const T* end = columns.count == pitch ? to + count * pitch : to;
        for (; count > 0; --count, full += lanes, to += pitch) {
            if (to + lanes <= end) {
                store(to, load(full));
            } else {
                for (index_t i = 0; i < columns.count; ++i) to[i] = full[i];
            }
        }
    }

    void run(index_t begin, index_t end) const {
        const StraightKernel<T> kernel = straight_for<T>(band, end - begin);
        for (index_t row = begin; row < end; row += STRAIGHT_ROWS) {
            const index_t first = smaller(row, end - kernel.rows);
            run_rows(kernel.run, first, smaller(STRAIGHT_ROWS, end - first));
        }
    }
};

// One behind the last element of the source.
inline index_t source_end(const Band& band) {
    index_t last = (band.groups - 1) * band.source_channel_pitch +
                   (band.row.extent - 1) * band.row.pitch + band.column.extent - 1;
    for (int a = 0; a < band.outer_axes; ++a)
        last += (band.outer[a].extent - 1) * band.outer[a].source_pitch;
    return last + 1;
}

// A thread's workspace: a line of zeros, one that tells which columns are inside, and copies.
template <class T>
void correlate_straight(const Band& band, const T* source, const T* packed, T* target, T* workspace,
                        int threads) {
    const index_t tasks = band.groups * block_count(band), line = band.line_length;
    const index_t together = tasks_together(tasks, threads);
    const index_t terms = band.phase[0].row_taps * band.phase[0].column_taps;
    const T* end = source + source_end(band);
    parallel(threads, tasks, together, [&](Share& own) {
        T* zeros = workspace + band.workspace * own.thread;
        T* inside = zeros + line;
        index_t known = -1;  // column of the block that `inside` holds for
        clear_run(line, zeros);
        for (index_t i; next(own, i);) {
            const Block block = block_at(band, i % band.groups, i / band.groups);
            const StraightColumns columns = straight_columns(band, block, Simd<T>::lanes);
            if (block.column != known) {
                known = block.column;
                for (index_t j = 0, at = columns.start; j < columns.span; ++j, ++at)
                    inside[j] = T(at >= 0 && at < band.column.extent);
            }
            const index_t offset = outer_source_offset(band, block.outer, 0);
            const T* from = source + block.group * band.source_channel_pitch + offset;
            T* to = target + block_target_offset(band, block) + band.phase[0].target_start +
                    block.column;
            const StraightTask<T> task{band,   columns, offset < 0 ? nullptr : from,
                                       source, end,     packed + block.group * terms,
                                       zeros,  inside,  inside + line,
                                       to};
            task.run(block.row, block.row_end);
        }
    });
}

}  // namespace
}  // namespace convcore::few_channels
