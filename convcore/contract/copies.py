"""Passes over arrays that the host makes for a backend, which may be quicker at them than NumPy."""

from __future__ import annotations

import numpy as np

from .arrays import Array


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
