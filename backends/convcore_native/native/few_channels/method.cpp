// Few channels in a group: target positions as lanes. The tables are made in tiling.cpp.
#include "few_channels/method.h"

#include <algorithm>
#include <cmath>

#include "few_channels/cost.h"
#include "few_channels/tiling.h"
#include "machine/processor.h"
#include "machine/threads.h"
#include "problem/dtypes.h"
#include "problem/integers.h"
#include "reference/reference.h"

namespace convcore::few_channels {

namespace {

template <class T>
class FewChannels : public Method {
  public:
    FewChannels(const Request& request, const Routines<T>& kernels, double flop)
        : kernels_(kernels), flop_(flop), threads_(request.threads) {}

    const char* name() const override { return "few_channels"; }
    size_t workspace() const override { return elements() * sizeof(T); }
    virtual size_t elements() const = 0;

    double seconds(int threads) const override {
        return seconds_ / double(std::min<index_t>(threads, tasks_)) + serial_seconds_ +
               CALL_SECONDS;
    }

  protected:
    std::string describe_band(const Band& band) const {
        return "blocks of " + std::to_string(band.row.block) + "x" +
               std::to_string(band.column.block) + " positions";
    }

    // From the share of the peak that the tiles reach; lanes beyond the end of a row work in vain.
    void estimate(const OwnedBand& owned, double share) {
        const Band& band = owned.band;
        const double lanes = double(kernels_.lanes), columns = double(band.column.count);
        const double waste = std::max(1.0, std::ceil(columns / lanes) * lanes / columns);
        const double flop = flop_ / (share * peak_of<T>(kernels_.lanes)) * waste;
        const double positions =
            double(band.outer_positions * band.groups) * double(band.row.count * band.column.count);
        const double phases = double(band.row_phases * band.column_phases);
        // Every block copies the rows around it too, for all taps of the outer axes.
        const index_t rows =
            band.row.step * (band.row.block - 1) + band.row.high - band.row.low + 1;
        const double planes = double(band.source_channels * band.outer_taps);
        const double copies = band.straight
                                  ? double(band.row.step)
                                  : double(band.outer_taps * rows) / double(band.row.block);
        // And the columns around it.
        const double wide = double(band.column.block + band.column.high - band.column.low) /
                            double(band.column.block);
        const double source =
            double(band.source_channels * band.column.step) * copies * (band.straight ? 1 : wide);
        const double moved = positions * (source + phases * double(band.target_channels));
        const double tasks = double(band.groups * owned.blocks());
        const double lines = band.straight ? 0 : tasks * planes * double(rows * band.slots);
        const double rate = band.straight ? STRAIGHT_BYTES_PER_SECOND : BYTES_PER_SECOND;
        const double task = band.straight ? STRAIGHT_TASK_SECONDS : TASK_SECONDS;
        seconds_ += flop + moved * sizeof(T) / rate + tasks * task + lines * LINE_SECONDS;
    }

    const Routines<T>& kernels_;
    const double flop_;  // of one band
    const int threads_;
    // Of one core, shared by as many threads as there are tasks; and what one thread does alone.
    double seconds_ = 0, serial_seconds_ = 0;
    index_t tasks_ = 1;
};

// Whether each source row serves several target rows.
bool slides(const Band& band) {
    bool all = band.target_channels == 1;
    for (int i = 0; i < band.row_phases * band.column_phases; ++i)
        all = all && band.phase[i].sliding;
    return all;
}

template <class T>
OwnedBand band_of(const OwnedCorrelation* first, const OwnedCorrelation* last,
                  index_t column_phases, const Routines<T>& kernels) {
    return OwnedBand(first, last, column_phases, kernels.lanes, int(sizeof(T)));
}

template <class T>
class BandCorrelation : public FewChannels<T> {
  public:
    // Each `together` of the parts share a band.
    BandCorrelation(const Request& request, const Routines<T>& kernels, Correlations all,
                    index_t together, index_t column_phases, double flop)
        : FewChannels<T>(request, kernels, flop * double(together) / double(all.parts.size())),
          parts_(std::move(all.parts)),
          together_(together),
          clear_(all.clear) {
        for (size_t i = 0; i < parts_.size(); i += size_t(together))
            bands_.push_back(
                band_of(&parts_[i], &parts_[i] + together, column_phases, this->kernels_));
        for (OwnedBand& owned : bands_) {
            packed_ = std::max(packed_, owned.band.packed_size);
            workspace_ = std::max(workspace_, owned.band.workspace);
            fits_ = fits_ && owned.fits();
            this->estimate(owned, correlation_share(owned.band, slides(owned.band)));
            this->estimate_packing(owned.band);
            this->tasks_ = std::max(this->tasks_, owned.band.groups * owned.blocks());
        }
    }

    bool fits() const { return fits_; }
    size_t elements() const override { return size_t(packed_ + workspace_ * this->threads_); }

    Outcome run(const void* source, const void* weight, void* result, void* workspace,
                int threads) const override {
        const T* from = static_cast<const T*>(source);
        const T* weights = static_cast<const T*>(weight);
        T* target = static_cast<T*>(result);
        T* packed = static_cast<T*>(workspace);
        clear_bytes(target, size_t(clear_) * sizeof(T), threads);
        for (size_t i = 0; i < bands_.size(); ++i) {
            const Band& band = bands_[i].band;
            const bool plain = band.plain_weight;
            const bool finite =
                plain ? this->kernels_.all_finite(weights, band.groups * band.weight_group_pitch)
                      : this->kernels_.pack_weight(band, weights, packed, threads);
            if (finite || !bands_[i].padded()) {
                const auto correlate =
                    band.straight ? this->kernels_.correlate_straight : this->kernels_.correlate;
                correlate(band, from, plain ? weights : packed, target, packed + packed_, threads);
                continue;
            }
            for (index_t j = 0; j < together_; ++j)
                reference_correlate(parts_[i * size_t(together_) + size_t(j)].problem, from,
                                    weights, target);
        }
        return DONE;
    }

