"""Finding backends: scanning, duplicates and conflicts, names, blocking, and looking again."""

from __future__ import annotations

import re

import numpy as np
import pytest
from fakes import backend_class, backend_source

import convcore
from convcore import registry

pytestmark = pytest.mark.usefixtures("isolated")


def names():
    return {record.name for record in registry.records()}


def record(name):
    return next(found for found in convcore.backends() if found.name == name)


def ran(backend, extent=5, **options):
    """The value that fills the results of the fake backend that runs."""
    result = convcore.conv(np.ones((1, 1, extent)), np.ones((1, 1, 3)), backend=backend, **options)
    return result.flat[0]


def test_a_third_party_backend_is_found_loaded_and_run(fake_distribution):
    fake_distribution("Some_Dist", {"fake": "fake_plugin:Fake"}, {"fake_plugin": BACKEND})
    found = next(found for found in registry.records() if found.name == "fake")
    assert (found.state, found.declaration) == ("unloaded", None)
    assert ran("fake") == 7
    assert (found.distribution, found.version) == ("some-dist", "1.0")
    assert (found.state, found.error) == ("available", None)
    assert found.declaration.dtypes == ("float32", "float64")
    assert "fake" in repr(found)
    assert convcore.get_backend("some-dist:fake") is convcore.get_backend("fake")


BACKEND = backend_source("fake")
POINTS = {"fake": "fake_plugin:Fake"}


def test_a_conflict_leaves_both_reachable_by_their_full_names(fake_distribution):
    for number, name in enumerate(("beta", "alpha"), start=1):
        source = backend_source("twin", value=number)
        fake_distribution(name, {"twin": f"{name}_plugin:Fake"}, {f"{name}_plugin": source})
    with pytest.warns(RuntimeWarning, match="claimed by alpha 1.0 .* and beta 1.0 .*'beta:twin'"):
        found = names()
    assert {"alpha:twin", "beta:twin"} <= found
    assert "twin" not in found
    assert (ran("alpha:twin"), ran("beta:twin")) == (2, 1)
    with pytest.raises(convcore.UnknownBackendError, match="'alpha:twin', 'beta:twin'"):
        convcore.get_backend("twin")


def test_built_in_backends_cannot_be_shadowed(fake_distribution):
    fake_distribution("evil", {"naive": "evil_plugin:Fake"}, {"evil_plugin": BACKEND})
    with pytest.warns(RuntimeWarning, match="backend name 'naive' is claimed by convcore"):
        assert convcore.get_backend("naive").__module__ == "convcore_naive"
    assert record("naive").distribution == "convcore"
    assert ran("evil:naive") == 7
    assert convcore.get_backend("convcore:naive") is convcore.get_backend("naive")


ORDER = """
import sys, warnings
warnings.simplefilter("ignore")
import convcore
for found in convcore.backends():
    print(found.name, found.distribution, found.version, found.target, found.state)
"""


def test_the_winner_does_not_depend_on_hashes_or_the_path(fake_distribution, python, tmp_path):
    twin = backend_source("twin")
    for name in ("alpha", "beta"):
        points = {"twin": f"{name}_plugin:Fake", "shared": "shared_plugin:Fake"}
        modules = {f"{name}_plugin": twin, "shared_plugin": backend_source("shared")}
        fake_distribution(name, points, modules, folder=name)
    folders = [tmp_path / "alpha", tmp_path / "beta"]
    seen = {
        python(ORDER, *order, PYTHONHASHSEED=seed)
        for order in (folders, folders[::-1])
        for seed in ("0", "1", "77")
    }
    assert len(seen) == 1
    assert "shared alpha 1.0 shared_plugin:Fake available" in seen.pop()


def test_an_unknown_name_says_what_is_installed_and_what_is_near():
    with pytest.raises(
        convcore.UnknownBackendError,
        match=r"backend: unknown name 'naiv'; installed: .*fft.*; did you mean 'naive'\?",
    ):
        convcore.get_backend("naiv")
    assert issubclass(convcore.UnknownBackendError, LookupError)


