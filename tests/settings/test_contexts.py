"""Options and backends under nesting, threads and asyncio."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convcore
from convcore import settings

pytestmark = pytest.mark.usefixtures("isolated")

X, W = np.ones((1, 1, 5)), np.ones((1, 1, 3))


def test_they_are_resolved_when_a_plan_is_made():
    with convcore.options(threads=1, max_workspace=12345):
        plan = convcore.plan(X.shape, W.shape)
    assert (plan.threads, plan.max_workspace) == (1, 12345)
    with pytest.raises(AttributeError):
        plan.threads = 2


def test_an_exception_restores_what_was_before():
    before = settings.context()
    with pytest.raises(KeyError), convcore.options(threads=1), convcore.use_backend("fft"):
        raise KeyError
    assert settings.context() == before


LAYERS = st.fixed_dictionaries(
    {},
    optional={
        "threads": st.integers(1, 64),
        "accuracy": st.sampled_from(settings.ACCURACIES),
        "max_workspace": st.integers(0, 2**40),
        "deterministic": st.booleans(),
        "planning": st.sampled_from(settings.PLANNINGS),
        "backend": st.sampled_from(["naive", "im2col", "fft"]),
    },
)


def enter(stack, layer):
    """Enter the contexts of one layer of settings."""
    rest = {name: value for name, value in layer.items() if name != "backend"}
    stack.enter_context(convcore.options(**rest))
    stack.enter_context(convcore.use_backend(layer.get("backend")))


@given(st.lists(LAYERS, max_size=5))
def test_a_context_never_resets_what_it_does_not_name(layers):
    with ExitStack() as stack:
        expected = {}
        for layer in layers:
            enter(stack, layer)
            expected |= layer
            set_here = {k: v for k, v in settings.context()._asdict().items() if v is not None}
            assert set_here == expected
    assert settings.context() == settings.Context()


def ran():
    return int(convcore.conv(X, W).flat[0])


def test_contexts_nest(numbered):
    with convcore.use_backend("b1"):
        with convcore.use_backend("b2"):
            assert ran() == 2
            with convcore.use_backend(None):
                assert ran() == 2
        assert ran() == 1


def test_threads_do_not_see_each_other(numbered):
    def task(number):
        seen = []
        for _ in range(50):
            with convcore.use_backend(numbered[number]):
                seen.append(ran())
        return set(seen)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(task, range(8))) == [{number} for number in range(8)]


def test_a_worker_thread_sees_a_context_only_where_it_is_copied(numbered):
    convcore.set_default_backend("b0")
    with ThreadPoolExecutor(1) as pool, convcore.use_backend("b1"):
        assert pool.submit(ran).result() == 0
        assert pool.submit(contextvars.copy_context().run, ran).result() == 1


def test_a_plan_carries_its_options_into_other_threads(numbered):
    with convcore.use_backend("b3"), convcore.options(threads=2):
        plan = convcore.plan(X.shape, W.shape, dtype="float64")
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: plan.forward(X, W).flat[0], range(8)))
    assert (results, plan.threads) == ([3] * 8, 2)


def test_asyncio_tasks_do_not_see_each_other(numbered):
    async def task(number):
        with convcore.use_backend(numbered[number]):
            for _ in range(5):
                await asyncio.sleep(0)
                assert ran() == number
        return number

    async def outer():
        with convcore.use_backend("b7"):
            done = await asyncio.gather(*map(task, range(7)))
            assert ran() == 7
            inherited = asyncio.create_task(asyncio.to_thread(ran))
            assert await inherited == 7
            return done

    assert asyncio.run(outer()) == list(range(7))
