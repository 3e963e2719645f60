"""The backend `winograd`: fewer multiplications for dense kernels of 3, 5 and 7 taps."""

from __future__ import annotations

from math import prod
from typing import Any

from convcore.plugin import Declaration, Geometry, Operation, Refusal

from ._native import NativeConvolution

KERNEL_EXTENTS = (1, 3, 5, 7)


class WinogradConvolution(NativeConvolution):
    """Minimal filtering, F(4, 3) and its kin, nested over up to three axes.

    A tile of m results of r taps takes m + r - 1 multiplications instead of m r on each axis:
    4 times fewer for 3x3. Tiles of 5 or 2 are used where they fit the output better, those of 5 for
    kernels of 3 taps, and those of 2 also where others would not be accurate enough.

    Notes
    -----
    Accuracy: |error| <= 32 eps ||a|| ||b||, with the Euclidean norms of what the sample and the
    channel of a result can meet; on standard normal data under 1e-5 max |y|, and for 3x3 under
    5e-6. The transforms mix the values of a tile and cancel afterwards, so that an error is one of
    the largest values around a result rather than of its own terms.

    References
    ----------
    .. [1] A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
    .. [2] B. Barabasz et al., "Error analysis and improving the accuracy of Winograd convolution
       for deep neural networks", ACM TOMS 46 (2020).
    """

    name = _algorithm = "winograd"
    declaration = Declaration(
        dtypes=("float32",),
        ranks=range(1, 4),
        numerics="normwise",
        bound=32.0,
        typical_error=80.0,
        deterministic="any_threads",
        nonfinite="spreads",
        capabilities=("batch_invariant",),
        description="SIMD minimal filtering, F(2,3) to F(4,7); for kernels of 3, 5 and 7 taps",
    )

    @classmethod
    def refusal(
        cls, geometry: Geometry, dtype: Any, operation: Operation | None = None
    ) -> Refusal | None:
        """Why this backend cannot run the problem, or None if it can."""
        return super().refusal(geometry, dtype, operation) or _unfit(geometry)


def _unfit(geometry: Geometry) -> Refusal | None:
    """What minimal filtering cannot do, or gains nothing from."""
    if set(geometry.stride) != {1}:
        return Refusal("STRIDE", f"stride {geometry.stride} is not 1")
    if geometry.groups != 1:
        return Refusal("GROUPS", f"{geometry.groups} groups are more than one")
    kernel = geometry.kernel_extents
    if not set(kernel) <= set(KERNEL_EXTENTS):
        return Refusal("KERNEL", f"kernel extents {kernel} are not all 1, 3, 5 or 7")
    if kernel.count(5) == 3 or (7 in kernel and prod(kernel) > 7):
        return Refusal("KERNEL", f"kernel extents {kernel} would lose too many digits")
    if set(kernel) == {1}:
        return Refusal("KERNEL", "a kernel of one tap leaves nothing to save")
    return None
