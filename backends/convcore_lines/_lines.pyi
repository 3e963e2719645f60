from typing import Any

import numpy as np

_Array = np.ndarray[Any, np.dtype[Any]]

def forward(input: _Array, weight: _Array, output: _Array) -> None: ...
