"""Parameters in .npz files: plain arrays under their names, never pickled objects."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from os import PathLike

import numpy as np

from ..errors import ConvcoreError
from .layer import Array


class ParameterError(ConvcoreError, ValueError):
    """Parameters, in a file or in memory, that do not fit a network."""


def write(path: str | PathLike[str], parameters: Mapping[str, Array]) -> None:
    """Write `parameters` to exactly this path."""
    # Given a path, np.savez would append ".npz" to one that ends otherwise.
    with open(path, "wb") as file:
        np.savez(file, allow_pickle=False, **parameters)


def read(path: str | PathLike[str]) -> dict[str, Array]:
    """Read all arrays of an .npz file.

    Raises
    ------
    ParameterError
        If the file is no .npz file, is damaged, or holds pickled objects.
    """
    if not zipfile.is_zipfile(path):
        with open(path, "rb"):  # a file that is missing or closed to us says so itself
            raise ParameterError(f"path: must be an .npz file; got {str(path)!r}")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: _plain(name, file[name]) for name in file.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
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
