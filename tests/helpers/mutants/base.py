"""A correct backend of one screen, for the mutants to break: one product per tap, by einsum."""

from math import prod

import numpy as np

from convcore.plugin import FLOAT_NAMES, INTEGER_NAMES, Convolution, Declaration


class TapConvolution(Convolution):
    """For every tap, the part of the input that it reads times its weights."""

    name = "taps"
    declaration = Declaration(
        dtypes=FLOAT_NAMES + INTEGER_NAMES, deterministic="any_threads", description="tap by tap"
    )

    def workspace_bytes(self, operation):
        p = self.geometry
        output, input, weight = map(prod, (p.output_shape, p.input_shape, p.weight_shape))
        elements = {"forward": output, "grad_input": input, "grad_weight": output + input + weight}
        return self.dtype.itemsize * elements[operation]

    def _forward(self, input, weight, output):
        output[...] = 0
        x, w, y = self.grouped(input, weight, output)
        for tap, read, written in self.taps():
            self.add(y, written, "ngc...,gkc->ngk...", x[(..., *read)], w[(..., *tap)])

    def _grad_input(self, grad_output, weight, grad_input):
        grad_input[...] = 0
        x, w, y = self.grouped(grad_input, weight, grad_output)
        for tap, read, written in self.taps():
            self.add(x, read, "ngk...,gkc->ngc...", y[(..., *written)], w[(..., *tap)])

    def _grad_weight(self, grad_output, input, grad_weight):
        grad_weight[...] = 0
        x, w, y = self.grouped(input, grad_weight, grad_output)
        for tap, read, written in self.taps():
            read, written = self.flat(x[(..., *read)]), self.flat(y[(..., *written)])
            self.add(w, tap, "ngks,ngcs->gkc", written, read)

    def add(self, target, where, axes, first, second):
        target[(..., *where)] += np.einsum(axes, first, second)

    def flat(self, array):
        return array.reshape(*array.shape[:3], -1)

    def grouped(self, input, weight, output):
        """The three arrays with an axis for the groups."""
        p = self.geometry
        inputs, outputs = p.in_channels // p.groups, p.out_channels // p.groups
        return (
            input.reshape(p.batch, p.groups, inputs, *p.input_extents),
            weight.reshape(p.groups, outputs, inputs, *p.kernel_extents),
            output.reshape(p.batch, p.groups, outputs, *p.output_extents),
        )

    def taps(self):
        """Each tap with the slices of the input that it reads and of the output it adds to."""
        for tap in np.ndindex(*self.geometry.kernel_extents):
            axes = [self.span(axis, r) for axis, r in enumerate(tap)]
            if all(axes):
                yield tap, tuple(axis[0] for axis in axes), tuple(axis[1] for axis in axes)

    def span(self, axis, r):
        """Where tap `r` of one axis reads inside the input, and what it contributes to."""
        p = self.geometry
        step, offset = p.stride[axis], r * p.dilation[axis] - p.padding[axis][0]
        first = max(0, -(offset // step))
        last = min(p.output_extents[axis], (p.input_extents[axis] - 1 - offset) // step + 1)
        if first >= last:
            return None
        start = first * step + offset
        return slice(start, start + (last - first - 1) * step + 1, step), slice(first, last)


class Wrapped(TapConvolution):
    """The base with one place, `around`, that all three operations pass through."""

    def _forward(self, input, weight, output):
        self.around(super()._forward, input, weight, output)

    def _grad_input(self, grad_output, weight, grad_input):
        self.around(super()._grad_input, grad_output, weight, grad_input)

    def _grad_weight(self, grad_output, input, grad_weight):
        self.around(super()._grad_weight, grad_output, input, grad_weight)

    def around(self, compute, first, second, result):
        compute(first, second, result)


# Each mutant with the name of the check that must catch it.
MUTANTS = []


def caught_by(check):
    """Enter a mutant."""

    def enter(mutant):
        MUTANTS.append((mutant, check))
        return mutant

    return enter
