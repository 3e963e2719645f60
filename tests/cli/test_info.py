"""`convcore info`: what is installed, what is in force, and what is broken."""

from __future__ import annotations

import json

import numpy as np
import pytest
from commands import run

import convcore
from convcore.cli import main


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
    assert "In a bug report, send what `convcore info --json`" in out.splitlines()[-2]


@pytest.mark.filterwarnings("default")
def test_info_shows_a_broken_backend(registered, capsys):
    registered("json:NoSuchBackend", name="cracked")
    assert main(["info"]) == 0
    out, err = capsys.readouterr()
    assert "AttributeError: module 'json' has no attribute 'NoSuchBackend'" in out
    assert "Traceback (most recent call last)" in out
    assert "convcore: warning: backend 'cracked'" in err
    assert "record.py" not in err


def test_error_in_the_environment_is_one_line():
    done = run("info", CONVCORE_NUM_THREADS="many")
    assert done.returncode == 2
    assert done.stderr == (
        "convcore info: CONVCORE_NUM_THREADS: must be a positive integer; got 'many'\n"
    )
