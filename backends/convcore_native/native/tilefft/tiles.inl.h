// Tiles to spectra, products of spectra, and spectra back to tiles.
//
// A spectrum is made of sections of `lanes` roots of the first axis; a section has one row of
// (lanes real parts, lanes imaginary parts) for each column. A section, and a block of `lanes`
// columns on the way there, stay in the level 1 cache while they are transformed.
#pragma once
#include "machine/parallel.inl.h"
#include "problem/integers.h"
#include "simd/finite.inl.h"
#include "tilefft/multiply.inl.h"

namespace convcore::tilefft {
namespace {

// Elements of an array at tile positions first + e * spacing, e < count.
struct Span {
    index_t first, spacing, count, pitch;
};

// Elements of a span that stand at positions begin + lane, begin + lane + spacing, ...
struct Run {
    index_t element, lane, count;
};

inline index_t ceiling(index_t a, index_t b) {
    if (b == 1) return a;
    return a > 0 ? (a + b - 1) / b : -(-a / b);
}

inline Span span(const Axis& axis, index_t tile, index_t* offset) {
    const index_t from = axis.start + tile * axis.advance;
    const index_t begin = from > 0 ? ceiling(from, axis.spacing) : 0;
    const index_t end = smaller(ceiling(from + axis.kept, axis.spacing), axis.extent);
    *offset += begin * axis.pitch;
    return {begin * axis.spacing - from, axis.spacing, end > begin ? end - begin : 0, axis.pitch};
}

inline Run run_from(const Span& span, index_t begin, index_t width) {
    const index_t ahead = begin - span.first;
    const index_t element = ahead > 0 ? ceiling(ahead, span.spacing) : 0;
    const index_t lane = element * span.spacing - ahead;
    if (lane >= width || element >= span.count) return {0, 0, 0};
    return {element, lane, smaller(ceiling(width - lane, span.spacing), span.count - element)};
}

// Where the elements of one tile are.
struct Window {
    index_t offset;
    Span row, column;
    index_t shear;  // of a line: columns, by which each row is ahead of the one above
};

template <class T>
Window window_of(const Transform<T>& transform, const Field& field, index_t group, index_t channel,
                 index_t tile) {
    const bool line = transform.twist != nullptr;
    Window all{};
    all.offset = field.origin + group * field.group_pitch + channel * field.channel_pitch;
    all.column = span(field.axis[1], tile % field.axis[1].tiles, &all.offset);
    tile /= field.axis[1].tiles;
    if (line) {
        all.row = {0, 1, 2 * transform.down.extent, 0};
        all.shear = transform.across.extent;
    } else {
        all.row = span(field.axis[0], tile % field.axis[0].tiles, &all.offset);
        tile /= field.axis[0].tiles;
    }
    all.offset += tile * field.batch_pitch;
    return all;
}

// Some neighbouring columns, in blocks of `lanes`, with the two halves of the rows as real and
// imaginary parts. They are filled row by row, since rows of an array are far apart in memory.
struct Strip {
    index_t rows, begin, width, block;
};

// Calls move(element of the array, place in the strip) or, for `lanes` of them, move_vector.
template <class T, class Move, class MoveVector>
inline void visit_row(const Span& column, const Run& run, index_t block, Move move,
                      MoveVector move_vector) {
    constexpr index_t lanes = Simd<T>::lanes;
    const bool dense = column.pitch == 1 && column.spacing == 1;
    const auto element = [&](index_t e) {
        const index_t lane = run.lane + e * column.spacing;
        move((run.element + e) * column.pitch, lane / lanes * block + lane % lanes);
    };
    index_t e = 0;
    if (dense) {
        for (; e < run.count && (run.lane + e) % lanes != 0; ++e) element(e);
        index_t place = (run.lane + e) / lanes * block;
        for (; e + lanes <= run.count; e += lanes, place += block)
            move_vector(run.element + e, place);
    }
    for (; e < run.count; ++e) element(e);
}

// Calls visit(offset of the row in the array, its run, its place in the strip).
template <class T, class Visit>
inline void visit_rows(const Window& window, const Strip& strip, Visit visit) {
    constexpr index_t lanes = Simd<T>::lanes;
    Run run = run_from(window.column, strip.begin, strip.width);
    for (index_t e = 0; e < window.row.count; ++e) {
        const index_t i = window.row.first + e * window.row.spacing;
        if (window.shear)
            run = run_from(window.column, strip.begin + i * window.shear, strip.width);
        const index_t place = i < strip.rows ? i * 2 * lanes : (i - strip.rows) * 2 * lanes + lanes;
        visit(window.offset + e * window.row.pitch, run, place);
    }
}

// Whether any element lies in the columns from `begin`.
inline bool reached(const Window& window, index_t begin, index_t width) {
    if (window.shear) return true;
    return window.row.count > 0 && run_from(window.column, begin, width).count > 0;
}

template <class T>
inline void clear_rows(T* to, index_t count) {
    for (index_t i = 0; i < count; i += Simd<T>::lanes) store(to + i, vec<T>{});
}

template <class T>
void fill_strip(const Window& window, const Strip& strip, const T* array, T* columns) {
    constexpr index_t lanes = Simd<T>::lanes;
    const bool full = !window.shear && window.row.count == 2 * strip.rows &&
                      run_from(window.column, strip.begin, strip.width).count == strip.width;
    for (index_t i = 0; i < strip.width && !full; i += lanes)
        clear_rows(columns + i / lanes * strip.block, strip.rows * 2 * lanes);
    visit_rows<T>(window, strip, [&](index_t offset, const Run& run, index_t row) {
        visit_row<T>(
            window.column, run, strip.block,
            [&](index_t e, index_t place) { columns[row + place] = array[offset + e]; },
            [&](index_t e, index_t place) {
                store(columns + row + place, load(array + offset + e));
            });
    });
}

// Whether all that it writes is finite; what it scales, to less, is where the result is.
template <class T>
bool empty_strip(const Window& window, const Strip& strip, T scale, const T* columns, T* array) {
    Seen<T> seen;
    visit_rows<T>(window, strip, [&](index_t offset, const Run& run, index_t row) {
        visit_row<T>(
            window.column, run, strip.block,
            [&](index_t e, index_t place) {
                const T value = columns[row + place];
                seen.look(value);
                array[offset + e] = value * scale;
            },
            [&](index_t e, index_t place) {
                const vec<T> value = load(columns + row + place);
                seen.look(value);
                store(array + offset + e, value * broadcast(scale));
            });
    });
    return seen.all_finite();
}

// lanes x lanes complex numbers; the rows of both squares are 2 lanes apart.
template <class T>
inline void turn(const T* from, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    for (int part = 0; part < 2 * lanes; part += lanes) {
        vec<T> rows[lanes];
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) rows[i] = load(from + part + i * 2 * lanes);
        transpose<T>(rows);
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) store(to + part + i * 2 * lanes, rows[i]);
    }
}

