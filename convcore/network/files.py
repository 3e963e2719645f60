"""Parameters in .npz files: plain arrays under their names, never pickled objects."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from os import PathLike

import numpy as np

from ..errors import ConvcoreError
from .base import Array

# What damage makes of an archive: an offset, a flag, a method or a stream that cannot be.
_DAMAGE = (ValueError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error)


class ParameterError(ConvcoreError, ValueError):
    """Parameters, in a file or in memory, that do not fit a network."""


def write(path: str | PathLike[str], parameters: Mapping[str, Array]) -> None:
    """Write `parameters`, none of which holds objects, to exactly this path."""
    objects = [name for name, array in parameters.items() if array.dtype.hasobject]
    if objects:  # np.savez would pickle them; before NumPy 2.2 there is no way to forbid it
        raise ParameterError(f"parameters: must be plain arrays; got objects in {objects[0]}")
    # Given a path, np.savez would append ".npz" to one that ends otherwise.
    with open(path, "wb") as file:
        np.savez(file, **parameters)  # type: ignore[arg-type]


def read(path: str | PathLike[str]) -> dict[str, Array]:
    """Read all arrays of an .npz file.

    Raises
    ------
    ParameterError
        If the file is no .npz file, is damaged, or holds pickled objects.
    """
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ParameterError(f"path: must be an .npz file; got {str(path)!r}")
        file.seek(0)
        try:
            with np.load(file, allow_pickle=False) as archive:
                return {name: _plain(name, archive[name]) for name in archive.files}
        except _DAMAGE as error:
            raise ParameterError(
                f"path: must be an .npz file of plain arrays; got {str(path)!r}: {error}"
            ) from error


def _plain(name: str, array: object) -> Array:
    """Refuse a member of the archive that is no .npy file: NumPy returns its bytes."""
    if not isinstance(array, np.ndarray):
        raise ValueError(f"member {name!r} is no array")
    return array


def check_fit(parameters: Mapping[str, Array], values: Mapping[str, Array], source: str) -> None:
    """Refuse `values` unless they have the names, shapes and dtypes of `parameters`."""
    surplus = [f"an unknown {name}" for name in values if name not in parameters]
    missing = [f"no {name}" for name in parameters if name not in values]
    if surplus or missing:
        raise ParameterError(
            f"{source}: must hold exactly the parameters {', '.join(parameters)}; "
            f"got {', '.join(surplus + missing)}"
        )
    for name, array in parameters.items():
        expected, got = (array.shape, array.dtype), (values[name].shape, values[name].dtype)
        if expected != got:
            raise ParameterError(
                f"{source}: {name} must have shape {expected[0]} and dtype {expected[1]}; "
                f"got {got[0]} and {got[1]}"
            )
