"""`convcore check`: the report, its file and the status."""

from __future__ import annotations

import json

from convcore.cli import main
from convcore.plugin import Convolution, Declaration


class Refuser(Convolution):
    """A backend that handles no dtype at all, and so refuses everything."""

    name = "refuser"
    declaration = Declaration(dtypes=())

    def _forward(self, input, weight, output):
        raise AssertionError

    _grad_input = _grad_weight = _forward


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
