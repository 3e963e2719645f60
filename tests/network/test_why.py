"""The page that explains the backward pass: short, complete, and true."""

import doctest
from pathlib import Path

import convcore.network

PAGE = Path(convcore.network.__file__).with_name("WHY.md")


def test_every_snippet_runs():
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.failed == 0
    assert found.attempted >= 40


def test_page_is_short():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 200


def test_each_part_has_its_own_snippets():
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert [part.split("\n")[0] for part in parts] == [
        "1. One dimension",
        "2. Two dimensions",
        "3. In general",
    ]
    assert all(part.count(">>> ") >= 5 for part in parts)
