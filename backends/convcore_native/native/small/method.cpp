// Small problems: the tables that tell the kernel in correlate.inl.h where everything lies.
#include "small/method.h"

#include <string.h>

#include <algorithm>

#include "reference/reference.h"
#include "problem/dtypes.h"
#include "problem/integers.h"
#include "machine/processor.h"
#include "small/kernels.h"

namespace convcore::small {

namespace {

// Beyond this, packing and threads pay, and the copy leaves the level 1 cache.
constexpr double MAX_FLOP = 4e6;
constexpr double MAX_COPY_BYTES = 32 << 10;

// One axis in the copy, which holds its positions low, low + 1, ... of the source: the one
// number `at` from there stands at at % step * phase_pitch + at / step * pitch.
struct CopyAxis {
    index_t low, span, step;
    index_t pitch, phase_pitch;

    index_t place(index_t at) const { return at % step * phase_pitch + at / step * pitch; }
    index_t extent() const { return ceiling(span, step); }
};

CopyAxis copy_axis(const Axis& axis) {
    const auto ends = std::minmax_element(axis.shift, axis.shift + axis.taps);
    const index_t span = (axis.count - 1) * axis.step + *ends.second - *ends.first + 1;
    // One position has no step, and no phases.
    return {*ends.first, span, axis.count == 1 ? 1 : axis.step, 0, 0};
}

// As a real number, since it may be beyond any integer.
double copied_elements(const Correlation& problem) {
    double elements = double(problem.source_channels);
    for (int a = 0; a < problem.axes; ++a) {
        const CopyAxis axis = copy_axis(problem.axis[a]);
        elements *= double(axis.extent()) * double(axis.step);
    }
    return elements;
}

class OwnedTiny {
  public:
    OwnedTiny(const Correlation& problem, int lanes) : problem_(problem), lanes_(lanes) {
        index_t phases = 1;
        for (int a = problem.axes - 1; a >= 0; --a) {
            axes_[a] = copy_axis(problem.axis[a]);
            axes_[a].pitch = plane_;
            plane_ *= axes_[a].extent();
        }
        for (int a = problem.axes - 1; a >= 0; --a) {
            axes_[a].phase_pitch = plane_ * phases;
            phases *= axes_[a].step;
        }
        plane_ *= phases;
        // Whole vectors, and one more for the lanes behind the last position.
        elements_ = ceiling(problem.source_channels * plane_, lanes) * lanes + lanes;
        add_strips(0, 0, 0);
        add_taps(0, 0, 0);
        add_rows(0, problem.target_start, 0);
    }

    index_t elements() const { return elements_; }
    size_t vectors() const { return vectors_.size(); }

    Tiny view() const {
        return {padded_,
                plane_,
                elements_,
                axes_[problem_.axes - 1].step,
                index_t(strips_.size()),
                index_t(taps_.size()),
                index_t(vectors_.size()),
                strips_.data(),
                taps_.data(),
                vectors_.data(),
                runs_.data()};
    }

    double seconds(int itemsize) const {
        const double channels = double(problem_.groups * problem_.source_channels);
        const double products = double(vectors_.size()) * lanes_ * double(taps_.size()) *
                                channels * double(problem_.target_channels);
        // 1.5 ns for a strip and 75 % of the peak, but with few target channels the sums wait for each
        // other: measured on AMD Zen 3 with AVX2.
        const double share = std::min(0.75, 0.15 * double(problem_.target_channels));
        return 2 * products / (share * peak_flops(int(lanes_), itemsize)) +
               1.5e-9 * channels * double(strips_.size()) + 10e-9 * double(vectors_.size());
    }

  private:
    void add_strips(int a, index_t from, index_t to) {
        const Axis& axis = problem_.axis[a];
        const CopyAxis& copy = axes_[a];
        const index_t first = std::max<index_t>(0, copy.low);
        const index_t last = std::min(axis.extent, copy.low + copy.span);
        padded_ |= first > copy.low || last < copy.low + copy.span;
        if (a + 1 < problem_.axes) {
            for (index_t at = first; at < last; ++at)
                add_strips(a + 1, from + at * axis.source_pitch, to + copy.place(at - copy.low));
            return;
        }
        for (index_t at = first; at < std::min(last, first + copy.step); ++at)
            strips_.push_back({from + at, to + copy.place(at - copy.low),
                               ceiling(last - at, copy.step)});
    }

