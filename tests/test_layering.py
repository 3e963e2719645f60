"""Who may import whom, read from the source; and what the layout promises."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the bottom up: a module imports only what stands in an earlier line, or earlier in its own.
LAYERS = [
    ["errors"],
    ["parsing"],
    ["validity"],
    ["geometry"],
    ["arrays", "declaration", "tables"],
    ["planned", "prepared"],
    ["convolution"],
    ["plugin"],
    ["settings", "discovery"],
    ["record"],
    ["registry"],
    ["candidate"],
    ["selection"],
    ["planning", "boundary", "transposition", "widening"],
    ["binding"],
    ["gradients"],
    ["functional"],
    ["network", "testing"],
    ["scaffold", "demo", "bench"],
    ["commands"],
    ["cli"],
    ["__main__"],
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def imported(path, package):
    """Absolute names of every module that the file imports, at any depth of nesting."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            stem = ".".join([*base, node.module or ""]).strip(".") if node.level else node.module
            yield stem
            if node.module is None or stem == "convcore":
                yield from (f"{stem}.{alias.name}" for alias in node.names)


def core_files():
    return sorted((ROOT / "convcore").rglob("*.py"))


def room(path):
    return path.relative_to(ROOT / "convcore").parts[0].removesuffix(".py")


def package_of(path):
    return ".".join(path.relative_to(ROOT).parent.parts)


@pytest.mark.parametrize("path", core_files(), ids=lambda p: str(p.relative_to(ROOT / "convcore")))
def test_imports_never_point_upward(path):
    own = room(path)
    if own == "__init__":
        return
    assert own in LEVEL, f"{own} has no place in the layers"
    for name in imported(path, package_of(path)):
        parts = name.split(".")
        assert not parts[0].startswith("convcore_"), f"{path.name} imports a backend: {name}"
        if parts[0] == "convcore" and len(parts) > 1 and parts[1] in LEVEL:
            assert parts[1] == own or LEVEL[parts[1]] < LEVEL[own], f"{own} imports {parts[1]}"


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
    compiled = [p for p in (ROOT / "convcore").rglob("*") if p.suffix in {".pyx", ".c", ".so"}]
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
