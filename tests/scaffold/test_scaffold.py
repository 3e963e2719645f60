"""`convcore new-backend`: what it writes, and that this installs, works, passes and goes again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from fakes import backend_class

import convcore
from convcore import scaffold
from convcore.cli import main

# What the rest of the kit takes longer for, the doors share.
BRIEF = ("declaration", "refusal", "exact_integers", "adjoint_identity")


def setuptools_reason():
    """Why a distribution cannot be built here without the network, or an empty string."""
    try:
        version = metadata.version("setuptools")
    except metadata.PackageNotFoundError:
        return "setuptools is not installed (it is part of the extra 'test')"
    recent = tuple(map(int, version.split(".")[:2])) >= (70, 1)
    return "" if recent else f"setuptools {version} needs the package wheel to build; 70.1 does not"


class Environment:
    """A virtual environment that sees what is installed here, and what is installed into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
        scripts = "Scripts" if os.name == "nt" else "bin"
        self.executable = str(folder / "venv" / scripts / "python")
        site = self.python("import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        # Added as sites, so that the .pth files in them count too: an editable install is one.
        here = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
        lines = [f"import site; site.addsitedir({path!r})" for path in here]
        Path(site, "outer.pth").write_text("\n".join(lines))

    def python(self, code):
        return self._run(self.executable, "-c", code)

    def module(self, name, *arguments):
        return self._run(self.executable, "-m", name, *arguments)

    def pip(self, *arguments):
        target = ("--python", self.executable, "--disable-pip-version-check", "--no-input")
        return self._run(sys.executable, "-m", "pip", *target, *arguments)

    def install(self, path):
        offline = ("--no-index", "--no-build-isolation", "--no-deps")
        return self.pip("install", "--quiet", *offline, path)

    def backends(self):
        code = """
import json, convcore
print(json.dumps({r.name: [r.distribution, r.version, r.state] for r in convcore.backends()}))
"""
        return json.loads(self.python(code))

    def _run(self, *command):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("CONVCORE_", "PIP_"))}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=inherited | {"CFLAGS": "-O0"},  # what is compiled here runs for a moment only
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """An environment next to this one."""
    if reason := setuptools_reason():
        pytest.skip(reason)
    return Environment(tmp_path_factory.mktemp("outside"))


@pytest.fixture(scope="module")
def installed(outside):
    """That environment with the scaffold 'throwaway' written and installed by its commands."""
    outside.module("convcore", "new-backend", "throwaway")
    outside.install("./throwaway")
    return outside


@pytest.fixture
def uninstalled(installed):
    """That environment after an uninstall, for the length of one test."""
    installed.pip("uninstall", "--quiet", "--yes", "convcore-throwaway")
    yield installed
    installed.install("./throwaway")


def test_it_is_listed(installed):
    found = installed.backends()
    assert found["throwaway"] == ["convcore-throwaway", "0.1.0", "available"]
    assert found["naive"][0] == "convcore"


def test_it_is_picked_by_name(installed):
    code = """
import numpy as np, convcore
x, w = np.arange(12.0).reshape(1, 2, 6), np.ones((1, 2, 3))
plan = convcore.plan(x.shape, w.shape, dtype="float64", backend="throwaway")
print(type(plan).__module__, plan.forward(x, w).tolist())
print((convcore.conv(x, w, backend="throwaway") == convcore.conv(x, w, backend="naive")).all())
"""
    assert installed.python(code) == ("convcore_throwaway [[[24.0, 30.0, 36.0, 42.0]]]\nTrue\n")


def test_the_first_door(installed):
    code = f"""
from convcore.testing import check_backend
report = check_backend("throwaway", profile="quick", checks={BRIEF})
print(report.ok, len(report.passed), len(report.expected_failures))
"""
    assert installed.python(code) == f"True {len(BRIEF)} 0\n"


def test_the_pytest_door(installed):
    wanted = " or ".join(f"throwaway-{name}]" for name in BRIEF)
    tests = str(installed.folder / "throwaway" / "tests")
    printed = installed.module("pytest", tests, "-q", "-p", "no:cacheprovider", "-k", wanted)
    assert re.search(rf"^{len(BRIEF)} passed, \d+ deselected", printed, re.MULTILINE)


def test_the_command_line_door_runs_the_whole_kit(installed):
    report = installed.folder / "report.json"
    printed = installed.module("convcore", "check", "throwaway", "--json", str(report))
    assert "throwaway" in printed
    found = json.loads(report.read_text())
    assert found["ok"] is True
    assert {check["status"] for check in found["results"]} <= {"passed", "refused"}


