from typing import Any

import numpy as np
import numpy.typing as npt

_Flat = np.ndarray[tuple[int], np.dtype[Any]]
_Table = npt.NDArray[np.int64]

def forward(input: _Flat, weight: _Flat, output: _Flat, channels: _Table, axes: _Table) -> None: ...
def grad_input(
    grad_output: _Flat, weight: _Flat, grad_input: _Flat, channels: _Table, axes: _Table
) -> None: ...
def grad_weight(
    grad_output: _Flat, input: _Flat, grad_weight: _Flat, channels: _Table, axes: _Table
) -> None: ...