    void add_taps(int a, index_t shift, index_t weight) {
        if (a == problem_.axes) return taps_.push_back({shift, weight});
        const Axis& axis = problem_.axis[a];
        for (index_t t = 0; t < axis.taps; ++t)
            add_taps(a + 1, shift + axes_[a].place(axis.shift[t] - axes_[a].low),
                     weight + axis.weight_offset[t]);
    }

    void add_rows(int a, index_t target, index_t start) {
        const Axis& axis = problem_.axis[a];
        if (a + 1 == problem_.axes) return add_row(target, start, axis);
        for (index_t q = 0; q < axis.count; ++q)
            add_rows(a + 1, target + q * axis.target_pitch, start + q * axes_[a].pitch);
    }

    // Covers the row with the lanes that the last vector has left, then with new ones.
    void add_row(index_t target, index_t start, const Axis& axis) {
        for (index_t q = 0; q < axis.count;) {
            const index_t at = start + q;
            if (vectors_.empty() || vectors_.back().start + lanes_ <= at)
                vectors_.push_back({at, index_t(runs_.size()), 0});
            const index_t lane = at - vectors_.back().start;
            const index_t count = std::min(axis.count - q, lanes_ - lane);
            runs_.push_back({target + q * axis.target_pitch, int(lane), int(count)});
            ++vectors_.back().runs;
            q += count;
        }
    }

    const Correlation& problem_;
    const index_t lanes_;
    CopyAxis axes_[MAX_AXES];
    index_t plane_ = 1, elements_ = 0;
    bool padded_ = false;
    std::vector<TinyStrip> strips_;
    std::vector<TinyTap> taps_;
    std::vector<TinyVector> vectors_;
    std::vector<TinyRun> runs_;
};

template <class T>
class TinyCorrelation : public Method {
  public:
    TinyCorrelation(const Routines<T>& kernels, Correlations all)
        : kernels_(kernels), parts_(std::move(all.parts)), clear_(all.clear) {
        for (const OwnedCorrelation& part : parts_) {
            layouts_.emplace_back(part.problem, kernels_.lanes);
            elements_ = std::max(elements_, layouts_.back().elements());
        }
    }

    const char* name() const override { return "small"; }
    size_t workspace() const override { return size_t(elements_) * sizeof(T); }

    void run(const void* first, const void* second, void* result, void* workspace,
             int) const override {
        const T* source = static_cast<const T*>(first);
        const T* weight = static_cast<const T*>(second);
        T* target = static_cast<T*>(result);
        if (clear_) memset(target, 0, size_t(clear_) * sizeof(T));
        for (size_t i = 0; i < parts_.size(); ++i) {
            const Correlation& problem = parts_[i].problem;
            if (!kernels_.correlate(problem, layouts_[i].view(), source, weight, target,
                               static_cast<T*>(workspace)))
                reference_correlate(problem, source, weight, target);
        }
    }

    std::string describe() const override {
        size_t vectors = 0;
        for (const OwnedTiny& layout : layouts_) vectors += layout.vectors();
        return "small, nothing packed, " + std::to_string(vectors) + " vectors of positions";
    }

    double seconds(int) const override {
        double sum = 0.2e-6;
        for (const OwnedTiny& layout : layouts_) sum += layout.seconds(int(sizeof(T)));
        return sum;
    }

  private:
    const Routines<T>& kernels_;
    std::vector<OwnedCorrelation> parts_;
    std::vector<OwnedTiny> layouts_;
    index_t clear_;  // elements of the result to set to zero first
    index_t elements_ = 0;
};

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Table& table) {
    Correlations all = correlations(geometry, operation);
    for (const OwnedCorrelation& part : all.parts)
        if (copied_elements(part.problem) * sizeof(T) > MAX_COPY_BYTES) return nullptr;
    auto method = std::make_unique<TinyCorrelation<T>>(of<T>(table), std::move(all));
    if (method->workspace() > request.max_workspace) return nullptr;
    return method;
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Table& table) {
    if (operation == GRAD_WEIGHT || geometry.flop() > MAX_FLOP) return nullptr;
    return for_dtype(request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, table);
    });
}

}  // namespace convcore::small
