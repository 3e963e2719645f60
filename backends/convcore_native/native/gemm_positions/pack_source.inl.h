// The columns of a block of target positions: what each tap reads, and how it is packed.
#pragma once
#include "gemm_positions/kernels.h"
#include "problem/integers.h"
#include "problem/taps.inl.h"
#include "simd/copy.inl.h"

namespace convcore::gemm_positions {
namespace {

constexpr int TILE_VECTORS = TILES.gemm_positions.vectors;
static_assert(TILE_VECTORS <= VECTORS);

template <class T>
constexpr int tile_width = TILE_VECTORS * Simd<T>::lanes;

// Positions of a block that follow each other on the last axis.
struct PositionRun {
    index_t first, count;  // in the block
    index_t at[MAX_AXES];  // coordinates of the first one
    index_t target;        // where it stands in a target channel
};

struct PositionRuns {
    index_t positions = 0;
    int count = 0;
    PositionRun run[MAX_BLOCK_POSITIONS];

    PositionRuns(const Correlation& problem, const Blocking& block, index_t first, index_t last)
        : positions(last - first) {
        Region region(problem, block);
        for (index_t start = 0, at = first; at < last; region.next()) {
            const index_t size = region.size(), end = smaller(last, start + size);
            for (; at < end; at += run[count++].count)
                add(problem, region, at - start, end - at, at - first);
            start += size;
        }
    }

  private:
    // Before, within or behind the inner positions of each axis: those parts that have some. They
    // go to and fro, so that of two neighbours one reads all taps of the other.
    struct Region {
        int axes, parts[MAX_AXES], part[MAX_AXES] = {};
        bool back[MAX_AXES] = {};
        index_t end[MAX_AXES][4];  // of each part, from the second entry on

        Region(const Correlation& problem, const Blocking& block) : axes(problem.axes) {
            for (int a = 0; a < axes; ++a) {
                end[a][0] = parts[a] = 0;
                const index_t ends[] = {block.inner_begin[a], block.inner_end[a],
                                        problem.axis[a].count};
                for (index_t at : ends)
                    if (at > end[a][parts[a]]) end[a][++parts[a]] = at;
            }
        }

        index_t start(int a) const { return end[a][part[a]]; }
        index_t count(int a) const { return end[a][part[a] + 1] - start(a); }

        index_t size() const {
            index_t all = 1;
            for (int a = 0; a < axes; ++a) all *= count(a);
            return all;
        }

        void next() {
            int a = axes - 1;
            for (; a > 0 && part[a] == (back[a] ? 0 : parts[a] - 1); --a) back[a] = !back[a];
            part[a] += back[a] ? -1 : 1;
        }
    };

    // The run from position `at` of the region on, of at most `most` positions.
    void add(const Correlation& problem, const Region& region, index_t at, index_t most,
             index_t first) {
        const int inner = problem.axes - 1;
        PositionRun& added = run[count];
        added.target = problem.target_start;
        index_t rest = at;
        for (int a = inner; a >= 0; --a) {
            added.at[a] = region.start(a) + rest % region.count(a);
            added.target += added.at[a] * problem.axis[a].target_pitch;
            rest /= region.count(a);
        }
        added.first = first;
        added.count = smaller(most, region.start(inner) + region.count(inner) - added.at[inner]);
    }
};

// The shifts of one tap.
struct TapShift {
    index_t on[MAX_AXES];

    TapShift(const Correlation& problem, index_t tap) {
        for (int a = problem.axes - 1; a >= 0; --a) {
            on[a] = problem.axis[a].shift[tap % problem.axis[a].taps];
            tap /= problem.axis[a].taps;
        }
    }
};

// Elements from what a position reads to what the next one of its run reads.
inline index_t position_step(const Correlation& problem) {
    const Axis& inner = problem.axis[problem.axes - 1];
    return inner.step * inner.source_pitch;
}

// Positions begin .. end - 1 of a block read inside the source; position p reads offset + p * step.
struct RunReach {
    index_t begin, end, offset;
};

inline RunReach reach(const Correlation& problem, const PositionRun& run, const TapShift& shift) {
    const int inner = problem.axes - 1;
    index_t offset = 0;
    for (int a = 0; a < inner; ++a) {
        const Axis& axis = problem.axis[a];
        const index_t at = run.at[a] * axis.step + shift.on[a];
        if (at < 0 || at >= axis.extent) return {0, 0, 0};
        offset += at * axis.source_pitch;
    }
    const Axis& last = problem.axis[inner];
    const index_t step = last.step, at = run.at[inner] * step + shift.on[inner];
    const index_t before = at >= 0 ? 0 : step == 1 ? -at : quotient(-at, step);
    const index_t rest = smaller(last.extent - at, run.count * step);
    const index_t inside = rest <= 0 ? 0 : step == 1 ? rest : quotient(rest, step);
    return {run.first + before, run.first + inside,
            offset + at * last.source_pitch - run.first * position_step(problem)};
}

template <class T>
struct SourcePacker {
    static constexpr int lanes = Simd<T>::lanes, width = tile_width<T>;
    static_assert(width <= MAX_BLOCK_POSITIONS);

