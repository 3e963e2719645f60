"""Options: parsing the environment, and contexts under nesting, threads and asyncio."""

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
from convcore.contract import usable_processors

pytestmark = pytest.mark.usefixtures("isolated")

X, W = np.ones((1, 1, 5)), np.ones((1, 1, 3))


def in_force():
    return {entry.option: (entry.value, entry.source) for entry in settings.provenance()}


class TestEnvironment:
    @pytest.mark.parametrize(
        ("variable", "value", "rule"),
        [
            ("CONVCORE_NUM_THREADS", "0", "must be a positive integer; got '0'"),
            ("CONVCORE_NUM_THREADS", "two", "must be a positive integer; got 'two'"),
            ("CONVCORE_NUM_THREADS", "-1", "must be a positive integer; got '-1'"),
            ("CONVCORE_NUM_THREADS", "1.5", "must be a positive integer; got '1.5'"),
            ("CONVCORE_ACCURACY", "Strict", "must be one of default, strict; got 'Strict'"),
            ("CONVCORE_ACCURACY", "1", "must be one of default, strict; got '1'"),
        ],
    )
    def test_it_is_parsed_strictly_each_time(self, environment, variable, value, rule):
        environment(**{variable: value})
        for _ in range(2):
            with pytest.raises(convcore.OptionError, match=f"^{variable}: {rule}$"):
                convcore.plan(X.shape, W.shape)

    def test_every_variable(self, environment):
        environment(
            CONVCORE_BACKEND="naive, fft",
            CONVCORE_BLOCK="im2col,",
            CONVCORE_ACCURACY="strict",
            CONVCORE_NUM_THREADS="3",
        )
        assert in_force() == {
            "backend": (("naive", "fft"), "CONVCORE_BACKEND"),
            "block": (["im2col"], "CONVCORE_BLOCK"),
            "accuracy": ("strict", "CONVCORE_ACCURACY"),
            "threads": (3, "CONVCORE_NUM_THREADS"),
            "max_workspace": (None, "built in"),
            "deterministic": (False, "built in"),
            "precision": ("double", "built in"),
        }

    @pytest.mark.parametrize("value", ["", "  ", ","])
    def test_empty_is_not_set(self, environment, value):
        environment(CONVCORE_BACKEND=value, CONVCORE_BLOCK=value)
        assert in_force()["backend"] == (None, "automatic choice")
        assert in_force()["block"] == ([], "built in")

    @pytest.mark.parametrize(("value", "threads"), [("5", 5), ("4,2", 4)])
    def test_omp_num_threads_is_taken_where_it_is_plain(self, environment, value, threads):
        environment(OMP_NUM_THREADS=value)
        assert in_force()["threads"] == (threads, "OMP_NUM_THREADS")
        environment(CONVCORE_NUM_THREADS="2")
        assert in_force()["threads"] == (2, "CONVCORE_NUM_THREADS")

    @pytest.mark.parametrize("value", ["all", "0", "-2"])
    def test_omp_num_threads_belongs_to_others_and_is_left_alone(self, environment, value):
        environment(OMP_NUM_THREADS=value)
        assert in_force()["threads"] == usable_processors()

    def test_it_is_read_at_the_first_use_not_at_import(self, python):
        set_late = "import os, convcore; os.environ['CONVCORE_BACKEND'] = 'naive'"
        then = "print(convcore.plan((1, 1, 5), (1, 1, 3)).name)"
        assert python(f"{set_late}; {then}", CONVCORE_BACKEND="fft") == "naive\n"

    def test_an_unusable_value_does_not_hinder_the_import(self, python):
        assert python("import convcore", CONVCORE_NUM_THREADS="many") == ""


class TestOptions:
    @pytest.mark.parametrize(
        ("option", "value", "rule"),
        [
            ("threads", 0, "threads: must be >= 1; got 0"),
            ("threads", 1.5, "threads: must be an integer; got 1.5"),
            ("threads", True, "threads: must be an integer; got True"),
            ("accuracy", "high", "accuracy: must be one of default, strict; got 'high'"),
            ("max_workspace", -1, "max_workspace: must be >= 0 bytes; got -1"),
            ("max_workspace", "1 MB", "max_workspace: must be an integer; got '1 MB'"),
            ("deterministic", "no", "deterministic: must be True, False or 'batch'; got 'no'"),
            ("deterministic", 0, "deterministic: must be True, False or 'batch'; got 0"),
        ],
    )
    def test_unfit_values_are_refused_at_once(self, option, value, rule):
        with pytest.raises(convcore.OptionError, match=f"^{rule}$"):
            convcore.options(**{option: value})

    def test_they_are_resolved_when_a_plan_is_made(self):
        with convcore.options(threads=1, max_workspace=12345):
            plan = convcore.plan(X.shape, W.shape)
        assert (plan.threads, plan.max_workspace) == (1, 12345)
        with pytest.raises(AttributeError):
            plan.threads = 2

    def test_an_exception_restores_what_was_before(self):
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


@pytest.mark.parametrize("backend", ["direct", "naive", None])
def test_threads_are_as_many_as_a_c_int_counts(backend, environment):
    rule = r"threads: must not exceed 2\*\*31 - 1; got 2147483648$"
    with pytest.raises(convcore.OptionError, match=f"^{rule}"):
        convcore.options(threads=2**31)
    with pytest.raises(convcore.OptionError, match=f"^{rule}"):
        convcore.get_backend("naive")(convcore.Geometry.of(X.shape, W.shape), "f8", threads=2**31)
    with convcore.options(threads=2**31 - 1):
        assert convcore.conv(X, W, backend=backend).flat[0] == 3
    environment(OMP_NUM_THREADS=str(2**31))
    assert in_force()["threads"] == usable_processors()
    environment(CONVCORE_NUM_THREADS=str(2**31))
    with pytest.raises(convcore.OptionError, match=r"^CONVCORE_NUM_THREADS: must not ex"):
        convcore.conv(X, W, backend=backend)
