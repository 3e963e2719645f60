// Overlap-save on tiles that stay in the caches, for kernels of many taps.
#include "tilefft_method.h"

#include <algorithm>

#include "careful.h"
#include "machine.h"
#include "tilefft_problem.h"
#include "tilefft_tables.h"

namespace convcore {

namespace {

template <class T>
class TileFft : public Method {
  public:
    TileFft(const Geometry& geometry, Operation operation, const Request& request,
            const TileProblem& problem, const TileChoice& choice)
        : geometry_(geometry), operation_(operation), problem_(problem), choice_(choice),
          tables_(choice.rows, choice.columns, problem.line, choice.lanes),
          kernels_(routines<T>(*request.kernels).tile) {
        choice_.apply(&problem_);
        const size_t spectra = size_t(choice_.spectra(problem_, false)) * sizeof(T);
        const size_t most = (request.max_workspace - spectra) / (size_t(own()) * sizeof(T));
        threads_ = std::max(1, int(std::min(size_t(request.threads), most)));
    }

    size_t workspace() const override {
        return size_t(choice_.spectra(problem_, false) + own() * threads_) * sizeof(T);
    }

    void run(const void* first, const void* second, void* result, void* workspace,
             int threads) const override {
        const int used = std::min(threads, threads_);
        T* own = static_cast<T*>(workspace);
        if (operation_ == GRAD_WEIGHT) {
            accumulate(static_cast<const T*>(first), static_cast<const T*>(second),
                       static_cast<T*>(result), own, used);
        } else {
            correlate(static_cast<const T*>(first), static_cast<const T*>(second), nullptr,
                      static_cast<T*>(result), own, used);
        }
    }

    size_t prepared_bytes() const override {
        return size_t(problem_.groups * problem_.targets * problem_.sources *
                      tables_.transform().pitch) * sizeof(T);
    }

