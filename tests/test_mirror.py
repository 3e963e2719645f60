"""The tests mirror the source, file by file, and none is too long to be read."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Modules without a test file of their name: the adapters of libraries that are seldom installed,
# which tests/bench/peers/test_interface.py holds to one promise.
MOST_WITHOUT = 8
MOST_LINES = 500


def place_of(module):
    """Where the tests of a module are: convcore/x/y.py -> tests/x/test_y.py."""
    inner = module.relative_to(ROOT / "convcore")
    return ROOT / "tests" / inner.parent / f"test_{inner.stem.strip('_')}.py"


def modules():
    return [path for path in (ROOT / "convcore").rglob("*.py") if path.name != "__init__.py"]


def test_nearly_every_module_has_a_test_file_of_its_name():
    without = [str(path.relative_to(ROOT)) for path in modules() if not place_of(path).exists()]
    assert len(without) <= MOST_WITHOUT, sorted(without)


def written():
    return sorted((ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("path", written(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_file_is_longer_than_can_be_read(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES


def test_every_test_file_has_a_test():
    for path in written():
        if path.name.startswith("test_"):
            assert "def test_" in path.read_text(encoding="utf-8"), path
