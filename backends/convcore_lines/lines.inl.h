// One line of results from one line of numbers, for the element type NUMBER.
//
// y[i] = sum over r of w[r] x[i + r pitch], 0 <= i < count, in the order that scipy.ndimage sums
// in: the middle tap first and then pairs of taps from the outermost inwards where w is even
// (sign 1) or odd (sign -1) about its middle; else (sign 0) the last tap first, then the others as
// they come. Products are rounded before they are added.

CLONES static void NAMED(line)(const NUMBER* restrict x, const NUMBER* restrict w,
                               NUMBER* restrict y, int64_t count, int64_t pitch, int64_t taps,
                               int sign) {
    int64_t half = taps / 2, first = sign ? half : taps - 1, terms = sign ? half : taps - 1;
    for (int64_t start = 0; start < count; start += BLOCK) {
        int64_t block = count - start < BLOCK ? count - start : BLOCK;
        const NUMBER* from = x + start;
        NUMBER* to = y + start;
        for (int64_t i = 0; i < block; i++) {
            to[i] = from[i + first * pitch] * w[first];
        }
        for (int64_t r = 0; r < terms; r++) {
            const NUMBER *left = from + r * pitch, *right = from + (taps - 1 - r) * pitch;
            NUMBER weight = w[r];
            if (sign > 0) {
                for (int64_t i = 0; i < block; i++) {
                    to[i] += (left[i] + right[i]) * weight;
                }
            } else if (sign < 0) {
                for (int64_t i = 0; i < block; i++) {
                    to[i] += (left[i] - right[i]) * weight;
                }
            } else {
                for (int64_t i = 0; i < block; i++) {
                    to[i] += left[i] * weight;
                }
            }
        }
    }
}
