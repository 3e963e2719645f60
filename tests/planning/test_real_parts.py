"""Complex numbers by backends that know real ones: the contract, the choice, and the bits."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from strategies import geometries, operations, seeds

import convcore
from convcore.planning.products import Channels, Three
from convcore.planning.real_classes import WAYS, in_real_parts
from convcore.problem import OPERATIONS, Geometry
from convcore.testing import check_backend, operands

DIRECT = convcore.get_backend("direct")
DENSE = Geometry.of((2, 6, 9, 11), (4, 6, 3, 3), padding=1)
GROUPED = Geometry.of((3, 6, 40, 11), (9, 2, 3, 2), stride=(2, 1), dilation=(1, 2), groups=3)
KIT = [("direct", Channels), ("direct", Three), ("winograd", Channels)]


@pytest.mark.parametrize(("name", "way"), KIT)
def test_what_a_backend_becomes_keeps_the_contract(name, way):
    report = check_backend(in_real_parts(convcore.get_backend(name), way), profile="quick")
    assert report.ok, str(report)


def drawn(geometry, dtype, operation, seed=0):
    return operands("integers", geometry, dtype, operation, seed=seed)


def by(backend, geometry, dtype, operation, pair, **limits):
    return getattr(backend(geometry, dtype, **limits), operation)(*pair)


@given(geometries(), operations, seeds)
@pytest.mark.parametrize("way", WAYS)
def test_whole_numbers_give_what_the_definition_gives(way, geometry, operation, seed):
    pair = drawn(geometry, "complex64", operation, seed)
    want = by(convcore.get_backend("naive"), geometry, "complex64", operation, pair)
    got = by(in_real_parts(DIRECT, way), geometry, "complex64", operation, pair, threads=2)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("limit", [20_000, 60_000])
def test_slabs_of_any_size_give_the_same(limit, way, operation):
    pair = drawn(GROUPED, "complex128", operation)
    backend = in_real_parts(convcore.get_backend("naive"), way)
    plan = backend(GROUPED, "complex128", max_workspace=limit)
    assert len(plan._slabs(operation)) > 1
    assert plan.workspace_bytes(operation) <= limit
    want = by(backend, GROUPED, "complex128", operation, pair)
    np.testing.assert_array_equal(getattr(plan, operation)(*pair), want)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("way", WAYS)
def test_a_slab_may_lie_in_the_padding_altogether(way, operation):
    geometry = Geometry.of((1, 17, 7, 7), (2, 17, 1, 1), padding=1)
    pair = drawn(geometry, "complex64", operation)
    plan = in_real_parts(DIRECT, way)(geometry, "complex64", max_workspace=30_000)
    want = by(convcore.get_backend("naive"), geometry, "complex64", operation, pair)
    np.testing.assert_array_equal(getattr(plan, operation)(*pair), want)


@pytest.mark.parametrize("way", WAYS)
def test_too_little_memory_is_refused(way):
    with pytest.raises(convcore.UnsupportedError, match=r"^max_workspace: must hold .*; got 100$"):
        in_real_parts(DIRECT, way)(DENSE, "complex64", max_workspace=100)


@pytest.mark.parametrize("backend", ["direct", None])
@pytest.mark.parametrize("accuracy", ["strict", "default"])
def test_three_products_run_only_where_a_norm_will_do(backend, accuracy):
    shapes = (1, 96, 40, 40), (96, 96, 5, 5)
    with convcore.options(accuracy=accuracy, threads=1):
        plan = convcore.plan(*shapes, dtype="complex128", stride=2, backend=backend)
    assert plan.name == "direct"
    allowed = backend is None and accuracy == "default"
    assert plan.describe("forward").startswith("three" if allowed else ("parts", "four"))


def test_an_explanation_tells_the_way():
    found = convcore.explain((1, 8, 30, 30), (8, 8, 3, 3), dtype="complex64", backend="direct")
    (text,) = [row.text for row in found.rows if row.name == "direct"]
    assert text.startswith(("parts as channels: ", "four real products: "))


@pytest.mark.parametrize("backend", [None, "direct", DIRECT])
def test_a_plan_can_be_pickled(backend):
    plan = convcore.plan((1, 8, 30, 30), (8, 8, 3, 3), dtype="complex64", backend=backend)
    again = pickle.loads(pickle.dumps(plan))
    pair = operands("random", plan.geometry, "complex64", "forward", seed=0)
    assert plan.describe("forward") == again.describe("forward")
    np.testing.assert_array_equal(plan.forward(*pair), again.forward(*pair))


@pytest.mark.parametrize("operation", ["forward", "grad_input"])
@pytest.mark.parametrize("way", WAYS)
def test_a_prepared_weight_gives_the_same_bits(way, operation):
    plan = in_real_parts(DIRECT, way)(GROUPED, "complex64", max_workspace=60_000)
    first, weight = operands("random", GROUPED, "complex64", operation, seed=0)
    method = getattr(plan, operation)
    prepared = plan.prepare(weight, operation=operation)
    np.testing.assert_array_equal(method(first, prepared), method(first, weight))


@given(geometries(smallest_batch=1), operations, seeds)
@pytest.mark.parametrize("backend", [None, "direct"])
def test_what_is_not_finite_is_where_the_definition_puts_it(backend, geometry, operation, seed):
    assume(not geometry.degenerate)
    pair = drawn(geometry, "complex64", operation, seed)
    rng = np.random.default_rng(seed)
    for array in pair:
        parts = array.view("float32").reshape(-1)
        parts[rng.integers(parts.size, size=2)] = rng.choice([np.nan, np.inf, -np.inf], 2)
    want = by(convcore.get_backend("naive"), geometry, "complex64", operation, pair)
    shapes = geometry.input_shape, geometry.weight_shape
    steps = {name: getattr(geometry, name) for name in ("stride", "padding", "dilation", "groups")}
    plan = convcore.plan(*shapes, dtype="complex64", operation=operation, backend=backend, **steps)
    got = getattr(plan, operation)(*pair)
    # Which part of such a number is infinite, and which is NaN, is told by no definition.
    np.testing.assert_array_equal(np.isfinite(got), finite := np.isfinite(want))
    np.testing.assert_allclose(got[finite], want[finite], atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_batch_changes_no_bit_where_that_is_wanted(operation):
    shapes = (5, 24, 20, 20), (16, 24, 3, 3)
    with convcore.options(deterministic="batch"):
        whole = convcore.plan(*shapes, dtype="complex64", operation=operation)
        single = convcore.plan(
            (1, *shapes[0][1:]), shapes[1], dtype="complex64", operation=operation
        )
    first, second = operands("random", whole.geometry, "complex64", operation, seed=0)
    if operation == "grad_weight":
        want = sum(single.grad_weight(first[n : n + 1], second[n : n + 1]) for n in range(5))
        np.testing.assert_allclose(whole.grad_weight(first, second), want, rtol=1e-3, atol=1e-3)
        return
    for n in range(5):
        want = getattr(single, operation)(first[n : n + 1], second)
        np.testing.assert_array_equal(getattr(whole, operation)(first, second)[n], want[0])
