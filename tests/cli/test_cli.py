"""The command line: what it prints, as tables and as JSON, and how it ends."""

from __future__ import annotations

import pytest

import convcore
from convcore.cli import main

COMMANDS = ("info", "explain", "check", "demo", "run")


def test_no_command_prints_the_help(capsys):
    assert main([]) == 2
    assert "convcore explain" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0
    assert f"examples:\n  convcore {command}" in out


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"convcore {convcore.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "explain 1x4x8x8 8x3x3x3",
            "weight: second extent must be C / groups = 4 / 1 = 4; got 3 in shape (8, 3, 3, 3)",
        ),
        ("explain 1x1x8 1x1x3 --stride 0", "stride: every entry must be >= 1; got (0,)"),
        ("explain 1x1x8 1x1x3 --backend nave", "unknown name 'nave'"),
        ("explain 1x1x8 1x1x3 --dtype bool", "got bool"),
        ("check nave", "unknown name 'nave'"),
        ("check naive --checks all", "got 'all'"),
        ("check naive --checks error_bounds", "got 'error_bounds'; did you mean 'error_bound'?"),
        ("demo --backend nave", "unknown name 'nave'"),
    ],
)
def test_error_is_one_line_on_stderr(arguments, message, capsys):
    assert main(arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.startswith(f"convcore {arguments.split()[0]}: ")
    assert err.count("\n") == 1


def test_interruption_leaves_no_traceback(monkeypatch):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("convcore.cli.info.run", interrupt)
    assert main(["info"]) == 130
