"""N-d convolution for NumPy arrays."""

__version__ = "0.1.0"
