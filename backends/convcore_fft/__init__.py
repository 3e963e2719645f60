"""Convolution by fast Fourier transform: overlap-save on scipy.fft, for all three operations.

Good where the kernel is large. Every problem is split into dense ones (`_lattice` derives how),
those are cut into tiles (`_tiles`), whose sizes a cost model chooses (`_plan`, `_memory`, `_cost`,
`_choice`) so that a short kernel on a long signal neither needs much memory nor wastes transforms.
Tiles are gathered from strided views (`_sides`), transformed and multiplied channel by channel
(`_spectra`), and the results are put back (`_engine`); in large problems several tiles at once
(`_lanes`).

Dilation costs nothing extra: the taps of a dilated kernel meet one sub-grid of the input at a
time, and each sub-grid is a dense problem. So does stride: its phases become input channels of a
shorter kernel, whose outputs are all wanted. Real data use real transforms; float32 is
transformed in float32, float64 in float64.

Only what can differ from zero is computed; padding is never materialised.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convcore.plugin import FLOAT_NAMES, Array, Convolution, Declaration, Geometry, Operation

from ._choice import plan_for
from ._cost import on_threads
from ._engine import accumulate, correlate
from ._memory import WORKSPACE
from ._plan import Plan
from ._sides import Side

__all__ = ["FFTConvolution"]


class FFTConvolution(Convolution):
    """Overlap-save on `scipy.fft`, with channels contracted frequency by frequency.

    The workspace stays under 64 MiB, or under `max_workspace`, wherever one tile of one pair of
    channels can be that small; a tile is longer than the kernel on every axis. Longer sums of
    channels than the workspace takes at once are continued in the output. As many chunks of tiles
    are worked on at once as there are threads, where they fit and the problem is large.

    Notes
    -----
    Accuracy: |error| <= 16 eps ||a|| ||b||, with the Euclidean norms of what the sample and the
    channel of a result can meet. A transform of n points adds a relative error, in the Euclidean
    norm, that grows as log2(n) eps in the worst case [1]_ and as its root for typical data, and by
    the Cauchy-Schwarz inequality the sum of |X| |W| over channels and frequencies is at most
    n ||a|| ||b||. Tiles in the default workspace have log2(n) <= 23, of which 16 is about 0.7 for
    each. Sums of more than 64 terms, over channels and samples, are split in halves or compensated,
    so that they add next to nothing. The largest error seen, over data that are normal, far from
    zero mean, constant, badly scaled, alternating or a single spike, is 3.7 eps ||a|| ||b||, for
    200,000 taps in one tile. Elements much smaller than that lose digits to their neighbours.

    References
    ----------
    .. [1] N. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., theorem 24.2.
    """

    name = "fft"
    declaration = Declaration(
        dtypes=FLOAT_NAMES,
        numerics="normwise",
        bound=16.0,
        deterministic="fixed_threads",
        nonfinite="spreads",
        description="scipy.fft in tiles; for large kernels",
    )

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float | None:
        """Seconds by the cost model that also chooses the tiles."""
        if geometry.degenerate:
            return 0.0
        return on_threads(plan_for(geometry, np.dtype(dtype), operation, WORKSPACE), threads)

    def workspace_bytes(self, operation: Operation) -> int:
        """Upper bound of the scratch memory that one call of `operation` allocates, in bytes."""
        if self.geometry.degenerate:
            return 0
        plan = self._plan(operation)
        return plan.workspace(plan.team(self.threads).lanes)

    def _plan(self, operation: Operation) -> Plan:
        limit = WORKSPACE if self.max_workspace is None else self.max_workspace
        return plan_for(self.geometry, self.dtype, operation, limit)

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        plan = self._plan("forward")
        source, target = Side.input(plan, input), Side.output(plan, output)
        correlate(plan, source, weight, target, flip=False, team=plan.team(self.threads))

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        plan = self._plan("grad_input")
        source, target = Side.output(plan, grad_output), Side.input(plan, grad_input)
        correlate(plan, source, weight, target, flip=True, team=plan.team(self.threads))

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        plan = self._plan("grad_weight")
        sides = Side.output(plan, grad_output), Side.input(plan, input)
        accumulate(plan, *sides, grad_weight, team=plan.team(self.threads))
