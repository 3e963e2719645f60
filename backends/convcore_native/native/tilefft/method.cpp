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
class TileFft : public Method {
  public:
    TileFft(Operation operation, const Request& request, const Routines<T>& kernels,
            const TileProblem& problem, const TileChoice& choice)
        : operation_(operation), problem_(problem), choice_(choice), kernels_(kernels) {
        choice_.apply(&problem_);
        const size_t spectra = size_t(choice_.spectra(problem_, false)) * sizeof(T);
        const size_t most =
            (request.max_workspace - spectra) / (size_t(thread_elements()) * sizeof(T));
        threads_ = std::max(1, int(std::min(size_t(request.threads), most)));
    }

    ~TileFft() override { delete tables_.load(); }

    const char* name() const override { return "tilefft"; }

    size_t workspace() const override {
        return size_t(choice_.spectra(problem_, false) + thread_elements() * threads_) * sizeof(T);
    }

    void run(const void* first, const void* second, void* result, void* workspace,
             int threads) const override {
        const int used = std::min(threads, threads_);
        T* room = static_cast<T*>(workspace);
        if (operation_ == GRAD_WEIGHT) {
            accumulate(static_cast<const T*>(first), static_cast<const T*>(second),
                       static_cast<T*>(result), room, used);
        } else {
            correlate(static_cast<const T*>(first), static_cast<const T*>(second), nullptr,
                      static_cast<T*>(result), room, used);
        }
    }

    size_t prepared_bytes() const override {
        return size_t(problem_.groups * problem_.targets * problem_.sources * choice_.pitch) *
               sizeof(T);
    }

    bool prepare(const void* weight, void* prepared, void* workspace, int threads) const override {
        const Part all{0, problem_.groups, 0, problem_.targets};
        kernels_.transform(transform(), problem_.weight, weight_items(all),
                           static_cast<const T*>(weight), static_cast<T*>(prepared),
                           static_cast<T*>(workspace), std::min(threads, threads_));
        return true;
    }

    void run_prepared(const void* first, const void* prepared, void* result, void* workspace,
                      int threads) const override {
        correlate(static_cast<const T*>(first), nullptr, static_cast<const T*>(prepared),
                  static_cast<T*>(result), static_cast<T*>(workspace), std::min(threads, threads_));
    }

    std::string describe() const override {
        const std::string extents = problem_.line
                                        ? std::to_string(choice_.extent(problem_, 1))
                                        : std::to_string(choice_.extent(problem_, 0)) + "x" +
                                              std::to_string(choice_.extent(problem_, 1));
        return "fft in " + std::to_string(choice_.tile_count(problem_)) + " tiles of " + extents +
               (problem_.line
                    ? " = 2x" + std::to_string(choice_.rows) + "x" + std::to_string(choice_.columns)
                    : "") +
               ", " + std::to_string(choice_.tile_block) + " at a time";
    }

    double seconds(int threads) const override {
        return choice_.seconds / (1 + THREAD_EFFICIENCY * (threads - 1));
    }

  private:
    // Twiddle factors, made by the first call that needs them, without locks, as the methods of a
    // plan.
    const TileTransform<T>& transform() const {
        const TileTables<T>* found = tables_.load(std::memory_order_acquire);
        if (found != nullptr) return found->transform();
        auto made = std::make_unique<const TileTables<T>>(choice_.rows, choice_.columns,
                                                          problem_.line, choice_.lanes);
        return tables_.compare_exchange_strong(found, made.get()) ? made.release()->transform()
                                                                  : found->transform();
    }

    // Elements of workspace that each thread has for itself.
    index_t thread_elements() const {
        return STRIP_BYTES / index_t(sizeof(T)) / choice_.lanes * choice_.strip +
               choice_.tile_task * choice_.target_task * choice_.pitch;
    }

    // Some groups and some of their target channels, worked on together.
    struct Part {
        index_t group, groups, target, targets;
    };

    template <class Visit>
    void visit_parts(Visit visit) const {
        for (index_t g = 0; g < problem_.groups; g += choice_.group_block)
            for (index_t t = 0; t < problem_.targets; t += choice_.target_block)
                visit(Part{g, std::min(choice_.group_block, problem_.groups - g), t,
                           std::min(choice_.target_block, problem_.targets - t)});
    }

    // Spectra of a weight stand as [group][target][source], in the weight's array as
    // [group][output channel][input channel].
    TileItems weight_items(const Part& part) const {
        const index_t sources = problem_.sources, pairs = part.targets * sources;
        if (operation_ == GRAD_INPUT)
            return {part.group,   part.groups, 0, sources, part.target,
                    part.targets, pairs,       1, sources};
        return {part.group, part.groups, part.target, part.targets, 0, sources, pairs, sources, 1};
    }

