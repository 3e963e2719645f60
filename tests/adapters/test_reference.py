"""The reference lists what adapters offer, which it cannot import where their libraries are not."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "adapters.md").read_text(encoding="utf-8")
OFFERING = [
    path
    for path in sorted((ROOT / "convcore" / "adapters").glob("**/*.py"))
    if path.name == "__init__.py" or path.parent.name == "adapters"
]


def offered(path):
    """The names in `__all__`."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield from ast.literal_eval(node.value)


@pytest.mark.parametrize("path", [path for path in OFFERING if set(offered(path))], ids=str)
def test_every_name_stands_in_the_row_of_its_module(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{module}` |"))
    assert {name for name in offered(path) if f"`{name}`" not in row} == set()