    bool prepare(const void* weight, void* prepared, void* workspace, int threads) const override {
        const Part all{0, problem_.groups, 0, problem_.targets};
        kernels_.transform(tables_.transform(), problem_.weight, weight_items(all),
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
        const TileTransform<T>& transform = tables_.transform();
        const std::string extents =
            problem_.line ? std::to_string(choice_.extent(problem_, 1))
                          : std::to_string(choice_.extent(problem_, 0)) + "x" +
                                std::to_string(choice_.extent(problem_, 1));
        return "fft in " + std::to_string(choice_.tile_count(problem_)) + " tiles of " + extents +
               (problem_.line ? " = 2x" + std::to_string(transform.down.extent) + "x" +
                                    std::to_string(transform.across.extent) : "") +
               ", " + std::to_string(choice_.tile_block) + " at a time";
    }

    double seconds(int threads) const override {
        return choice_.seconds / (1 + 0.9 * (threads - 1));
    }

  private:
    // Elements of workspace that each thread has for itself.
    index_t own() const {
        const TileTransform<T>& transform = tables_.transform();
        return STRIP_BYTES / index_t(sizeof(T)) / choice_.lanes * transform.block +
               choice_.tile_task * choice_.target_task * transform.pitch;
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
            return {part.group, part.groups, 0, sources, part.target, part.targets,
                    pairs, 1, sources};
        return {part.group, part.groups, part.target, part.targets, 0, sources,
                pairs, sources, 1};
    }

    // `channels` of each group, as [group][tile][channel].
    TileItems tile_items(const Part& part, index_t channel, index_t channels, index_t tile,
                         index_t tiles) const {
        return {part.group, part.groups, channel, channels, tile, tiles,
                tiles * channels, 1, channels};
    }

    // Spectra of the weight of a part: from `prepared`, which holds those of all parts, or fresh.
    const T* weight_spectra(const Part& part, const T* weight, const T* prepared, T* fresh,
                            T* block, int threads) const {
        if (prepared != nullptr)
            return prepared + (part.group * problem_.targets + part.target) * problem_.sources *
                                  tables_.transform().pitch;
        kernels_.transform(tables_.transform(), problem_.weight, weight_items(part), weight, fresh,
                           block, threads);
        return fresh;
    }

    void correlate(const T* source, const T* weight, const T* prepared, T* target, T* workspace,
                   int threads) const {
        const TileTransform<T>& transform = tables_.transform();
        const index_t sources = problem_.sources, tiles = choice_.tile_count(problem_);
        visit_parts([&](const Part& part) {
            T* block = workspace;
            T* fresh = block + own() * threads_;
            T* inputs = fresh + part.groups * part.targets * sources * transform.pitch;
            const T* weights = weight_spectra(part, weight, prepared, fresh, block, threads);
            for (index_t tile = 0; tile < tiles; tile += choice_.tile_block) {
                const index_t count = std::min(choice_.tile_block, tiles - tile);
                kernels_.transform(transform, problem_.source,
                                   tile_items(part, 0, sources, tile, count), source, inputs,
                                   block, threads);
                kernels_.combine(transform, problem_.target,
                                 tile_items(part, part.target, part.targets, tile, count),
                                 product(part, count, prepared != nullptr), inputs, weights,
                                 target, block, threads);
            }
        });
    }

    // [tile][target], in a thread's block, from inputs[group][tile][source] and
    // weights[group][target][source].
    TileProduct product(const Part& part, index_t tiles, bool prepared) const {
        const index_t pitch = tables_.transform().pitch, sources = problem_.sources;
        const index_t targets = prepared ? problem_.targets : part.targets;
        return {part.groups, tiles, part.targets, sources, 2 * choice_.rows * choice_.columns,
                tiles * sources * pitch, sources * pitch, pitch,
                targets * sources * pitch, sources * pitch, pitch,
                0, choice_.target_task * pitch, pitch, false,
                choice_.tile_task, choice_.target_task};
    }

    // [group][target][source] from inputs[group][tile][source] and outputs[group][tile][target].
    TileProduct gradient_product(const Part& part, index_t tiles, bool first) const {
        const index_t pitch = tables_.transform().pitch, sources = problem_.sources;
        return {part.groups, sources, part.targets, tiles, 2 * choice_.rows * choice_.columns,
                tiles * sources * pitch, pitch, sources * pitch,
                tiles * part.targets * pitch, pitch, part.targets * pitch,
                part.targets * sources * pitch, pitch, sources * pitch, !first, 1, 1};
    }

    void accumulate(const T* target, const T* source, T* weight, T* workspace, int threads) const {
        const TileTransform<T>& transform = tables_.transform();
        const index_t sources = problem_.sources, tiles = choice_.tile_count(problem_);
        visit_parts([&](const Part& part) {
            T* block = workspace;
            T* weights = block + own() * threads_;
            T* inputs = weights + part.groups * part.targets * sources * transform.pitch;
            T* outputs = inputs + part.groups * choice_.tile_block * sources * transform.pitch;
            for (index_t tile = 0; tile < tiles; tile += choice_.tile_block) {
                const index_t count = std::min(choice_.tile_block, tiles - tile);
                kernels_.transform(transform, problem_.source,
                                   tile_items(part, 0, sources, tile, count), source, inputs,
                                   block, threads);
                kernels_.transform(transform, problem_.target,
                                   tile_items(part, part.target, part.targets, tile, count),
                                   target, outputs, block, threads);
                kernels_.multiply(gradient_product(part, count, tile == 0), inputs, outputs,
                                  weights, threads);
            }
            kernels_.restore(transform, problem_.weight, weight_items(part), weights, weight, block,
                             threads);
        });
    }

    const Geometry geometry_;
    const Operation operation_;
    TileProblem problem_;
    const TileChoice choice_;
    const TileTables<T> tables_;
    const TileRoutines<T>& kernels_;
    int threads_;
};

// Where there is no room for a single tile: the definition.
template <class T>
class WithoutWorkspace : public Method {
  public:
    WithoutWorkspace(const Geometry& geometry, Operation operation)
        : flop_(geometry.flop()), operation_(operation), all_(correlations(geometry, operation)) {}

    size_t workspace() const override { return 0; }

    void run(const void* first, const void* second, void* result, void*, int) const override {
        const T* a = static_cast<const T*>(first);
        const T* b = static_cast<const T*>(second);
        T* to = static_cast<T*>(result);
        std::fill_n(to, all_.clear, T(0));
        for (const OwnedCorrelation& part : all_.parts) {
            if (operation_ == GRAD_WEIGHT) careful_weight_gradient(part.problem, a, b, to);
            else careful_correlate(part.problem, a, b, to);
        }
    }

    std::string describe() const override { return "definition, no workspace"; }
    double seconds(int) const override { return flop_ / 0.5e9; }

  private:
    double flop_;
    Operation operation_;
    Correlations all_;
};

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation,
                             const Request& request) {
    const TileProblem problem(geometry, operation);
    const TileChoice choice = choose_tiles(problem, request.itemsize, request.kernels->vector_bytes,
                                           request.max_workspace);
    if (!choice.fits) return std::make_unique<WithoutWorkspace<T>>(geometry, operation);
    return std::make_unique<TileFft<T>>(geometry, operation, request, problem, choice);
}

}  // namespace

std::unique_ptr<Method> tilefft_method(const Geometry& geometry, Operation operation,
                                       const Request& request) {
    return request.itemsize == 4 ? make<float>(geometry, operation, request)
                                 : make<double>(geometry, operation, request);
}

}  // namespace convcore
