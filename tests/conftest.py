"""What test files share: an isolated registry, fake distributions, fresh processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fakes import Distribution, backend_class
from hypothesis import settings as examples

import convcore
from convcore import registry
from convcore.planning import wisdom

# What a shell sets for its own calls does not decide what the tests compute. The cap of the
# instruction set does not either, and stays, so that all tests can be run under each.
for variable in [name for name in os.environ if name.startswith("CONVCORE_")]:
    if variable != "CONVCORE_MAX_ISA":
        del os.environ[variable]
# Nor does what was measured on this machine, and no test adds to it.
os.environ["CONVCORE_WISDOM"] = "off"

# Examples are derived from the test alone: a failure is one for everybody, every time.
examples.register_profile("same for all", deadline=None, derandomize=True, database=None)
examples.load_profile("same for all")

# Where PyTorch is installed: its idle threads would spin, and be twenty times slower, wherever
# something else keeps the processors busy. Read when its OpenMP library is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@pytest.fixture
def isolated():
    """No default or registered class inside the test, and none left by it."""
    with registry.isolated():
        yield


@pytest.fixture
def environment(monkeypatch, isolated):
    """A function that sets environment variables and has convcore read them again."""

    def change(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        convcore.refresh_backends()

    yield change
    monkeypatch.undo()


@pytest.fixture
def nothing_known():
    """No choice that an earlier test has measured, and none left by this one."""
    wisdom._wisdom.cache_clear()
    yield
    wisdom._wisdom.cache_clear()


@pytest.fixture
def wisdom_file(tmp_path, environment, nothing_known):
    """A file of wisdom for one test, which does not exist yet."""
    path = tmp_path / "wisdom.jsonl"
    environment(CONVCORE_WISDOM=str(path))
    return path


@pytest.fixture
def fake_distribution(tmp_path, monkeypatch, isolated):
    """A function that installs a distribution for the length of one test.

    `points` are its entry points, `modules` the sources of its modules, `folder` the name of the
    folder of `tmp_path` that it goes to, which is put first on sys.path.
    """
    monkeypatch.setattr(sys, "path", list(sys.path))

    def install(name, points, modules=None, *, version="1.0", folder="site", kind="dist-info"):
        site = tmp_path / folder
        written = Distribution.write(site, name, points, modules or {}, version, kind)
        if str(site) not in sys.path:
            sys.path.insert(0, str(site))
        convcore.refresh_backends()
        return written

    yield install
    for name in [name for name, module in sys.modules.items() if _below(module, tmp_path)]:
        del sys.modules[name]


def _below(module, folder):
    return str(folder) in str(getattr(module, "__file__", None) or "")


@pytest.fixture
def register(isolated):
    """A function that registers a fake backend."""

    def register(name, **answers):
        backend = backend_class(name, **answers)
        convcore.register_backend(backend)
        return backend

    return register


@pytest.fixture
def registered(isolated):
    """A function that registers a backend for one test."""
    return convcore.register_backend


@pytest.fixture
def numbered(register):
    """Names of backends that fill results with their number."""
    for number in range(8):
        register(f"b{number}", value=number, automatic=False)
    return [f"b{number}" for number in range(8)]


@pytest.fixture
def python(tmp_path):
    """A function that runs code in a fresh interpreter and returns what that printed."""

    def run(code, *folders, options=(), timeout=60, **variables):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CONVCORE_")}
        path = os.pathsep.join([*map(str, folders), *filter(None, [inherited.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, *options, "-c", code],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=inherited | {"PYTHONPATH": path} | variables,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
