"""Convolution by fast Fourier transform: overlap-save on scipy.fft, for all three operations.

Good where the kernel is large. Every problem is split into dense ones (`_lattice` derives how,
`_dense` holds them), those are cut into tiles (`_tiles`) and chunks (`_cut`), of sizes that a cost
model chooses (`_memory` < `_cost` < `_search` < `_choice`) so that a short kernel on a long signal
neither needs much memory nor wastes transforms. Tiles are gathered from strided views (`_stacks`),
transformed and multiplied channel by channel (`_spectra`), and the results are put back
(`_operations`); in large problems several chunks of tiles at once (`_threads`).

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

from ._choice import Choice, Team, choose, expected_seconds
from ._cut import Cut
from ._memory import DEFAULT_WORKSPACE, workspace
from ._operations import accumulate, correlate
from ._stacks import Side

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
        """Seconds by the cost model that also chooses the tiles, mostly without the search."""
        if geometry.degenerate:
            return 0.0
        return expected_seconds(geometry, np.dtype(dtype), operation, threads)

    def workspace_bytes(self, operation: Operation) -> int:
        """Upper bound of the workspace that one call of `operation` allocates, in bytes."""
        if self.geometry.degenerate:
            return 0
        choice = self._choice(operation)
        return workspace(choice.cut, choice.team(self.threads).at_once)

    def _choice(self, operation: Operation) -> Choice:
        limit = DEFAULT_WORKSPACE if self.max_workspace is None else self.max_workspace
        return choose(self.geometry, self.dtype, operation, limit)

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        cut, team = self._planned("forward")
        source, target = Side.input(cut, input), Side.output(cut, output)
        correlate(cut, source, weight, target, flip=False, team=team)

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        cut, team = self._planned("grad_input")
        source, target = Side.output(cut, grad_output), Side.input(cut, grad_input)
        correlate(cut, source, weight, target, flip=True, team=team)

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        cut, team = self._planned("grad_weight")
        accumulate(
            cut, Side.output(cut, grad_output), Side.input(cut, input), grad_weight, team=team
        )

    def _planned(self, operation: Operation) -> tuple[Cut, Team]:
        choice = self._choice(operation)
        return choice.cut, choice.team(self.threads)
