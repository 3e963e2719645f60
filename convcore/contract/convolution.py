"""The interface: one convolution problem bound to one backend.

With g = k // (K / G), i(o, r) = o stride + r dilation - before, and positions outside the input
counting as zero, the three operations are

    forward      y[n,k,o]  = sum over c, r of  w[k,c,r] x[n, g C/G + c, i(o,r)]
    grad_input   dx[n,c,s] = sum over k, r, o with i(o,r) = s of  w[k, c mod C/G, r] dy[n,k,o]
    grad_weight  dw[k,c,r] = sum over n, o of  dy[n,k,o] x[n, g C/G + c, i(o,r)]

They are plain bilinear maps: nothing is conjugated, and nothing is flipped in `forward`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..problem import OPERANDS, Geometry, Operation
from .arrays import Array, all_finite, as_plain, check_operand, result_array
from .base import Planned
from .copies import Copies
from .declaration import Refusal, dtype_name
from .prepared_weight import PreparedWeight, Weight, WeightOperation


class Convolution(Planned, Copies, ABC):
    """One convolution problem bound to one backend: immutable, reusable, thread-safe.

    A backend author writes `_forward`, `_grad_input` and `_grad_weight`; they receive arrays
    that are checked, C-contiguous, aligned, native, of one dtype, never empty and never
    overlapping, and overwrite their last argument. Where they know whether all of that is finite
    they may return True or False: the host, which asks it of algorithms that let NaN spread, then
    does not look itself.

    Parameters
    ----------
    geometry : Geometry
        The problem.
    dtype : str or numpy.dtype
        Dtype of the operands and of the result.
    threads : int, optional
        Threads to use; all processors that the process may run on by default.
    max_workspace : int, optional
        Bytes of workspace to stay under; the backend's own limit by default.
    variants : mapping of operation to str, optional
        Which of its `variants` the backend is to run; only for those that declare to have some.
    batch_invariant : bool, optional
        Whether a sample must have the same bits alone, in any batch and at any place in it; only
        for backends that declare that they can see to it.

    Raises
    ------
    UnsupportedError
        If the backend refuses the problem.
    """

    def __init__(
        self,
        geometry: Geometry,
        dtype: Any,
        *,
        threads: int | None = None,
        max_workspace: int | None = None,
        variants: Mapping[Operation, str] | None = None,
        batch_invariant: bool = False,
    ) -> None:
        super().__init__(geometry, dtype, threads, max_workspace, variants, batch_invariant)
        refusal = self.refusal(geometry, self._dtype)
        if refusal is not None:
            raise UnsupportedError(f"backend '{self.name}' cannot run this problem: {refusal.text}")

    @classmethod
    def refusal(
        cls, geometry: Geometry, dtype: Any, operation: Operation | None = None
    ) -> Refusal | None:
        """Why this backend cannot run the problem, or None if it can; never raises.

        The default holds the problem against the declaration. An author extends it by returning
        a `Refusal` of their own after `super().refusal(...)` returned None.
        """
        declaration = cls.declaration
        if dtype_name(dtype) not in declaration.dtypes:
            return Refusal("DTYPE", f"dtype {dtype} is not one of {', '.join(declaration.dtypes)}")
        if geometry.spatial_rank not in declaration.ranks:
            ranks = f"{declaration.ranks.start} to {declaration.ranks.stop - 1}"
            return Refusal("RANK", f"spatial rank {geometry.spatial_rank} is not in {ranks}")
        return None

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float | None:
        """Expected seconds of one call; None (unknown) ranks after every known estimate."""
        return None

    @classmethod
    def variants(
        cls,
        geometry: Geometry,
        dtype: Any,
        operation: Operation,
        *,
        threads: int,
        max_workspace: int | None = None,
    ) -> tuple[str, ...]:
        """Names of the ways in which this backend can run `operation`, its own choice first.

        A backend that has several declares the capability "variants", and its constructor takes
        the names in `variants`; measured planning tries them.
        """
        return ("default",)

    @classmethod
    def run_channels_last(
        cls,
        geometry: Geometry,
        operation: Operation,
        first: Array,
        second: Array,
        out: Array,
        *,
        threads: int = 1,
    ) -> bool:
        """Run `operation` on images whose channels stand last in memory, if there is a way to.

        The host asks before it transposes them; what is not done is left as it is.

        Parameters
        ----------
        geometry : Geometry
            The problem.
        operation : {"forward", "grad_input", "grad_weight"}
            What to compute.
        first, second, out : ndarray
            Operands, read only, and the result, which is overwritten. The axes of images stand in
            memory as N, space, channels; a weight has any strides.
        threads : int
            How many may be used.

        Returns
        -------
        bool
            Whether it was done: here never. The bounds that are declared hold then too.
        """
        return False

    def workspace_bytes(self, operation: Operation) -> int:
        """Largest workspace that one call of `operation` allocates, in bytes."""
        return 0

    def describe(self, operation: Operation) -> str:
        """How `operation` is carried out, for `explain`: the kernel, the sizes of blocks."""
        return ""

    def forward(self, input: Array, weight: Weight, *, out: Array | None = None) -> Array:
        """Convolution of `input` with `weight`.

        Parameters
        ----------
        input : ndarray of shape (N, C, *S)
            Read only.
        weight : ndarray of shape (K, C / groups, *R), or what `prepare` made of it
            Read only.
        out : ndarray of shape (N, K, *O), optional
            Overwritten with the result; C-contiguous, and no overlap with an operand.

        Returns
        -------
        ndarray of shape (N, K, *O)
            `out` if given.

        Raises
        ------
        ShapeError, DtypeError
            If an array does not fit `geometry` and `dtype`.
        """
        return self._execute("forward", input, weight, out)

    def grad_input(self, grad_output: Array, weight: Weight, *, out: Array | None = None) -> Array:
        """Gradient of a scalar with respect to the input, given that for the output.

        Parameters
        ----------
        grad_output : ndarray of shape (N, K, *O)
            Read only.
        weight : ndarray of shape (K, C / groups, *R), or what `prepare` made of it
            The weight of `forward`; read only and not conjugated.
        out : ndarray of shape (N, C, *S), optional
            As in `forward`.

        Returns
        -------
        ndarray of shape (N, C, *S)
            `out` if given.
        """
        return self._execute("grad_input", grad_output, weight, out)

    def grad_weight(self, grad_output: Array, input: Array, *, out: Array | None = None) -> Array:
        """Gradient of a scalar with respect to the weight, given that for the output.

        Parameters
        ----------
        grad_output : ndarray of shape (N, K, *O)
            Read only.
        input : ndarray of shape (N, C, *S)
            The input of `forward`; read only and not conjugated.
        out : ndarray of shape (K, C / groups, *R), optional
            As in `forward`.

        Returns
        -------
        ndarray of shape (K, C / groups, *R)
            `out` if given.
        """
        return self._execute("grad_weight", grad_output, input, out)

    def prepare(self, weight: Array, *, operation: WeightOperation | None = None) -> PreparedWeight:
        """Prepare a weight once for many calls of `forward` and `grad_input` of this very plan.

        Parameters
        ----------
        weight : ndarray of shape (K, C / groups, *R)
            Copied; what happens to it later changes nothing.
        operation : {"forward", "grad_input"}, optional
            The one that it is for, where a backend would prepare twice for both.

        Returns
        -------
        PreparedWeight
            What those methods take in place of the array, for the same result. Its memory counts
            as no workspace.
        """
        return PreparedWeight.of(self, weight, operation)

    def _prepare(self, weight: Array, operation: WeightOperation) -> Any:
        """What `operation` gets in place of a weight that is used often; the weight by default.

        An author may return anything, for instance transformed weights, and has it back as the
        weight of `_forward` or `_grad_input`. `weight` is read-only, and stays as it is.
        """
        return weight

    def _execute(self, operation: Operation, first: Any, second: Any, out: Any) -> Array:
        """`operation` of two operands that nobody has looked at yet."""
        geometry, dtype = self._geometry, self._dtype
        first_name, second_name = OPERANDS[operation]
        first_shape, second_shape, result_shape = geometry.signatures[operation]
        check_operand(first_name, first, first_shape, dtype)
        if type(second) is PreparedWeight and second_name == "weight":
            operand, second = second.payload(self, operation), second.weight
            result = result_array(out, result_shape, dtype, first)
        else:
            check_operand(second_name, second, second_shape, dtype)
            result = result_array(out, result_shape, dtype, first, second)
            operand = second
        if geometry.degenerate:
            result.fill(0)
        elif not self._compute(operation, first, operand, result) and self._repair is not None:
            self._repair(self, operation, first, second, result)
        return result

    def _compute(self, operation: Operation, first: Array, second: Any, result: Array) -> bool:
        """Have the author's method overwrite `result`; whether that is as it should be."""
        second = as_plain(second) if isinstance(second, np.ndarray) else second
        result = result if type(result) is np.ndarray else as_plain(result)
        with np.errstate(all="ignore"):  # whatever the caller has set: kernels have no such state
            seen = getattr(self, f"_{operation}")(as_plain(first), second, result)
        if seen is True or seen is False:  # a backend that has looked itself
            return seen
        return self._repair is None or all_finite(result)

    @abstractmethod
    def _forward(self, input: Array, weight: Array, output: Array) -> bool | None: ...

    @abstractmethod
    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> bool | None: ...

    @abstractmethod
    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> bool | None: ...
