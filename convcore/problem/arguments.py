"""What users write for stride, dilation, padding and shapes, turned into tuples of ints."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, Literal, TypeAlias, cast

from ..errors import GeometryError

Pair: TypeAlias = tuple[int, int]
PerAxis: TypeAlias = int | Sequence[int]
PaddingName: TypeAlias = Literal["valid", "same", "same_lower", "full"]
Padding: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]] | PaddingName
PADDING_NAMES = ("valid", "same", "same_lower", "full")

# Leaves room for sums of a few such numbers in 64-bit arithmetic.
LARGEST = 2**60
# What a C int holds, as which libraries take a number of threads.
MOST_THREADS = 2**31 - 1


def freeze(value: Any) -> Any:
    """`value` with every sequence a tuple and every integer an int: a key for a cache.

    Anything else comes back wrapped, equal to nothing but itself, for `Geometry.of` to refuse.
    """
    if type(value) is int or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return tuple(map(freeze, value))
    try:
        return _Unfit(value) if isinstance(value, bool) else index(value)
    except TypeError:
        return _Unfit(value)


class _Unfit:
    """Wraps a value that is no integer, so that 1.0 or True never meets the key of a 1."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def parse_int(name: str, value: object) -> int:
    """`value` as an int that 64-bit arithmetic can take; bool and float are refused."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = index(cast(Any, value))
    except TypeError:
        raise GeometryError(f"{name}: must be an integer; got {value!r}") from None
    if abs(number) > LARGEST:
        raise GeometryError(f"{name}: must not exceed 2**60; got {number}")
    return number


def parse_positive(name: str, value: object) -> int:
    """`value` as an int of at least 1."""
    number = parse_int(name, value)
    if number < 1:
        raise GeometryError(f"{name}: must be >= 1; got {number}")
    return number


def parse_threads(name: str, value: object) -> int:
    """`value` as a number of threads."""
    number = parse_positive(name, value)
    if number > MOST_THREADS:
        raise GeometryError(f"{name}: must not exceed 2**31 - 1; got {number}")
    return number


def parse_extents(name: str, shape: object) -> tuple[int, ...]:
    """`shape` as a tuple of ints of at least 0."""
    if not isinstance(shape, list | tuple):
        raise GeometryError(f"{name}: shape must be a tuple of integers; got {shape!r}")
    extents = tuple(parse_int(f"{name} shape", extent) for extent in shape)
    if any(extent < 0 for extent in extents):
        raise GeometryError(f"{name}: every extent must be >= 0; got shape {extents}")
    return extents


def parse_per_axis(name: str, value: object, rank: int, meaning: str = "") -> tuple[int, ...]:
    """One positive int per spatial axis, from one int for all or a sequence."""
    if not isinstance(value, list | tuple):
        value = (value,) * rank
    entries = tuple(parse_int(name, entry) for entry in value)
    if len(entries) != rank:
        raise GeometryError(
            f"{name}: expected one integer for each of {rank} spatial axes; got {entries}"
        )
    if any(entry < 1 for entry in entries):
        raise GeometryError(f"{name}: every entry must be >= 1{meaning}; got {entries}")
    return entries


def parse_pairs(padding: object, rank: int) -> tuple[Pair, ...]:
    """One (before, after) pair per axis, from an int, one int per axis, or pairs."""
    if not isinstance(padding, list | tuple):
        entry = parse_int("padding", padding)
        return ((entry, entry),) * rank
    if any(isinstance(entry, list | tuple) for entry in padding):
        return _explicit_pairs(padding, rank)
    entries = tuple(parse_int("padding", entry) for entry in padding)
    if len(entries) == rank:
        return tuple((entry, entry) for entry in entries)
    hint = f"; write (before, after) as {(entries,)}" if rank == 1 and len(entries) == 2 else ""
    raise GeometryError(
        f"padding: expected one integer for each of {rank} spatial axes; got {entries}{hint}"
    )


def _explicit_pairs(padding: Sequence[Any], rank: int) -> tuple[Pair, ...]:
    pairs = [entry for entry in padding if isinstance(entry, list | tuple) and len(entry) == 2]
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
        raise GeometryError(
            f"padding: must be integers, pairs or one of {', '.join(PADDING_NAMES)}; "
            f"got {padding!r}"
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


def parse_workspace(value: object) -> int | None:
    """`value` as a number of bytes of at least 0, or None."""
    if value is None:
        return None
    number = parse_int("max_workspace", value)
    if number < 0:
        raise GeometryError(f"max_workspace: must be >= 0 bytes; got {number}")
    return number
