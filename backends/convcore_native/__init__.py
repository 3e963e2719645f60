"""Native kernels: convolution at the limit of the processor, on plain C-contiguous arrays.

    _direct.py    the backend `direct`: every problem, by implicit matrix products
    _tilefft.py   the backend `tilefft`: large kernels, by transforms in tiles
    _winograd.py  the backend `winograd`: fewer multiplications for kernels of 3, 5 and 7 taps
    _native.py    what they share: when a plan is made, and what it may refuse
    _bridge.pyx   arrays to pointers, without the GIL
    native/       C++: drivers, and kernels that are compiled once for each instruction set
                  (native/README.md is the way in)

The instruction set is chosen when the module is loaded; CONVCORE_MAX_ISA=baseline, avx2, avx512vl
(256-bit vectors) or avx512 caps it.
"""

from convcore.plugin import BackendLoadError, ConvcoreError

try:
    from ._bridge import unknown_isa
except ImportError as error:
    raise BackendLoadError(
        "convcore_native: the compiled module convcore_native._bridge must be built; got "
        f"{error}; install gcc or clang and reinstall convcore"
    ) from error
if unknown_isa() is not None:
    raise ConvcoreError(
        f"CONVCORE_MAX_ISA: must be one of baseline, avx2, avx512vl, avx512; got {unknown_isa()!r}"
    )

from ._direct import DirectConvolution
from ._tilefft import TileFFTConvolution
from ._winograd import WinogradConvolution

__all__ = ["DirectConvolution", "TileFFTConvolution", "WinogradConvolution"]
