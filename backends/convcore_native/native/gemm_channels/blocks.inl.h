// Blocks of target positions, and the part of the source that they read.
#pragma once
#include "gemm_channels/kernels.h"
#include "gemm_channels/multiply.inl.h"
#include "problem/integers.h"
#include "simd/copy.inl.h"

namespace convcore::gemm_channels {
namespace {

constexpr int MAX_POSITIONS = int(MAX_BLOCK_POSITIONS);

inline index_t block_count(const Correlation& problem, const Blocking& block) {
    index_t blocks = quotient(problem.axis[block.split].count, block.chunk);
    for (int a = 0; a < block.split; ++a) blocks *= problem.axis[a].count;
    return blocks;
}

// Target positions of one block: a box, and where each of them reads and writes.
struct Box {
    index_t start[MAX_AXES], count[MAX_AXES];
    index_t positions;
    index_t source_at[MAX_POSITIONS];  // from the start of the slab, or of the block's source
    index_t target_at[MAX_POSITIONS];  // from the start of a target channel
};

// Positions of a box that follow each other.
struct Range {
    index_t first, count;
    const index_t* source_at;
    const index_t* target_at;
    bool side_by_side;  // the target positions are neighbours in memory
};

inline Range range_of(const Box& box, index_t first, index_t count) {
    const index_t* at = box.target_at + first;
    return {first, count, box.source_at + first, at, at[count - 1] - at[0] == count - 1};
}

// Taps of the outermost axis with several, those that some position of a range reads inside.
struct Inside {
    index_t begin, end, taps;
};

inline void place(const Correlation& problem, const Blocking& block, index_t number, Box& box) {
    for (int a = block.split; a >= 0; --a) {
        const index_t step = a == block.split ? block.chunk : 1;
        const index_t parts = quotient(problem.axis[a].count, step);
        box.start[a] = number % parts * step;
        box.count[a] = smaller(step, problem.axis[a].count - box.start[a]);
        number /= parts;
    }
    for (int a = block.split + 1; a < problem.axes; ++a) {
        box.start[a] = 0;
        box.count[a] = problem.axis[a].count;
    }
}

// Lists the positions of a box axis by axis, the last one varying fastest.
inline void list(const Correlation& problem, const Blocking& block, Box& box) {
    box.positions = 1;
    box.source_at[0] = 0;
    box.target_at[0] = problem.target_start;
    for (int a = 0; a < problem.axes; ++a) {
        const index_t from = block.row_pitch[a], to = problem.axis[a].target_pitch;
        const index_t offset = box.start[a] * to, count = box.count[a];
        for (index_t p = box.positions - 1; p >= 0; --p) {
            const index_t source = box.source_at[p], target = box.target_at[p] + offset;
            for (index_t q = count - 1; q >= 0; --q) {
                box.source_at[p * count + q] = source + q * from;
                box.target_at[p * count + q] = target + q * to;
            }
        }
        box.positions *= count;
    }
}

// Positions of one plane may lie outside with all taps of an axis before it (4 samples of 32
// channels of 16 x 16 x 16, 3 x 3 x 3: 4 % of the terms).
inline Inside find_inside(const Correlation& problem, const Box& box, const Range& range) {
    int a = 0;
    while (a + 1 < problem.axes && problem.axis[a].taps == 1) ++a;
    const Axis& axis = problem.axis[a];
    index_t behind = 1;
    for (int b = a + 1; b < problem.axes; ++b) behind *= box.count[b];
    const index_t low = range.first / behind, high = (range.first + range.count - 1) / behind;
    const auto outside = [&](index_t tap) {
        for (index_t i = low; i <= high; ++i) {
            const index_t q = box.start[a] + i % box.count[a];
            const index_t at = q * axis.step + axis.shift[tap];
            if (at >= 0 && at < axis.extent) return false;
        }
        return true;
    };
    Inside inside{0, axis.taps, axis.taps};
    while (inside.begin < inside.end && outside(inside.begin)) ++inside.begin;
    while (inside.begin < inside.end && outside(inside.end - 1)) --inside.end;
    return inside;
}

// What a segment reads of an axis: entries begin .. end of it lie inside, the first would stand at
// `at`.
struct Reach {
    index_t at, begin, end;
};

inline Reach reach(const Axis& axis, const Segment& segment, index_t start) {
    const index_t at = start * axis.step + segment.relative;
    const index_t begin = at < 0 ? smaller(quotient(-at, axis.step), segment.count) : 0;
    const index_t inside = at < axis.extent ? quotient(axis.extent - at, axis.step) : 0;
    return {at, begin, inside < begin ? begin : smaller(inside, segment.count)};
}

// `rows` rows of the last axis.
template <class T>
void copy_rows(const Correlation& problem, const Blocking& block, const Box& box, index_t rows,
               const T* source, index_t source_pitch, T* slab, index_t slab_pitch) {
    const int last = problem.axes - 1;
    const Axis& axis = problem.axis[last];
    const index_t step = axis.step * axis.source_pitch;
    for (index_t s = 0; s < block.segment_count[last]; ++s) {
        const Segment segment = block.segments[last][s];
        const Reach part = reach(axis, segment, box.start[last]);
        const T* from = source + part.at * axis.source_pitch + part.begin * step;
        T* to = slab + segment.at;
        for (index_t i = 0; i < rows; ++i, from += source_pitch, to += slab_pitch) {
            clear_run(part.begin, to);
            copy_spaced(from, step, part.end - part.begin, to + part.begin);
            clear_run(segment.count - part.end, to + part.end);
        }
    }
}

// Copies what a block reads of one channel, from axis `a` on, into the slab.
template <class T>
void copy_axis(const Correlation& problem, const Blocking& block, const Box& box, int a,
               const T* source, T* slab) {
    if (a + 1 == problem.axes) return copy_rows(problem, block, box, 1, source, 0, slab, 0);
    const Axis& axis = problem.axis[a];
    const index_t pitch = block.row_pitch[a], source_pitch = axis.step * axis.source_pitch;
    for (index_t s = 0; s < block.segment_count[a]; ++s) {
        const Segment& segment = block.segments[a][s];
        const Reach part = reach(axis, segment, box.start[a]);
        const T* from = source + part.at * axis.source_pitch + part.begin * source_pitch;
        T* to = slab + segment.at * pitch;
        clear_run(part.begin * pitch, to);
        clear_run((segment.count - part.end) * pitch, to + part.end * pitch);
        to += part.begin * pitch;
        const index_t rows = part.end - part.begin;
        if (a + 2 == problem.axes) {
            copy_rows(problem, block, box, rows, from, source_pitch, to, pitch);
            continue;
        }
        for (index_t i = 0; i < rows; ++i)
            copy_axis(problem, block, box, a + 1, from + i * source_pitch, to + i * pitch);
    }
}

// A block of source channels and its terms.
struct Channels {
    index_t first, last;
    const index_t* term_offset;
    index_t terms;

