"""Doors to other libraries, one each; none is imported unless it is asked for.

astropy       its direct convolution, with missing data
dask          chunked, out of core and distributed arrays
dask_image    its filters, on ours for the blocks
keras         Keras 3 on its NumPy backend, without JAX
onnx          ONNX models: operators for the reference evaluator, and an evaluator

An adapter computes nothing itself: it translates.
"""
