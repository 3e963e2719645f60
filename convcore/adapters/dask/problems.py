"""A convolution with all that its results depend on beside the arrays, once it is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import settings
from ...contract import is_half
from ...functional import check_value, parse_modes
from ...planning import requested_backend
from ...problem import Geometry

# Where a number of threads comes from that somebody chose for convcore.
_CHOSEN = ("options", "set_default_options", "CONVCORE_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A convolution with everything that its results depend on beside the arrays.

    Parameters
    ----------
    geometry : Geometry
        Of the whole arrays.
    modes : tuple of str
        The padding mode of each spatial axis.
    value, flip
        As in `convcore.conv`.
    dtype : numpy.dtype
        Of the result.
    in_force : dict
        The backend that is asked for, and every option.
    """

    geometry: Geometry
    modes: tuple[str, ...]
    value: Any
    flip: bool
    dtype: np.dtype[Any]
    in_force: dict[str, Any]

    @classmethod
    def of(
        cls,
        geometry: Geometry,
        dtype: np.dtype[Any],
        padding_mode: Any = "zeros",
        padding_value: Any = 0,
        flip: bool = False,
        backend: settings.BackendSpec = None,
    ) -> Problem:
        """The problem under the options that are in force here and now."""
        modes = parse_modes(padding_mode, geometry.spatial_rank)
        check_value(padding_value, modes, dtype)
        in_force = options_in_force(backend)
        if is_half(dtype):
            in_force["accuracy"] = "strict"  # as where the host widens it
        return cls(
            geometry=geometry,
            modes=modes,
            value=padding_value,
            flip=flip,
            dtype=dtype,
            in_force=in_force,
        )

    def recipe_options(self, modes: Sequence[str]) -> dict[str, Any]:
        """What every recipe takes from the problem; `modes` is what windows leave to be padded."""
        return {
            "kernel_extents": self.geometry.kernel_extents,
            "stride": self.geometry.stride,
            "dilation": self.geometry.dilation,
            "modes": tuple(modes),
            "value": self.value,
            "flip": self.flip,
            "summed": np.dtype("float32") if is_half(self.dtype) else self.dtype,
            "dtype": self.dtype,
            "in_force": self.in_force,
        }

    @property
    def empty(self) -> bool:
        """Whether nothing is summed, so that results are zero, or there is none."""
        shapes = self.geometry.output_shape, self.geometry.weight_shape[:2]
        return 0 in (*shapes[0], *shapes[1])


def options_in_force(backend: settings.BackendSpec) -> dict[str, Any]:
    """The backend and the options that travel with the tasks.

    Tasks run side by side: each takes one thread, unless a number was asked for.
    """
    spec, _ = requested_backend(backend)
    found = {entry.option: entry for entry in settings.provenance()}
    carried: dict[str, Any] = settings.resolve()._asdict()
    if found["threads"].source not in _CHOSEN:
        carried["threads"] = 1
    return carried | {"backend": settings.AUTOMATIC if spec is None else spec}
