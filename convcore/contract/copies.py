"""Passes over arrays that the host makes for a backend, which may be quicker at them than NumPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .arrays import Array

# What a backend does with arrays whether it computes in their dtype or not.
COPIES = ("copy_transposed", "copy_converted", "copy_extended", "fold_extended", "add_bias")


def longest_run(positions: Array) -> tuple[slice, slice]:
    """The longest run of positions that copy one after the other, and what they copy."""
    breaks = (np.diff(positions) != 1) | (positions[:-1] < 0)
    cuts = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(positions)]
    runs = [slice(*pair) for pair in pairwise(cuts) if pair[0] < pair[1]]
    runs = [run for run in runs if positions[run.start] >= 0]
    run = max(runs, key=lambda run: run.stop - run.start, default=slice(0, 0))
    first = int(positions[run.start]) if runs else 0
    return run, slice(first, first + run.stop - run.start)


def _others(run: slice, count: int) -> list[int]:
    """The columns outside of a run."""
    return [*range(run.start), *range(run.stop, count)]


class Copies:
    """What a backend overrides where it is quicker: orders, dtypes, complex numbers, the bias."""

    @classmethod
    def add_bias(cls, output: Array, bias: Array, *, threads: int = 1) -> None:
        """Add to each output channel its element of the bias, in place: one rounding of each sum.

        Parameters
        ----------
        output : ndarray of shape (N, K, *O)
            Of any strides.
        bias : ndarray of shape (K,)
            Read only; dtype of `output`.
        threads : int
            How many may be used.
        """
        with np.errstate(all="ignore"):
            output += bias.reshape(-1, *(1,) * (output.ndim - 2))

    @classmethod
    def copy_transposed(cls, array: Array, out: Array, *, threads: int = 1) -> None:
        """Overwrite matrices with others, transposed: what the host does where channels come last.

        Parameters
        ----------
        array : ndarray of shape (A, B, L)
            Read only; its last axis is contiguous, as that of the other is.
        out : ndarray of shape (A, L, B)
            Overwritten; dtype of `array`.
        threads : int
            How many may be used.
        """
        out[...] = array.transpose(0, 2, 1)

    @classmethod
    def copy_converted(cls, array: Array, out: Array, *, threads: int = 1) -> None:
        """Overwrite an array with the elements of one of another dtype, each rounded once.

        The host does so where operands or results are narrower than what is summed in.

        Parameters
        ----------
        array : ndarray of shape (A, B, L)
            Read only; its last axis is contiguous.
        out : ndarray of shape (A, B, L)
            Overwritten; its last axis is contiguous, or the one before.
        threads : int
            How many may be used.
        """
        with np.errstate(all="ignore"):  # what is too large becomes infinite
            out[...] = array

    @classmethod
    def copy_extended(
        cls,
        array: Array,
        out: Array,
        rows: Array,
        columns: Array,
        value: Array,
        *,
        threads: int = 1,
    ) -> None:
        """Overwrite matrices with rows and columns of others: a border other than zeros.

        Parameters
        ----------
        array : ndarray of shape (A, B, L)
            Read only; C-contiguous.
        out : ndarray of shape (A, R, M)
            Overwritten; C-contiguous, dtype of `array`.
        rows, columns : ndarray of int64 of shape (R,) and (M,)
            Which row of `array` a row copies, and which element of it a column; -1 for none.
        value : ndarray of shape ()
            What stands where nothing is copied; dtype of `array`.
        threads : int
            How many may be used.
        """
        run, own = longest_run(columns)
        inner = out[:, :, run]
        if array.size:
            inner[...] = array[:, rows, own]
        inner[:, rows < 0] = value
        for column in _others(run, len(columns)):
            source = int(columns[column])
            out[:, :, column] = inner[:, :, source - own.start] if source >= 0 else value

    @classmethod
    def fold_extended(
        cls, array: Array, out: Array, rows: Array, columns: Array, *, threads: int = 1
    ) -> None:
        """The adjoint of `copy_extended`: overwrite matrices with sums of what copies each element.

        Parameters
        ----------
        array : ndarray of shape (A, R, M)
            C-contiguous; may be overwritten.
        out : ndarray of shape (A, B, L)
            Overwritten; C-contiguous, dtype of `array`.
        rows, columns : ndarray of int64 of shape (R,) and (M,)
            As for `copy_extended`.
        threads : int
            How many may be used.
        """
        run, own = longest_run(columns)
        inner = array[:, :, run]
        out.fill(0)
        with np.errstate(all="ignore"):
            for column in _others(run, len(columns)):
                if (source := int(columns[column])) >= 0:
                    inner[:, :, source - own.start] += array[:, :, column]
            copying = np.flatnonzero(rows >= 0)
            targets, first = np.unique(rows[copying], return_index=True)
            out[:, targets, own] = inner[:, copying[first]]
            for row in np.delete(copying, first):
                out[:, rows[row], own] += inner[:, row]

    @classmethod
    def split_complex(
        cls, array: Array, real: Array, imaginary: Array, *, threads: int = 1
    ) -> None:
        """Write the parts of complex numbers to two arrays of real ones.

        The host does so to make complex products of the real ones of a backend.

        Parameters
        ----------
        array : ndarray of shape (A, B, L)
            Read only; its last axis is contiguous, as those of the others are.
        real, imaginary : ndarray of shape (A, B, L)
            Overwritten.
        threads : int
            How many may be used.
        """
        real[...], imaginary[...] = array.real, array.imag

    @classmethod
    def join_complex(cls, real: Array, imaginary: Array, out: Array, *, threads: int = 1) -> None:
        """The inverse of `split_complex`: overwrite `out` with complex numbers."""
        out.real, out.imag = real, imaginary