class TestRegisterBackend:
    def test_a_class(self):
        backend = backend_class("mine", value=3)
        convcore.register_backend(backend)
        assert convcore.get_backend("mine") is backend
        assert (record("mine").distribution, record("mine").state) == (None, "available")
        assert ran("mine") == 3

    def test_under_another_name(self):
        convcore.register_backend(backend_class("mine"), "yours")
        assert convcore.plan((1, 1, 5), (1, 1, 3), backend="yours").name == "mine"
        assert "mine" not in names()

    def test_a_string_is_imported_at_first_use(self, fake_distribution):
        fake_distribution("plain", {}, {"fake_plugin": BACKEND})
        convcore.register_backend("fake_plugin:Fake", "late")
        assert next(r for r in registry.records() if r.name == "late").state == "unloaded"
        assert ran("late") == 7

    def test_a_string_needs_a_name(self):
        with pytest.raises(convcore.ConvcoreError, match="name: must be given with a string"):
            convcore.register_backend("module:Class")

    def test_again_replaces_it_for_calls_that_were_made_before(self):
        for value in (1, 2):
            convcore.register_backend(backend_class("mine", value=value))
            assert ran("mine") == value

    def test_an_installed_name_is_taken(self):
        rule = re.escape("name: must not be that of an installed backend; got 'fft' (convcore)")
        with pytest.raises(convcore.ConvcoreError, match=rule):
            convcore.register_backend(backend_class("fft"))

    @pytest.mark.parametrize(
        ("target", "rule"),
        [
            (dict, "must be a Convolution subclass; got <class 'dict'>"),
            (convcore.Convolution, "must implement _forward, _grad_input, _grad_weight"),
            (7, "must be a Convolution subclass; got 7"),
        ],
    )
    def test_what_is_no_backend_is_refused_at_once(self, target, rule):
        with pytest.raises(convcore.OptionError, match=rule):
            convcore.register_backend(target)

    def test_it_survives_a_refresh(self):
        convcore.register_backend(backend_class("mine"))
        convcore.refresh_backends()
        assert ran("mine") == 7


class TestBlocking:
    def test_exact_names_only(self, environment):
        convcore.register_backend(backend_class("naive2"))
        environment(CONVCORE_BLOCK=" naive , im2col")
        states = {found.name: found.state for found in convcore.backends()}
        assert (states["naive"], states["im2col"]) == ("blocked", "blocked")
        assert (states["naive2"], states["fft"]) == ("available", "available")

    def test_a_blocked_backend_is_never_loaded(self, environment, fake_distribution):
        fake_distribution("plugin", POINTS, {"fake_plugin": "raise AssertionError"})
        environment(CONVCORE_BLOCK="fake")
        convcore.backends()
        ran(None)
        with pytest.raises(convcore.UnsupportedError, match="'fake' is blocked by CONVCORE_BLOCK"):
            convcore.get_backend("fake")
        with pytest.raises(
            convcore.UnsupportedError, match=r"'fake' .*: blocked by CONVCORE_BLOCK"
        ):
            ran("fake")

    def test_an_unknown_name_is_warned_of_once(self, environment):
        environment(CONVCORE_BLOCK="ff,naive")
        with pytest.warns(RuntimeWarning, match="CONVCORE_BLOCK: unknown name 'ff'.*mean 'fft'"):
            names()
        assert record("naive").state == "blocked"


@pytest.mark.parametrize("target", [dict, 7, convcore.Convolution])
def test_what_is_no_backend_is_refused_under_a_name_too(target):
    with pytest.raises(convcore.OptionError, match=r"^backend: must "):
        convcore.register_backend(target, "x")
    assert "x" not in names()


@pytest.mark.parametrize("name", [5, "", b"mine"])
@pytest.mark.parametrize("target", [backend_class("mine"), "module:Class"])
def test_a_name_has_to_be_a_string(target, name):
    rule = re.escape(f"name: must be a string that is not empty; got {name!r}")
    with pytest.raises(convcore.ConvcoreError, match=f"^{rule}$"):
        convcore.register_backend(target, name)
    assert ran(None) == 3
