"""Loading backends: what can go wrong with a plugin, and that it stays with that plugin."""

from __future__ import annotations

import importlib
import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fakes import backend_source

import convcore
from convcore import registry

pytestmark = pytest.mark.usefixtures("isolated")

POINTS = {"cracked": "cracked_plugin:Fake"}
METACLASS = """
class Meta(type):
    def __init__(cls, *arguments):
        raise TypeError("no such base")

class Fake(metaclass=Meta):
    pass
"""
BROKEN = {
    "ImportError": "raise ImportError('libfast.so: cannot open shared object file')",
    "OSError": "import ctypes; ctypes.CDLL('libfast-that-is-not-there.so')",
    "SystemExit": "import sys; sys.exit('no device')",
    "SyntaxError": "def (",
    "ZeroDivisionError": "1 / 0",
    "TypeError": METACLASS,
    "ModuleNotFoundError": "import cracked_plugin.part",
    "ModuleNotFoundError ": "import convcore.removed_module",
}


def record(name):
    return next(found for found in registry.records() if found.name == name)


def conv(backend=None, extent=5):
    return convcore.conv(np.ones((1, 1, extent)), np.ones((1, 1, 3)), backend=backend)


@pytest.fixture
def cracked(fake_distribution):
    """A function that installs the backend 'cracked' from the source of its module."""

    def install(source, value="cracked_plugin:Fake"):
        return fake_distribution("cracked-lib", {"cracked": value}, {"cracked_plugin": source})

    return install


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_warned_of_once_and_hurts_nobody(cracked, kind):
    cracked(BROKEN[kind])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for extent in (5, 6, 7):
            assert (conv(extent=extent) == 3).all()
        convcore.backends()
        convcore.explain((1, 1, 5), (1, 1, 3))
    assert [entry.category for entry in seen] == [RuntimeWarning]
    assert "backend 'cracked' of cracked-lib (cracked_plugin:Fake) is broken: " in str(
        seen[0].message
    )
    found = record("cracked")
    assert (found.state, type(found.error).__name__) == ("broken", kind.strip())
    assert "cracked_plugin" in "".join(traceback.format_exception(found.error))


@pytest.mark.parametrize("kind", BROKEN)
def test_by_name_it_raises_the_same_clear_error_each_time(cracked, kind):
    cracked(BROKEN[kind])
    with pytest.warns(RuntimeWarning, match="broken"):
        convcore.backends()
    said = []
    for attempt in (conv, convcore.get_backend, convcore.use_backend, conv):
        with pytest.raises(convcore.BackendLoadError) as caught, attempt("cracked"):
            conv()
        said.append(str(caught.value))
        assert type(caught.value.__cause__).__name__ == kind.strip()
    assert len(set(said)) == 1
    assert said[0].startswith("backend 'cracked' of cracked-lib (cracked_plugin:Fake) is broken: ")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
def test_what_is_no_error_of_the_plugin_passes(cracked, kind):
    written = cracked(f"raise {kind.__name__}")
    with pytest.raises(kind):
        convcore.backends()
    assert record("cracked").state == "unloaded"
    (written.site / "cracked_plugin.py").write_text(backend_source("cracked"))
    importlib.invalidate_caches()
    assert conv("cracked").flat[0] == 7


WRONG = {
    "cracked_plugin": "must be a Convolution subclass; got <module",
    "cracked_plugin:instance": "must be a Convolution subclass; got 7",
    "cracked_plugin:Old": "must be a Convolution subclass; got <class 'cracked_plugin.Old'>",
    "cracked_plugin:Abstract": "must implement _grad_input, _grad_weight; got the abstract",
    "cracked_plugin:Nameless": "must have a name; got Nameless without one",
    "cracked_plugin:Silent": "must have a declaration; got Silent without one",
    "cracked_plugin:Absent": "has no attribute 'Absent'",
    "nowhere_plugin:Fake": "No module named 'nowhere_plugin'",
    ":Fake": "Empty module name",
}
WRONG_SOURCE = """
from convcore.plugin import Convolution, Declaration

instance = 7

class Old:
    def forward(self, input, weights): ...

class Abstract(Convolution):
    name = "abstract"
    declaration = Declaration(dtypes=("float64",))

    def _forward(self, input, weight, output): ...

class Nameless(Abstract):
    _grad_input = _grad_weight = Abstract._forward
    name = None

class Silent(Nameless):
    name = "silent"
    declaration = None
"""


