"""Which backend is asked for: precedence, names, and what names none."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from asking import SHAPES, chosen, ran

import convcore
from convcore import OptionError, registry, settings
from convcore.functional.calls import call_for
from convcore.planning import check_spec, requested_backend

pytestmark = pytest.mark.usefixtures("isolated")


def pulled():
    return convcore.conv_vjp(np.ones(SHAPES[0]), np.ones(SHAPES[1]))


SOURCES = ("argument", "use_backend", "set_default_backend", "CONVCORE_BACKEND")


@pytest.mark.parametrize("used", list(itertools.product([True, False], repeat=4)))
def test_precedence(four, environment, used):
    argument, context, default, variable = used
    if variable:
        environment(CONVCORE_BACKEND="b4")
    if default:
        convcore.set_default_backend("b3")
    with convcore.use_backend("b2" if context else None):
        named = "b1" if argument else None
        winner = next((place for place, on in enumerate(used) if on), None)
        expected = "automatic choice" if winner is None else SOURCES[winner]
        found = convcore.explain(*SHAPES, backend=named)
        assert found.source == expected
        if winner is not None:
            assert ran(named) == winner + 1
            assert found.chosen == f"b{winner + 1}"
            assert convcore.plan(*SHAPES, backend=named).name == f"b{winner + 1}"


def test_the_default_is_reset_by_none(four):
    convcore.set_default_backend("b3")
    convcore.set_default_backend(None)
    assert convcore.explain(*SHAPES).source == "automatic choice"


def test_a_default_set_while_a_plan_is_chosen_is_not_kept_for_another(four, monkeypatch):
    """The last that goes into the key of a plan is the registry's generation."""

    generation = registry.generation

    def interrupted():
        convcore.set_default_backend("b1")
        return generation()

    with monkeypatch.context() as patched:
        patched.setattr(registry, "generation", interrupted)
        assert ran() == 1
    convcore.set_default_backend(None)
    assert ran() == 3


@pytest.mark.parametrize("spec", [3, 2.5, b"naive", object, {"naive"}])
def test_what_names_no_backend_is_an_option_error_at_every_door(spec):
    doors = [
        ran,
        lambda spec: convcore.conv_vjp(*map(np.ones, SHAPES), backend=spec),
        lambda spec: convcore.plan(*SHAPES, backend=spec),
        lambda spec: chosen(backend=spec),
        convcore.use_backend,
        convcore.set_default_backend,
        convcore.register_backend,
    ]
    for door in doors:
        with pytest.raises(OptionError, match=r"^backend: must be a") as caught:
            door(spec)
        assert isinstance(caught.value, ValueError)
        assert str(caught.value).endswith(f"got {spec!r}")


def test_a_spec_is_a_key_once_it_is_checked():
    naive = convcore.get_backend("naive")
    assert check_spec(None) is None
    assert check_spec("naive") == "naive"
    assert check_spec(["naive", naive]) == ("naive", naive)
    assert hash(check_spec(["naive", naive]))


def test_what_is_requested_comes_with_what_requests_it(environment):
    assert requested_backend(None) == (None, "automatic choice")
    assert requested_backend(["naive"]) == (("naive",), "argument")
    environment(CONVCORE_BACKEND="naive,fft")
    assert requested_backend(None) == (("naive", "fft"), "CONVCORE_BACKEND")
    with convcore.use_backend("im2col"):
        assert requested_backend(None) == ("im2col", "use_backend")


def test_a_backend_is_checked_where_the_block_begins_and_leaves_with_it():
    with pytest.raises(convcore.UnknownBackendError, match="unknown name 'naiv'"):
        convcore.use_backend("naiv")
    with convcore.use_backend("naive") as nothing:
        assert nothing is None
        assert requested_backend(None) == ("naive", "use_backend")
    assert requested_backend(None) == (None, "automatic choice")


X, W = np.ones((1, 1, 8)), np.ones((1, 1, 3))


def threads():
    return convcore.plan(X.shape, W.shape).threads


def test_default_options_are_seen_by_threads_that_others_started():
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(threads).result()
        convcore.set_default_options(threads=before + 1)
        assert pool.submit(threads).result() == threads() == before + 1
        with convcore.options(threads=before + 2):
            assert (threads(), pool.submit(threads).result()) == (before + 2, before + 1)
        convcore.set_default_options()
        assert pool.submit(threads).result() == threads() == before


def test_calls_that_are_kept_are_planned_anew_under_other_default_options():
    shapes = ((1, 1, 8), (1, 1, 3))
    steps, dtype = (1, 0, 1, 1), np.dtype("float64")
    found = [call_for(*shapes, dtype, steps, "zeros", "forward", None)]
    convcore.set_default_options(max_workspace=1 << 20)
    found.append(call_for(*shapes, dtype, steps, "zeros", "forward", None))
    assert [call.plan.max_workspace for call in found] == [None, 1 << 20]


def test_what_is_not_named_stays_until_all_is_taken_back(environment):
    environment(CONVCORE_ACCURACY="strict", CONVCORE_NUM_THREADS="5")
    convcore.set_default_backend("naive")
    convcore.set_default_options(accuracy="default")
    convcore.set_default_options(deterministic=True)
    found = settings.resolve()
    assert (found.accuracy, found.threads, found.deterministic) == ("default", 5, True)
    sources = {entry.option: entry.source for entry in settings.provenance()}
    assert sources["accuracy"] == sources["deterministic"] == "set_default_options"
    assert sources["threads"] == "CONVCORE_NUM_THREADS"
    with convcore.options(deterministic=False, accuracy="strict"):
        assert settings.resolve()[1::2] == ("strict", False)
    convcore.set_default_options()
    assert settings.resolve().accuracy == "strict"
    assert threads() == 5
    assert settings.resolve().deterministic is False
    assert convcore.plan(X.shape, W.shape).name == "naive"


def test_default_options_are_checked():
    for option, value in (("threads", 0), ("accuracy", "high"), ("deterministic", 1)):
        with pytest.raises(convcore.OptionError, match=f"^{option}: must be"):
            convcore.set_default_options(**{option: value})
    assert settings.defaults() == settings.Context()
