"""Who may import whom, read from the source; and what the layout promises."""

import ast
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "convcore"
# From the bottom up: a room imports only from those in an earlier line.
FLOORS = [
    ["errors", "text"],
    ["terminal", "problem"],
    ["contract"],
    ["plugin", "settings"],
    ["registry"],
    ["planning", "scaffold"],
    ["functional", "testing"],
    ["typing", "network", "scipy", "wisdom"],
    ["adapters"],
    ["bench", "demo"],
    ["cli"],
    ["__main__"],
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# Rooms whose modules are doors of their own: an adapter is asked for by its name.
DOORS = {"adapters"}
# Files that people look for at the top, such as that of `import convcore.wisdom`, and the rooms
# that two floors above may be entered by.
MOST_ENTRIES = 23


def imported(path, package):
    """Absolute names of every module that the file imports, at any depth of nesting."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            stem = ".".join([*base, node.module or ""]).strip(".") if node.level else node.module
            yield stem
            yield from (f"{stem}.{alias.name}" for alias in node.names if is_module(stem, alias))


def is_module(package, alias):
    place = ROOT.joinpath(*package.split("."), alias.name)
    return place.with_suffix(".py").exists() or place.is_dir()


def core_files():
    return sorted(CORE.rglob("*.py"))


def room(path):
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def package_of(path):
    return ".".join(path.relative_to(ROOT).parent.parts)


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def core_imports(path):
    """What the file imports from convcore, each as the parts behind that name."""
    for name in imported(path, package_of(path)):
        parts = name.split(".")
        assert not parts[0].startswith("convcore_"), f"{path.name} imports a backend: {name}"
        if parts[0] == "convcore" and len(parts) > 1 and parts[1] in FLOOR:
            yield parts[1:]


@pytest.mark.parametrize("path", core_files(), ids=lambda p: str(p.relative_to(CORE)))
def test_imports_never_point_upward_and_enter_a_room_by_its_door(path):
    home = room(path)
    if home == "__init__":
        return
    assert home in FLOOR, f"{home} has no place on the floors"
    for found, *inside in core_imports(path):
        if found != home:
            assert FLOOR[found] < FLOOR[home], f"{home} imports {found}"
            within = ".".join([found, *inside])
            assert len(inside) <= (found in DOORS), f"{home} imports {within}, not its room"


def inner_graph(folder):
    """For every module of a folder the modules beside it, and below it, that it imports."""
    modules = {module_of(path): path for path in folder.rglob("*.py")}
    return {
        name: {found for found in imported(path, package_of(path)) if found in modules} - {name}
        for name, path in modules.items()
        if path.name != "__init__.py"
    }


def circle(graph):
    """A module that reaches itself, if there is one."""
    while leaves := {name for name, found in graph.items() if not found & graph.keys()}:
        graph = {name: found for name, found in graph.items() if name not in leaves}
    return sorted(graph)


ROOMS = sorted(path for path in CORE.iterdir() if (path / "__init__.py").exists())
ROOMS += sorted(path.parent for path in (ROOT / "backends").glob("*/__init__.py"))


@pytest.mark.parametrize("folder", ROOMS, ids=lambda p: p.name)
def test_no_circle_inside_a_room(folder):
    assert circle(inner_graph(folder)) == []


def test_a_circle_would_be_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


def test_the_core_is_read_from_a_listing():
    entries = [path for path in CORE.iterdir() if path.name != "__pycache__"]
    assert len(entries) <= MOST_ENTRIES
    names = {path.stem for path in entries}
    assert names <= {"__init__", "py", *chain(*FLOORS)}
    assert not names & {"plan", "explain", "options", "backends", "conv"}


BACKENDS = sorted((ROOT / "backends").glob("*/*.py*"))


@pytest.mark.parametrize(
    "path", [p for p in BACKENDS if p.suffix == ".py"], ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_a_backend_sees_the_plugin_face_only(path):
    for name in imported(path, path.parent.name):
        if name == "convcore" or name.startswith("convcore."):
            assert name == "convcore.plugin" or name.startswith("convcore.plugin.")
        if name.startswith("convcore_"):
            assert name.split(".")[0] == path.parent.name


@pytest.mark.parametrize("path", [p for p in BACKENDS if p.suffix == ".pyx"], ids=lambda p: p.name)
def test_compiled_modules_do_so_too(path):
    lines = re.findall(
        r"^\s*(?:from|c?import)\s+(convcore\S*)", path.read_text("utf-8"), re.MULTILINE
    )
    assert {name.rstrip(",") for name in lines} <= {"convcore.plugin"}


def test_the_core_holds_no_compiled_code():
    compiled = [p for p in CORE.rglob("*") if p.suffix in {".pyx", ".c", ".so"}]
    assert not compiled


def test_every_package_is_listed_and_every_extension_has_a_stub():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(config["tool"]["setuptools"]["packages"])
    found = {package_of(p) for p in core_files() if p.name == "__init__.py"}
    found |= {p.parent.name for p in BACKENDS if p.name == "__init__.py"}
    assert listed - {"convcore.scaffold"} == found - {"convcore.scaffold"}
    assert "backends" not in listed
    for source in (p for p in BACKENDS if p.suffix == ".pyx"):
        assert source.with_suffix(".pyi").exists()
