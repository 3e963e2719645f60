"""Broken conduct: state, memory, threads, and promises that are not kept."""

import threading
from dataclasses import replace
from math import prod

import numpy as np

from convcore.contract.arrays import check_operand, result_array
from convcore.plugin import Refusal, UnsupportedError

from .base import TapConvolution, Wrapped, caught_by


class Reversible(TapConvolution):
    """Takes its taps backwards where `backwards` says so: same numbers, other bits."""

    def taps(self):
        taps = list(super().taps())
        return reversed(taps) if self.backwards() else iter(taps)

    def backwards(self):
        return False


@caught_by("operands_are_read_anew")
class PackedByAddress(TapConvolution):
    """Packs a weight once per address: one that was updated in place is taken for the old one."""

    def _forward(self, input, weight, output):
        packed = self.__dict__.setdefault("_packed", {})
        super()._forward(input, packed.setdefault(weight.ctypes.data, weight.copy()), output)


@caught_by("exact_integers")
class SharedTables(TapConvolution):
    """Keeps the tables of taps by class, and by all but how the padding is split."""

    _tables = {}  # noqa: RUF012 - the defect

    def taps(self):
        p = self.geometry
        key = p.input_extents, p.output_extents, p.kernel_extents, p.stride, p.dilation
        return self._tables.setdefault(key, list(super().taps()))


@caught_by("concurrent_calls")
class ClassScratch(Wrapped):
    """Computes in scratch memory that all plans for results of one shape share."""

    _scratch = {}  # noqa: RUF012 - the defect

    def around(self, compute, first, second, result):
        key = result.shape, result.dtype
        scratch = self._scratch.setdefault(key, np.empty_like(result))
        compute(first, second, scratch)
        result[...] = scratch


@caught_by("same_array_twice")
class LateRestore(Wrapped):
    """Negates the second operand in place while it computes, and restores it at the end."""

    def around(self, compute, first, second, result):
        if not second.flags.writeable or self.dtype.kind == "u":
            return compute(first, second, result)
        np.negative(second, out=second)
        compute(first, second, result)
        np.negative(second, out=second)
        return np.negative(result, out=result)


@caught_by("operands_unchanged")
class SpentGradient(TapConvolution):
    """A strided grad_weight of several samples leaves the last row of grad_output zeroed."""

    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        p = self.geometry
        if p.batch > 1 and max(p.stride) > 1 and grad_output.flags.writeable:
            grad_output[-1, -1, ..., -1] = 0


@caught_by("operand_layouts")
class NeedsWriteable(TapConvolution):
    """A grad_weight of strided problems cannot take a read-only input."""

    def _grad_weight(self, grad_output, input, grad_weight):
        if max(self.geometry.stride) > 1:
            input.flags.writeable = bool(input.flags.writeable) or _fail("read-only input")
        super()._grad_weight(grad_output, input, grad_weight)


def _fail(text):
    raise ValueError(text)


@caught_by("result_is_new")
class ReusedResult(TapConvolution):
    """Without `out`, grad_weight returns the same array at every call."""

    def grad_weight(self, grad_output, input, *, out=None):
        if out is None:
            shape = self.geometry.weight_shape
            out = self.__dict__.setdefault("_result", np.empty(shape, self.dtype))
        return super().grad_weight(grad_output, input, out=out)


@caught_by("bad_operands_refused")
class AnyShape(TapConvolution):
    """Takes an operand of another shape with as many elements."""

    def forward(self, input, weight, *, out=None):
        shape = self.geometry.weight_shape
        if type(weight) is np.ndarray and weight.size == prod(shape):
            weight = weight.reshape(shape)
        return super().forward(input, weight, out=out)


@caught_by("out_overwritten")
class OtherOut(TapConvolution):
    """Returns a view of `out`, not `out`, from grad_input."""

    def grad_input(self, grad_output, weight, *, out=None):
        return super().grad_input(grad_output, weight, out=out)[...]


@caught_by("bad_out_refused")
class WiderOut(TapConvolution):
    """A grad_weight takes an `out` of a wider dtype."""

    def grad_weight(self, grad_output, input, *, out=None):
        if not isinstance(out, np.ndarray) or not np.can_cast(self.dtype, out.dtype, "safe"):
            return super().grad_weight(grad_output, input, out=out)
        out[...] = super().grad_weight(grad_output, input)
        return out


@caught_by("operand_layouts")
class ByteOrder(TapConvolution):
    """Takes the bytes of contiguous arrays as they are, in whatever order."""

    def forward(self, input, weight, *, out=None):
        if type(weight) is np.ndarray and not weight.dtype.isnative:
            weight = weight.view(weight.dtype.newbyteorder("="))
        return super().forward(input, weight, out=out)


@caught_by("operand_layouts")
class MemoryOrder(TapConvolution):
    """A Fortran-ordered grad_output is read as if it were C-contiguous."""

    def grad_weight(self, grad_output, input, *, out=None):
        if type(grad_output) is np.ndarray and grad_output.flags.fnc:
            grad_output = grad_output.ravel(order="K").reshape(grad_output.shape)
        return super().grad_weight(grad_output, input, out=out)


