// Strips: neighbouring tiles on the last axis, between plain arrays and transformed operands.
//
// Channels become the lanes of vectors when a strip is read, by transposing squares of pixels and
// channels, and pixels become them again when it is written: no transform meets an edge.

namespace {

struct Strip {
    index_t image, tile[WINOGRAD_AXES];  // of its first tile
    index_t count;
    index_t place;  // of its first tile in the block
};

// Strips of tiles `first` to `last`, flattened over the batch and all axes; returns how many.
inline int cut_strips(const Winograd& problem, index_t first, index_t last, Strip* strips) {
    const WinogradAxis* axis = problem.axis;
    int count = 0;
    for (index_t p = first; p < last;) {
        index_t row = p / axis[2].tiles;
        Strip strip{0, {0, 0, p % axis[2].tiles}, 0, p - first};
        strip.tile[1] = row % axis[1].tiles;
        row /= axis[1].tiles;
        strip.tile[0] = row % axis[0].tiles;
        strip.image = row / axis[0].tiles;
        strip.count = smaller(smaller(axis[2].tiles - strip.tile[2], MAX_STRIP), last - p);
        p += strip.count;
        strips[count++] = strip;
    }
    return count;
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

// One column for all channels: what is left of 9 or 25 taps.
template <class T>
inline vec<T> gather(const T* from, index_t pitch, int channels) {
    vec<T> value{};
#pragma GCC unroll 16
    for (int c = 0; c < Simd<T>::lanes; ++c)
        if (c < channels) value[c] = from[c * pitch];
    return value;
}

// Transposes a square of one vector each way, between rows `pitch` apart and vectors side by side.
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
inline void write_square(const T* from, T* to, index_t pitch) {
    constexpr int lanes = Simd<T>::lanes;
    vec<T> square[lanes];
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) square[i] = load(from + i * lanes);
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
void write_part(const T* from, index_t wide, T* to, index_t pitch, int channels) {
    constexpr int lanes = Simd<T>::lanes;
    for (int c = 0; c < channels && wide == 1; ++c) to[c * pitch] = from[c];
    if (wide == 1) return;
    vec<T> square[lanes];
    for (int i = 0; i < lanes; ++i) square[i] = i < wide ? load(from + i * lanes) : vec<T>{};
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
    if (x > 0 && x + 1 < count) return read_square(from + count - lanes, pitch,
                                                   to + (count - lanes) * lanes);
    for (; x < count; x += lanes)
        read_part(from + x, pitch, channels, smaller(lanes, count - x), end, to + x * lanes);
}

// The inverse of `read_row`.
template <class T>
void write_row(const T* from, index_t count, T* to, index_t pitch, int channels) {
    constexpr int lanes = Simd<T>::lanes;
    index_t x = 0;
    if (channels == lanes)
        for (; x + lanes <= count; x += lanes) write_square(from + x * lanes, to + x, pitch);
    if (x > 0 && x + 1 < count)
        return write_square(from + (count - lanes) * lanes, to + count - lanes, pitch);
    for (; x < count; x += lanes)
        write_part(from + x * lanes, smaller(lanes, count - x), to + x, pitch, channels);
}

template <class T>
inline void clear_row(T* to, index_t first, index_t last) {
    constexpr int lanes = Simd<T>::lanes;
    for (index_t x = first; x < last; ++x) store(to + x * lanes, vec<T>{});
}

// An array that strips are read from: on each axis, tiles take `taken` elements, every `step`.
struct Window {
    index_t taken[WINOGRAD_AXES], step[WINOGRAD_AXES];
    index_t before[WINOGRAD_AXES], extent[WINOGRAD_AXES];

    index_t positions() const { return extent[0] * extent[1] * extent[2]; }
};

inline Window source_window(const Winograd& problem) {
    Window window;
    for (int a = 0; a < WINOGRAD_AXES; ++a) {
        const WinogradAxis& axis = problem.axis[a];
        window.taken[a] = axis.frequencies;
        window.step[a] = axis.tile;
        window.before[a] = axis.before;
        window.extent[a] = axis.source_extent;
    }
    return window;
}

inline Window target_window(const Winograd& problem) {
    Window window;
    for (int a = 0; a < WINOGRAD_AXES; ++a) {
        const WinogradAxis& axis = problem.axis[a];
        window.taken[a] = window.step[a] = axis.tile;
        window.before[a] = 0;
        window.extent[a] = axis.target_extent;
    }
    return window;
}

// Vectors between the rows of a strip: an odd number, so that they do not share a cache set.
inline index_t strip_pitch(index_t columns) { return columns | 1; }

// One row of a strip, zero where it lies outside; `from` is the channel's first element.
template <class T>
void read_strip_row(const Window& window, const T* from, int channels, const T* end, index_t y0,
                    index_t y1, index_t x, index_t columns, T* to) {
    index_t first = smaller(x < 0 ? -x : 0, columns);
    index_t last = smaller(window.extent[2] - x, columns);
    const bool inside = 0 <= y0 && y0 < window.extent[0] && 0 <= y1 && y1 < window.extent[1];
    if (!inside || last <= first) first = last = columns;
    clear_row(to, 0, first);
    clear_row(to, last, columns);
    if (first == last) return;
    const T* row = from + (y0 * window.extent[1] + y1) * window.extent[2] + x + first;
    read_row(row, window.positions(), channels, last - first, end,
             to + first * Simd<T>::lanes);
}

// Reads a strip of up to one vector of channels, and transforms it: `to`[frequency][tile][lane].
template <class T, template <int, int> class Stage>
void transform_in(const Winograd& problem, const Window& window, const T* from, int channels,
                  const T* end, const Strip& strip, index_t pitch, T* scratch, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    const WinogradAxis* axis = problem.axis;
    const index_t columns = (strip.count - 1) * window.step[2] + window.taken[2];
    const index_t row_pitch = strip_pitch(columns) * lanes;
    index_t start[WINOGRAD_AXES];
    for (int a = 0; a < WINOGRAD_AXES; ++a)
        start[a] = strip.tile[a] * window.step[a] - window.before[a];
    for (index_t i = 0; i < window.taken[0]; ++i)
        for (index_t j = 0; j < window.taken[1]; ++j)
            read_strip_row(window, from, channels, end, start[0] + i, start[1] + j, start[2],
                           columns, scratch + (i * axis[1].frequencies + j) * row_pitch);
    transform_outer<T, Stage>(problem, window.taken[0], axis[1].frequencies, row_pitch, columns,
                              scratch);
    const auto run = transform_for<T, Stage>(axis[2]);
    for (index_t row = 0; row < axis[0].frequencies * axis[1].frequencies; ++row)
        run({scratch + row * row_pitch, lanes, window.step[2] * lanes},
            {to + row * axis[2].frequencies * pitch, pitch, lanes}, strip.count);
}

// Transforms the products of a strip back, and writes them to the target; `step` elements lie
// between the products of neighbouring tiles, `pitch` between frequencies.
template <class T>
void transform_out(const Winograd& problem, const T* from, index_t pitch, index_t step,
                   const Strip& strip, T* scratch, T* to, int channels) {
    constexpr int lanes = Simd<T>::lanes;
    const WinogradAxis* axis = problem.axis;
    const index_t columns = strip.count * axis[2].tile;
    const index_t row_pitch = strip_pitch(columns) * lanes;
    const auto run = transform_for<T, TargetStage>(axis[2]);
    for (index_t row = 0; row < axis[0].frequencies * axis[1].frequencies; ++row)
        run({from + row * axis[2].frequencies * pitch, pitch, step},
            {scratch + row * row_pitch, lanes, axis[2].tile * lanes}, strip.count);
    transform_outer<T, TargetStage>(problem, axis[0].frequencies, axis[1].tile, row_pitch,
                                    columns, scratch);
    const Window window = target_window(problem);
    const index_t x = strip.tile[2] * axis[2].tile;
    for (index_t i = 0; i < axis[0].tile; ++i) {
        const index_t y0 = strip.tile[0] * axis[0].tile + i;
        for (index_t j = 0; j < axis[1].tile; ++j) {
            const index_t y1 = strip.tile[1] * axis[1].tile + j;
            if (y0 >= window.extent[0] || y1 >= window.extent[1]) continue;
            write_row(scratch + (i * axis[1].frequencies + j) * row_pitch,
                      smaller(columns, window.extent[2] - x),
                      to + (y0 * window.extent[1] + y1) * window.extent[2] + x,
                      window.positions(), channels);
        }
    }
}

}  // namespace
