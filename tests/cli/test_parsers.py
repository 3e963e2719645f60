"""Arguments that do not parse, and how those that do are read."""

from __future__ import annotations

import pytest

from convcore.cli import main


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
