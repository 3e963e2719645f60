// Strips: neighbouring tiles on the last axis, between plain arrays and transformed operands.
//
// Channels become the lanes of vectors when a strip is read, by transposing squares of pixels and
// channels, and pixels become them again when it is written: no transform meets an edge.
#pragma once
#include "problem/integers.h"
#include "simd/finite.inl.h"
#include "winograd/transform.inl.h"

namespace convcore::winograd {
namespace {

struct Strip {
    index_t image, position[AXES];  // of its first tile in the target
    index_t count;
    index_t place;  // of its first tile in the block
};

// Of a tile of the target.
inline index_t first_position(const Axis& axis, index_t tile) {
    return tile / axis.dilation * axis.tile * axis.dilation + tile % axis.dilation;
}

// Strips of tiles `first` to `last`, flattened over the batch and all axes; returns how many.
inline int cut_strips(const Problem& problem, index_t first, index_t last, Strip* strips) {
    const Axis* axis = problem.axis;
    const index_t dilation = axis[2].dilation;
    int count = 0;
    for (index_t p = first; p < last;) {
        const index_t tile = p % axis[2].tiles, row = p / axis[2].tiles;
        const index_t plane = row / axis[1].tiles;
        Strip strip{plane / axis[0].tiles,
                    {first_position(axis[0], plane % axis[0].tiles),
                     first_position(axis[1], row % axis[1].tiles), first_position(axis[2], tile)},
                    smaller(axis[2].tiles - tile, MAX_STRIP),
                    p - first};
        if (dilation > 1) strip.count = smaller(strip.count, dilation - tile % dilation);
        strip.count = smaller(strip.count, last - p);
        p += strip.count;
        strips[count++] = strip;
    }
    return count;
}

// The columns that a strip takes up, `taken` elements of each tile: some `pieces` of an array's
// row, starting `apart` elements from each other, side by side. Columns of a tile are then `pitch`
// apart, and tiles `step`.
struct Columns {
    index_t pieces, width, apart;
    index_t pitch, step;

    index_t count() const { return pieces * width; }
};

inline Columns strip_columns(const Axis& axis, index_t taken, index_t tiles) {
    const index_t dilation = axis.dilation;
    if (dilation == 1) return {1, (tiles - 1) * axis.tile + taken, 0, 1, axis.tile};
    if (dilation == tiles) return {1, taken * tiles, 0, tiles, 1};
    return {taken, tiles, dilation, tiles, 1};
}

template <class T>
inline vec<T> load_part(const T* from, index_t count, const T* end) {
    if (from + Simd<T>::lanes <= end) return load(from);
    vec<T> value{};
    for (index_t i = 0; i < count; ++i) value[i] = from[i];
    return value;
}

template <class T>
inline void store_part(T* to, vec<T> value, index_t count) {
    for (index_t i = 0; i < count; ++i) to[i] = value[i];
}

// One column of all channels, without a square: 9 or 25 taps leave one behind the whole vectors.
template <class T>
inline vec<T> gather(const T* from, index_t pitch, int channels) {
    vec<T> value{};
#pragma GCC unroll 16
    for (int c = 0; c < Simd<T>::lanes; ++c)
        if (c < channels) value[c] = from[c * pitch];
    return value;
}

// Transposes a square of one vector each way, between rows `pitch` apart and vectors side by side.
// What is written is looked at.
template <class T>
inline void read_square(const T* from, index_t pitch, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    vec<T> square[lanes];
#pragma GCC unroll 16
    for (int c = 0; c < lanes; ++c) square[c] = load(from + c * pitch);
    transpose<T>(square);
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) store(to + i * lanes, square[i]);
}

template <class T>
inline void write_square(const T* from, T* to, index_t pitch, Seen<T>& seen) {
    constexpr int lanes = Simd<T>::lanes;
    vec<T> square[lanes];
    Bits<T> bits{};
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) {
        square[i] = load(from + i * lanes);
        bits |= not_finite<T>(square[i]);
    }
    seen.look(bits);
    transpose<T>(square);
#pragma GCC unroll 16
    for (int c = 0; c < lanes; ++c) store(to + c * pitch, square[c]);
}

