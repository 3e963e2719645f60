"""The graph of one result: a layer that makes its tasks when they are asked for.

For each block of the result there is one task, which puts its window together from its own chunk
and from the *faces* of the chunks around it. A task for each chunk copies its faces, so that a
neighbour keeps nothing else of the chunk in memory, and sends nothing else to another worker.
Where channels come in chunks, or a gradient is summed over blocks, parts are computed apart and
added as a tree, in an order that depends on the chunks alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from dask._task_spec import DataNode, Task, TaskRef
from dask.highlevelgraph import Layer, MaterializedLayer

from ...plugin import Array
from .recipes import Recipe
from .windows import Faces, Index

Key: TypeAlias = tuple[Any, ...]
Graph: TypeAlias = dict[Any, Any]


class Source(NamedTuple):
    """Where an operand comes from: the key of its chunks, or an array outside of memory."""

    name: str
    stored: Any = None


class Blocks(Layer):  # type: ignore[misc]
    """The tasks of a result.

    Parameters
    ----------
    name : str
        Of the result; it ends with the token of all that the result depends on.
    recipe : Recipe
        What is computed.
    numblocks : tuple of int
        How many blocks the result has along each axis.
    sources : sequence of Source
        The operands that windows are cut of.
    weight : tuple of (str, dict) or None
        The key of the weight's blocks, and which one a range of output channels is.
    bias : str or None
        The key of the bias.
    split_every : int
        How many parts are added at a time.
    """

    # What this layer makes are task objects; asking each of them would make them all.
    has_legacy_tasks = False

    def __init__(
        self,
        name: str,
        recipe: Recipe,
        numblocks: Index,
        sources: Sequence[Source],
        weight: tuple[str, Mapping[Any, int]] | None = None,
        bias: str | None = None,
        split_every: int = 8,
    ) -> None:
        super().__init__()
        self.name, self.recipe, self.numblocks = name, recipe, numblocks
        self.sources, self.weight, self.bias = tuple(sources), weight, bias
        self.split_every = split_every
        self._made: Graph | None = None

    def __repr__(self) -> str:
        return f"Blocks<{self.name}, {'x'.join(map(str, self.numblocks))}>"

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_made": None}

    def _all(self) -> Graph:
        if self._made is None:
            self._made = self._tasks(product(*map(range, self.numblocks)))
        return self._made

    def __getitem__(self, key: Key) -> Any:
        return self._all()[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def is_materialized(self) -> bool:
        """Whether the tasks have been made."""
        return self._made is not None

    def get_output_keys(self) -> set[Key]:
        """Keys of all blocks of the result."""
        return {(self.name, *block) for block in product(*map(range, self.numblocks))}

    def cull(
        self, keys: set[Key], all_hlg_keys: Collection[Key]
    ) -> tuple[Layer, Mapping[Key, set[Key]]]:
        """The tasks of some blocks alone, and what each depends on."""
        named = (key for key in keys if isinstance(key, tuple) and key[0] == self.name)
        tasks = self._tasks(key[1:] for key in named)
        layer = MaterializedLayer(tasks, annotations=self.annotations)
        return layer, {key: set(task.dependencies) for key, task in tasks.items()}

    def _tasks(self, blocks: Any) -> Graph:
        writer = _Writer(self)
        for block in blocks:
            writer.write_block(block)
        return writer.tasks


class _Writer:
    """Writes the tasks of a layer, those that several blocks share once."""

    def __init__(self, layer: Blocks) -> None:
        self.layer, self.recipe = layer, layer.recipe
        kind, _, token = layer.name.rpartition("-")
        self.kind, self.token = kind, token
        self.bias = None if layer.bias is None else TaskRef((layer.bias, 0))
        self.recipe_ref = TaskRef(f"{kind}-recipe-{token}")
        self.tasks: Graph = {}
        # References to faces: each is part of up to 3^d - 1 tasks.
        self.faces: list[dict[Index, Any]] = [{} for _ in layer.sources]
        self._add(DataNode(self.recipe_ref.key, self.recipe))
        for source in layer.sources:
            if source.stored is not None:
                self._add(DataNode(source.name, source.stored))

    def _add(self, task: Any) -> Any:
        self.tasks[task.key] = task
        return TaskRef(task.key)

    def write_block(self, block: Index) -> None:
        """All that one block of the result needs."""
        key = (self.layer.name, *block)
        parts = self.recipe.parts_of(block)
        if len(parts) == len(parts[0]) == 1:
            operands = self._operands(parts[0][0])
            start = (key, compute_block, self.recipe_ref, block, self.bias)
            self._add(Task(*start, parts[0][0], *operands))
            return
        sums = [self._sum([self._part(part) for part in summed]) for summed in parts]
        self._add(Task(key, finish_block, self.recipe_ref, block, self.bias, *sums))

    def _part(self, part: Index) -> Any:
        key = (f"{self.kind}-part-{self.token}", *part)
        return self._add(Task(key, compute_part, self.recipe_ref, part, *self._operands(part)))

    def _sum(self, terms: list[Any]) -> Any:
        """A tree of sums over neighbours in the list."""
        level, first = 0, terms[0].key[1:]
        while len(terms) > 1:
            level += 1
            name = f"{self.kind}-sum-{self.token}"
            bunches = _bunches(terms, self.layer.split_every)
            terms = [
                self._add(Task((name, *first, level, number), add, *bunch))
                for number, bunch in enumerate(bunches)
            ]
        return terms[0]

    def _operands(self, part: Index) -> Iterator[Any]:
        yield self._weight(part)
        blocks = self.recipe.windows_of(part)
        for number, block in enumerate(blocks):
            yield from self._chunks(number, block)

    def _weight(self, part: Index) -> Any:
        if self.layer.weight is None:
            return None
        name, numbers = self.layer.weight
        number = numbers[self.recipe.weight_range(part[1])]
        return TaskRef((name, number, *(0,) * (len(part) - 1)))

    def _chunks(self, number: int, block: Index) -> Iterator[Any]:
        """The home chunk of a window, and the faces of the other chunks that it reads."""
        source, known = self.layer.sources[number], self.faces[number]
        chunks = self.recipe.windows[number].chunks_of(block)
        home = next(chunks, None)
        if home is not None:
            yield TaskRef((source.name, *home) if source.stored is None else source.name)
        for chunk in chunks:
            yield known.get(chunk) or self._faces(number, chunk)

    def _faces(self, number: int, chunk: Index) -> Any:
        key = (f"{self.kind}-faces-{self.token}", number, *chunk)
        source = TaskRef((self.layer.sources[number].name, *chunk))
        task = Task(key, cut_faces, self.recipe_ref, number, chunk, source)
        reference = self.faces[number][chunk] = self._add(task)
        return reference


def _bunches(terms: list[Any], size: int) -> list[list[Any]]:
    return [terms[start : start + size] for start in range(0, len(terms), size)]


def cut_faces(recipe: Recipe, operand: int, chunk: Index, array: Array) -> Faces:
    """What others read of a chunk."""
    return recipe.windows[operand].faces(chunk, array)


def compute_part(recipe: Recipe, part: Index, weight: Array | None, *arrays: Any) -> Array:
    """A part of a block, to be added to others."""
    return recipe.compute(part, weight, arrays)


def compute_block(
    recipe: Recipe,
    block: Index,
    bias: Array | None,
    part: Index,
    weight: Array | None,
    *arrays: Any,
) -> Array:
    """A block that has one part."""
    return recipe.finish(block, bias, [recipe.compute(part, weight, arrays)])


def add(*terms: Array) -> Array:
    """The sum of arrays, in their order."""
    total = terms[0].copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for term in terms[1:]:
            total += term
    return total


def finish_block(recipe: Recipe, block: Index, bias: Array | None, *sums: Array) -> Array:
    """A block from the sums of its parts."""
    return recipe.finish(block, bias, sums)
