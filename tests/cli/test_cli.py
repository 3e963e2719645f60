"""The command line: what it prints, as tables and as JSON, and how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import convcore
from convcore import terminal as tables
from convcore.cli import main
from convcore.plugin import Convolution, Declaration

ROOT = Path(__file__).parents[2]
COMMANDS = ("info", "explain", "check", "demo")


class Refuser(Convolution):
    """A backend that handles no dtype at all, and so refuses everything."""

    name = "refuser"
    declaration = Declaration(dtypes=())

    def _forward(self, input, weight, output):
        raise AssertionError

    _grad_input = _grad_weight = _forward


@pytest.fixture
def registered(isolated):
    """A function that registers a backend for one test."""
    return convcore.register_backend


def run(*argv, cwd=None, **environment):
    """`python -m convcore` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "convcore", *argv],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
        timeout=60,
    )


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


def test_info_as_json(capsys):
    assert main(["info", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["versions"]["convcore"] == convcore.__version__
    assert found["versions"]["NumPy"] == np.__version__
    states = {backend["name"]: backend["state"] for backend in found["backends"]}
    assert states == {record.name: record.state for record in convcore.backends()}
    assert {"naive", "im2col", "fft"} <= states.keys()


def test_info_as_tables_has_no_escape_codes(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "naive" in out
    assert "accuracy" in out


@pytest.mark.filterwarnings("default")
def test_info_shows_a_broken_backend(registered, capsys):
    registered("json:NoSuchBackend", name="cracked")
    assert main(["info"]) == 0
    out, err = capsys.readouterr()
    assert "AttributeError: module 'json' has no attribute 'NoSuchBackend'" in out
    assert "Traceback (most recent call last)" in out
    assert "convcore: warning: backend 'cracked'" in err
    assert "record.py" not in err


@pytest.mark.parametrize("where", ["checkout", "elsewhere"])
def test_module_runs_from_any_directory(where, tmp_path):
    done = run(
        "info",
        "--json",
        cwd=ROOT if where == "checkout" else tmp_path,
        CONVCORE_NUM_THREADS="1",
        CONVCORE_BACKEND="im2col",
        CONVCORE_BLOCK="fft",
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    options = {entry["option"]: (entry["value"], entry["source"]) for entry in found["options"]}
    assert options["threads"] == (1, "CONVCORE_NUM_THREADS")
    assert options["backend"] == ("im2col", "CONVCORE_BACKEND")
    states = {backend["name"]: backend["state"] for backend in found["backends"]}
    assert states["fft"] == "blocked"
    assert states["naive"] == "available"


def test_error_in_the_environment_is_one_line():
    done = run("info", CONVCORE_NUM_THREADS="many")
    assert done.returncode == 2
    assert done.stderr == (
        "convcore info: CONVCORE_NUM_THREADS: must be a positive integer; got 'many'\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="pipes report their end differently")
@pytest.mark.parametrize("arguments", ["info", "info --json", "explain 1x1x9 1x1x3"])
def test_reader_that_stops_early_gets_no_complaint(arguments):
    with subprocess.Popen(
        [sys.executable, "-m", "convcore", *arguments.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_explain_as_json_is_what_the_function_returns(capsys):
    argv = "explain 2x6x9x8 4,3,3,2 --stride 2,1 --padding 0:1,1:2 --dilation 1,3 --groups 2"
    assert main([*argv.split(), "--dtype", "float64", "--operation", "grad_input", "--json"]) == 0
    expected = convcore.explain(
        (2, 6, 9, 8),
        (4, 3, 3, 2),
        stride=(2, 1),
        padding=((0, 1), (1, 2)),
        dilation=(1, 3),
        groups=2,
        dtype="float64",
        operation="grad_input",
    )
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(expected.to_dict()))
    assert found["geometry"]["padding"] == [[0, 1], [1, 2]]


def test_explain_all_operations(capsys):
    assert main(["explain", "1x1x9", "1x1x3", "--operation", "all"]) == 0
    expected = convcore.explain((1, 1, 9), (1, 1, 3), operation=None)
    assert capsys.readouterr().out == f"{expected}\n"


@pytest.mark.parametrize(
    ("text", "padding"),
    [("--padding=-1,2", [[-1, -1], [2, 2]]), ("--padding=same_lower", [[1, 1], [1, 0]])],
)
def test_explain_reads_padding(text, padding, capsys):
    assert main(["explain", "1x1x9x8", "1x1x3x2", text, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["geometry"]["padding"] == padding


def test_explain_with_names_in_order(capsys):
    argv = ["explain", "1x1x9", "1x1x3", "--dtype", "int32", "--json", "--backend"]
    assert main([*argv, "fft"]) == 1
    assert json.loads(capsys.readouterr().out)["chosen"] is None
    assert main([*argv, "fft, naive"]) == 0
    assert json.loads(capsys.readouterr().out)["chosen"] == "naive"


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


def test_check_writes_a_report(tmp_path, capsys):
    path = tmp_path / "report.json"
    argv = ["check", "naive", "--checks", "refusal, declaration", "--json", str(path)]
    assert main([*argv, "--random", "2", "--seed", "7"]) == 0
    found = json.loads(path.read_text())
    assert (found["backend"], found["profile"], found["ok"]) == ("naive", "quick", True)
    assert {result["check"] for result in found["results"]} == {"declaration", "refusal"}
    assert found["seed"] == 7
    out, err = capsys.readouterr()
    assert "naive" in out
    assert "Checking naive" in err


def test_check_of_a_backend_that_fails_has_status_1(registered, capsys):
    registered(Refuser)
    assert main(["check", "refuser"]) == 1


def test_check_that_cannot_write_its_report_says_so(tmp_path, registered, capsys):
    registered(Refuser)
    path = tmp_path / "missing" / "report.json"
    assert main(["check", "refuser", "--json", str(path)]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"{str(path)!r}")


def test_interruption_leaves_no_traceback(monkeypatch):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("convcore.cli.info.run", interrupt)
    assert main(["info"]) == 130


@pytest.mark.parametrize("rich", [True, False])
def test_table_aligns_and_prints_markup_as_it_is(rich, monkeypatch, capsys):
    if not rich:
        monkeypatch.setitem(sys.modules, "rich", None)
    rows = [["[bold]fft", "7"], ["naive", "1234"], ["long " * 50, None]]
    tables.table("Times", ["backend", "ms"], rows, "lr")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == "Times"
    assert len(lines) == 3 + len(rows)
    assert len({len(line) for line in lines[3:]}) == 1
    assert lines[3].strip().startswith("[bold]fft")
    assert lines[5].endswith("-")


def test_progress_without_a_terminal_prints_few_lines(capsys):
    assert [item for item in tables.track("Counting", range(1000))] == list(range(1000))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Counting: 0/1000 0"
    assert lines[-1] == "Counting: 1000/1000"
    assert len(lines) < 10


@pytest.mark.parametrize("rich", [True, False])
def test_progress_on_a_terminal(rich, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    if not rich:
        monkeypatch.setitem(sys.modules, "rich.progress", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with tables.progress("Checking [a]") as report:
        report(1, 2, "geometry")
        report(2, 2, "done")
    assert "Checking [a]" in sys.stderr.getvalue()
    assert "2/2" in sys.stderr.getvalue()
