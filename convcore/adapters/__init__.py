"""Doors to other libraries, one each; none is imported unless it is asked for.

astropy    its direct convolution, with missing data

An adapter computes nothing itself: it translates.
"""