template <class T, bool forward>
void twist(const T* powers, index_t count, T* section) {
    for (index_t i = 0; i < count; i += 2 * Simd<T>::lanes) {
        const Complex<T> z = read(section + i), w = read(powers + i);
        write(section + i, forward ? z * w : times_conjugate(z, w));
    }
}

// The strip of a tile that begins at a column.
template <class T>
inline Strip strip_from(const Transform<T>& transform, index_t begin) {
    const index_t widest = STRIP_BYTES / index_t(sizeof(T));
    return {transform.down.extent, begin, smaller(widest, transform.across.extent - begin),
            transform.block};
}

template <class T>
void tile_to_spectrum(const Transform<T>& transform, const Window& window, const T* array,
                      T* spectrum, T* columns) {
    constexpr index_t lanes = Simd<T>::lanes, square = lanes * 2 * lanes;
    const index_t section = transform.across.extent * 2 * lanes;
    const index_t sections = transform.down.extent / lanes;
    for (index_t begin = 0; begin < transform.across.extent;) {
        const Strip strip = strip_from(transform, begin);
        if (reached(window, begin, strip.width)) fill_strip(window, strip, array, columns);
        T* block = columns;
        for (; begin < strip.begin + strip.width; begin += lanes, block += strip.block) {
            T* to = spectrum + begin * 2 * lanes;
            const bool some = reached(window, begin, lanes);
            if (some) reduce_all(transform.down, block);
            for (index_t s = 0; s < sections; ++s) {
                if (some)
                    turn(block + s * square, to + s * section);
                else
                    clear_rows(to + s * section, square);
            }
        }
    }
    for (index_t s = 0; s < sections; ++s) {
        T* at = spectrum + s * section;
        if (transform.twist) twist<T, true>(transform.twist + s * section, section, at);
        reduce_all(transform.across, at);
    }
}

