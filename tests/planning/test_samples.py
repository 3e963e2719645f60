"""`deterministic="batch"`: a sample has the same bits alone and at any place in any batch."""

import pickle

import numpy as np
import pytest
from fakes import own_backends

import convcore
from convcore.plugin import Geometry

STEADY = [
    name
    for name in own_backends()
    if convcore.get_backend(name).declaration.deterministic == "any_threads"
]
SHAPES = {
    "dense": ((5, 16, 9, 7), (24, 16, 3, 3), {"padding": 1}),
    "pointwise": ((7, 33, 3, 3), (20, 33, 1, 1), {}),
    "depthwise": ((6, 12, 11, 10), (12, 1, 3, 3), {"padding": 1, "groups": 12}),
    "strided": ((4, 8, 13, 12), (9, 8, 3, 3), {"stride": 2}),
    "large kernel": ((3, 1, 60, 50), (1, 1, 15, 15), {}),
    "one axis": ((9, 4, 200), (6, 4, 31), {}),
}


@pytest.fixture(autouse=True)
def asking_for_it(isolated):
    with convcore.options(deterministic="batch"):
        yield


def draw(*shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize("backend", [None, *STEADY])
@pytest.mark.parametrize("case", SHAPES)
def test_a_sample_does_not_see_the_others(case, backend):
    x_shape, w_shape, options = SHAPES[case]
    geometry = Geometry.of(x_shape, w_shape, **options)
    if backend and convcore.get_backend(backend).refusal(geometry, np.dtype("float32")):
        pytest.skip(f"{backend} refuses it")
    x, w, g = draw(x_shape, w_shape, geometry.output_shape)
    options = options | {"backend": backend}
    forward = convcore.conv(x, w, **options)
    grad_input = convcore.conv_grad_input(g, w, x_shape, **options)
    order = np.random.default_rng(1).permutation(len(x))
    assert (convcore.conv(x[order], w, **options) == forward[order]).all()
    for n in range(len(x)):
        one = slice(n, n + 1)
        assert (convcore.conv(x[one], w, **options) == forward[one]).all()
        alone = convcore.conv_grad_input(g[one], w, (1, *x_shape[1:]), **options)
        assert (alone == grad_input[one]).all()


def test_half_precision_keeps_to_it_too():
    x, w = (a.astype("float16") for a in draw((5, 16, 9, 7), (24, 16, 3, 3)))
    whole = convcore.conv(x, w, padding=1)
    with convcore.options(max_workspace=20_000):
        parts = [convcore.conv(x[n : n + 1], w, padding=1) for n in range(5)]
        assert (convcore.conv(x, w, padding=1) == np.concatenate(parts)).all()
    assert whole.shape == (5, 24, 9, 7)


def test_all_three_operations_are_right():
    x_shape, w_shape, options = SHAPES["strided"]
    rng = np.random.default_rng(2)
    x, w = (rng.integers(-3, 4, shape).astype("float32") for shape in (x_shape, w_shape))
    got, pullback = convcore.conv_vjp(x, w, np.ones(9, "float32"), **options)
    with convcore.options(deterministic=False):
        want, expected = convcore.conv_vjp(x, w, np.ones(9, "float32"), **options, backend="naive")
        for mine, theirs in zip((got, *pullback(got)), (want, *expected(want)), strict=True):
            assert (mine == theirs).all()


def test_a_plan_says_what_it_does_and_survives_a_pickle():
    x, w = draw((5, 16, 9, 7), (24, 16, 3, 3))
    plan = convcore.plan(x.shape, w.shape, padding=1, backend="direct")
    assert (plan.name, plan.geometry.batch) == ("direct", 5)
    assert plan.describe("forward").startswith("sample by sample: ")
    assert plan.workspace_bytes("grad_weight") >= w.nbytes
    want = plan.forward(x, w)
    assert (plan.forward(x, plan.prepare(w)) == want).all()
    again = pickle.loads(pickle.dumps(plan))
    assert (again.forward(x, w) == want).all()
    assert convcore.explain(x.shape, w.shape, padding=1).chosen in STEADY


def test_who_sees_to_it_takes_the_whole_batch():
    class Invariant(convcore.get_backend("naive")):
        name = "invariant"
        declaration = convcore.Declaration(
            dtypes=("float32",), deterministic="any_threads", batch_invariant=True
        )

    plan = convcore.plan((5, 2, 9), (3, 2, 3), backend=Invariant)
    assert type(plan) is Invariant
    assert plan.geometry.batch == 5


@pytest.mark.parametrize("batch", [0, 1])
def test_batches_of_none_and_one(batch):
    x, w = draw((batch, 2, 9), (3, 2, 3))
    assert convcore.conv(x, w).shape == (batch, 3, 7)
    assert convcore.conv_grad_weight(np.ones((batch, 3, 7), "float32"), x, w.shape).shape == w.shape
