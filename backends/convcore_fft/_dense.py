"""An operation as dense problems, before it is cut into pieces."""

from __future__ import annotations

from typing import Any

import numpy as np

from convcore.plugin import Geometry, derived

from ._lattice import Axis


class Dense:
    """One operation on one geometry, with its axes split into dense problems.

    Attributes
    ----------
    axes : tuple of Axis
        The spatial axes.
    batch, groups, group_out_channels, group_in_channels : int
        Counts of samples, of groups, and of each group's channels.
    channels : (int, int, int)
        Groups, and output and input channels per group.
    dtype : numpy.dtype
        Dtype of the operands.
    limit : int
        Bytes that the workspace should stay under, where one tile of one pair of channels can.
    phases : int
        Number of stride phases, over all axes.
    transformed : list of int
        Axes that are transformed.
    is_complex : bool
        Whether the data are complex.
    itemsize, spectrum_itemsize : int
        Bytes of an element of the operands, and of their spectra.
    """

    def __init__(
        self, geometry: Geometry, dtype: np.dtype[Any], limit: int, *, adjoint: bool
    ) -> None:
        ranks = range(geometry.spatial_rank)
        self.axes = axes = tuple([Axis(geometry, i, adjoint=adjoint) for i in ranks])
        self.batch, self.groups = geometry.batch, geometry.groups
        self.group_out_channels = geometry.out_channels // geometry.groups
        self.group_in_channels = geometry.in_channels // geometry.groups
        self.dtype, self.limit = dtype, limit
        self.phases, self.transformed = 1, []
        for i, axis in enumerate(axes):
            self.phases *= axis.phases
            if axis.taps > 1:
                self.transformed.append(i)
        self.is_complex, self.itemsize = dtype.kind == "c", dtype.itemsize
        widened = self.transformed and not self.is_complex
        self.spectrum_itemsize = 2 * self.itemsize if widened else self.itemsize
        self.channels = self.groups, self.group_out_channels, self.group_in_channels

    @derived
    def flat(self) -> list[int]:
        """Axes that are not transformed: those with a single tap, whose positions are a batch."""
        return [i for i, axis in enumerate(self.axes) if axis.taps == 1]

    @derived
    def spectrum_dtype(self) -> np.dtype[Any]:
        """Dtype of the spectra; without any transform that of the data."""
        return np.result_type(self.dtype, np.complex64) if self.transformed else self.dtype
