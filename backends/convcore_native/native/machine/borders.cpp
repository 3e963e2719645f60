#include "machine/borders.h"

#include <string.h>

#include <algorithm>
#include <vector>

#include "machine/parallel.inl.h"
#include "problem/dtypes.h"

namespace convcore {

namespace {

// Elements that one thread copies before another could have begun to help (Zen 3, 2026-12).
constexpr index_t FEW = 1 << 14;

struct Wide {
    uint64_t low, high;
};

// The longest run of columns that copy one after the other, [start, stop).
struct Run {
    index_t start, stop;
};

Run longest_run(const index_t* columns, index_t count) {
    Run longest{0, 0};
    for (index_t start = 0, stop; start < count; start = stop) {
        stop = start + 1;
        if (columns[start] < 0) continue;
        while (stop < count && columns[stop] == columns[stop - 1] + 1) ++stop;
        if (stop - start > longest.stop - longest.start) longest = {start, stop};
    }
    return longest;
}

template <class T>
T* row_of(const Rows& rows, index_t matrix, index_t row) {
    return static_cast<T*>(rows.data) + matrix * rows.matrix_pitch + row * rows.row_pitch;
}

int threads_for(int threads, Extents extents) {
    return extents.matrices * extents.rows * extents.columns <= FEW ? 1 : threads;
}

template <class T>
void extend_row(const T* from, T* to, const index_t* columns, index_t count, Run run, T value) {
    const auto copy = [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i) to[i] = columns[i] < 0 ? value : from[columns[i]];
    };
    copy(0, run.start);
    if (run.stop > run.start)
        memcpy(to + run.start, from + columns[run.start], (run.stop - run.start) * sizeof(T));
    copy(run.stop, count);
}

template <class T>
void extend_all(int threads, Extents extended, Rows from, Rows to, Sources sources,
                const void* filled) {
    const T value = *static_cast<const T*>(filled);
    const Run run = longest_run(sources.columns, extended.columns);
    const index_t count = extended.matrices * extended.rows;
    threads = threads_for(threads, extended);
    parallel_for(threads, count, few_of(count, threads), [&](index_t i, int) {
        const index_t matrix = i / extended.rows, row = i % extended.rows;
        const index_t source = sources.rows[row];
        T* target = row_of<T>(to, matrix, row);
        if (source < 0) {
            std::fill_n(target, extended.columns, value);
        } else {
            extend_row(row_of<const T>(from, matrix, source), target, sources.columns,
                       extended.columns, run, value);
        }
    });
}

// Which rows copy each row: those of row i lie from start[i] to start[i + 1].
struct Copying {
    std::vector<index_t> start, rows;
};

Copying copying(const index_t* sources, index_t count, index_t own_rows) {
    Copying found{std::vector<index_t>(own_rows + 1), std::vector<index_t>(count)};
    for (index_t i = 0; i < count; ++i)
        if (sources[i] >= 0) ++found.start[sources[i]];
    for (index_t i = 0, before = 0; i <= own_rows; ++i) {
        before += found.start[i];
        found.start[i] = before;
    }
    for (index_t i = count; i-- > 0;)
        if (sources[i] >= 0) found.rows[--found.start[sources[i]]] = i;
    return found;
}

template <class T>
void add_run(const T* from, T* to, index_t count) {
    for (index_t i = 0; i < count; ++i) to[i] = T(to[i] + from[i]);
}

template <class T>
void add_edges(const T* from, T* to, const index_t* columns, index_t start, index_t stop) {
    for (index_t i = start; i < stop; ++i)
        if (columns[i] >= 0) to[columns[i]] = T(to[columns[i]] + from[i]);
}

template <class T>
void fold_all(int threads, Extents extended, Extents own, Rows from, Rows to, Sources sources) {
    const Run run = longest_run(sources.columns, extended.columns);
    const Copying by_row = copying(sources.rows, extended.rows, own.rows);
    const index_t count = own.matrices * own.rows, length = run.stop - run.start;
    parallel_for(threads_for(threads, extended), count, few_of(count, threads),
                 [&](index_t i, int) {
                     const index_t matrix = i / own.rows, row = i % own.rows;
                     T* target = row_of<T>(to, matrix, row);
                     std::fill_n(target, own.columns, T(0));
                     for (index_t k = by_row.start[row]; k < by_row.start[row + 1]; ++k) {
                         const T* source = row_of<const T>(from, matrix, by_row.rows[k]);
                         add_run(source + run.start, target + sources.columns[run.start], length);
                         add_edges(source, target, sources.columns, 0, run.start);
                         add_edges(source, target, sources.columns, run.stop, extended.columns);
                     }
                 });
}

void extend_any(int threads, int itemsize, Extents extended, Rows from, Rows to, Sources sources,
                const void* value) {
    const auto extend = itemsize == 1   ? extend_all<uint8_t>
                        : itemsize == 2 ? extend_all<uint16_t>
                        : itemsize == 4 ? extend_all<uint32_t>
                        : itemsize == 8 ? extend_all<uint64_t>
                                        : extend_all<Wide>;
    extend(threads, extended, from, to, sources, value);
}

void fold_any(int threads, bool integers, int itemsize, Extents extended, Extents own, Rows from,
              Rows to, Sources sources) {
    for_dtype(integers, itemsize, [&](auto zero) {
        fold_all<decltype(zero)>(threads, extended, own, from, to, sources);
    });
}

const Borders all = {extend_any, fold_any};

}  // namespace

const Borders& borders() { return all; }

}  // namespace convcore
