"""The graph: few tasks, made when they are asked for, of which each takes what it needs alone."""

import pickle
from collections import Counter

import numpy as np
import pytest

import convcore

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")

KERNEL = np.ones((1, 1, 3, 3))


def volume(blocks=6):
    return da.ones((1, 1, 4 * blocks, 4 * blocks), chunks=(1, 1, 4, 4))


def layer_of(array):
    return array.dask.layers[array.name]


def kinds(tasks):
    return Counter(
        str(key[0] if isinstance(key, tuple) else key).rpartition("-")[0] for key in tasks
    )


def test_a_block_and_the_faces_of_a_chunk_are_a_task_each():
    layer = layer_of(chunked.conv(volume(), KERNEL, padding=1))
    assert kinds(layer) == {"conv": 36, "conv-faces": 36, "conv-recipe": 1}
    pointwise = layer_of(chunked.conv(volume(), KERNEL[..., :1, :1]))
    assert kinds(pointwise) == {"conv": 36, "conv-recipe": 1}
    stored = chunked.Stored(np.ones((1, 1, 24, 24)), chunks=4)
    assert kinds(layer_of(chunked.conv(stored, KERNEL))) == {
        "conv": 36,
        "conv-recipe": 1,
        "stored": 1,
    }


def test_no_task_is_made_before_it_is_needed():
    array = chunked.conv(volume(50), KERNEL, padding=1)
    layer = layer_of(array)
    assert len(layer.get_output_keys()) == 2500
    array[0, 0, :8, :8].compute()
    assert not layer.is_materialized()
    assert len(pickle.dumps(layer)) < 30_000
    assert len(layer) == 5001
    assert layer.is_materialized()
    assert not pickle.loads(pickle.dumps(layer)).is_materialized()


def test_a_part_of_the_result_needs_the_tasks_of_that_part():
    array = chunked.conv(volume(), KERNEL, padding=1)
    layer = layer_of(array)
    kept, dependencies = layer.cull({(array.name, 0, 0, 0, 0), "another key"}, set())
    assert kinds(kept) == {"conv": 1, "conv-faces": 3, "conv-recipe": 1}
    assert all(set(kept[key].dependencies) == found for key, found in dependencies.items())


def test_neighbours_hand_over_copies_of_what_is_read_alone():
    array = chunked.conv(volume(), KERNEL, padding=1)
    (layer,) = [entry for entry in array.dask.layers.values() if entry is layer_of(array)]
    recipe = next(task.value for key, task in layer.items() if "recipe" in str(key))
    chunk = np.ones((1, 1, 4, 4))
    faces = next(
        task for key, task in layer.items() if "faces" in str(key) and key[2:] == (0, 0, 2, 2)
    )
    (source,) = (key for key in faces.dependencies if "recipe" not in str(key))
    made = faces({source: chunk, next(iter(faces.dependencies - {source})): recipe})
    assert sorted(face.size for face in made.values()) == [1] * 4 + [4] * 4
    assert not any(np.shares_memory(face, chunk) for face in made.values())


def test_the_result_does_not_depend_on_who_is_first():
    rng = np.random.default_rng(0)
    x = da.from_array(rng.standard_normal((4, 2, 40)).astype("float32"), chunks=(1, 1, 5))
    g = da.from_array(rng.standard_normal((4, 3, 38)).astype("float32"), chunks=(1, 2, 6))
    gradient = chunked.conv_grad_weight(g, x, (3, 2, 3))
    once = gradient.compute(scheduler="sync")
    for _ in range(3):
        assert gradient.compute(scheduler="threads", num_workers=4).tobytes() == once.tobytes()


def test_options_and_the_backend_travel_with_the_tasks(client):
    def chosen(layer):
        recipe = next(task.value for key, task in layer.items() if "recipe" in str(key))
        return recipe.in_force

    with convcore.options(threads=3, accuracy="strict"), convcore.use_backend("naive"):
        array = chunked.conv(volume(), KERNEL, padding=1)
    assert chosen(layer_of(array)) == {
        "backend": "naive", "threads": 3, "accuracy": "strict", "max_workspace": None,
        "deterministic": False, "planning": "estimate",
    }  # fmt: skip
    assert chosen(layer_of(chunked.conv(volume(), KERNEL)))["threads"] == 1
    assert client.compute(array.sum()).result() == 22 * 22 * 9 + 4 * 22 * 6 + 4 * 4


def test_a_graph_can_be_looked_at():
    array = chunked.conv(volume(2), KERNEL, padding=1)
    names = kinds(dict(array.dask))
    assert {"conv", "conv-faces", "conv-recipe"} <= set(names)
    assert repr(layer_of(array)).startswith("Blocks<conv-")
    assert "1x1x2x2" in repr(layer_of(array))
