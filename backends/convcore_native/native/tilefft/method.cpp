// Overlap-save on tiles that stay in the caches, for kernels of many taps.
#include "tilefft/method.h"

#include <algorithm>
#include <atomic>

#include "machine/processor.h"
#include "problem/dtypes.h"
#include "tilefft/cost.h"
#include "tilefft/tables.h"
#include "tilefft/tiling.h"

namespace convcore::tilefft {

namespace {

template <class T>
class TileFftMethod : public Method {
  public:
    TileFftMethod(Operation operation, const Request& request, const Routines<T>& kernels,
                  const Problem& problem, const Tiling& tiling)
        : operation_(operation), problem_(problem), tiling_(tiling), kernels_(kernels) {
        tiling_.apply(&problem_);
        const size_t spectra = size_t(tiling_.spectra(problem_, false)) * sizeof(T);
        const size_t most =
            (request.max_workspace - spectra) / (size_t(thread_elements()) * sizeof(T));
        threads_ = std::max(1, int(std::min(size_t(request.threads), most)));
    }

    ~TileFftMethod() override { delete tables_.load(); }

    const char* name() const override { return "tilefft"; }

    size_t workspace() const override {
        return size_t(tiling_.spectra(problem_, false) + thread_elements() * threads_) * sizeof(T);
    }

    Outcome run(const void* first, const void* second, void* result, void* workspace,
                int threads) const override {
        const int used = std::min(threads, threads_);
        T* room = static_cast<T*>(workspace);
        if (operation_ == GRAD_WEIGHT)
            return outcome(accumulate(static_cast<const T*>(first), static_cast<const T*>(second),
                                      static_cast<T*>(result), room, used));
        return outcome(correlate(static_cast<const T*>(first), static_cast<const T*>(second),
                                 nullptr, static_cast<T*>(result), room, used));
    }

    size_t prepared_bytes() const override {
        return size_t(problem_.groups * problem_.targets * problem_.sources * tiling_.pitch) *
               sizeof(T);
    }

    bool prepare(const void* weight, void* prepared, void* workspace, int threads) const override {
        const Part all{0, problem_.groups, 0, problem_.targets};
        kernels_.transform(transform(), problem_.weight, weight_items(all),
                           static_cast<const T*>(weight), static_cast<T*>(prepared),
                           static_cast<T*>(workspace), std::min(threads, threads_));
        return true;
    }

    Outcome run_prepared(const void* first, const void* prepared, void* result, void* workspace,
                         int threads) const override {
        return outcome(correlate(static_cast<const T*>(first), nullptr,
                                 static_cast<const T*>(prepared), static_cast<T*>(result),
                                 static_cast<T*>(workspace), std::min(threads, threads_)));
    }

    std::string describe() const override {
        const std::string extents = problem_.line
                                        ? std::to_string(tiling_.extent(problem_, 1))
                                        : std::to_string(tiling_.extent(problem_, 0)) + "x" +
                                              std::to_string(tiling_.extent(problem_, 1));
        return "fft in " + std::to_string(tiling_.tile_count(problem_)) + " tiles of " + extents +
               (problem_.line
                    ? " = 2x" + std::to_string(tiling_.rows) + "x" + std::to_string(tiling_.columns)
                    : "") +
               ", " + std::to_string(tiling_.tile_block) + " at a time";
    }

    double seconds(int threads) const override {
        return tiling_.seconds / (1 + THREAD_EFFICIENCY * (threads - 1));
    }

  private:
    // Twiddle factors, made by the first call that needs them, without locks, as the methods of a
    // plan.
    const Transform<T>& transform() const {
        const Tables<T>* found = tables_.load(std::memory_order_acquire);
        if (found != nullptr) return found->transform();
        auto made = std::make_unique<const Tables<T>>(tiling_.rows, tiling_.columns, problem_.line,
                                                      tiling_.lanes);
        return tables_.compare_exchange_strong(found, made.get()) ? made.release()->transform()
                                                                  : found->transform();
    }

    // Elements of workspace that each thread has for itself.
    index_t thread_elements() const {
        return STRIP_BYTES / index_t(sizeof(T)) / tiling_.lanes * tiling_.strip +
               tiling_.tile_task * tiling_.target_task * tiling_.pitch;
    }

    // Some groups and some of their target channels, worked on together.
    struct Part {
        index_t group, groups, target, targets;
    };

    template <class Visit>
    void visit_parts(Visit visit) const {
        for (index_t g = 0; g < problem_.groups; g += tiling_.group_block)
            for (index_t t = 0; t < problem_.targets; t += tiling_.target_block)
                visit(Part{g, std::min(tiling_.group_block, problem_.groups - g), t,
                           std::min(tiling_.target_block, problem_.targets - t)});
    }

    // Spectra of a weight stand as [group][target][source], in the weight's array as
    // [group][output channel][input channel].
    Items weight_items(const Part& part) const {
        const index_t sources = problem_.sources, pairs = part.targets * sources;
        if (operation_ == GRAD_INPUT)
            return {part.group,   part.groups, 0, sources, part.target,
                    part.targets, pairs,       1, sources};
        return {part.group, part.groups, part.target, part.targets, 0, sources, pairs, sources, 1};
    }

