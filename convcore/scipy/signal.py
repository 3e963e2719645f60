"""The convolutions and FIR filters of scipy.signal, on convcore's backends.

Each function is SciPy's, as in `ndimage`; all other names of scipy.signal can be had here as well.

What differs from scipy.signal
------------------------------
* Sums are added in another order. Direct methods (convolve2d, correlate2d, method="direct") keep
  each sum by itself; fftconvolve, oaconvolve and method="fft" take what is expected to be fastest,
  which may be no FFT at all.
* NaN and infinities stay where they enter a sum, also in fftconvolve and oaconvolve, and there is
  no warning about them.
* Sums of mixed dtypes are formed in the dtype that NumPy promotes both to.
"""

from __future__ import annotations

from typing import Any

from ._products import one_block
from ._seams import on_ours, public

_upfirdn = on_ours("scipy.signal._upfirdn")
_tools = on_ours("scipy.signal._signaltools")

upfirdn = public(_upfirdn, "upfirdn", __name__)
vars(_tools).update(upfirdn=upfirdn, _calc_oa_lens=one_block)

choose_conv_method = public(_tools, "choose_conv_method", __name__)
convolve = public(_tools, "convolve", __name__)
convolve2d = public(_tools, "convolve2d", __name__)
correlate = public(_tools, "correlate", __name__)
correlate2d = public(_tools, "correlate2d", __name__)
decimate = public(_tools, "decimate", __name__)
fftconvolve = public(_tools, "fftconvolve", __name__)
lfilter = public(_tools, "lfilter", __name__)
oaconvolve = public(_tools, "oaconvolve", __name__)
resample_poly = public(_tools, "resample_poly", __name__)

__all__ = [
    "choose_conv_method",
    "convolve",
    "convolve2d",
    "correlate",
    "correlate2d",
    "decimate",
    "fftconvolve",
    "lfilter",
    "oaconvolve",
    "resample_poly",
    "upfirdn",
]


def __getattr__(name: str) -> Any:
    import scipy.signal

    return getattr(scipy.signal, name)