// Whether all elements that it writes are finite.
template <class T>
bool spectrum_to_tile(const Transform<T>& transform, const Window& window, T* spectrum, T* array,
                      T* columns) {
    constexpr index_t lanes = Simd<T>::lanes, square = lanes * 2 * lanes;
    const index_t section = transform.across.extent * 2 * lanes;
    const index_t sections = transform.down.extent / lanes;
    const T scale = T(1) / T(transform.down.extent * transform.across.extent);
    bool finite = true;
    for (index_t s = 0; s < sections; ++s) {
        T* at = spectrum + s * section;
        expand_all(transform.across, at);
        if (transform.twist) twist<T, false>(transform.twist + s * section, section, at);
    }
    for (index_t begin = 0; begin < transform.across.extent;) {
        const Strip strip = strip_from(transform, begin);
        T* block = columns;
        for (; begin < strip.begin + strip.width; begin += lanes, block += strip.block) {
            if (!reached(window, begin, lanes)) continue;
            const T* from = spectrum + begin * 2 * lanes;
            for (index_t s = 0; s < sections; ++s) turn(from + s * section, block + s * square);
            expand_all(transform.down, block);
        }
        finite = empty_strip(window, strip, scale, columns, array) && finite;
    }
    return finite;
}

// Calls visit(window, place of the spectrum, block of the thread) for every item; whether each of
// them returned true.
template <class T, class Visit>
bool visit_items(const Transform<T>& transform, const Field& field, const Items& items,
                 T* workspace, int threads, Visit visit) {
    const index_t buffer = STRIP_BYTES / VECTOR_BYTES * transform.block;
    const index_t tasks = items.groups * items.channels * items.tiles;
    Found failed;
    parallel_for(threads, tasks, 1, [&](index_t i, int thread) {
        const index_t tile = i % items.tiles, channel = i / items.tiles % items.channels;
        const index_t group = i / items.tiles / items.channels;
        const index_t place =
            group * items.group_place + channel * items.channel_place + tile * items.tile_place;
        const Window window = window_of(transform, field, items.first_group + group,
                                        items.first_channel + channel, items.first_tile + tile);
        failed.set(!visit(window, place * transform.pitch, workspace + thread * buffer));
    });
    return !failed;
}

template <class T>
void transform_tiles(const Transform<T>& transform, const Field& field, const Items& items,
                     const T* array, T* spectra, T* workspace, int threads) {
    visit_items(transform, field, items, workspace, threads,
                [&](const Window& window, index_t place, T* columns) {
                    tile_to_spectrum(transform, window, array, spectra + place, columns);
                    return true;
                });
}

template <class T>
bool restore_tiles(const Transform<T>& transform, const Field& field, const Items& items,
                   T* spectra, T* array, T* workspace, int threads) {
    return visit_items(transform, field, items, workspace, threads,
                       [&](const Window& window, index_t place, T* columns) {
                           return spectrum_to_tile(transform, window, spectra + place, array,
                                                   columns);
                       });
}

template <class T>
bool combine_tiles(const Transform<T>& transform, const Field& field, const Items& items,
                   const Product& product, const T* a, const T* b, T* array, T* workspace,
                   int threads) {
    const index_t strip = STRIP_BYTES / VECTOR_BYTES * transform.block;
    const index_t buffer = strip + product.row_block * product.column_block * transform.pitch;
    const index_t rows = quotient(product.rows, product.row_block);
    const index_t columns = quotient(product.columns, product.column_block);
    const index_t tasks = product.groups * columns * rows;
    Found spoilt;
    parallel_for(threads, tasks, 1, [&](index_t task, int thread) {
        const index_t row = task % rows * product.row_block;
        const index_t column = task / rows % columns * product.column_block;
        const index_t group = task / rows / columns;
        const index_t row_end = smaller(row + product.row_block, product.rows);
        const index_t column_end = smaller(column + product.column_block, product.columns);
        T* const block = workspace + thread * buffer;
        multiply_part(product, row_end - row, column_end - column,
                      a + group * product.a_group + row * product.a_row,
                      b + group * product.b_group + column * product.b_column, block + strip);
        for (index_t i = row; i < row_end; ++i) {
            for (index_t j = column; j < column_end; ++j) {
                T* spectrum = block + strip + (i - row) * product.result_row +
                              (j - column) * product.result_column;
                const Window window = window_of(transform, field, items.first_group + group,
                                                items.first_channel + j, items.first_tile + i);
                spoilt.set(!spectrum_to_tile(transform, window, spectrum, array, block));
            }
        }
    });
    return !spoilt;
}

}  // namespace
}  // namespace convcore::tilefft