@caught_by("subclass_is_respected")
class OwnKernel(TapConvolution):
    """The public grad_weight does not go through the `_grad_weight` of a subclass."""

    def grad_weight(self, grad_output, input, *, out=None):
        p = self.geometry
        check_operand("grad_output", grad_output, p.output_shape, self.dtype)
        check_operand("input", input, p.input_shape, self.dtype)
        if p.degenerate or not all(a.flags.carray for a in (grad_output, input)):
            return super().grad_weight(grad_output, input, out=out)
        grad_weight = result_array(out, p.weight_shape, self.dtype, grad_output, input)
        TapConvolution._grad_weight(self, grad_output, input, grad_weight)
        return grad_weight


@caught_by("empty_operands")
class EmptyBatch(TapConvolution):
    """With an empty batch grad_weight returns what `out` held."""

    def grad_weight(self, grad_output, input, *, out=None):
        held = None if out is None or self.geometry.batch else np.array(out)
        result = super().grad_weight(grad_output, input, out=out)
        if held is not None:
            result[...] = held
        return result


@caught_by("global_state")
class LeftErrstate(TapConvolution):
    """Leaves NumPy's warnings about overflow and invalid values off."""

    def forward(self, input, weight, *, out=None):
        np.seterr(over="ignore", invalid="ignore")
        return super().forward(input, weight, out=out)


@caught_by("thread_counts")
class ManyThreads(Reversible):
    """From three threads on the bits differ, though declared the same for any number."""

    def backwards(self):
        return self.threads > 2


@caught_by("repeatable")
class Misaligned(Reversible):
    """The bits depend on whether the first operand begins at a multiple of 64 bytes."""

    def _grad_input(self, grad_output, weight, grad_input):
        self.__dict__["_odd"] = grad_output.ctypes.data % 64 != 0
        super()._grad_input(grad_output, weight, grad_input)

    def backwards(self):
        return self.__dict__.get("_odd", False)


@caught_by("repeatable")
class Tuned(Reversible):
    """Takes another order of summation from the third call of a plan on, as if it had tuned."""

    def backwards(self):
        calls = self.__dict__["_calls"] = self.__dict__.get("_calls", 0) + 1
        return calls > 2


@caught_by("concurrent_calls")
class ThreadBound(TapConvolution):
    """Works in the thread that made the plan only."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._local = threading.local()
        self._local.ready = True

    def _grad_weight(self, grad_output, input, grad_weight):
        if not getattr(self._local, "ready", False):
            raise RuntimeError("the plan belongs to another thread")
        super()._grad_weight(grad_output, input, grad_weight)


@caught_by("plan_copies")
class LostWorkspace(TapConvolution):
    """An unpickled plan has forgotten `max_workspace`."""

    def __reduce__(self):
        rebuild, arguments = super().__reduce__()
        return rebuild, (*arguments[:-1], None)


@caught_by("nothing_is_kept")
class KeptOperands(TapConvolution):
    """Keeps the last operands of a plan alive."""

    def _grad_weight(self, grad_output, input, grad_weight):
        self.__dict__["_last"] = grad_output, input
        super()._grad_weight(grad_output, input, grad_weight)


@caught_by("workspace_stated")
class SinglePrecisionWorkspace(TapConvolution):
    """Reports workspace as if every element had four bytes."""

    def workspace_bytes(self, operation):
        return super().workspace_bytes(operation) * 4 // max(4, self.dtype.itemsize)


@caught_by("empty_operands")
class RaisingRefusal(TapConvolution):
    """Raises from `refusal` where a problem is empty."""

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        if prod(geometry.input_shape) / (geometry.flop or 0) > 1e12:
            return Refusal("SPARSE", "more input than work")
        return super().refusal(geometry, dtype, operation)


@caught_by("exact_integers")
class LateRefusal(TapConvolution):
    """Accepts grouped, dilated problems and refuses them only when called."""

    def _forward(self, input, weight, output):
        p = self.geometry
        if p.groups > 1 and max(p.dilation) > 1:
            raise UnsupportedError("groups: must be 1 where the kernel is dilated")
        super()._forward(input, weight, output)


@caught_by("exact_integers")
class RankPromise(TapConvolution):
    """Declares ranks up to 16 and fails from rank 7 on."""

    def _forward(self, input, weight, output):
        if input.ndim > 8:
            raise RuntimeError(f"too many axes: {input.ndim}")
        super()._forward(input, weight, output)


@caught_by("undeclared_is_refused")
class UndeclaredDtypes(TapConvolution):
    """Declares float32 only and runs every other dtype too."""

    declaration = replace(TapConvolution.declaration, dtypes=("float32",))

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        return None


@caught_by("undeclared_is_refused")
class UndeclaredRanks(TapConvolution):
    """Declares ranks 1 to 3 and refuses only ranks above 4."""

    declaration = replace(TapConvolution.declaration, ranks=range(1, 4))

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        return Refusal("RANK", "too many axes") if geometry.spatial_rank > 4 else None


@caught_by("refusal")
class RefusedGradient(TapConvolution):
    """Refuses the strided gradient of the input by name, with a code that is no code."""

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        if operation == "grad_input" and max(geometry.stride) > 2:
            return Refusal("stride", "strides above 2 have no gradient")
        return super().refusal(geometry, dtype, operation)


@caught_by("refusal")
class ShyBackend(TapConvolution):
    """Refuses what it declares: every problem with padding, once it is padded unevenly."""

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        if any(before != after for before, after in geometry.padding):
            return Refusal("PADDING", "")
        return super().refusal(geometry, dtype, operation)
