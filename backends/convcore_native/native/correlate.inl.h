// Correlation as a product of matrices: target[position, channel] = sum over terms of
// source[position_offset + term_offset] weight[term, channel].

namespace {

using convcore::Routines;

inline index_t tap_weight_offset(const Correlation& problem, index_t tap) {
    index_t offset = 0;
    for (int a = problem.axes - 1; a >= 0; --a) {
        const Axis& axis = problem.axis[a];
        offset += axis.weight_offset[tap % axis.taps];
        tap /= axis.taps;
    }
    return offset;
}

// The weight of one tap of a panel: [source channel][target channel].
template <class T>
void pack_tap(const Correlation& problem, const T* weight, index_t channels, int width,
              T* packed) {
    for (index_t c = 0; c < problem.source_channels; ++c) {
        for (int i = 0; i < channels; ++i) packed[i] = weight[i * problem.weight_target_pitch];
        for (int i = int(channels); i < width; ++i) packed[i] = T(0);
        packed += width;
        weight += problem.weight_source_pitch;
    }
}

// NaN if any value is NaN or infinite, else 0.
template <class T>
inline T spoiled(const T* values, index_t count) {
    vec<T> sum{};
    for (index_t i = 0; i < count; i += Simd<T>::lanes) {
        const vec<T> value = load(values + i);
        sum += value - value;
    }
    T all = T(0);
    for (int lane = 0; lane < Simd<T>::lanes; ++lane) all += sum[lane];
    return all;
}

// packed: for each group and panel [tap][source channel][channel of the panel].
template <class T>
bool pack_weight(const Correlation& problem, const Blocking& block, const T* weight, T* packed,
                 int threads) {
    const index_t taps = tap_count(problem), channels = problem.target_channels;
    const index_t panels = quotient(channels, panel_width<T>);
    const index_t group = padded_channels<T>(channels) * block.terms;
    int finite = 1;
#pragma omp parallel for collapse(3) num_threads(threads) if (threads > 1) reduction(& : finite)
    for (index_t g = 0; g < problem.groups; ++g) {
        for (index_t panel = 0; panel < panels; ++panel) {
            for (index_t tap = 0; tap < taps; ++tap) {
                const index_t first = panel_start<T>(panel);
                const int width = panel_vectors<T>(channels, panel) * Simd<T>::lanes;
                const index_t count = problem.source_channels * width;
                const T* from = weight + g * problem.weight_group_pitch +
                                first * problem.weight_target_pitch +
                                tap_weight_offset(problem, tap);
                T* to = packed + g * group + first * block.terms + tap * count;
                pack_tap(problem, from, smaller(width, channels - first), width, to);
                finite &= spoiled(to, count) == T(0);
            }
        }
    }
    return finite != 0;
}

// product[position][channel] to target[channel][position], where positions are neighbours.
template <class T>
void store_transposed(const T* product, index_t pitch, index_t positions, int channels,
                      T* target, index_t target_pitch) {
    constexpr int lanes = Simd<T>::lanes;
    for (int k = 0; k < channels; k += lanes) {
        const int count = int(smaller(lanes, channels - k));
        index_t p = 0;
        for (; p + lanes <= positions; p += lanes) {
            vec<T> square[lanes];
#pragma GCC unroll 16
            for (int i = 0; i < lanes; ++i) square[i] = load(product + (p + i) * pitch + k);
            transpose<T>(square);
            for (int i = 0; i < count; ++i) store(target + (k + i) * target_pitch + p, square[i]);
        }
        for (; p < positions; ++p)
            for (int i = 0; i < count; ++i)
                target[(k + i) * target_pitch + p] = product[p * pitch + k + i];
    }
}

template <class T>
void store_scattered(const T* product, index_t pitch, const Box& box, int channels, T* target,
                     index_t target_pitch) {
    for (int k = 0; k < channels; ++k)
        for (index_t p = 0; p < box.positions; ++p)
            target[k * target_pitch + box.target_at[p]] = product[p * pitch + k];
}

// One panel of target channels of one block.
template <class T>
void correlate_panel(const Correlation& problem, const Blocking& block, const Box& box,
                     const T* base, const T* packed, index_t panel, T* product, T* target) {
    const index_t channels = problem.target_channels, start = panel_start<T>(panel);
    const int vectors = panel_vectors<T>(channels, panel), width = vectors * Simd<T>::lanes;
    for (index_t first = 0; first < block.terms; first += block.depth) {
        const index_t depth = smaller(block.depth, block.terms - first);
        const T* b = packed + start * block.terms + first * width;
        multiply<T>(vectors, base, box.source_at, box.positions, block.term_offset + first, depth,
                    b, width, product, width, first > 0);
    }
    const int count = int(smaller(width, channels - start));
    T* to = target + start * problem.target_channel_pitch;
    if (box.side_by_side) {
        store_transposed(product, width, box.positions, count, to + box.target_at[0],
                         problem.target_channel_pitch);
    } else {
        store_scattered(product, width, box, count, to, problem.target_channel_pitch);
    }
}

// workspace of a thread: the slab, and the product of a panel.
template <class T>
void correlate(const Correlation& problem, const Blocking& block, const T* source,
               const T* packed, T* target, T* workspace, int threads) {
    const index_t blocks = block_count(problem, block);
    const index_t panels = quotient(problem.target_channels, panel_width<T>);
    const index_t group = padded_channels<T>(problem.target_channels) * block.terms;
    const index_t tasks = problem.groups * blocks * block.panel_tasks;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        T* slab = workspace + (block.slab + block.positions * panel_width<T>) * thread_number();
        T* product = slab + block.slab;
        Box box;
#pragma omp for schedule(dynamic)
        for (index_t i = 0; i < tasks; ++i) {
            const index_t part = i % block.panel_tasks, number = i / block.panel_tasks % blocks;
            const index_t g = i / block.panel_tasks / blocks;
            place(problem, block, number, box);
            list(problem, block, box);
            const T* from = source + g * problem.source_channels * problem.source_channel_pitch;
            const T* base = gather(problem, block, box, from, 0, problem.source_channels, slab);
            const index_t end = share(panels, block.panel_tasks, part + 1);
            for (index_t p = share(panels, block.panel_tasks, part); p < end; ++p)
                correlate_panel(problem, block, box, base, packed + g * group, p, product,
                                target + g * problem.target_channels *
                                             problem.target_channel_pitch);
        }
    }
}

}  // namespace