// Less than a square: `wide` elements of `channels` rows; nothing is read at or behind `end`.
template <class T>
void read_part(const T* from, index_t pitch, int channels, index_t wide, const T* end, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    if (wide == 1) return store(to, gather(from, pitch, channels));
    vec<T> square[lanes];
    for (int c = 0; c < lanes; ++c)
        square[c] = c < channels ? load_part(from + c * pitch, wide, end) : vec<T>{};
    transpose<T>(square);
    for (int i = 0; i < wide; ++i) store(to + i * lanes, square[i]);
}

template <class T>
void write_part(const T* from, index_t wide, T* to, index_t pitch, int channels, Seen<T>& seen) {
    constexpr int lanes = Simd<T>::lanes;
    // Lanes behind the channels hold sums of zeros, which are finite where those before them are.
    if (wide == 1) {
        seen.look(load(from));
        for (int c = 0; c < channels; ++c) to[c * pitch] = from[c];
        return;
    }
    vec<T> square[lanes];
    Bits<T> bits{};
    for (int i = 0; i < lanes; ++i) {
        square[i] = i < wide ? load(from + i * lanes) : vec<T>{};
        bits |= not_finite<T>(square[i]);
    }
    seen.look(bits);
    transpose<T>(square);
    for (int c = 0; c < channels; ++c) store_part(to + c * pitch, square[c], wide);
}

// `to`[x][c] = `from`[c * pitch + x] for x < count and c < channels, and 0 for the lanes behind;
// nothing is read at or behind `end`. The last square overlaps the one before it.
template <class T>
void read_row(const T* from, index_t pitch, int channels, index_t count, const T* end, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    index_t x = 0;
    if (channels == lanes)
        for (; x + lanes <= count; x += lanes) read_square(from + x, pitch, to + x * lanes);
    if (x > 0 && x + 1 < count)
        return read_square(from + count - lanes, pitch, to + (count - lanes) * lanes);
    for (; x < count; x += lanes)
        read_part(from + x, pitch, channels, smaller(lanes, count - x), end, to + x * lanes);
}

// The inverse of `read_row`.
template <class T>
void write_row(const T* from, index_t count, T* to, index_t pitch, int channels, Seen<T>& seen) {
    constexpr int lanes = Simd<T>::lanes;
    index_t x = 0;
    if (channels == lanes)
        for (; x + lanes <= count; x += lanes) write_square(from + x * lanes, to + x, pitch, seen);
    if (x > 0 && x + 1 < count)
        return write_square(from + (count - lanes) * lanes, to + count - lanes, pitch, seen);
    for (; x < count; x += lanes)
        write_part(from + x * lanes, smaller(lanes, count - x), to + x, pitch, channels, seen);
}

template <class T>
inline void clear_row(T* to, index_t first, index_t last) {
    constexpr int lanes = Simd<T>::lanes;
    for (index_t x = first; x < last; ++x) store(to + x * lanes, vec<T>{});
}

// An array that strips are read from or written to, and how many elements tiles take on each axis.
struct Window {
    index_t taken[AXES], before[AXES], extent[AXES];

    index_t positions() const { return extent[0] * extent[1] * extent[2]; }
};

inline Window source_window(const Problem& problem) {
    Window window;
    for (int a = 0; a < AXES; ++a) {
        const Axis& axis = problem.axis[a];
        window.taken[a] = axis.frequencies;
        window.before[a] = axis.before;
        window.extent[a] = axis.source_extent;
    }
    return window;
}

inline Window target_window(const Problem& problem) {
    Window window;
    for (int a = 0; a < AXES; ++a) {
        const Axis& axis = problem.axis[a];
        window.taken[a] = axis.tile;
        window.before[a] = 0;
        window.extent[a] = axis.target_extent;
    }
    return window;
}

// Vectors between the rows of a strip: an odd number, so that they do not share a cache set.
inline index_t strip_pitch(index_t columns) { return columns | 1; }

