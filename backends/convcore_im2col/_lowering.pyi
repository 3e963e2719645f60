from typing import Any

import numpy as np
import numpy.typing as npt

_Block = np.ndarray[tuple[int, int, int], np.dtype[Any]]
_Table = npt.NDArray[np.int64]

# Indexed by the name of a C type, each gives its specialisation, as in im2col["float"].
def im2col(input: _Block, columns: _Block, axes: _Table, begin: int, first_tap: int) -> None: ...
def col2im(input: _Block, columns: _Block, axes: _Table, begin: int, first_tap: int) -> None: ...