    const Correlation& problem;
    const PositionRuns& runs;
    const T *begin, *end;  // of the whole source
    const T* source;       // of the group
    TapLoads* tap_loads;   // of each tap, tile by tile

    index_t tiles() const { return quotient(runs.positions, width); }

    // Tiles have equal shares of the vectors, since one alone leaves too few sums to hide the
    // latency of each.
    index_t start(index_t tile) const {
        return share(quotient(runs.positions, lanes), tiles(), tile) * lanes;
    }
    int vectors(index_t tile) const { return int((start(tile + 1) - start(tile)) / lanes); }

    // Whether what the only tap reads for a tile are neighbours, which can be multiplied where they
    // lie. Lanes behind the last position may read anything.
    bool lies(index_t tile) const {
        const TapLoads& loads = tap_loads[tile];
        if (tap_count(problem) > 1 || position_step(problem) > 1 || loads.pieces != 1) return false;
        for (int j = 1; j < vectors(tile); ++j)
            if (loads.from[0][j] != loads.from[0][0] + j * lanes) return false;
        return loads.lanes == smaller(start(tile + 1), runs.positions) - start(tile);
    }

    // Where, from source channel `channel` on.
    const T* place(index_t tile, index_t channel) const {
        return source + tap_loads[tile].from[0][0] + channel * problem.source_channel_pitch;
    }

    // Lists what each tap reads for each tile.
    void list() const {
        const index_t taps = tap_count(problem), count = tiles();
        for (index_t tap = 0; tap < taps; ++tap) {
            TapLoads* const loads = tap_loads + tap * count;
            const TapShift shift(problem, tap);
            for (index_t t = 0; t < count; ++t) loads[t] = TapLoads{};
            index_t vector = -1, tile = 0;
            int piece = 0;
            for (int r = 0; r < runs.count; ++r) {
                const RunReach part = reach(problem, runs.run[r], shift);
                for (index_t p = part.begin, next; p < part.end; p = next) {
                    piece = p / lanes == vector ? piece + 1 : 0;
                    vector = p / lanes;
                    next = smaller(part.end, (vector + 1) * lanes);
                    while (start(tile + 1) <= p) ++tile;
                    add(loads[tile], piece, int(vector - start(tile) / lanes),
                        part.offset + vector * lanes * position_step(problem),
                        int(p - vector * lanes), int(next - vector * lanes));
                }
            }
        }
    }

    // Lanes low .. high - 1 of vector j. Whole vectors are read, which may reach over the ends of
    // the piece, but not of the source.
    void add(TapLoads& tile, int piece, int j, index_t from, int low, int high) const {
        const index_t step = position_step(problem), first = source - begin + from;
        const index_t span =
            step * lanes + (problem.source_channels - 1) * problem.source_channel_pitch;
        tile.lanes += high - low;
        if (tile.pieces <= piece) tile.pieces = piece + 1;
        if (piece >= PIECES || step > 2 || first < 0 || first + span > end - begin) {
            tile.pieces = PIECES + 1;
            return;
        }
        tile.from[piece][j] = from;
        tile.low[piece][j] = short(low);
        tile.high[piece][j] = short(high);
    }

    // `channels` entries of a tile's columns, from source channel `channel` on.
    void pack(index_t tap, index_t tile, index_t channel, index_t channels, T* to) const {
        const TapLoads& loads = tap_loads[tap * tiles() + tile];
        const T* from = source + channel * problem.source_channel_pitch;
        const int wanted = vectors(tile);
        if (loads.pieces == 0) {
            clear_run(channels * wanted * lanes, to);
        } else if (loads.pieces > PIECES) {
            gather(tap, tile, from, channels, to);
        } else if (position_step(problem) == 1) {
            pack_vectors<1>(wanted, loads, from, channels, to);
        } else {
            pack_vectors<2>(wanted, loads, from, channels, to);
        }
    }

    // Where the columns of a tile stand for `depth` terms: all tiles of the terms before stand
    // before all of these.
    index_t offset(index_t tile, index_t before, index_t depth) const {
        return (before * tiles() + tile * depth) * width;
    }

