// Divisions of integers by positive ones.
#pragma once
#include "problem/axis.h"

namespace convcore {

// Static, not only inline: what is compiled for one instruction set must not serve others.
static inline index_t quotient(index_t a, index_t b) { return (a + b - 1) / b; }  // up, for a >= 0
static inline index_t round_up(index_t a, index_t b) { return quotient(a, b) * b; }

// The largest of equal parts of `all`, of at most `most` each.
static inline index_t evenly(index_t all, index_t most) {
    return quotient(all, quotient(all, most));
}

static inline index_t smaller(index_t a, index_t b) { return a < b ? a : b; }

// First of `count` things that part `part` of `parts` gets, where they differ by one at most.
static inline index_t share(index_t count, index_t parts, index_t part) {
    return count * part / parts;
}

// For any sign.
static inline index_t ceiling(index_t a, index_t b) { return a > 0 ? quotient(a, b) : -(-a / b); }
static inline index_t floor_quotient(index_t a, index_t b) { return -ceiling(-a, b); }
static inline index_t floor_remainder(index_t a, index_t b) { return a - floor_quotient(a, b) * b; }

}  // namespace convcore
