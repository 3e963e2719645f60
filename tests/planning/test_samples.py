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


# Those that take a batch whole.
WHOLE = [
    name
    for name in STEADY
    if "batch_invariant" in convcore.get_backend(name).declaration.capabilities
]


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
    plan = convcore.plan(x.shape, w.shape, padding=1, backend="naive")
    assert (plan.name, plan.geometry.batch) == ("naive", 5)
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


@pytest.mark.parametrize("backend", WHOLE)
def test_who_can_be_told_takes_the_whole_batch(backend):
    x, w = draw((5, 16, 9, 7), (24, 16, 3, 3))
    plan = convcore.plan(x.shape, w.shape, padding=1, backend=backend)
    assert type(plan) is convcore.get_backend(backend)
    assert plan.geometry.batch == 5
    again = pickle.loads(pickle.dumps(plan))
    assert again.forward(x, w).tobytes() == plan.forward(x, w).tobytes()
    alone = convcore.plan((1, 16, 9, 7), w.shape, padding=1, backend=backend)
    assert alone.forward(x[3:4], w).tobytes() == plan.forward(x, w)[3:4].tobytes()
    assert (plan.forward(x, plan.prepare(w)) == plan.forward(x, w)).all()


def test_the_automatic_choice_is_judged_by_a_sample_among_others():
    asked = []

    class Told(convcore.get_backend("naive")):
        name = "told"
        declaration = convcore.Declaration(
            dtypes=("float32",), deterministic="any_threads", capabilities=("batch_invariant",)
        )

        @classmethod
        def estimate(cls, geometry, dtype, operation, *, threads):
            asked.append(geometry.batch)
            return 16e-12

    convcore.register_backend(Told)
    for batch in (1, 5, 40):
        plan = convcore.plan((batch, 2, 9), (3, 2, 3), operation="forward")
        assert (type(plan), plan.geometry.batch) == (Told, batch)
        assert plan._batch_invariant
    assert set(asked) == {16}
    (row, *_) = convcore.explain((5, 2, 9), (3, 2, 3)).rows
    assert (row.name, row.seconds) == ("told", 1e-12)


def test_explain_tells_who_runs_sample_by_sample():
    rows = {row.name: row for row in convcore.explain((5, 16, 9, 7), (24, 16, 3, 3)).rows}
    for name in STEADY:
        if rows[name].code == "":
            how = "as in any batch: " if name in WHOLE else "sample by sample: "
            assert rows[name].text.startswith(how)
    for row in convcore.explain((1, 16, 9, 7), (24, 16, 3, 3)).rows:
        assert not row.text.startswith(("as in any", "sample by"))


def test_a_whole_batch_without_room_goes_sample_by_sample():
    class Crowded(convcore.get_backend("naive")):
        name = "crowded"
        declaration = convcore.Declaration(
            dtypes=("float32",), deterministic="any_threads", capabilities=("batch_invariant",)
        )

        def workspace_bytes(self, operation):
            return 1000 * self.geometry.batch

    with convcore.options(max_workspace=2500):
        plan = convcore.plan((3, 2, 9), (3, 2, 3), backend=Crowded)
    assert plan.describe("forward").startswith("sample by sample: ")
    assert plan.workspace_bytes("forward") == 1000


class Spreading(convcore.get_backend("winograd") if "winograd" in WHOLE else object):
    name = "spreading"

    @classmethod
    def estimate(cls, geometry, dtype, operation, *, threads):
        return 0.0


@pytest.mark.skipif("winograd" not in WHOLE, reason="winograd was not built")
@pytest.mark.parametrize("operation", ["forward", "grad_input"])
def test_what_is_mended_in_one_sample_changes_no_other(operation):
    convcore.register_backend(Spreading)
    geometry = Geometry.of((6, 16, 14, 12), (20, 16, 3, 3), padding=1)
    x, w = draw(*geometry.operand_shapes(operation))
    x[1, 2, 3, 4], x[4, 0, 7:9, 5], x[5] = np.nan, np.inf, 1e38

    def run(samples):
        shape = (len(samples), *geometry.input_shape[1:])
        plan = convcore.plan(shape, geometry.weight_shape, padding=1)
        assert type(plan) is Spreading
        plan = pickle.loads(pickle.dumps(plan))
        return getattr(plan, operation)(samples, w)

    together, turned = run(x), run(x[::-1].copy())[::-1]
    assert np.isnan(together[1]).any()
    assert not np.isnan(together[1]).all()
    for n in range(len(x)):
        alone = run(x[n : n + 1])
        assert together[n : n + 1].tobytes() == alone.tobytes() == turned[n : n + 1].tobytes()


@pytest.mark.parametrize("batch", [0, 1])
def test_batches_of_none_and_one(batch):
    x, w = draw((batch, 2, 9), (3, 2, 3))
    assert convcore.conv(x, w).shape == (batch, 3, 7)
    assert convcore.conv_grad_weight(np.ones((batch, 3, 7), "float32"), x, w.shape).shape == w.shape