// A piece of a strip's row, zero where it lies outside; `from` is the channel's first element.
template <class T>
void read_piece(const Window& window, const T* from, int channels, const T* end, index_t y0,
                index_t y1, index_t x, index_t width, T* to) {
    index_t first = smaller(x < 0 ? -x : 0, width);
    index_t last = smaller(window.extent[2] - x, width);
    const bool inside = 0 <= y0 && y0 < window.extent[0] && 0 <= y1 && y1 < window.extent[1];
    if (!inside || last <= first) first = last = width;
    clear_row(to, 0, first);
    clear_row(to, last, width);
    if (first == last) return;
    const T* row = from + (y0 * window.extent[1] + y1) * window.extent[2] + x + first;
    read_row(row, window.positions(), channels, last - first, end, to + first * Simd<T>::lanes);
}

// Writes what of a piece lies inside.
template <class T>
void write_piece(const Window& window, const T* from, index_t y0, index_t y1, index_t x,
                 index_t width, T* to, int channels, Seen<T>& seen) {
    if (y0 >= window.extent[0] || y1 >= window.extent[1] || x >= window.extent[2]) return;
    write_row(from, smaller(width, window.extent[2] - x),
              to + (y0 * window.extent[1] + y1) * window.extent[2] + x, window.positions(),
              channels, seen);
}

// Reads a strip of up to one vector of channels, and transforms it: `to`[frequency][tile][lane].
template <class T, template <int, int> class Stage>
void transform_in(const Problem& problem, const Window& window, const T* from, int channels,
                  const T* end, const Strip& strip, index_t pitch, T* work, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    const Axis* axis = problem.axis;
    const Columns columns = strip_columns(axis[2], window.taken[2], strip.count);
    const index_t row_pitch = strip_pitch(columns.count()) * lanes;
    index_t start[AXES];
    for (int a = 0; a < AXES; ++a) start[a] = strip.position[a] - window.before[a];
    for (index_t i = 0; i < window.taken[0]; ++i)
        for (index_t j = 0; j < window.taken[1]; ++j)
            for (index_t k = 0; k < columns.pieces; ++k)
                read_piece(
                    window, from, channels, end, start[0] + i * axis[0].dilation,
                    start[1] + j * axis[1].dilation, start[2] + k * columns.apart, columns.width,
                    work + (i * axis[1].frequencies + j) * row_pitch + k * columns.width * lanes);
    transform_outer<T, Stage>(problem, window.taken[0], axis[1].frequencies, row_pitch,
                              columns.count(), work);
    const auto run = transform_for<T, Stage>(axis[2]);
    for (index_t row = 0; row < axis[0].frequencies * axis[1].frequencies; ++row)
        run({work + row * row_pitch, columns.pitch * lanes, columns.step * lanes},
            {to + row * axis[2].frequencies * pitch, pitch, lanes}, strip.count);
}

// Transforms the products of a strip back, and writes them to the target; `step` elements lie
// between the products of neighbouring tiles, `pitch` between frequencies.
template <class T>
void transform_out(const Problem& problem, const T* from, index_t pitch, index_t step,
                   const Strip& strip, T* work, T* to, int channels, Seen<T>& seen) {
    constexpr int lanes = Simd<T>::lanes;
    const Axis* axis = problem.axis;
    const Columns columns = strip_columns(axis[2], axis[2].tile, strip.count);
    const index_t row_pitch = strip_pitch(columns.count()) * lanes;
    const auto run = transform_for<T, TargetStage>(axis[2]);
    for (index_t row = 0; row < axis[0].frequencies * axis[1].frequencies; ++row)
        run({from + row * axis[2].frequencies * pitch, pitch, step},
            {work + row * row_pitch, columns.pitch * lanes, columns.step * lanes}, strip.count);
    transform_outer<T, TargetStage>(problem, axis[0].frequencies, axis[1].tile, row_pitch,
                                    columns.count(), work);
    const Window window = target_window(problem);
    for (index_t i = 0; i < axis[0].tile; ++i)
        for (index_t j = 0; j < axis[1].tile; ++j)
            for (index_t k = 0; k < columns.pieces; ++k)
                write_piece(
                    window,
                    work + (i * axis[1].frequencies + j) * row_pitch + k * columns.width * lanes,
                    strip.position[0] + i * axis[0].dilation,
                    strip.position[1] + j * axis[1].dilation, strip.position[2] + k * columns.apart,
                    columns.width, to, channels, seen);
}

}  // namespace
}  // namespace convcore::winograd