    // What the only tap reads for all tiles, from source channel `first` to before `last`.
    void pack_all(index_t first, index_t last, T* columns) const {
        for (index_t t = 0; t < tiles(); ++t)
            pack(0, t, first, last - first, columns + offset(t, first, last - first));
    }

    template <int step, int vectors = TILE_VECTORS>
    void pack_vectors(int wanted, const TapLoads& tile, const T* from, index_t channels,
                      T* to) const {
        if constexpr (vectors > 1) {
            if (wanted < vectors)
                return pack_vectors<step, vectors - 1>(wanted, tile, from, channels, to);
        }
        if (tile.lanes == vectors * lanes && tile.pieces == 1)
            return pack_whole<step, vectors>(tile, from, channels, to);
        for (int j = 0; j < vectors; ++j, to += lanes) {
            if (tile.high[0][j] == 0) {
                for (index_t c = 0; c < channels; ++c) store(to + c * vectors * lanes, vec<T>{});
            } else if (tile.high[1][j] == 0) {
                pack_vector<step, 1>(tile, j, from, channels, vectors * lanes, to);
            } else {
                pack_vector<step, 2>(tile, j, from, channels, vectors * lanes, to);
            }
        }
    }

    template <int step>
    ALWAYS_INLINE static inline vec<T> read(const T* from) {
        if constexpr (step == 1) return load(from);
        return even(load(from), load(from + lanes), typename Count<lanes>::type{});
    }

    template <int step, int vectors>
    void pack_whole(const TapLoads& tile, const T* from, index_t channels, T* to) const {
        const index_t pitch = problem.source_channel_pitch;
        const T* place[vectors];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; ++j) place[j] = from + tile.from[0][j];
        for (index_t c = 0; c < channels; ++c, to += vectors * lanes)
#pragma GCC unroll 4
            for (int j = 0; j < vectors; ++j)
                store(to + j * lanes, read<step>(place[j] + c * pitch));
    }

    template <int... lane>
    ALWAYS_INLINE static inline vec<T> counted(Lanes<lane...>) {
        return vec<T>{T(lane)...};
    }

    // Vector j of a tile, from as many pieces; vectors of entries are `width` apart.
    template <int step, int pieces>
    void pack_vector(const TapLoads& tile, int j, const T* from, index_t channels, index_t width,
                     T* to) const {
        static_assert(pieces <= PIECES);
        const index_t pitch = problem.source_channel_pitch;
        const vec<T> number = counted(typename Count<lanes>::type{}), kept = broadcast(T(1));
        const T* place[pieces];
        vec<T> inside[pieces];
        for (int i = 0; i < pieces; ++i) {
            place[i] = from + tile.from[i][j];
            inside[i] = number >= broadcast(T(tile.low[i][j])) ? kept : vec<T>{};
            inside[i] = number < broadcast(T(tile.high[i][j])) ? inside[i] : vec<T>{};
        }
        for (index_t c = 0; c < channels; ++c, to += width) {
            vec<T> all{};
            for (int i = 0; i < pieces; ++i)
                all = inside[i] != vec<T>{} ? read<step>(place[i] + c * pitch) : all;
            store(to, all);
        }
    }

    // Copies lane by lane, where vectors would have to be put together from too many pieces.
    void gather(index_t tap, index_t tile, const T* from, index_t channels, T* to) const {
        const TapShift shift(problem, tap);
        const index_t first = start(tile), count = vectors(tile) * lanes;
        const index_t step = position_step(problem);
        index_t at[width], anywhere = 0;
        T wanted[width] = {};  // 1 where there is something to read
        for (int r = 0; r < runs.count; ++r) {
            const RunReach part = reach(problem, runs.run[r], shift);
            index_t p = part.begin > first ? part.begin : first;
            for (; p < smaller(part.end, first + count); ++p) {
                at[p - first] = anywhere = part.offset + p * step;
                wanted[p - first] = T(1);
            }
        }
        vec<T> inside[TILE_VECTORS];
        for (int j = 0; j < TILE_VECTORS; ++j) inside[j] = load(wanted + j * lanes);
        // A lane that counts as zero still loads: from any place that may be read.
        for (index_t l = 0; l < count; ++l)
            if (wanted[l] == T(0)) at[l] = anywhere;
        T row[width];
        for (index_t c = 0; c < channels; ++c, from += problem.source_channel_pitch, to += count) {
            for (index_t l = 0; l < count; ++l) row[l] = from[at[l]];
            for (index_t j = 0; j * lanes < count; ++j)
                store(to + j * lanes, inside[j] != vec<T>{} ? load(row + j * lanes) : vec<T>{});
        }
    }
};

}  // namespace
}  // namespace convcore::gemm_positions