@pytest.mark.parametrize("value", WRONG)
def test_the_wrong_thing_behind_an_entry_point(cracked, value):
    cracked(WRONG_SOURCE, value)
    with (
        pytest.warns(RuntimeWarning, match="'cracked' of cracked-lib"),
        pytest.raises(convcore.BackendLoadError) as caught,
    ):
        convcore.get_backend("cracked")
    assert "cracked-lib" in str(caught.value)
    assert WRONG[value] in str(caught.value)


COUNTING = """
import builtins
builtins.executions = getattr(builtins, "executions", 0) + 1
"""


@pytest.fixture
def executions(monkeypatch):
    """A function that tells how often the module of COUNTING has been executed."""
    import builtins

    monkeypatch.setattr(builtins, "executions", 0, raising=False)
    return lambda: builtins.executions


@pytest.mark.parametrize("outcome", ["available", "broken"])
def test_a_module_is_executed_once_whatever_comes_of_it(cracked, executions, outcome):
    cracked(COUNTING + (backend_source("cracked") if outcome == "available" else "1 / 0"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for extent in (5, 6, 7):
            conv(extent=extent)
            convcore.backends()
    assert (executions(), record("cracked").state) == (1, outcome)


def test_refresh_heals(cracked):
    written = cracked("1 / 0")
    with pytest.warns(RuntimeWarning, match="broken"):
        conv()
    (written.site / "cracked_plugin.py").write_text(backend_source("cracked"))
    with pytest.raises(convcore.BackendLoadError):
        conv("cracked")
    convcore.refresh_backends()
    assert conv("cracked").flat[0] == 7


UNAVAILABLE = {
    "a missing package": (
        "import package_that_is_not_there",
        "No module named 'package_that_is_not_there'",
    ),
    "its own word": (
        "from convcore.plugin import BackendLoadError\n"
        "raise BackendLoadError('cracked: needs a GPU; got none')",
        "cracked: needs a GPU; got none",
    ),
}


@pytest.mark.parametrize("case", UNAVAILABLE)
def test_what_it_needs_is_not_installed(cracked, case):
    source, reason = UNAVAILABLE[case]
    cracked(source)
    assert (conv() == 3).all()
    assert record("cracked").state == "unavailable"
    with pytest.raises(convcore.BackendLoadError, match=reason) as caught:
        conv("cracked")
    assert reason in str(caught.value.__cause__)
    row = next(r for r in convcore.explain((1, 1, 5), (1, 1, 3)).rows if r.name == "cracked")
    assert (row.status, row.code) == ("unavailable", "UNAVAILABLE")
    assert reason in row.text


CIRCULAR = """
import numpy as np
import convcore

ran = convcore.conv(np.ones((1, 1, 5)), np.ones((1, 1, 3)))
states = {found.name: found.state for found in convcore.backends()}
"""


def test_a_plugin_that_uses_convcore_while_it_is_imported(cracked):
    cracked(CIRCULAR + backend_source("cracked"))
    assert conv("cracked").flat[0] == 7
    module = sys.modules["cracked_plugin"]
    assert (module.ran == 3).all()
    assert module.states["cracked"] == "loading"
    assert module.states["naive"] == "available"


SLOW = "import time; time.sleep(0.2)\n"


def test_sixteen_threads_at_the_first_use(cracked, executions, monkeypatch):
    cracked(COUNTING + SLOW + backend_source("cracked"))
    scans = []
    scan = registry.entry_points.scan
    monkeypatch.setattr(registry.entry_points, "scan", lambda: scans.append(1) or scan())
    with ThreadPoolExecutor(16) as pool:
        classes = set(pool.map(convcore.get_backend, ["cracked"] * 16))
        values = {result.flat[0] for result in pool.map(conv, ["cracked"] * 16)}
    assert (len(classes), values, executions(), len(scans)) == (1, {7.0}, 1, 1)


CROSSED = """
import threading
import convcore

threads = [
    threading.Thread(target=convcore.get_backend, args=(name,)) for name in ("left", "right")
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print([found.state for found in convcore.backends() if found.name in ("left", "right")])
"""


def test_two_plugins_that_use_each_other_are_loaded_from_two_threads(fake_distribution, python):
    for name in ("left", "right"):
        source = SLOW + CIRCULAR + backend_source(name)
        written = fake_distribution(name, {name: f"{name}_plugin:Fake"}, {f"{name}_plugin": source})
    assert python(CROSSED, written.site, timeout=20) == "['available', 'available']\n"
