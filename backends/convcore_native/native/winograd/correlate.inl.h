// Correlation by minimal filtering: transform tiles and weights, multiply frequency by frequency,
// transform the products back.
#pragma once
#include "machine/parallel.inl.h"
#include "winograd/multiply.inl.h"
#include "winograd/strip.inl.h"

namespace convcore::winograd {
namespace {

// Tiles that a block holds at most; its table of strips has room for as many.
constexpr index_t MAX_BLOCK_TILES = 512;

struct Strips {
    int count;
    index_t tiles;
    Strip strip[MAX_BLOCK_TILES];

    Strips(const Problem& problem, index_t first, index_t last)
        : count(cut_strips(problem, first, last, strip)), tiles(last - first) {}
};

// A vector of target channels and one source channel: `taps` vectors to `to`[frequency].
template <class T>
void transform_taps(const Problem& problem, const T* taps, index_t pitch, T* work, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    const Axis *outer = problem.axis, *middle = outer + 1, *inner = outer + 2;
    const index_t sign = problem.flip ? -1 : 1;
    // Where tap 0 of an axis stands whose taps are `step` apart.
    const auto start = [&](const T* from, const Axis& axis, index_t step) {
        return problem.flip ? from + (axis.taps - 1) * step : from;
    };
    const index_t row = inner->frequencies * lanes, plane = middle->frequencies * row;
    const auto along_inner = transform_for<T, WeightStage>(*inner);
    for (index_t i = 0; i < outer->taps; ++i) {
        const T* from = taps + i * middle->taps * inner->taps * lanes;
        along_inner({start(from, *inner, lanes), sign * lanes, inner->taps * lanes},
                    {work + i * plane, lanes, row}, middle->taps);
    }
    const auto along_middle = transform_for<T, WeightStage>(*middle);
    const index_t frequencies = inner->frequencies;
    if (outer->taps == 1)
        return along_middle({start(work, *middle, row), sign * row, lanes},
                            {to, frequencies * pitch, pitch}, frequencies);
    if (middle->taps > 1)
        for (index_t i = 0; i < outer->taps; ++i)
            along_middle({start(work + i * plane, *middle, row), sign * row, lanes},
                         {work + i * plane, row, lanes}, frequencies);
    const index_t planes = middle->frequencies * frequencies;
    transform_for<T, WeightStage> (*outer)({start(work, *outer, plane), sign * plane, lanes},
                                           {to, planes * pitch, pitch}, planes);
}

// Source channels that are read together where they stand side by side; and how many before it is
// needed one is fetched where they stand apart (512 channels of 7 x 7, gradient with respect to the
// input, AMD Zen 3, 2026: 0.88 of the time).
constexpr index_t WEIGHT_RUN = 8, WEIGHTS_AHEAD = 6;

// Up to one vector of target channels and source channels `first` to `last`, which stand in `to`
// a panel's width apart.
template <class T>
void transform_weights(const Problem& problem, const T* weight, int channels, index_t first,
                       index_t last, index_t pitch, T* work, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t taps = problem.taps;
    const index_t run = problem.weight_source_pitch == taps ? WEIGHT_RUN : 1;
    const T* end = weight + (channels - 1) * problem.weight_target_pitch +
                   (problem.source_channels - 1) * problem.weight_source_pitch + taps;
    for (index_t s = first; s < last; s += run) {
        const index_t count = smaller(run, last - s);
        const T* from = weight + s * problem.weight_source_pitch;
        const T* next = from + (run == 1 ? WEIGHTS_AHEAD : run) * problem.weight_source_pitch;
        for (int c = 0; c < channels; ++c)
            for (index_t i = 0; i < count * taps; i += 64 / index_t(sizeof(T)))
                __builtin_prefetch(next + c * problem.weight_target_pitch + i);
        read_row(from, problem.weight_target_pitch, channels, count * taps, end, work);
        for (index_t i = 0; i < count; ++i)
            transform_taps(problem, work + i * taps * lanes, pitch, work + run * taps * lanes,
                           to + (s - first + i) * tile_width<T>);
    }
}

// A panel of target channels, zero where there is none; `to` covers whole vectors of source
// channels from `first` on, zero where there is none.
template <class T>
void transform_panel(const Problem& problem, const T* weight, index_t panel, index_t first,
                     index_t last, index_t pitch, T* work, T* to) {
    constexpr int lanes = Simd<T>::lanes, width = tile_width<T>;
    const index_t end = smaller(last, problem.source_channels);
    for (int part = 0; part < width; part += lanes) {
        const index_t target = panel * width + part;
        const int channels =
            int(smaller(lanes, problem.target_channels - smaller(target, problem.target_channels)));
        const index_t done = channels > 0 ? end : first;
        if (channels > 0)
            transform_weights(problem, weight + target * problem.weight_target_pitch, channels,
                              first, end, pitch, work, to + part);
        for (index_t f = 0; done < last && f < problem.frequencies; ++f)
            for (index_t s = done; s < last; ++s)
                store(to + f * pitch + (s - first) * width + part, vec<T>{});
    }
}

template <class T>
inline index_t whole_lanes(index_t channels) {
    return quotient(channels, Simd<T>::lanes) * Simd<T>::lanes;
}

template <class T>
void transform_weight(const Problem& problem, const Blocking& block, const T* weight,
                      T* transformed, index_t first, index_t last, T* workspace, int threads) {
    const index_t depth = whole_lanes<T>(problem.source_channels), part = 64;
    const index_t parts = quotient(depth, part);
    parallel_for(threads, (last - first) * parts, 1, [&](index_t task, int thread) {
        const index_t panel = task / parts, i = task % parts;
        T* to = transformed + panel * problem.frequencies * block.weight_pitch +
                i * part * tile_width<T>;
        transform_panel(problem, weight, first + panel, i * part, smaller((i + 1) * part, depth),
                        block.weight_pitch, workspace + thread * block.strip_workspace, to);
    });
}

// Products of a block of tiles with some panels.
template <class T>
struct Products {
    const Problem& problem;
    const Blocking& block;
    const T* source;       // transformed
    const T* weight;       // transformed, of the first panel
    index_t weight_pitch;  // between frequencies
    bool far;              // the weight is read from beyond the level 2 cache
    T* product;