    // `channels` of each group, as [group][tile][channel].
    Items tile_items(const Part& part, index_t channel, index_t channels, index_t tile,
                     index_t tiles) const {
        return {part.group, part.groups,      channel, channels, tile,
                tiles,      tiles * channels, 1,       channels};
    }

    // Spectra of the weight of a part: from `prepared`, which holds those of all parts, or fresh.
    const T* weight_spectra(const Part& part, const T* weight, const T* prepared, T* fresh,
                            T* block, int threads) const {
        if (prepared != nullptr)
            return prepared +
                   (part.group * problem_.targets + part.target) * problem_.sources * tiling_.pitch;
        kernels_.transform(transform(), problem_.weight, weight_items(part), weight, fresh, block,
                           threads);
        return fresh;
    }

    // Whether all results are finite.
    bool correlate(const T* source, const T* weight, const T* prepared, T* target, T* workspace,
                   int threads) const {
        const Transform<T>& transform = this->transform();
        bool finite = true;
        const index_t sources = problem_.sources, tiles = tiling_.tile_count(problem_);
        visit_parts([&](const Part& part) {
            T* block = workspace;
            T* fresh = block + thread_elements() * threads_;
            T* source_spectra = fresh + part.groups * part.targets * sources * transform.pitch;
            const T* weights = weight_spectra(part, weight, prepared, fresh, block, threads);
            for (index_t tile = 0; tile < tiles; tile += tiling_.tile_block) {
                const index_t count = std::min(tiling_.tile_block, tiles - tile);
                kernels_.transform(transform, problem_.source,
                                   tile_items(part, 0, sources, tile, count), source,
                                   source_spectra, block, threads);
                finite &= kernels_.combine(transform, problem_.target,
                                           tile_items(part, part.target, part.targets, tile, count),
                                           product(part, count, prepared != nullptr),
                                           source_spectra, weights, target, block, threads);
            }
        });
        return finite;
    }

    // [tile][target], in a thread's block, from source_spectra[group][tile][source] and
    // weights[group][target][source].
    Product product(const Part& part, index_t tiles, bool prepared) const {
        const index_t pitch = tiling_.pitch, sources = problem_.sources;
        const index_t targets = prepared ? problem_.targets : part.targets;
        return {part.groups,
                tiles,
                part.targets,
                sources,
                2 * tiling_.rows * tiling_.columns,
                tiles * sources * pitch,
                sources * pitch,
                pitch,
                targets * sources * pitch,
                sources * pitch,
                pitch,
                0,
                tiling_.target_task * pitch,
                pitch,
                false,
                tiling_.tile_task,
                tiling_.target_task};
    }

    // [group][target][source] from source_spectra[group][tile][source] and
    // target_spectra[group][tile][target].
    Product gradient_product(const Part& part, index_t tiles, bool first) const {
        const index_t pitch = tiling_.pitch, sources = problem_.sources;
        return {part.groups,
                sources,
                part.targets,
                tiles,
                2 * tiling_.rows * tiling_.columns,
                tiles * sources * pitch,
                pitch,
                sources * pitch,
                tiles * part.targets * pitch,
                pitch,
                part.targets * pitch,
                part.targets * sources * pitch,
                pitch,
                sources * pitch,
                !first,
                1,
                1};
    }

    // Whether all results are finite.
    bool accumulate(const T* target, const T* source, T* weight, T* workspace, int threads) const {
        const Transform<T>& transform = this->transform();
        bool finite = true;
        const index_t sources = problem_.sources, tiles = tiling_.tile_count(problem_);
        visit_parts([&](const Part& part) {
            T* block = workspace;
            T* weights = block + thread_elements() * threads_;
            T* source_spectra = weights + part.groups * part.targets * sources * transform.pitch;
            T* target_spectra =
                source_spectra + part.groups * tiling_.tile_block * sources * transform.pitch;
            for (index_t tile = 0; tile < tiles; tile += tiling_.tile_block) {
                const index_t count = std::min(tiling_.tile_block, tiles - tile);
                kernels_.transform(transform, problem_.source,
                                   tile_items(part, 0, sources, tile, count), source,
                                   source_spectra, block, threads);
                kernels_.transform(transform, problem_.target,
                                   tile_items(part, part.target, part.targets, tile, count), target,
                                   target_spectra, block, threads);
                kernels_.multiply(gradient_product(part, count, tile == 0), source_spectra,
                                  target_spectra, weights, threads);
            }
            finite &= kernels_.restore(transform, problem_.weight, weight_items(part), weights,
                                       weight, block, threads);
        });
        return finite;
    }

    const Operation operation_;
    Problem problem_;
    const Tiling tiling_;
    mutable std::atomic<const Tables<T>*> tables_{nullptr};
    const Routines<T>& kernels_;
    int threads_;
};

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Table& table) {
    const Routines<T>& kernels = of<T>(table);
    const Problem problem(geometry, operation);
    const Tiling tiling =
        choose_tiles(problem, request.itemsize, kernels.lanes, request.max_workspace);
    if (!tiling.fits) return nullptr;
    auto method = std::make_unique<TileFftMethod<T>>(operation, request, kernels, problem, tiling);
    // A small bound may leave too little beside the spectra for even one thread.
    if (method->workspace() > request.max_workspace) return nullptr;
    return method;
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Table& table) {
    return for_float(request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, table);
    });
}

}  // namespace convcore::tilefft
