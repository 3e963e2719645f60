"""Doors to other libraries, one each; none is imported unless it is asked for.

astropy       its direct convolution, with missing data
dask          chunked, out of core and distributed arrays
dask_image    its filters, on ours for the blocks

An adapter computes nothing itself: it translates.
"""
