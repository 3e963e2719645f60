"""Which backend is asked for: precedence, names, and what names none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from asking import SHAPES, ran

import convcore
from convcore import registry

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