    index_t count() const { return last - first; }
};

inline Channels channel_block(const Correlation& problem, const Blocking& block, index_t number) {
    const index_t first = number * block.channels;
    const index_t last = smaller(first + block.channels, problem.source_channels);
    const bool full = last - first == block.channels;
    return {first, last, full ? block.term_offset : block.last_term_offset,
            block.terms / problem.source_channels * (last - first)};
}

// The source of some channels as the block reads it: source_at, plus term_offset.
template <class T>
const T* gather(const Correlation& problem, const Blocking& block, const Box& box, const T* source,
                const Channels& channels, T* slab) {
    source += channels.first * problem.source_channel_pitch;
    if (block.copies) {
        for (index_t c = 0; c < channels.count(); ++c)
            copy_axis(problem, block, box, 0, source + c * problem.source_channel_pitch,
                      slab + c * block.channel_pitch);
        return slab;
    }
    for (int a = 0; a < problem.axes; ++a)
        source += box.start[a] * problem.axis[a].step * problem.axis[a].source_pitch;
    return source;
}

// Channels of the target in panels of the register tile's width; the last one may be narrower.
template <class T>
inline int panel_vectors(index_t channels, index_t panel) {
    const index_t rest = channels - panel * panel_width<T>;
    return int(smaller(PANEL_VECTORS, quotient(rest, Simd<T>::lanes)));
}

// Channels, rounded up to whole vectors, before a panel.
template <class T>
inline index_t panel_start(index_t panel) {
    return panel * panel_width<T>;
}

template <class T>
inline index_t padded_channels(index_t channels) {
    return quotient(channels, Simd<T>::lanes) * Simd<T>::lanes;
}

// One tile of a product.
template <class T, int vectors = PANEL_VECTORS>
ALWAYS_INLINE inline void multiply_tile(int wanted, const T* base, const index_t* row_at,
                                        index_t rows, const index_t* offset, index_t depth,
                                        const T* b, T* c, bool accumulate) {
    if constexpr (vectors > 1) {
        if (wanted < vectors)
            return multiply_tile<T, vectors - 1>(wanted, base, row_at, rows, offset, depth, b, c,
                                                 accumulate);
    }
    const T* row[PANEL_ROWS];
    for (index_t i = 0; i < rows; ++i) row[i] = base + row_at[i];
    multiply_for<T, vectors, PANEL_ROWS>(int(rows))(depth, row, offset, b, c, accumulate);
}

// All rows of a product, in equal shares, so that no tile is nearly empty.
template <class T>
void multiply(int vectors, const T* base, const index_t* row_at, index_t rows,
              const index_t* offset, index_t depth, const T* b, T* c, bool accumulate) {
    const index_t width = vectors * Simd<T>::lanes, tiles = quotient(rows, PANEL_ROWS);
    for (index_t i = 0; i < tiles; ++i) {
        const index_t first = share(rows, tiles, i);
        multiply_tile(vectors, base, row_at + first, share(rows, tiles, i + 1) - first, offset,
                      depth, b, c + first * width, accumulate);
    }
}

}  // namespace
}  // namespace convcore::gemm_channels
