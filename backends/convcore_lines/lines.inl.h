// One line of results from one line of numbers, for the element type NUMBER.
//
// y[i] = sum over r of w[r] x[i + r pitch], 0 <= i < count, in the order that scipy.ndimage sums
// in: the middle tap first and then pairs of taps from the outermost inwards where w is even
// (sign 1) or odd (sign -1) about its middle; else (sign 0) the last tap first, then the others as
// they come. Products are rounded before they are added.

// Adds `terms` terms, at most four, from tap r on to a block of sums, one after the other.
INLINE void NAMED(add)(const NUMBER* restrict x, const NUMBER* restrict w, NUMBER* restrict y,
                       int64_t block, int64_t pitch, int64_t taps, int64_t r, int sign, int terms) {
    const NUMBER *left[4], *right[4];
    for (int t = 0; t < terms; t++) {
        left[t] = x + (r + t) * pitch;
        right[t] = x + (taps - 1 - r - t) * pitch;
    }
    for (int64_t i = 0; i < block; i++) {
        NUMBER sum = y[i];
        for (int t = 0; t < terms; t++) {
            NUMBER both = sign == 0  ? left[t][i]
                          : sign > 0 ? left[t][i] + right[t][i]
                                     : left[t][i] - right[t][i];
            sum += both * w[r + t];
        }
        y[i] = sum;
    }
}

INLINE void NAMED(sums)(const NUMBER* restrict x, const NUMBER* restrict w, NUMBER* restrict y,
                        int64_t count, int64_t pitch, int64_t taps, int sign) {
    int64_t terms = sign ? taps / 2 : taps - 1, first = terms, width = pitch > 1 ? pitch : count;
    // Column by column of blocks, so that what a window shares with the next one stays near.
    for (int64_t column = 0; column < width; column += BLOCK) {
        for (int64_t start = column; start < count; start += width) {
            int64_t block = least(BLOCK, least(width - column, count - start)), r = 0;
            const NUMBER* from = x + start;
            NUMBER* to = y + start;
            for (int64_t i = 0; i < block; i++) {
                to[i] = from[i + first * pitch] * w[first];
            }
            for (; r + 4 <= terms; r += 4) {
                NAMED(add)(from, w, to, block, pitch, taps, r, sign, 4);
            }
            for (; r < terms; r++) {
                NAMED(add)(from, w, to, block, pitch, taps, r, sign, 1);
            }
        }
    }
}

CLONES static void NAMED(line)(const NUMBER* restrict x, const NUMBER* restrict w,
                               NUMBER* restrict y, int64_t count, int64_t pitch, int64_t taps,
                               int sign) {
    if (sign > 0) {
        NAMED(sums)(x, w, y, count, pitch, taps, 1);
    } else if (sign < 0) {
        NAMED(sums)(x, w, y, count, pitch, taps, -1);
    } else {
        NAMED(sums)(x, w, y, count, pitch, taps, 0);
    }
}
