"""`python -m convcore`, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run

ROOT = Path(__file__).parents[1]


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