def test_the_benchmarks_run(installed):
    code = """
from asv_bench.benchmarks import Operations
from itertools import product
import sys
for parameters in product(*Operations.params):
    timed = Operations()
    timed.setup(*parameters)
    timed.time_call(*parameters)
print(len(list(product(*Operations.params))))
"""
    inside = f"import sys; sys.path.insert(0, {str(installed.folder / 'throwaway')!r})\n"
    assert installed.python(inside + code) == "27\n"


def test_it_goes_again(uninstalled):
    assert "throwaway" not in uninstalled.backends()
    code = "import convcore\ntry: convcore.get_backend('throwaway')\nexcept LookupError: print(1)"
    assert uninstalled.python(code) == "1\n"


def test_the_cython_scaffold_compiles_and_passes(outside):
    pytest.importorskip("Cython")
    outside.module("convcore", "new-backend", "compiled", "--language", "cython")
    try:
        outside.install("./compiled")
    except AssertionError as error:
        if "compiler" in str(error) and os.name == "nt":
            pytest.skip("there is no C compiler here")
        raise
    assert outside.backends()["compiled"] == ["convcore-compiled", "0.1.0", "available"]
    code = f"""
from convcore.testing import check_backend
report = check_backend("compiled", profile="quick", checks={(*BRIEF, "nonfinite")})
print(report if not report.ok else "ok")
"""
    assert outside.python(code) == "ok\n"


def test_the_commands_of_its_readme_for_asv(tmp_path, monkeypatch):
    pytest.importorskip("asv")
    scaffold.write("timed", parent=tmp_path)
    readme = (tmp_path / "timed" / "README.md").read_text(encoding="utf-8")
    move, once, run = re.findall(r"`((?:cd|asv) [^`]*)`", readme)
    assert (move, run.split()[:2]) == ("cd asv_bench", ["asv", "run"])
    monkeypatch.chdir(tmp_path / "timed" / move.removeprefix("cd "))
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = subprocess.run(
        [sys.executable, "-m", *once.split()], capture_output=True, text=True, timeout=60
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr


@pytest.mark.parametrize("language", scaffold.LANGUAGES)
def test_what_is_written(tmp_path, language, capsys):
    assert main(["new-backend", "two_words", "--language", language, "--into", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    written = [path for path in (tmp_path / "two_words").rglob("*") if path.is_file()]
    assert {str(path) for path in written} < set(printed.splitlines())
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "$" not in text
        assert text.endswith("\n")
        if path.suffix == ".py":
            compile(text, path, "exec")
            assert max(map(len, text.splitlines())) <= 100
    edited = tmp_path / "two_words" / "src" / "convcore_two_words" / "__init__.py"
    assert len(edited.read_text().splitlines()) <= 100
    assert "class TwoWordsConvolution(Convolution):" in edited.read_text()
    entry = 'two_words = "convcore_two_words:TwoWordsConvolution"'
    assert entry in (tmp_path / "two_words" / "pyproject.toml").read_text()


def test_it_never_overwrites(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("work")
    with pytest.raises(convcore.ConvcoreError, match="must be that of no existing file"):
        scaffold.write("mine", parent=tmp_path)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["precious"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Fast-1", "; write 'fast_1'"),
        ("fast__er", "; write 'fast_er'"),
        ("../evil", "; write 'evil'"),
        ("1d", "; write 'd'"),
        ("a b", "; write 'a_b'"),
        ("", ""),
        ("ß", ""),
    ],
)
def test_a_name_that_does_not_fit(tmp_path, name, hint):
    rule = f"name: must be lower-case letters.*got {re.escape(repr(name))}{re.escape(hint)}$"
    with pytest.raises(convcore.ConvcoreError, match=rule):
        scaffold.write(name, parent=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken(tmp_path, isolated, capsys):
    convcore.register_backend(backend_class("mine"))
    for name, owner in (("naive", "convcore"), ("mine", "this process")):
        assert main(["new-backend", name, "--into", str(tmp_path)]) == 2
        said = f"must be that of no known backend; got '{name}', which {owner} has"
        assert said in capsys.readouterr().err


def test_a_package_that_exists(tmp_path, isolated, fake_distribution):
    fake_distribution("other", {}, {"convcore_other": ""})
    with pytest.raises(convcore.ConvcoreError, match="package convcore_other must not exist yet"):
        scaffold.write("other", parent=tmp_path)


@pytest.mark.parametrize("language", scaffold.LANGUAGES)
def test_the_readme_speaks_of_loops_where_there_are_any(language, tmp_path):
    scaffold.write("spoken", language, tmp_path)
    text = (tmp_path / "spoken" / "README.md").read_text(encoding="utf-8")
    assert ("_loops.pyx" in text) == (language == "cython")