    // Source channels `first` to `last`, of which `weight` holds those from `origin` on.
    void multiply(index_t tiles, index_t panels, index_t first, index_t last,
                  index_t origin) const {
        for (index_t f = 0; f < problem.frequencies; ++f)
            for (index_t at = first; at < last; at += block.depth)
                multiply_part(f, tiles, panels, at, smaller(at + block.depth, last), origin);
    }

    void multiply_part(index_t f, index_t tiles, index_t panels, index_t first, index_t last,
                       index_t origin) const {
        constexpr int width = tile_width<T>;
        const T* a = source + f * block.source_pitch + first * block.tiles;
        const index_t panel_pitch = problem.frequencies * weight_pitch;
        const T* b = weight + f * weight_pitch + (first - origin) * width;
        T* c = product + f * block.product_pitch;
        for (index_t panel = 0; panel < panels; ++panel) {
            const T* weights = b + panel * panel_pitch;
            const T* next = panel + 1 < panels ? weights + panel_pitch : b + weight_pitch;
            multiply_panel(tiles, first, last, a, weights, next, c + panel * width);
        }
    }

    // Meanwhile fetches the weights at `next`, if they come from far (AMD Zen 3, 2026, one thread:
    // 256 channels of 56 x 56 0.92 of the time, of 14 x 14 with a prepared weight 0.91, 512 of 7 x
    // 7 0.84).
    void multiply_panel(index_t tiles, index_t first, index_t last, const T* a, const T* b,
                        const T* next, T* c) const {
        constexpr int lanes = Simd<T>::lanes, width = tile_width<T>;
        const index_t groups = quotient(tiles, TILE_ROWS), step = block.panels * width;
        const index_t blocks = (last - first) / lanes;
        const T* const end = next + (far ? (last - first) * width : 0);
        for (index_t group = 0; group < groups; ++group, next += blocks * line_size<T>) {
            const index_t tile = share(tiles, groups, group);
            const int rows = int(share(tiles, groups, group + 1) - tile);
            const auto run =
                next < end ? multiply_tiles_for<T, true>(rows) : multiply_tiles_for<T, false>(rows);
            run(blocks, a + tile * lanes, block.tiles * lanes, b, c + tile * step, step, first > 0,
                next);
        }
    }

