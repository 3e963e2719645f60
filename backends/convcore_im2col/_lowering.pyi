from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

_Block = np.ndarray[tuple[int, int, int], np.dtype[Any]]
_Table = npt.NDArray[np.int64]

class _Fused(Protocol):
    """A function over several element types; indexed by a C type, its specialisation for that."""

    def __call__(
        self, input: _Block, columns: _Block, axes: _Table, begin: int, first_tap: int
    ) -> None: ...
    def __getitem__(self, c_type: str, /) -> Callable[[Any, Any, _Table, int, int], None]: ...

im2col: _Fused
col2im: _Fused
