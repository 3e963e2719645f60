// The positions of a box by the taps that they read inside the source, so that padding is left out.
#pragma once
#include "gemm_channels/blocks.inl.h"

namespace convcore::gemm_channels {
namespace {

// Taps begin .. end - 1 of an axis.
struct Taps {
    index_t begin, end;
};

inline Taps taps_inside(const Axis& axis, index_t q) {
    Taps found{0, 0};
    for (index_t t = 0; t < axis.taps; ++t) {
        const index_t at = q * axis.step + axis.shift[t];
        if (at < 0 || at >= axis.extent) continue;
        if (found.end == 0) found.begin = t;
        found.end = t + 1;
    }
    return found;
}

// Positions that read the same taps of all axes are of one kind. PositionsByTaps count like
// positions do, the last axis varying fastest.
struct PositionsByTaps {
    static constexpr index_t MOST = 64;

    index_t count;            // of all kinds; 1 where there would be more than MOST, too
    index_t first[MOST + 1];  // of the positions of each kind, which ascend

    // Sorts the box, if `wanted` so.
    PositionsByTaps(const Correlation& problem, bool wanted, Box& box) {
        index_t of[MAX_POSITIONS + MAX_AXES];  // each position of an axis
        const index_t* start[MAX_AXES];
        index_t* to = of;
        count = 1;
        for (int a = 0; wanted && a < problem.axes && count <= MOST; ++a) {
            start[a] = to;
            on_[a] = number(problem.axis[a], box, a, to);
            to += box.count[a];
            count *= on_[a];
        }
        if (count > MOST) count = 1;
        first[0] = 0;
        first[1] = box.positions;
        if (count > 1) sort(problem, box, start);
    }

    Range range(const Box& box, index_t kind) const {
        return range_of(box, first[kind], first[kind + 1] - first[kind]);
    }

    // Calls visit(first, last) for the runs of sorted positions that read a tap inside.
    template <class Visit>
    void visit_runs(const Correlation& problem, index_t tap, Visit visit) const {
        for (index_t k = 0, end; k < count; k = end + 1) {
            for (end = k; end < count && reads(problem, end, tap);) ++end;
            if (first[end] > first[k]) visit(first[k], first[end]);
        }
    }

  private:
    index_t on_[MAX_AXES];  // kinds of each axis
    Taps taps_[MAX_AXES][MOST];

    // Numbers the kinds on one axis; returns how many there are, or one more than MOST.
    index_t number(const Axis& axis, const Box& box, int a, index_t* of) {
        index_t kinds = 0;
        for (index_t i = 0; i < box.count[a]; ++i) {
            const Taps taps = taps_inside(axis, box.start[a] + i);
            const bool same = kinds > 0 && taps.begin == taps_[a][kinds - 1].begin &&
                              taps.end == taps_[a][kinds - 1].end;
            if (!same && kinds == MOST) return MOST + 1;
            if (!same) taps_[a][kinds++] = taps;
            of[i] = kinds - 1;
        }
        return kinds;
    }

    void sort(const Correlation& problem, Box& box, const index_t* const* start) {
        index_t kind[MAX_POSITIONS], source_at[MAX_POSITIONS], target_at[MAX_POSITIONS];
        index_t next[MOST + 1] = {};
        for (index_t p = 0; p < box.positions; ++p) {
            index_t rest = p, step = 1;
            kind[p] = 0;
            for (int a = problem.axes - 1; a >= 0; --a) {
                kind[p] += start[a][rest % box.count[a]] * step;
                rest /= box.count[a];
                step *= on_[a];
            }
            ++next[kind[p] + 1];
            source_at[p] = box.source_at[p];
            target_at[p] = box.target_at[p];
        }
        for (index_t k = 0; k < count; ++k) next[k + 1] += next[k];
        for (index_t k = 0; k <= count; ++k) first[k] = next[k];
        for (index_t p = 0; p < box.positions; ++p) {
            const index_t to = next[kind[p]]++;
            box.source_at[to] = source_at[p];
            box.target_at[to] = target_at[p];
        }
    }

    bool reads(const Correlation& problem, index_t kind, index_t tap) const {
        for (int a = problem.axes - 1; a >= 0; --a) {
            const index_t t = tap % problem.axis[a].taps;
            const Taps& inside = taps_[a][kind % on_[a]];
            if (t < inside.begin || t >= inside.end) return false;
            tap /= problem.axis[a].taps;
            kind /= on_[a];
        }
        return true;
    }
};

}  // namespace
}  // namespace convcore::gemm_channels