    // Transforms panels from `panel` on back into the target.
    void finish(const Strips& strips, index_t panel, index_t panels, T* work, T* target,
                Seen<T>& seen) const {
        constexpr int lanes = Simd<T>::lanes, width = tile_width<T>;
        const index_t step = block.panels * width, plane = target_window(problem).positions();
        const index_t end = smaller((panel + panels) * width, problem.target_channels);
        for (index_t k = panel * width; k < end; k += lanes) {
            for (int i = 0; i < strips.count; ++i) {
                const Strip& strip = strips.strip[i];
                transform_out(problem, product + k - panel * width + strip.place * step,
                              block.product_pitch, step, strip, work,
                              target + (strip.image * problem.target_channels + k) * plane,
                              int(smaller(lanes, end - k)), seen);
            }
        }
    }
};

// Transforms channels `channel` and following, up to one vector, of a strip of the source.
template <class T>
void transform_source(const Problem& problem, const Blocking& block, const T* source,
                      index_t channel, const Strip& strip, T* work, T* transformed) {
    constexpr int lanes = Simd<T>::lanes;
    const Window window = source_window(problem);
    const index_t channels = problem.source_channels, plane = window.positions();
    const T* from = source + (strip.image * channels + channel) * plane;
    transform_in<T, SourceStage>(problem, window, from, int(smaller(lanes, channels - channel)),
                                 source + problem.batch * channels * plane, strip,
                                 block.source_pitch, work,
                                 transformed + channel * block.tiles + strip.place * lanes);
}

template <class T>
bool correlate(const Problem& problem, const Blocking& block, const T* source, const T* transformed,
               T* target, index_t first, index_t last, T* workspace, int threads) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t blocks = quotient(problem.tiles, block.tiles);
    const index_t depth = whole_lanes<T>(problem.source_channels);
    const index_t sources = problem.frequencies * block.source_pitch;
    const index_t products = problem.frequencies * block.product_pitch;
    const index_t panel_pitch = problem.frequencies * block.weight_pitch;
    Found spoilt;
    parallel_for(threads, blocks, 1, [&](index_t i, int thread) {
        Seen<T> seen;
        T* buffer = workspace + thread * (sources + products + block.strip_workspace);
        T* work = buffer + sources + products;
        const Strips strips(problem, i * block.tiles,
                            smaller((i + 1) * block.tiles, problem.tiles));
        for (int s = 0; s < strips.count; ++s)
            for (index_t c = 0; c < depth; c += lanes)
                transform_source(problem, block, source, c, strips.strip[s], work, buffer);
        for (index_t panel = first; panel < last; panel += block.panels) {
            const Products<T> run{problem,
                                  block,
                                  buffer,
                                  transformed + (panel - first) * panel_pitch,
                                  block.weight_pitch,
                                  block.far,
                                  buffer + sources};
            const index_t panels = smaller(block.panels, last - panel);
            run.multiply(strips.tiles, panels, 0, depth, 0);
            run.finish(strips, panel, panels, work, target, seen);
        }
        spoilt.set(!seen.all_finite());
    });
    return !spoilt;
}

// Panels from `panel` on times a block of tiles that all threads share. Their weights are taken as
// `prepared`, or transformed.
template <class T>
void correlate_panels(const Problem& problem, const Blocking& block, const Strips& strips,
                      const T* shared, const T* weight, const T* prepared, index_t panel, T* buffer,
                      T* target, Seen<T>& seen) {
    const index_t depth = whole_lanes<T>(problem.source_channels);
    const index_t count = quotient(problem.target_channels, tile_width<T>);
    const index_t panels = smaller(block.panels, count - panel);
    const index_t panel_pitch = problem.frequencies * block.weight_pitch;
    T* product = buffer + block.panels * panel_pitch;
    T* work = product + problem.frequencies * block.product_pitch;
    const bool given = prepared != nullptr;
    const index_t pitch = given ? block.prepared_pitch : block.weight_pitch;
    const Products<T> run{problem, block,
                          shared,  given ? prepared + panel * problem.frequencies * pitch : buffer,
                          pitch,   given && block.far,
                          product};
    // Prepared weights are multiplied in the order in which they stand: of one frequency after the
    // other, those of all source channels (512 channels of 7 x 7, AMD Zen 3, 2026: 0.88).
    if (given) run.multiply(strips.tiles, panels, 0, depth, 0);
    for (index_t first = 0; !given && first < depth; first += block.depth) {
        const index_t last = smaller(first + block.depth, depth);
        for (index_t i = 0; i < panels; ++i)
            transform_panel(problem, weight, panel + i, first, last, pitch, work,
                            buffer + i * panel_pitch);
        run.multiply(strips.tiles, panels, first, last, first);
    }
    run.finish(strips, panel, panels, work, target, seen);
}

template <class T>
bool correlate_few(const Problem& problem, const Blocking& block, const T* source, const T* weight,
                   const T* prepared, T* target, T* workspace, int threads) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t vectors = quotient(problem.source_channels, lanes);
    const index_t panels = quotient(problem.target_channels, tile_width<T>);
    const index_t buffer_size =
        problem.frequencies * (block.panels * block.weight_pitch + block.product_pitch) +
        block.strip_workspace;
    T* const buffers = workspace + problem.frequencies * block.source_pitch;
    Found spoilt;
    for (index_t first = 0; first < problem.tiles; first += block.tiles) {
        const Strips strips(problem, first, smaller(first + block.tiles, problem.tiles));
        parallel_for(threads, strips.count * vectors, 1, [&](index_t i, int thread) {
            transform_source(problem, block, source, i % vectors * lanes, strips.strip[i / vectors],
                             buffers + thread * buffer_size, workspace);
        });
        parallel_for(threads, quotient(panels, block.panels), 1, [&](index_t i, int thread) {
            Seen<T> seen;
            correlate_panels(problem, block, strips, workspace, weight, prepared, i * block.panels,
                             buffers + thread * buffer_size, target, seen);
            spoilt.set(!seen.all_finite());
        });
    }
    return !spoilt;
}

}  // namespace
}  // namespace convcore::winograd
