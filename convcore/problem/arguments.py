"""What users write for stride, dilation, padding and shapes, turned into tuples of ints."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, Literal, TypeAlias, TypeGuard, cast

from ..errors import ConvcoreError, GeometryError
from ..text import did_you_mean

Pair: TypeAlias = tuple[int, int]
PerAxis: TypeAlias = int | Sequence[int]
PaddingName: TypeAlias = Literal["valid", "same", "same_lower", "full"]
Padding: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]] | PaddingName
PADDING_NAMES = ("valid", "same", "same_lower", "full")

# Leaves room for sums of a few such numbers in 64-bit arithmetic.
LARGEST = 2**60


def freeze(value: Any) -> Any:
    """`value` with every sequence and array a tuple and every integer an int: a key for a cache.

    Anything else comes back wrapped, equal to nothing but itself, for `parse_int` to refuse.
    """
    if type(value) is int or isinstance(value, str) or are_ints(value):
        return value
    if isinstance(value, list | tuple):
        return tuple(map(freeze, value))
    if isinstance(value, bool):
        return _Unfit(value)
    if hasattr(value, "tolist"):  # an array, or a number of NumPy's
        return freeze(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return tuple(map(freeze, value))
    try:
        return index(value)
    except TypeError:
        return _Unfit(value)


class _Unfit:
    """Wraps a value that is no integer, so that 1.0 or True never meets the key of a 1."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def are_ints(value: object) -> TypeGuard[tuple[int, ...]]:
    """Whether `value` is a tuple of plain ints already, as nearly always."""
    if type(value) is not tuple:
        return False
    for entry in value:
        if type(entry) is not int or not -LARGEST <= entry <= LARGEST:
            return False
    return True


def parse_ints(name: str, entries: tuple[Any, ...]) -> tuple[int, ...]:
    """`entries` as ints."""
    return entries if are_ints(entries) else tuple(parse_int(name, entry) for entry in entries)


def parse_int(name: str, value: object, error: type[ConvcoreError] = GeometryError) -> int:
    """`value` as an int that 64-bit arithmetic can take; bool and float are refused."""
    if type(value) is not int:
        try:
            if isinstance(value, bool):
                raise TypeError
            value = index(cast(Any, value))
        except TypeError:
            raise error(f"{name}: must be an integer; got {value!r}") from None
    if abs(value) > LARGEST:
        raise error(f"{name}: must not exceed 2**60; got {value}")
    return value


def parse_positive(name: str, value: object) -> int:
    """`value` as an int of at least 1."""
    number = parse_int(name, value)
    if number < 1:
        raise GeometryError(f"{name}: must be >= 1; got {number}")
    return number


def parse_count(name: str, value: object) -> int:
    """`value` as an int of at least 0."""
    number = parse_int(name, value)
    if number < 0:
        raise GeometryError(f"{name}: must be >= 0; got {number}")
    return number


def parse_extents(name: str, shape: object) -> tuple[int, ...]:
    """`shape` as a tuple of ints of at least 0."""
    if getattr(shape, "ndim", 1) != 1:
        raise GeometryError(
            f"{name}: shape must be a tuple of integers; got an array; write {name}.shape"
        )
    shape = freeze(shape)
    if not isinstance(shape, tuple):
        raise GeometryError(f"{name}: shape must be a tuple of integers; got {shape!r}")
    extents = parse_ints(f"{name} shape", shape)
    if extents and min(extents) < 0:
        raise GeometryError(f"{name}: every extent must be >= 0; got shape {extents}")
    return extents


def parse_per_axis(name: str, value: object, rank: int, meaning: str = "") -> tuple[int, ...]:
    """One positive int per spatial axis, from one int for all or a sequence."""
    value = freeze(value)
    if not isinstance(value, tuple):
        value = (value,) * rank
    entries = parse_ints(name, value)
    if len(entries) != rank:
        raise GeometryError(
            f"{name}: expected one integer for each of {rank} spatial axes; got {entries}"
        )
    if min(entries) < 1:
        raise GeometryError(f"{name}: every entry must be >= 1{meaning}; got {entries}")
    return entries


def parse_pairs(padding: object, rank: int) -> tuple[Pair, ...]:
    """One (before, after) pair per axis, from an int, one int per axis, or pairs."""
    padding = freeze(padding)
    if not isinstance(padding, tuple):
        entry = parse_int("padding", padding)
        return ((entry, entry),) * rank
    if any(isinstance(entry, tuple) for entry in padding):
        return _explicit_pairs(padding, rank)
    entries = parse_ints("padding", padding)
    if len(entries) == rank:
        return tuple((entry, entry) for entry in entries)
    hint = f"; write (before, after) as {(entries,)}" if rank == 1 and len(entries) == 2 else ""
    raise GeometryError(
        f"padding: expected one integer for each of {rank} spatial axes; got {entries}{hint}"
    )


def _explicit_pairs(padding: tuple[Any, ...], rank: int) -> tuple[Pair, ...]:
    pairs = [entry for entry in padding if isinstance(entry, tuple) and len(entry) == 2]
    if len(pairs) != rank or len(padding) != rank:
        raise GeometryError(
            f"padding: expected one (before, after) pair for each of {rank} spatial axes; "
            f"got {padding!r}"
        )
    return tuple((parse_int("padding", b), parse_int("padding", a)) for b, a in pairs)


def parse_padding(
    padding: object,
    input_extents: tuple[int, ...],
    kernel_extents: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[Pair, ...]:
    """One (before, after) pair per axis, from anything that `Geometry.of` takes."""
    if not isinstance(padding, str):
        return parse_pairs(padding, len(input_extents))
    if padding not in PADDING_NAMES:
        hint = did_you_mean(padding, PADDING_NAMES) or "; padding_mode= says what lies there"
        raise GeometryError(
            f"padding: must be integers, pairs or one of {', '.join(PADDING_NAMES)}; "
            f"got {padding!r}{hint}"
        )
    spans = tuple(d * max(0, r - 1) for d, r in zip(dilation, kernel_extents, strict=True))
    if padding == "valid":
        return ((0, 0),) * len(spans)
    if padding == "full":
        return tuple((span, span) for span in spans)
    axes = zip(input_extents, spans, stride, strict=True)
    return tuple(_same(*axis, lower=padding == "same_lower") for axis in axes)


def _same(extent: int, span: int, stride: int, *, lower: bool) -> Pair:
    """Padding that makes the output extent ceil(extent / stride), as ONNX and TensorFlow."""
    outputs = -(-extent // stride)
    total = max(0, (outputs - 1) * stride + span + 1 - extent) if extent else 0
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)
