#include "tilefft/tables.h"

#include <math.h>

namespace convcore::tilefft {

namespace {

constexpr int RADICES[] = {8, 4, 2, 3, 5};

// Whether to split by `radix` now: by 8 once, where that leaves a power of 4.
bool splits(index_t length, int radix) {
    if (length % radix != 0) return false;
    if (radix != 8) return true;
    for (length /= 8; length % 4 == 0;) length /= 4;
    return length % 2 != 0;
}

// The whole circle, to more digits than a double holds.
constexpr double CIRCLE = 6.283185307179586476925286766559;

template <class T>
void push_root(double angle, std::vector<T>* table) {
    table->push_back(T(cos(CIRCLE * angle)));
    table->push_back(T(sin(CIRCLE * angle)));
}

// Splits u^extent - e^(i CIRCLE angle) level by level; returns the angles of its roots, in order.
template <class T>
std::vector<double> split(index_t extent, double angle, Fft<T>* fft, std::vector<T>* table) {
    std::vector<double> angles{angle};
    fft->extent = extent;
    fft->cyclic = angle == 0;
    index_t length = extent;
    for (int radix : RADICES) {
        while (splits(length, radix)) {
            length /= radix;
            fft->level[fft->levels++] = {radix, index_t(angles.size()), length};
            std::vector<double> children;
            for (double parent : angles) {
                for (int q = 1; q < radix; ++q) push_root(parent * q / radix, table);
                for (int k = 0; k < radix; ++k) children.push_back((parent + k) / radix);
            }
            angles = children;
        }
    }
    return angles;
}

}  // namespace

bool transformable(index_t extent) {
    for (int radix : RADICES)
        while (extent % radix == 0) extent /= radix;
    return extent == 1;
}

template <class T>
Tables<T>::Tables(index_t rows, index_t columns, bool line, index_t lanes) {
    constexpr index_t CACHE_LINE = 64 / index_t(sizeof(T));
    // An odd number of lines: spectra then do not meet in the same sets of a cache.
    transform_.pitch = 2 * rows * columns + CACHE_LINE;
    transform_.block = 2 * rows * lanes + CACHE_LINE;
    down_angles_ = split(rows, 0.25, &transform_.down, &down_);
    across_angles_ = split(columns, 0.0, &transform_.across, &across_);
    for (index_t begin = 0; line && begin < rows; begin += lanes) {
        for (index_t j = 0; j < columns; ++j) {
            for (double (*part)(double) :
                 {static_cast<double (*)(double)>(cos), static_cast<double (*)(double)>(sin)}) {
                for (index_t lane = 0; lane < lanes; ++lane) {
                    const double angle = down_angles_[size_t(begin + lane)];
                    twist_.push_back(T(part(CIRCLE * angle * double(j) / double(columns))));
                }
            }
        }
    }
    transform_.down.twiddle = down_.data();
    transform_.across.twiddle = across_.data();
    transform_.twist = line ? twist_.data() : nullptr;
}

template class Tables<float>;
template class Tables<double>;

}  // namespace convcore::tilefft