    // `channels` of each group, as [group][tile][channel].
    TileItems tile_items(const Part& part, index_t channel, index_t channels, index_t tile,
                         index_t tiles) const {
        return {part.group, part.groups,      channel, channels, tile,
                tiles,      tiles * channels, 1,       channels};
    }

    // Spectra of the weight of a part: from `prepared`, which holds those of all parts, or fresh.
    const T* weight_spectra(const Part& part, const T* weight, const T* prepared, T* fresh,
                            T* block, int threads) const {
        if (prepared != nullptr)
            return prepared +
                   (part.group * problem_.targets + part.target) * problem_.sources * choice_.pitch;
        kernels_.transform(transform(), problem_.weight, weight_items(part), weight, fresh, block,
                           threads);
        return fresh;
    }

    void correlate(const T* source, const T* weight, const T* prepared, T* target, T* workspace,
                   int threads) const {
        const TileTransform<T>& transform = this->transform();
        const index_t sources = problem_.sources, tiles = choice_.tile_count(problem_);
        visit_parts([&](const Part& part) {
            T* block = workspace;
            T* fresh = block + thread_elements() * threads_;
            T* source_spectra = fresh + part.groups * part.targets * sources * transform.pitch;
            const T* weights = weight_spectra(part, weight, prepared, fresh, block, threads);
            for (index_t tile = 0; tile < tiles; tile += choice_.tile_block) {
                const index_t count = std::min(choice_.tile_block, tiles - tile);
                kernels_.transform(transform, problem_.source,
                                   tile_items(part, 0, sources, tile, count), source,
                                   source_spectra, block, threads);
                kernels_.combine(transform, problem_.target,
                                 tile_items(part, part.target, part.targets, tile, count),
                                 product(part, count, prepared != nullptr), source_spectra, weights,
                                 target, block, threads);
            }
        });
    }

    // [tile][target], in a thread's block, from source_spectra[group][tile][source] and
    // weights[group][target][source].
    TileProduct product(const Part& part, index_t tiles, bool prepared) const {
        const index_t pitch = choice_.pitch, sources = problem_.sources;
        const index_t targets = prepared ? problem_.targets : part.targets;
        return {part.groups,
                tiles,
                part.targets,
                sources,
                2 * choice_.rows * choice_.columns,
                tiles * sources * pitch,
                sources * pitch,
                pitch,
                targets * sources * pitch,
                sources * pitch,
                pitch,
                0,
                choice_.target_task * pitch,
                pitch,
                false,
                choice_.tile_task,
                choice_.target_task};
    }

    // [group][target][source] from source_spectra[group][tile][source] and
    // target_spectra[group][tile][target].
    TileProduct gradient_product(const Part& part, index_t tiles, bool first) const {
        const index_t pitch = choice_.pitch, sources = problem_.sources;
        return {part.groups,
                sources,
                part.targets,
                tiles,
                2 * choice_.rows * choice_.columns,
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

    void accumulate(const T* target, const T* source, T* weight, T* workspace, int threads) const {
        const TileTransform<T>& transform = this->transform();
        const index_t sources = problem_.sources, tiles = choice_.tile_count(problem_);
        visit_parts([&](const Part& part) {
            T* block = workspace;
            T* weights = block + thread_elements() * threads_;
            T* source_spectra = weights + part.groups * part.targets * sources * transform.pitch;
            T* target_spectra =
                source_spectra + part.groups * choice_.tile_block * sources * transform.pitch;
            for (index_t tile = 0; tile < tiles; tile += choice_.tile_block) {
                const index_t count = std::min(choice_.tile_block, tiles - tile);
                kernels_.transform(transform, problem_.source,
                                   tile_items(part, 0, sources, tile, count), source,
                                   source_spectra, block, threads);
                kernels_.transform(transform, problem_.target,
                                   tile_items(part, part.target, part.targets, tile, count), target,
                                   target_spectra, block, threads);
                kernels_.multiply(gradient_product(part, count, tile == 0), source_spectra,
                                  target_spectra, weights, threads);
            }
            kernels_.restore(transform, problem_.weight, weight_items(part), weights, weight, block,
                             threads);
        });
    }

    const Operation operation_;
    TileProblem problem_;
    const TileChoice choice_;
    mutable std::atomic<const TileTables<T>*> tables_{nullptr};
    const Routines<T>& kernels_;
    int threads_;
};

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Table& table) {
    const Routines<T>& kernels = of<T>(table);
    const TileProblem problem(geometry, operation);
    const TileChoice choice =
        choose_tiles(problem, request.itemsize, kernels.lanes, request.max_workspace);
    if (!choice.fits) return nullptr;
    auto method = std::make_unique<TileFft<T>>(operation, request, kernels, problem, choice);
    // A small bound may leave too little beside the spectra for even one thread.
    if (method->workspace() > request.max_workspace) return nullptr;
    return method;
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Table& table) {
    return for_dtype(request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, table);
    });
}

}  // namespace convcore::tilefft
