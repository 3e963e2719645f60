"""Doors to other libraries, one each; none is imported unless it is asked for.

astropy       its direct convolution, with missing data
autograd      functions for HIPS autograd, differentiable to any order
dask          chunked, out of core and distributed arrays
dask_image    its filters, on ours for the blocks
keras         Keras 3 on its NumPy backend, without JAX
onnx          ONNX models: operators for the reference evaluator, and an evaluator
jax           primitives of JAX, and its own convolutions on ours
torch         operators of PyTorch, and its own convolutions on ours

An adapter computes nothing itself: it translates. `maps` is what those that differentiate share,
`contest` how they find out who is faster.
"""
