"""Mutants that copy for the host, and not what they are given."""

import numpy as np

from .base import TapConvolution, caught_by


@caught_by("signatures")
class TransposesInOneThread(TapConvolution):
    @classmethod
    def copy_transposed(cls, array, out):
        out[...] = array.transpose(0, 2, 1)


@caught_by("copy_transposed")
class TransposesWholeBlocks(TapConvolution):
    @classmethod
    def copy_transposed(cls, array, out, *, threads=1):
        whole = max(1, array.shape[2] // 64) * 64
        out[:, :whole] = array[:, :, :whole].transpose(0, 2, 1)


@caught_by("copy_transposed")
class TransposesInPlace(TapConvolution):
    @classmethod
    def copy_transposed(cls, array, out, *, threads=1):
        out[...] = array.transpose(0, 2, 1)
        out.base[0, 0, 0] = 0


@caught_by("copy_transposed")
class TransposesAsNumbers(TapConvolution):
    @classmethod
    def copy_transposed(cls, array, out, *, threads=1):
        out[...] = array.transpose(0, 2, 1) + 0  # -0 becomes +0


@caught_by("copy_converted")
class RoundsTowardsZero(TapConvolution):
    @classmethod
    def copy_converted(cls, array, out, *, threads=1):
        with np.errstate(all="ignore"):
            out[...] = array
            if out.dtype == np.float16:
                away = np.abs(out.astype(array.dtype)) > np.abs(array)
                out[away] = np.nextafter(out[away], np.float16(0))


@caught_by("copy_converted")
class ConvertsRowsOnly(TapConvolution):
    @classmethod
    def copy_converted(cls, array, out, *, threads=1):
        if out.strides[2] == out.itemsize:
            super().copy_converted(array, out)


@caught_by("copy_converted")
class ConvertsWhatEachThreadHas(TapConvolution):
    @classmethod
    def copy_converted(cls, array, out, *, threads=1):
        share = -(-array.shape[1] // threads)
        super().copy_converted(array[:, :share], out[:, :share])


@caught_by("complex_copies")
class SwapsParts(TapConvolution):
    @classmethod
    def split_complex(cls, array, real, imaginary, *, threads=1):
        imaginary[...], real[...] = array.real, array.imag


@caught_by("complex_copies")
class JoinsConjugates(TapConvolution):
    @classmethod
    def join_complex(cls, real, imaginary, out, *, threads=1):
        out.real, out.imag = real, -imaginary


@caught_by("border_copies")
class ForgetsTheConstant(TapConvolution):
    @classmethod
    def copy_extended(cls, array, out, rows, columns, value, *, threads=1):
        super().copy_extended(array, out, rows, columns, np.zeros_like(value))


@caught_by("border_copies")
class WrapsWhatIsNotCopied(TapConvolution):
    @classmethod
    def copy_extended(cls, array, out, rows, columns, value, *, threads=1):
        out[...] = array[:, rows][:, :, columns]


@caught_by("border_copies")
class FoldsTheLastCopyOnly(TapConvolution):
    @classmethod
    def fold_extended(cls, array, out, rows, columns, *, threads=1):
        out.fill(0)
        kept = array[:, rows >= 0][:, :, columns >= 0]
        out[np.ix_(range(len(out)), rows[rows >= 0], columns[columns >= 0])] = kept


@caught_by("border_copies")
class FoldsOntoWhatWasThere(TapConvolution):
    @classmethod
    def fold_extended(cls, array, out, rows, columns, *, threads=1):
        before = out.copy()
        super().fold_extended(array, out, rows, columns)
        out += before
