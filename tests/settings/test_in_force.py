"""Which source wins: argument, context, process default, environment, what is built in."""

from __future__ import annotations

import pytest

import convcore
from convcore import settings

pytestmark = pytest.mark.usefixtures("isolated")


def source(option):
    return next(entry for entry in settings.provenance() if entry.option == option)[1:]


def test_planning_is_set_by_whoever_is_nearest(environment):
    environment(CONVCORE_WISDOM="")
    assert source("planning") == ("estimate", "built in")
    environment(CONVCORE_PLANNING="measure")
    assert source("planning") == ("measure", "CONVCORE_PLANNING")
    convcore.set_default_options(planning="estimate")
    assert source("planning") == ("estimate", "set_default_options")
    with convcore.options(planning="measure"):
        assert source("planning") == ("measure", "options")
        assert settings.resolve().planning == "measure"
    assert source("wisdom") == (None, "built in")


def test_a_backend_is_the_argument_before_all_else(environment):
    environment(CONVCORE_BACKEND="fft")
    with convcore.use_backend("naive"):
        assert settings.backend_in_force("im2col")[1:] == ("im2col", "argument")
        assert settings.backend_in_force(None)[1:] == ("naive", "use_backend")
        assert settings.backend_in_force(settings.AUTOMATIC)[1:] == (None, "automatic choice")
    assert settings.backend_in_force(None)[1:] == ("fft", "CONVCORE_BACKEND")
