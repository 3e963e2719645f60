"""Arguments that do not parse, and how those that do are read."""

from __future__ import annotations

import argparse
import json

import pytest

from convcore.cli import main
from convcore.cli.parsers import names, padding, per_axis, positive, shape, write_json


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("explain 1x1y8 1x1x3", "must be integers such as 8x64x56x56 or 8,64,56,56; got '1x1y8'"),
        ("explain 1x1x8 1x1x3 --padding sane", "integers such as 1,2 or pairs such as 0:1,2:3"),
        ("explain 1x1x8 1x1x3 --padding 1:2:3", "got '1:2:3'"),
        ("demo filters --epochs 0", "must be an integer >= 1; got '0'"),
        ("demo nothing", "invalid choice: 'nothing'"),
    ],
)
def test_arguments_that_do_not_parse(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments.split())
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (shape, "2x3", (2, 3)),
        (shape, "(2,3)", (2, 3)),
        (shape, "-1x0", (-1, 0)),
        (per_axis, "7", 7),
        (per_axis, "7,8", (7, 8)),
        (padding, "full", "full"),
        (padding, "-1", -1),
        (padding, "0:1", ((0, 1),)),
        (padding, "-2:1,3:0", ((-2, 1), (3, 0))),
        (names, " a ,, b ", ["a", "b"]),
        (names, "", []),
        (positive, "1", 1),
    ],
)
def test_arguments_that_parse(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (shape, "2x"),
        (shape, ""),
        (per_axis, "a"),
        (padding, "1:"),
        (positive, "-1"),
        (positive, ""),
    ],
)
def test_readers_say_what_they_take(read, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"must be .*; got {text!r}$"):
        read(text)


def test_json_goes_to_a_file_or_to_stdout(tmp_path, capsys):
    path = tmp_path / "out.json"
    write_json({"a": (1, path)}, path)
    write_json([2])
    assert json.loads(path.read_text()) == {"a": [1, str(path)]}
    assert capsys.readouterr().out == "[\n  2\n]\n"
