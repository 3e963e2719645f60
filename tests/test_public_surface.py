"""The names and signatures that users, third-party backends and outside tools call: none is lost.

`data/public_surface.txt` is what they can rely on. A new name or a new optional keyword is added to
it by hand; a line that changes or goes is a break that has to be meant.
"""

import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest

import convcore

HERE = Path(__file__).parent
PINNED = (HERE / "data" / "public_surface.txt").read_text("utf-8").splitlines()
MODULES = (
    "convcore",
    "convcore.plugin",
    "convcore.errors",
    "convcore.functional",
    "convcore.testing",
    "convcore.network",
    "convcore.scipy",
    "convcore.typing",
    "convcore.wisdom",
)


def surface():
    """One line for each public function, class, method and constant of the modules."""
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        names = getattr(module, "__all__", None) or [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", None) == module_name and not name.startswith("_")
        ]
        for name in sorted(names):
            yield from described(f"{module_name}.{name}", getattr(module, name))
    yield described_callable("convcore.cli.main", importlib.import_module("convcore.cli").main)


def described(path, value):
    if inspect.isclass(value):
        yield described_callable(path, value, bases(value))
        for name in sorted(own_names(value)):
            yield from described_member(f"{path}.{name}", name, inspect.getattr_static(value, name))
    elif inspect.isfunction(value):
        yield described_callable(path, value)
    elif isinstance(value, tuple):
        yield f"{path} = {value!r}"
    else:
        yield path


def bases(cls):
    """What an exception can be caught as; the bases of other classes are nobody's business."""
    names = [base.__name__ for base in cls.__bases__]
    return f" <- {', '.join(names)}" if issubclass(cls, Exception) else ""


def own_names(cls):
    """Names that convcore defines, in the class or its bases."""
    return {name for base in cls.__mro__ if "convcore" in base.__module__ for name in vars(base)}


def described_member(path, name, member):
    public = not name.startswith("_")
    if public and isinstance(member, classmethod | staticmethod):
        yield described_callable(path, member.__func__)
    elif inspect.isfunction(member) and (public or name in OVERRIDABLE):
        yield described_callable(path, member)
    elif public and not callable(member) and hasattr(type(member), "__get__"):  # a property
        yield path


# What a backend author writes.
OVERRIDABLE = {"_forward", "_grad_input", "_grad_weight", "_prepare"}


def described_callable(path, value, suffix=""):
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:  # an exception has no signature of its own
        return path + suffix
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    signature = re.sub(r"<function (\w+) at \w+>", r"\1", str(inspect.Signature(bare)))
    return f"{path}{signature}{suffix}"


def test_every_pinned_name_and_signature_is_there():
    assert len(PINNED) > 150
    found = set(surface())
    assert [line for line in PINNED if line not in found] == []


def test_every_public_name_is_pinned():
    assert [line for line in surface() if line not in set(PINNED)] == []


ENTRY_POINTS = {
    "naive": "convcore_naive:NaiveConvolution",
    "im2col": "convcore_im2col:Im2colConvolution",
    "fft": "convcore_fft:FFTConvolution",
    "direct": "convcore_native:DirectConvolution",
    "tilefft": "convcore_native:TileFFTConvolution",
    "winograd": "convcore_native:WinogradConvolution",
    "lines": "convcore_lines:LinesConvolution",
    "torch": "convcore_torch:TorchConvolution",
}


def test_the_entry_points_and_the_command_keep_their_values():
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"] == {"convcore.backends": ENTRY_POINTS}
    assert project["scripts"] == {"convcore": "convcore.cli:main"}


VARIABLES = {
    "CONVCORE_BACKEND": "fft",
    "CONVCORE_BLOCK": "naive",
    "CONVCORE_ACCURACY": "strict",
    "CONVCORE_NUM_THREADS": "3",
    "CONVCORE_PLANNING": "measure",
    "CONVCORE_WISDOM": "ro",
}


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_of_the_environment_is_read(environment, variable):
    environment(**{variable: VARIABLES[variable]})
    assert variable in [entry.source for entry in convcore.settings.provenance()]


def test_dir_shows_the_public_names():
    assert set(dir(convcore)) == set(convcore.__all__)
    for name in dir(convcore):
        assert getattr(convcore, name) is not None
