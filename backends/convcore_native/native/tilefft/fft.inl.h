// Complex transforms of many columns at a time: each lane is a column of its own.
//
// A column is `extent` rows of (lanes real parts, lanes imaginary parts). `reduce_all` leaves the
// values at the roots in the order in which its levels split them; `expand_all` undoes that, times
// `extent`.
#pragma once
#include "simd/vector.inl.h"
#include "tilefft/kernels.h"

namespace convcore::tilefft {
namespace {

template <class T>
struct Complex {
    vec<T> re, im;
};

template <class T>
inline Complex<T> read(const T* from) {
    return {load(from), load(from + Simd<T>::lanes)};
}

template <class T>
inline void write(T* to, Complex<T> z) {
    store(to, z.re);
    store(to + Simd<T>::lanes, z.im);
}

template <class T>
inline Complex<T> operator+(Complex<T> a, Complex<T> b) {
    return {a.re + b.re, a.im + b.im};
}
template <class T>
inline Complex<T> operator-(Complex<T> a, Complex<T> b) {
    return {a.re - b.re, a.im - b.im};
}
template <class T>
inline Complex<T> operator*(Complex<T> a, Complex<T> b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class T>
inline Complex<T> times_conjugate(Complex<T> a, Complex<T> b) {
    return {a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im};
}
template <class T>
inline Complex<T> scaled(Complex<T> a, T scale) {
    const vec<T> factor = broadcast(scale);
    return {a.re * factor, a.im * factor};
}
template <class T>
inline Complex<T> times_i(Complex<T> a) {
    return {-a.im, a.re};
}

// Values of z[0] + z[1] w + z[2] w^2 + ... at the roots of unity w, in the order of their angles.
template <class T>
inline void values(Complex<T> (&z)[2]) {
    const Complex<T> a = z[0], b = z[1];
    z[0] = a + b;
    z[1] = a - b;
}

template <class T>
inline void values(Complex<T> (&z)[3]) {
    const Complex<T> sum = z[1] + z[2];
    const T sine = T(0.866025403784438646763723170752936183);
    const Complex<T> turned = times_i(scaled(z[1] - z[2], sine));
    const Complex<T> mean = z[0] - scaled(sum, T(0.5));
    z[0] = z[0] + sum;
    z[1] = mean + turned;
    z[2] = mean - turned;
}

template <class T>
inline void values(Complex<T> (&z)[4]) {
    const Complex<T> a = z[0] + z[2], b = z[0] - z[2], c = z[1] + z[3], d = z[1] - z[3];
    z[0] = a + c;
    z[2] = a - c;
    z[1] = {b.re - d.im, b.im + d.re};
    z[3] = {b.re + d.im, b.im - d.re};
}

template <class T>
inline void values(Complex<T> (&z)[5]) {
    const T cosine1 = T(0.309016994374947424102293417182819059);
    const T cosine2 = T(-0.809016994374947424102293417182819059);
    const T sine1 = T(0.951056516295153572116439333379382143);
    const T sine2 = T(0.587785252292473129168705954639072769);
    const Complex<T> a = z[1] + z[4], b = z[2] + z[3], c = z[1] - z[4], d = z[2] - z[3];
    const Complex<T> first = z[0] + scaled(a, cosine1) + scaled(b, cosine2);
    const Complex<T> second = z[0] + scaled(a, cosine2) + scaled(b, cosine1);
    const Complex<T> turned1 = times_i(scaled(c, sine1) + scaled(d, sine2));
    const Complex<T> turned2 = times_i(scaled(c, sine2) - scaled(d, sine1));
    z[0] = z[0] + a + b;
    z[1] = first + turned1;
    z[4] = first - turned1;
    z[2] = second + turned2;
    z[3] = second - turned2;
}

template <class T>
inline void values(Complex<T> (&z)[8]) {
    const T half = T(0.707106781186547524400844362104849039);
    Complex<T> a[4] = {z[0], z[2], z[4], z[6]}, b[4] = {z[1], z[3], z[5], z[7]};
    values(a);
    values(b);
    b[1] = scaled(Complex<T>{b[1].re - b[1].im, b[1].re + b[1].im}, half);
    b[2] = times_i(b[2]);
    b[3] = scaled(Complex<T>{-b[3].re - b[3].im, b[3].re - b[3].im}, half);
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
        z[k] = a[k] + b[k];
        z[k + 4] = a[k] - b[k];
    }
}

// One block of a level; `plain` where its root is 1.
template <class T, int radix, bool plain>
inline void reduce(index_t length, const T* twiddle, T* data) {
    const index_t step = length * 2 * Simd<T>::lanes;
    for (T* end = data + step; data < end; data += 2 * Simd<T>::lanes) {
        Complex<T> z[radix];
#pragma GCC unroll 8
        for (int q = 0; q < radix; ++q) {
            z[q] = read(data + q * step);
            if (plain || q == 0) continue;
            const T* w = twiddle + 2 * (q - 1);
            z[q] = z[q] * Complex<T>{broadcast(w[0]), broadcast(w[1])};
        }
        values(z);
#pragma GCC unroll 8
        for (int q = 0; q < radix; ++q) write(data + q * step, z[q]);
    }
}

template <class T, int radix, bool plain>
inline void expand(index_t length, const T* twiddle, T* data) {
    const index_t step = length * 2 * Simd<T>::lanes;
    for (T* end = data + step; data < end; data += 2 * Simd<T>::lanes) {
        Complex<T> z[radix];
#pragma GCC unroll 8
        for (int q = 0; q < radix; ++q) z[q] = read(data + q * step);
        values(z);  // at the inverse roots, if their order is reversed
#pragma GCC unroll 8
        for (int q = 0; q < radix; ++q) {
            Complex<T> value = z[(radix - q) % radix];
            if (!plain && q > 0) {
                const T* w = twiddle + 2 * (q - 1);
                value = times_conjugate(value, Complex<T>{broadcast(w[0]), broadcast(w[1])});
            }
            write(data + q * step, value);
        }
    }
}

template <class T, int radix, bool forward>
void run_level(const Level& level, bool cyclic, const T* twiddle, T* data) {
    const index_t step = level.length * 2 * Simd<T>::lanes;
    index_t block = 0;
    if (cyclic) {
        if (forward)
            reduce<T, radix, true>(level.length, twiddle, data);
        else
            expand<T, radix, true>(level.length, twiddle, data);
        block = 1;
    }
    for (; block < level.blocks; ++block) {
        const T* roots = twiddle + block * 2 * (radix - 1);
        T* at = data + block * radix * step;
        if (forward)
            reduce<T, radix, false>(level.length, roots, at);
        else
            expand<T, radix, false>(level.length, roots, at);
    }
}

template <class T, bool forward>
inline void run_any(const Level& level, bool cyclic, const T* twiddle, T* data) {
    if (level.radix == 4)
        run_level<T, 4, forward>(level, cyclic, twiddle, data);
    else if (level.radix == 8)
        run_level<T, 8, forward>(level, cyclic, twiddle, data);
    else if (level.radix == 2)
        run_level<T, 2, forward>(level, cyclic, twiddle, data);
    else if (level.radix == 3)
        run_level<T, 3, forward>(level, cyclic, twiddle, data);
    else
        run_level<T, 5, forward>(level, cyclic, twiddle, data);
}

inline index_t twiddle_count(const Level& level) { return level.blocks * 2 * (level.radix - 1); }

template <class T>
void reduce_all(const Fft<T>& fft, T* data) {
    const T* twiddle = fft.twiddle;
    for (int i = 0; i < fft.levels; ++i) {
        run_any<T, true>(fft.level[i], fft.cyclic, twiddle, data);
        twiddle += twiddle_count(fft.level[i]);
    }
}

template <class T>
void expand_all(const Fft<T>& fft, T* data) {
    const T* twiddle = fft.twiddle;
    for (int i = 0; i < fft.levels; ++i) twiddle += twiddle_count(fft.level[i]);
    for (int i = fft.levels - 1; i >= 0; --i) {
        twiddle -= twiddle_count(fft.level[i]);
        run_any<T, false>(fft.level[i], fft.cyclic, twiddle, data);
    }
}

}  // namespace
}  // namespace convcore::tilefft
