"""The backend `tilefft`: overlap-save in tiles that stay in the caches, for large kernels."""

from __future__ import annotations

from typing import Any

from convcore.plugin import Declaration, Geometry, Operation, Refusal

from ._native import NativeConvolution

# Longest receptive field on an axis, by spatial rank: about half of the longest tile.
LONGEST = {1: 2**20, 2: 1024}


class TileFFTConvolution(NativeConvolution):
    """Overlap-save on real transforms of its own, each lane of a vector a column of its own.

    A tile of real numbers is a polynomial modulo u^n + 1 and v^m - 1; modulo u^(n/2) - i, which
    takes no arithmetic, its spectrum has no redundant element, so that the products, summed over
    channels (gradient of the weight: over tiles and samples), are plain complex ones. Stride and
    dilation are those of the dense axes that they thin out: right, but not faster than without.

    Notes
    -----
    Accuracy: |error| <= 16 eps ||a|| ||b||, with the Euclidean norms of what the sample and the
    channel of a result can meet. The transforms are unitary up to a scale, so that their error,
    relative to the norm, grows at most as log2 of the points of a tile, by about eps for each
    factor 2 in the worst case [1]_ and by the root of that for typical data; by the
    Cauchy-Schwarz inequality the sum of |A| |B| over channels and frequencies is at most the
    product of the norms. Sums of more than 8 products are made of partial ones. The largest error
    seen, over data that are normal, far from zero mean, badly scaled or cancelling, is
    4 eps ||a|| ||b||; on standard normal data errors stay under 4 eps max |y|.

    References
    ----------
    .. [1] N. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., theorem 24.2.
    """

    name = _algorithm = "tilefft"
    declaration = Declaration(
        dtypes=("float32", "float64"),
        ranks=range(1, 3),
        numerics="normwise",
        bound=16.0,
        typical_error=8.0,
        deterministic="any_threads",
        nonfinite="spreads",
        description="SIMD transforms in tiles; for large kernels",
    )

    @classmethod
    def refusal(
        cls, geometry: Geometry, dtype: Any, operation: Operation | None = None
    ) -> Refusal | None:
        """Why this backend cannot run the problem, or None if it can."""
        return super().refusal(geometry, dtype, operation) or _unfit(geometry)


def _unfit(geometry: Geometry) -> Refusal | None:
    """What would take tiles without end."""
    longest = LONGEST[geometry.spatial_rank]
    if max(geometry.receptive_field) > longest:
        text = f"receptive field {geometry.receptive_field} is longer than {longest} on an axis"
        return Refusal("RECEPTIVE_FIELD", text)
    for axis, field in enumerate(geometry.receptive_field):
        extent, span = geometry.input_extents[axis], geometry.padded_extents[axis] - field + 1
        if span > 2 * (extent + field):
            text = f"{span} dense positions on spatial axis {axis}, most of which meet padding only"
            return Refusal("PADDING", text)
    return None