    std::string describe() const override {
        const Band& band = bands_[0].band;
        const std::string kind = band.straight              ? "rows, not copied"
                                 : band.target_channels > 1 ? "channels"
                                 : slides(band)             ? "sliding rows"
                                                            : "rows";
        return "few channels, positions as lanes, tile of " + kind + ", " +
               this->describe_band(band) +
               (parts_.size() > 1 ? ", " + std::to_string(parts_.size()) + " phases" : "");
    }

  private:
    void estimate_packing(const Band& band) {
        if (band.plain_weight) return;
        const double size = double(band.packed_size);
        const bool far = size * sizeof(T) > double(level2_bytes());
        const index_t tasks = band.groups * band.row_phases * band.column_phases;
        (tasks > 1 ? this->seconds_ : this->serial_seconds_) +=
            (far ? FAR_PACK_SECONDS : PACK_SECONDS) * size;
    }

    const std::vector<OwnedCorrelation> parts_;
    const index_t together_;
    std::vector<OwnedBand> bands_;
    const index_t clear_;  // elements of the result to set to zero first
    index_t packed_ = 0, workspace_ = 0;
    bool fits_ = true;
};

template <class T>
class BandWeightGradient : public FewChannels<T> {
  public:
    BandWeightGradient(const Request& request, const Routines<T>& kernels,
                       OwnedCorrelation correlation, double flop)
        : FewChannels<T>(request, kernels, flop),
          correlation_(std::move(correlation)),
          band_(band_of(&correlation_, &correlation_ + 1, 1, this->kernels_)) {
        band_.band.skips_rows = false;
        // The slices decide the order of the sum: they depend on the problem alone.
        const index_t wanted = MOST_SLICES / std::min(MOST_SLICES, band_.band.groups);
        slices_ = std::max<index_t>(1, std::min(wanted, band_.blocks() / 2));
        result_ = band_.band.groups * band_.band.weight_group_pitch;
        this->estimate(band_, gradient_share(band_.band));
        this->seconds_ += GRADIENT_TILE_SECONDS * gradient_tiles();
        this->tasks_ = band_.band.groups * slices_;
        this->serial_seconds_ = double((slices_ - 1) * result_ * 2) * sizeof(T) / BYTES_PER_SECOND;
    }

    bool fits() const { return band_.fits(); }
    size_t elements() const override {
        return size_t((slices_ - 1) * result_ + band_.band.gradient_workspace * this->threads_);
    }

    Outcome run(const void* grad_output, const void* input, void* result, void* workspace,
                int threads) const override {
        const T* target = static_cast<const T*>(grad_output);
        const T* source = static_cast<const T*>(input);
        T* weight = static_cast<T*>(result);
        this->kernels_.weight_gradient(band_.band, slices_, target, source, weight,
                                       static_cast<T*>(workspace), threads);
        // A NaN in a sum stays there; one that met the padding does not belong there.
        if (!this->kernels_.all_finite(weight, result_))
            reference_weight_gradient(correlation_.problem, target, source, weight);
        return DONE;
    }

    std::string describe() const override {
        return "few channels, positions as lanes, " + this->describe_band(band_.band) + ", " +
               std::to_string(slices_) + " slices";
    }

  private:
    double gradient_tiles() const {
        const Band& band = band_.band;
        const index_t taps = band.phase->row_taps * band.phase->column_taps;
        return double(band.groups * band_.blocks()) *
               double(band.source_channels * band.outer_taps) *
               double(quotient(band.target_channels, GRADIENT_TILE_CHANNELS) *
                      quotient(taps, GRADIENT_TILE_TAPS));
    }

    const OwnedCorrelation correlation_;
    OwnedBand band_;
    index_t slices_, result_;
};

template <class M>
std::unique_ptr<Method> checked(std::unique_ptr<M> method, const Request& request) {
    if (!method->fits() || method->workspace() > request.max_workspace) return nullptr;
    return method;
}

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Tables& tables) {
    const Routines<T>& kernels = of<T>(tables);
    Correlations all = correlations(geometry, operation, operation != GRAD_INPUT);
    const std::vector<OwnedCorrelation>& parts = all.parts;
    if (parts.empty()) return nullptr;
    if (operation == GRAD_WEIGHT)
        return checked(std::make_unique<BandWeightGradient<T>>(
                           request, kernels, std::move(all.parts[0]), geometry.flop()),
                       request);
    // The first phases differ in their column, then in their row, then in the outer axes.
    const index_t row = geometry.input[geometry.rank - 1];
    const index_t plane = geometry.rank > 1 ? row * geometry.input[geometry.rank - 2] : row;
    const auto below = [&](index_t start) {
        return std::count_if(parts.begin(), parts.end(), [&](const OwnedCorrelation& part) {
            return part.problem.target_start - parts[0].problem.target_start < start;
        });
    };
    const index_t column_phases = below(row), together = below(plane);
    return checked(std::make_unique<BandCorrelation<T>>(request, kernels, std::move(all), together,
                                                        column_phases, geometry.flop()),
                   request);
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Tables& tables) {
    return for_dtype(request.integers, request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, tables);
    });
}

}  // namespace convcore::few_channels
